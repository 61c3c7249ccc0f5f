//! The two hashes that place things in Kafka: [`murmur2`] a record's key, [`java_string_hash`] a group.

pub mod java_string_hash;
pub mod murmur2;

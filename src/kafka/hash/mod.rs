//! The two hashes that place things in Kafka: [`murmur2`] a record's key, [`java_string_hash`] a group; and the order
//! that Java's hash maps have, [`java_hash_map`].

pub mod java_hash_map;
pub mod java_string_hash;
pub mod murmur2;

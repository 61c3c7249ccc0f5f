//! The metadata log: its records, and the image that brokers and controllers get by replaying them.

mod image;
mod record;

pub use image::{BrokerRegistration, MetadataImage, PartitionRegistration, TopicImage};
pub use record::{MetadataBatch, MetadataRecord, PartitionChange};

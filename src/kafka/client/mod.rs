//! Kafka's clients: producer, consumer, and raw requests of a person or an administrator.

pub mod application;
pub mod backoff;
pub mod call;
pub mod connections;
pub mod consumer;
pub mod fetch_session_handler;
pub mod metadata;
pub mod producer;
mod text_or_bytes;
pub mod wire;

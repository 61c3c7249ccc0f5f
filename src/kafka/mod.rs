//! What Kafka is: formats and pure state machines `(state, input, now) -> effects`.

pub mod broker;
pub mod client;
pub mod config;
pub mod controller;
pub mod effects;
pub mod features;
pub mod group;
pub mod hash;
pub mod ids;
pub mod log;
pub mod metadata;
pub mod mutation;
pub mod note;
pub mod placement;
pub mod protocol;
pub mod random;
pub mod record;
pub mod sends;
pub mod setup;
pub mod sorted;
pub mod timer;

//! The world that Kafka lives in: virtual clock, event queue, network, faults, and all that may be asked of it
//! ([`Command`]) or can have happened in it ([`Event`]).
//!
//! One seed, one queue, one integer clock. The same spec, seed and commands give the same states, hash by hash, on
//! every machine. Nobody but this room holds a `&mut World`.

pub mod check;
pub mod cluster;
pub mod command;
pub mod event;
mod faults;
pub mod history;
mod install;
mod machines;
pub mod network;
pub mod plan;
mod process;
mod running;
pub mod state_hash;
mod transport;
mod weather;
pub mod world;

pub use cluster::{BrokerSpec, ClusterSpec};
pub use command::{Command, CommandError};
pub use event::{Event, EventId, EventKind};
pub use network::{Link, LinkQuality, Message, MessageBody, MessageId, Transit, TransitState};
pub use process::{Process, ProcessState, ProcessStatus, TimerEntry};
pub use world::World;

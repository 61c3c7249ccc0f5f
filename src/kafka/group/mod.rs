//! Consumer groups: the coordinator that a broker hosts, and the assignors that members use.
//!
//! One noun a file:
//! - [`coordinator`]: the groups and offsets of the partitions of `__consumer_offsets` that this broker leads, and the
//!   doors in and out;
//! - `join`, `rebalance`, `sync`, `membership`, `commit`: what it does with each request;
//! - [`classic_group`], [`member`]: a group of the classic protocol;
//! - [`offset_store`]: committed offsets and when they expire;
//! - [`records`], [`consumer_protocol`]: the bytes in `__consumer_offsets`, and the members' bytes inside them;
//! - [`timer`]: what the coordinator waits for.
//!
//! Groups of the newer protocol (KIP-848), share groups (KIP-932) and offsets in transactions (KIP-98) have kinds of
//! records of their own: they would stand beside [`classic_group`] and in [`records`].

mod admin;
pub mod assignor;
pub mod classic_group;
mod commit;
pub mod consumer_protocol;
pub mod coordinator;
mod join;
pub mod member;
mod membership;
pub mod offset_store;
mod rebalance;
pub mod records;
mod sync;
pub mod timer;
mod write;

#[cfg(test)]
mod tests;

pub use classic_group::ClassicGroup;
pub use coordinator::{CoordinatorWrite, GroupCoordinator};

/// The internal topic that holds groups and their offsets.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

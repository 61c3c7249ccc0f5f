//! Random schedules: a cluster, its clients and a storm of faults, all drawn from one seed.
//!
//! A schedule has two phases. In the first, the safety phase, records are sent and read while processes die, hang and
//! come back, links are cut and messages are lost, held and delayed. In the second, the liveness phase, everything is
//! mended and nothing new happens: then the cluster must come to rest within a generous time, every replica in sync,
//! every send answered, every record read. All guarantees of [`super::check`] are looked at after each step of both.
//!
//! - [`plan`]: what is drawn before a run: the cluster, the clients, and which faults there are (a "swarm": most runs
//!   leave most faults out, so that rare combinations get their turn);
//! - [`fault`]: what can go wrong, and how a fault strikes a world;
//! - [`mend`]: the same for machines and links, and what puts them right;
//! - [`schedule`]: gives the commands of a plan, step by step, and decides when it is over;
//! - [`administrator`]: makes the topic, and does what only a person can do;
//! - [`rest`]: whether a mended cluster has come to rest, or why not yet;
//! - [`run`]: plays one schedule under the eyes of the guarantees;
//! - [`coverage`]: what happened in it;
//! - [`noticed`]: rules that are broken on purpose, to see that the guarantees notice;
//! - [`campaign`]: plays many, on all cores.
//!
//! A seed gives the same schedule, step by step, for as long as [`PLAN_VERSION`] stays the same.

pub mod administrator;
pub mod campaign;
pub mod coverage;
mod draw;
pub mod fault;
pub mod mend;
pub mod noticed;
#[allow(clippy::module_inception, reason = "a plan is what this module is about")]
pub mod plan;
pub mod rest;
pub mod run;
pub mod schedule;

pub use coverage::{Coverage, Seen};
pub use plan::Plan;
pub use run::{Failure, Outcome, Run};
pub use schedule::{Phase, Schedule};

/// Changes whenever a seed would give another plan or other commands. Links to random schedules name it.
pub const PLAN_VERSION: u32 = 2;

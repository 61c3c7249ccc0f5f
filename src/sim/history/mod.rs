//! Failures that Kafka, or those who used it, are known for, each as a named scenario in two forms: how it goes wrong, and
//! how it goes well with the cure.
//!
//! - [`scenario`]: what a scenario is made of: a cluster, acts at their moments, claims about the end;
//! - [`play`]: plays one, under the eyes of the guarantees;
//! - [`stage`]: the topic, the clients, and short words for commands and moments.
//!
//! Each scenario has a file of its own. Those that concern transactions and the new group protocol (a zombie producer
//! that is fenced, the hanging transaction, the commit without marker, the rebalance storm, and the stop of the world by an
//! eager rebalance) are still to come.

pub mod play;
pub mod scenario;
pub mod stage;

pub mod acks_one;
pub mod fast_failover;
pub mod last_replica;
pub mod min_isr_one;
pub mod truncation_divergence;
pub mod truncation_loss;
pub mod unclean_election;

pub use play::{Play, Stuck};
pub use scenario::{Act, Claim, Form, Scenario, Watch, When};

/// All scenarios.
pub const ALL: &[&Scenario] = &[
    &truncation_loss::SCENARIO,
    &truncation_divergence::SCENARIO,
    &fast_failover::SCENARIO,
    &unclean_election::SCENARIO,
    &acks_one::SCENARIO,
    &min_isr_one::SCENARIO,
    &last_replica::SCENARIO,
];

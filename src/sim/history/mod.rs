//! Failures that Kafka, or those who used it, are known for, each as a named scenario in two forms: how it goes wrong,
//! and how it goes well with the cure.
//!
//! - [`scenario`]: what a scenario is made of: a cluster, acts at their moments, claims about the end;
//! - [`play`]: plays one, under the eyes of the guarantees;
//! - [`setting`]: the cluster, the topic, the clients, and the acts that most begin with; [`commands`] and [`moments`]:
//!   short words for them.
//!
//! Each scenario has a file of its own. Those that concern transactions and the new group protocol (a zombie producer
//! that is fenced, the hanging transaction, the commit without marker, the rebalance storm, and the stop of the world
//! by an eager rebalance) are still to come.

pub mod commands;
pub mod moments;
pub mod play;
pub mod scenario;
pub mod setting;

pub mod acks_one;
pub mod auto_commit_loss;
pub mod duplicate;
pub mod fast_failover;
pub mod future_timestamp;
pub mod hot_partition;
pub mod last_replica;
pub mod min_isr_one;
pub mod partitions_added;
pub mod poison_pill;
pub mod quorum_lost;
pub mod reorder;
pub mod reread;
pub mod retention;
pub mod split_leader;
pub mod truncation_divergence;
pub mod truncation_loss;
pub mod two_of_three;
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
    &duplicate::SCENARIO,
    &reorder::SCENARIO,
    &reread::SCENARIO,
    &auto_commit_loss::SCENARIO,
    &poison_pill::SCENARIO,
    &hot_partition::SCENARIO,
    &partitions_added::SCENARIO,
    &retention::SCENARIO,
    &two_of_three::SCENARIO,
    &split_leader::SCENARIO,
    &quorum_lost::SCENARIO,
    &future_timestamp::SCENARIO,
];

//! Plays scenarios of a Kafka cluster in the simulator: steps in, answers out, both in the shape of the recordings.
//!
//! - [`folder`], [`trace`]: recordings, and what one holds; [`unbuilt`]: what of it the simulator cannot do yet;
//! - [`play`]: one playing, step after step; [`clock`]: waiting in virtual time;
//! - [`names`], [`values`], [`compare`]: how answers are written down and compared;
//! - [`view`], [`admin`], [`messages`]: how the cluster is asked;
//! - the rest: the verbs, a file for each family.

pub mod admin;
pub mod answer;
pub mod awaits;
pub mod batches;
pub mod clock;
pub mod cluster;
pub mod compare;
pub mod compressed;
pub mod configs;
pub mod consumer_offsets;
pub mod consumers;
pub mod features;
pub mod files;
pub mod folder;
pub mod group_admin;
pub mod groups;
pub mod messages;
pub mod metadata_log;
pub mod names;
pub mod offsets;
pub mod play;
pub mod producers;
pub mod random_choices;
pub mod reassignments;
pub mod rebalances;
pub mod topics;
pub mod trace;
pub mod unbuilt;
pub mod values;
pub mod view;
pub mod wire;

//! The log of one partition on one broker: offsets, segments, indexes, leader epochs and the state of producers.
//!
//! - [`log`]: the log itself: high watermark, log start, truncation;
//! - [`append`]: appending, at a leader and at a follower;
//! - [`restart`]: what is left when the broker goes down, and what was flushed before;
//! - [`page_cache`]: what the operating system has written to the disk by itself;
//! - [`retention`]: which segments are too old, or too many;
//! - [`cleaner`]: compaction, which keeps the last record of each key;
//! - [`validator`]: what a leader checks before it takes a batch;
//! - [`segment`]: one file of the log, with its two indexes ([`index`]);
//! - [`read`]: reading from an offset, and looking for an offset by time;
//! - [`leader_epoch_cache`]: which leader's epoch began at which offset;
//! - [`producer_state`]: duplicates and gaps of idempotent producers;
//! - [`config`]: the topic's configuration as far as the log needs it;
//! - [`shared_vec`]: a growing list that is cheap to clone.
//!
//! Source: `UnifiedLog`, `LocalLog`, `LogSegment`, `LogValidator`, `LeaderEpochFileCache`, `ProducerStateManager`.

pub mod append;
pub mod cleaner;
pub mod config;
pub mod error;
pub mod index;
pub mod leader_epoch_cache;
#[allow(clippy::module_inception)]
pub mod log;
pub mod page_cache;
pub mod producer_state;
pub mod read;
pub mod restart;
pub mod retention;
pub mod segment;
pub mod shared_vec;
pub mod validator;

pub use append::{AppendInfo, AppendOrigin};
pub use cleaner::{Cleaning, LogToClean};
pub use config::LogConfig;
pub use error::{LogError, RecordIssue};
pub use leader_epoch_cache::{EpochEntry, LeaderEpochCache, OffsetAndEpoch};
pub use log::Log;
pub use producer_state::{ProducerState, ProducerStateEntry};
pub use read::{LogOffsetMetadata, TimestampAndOffset};
pub use restart::Shutdown;
pub use segment::LogSegment;

#[cfg(test)]
mod tests;

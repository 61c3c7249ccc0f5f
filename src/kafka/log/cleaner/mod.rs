//! Compaction: of each key the last record stays (`LogCleaner`, `Cleaner`, `LogCleanerManager`; KIP-534).
//!
//! - [`log_to_clean`]: which part of a log can be cleaned, and how much of it is dirty;
//! - [`offset_map`]: the last offset of each key in the dirty part;
//! - [`cleaning`]: rewriting segments with what stays;
//! - [`retention`]: what stays of a batch.
//!
//! Offsets and order never change, and the active segment is never touched. Which log is cleaned when is the broker's
//! business (`broker::log_cleaner`).

pub mod cleaning;
pub mod log_to_clean;
mod offset_map;
mod retention;

pub use cleaning::Cleaning;
pub use log_to_clean::LogToClean;

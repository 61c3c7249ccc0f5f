//! The program around a consumer: `while (true) { poll(); process each record; commit }`.

use serde::{Deserialize, Serialize};

/// When the application commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum CommitStyle {
    /// Leaves it to `enable.auto.commit`, or to explicit calls.
    #[default]
    None,
    /// commitSync() after the last record of a poll: at least once.
    AfterProcessing,
    /// commitSync() after each record.
    AfterEachRecord,
    /// commitSync() right after poll(), before any record is processed: at most once.
    BeforeProcessing,
}

/// How an application uses its consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Application {
    /// Whether the loop runs from the start.
    pub poll_loop: bool,
    /// The `timeout` handed to poll().
    pub poll_timeout_ms: u32,
    /// Time that one record takes.
    pub processing_us: u64,
    pub commit: CommitStyle,
}

impl Default for Application {
    fn default() -> Application {
        Application { poll_loop: false, poll_timeout_ms: 100, processing_us: 1_000, commit: CommitStyle::None }
    }
}

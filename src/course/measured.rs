//! What the run measured of the followed record: times of virtual microseconds, each from an event.

use serde::{Deserialize, Serialize};

use crate::kafka::ids::{BrokerId, Offset, SimTime, TopicPartition};

/// When each thing happened to the record; None: not (yet).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct Measured {
    pub partition: Option<TopicPartition>,
    pub offset: Option<Offset>,
    /// `send()` was called.
    pub sent: Option<SimTime>,
    /// The batch left the producer.
    pub departed: Option<SimTime>,
    /// In the leader's log.
    pub appended: Option<SimTime>,
    /// In each follower's log.
    pub replicated: Vec<(BrokerId, SimTime)>,
    /// The leader's high watermark passed it: consumers may see it.
    pub committed_in_log: Option<SimTime>,
    /// The producer's callback.
    pub acknowledged: Option<SimTime>,
    /// The application finished with it.
    pub processed: Option<SimTime>,
    /// The group's offset beyond it was stored.
    pub offset_committed: Option<SimTime>,
}

impl Measured {
    /// From `send()` to that moment, microseconds.
    pub fn since_send_us(&self, moment: Option<SimTime>) -> Option<u64> {
        Some(moment?.since(self.sent?))
    }

    /// Lines for the table: what, and microseconds since `send()`.
    pub fn lines(&self) -> Vec<(String, Option<u64>)> {
        let since = |moment| self.since_send_us(moment);
        let mut lines = vec![
            ("Batch sent".to_string(), since(self.departed)),
            ("Appended by the leader".to_string(), since(self.appended)),
        ];
        for (broker, at) in &self.replicated {
            lines.push((format!("Copied by broker {broker}"), since(Some(*at))));
        }
        lines.extend([
            ("Below the high watermark".to_string(), since(self.committed_in_log)),
            ("Acknowledged to the producer".to_string(), since(self.acknowledged)),
            ("Processed by the consumer".to_string(), since(self.processed)),
            ("Offset committed".to_string(), since(self.offset_committed)),
        ]);
        lines
    }
}

/// Microseconds as a person reads them: `0.41 ms`, `5.2 ms`, `9.3 s`.
pub fn duration_text(us: u64) -> String {
    match us {
        0..=999 => format!("0.{:02} ms", us / 10),
        1_000..=9_999 => format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10),
        10_000..=999_999 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

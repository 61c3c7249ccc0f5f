//! What a group coordinator waits for.

use serde::{Deserialize, Serialize};

/// The timers of a coordinator, by Kafka's own keys (`GroupMetadataManager.classicGroupHeartbeatKey` and so on).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GroupTimer {
    /// `session.timeout.ms` of a member: it has not sent a heartbeat, or has not come back with the id it was given.
    Session { group: String, member_id: String },
    /// The end of the join phase: the initial rebalance delay, or the rebalance timeout.
    Join { group: String },
    /// The rebalance timeout for those that have joined and do not sync.
    Sync { group: String },
    /// `offsets.retention.check.interval.ms`: groups of this partition of `__consumer_offsets` are looked through for
    /// expired offsets.
    OffsetsExpiration { partition: i32 },
    /// `offsets.commit.timeout.ms` of a write to `__consumer_offsets`.
    Write { write: u64 },
}

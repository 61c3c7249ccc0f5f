//! ListOffsets (API key 2) and OffsetForLeaderEpoch (API key 23).

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use super::fetch::{Fetcher, IsolationLevel};
use crate::kafka::ids::{LeaderEpoch, Offset, TopicPartition};

/// What ListOffsets looks for (`timestamp` on the wire).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OffsetSpec {
    /// -1: the high watermark, or the last stable offset for `read_committed`.
    Latest,
    /// -2: the log start offset.
    Earliest,
    /// -3: the record with the largest timestamp.
    MaxTimestamp,
    /// First record whose timestamp is at least this, epoch milliseconds.
    Timestamp(i64),
    /// -4: the first offset on the broker's own disk; without tiered storage the log start offset.
    EarliestLocal,
    /// -5: the last offset in tiered storage, of which there is none.
    LatestTiered,
    /// -6: the first offset that waits to be moved to tiered storage.
    EarliestPendingUpload,
    /// Another negative time, or one that the version of the request does not know yet.
    Unsupported,
}

impl OffsetSpec {
    /// The meaning of a time on the wire in a version of the request (`ReplicaManager.isListOffsetsTimestampUnsupported`).
    pub fn of_timestamp(timestamp: i64, version: i16) -> OffsetSpec {
        let (spec, first_version) = match timestamp {
            0.. => return OffsetSpec::Timestamp(timestamp),
            -1 => (OffsetSpec::Latest, 1),
            -2 => (OffsetSpec::Earliest, 1),
            -3 => (OffsetSpec::MaxTimestamp, 7),
            -4 => (OffsetSpec::EarliestLocal, 8),
            -5 => (OffsetSpec::LatestTiered, 9),
            -6 => (OffsetSpec::EarliestPendingUpload, 11),
            _ => return OffsetSpec::Unsupported,
        };
        if version < first_version { OffsetSpec::Unsupported } else { spec }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffsetsRequest {
    pub fetcher: Fetcher,
    pub isolation: IsolationLevel,
    pub partitions: Vec<ListOffsetsPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffsetsPartition {
    pub topic_partition: TopicPartition,
    pub current_leader_epoch: Option<LeaderEpoch>,
    pub spec: OffsetSpec,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffsetsResponse {
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListOffsetsPartitionResponse {
    pub topic_partition: TopicPartition,
    pub error: ErrorCode,
    /// Epoch milliseconds; -1: none.
    pub timestamp: i64,
    /// -1: none.
    pub offset: Offset,
    pub leader_epoch: Option<LeaderEpoch>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetForLeaderEpochRequest {
    pub fetcher: Fetcher,
    pub partitions: Vec<OffsetForLeaderPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetForLeaderPartition {
    pub topic_partition: TopicPartition,
    pub current_leader_epoch: Option<LeaderEpoch>,
    pub leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetForLeaderEpochResponse {
    pub partitions: Vec<EpochEndOffset>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochEndOffset {
    pub topic_partition: TopicPartition,
    pub error: ErrorCode,
    /// -1: none.
    pub leader_epoch: LeaderEpoch,
    /// -1: none.
    pub end_offset: Offset,
}

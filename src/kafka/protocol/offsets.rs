//! OffsetCommit (API key 8) and OffsetFetch (API key 9).

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::{LeaderEpoch, Offset, TopicPartition};

/// A committed offset: the next record to read after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetAndMetadata {
    pub offset: Offset,
    pub leader_epoch: Option<LeaderEpoch>,
    pub metadata: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetCommitRequest {
    pub group_id: String,
    /// Generation of the classic protocol; -1: not a member.
    pub generation_id_or_member_epoch: i32,
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub offsets: Vec<(TopicPartition, OffsetAndMetadata)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetCommitResponse {
    pub partitions: Vec<(TopicPartition, ErrorCode)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetFetchRequest {
    pub group_id: String,
    /// None: all partitions with a committed offset.
    pub partitions: Option<Vec<TopicPartition>>,
    pub require_stable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetFetchResponse {
    pub error: ErrorCode,
    /// None: nothing committed (offset -1 on the wire).
    pub partitions: Vec<(TopicPartition, Option<OffsetAndMetadata>, ErrorCode)>,
}

//! Produce (API key 0).

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::{BrokerId, LeaderEpoch, Offset, TopicId};
use crate::kafka::record::RecordBatch;

/// `acks`: what must have happened before the leader answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Acks {
    /// `0`: no answer at all.
    None,
    /// `1`: the leader has appended.
    Leader,
    /// `all` (-1): every replica of the ISR has appended.
    #[default]
    All,
    /// Any other number. No producer sends it; a leader answers INVALID_REQUIRED_ACKS.
    Invalid(i16),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceRequest {
    pub acks: Acks,
    /// `request.timeout.ms` of the producer: how long the leader waits for replicas.
    pub timeout_ms: u32,
    pub partitions: Vec<PartitionProduceData>,
}

/// The batches for one partition; a Java producer sends exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionProduceData {
    pub topic_id: TopicId,
    pub partition: i32,
    pub batches: Vec<RecordBatch>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProduceResponse {
    pub partitions: Vec<PartitionProduceResponse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionProduceResponse {
    pub topic_id: TopicId,
    pub partition: i32,
    pub error: ErrorCode,
    /// Offset of the first record; -1 on error (but set on REQUEST_TIMED_OUT, where the record is in the log).
    pub base_offset: Offset,
    /// Epoch milliseconds; -1 unless the topic stamps records itself.
    pub log_append_time_ms: i64,
    pub log_start_offset: Offset,
    /// Which records of the batch were refused, and why.
    pub record_errors: Vec<(i32, String)>,
    pub error_message: Option<String>,
    /// Set with NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH (KIP-951).
    pub current_leader: Option<CurrentLeader>,
}

/// Who leads now, told together with an error (KIP-951).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CurrentLeader {
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
}

//! Fetch (API key 1), by followers and consumers.

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use super::fetch_metadata::FetchMetadata;
use super::produce::CurrentLeader;
use crate::kafka::ids::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, ProducerId, TopicId, TopicIdPartition};
use crate::kafka::record::RecordBatch;

/// Who asks: a follower (reads to the log end, and its offset counts as its log end), a consumer, or a tool that looks at
/// one replica as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fetcher {
    Consumer,
    /// `ReplicaState`: broker id and broker epoch (KIP-903; None: not told, -1 on the wire).
    Follower {
        replica: BrokerId,
        broker_epoch: Option<BrokerEpoch>,
    },
    /// Replica id -2: reads to the log end, and from whatever replica it asks.
    Debugging,
}

/// `isolation.level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum IsolationLevel {
    #[default]
    ReadUncommitted,
    ReadCommitted,
}

/// Its serialized form is that of a request without a session. Links hold raw requests in a form that names no fields,
/// and those made before there were sessions must stay readable; a session's id is drawn anew in every run anyway, so a
/// link could not name one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchRequest {
    pub fetcher: Fetcher,
    pub max_wait_ms: u32,
    pub min_bytes: u32,
    /// Negative sizes are errors only where there is something to read.
    pub max_bytes: i32,
    pub isolation: IsolationLevel,
    /// `client.rack`; empty: none.
    pub rack_id: String,
    /// In a session: only those that are new or have changed.
    pub partitions: Vec<FetchPartition>,
    #[serde(skip)]
    pub session: FetchMetadata,
    /// `forgotten_topics_data`: what leaves the session.
    #[serde(skip)]
    pub forgotten: Vec<TopicIdPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchPartition {
    pub topic_id: TopicId,
    pub partition: i32,
    /// None: no check of the epoch (-1).
    pub current_leader_epoch: Option<LeaderEpoch>,
    pub fetch_offset: Offset,
    /// Epoch of the fetcher's last record (KIP-595); None: no check for divergence (-1).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// The follower's log start; -1 from a consumer.
    pub log_start_offset: Offset,
    pub partition_max_bytes: i32,
}

impl FetchPartition {
    pub fn id(&self) -> TopicIdPartition {
        TopicIdPartition { topic_id: self.topic_id, partition: self.partition }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchResponse {
    /// Of the session; what is wrong with a partition stands there.
    pub error: ErrorCode,
    /// 0: there is no session.
    pub session_id: i32,
    /// In a session: only those that have something to tell.
    pub partitions: Vec<FetchPartitionResponse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchPartitionResponse {
    pub topic_id: TopicId,
    pub partition: i32,
    pub error: ErrorCode,
    /// -1 on error.
    pub high_watermark: Offset,
    /// -1 on error, and to followers.
    pub last_stable_offset: Offset,
    /// -1 on error.
    pub log_start_offset: Offset,
    pub diverging_epoch: Option<DivergingEpoch>,
    pub current_leader: Option<CurrentLeader>,
    pub preferred_read_replica: Option<BrokerId>,
    /// Only for `read_committed`.
    pub aborted_transactions: Vec<AbortedTransaction>,
    pub batches: Vec<RecordBatch>,
}

impl FetchPartitionResponse {
    pub fn id(&self) -> TopicIdPartition {
        TopicIdPartition { topic_id: self.topic_id, partition: self.partition }
    }
}

/// Where the logs of leader and follower part: the end of the largest epoch both may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DivergingEpoch {
    pub epoch: LeaderEpoch,
    pub end_offset: Offset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AbortedTransaction {
    pub producer_id: ProducerId,
    pub first_offset: Offset,
}

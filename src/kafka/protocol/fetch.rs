//! Fetch (API key 1), by followers and consumers.

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use super::produce::CurrentLeader;
use crate::kafka::ids::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, ProducerId, TopicId};
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
    pub partitions: Vec<FetchPartition>,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchResponse {
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

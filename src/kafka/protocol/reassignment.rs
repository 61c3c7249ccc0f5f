//! Moving partitions to other brokers: AlterPartitionReassignments (45) and ListPartitionReassignments (46), KIP-455.

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::{BrokerId, TopicPartition};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionReassignmentsRequest {
    /// Whether a partition may get another number of replicas than it has (KIP-860).
    pub allow_replication_factor_change: bool,
    /// Where each partition shall lie, the preferred leader first; None: what is under way is taken back.
    pub partitions: Vec<(TopicPartition, Option<Vec<BrokerId>>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionReassignmentsResponse {
    /// For the whole request: NOT_CONTROLLER, REQUEST_TIMED_OUT.
    pub error: ErrorCode,
    pub partitions: Vec<(TopicPartition, ErrorCode, Option<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListPartitionReassignmentsRequest {
    /// None: all that are being moved.
    pub partitions: Option<Vec<TopicPartition>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListPartitionReassignmentsResponse {
    pub error: ErrorCode,
    pub partitions: Vec<OngoingPartitionReassignment>,
}

/// A partition that is being moved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OngoingPartitionReassignment {
    pub partition: TopicPartition,
    /// All replicas, those that come and those that go included.
    pub replicas: Vec<BrokerId>,
    pub adding_replicas: Vec<BrokerId>,
    pub removing_replicas: Vec<BrokerId>,
}

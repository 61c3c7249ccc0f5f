//! What administrators ask: CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords,
//! IncrementalAlterConfigs, ElectLeaders. A broker hands those that change metadata on to the active controller.

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::{BrokerId, Offset, TopicId, TopicName, TopicPartition};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    pub timeout_ms: u32,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreatableTopic {
    pub name: TopicName,
    /// -1: `num.partitions`, or as many as are assigned.
    pub num_partitions: i32,
    /// -1: `default.replication.factor`, or as assigned.
    pub replication_factor: i16,
    /// Replicas by partition, for a manual assignment; empty: the controller places them.
    pub assignments: Vec<(i32, Vec<BrokerId>)>,
    pub configs: Vec<(String, Option<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreateTopicsResponse {
    pub topics: Vec<CreatableTopicResult>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreatableTopicResult {
    pub name: TopicName,
    pub topic_id: TopicId,
    pub error: ErrorCode,
    pub error_message: Option<String>,
    /// -1 on error.
    pub num_partitions: i32,
    /// -1 on error.
    pub replication_factor: i16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeleteTopicsRequest {
    pub topics: Vec<TopicName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeleteTopicsResponse {
    pub topics: Vec<(TopicName, ErrorCode)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreatePartitionsRequest {
    pub topics: Vec<CreatePartitionsTopic>,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreatePartitionsTopic {
    pub name: TopicName,
    /// The new number of partitions in all.
    pub count: i32,
    /// Replicas of each added partition; None: the controller places them.
    pub assignments: Option<Vec<Vec<BrokerId>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CreatePartitionsResponse {
    pub topics: Vec<(TopicName, ErrorCode, Option<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeleteRecordsRequest {
    /// Offset: the new log start; -1: the high watermark.
    pub partitions: Vec<(TopicPartition, Offset)>,
    pub timeout_ms: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeleteRecordsResponse {
    /// Low watermark (-1 on error) and error.
    pub partitions: Vec<(TopicPartition, Offset, ErrorCode)>,
}

/// What a configuration belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConfigResource {
    Topic(TopicName),
    /// None: the default of all brokers of the cluster.
    Broker(Option<BrokerId>),
    Group(String),
}

/// One change of a configuration (AlterConfigOp).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConfigOperation {
    Set(String),
    Delete,
    Append(String),
    Subtract(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IncrementalAlterConfigsRequest {
    pub resources: Vec<(ConfigResource, Vec<(String, ConfigOperation)>)>,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IncrementalAlterConfigsResponse {
    pub resources: Vec<(ConfigResource, ErrorCode, Option<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ElectionType {
    Preferred,
    Unclean,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ElectLeadersRequest {
    pub election_type: ElectionType,
    /// None: all partitions.
    pub partitions: Option<Vec<TopicPartition>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ElectLeadersResponse {
    pub error: ErrorCode,
    pub partitions: Vec<(TopicPartition, ErrorCode)>,
}

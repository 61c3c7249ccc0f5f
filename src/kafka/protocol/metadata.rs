//! Metadata (API key 3): what clients learn of brokers, topics and leaders.

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::{BrokerId, LeaderEpoch, TopicId, TopicName};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataRequest {
    pub topics: TopicsAsked,
    pub allow_auto_topic_creation: bool,
}

/// Which topics a Metadata request is about. If one of a request's topics has an id, only ids count.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TopicsAsked {
    All,
    Named(Vec<TopicName>),
    WithIds(Vec<TopicId>),
}

impl TopicsAsked {
    /// The topics that are asked for by name.
    pub fn names(&self) -> &[TopicName] {
        match self {
            TopicsAsked::Named(names) => names,
            TopicsAsked::All | TopicsAsked::WithIds(_) => &[],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataResponse {
    /// Brokers that are not fenced, by id.
    pub brokers: Vec<MetadataBroker>,
    /// Random among the brokers in KRaft, which is why nothing rests on it.
    pub controller: Option<BrokerId>,
    pub topics: Vec<MetadataTopic>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataBroker {
    pub id: BrokerId,
    pub rack: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataTopic {
    pub error: ErrorCode,
    /// Empty (null on the wire) for an id that no topic has.
    pub name: TopicName,
    pub topic_id: TopicId,
    pub is_internal: bool,
    pub partitions: Vec<MetadataPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataPartition {
    /// LEADER_NOT_AVAILABLE when there is none.
    pub error: ErrorCode,
    pub partition: i32,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
    pub offline_replicas: Vec<BrokerId>,
}

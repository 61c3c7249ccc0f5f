//! What tools ask a group's coordinator: ListGroups (API key 16), DeleteGroups (42), OffsetDelete (47).

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::TopicPartition;

/// All groups of one coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListGroupsRequest {}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListGroupsResponse {
    pub error: ErrorCode,
    pub groups: Vec<ListedGroup>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListedGroup {
    pub group_id: String,
    /// Empty: only offsets are kept for it.
    pub protocol_type: String,
    pub group_state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeleteGroupsRequest {
    pub groups: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeleteGroupsResponse {
    pub groups: Vec<(String, ErrorCode)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetDeleteRequest {
    pub group_id: String,
    pub partitions: Vec<TopicPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OffsetDeleteResponse {
    /// Of the group; then no partition is named.
    pub error: ErrorCode,
    pub partitions: Vec<(TopicPartition, ErrorCode)>,
}

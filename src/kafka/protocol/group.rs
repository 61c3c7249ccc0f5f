//! The classic group protocol: FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup, DescribeGroups.

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::{BrokerId, TopicName, TopicPartition};

/// For which kind of key a coordinator is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CoordinatorType {
    Group,
    Transaction,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FindCoordinatorRequest {
    pub key: String,
    pub key_type: CoordinatorType,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FindCoordinatorResponse {
    pub key: String,
    pub error: ErrorCode,
    pub coordinator: Option<BrokerId>,
}

/// What a member tells the group's leader about itself (ConsumerProtocolSubscription).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct Subscription {
    pub topics: Vec<TopicName>,
    /// For sticky assignors.
    pub owned_partitions: Vec<TopicPartition>,
    /// -1: none.
    pub generation: i32,
    pub rack: Option<String>,
}

/// What the leader of the group tells a member (ConsumerProtocolAssignment).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct Assignment {
    pub partitions: Vec<TopicPartition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JoinGroupRequest {
    pub group_id: String,
    pub session_timeout_ms: u32,
    /// `max.poll.interval.ms` of the member.
    pub rebalance_timeout_ms: u32,
    /// Empty: not known yet (KIP-394).
    pub member_id: String,
    pub group_instance_id: Option<String>,
    /// `consumer`; an empty type or no protocols: INCONSISTENT_GROUP_PROTOCOL.
    pub protocol_type: String,
    /// Assignors in order of preference, by name, each with the member's metadata for it.
    pub protocols: Vec<(String, Subscription)>,
    /// From JoinGroup 4 on a dynamic member is sent back once to learn its id.
    pub requires_known_member_id: bool,
    /// The client's id: the coordinator makes the member id from it.
    pub client_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JoinGroupResponse {
    pub error: ErrorCode,
    /// -1 on error.
    pub generation_id: i32,
    pub protocol_type: Option<String>,
    /// The assignor chosen.
    pub protocol_name: Option<String>,
    pub leader: String,
    pub member_id: String,
    pub skip_assignment: bool,
    /// Only to the leader: all members.
    pub members: Vec<JoinGroupMember>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JoinGroupMember {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub subscription: Subscription,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SyncGroupRequest {
    pub group_id: String,
    pub generation_id: i32,
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub protocol_type: Option<String>,
    pub protocol_name: Option<String>,
    /// Only from the leader: member id to assignment.
    pub assignments: Vec<(String, Assignment)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SyncGroupResponse {
    pub error: ErrorCode,
    pub protocol_type: Option<String>,
    pub protocol_name: Option<String>,
    pub assignment: Assignment,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeartbeatRequest {
    pub group_id: String,
    pub generation_id: i32,
    pub member_id: String,
    pub group_instance_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeartbeatResponse {
    pub error: ErrorCode,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaveGroupRequest {
    pub group_id: String,
    pub members: Vec<LeavingMember>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeavingMember {
    pub member_id: String,
    pub group_instance_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaveGroupResponse {
    pub error: ErrorCode,
    pub members: Vec<(LeavingMember, ErrorCode)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DescribeGroupsRequest {
    pub groups: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DescribeGroupsResponse {
    pub groups: Vec<DescribedGroup>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DescribedGroup {
    pub error: ErrorCode,
    pub group_id: String,
    /// `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Dead`.
    pub group_state: String,
    pub protocol_type: String,
    /// The assignor; empty unless Stable or CompletingRebalance.
    pub protocol_data: String,
    pub members: Vec<DescribedGroupMember>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DescribedGroupMember {
    pub member_id: String,
    pub group_instance_id: Option<String>,
    pub client_id: String,
    pub subscription: Subscription,
    pub assignment: Assignment,
}

//! Kafka's requests and responses as types: what nodes say to each other.
//!
//! One file an API family. Fields have the names of Kafka's message definitions; fields that no rule of the
//! simulator reads are left out. A request names topics as the newest version of its API does (by id from
//! Produce 13, Fetch 13 and AlterPartition on; else by name).

pub mod admin;
pub mod api_key;
pub mod api_versions;
mod batches;
pub mod broker_lifecycle;
pub mod error_code;
pub mod features;
pub mod fetch;
pub mod fetch_metadata;
pub mod group;
pub mod group_admin;
pub mod list_offsets;
pub mod metadata;
pub mod offsets;
pub mod produce;
pub mod producer_id;
pub mod quorum;
pub mod reassignment;

use serde::{Deserialize, Serialize};

pub use api_key::ApiKey;
pub use error_code::ErrorCode;

macro_rules! requests {
    ($($variant:ident($request:path, $response:path) = $api:ident),* $(,)?) => {
        /// What one node asks of another.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Request {
            $($variant($request)),*
        }

        /// The answer to the [`Request`] of the same name.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Response {
            $($variant($response)),*
        }

        impl Request {
            pub const fn api_key(&self) -> ApiKey {
                match self { $(Request::$variant(_) => ApiKey::$api),* }
            }
        }

        impl Response {
            pub const fn api_key(&self) -> ApiKey {
                match self { $(Response::$variant(_) => ApiKey::$api),* }
            }
        }

        $(
            impl From<$request> for Request {
                fn from(body: $request) -> Request {
                    Request::$variant(body)
                }
            }

            impl From<$response> for Response {
                fn from(body: $response) -> Response {
                    Response::$variant(body)
                }
            }
        )*
    };
}

requests! {
    Produce(produce::ProduceRequest, produce::ProduceResponse) = Produce,
    Fetch(fetch::FetchRequest, fetch::FetchResponse) = Fetch,
    ListOffsets(list_offsets::ListOffsetsRequest, list_offsets::ListOffsetsResponse) = ListOffsets,
    OffsetForLeaderEpoch(
        list_offsets::OffsetForLeaderEpochRequest,
        list_offsets::OffsetForLeaderEpochResponse
    ) = OffsetForLeaderEpoch,
    Metadata(metadata::MetadataRequest, metadata::MetadataResponse) = Metadata,
    FindCoordinator(group::FindCoordinatorRequest, group::FindCoordinatorResponse) = FindCoordinator,
    JoinGroup(group::JoinGroupRequest, group::JoinGroupResponse) = JoinGroup,
    SyncGroup(group::SyncGroupRequest, group::SyncGroupResponse) = SyncGroup,
    Heartbeat(group::HeartbeatRequest, group::HeartbeatResponse) = Heartbeat,
    LeaveGroup(group::LeaveGroupRequest, group::LeaveGroupResponse) = LeaveGroup,
    DescribeGroups(group::DescribeGroupsRequest, group::DescribeGroupsResponse) = DescribeGroups,
    OffsetCommit(offsets::OffsetCommitRequest, offsets::OffsetCommitResponse) = OffsetCommit,
    OffsetFetch(offsets::OffsetFetchRequest, offsets::OffsetFetchResponse) = OffsetFetch,
    InitProducerId(producer_id::InitProducerIdRequest, producer_id::InitProducerIdResponse) = InitProducerId,
    AllocateProducerIds(
        producer_id::AllocateProducerIdsRequest,
        producer_id::AllocateProducerIdsResponse
    ) = AllocateProducerIds,
    CreateTopics(admin::CreateTopicsRequest, admin::CreateTopicsResponse) = CreateTopics,
    DeleteTopics(admin::DeleteTopicsRequest, admin::DeleteTopicsResponse) = DeleteTopics,
    CreatePartitions(admin::CreatePartitionsRequest, admin::CreatePartitionsResponse) = CreatePartitions,
    DeleteRecords(admin::DeleteRecordsRequest, admin::DeleteRecordsResponse) = DeleteRecords,
    IncrementalAlterConfigs(
        admin::IncrementalAlterConfigsRequest,
        admin::IncrementalAlterConfigsResponse
    ) = IncrementalAlterConfigs,
    ElectLeaders(admin::ElectLeadersRequest, admin::ElectLeadersResponse) = ElectLeaders,
    AlterPartitionReassignments(
        reassignment::AlterPartitionReassignmentsRequest,
        reassignment::AlterPartitionReassignmentsResponse
    ) = AlterPartitionReassignments,
    ListPartitionReassignments(
        reassignment::ListPartitionReassignmentsRequest,
        reassignment::ListPartitionReassignmentsResponse
    ) = ListPartitionReassignments,
    AlterPartition(broker_lifecycle::AlterPartitionRequest, broker_lifecycle::AlterPartitionResponse) = AlterPartition,
    BrokerRegistration(
        broker_lifecycle::BrokerRegistrationRequest,
        broker_lifecycle::BrokerRegistrationResponse
    ) = BrokerRegistration,
    BrokerHeartbeat(
        broker_lifecycle::BrokerHeartbeatRequest,
        broker_lifecycle::BrokerHeartbeatResponse
    ) = BrokerHeartbeat,
    UnregisterBroker(
        broker_lifecycle::UnregisterBrokerRequest,
        broker_lifecycle::UnregisterBrokerResponse
    ) = UnregisterBroker,
    UpdateFeatures(features::UpdateFeaturesRequest, features::UpdateFeaturesResponse) = UpdateFeatures,
    Vote(quorum::VoteRequest, quorum::VoteResponse) = Vote,
    BeginQuorumEpoch(quorum::BeginQuorumEpochRequest, quorum::BeginQuorumEpochResponse) = BeginQuorumEpoch,
    EndQuorumEpoch(quorum::EndQuorumEpochRequest, quorum::EndQuorumEpochResponse) = EndQuorumEpoch,
    FetchMetadataLog(quorum::FetchMetadataLogRequest, quorum::FetchMetadataLogResponse) = Fetch,
    ApiVersions(api_versions::ApiVersionsRequest, api_versions::ApiVersionsResponse) = ApiVersions,
    ListGroups(group_admin::ListGroupsRequest, group_admin::ListGroupsResponse) = ListGroups,
    DeleteGroups(group_admin::DeleteGroupsRequest, group_admin::DeleteGroupsResponse) = DeleteGroups,
    OffsetDelete(group_admin::OffsetDeleteRequest, group_admin::OffsetDeleteResponse) = OffsetDelete,
}

//! What a controller answers that is not the active one: NOT_CONTROLLER, wherever the message has a place for it.

use super::topic_control::failed;
use crate::kafka::ids::{BrokerEpoch, ProducerId};
use crate::kafka::protocol::admin::{
    CreatePartitionsResponse, CreateTopicsResponse, DeleteTopicsResponse, ElectLeadersResponse,
    IncrementalAlterConfigsResponse,
};
use crate::kafka::protocol::broker_lifecycle::{
    AlterPartitionResponse, BrokerHeartbeatResponse, BrokerRegistrationResponse, UnregisterBrokerResponse,
};
use crate::kafka::protocol::features::UpdateFeaturesResponse;
use crate::kafka::protocol::producer_id::AllocateProducerIdsResponse;
use crate::kafka::protocol::reassignment::{AlterPartitionReassignmentsResponse, ListPartitionReassignmentsResponse};
use crate::kafka::protocol::{ErrorCode, Request, Response};

/// The refusal; None: no controller answers such a request.
pub fn not_controller(request: &Request) -> Option<Response> {
    let error = ErrorCode::NotController;
    Some(match request {
        Request::BrokerRegistration(_) => BrokerRegistrationResponse { error, broker_epoch: BrokerEpoch(-1) }.into(),
        Request::BrokerHeartbeat(_) => {
            BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false }.into()
        }
        Request::AlterPartition(_) => AlterPartitionResponse { error, partitions: Vec::new() }.into(),
        Request::AllocateProducerIds(_) => {
            AllocateProducerIdsResponse { error, producer_id_start: ProducerId(-1), producer_id_len: 0 }.into()
        }
        Request::CreateTopics(request) => {
            let topics = request.topics.iter().map(|topic| failed(topic.name.clone(), error, None)).collect();
            CreateTopicsResponse { topics }.into()
        }
        Request::DeleteTopics(request) => {
            DeleteTopicsResponse { topics: request.topics.iter().map(|name| (name.clone(), error)).collect() }.into()
        }
        Request::CreatePartitions(request) => {
            let topics = request.topics.iter().map(|topic| (topic.name.clone(), error, None)).collect();
            CreatePartitionsResponse { topics }.into()
        }
        Request::IncrementalAlterConfigs(request) => {
            let resources = request.resources.iter().map(|(resource, _)| (resource.clone(), error, None)).collect();
            IncrementalAlterConfigsResponse { resources }.into()
        }
        Request::ElectLeaders(_) => ElectLeadersResponse { error, partitions: Vec::new() }.into(),
        Request::AlterPartitionReassignments(_) => {
            AlterPartitionReassignmentsResponse { error, partitions: Vec::new() }.into()
        }
        Request::ListPartitionReassignments(_) => {
            ListPartitionReassignmentsResponse { error, partitions: Vec::new() }.into()
        }
        Request::UnregisterBroker(_) => UnregisterBrokerResponse { error, error_message: None }.into(),
        Request::UpdateFeatures(_) => UpdateFeaturesResponse { error, error_message: None }.into(),
        _ => return None,
    })
}

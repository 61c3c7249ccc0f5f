//! Requests that only the active controller can carry out: the broker sends them on and relays the answer
//! (`ForwardingManager`, KIP-590), and topics that are made because somebody asks for them
//! (`DefaultAutoTopicCreationManager`).

use super::BrokerTimer;
use super::context::Context;
use crate::kafka::effects::{Channel, RequestId};
use crate::kafka::group::OFFSETS_TOPIC;
use crate::kafka::ids::{ControllerId, NodeId, SimTime, TopicId, TopicName};
use crate::kafka::protocol::admin::{
    CreatableTopic, CreatableTopicResult, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsResponse, ElectLeadersResponse, IncrementalAlterConfigsResponse,
};
use crate::kafka::protocol::broker_lifecycle::UnregisterBrokerResponse;
use crate::kafka::protocol::features::UpdateFeaturesResponse;
use crate::kafka::protocol::reassignment::{AlterPartitionReassignmentsResponse, ListPartitionReassignmentsResponse};
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::sorted::{SortedMap, SortedSet};

/// `BrokerServer`: how long the forwarding channel tries.
const RETRY_TIMEOUT_MS: u64 = 60_000;
/// Pause before the next attempt.
const RETRY_BACKOFF_MS: u64 = 50;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Forwarding {
    requests: SortedMap<u32, ForwardedRequest>,
    next: u32,
    /// Topics that are being made for somebody who asked.
    creating: SortedSet<TopicName>,
}

/// A request on its way to the controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForwardedRequest {
    /// Who asked; None: this broker itself, for a topic that is missing.
    pub origin: Option<RequestId>,
    pub request: Request,
    pub in_flight: Option<(ControllerId, u32)>,
    pub give_up_at: SimTime,
}

impl Forwarding {
    pub fn requests(&self) -> impl Iterator<Item = &ForwardedRequest> {
        self.requests.values()
    }

    /// The process is gone. Numbers go on.
    pub(super) fn forget(&mut self) {
        self.requests.clear();
        self.creating.clear();
    }

    pub(super) fn forward(&mut self, origin: Option<RequestId>, request: Request, cx: &mut Context<'_>) {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let give_up_at = cx.now.plus_ms(RETRY_TIMEOUT_MS);
        self.requests.insert(number, ForwardedRequest { origin, request, in_flight: None, give_up_at });
        cx.out.set_timer(BrokerTimer::ForwardingTimeout(number), give_up_at);
        self.send(number, cx);
    }

    /// Has a topic made with the defaults of brokers; the offsets topic with its own.
    pub(super) fn create_topic(&mut self, name: &TopicName, cx: &mut Context<'_>) {
        if !self.creating.insert(name.clone()) {
            return;
        }
        let config = &cx.setup.config;
        let topic = if &**name == OFFSETS_TOPIC {
            let own = |key: &str, value: &str| (key.to_string(), Some(value.to_string()));
            CreatableTopic {
                name: name.clone(),
                num_partitions: config.offsets_topic_num_partitions,
                replication_factor: config.offsets_topic_replication_factor,
                assignments: Vec::new(),
                configs: vec![
                    own("cleanup.policy", "compact"),
                    own("compression.type", "producer"),
                    own("segment.bytes", "104857600"),
                ],
            }
        } else {
            CreatableTopic {
                name: name.clone(),
                num_partitions: config.num_partitions,
                replication_factor: config.default_replication_factor,
                assignments: Vec::new(),
                configs: Vec::new(),
            }
        };
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: config.request_timeout_ms, validate_only: false };
        self.forward(None, request.into(), cx);
    }

    fn send(&mut self, number: u32, cx: &mut Context<'_>) {
        let Some(forwarded) = self.requests.get_mut(&number).filter(|forwarded| forwarded.in_flight.is_none()) else {
            return;
        };
        let Some(controller) = cx.controller else {
            cx.out.set_timer(BrokerTimer::Forwarding(number), cx.now.plus_ms(RETRY_BACKOFF_MS));
            return;
        };
        let correlation = cx.next_correlation();
        let to = NodeId::Controller(controller);
        cx.out.send_after(cx.cost_us, to, Channel::Forwarding, correlation, forwarded.request.clone());
        forwarded.in_flight = Some((controller, correlation));
    }

    /// Time for another attempt.
    pub(super) fn retry(&mut self, number: u32, cx: &mut Context<'_>) {
        self.send(number, cx);
    }

    pub(super) fn timed_out(&mut self, number: u32, cx: &mut Context<'_>) {
        let Some(forwarded) = self.requests.get(&number) else { return };
        if let Some((controller, _)) = forwarded.in_flight {
            cx.out.disconnect(NodeId::Controller(controller), Channel::Forwarding);
            self.disconnected(controller, cx);
        }
        let Some(forwarded) = self.requests.get(&number) else { return };
        let response = error_response(&forwarded.request, ErrorCode::RequestTimedOut);
        self.finish(number, response, cx);
    }

    pub(super) fn disconnected(&mut self, controller: ControllerId, cx: &mut Context<'_>) {
        for (number, forwarded) in &mut self.requests {
            if forwarded.in_flight.take_if(|(to, _)| *to == controller).is_some() {
                cx.out.set_timer(BrokerTimer::Forwarding(*number), cx.now.plus_ms(RETRY_BACKOFF_MS));
            }
        }
    }

    pub(super) fn answered(&mut self, correlation: u32, response: Response, cx: &mut Context<'_>) {
        let awaited = |forwarded: &ForwardedRequest| forwarded.in_flight.is_some_and(|(_, sent)| sent == correlation);
        let Some(number) = self.requests.iter().find(|(_, forwarded)| awaited(forwarded)).map(|(number, _)| *number)
        else {
            return;
        };
        if has_error(&response, ErrorCode::NotController) {
            if let Some(forwarded) = self.requests.get_mut(&number) {
                forwarded.in_flight = None;
            }
            cx.out.set_timer(BrokerTimer::Forwarding(number), cx.now.plus_ms(RETRY_BACKOFF_MS));
            return;
        }
        self.finish(number, Some(response), cx);
    }

    fn finish(&mut self, number: u32, response: Option<Response>, cx: &mut Context<'_>) {
        let Some(forwarded) = self.requests.remove(&number) else { return };
        cx.out.cancel_timer(BrokerTimer::Forwarding(number));
        cx.out.cancel_timer(BrokerTimer::ForwardingTimeout(number));
        match (forwarded.origin, response) {
            (Some(origin), Some(response)) => cx.out.respond(origin, response),
            (Some(origin), None) => cx.out.refuse_connection(origin),
            (None, _) => {
                if let Request::CreateTopics(request) = &forwarded.request {
                    for topic in &request.topics {
                        self.creating.remove(&topic.name);
                    }
                }
            }
        }
    }
}

/// Whether a broker sends this kind of request on.
pub(super) fn is_forwarded(request: &Request) -> bool {
    matches!(
        request,
        Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::IncrementalAlterConfigs(_)
            | Request::ElectLeaders(_)
            | Request::AlterPartitionReassignments(_)
            | Request::ListPartitionReassignments(_)
            | Request::UnregisterBroker(_)
            | Request::UpdateFeatures(_)
    )
}

fn has_error(response: &Response, error: ErrorCode) -> bool {
    match response {
        Response::CreateTopics(response) => response.topics.iter().any(|topic| topic.error == error),
        Response::DeleteTopics(response) => response.topics.iter().any(|(_, of_topic)| *of_topic == error),
        Response::CreatePartitions(response) => response.topics.iter().any(|(_, of_topic, _)| *of_topic == error),
        Response::IncrementalAlterConfigs(response) => {
            response.resources.iter().any(|(_, of_resource, _)| *of_resource == error)
        }
        Response::ElectLeaders(response) => {
            response.error == error || response.partitions.iter().any(|(_, of_partition)| *of_partition == error)
        }
        Response::AlterPartitionReassignments(response) => response.error == error,
        Response::ListPartitionReassignments(response) => response.error == error,
        Response::UnregisterBroker(response) => response.error == error,
        Response::UpdateFeatures(response) => response.error == error,
        _ => false,
    }
}

/// The answer that says the same of everything that was asked; None for requests that are not forwarded.
fn error_response(request: &Request, error: ErrorCode) -> Option<Response> {
    Some(match request {
        Request::CreateTopics(request) => {
            let failed = |topic: &CreatableTopic| CreatableTopicResult {
                name: topic.name.clone(),
                topic_id: TopicId(0),
                error,
                error_message: None,
                num_partitions: -1,
                replication_factor: -1,
            };
            CreateTopicsResponse { topics: request.topics.iter().map(failed).collect() }.into()
        }
        Request::DeleteTopics(request) => {
            DeleteTopicsResponse { topics: request.topics.iter().map(|topic| (topic.clone(), error)).collect() }.into()
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

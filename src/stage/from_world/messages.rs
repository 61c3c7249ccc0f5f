//! Messages on their way, and what they say in a few words.

use super::image;
use super::keys::Keys;
use crate::kafka::ids::TopicId;
use crate::kafka::protocol::fetch::{FetchRequest, FetchResponse};
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::sim::{MessageBody, TransitState, World};
use crate::stage::fetch_session;
use crate::stage::frame::{MessageFrame, Transit};
use crate::stage::words;

/// Marks of a message in a frame.
const MARKS: usize = 4;

/// Whether a topic, by its id, is Kafka's own: what a fetch says of those is left out.
type IsInternal<'a> = &'a dyn Fn(TopicId) -> bool;

pub fn messages(world: &World, keys: &Keys) -> Vec<MessageFrame> {
    let image = image(world);
    let is_internal =
        |id: TopicId| image.and_then(|image| image.topic_names.get(&id)).is_some_and(|name| super::is_internal(name));
    world
        .transits()
        .values()
        .map(|transit| {
            let message = &transit.message;
            let (marks, records) = keys.marks_of(message.batches(), MARKS);
            let error = error(&message.body);
            MessageFrame {
                id: message.id.0,
                from: message.from,
                to: message.to,
                api: message.api_key(),
                is_request: message.is_request(),
                words: match fetch_session::speaks_for_all(world, message, &is_internal) {
                    Some(words) => words.into(),
                    None => words(&message.body, &is_internal),
                },
                is_error: error.is_some(),
                records,
                marks,
                size_bytes: message.size_bytes(),
                sent_us: message.sent_at.0,
                due_us: transit.due_at.0,
                retransmissions: transit.retransmissions,
                transit: match transit.state {
                    TransitState::Travelling => Transit::Travelling,
                    TransitState::Held => Transit::Held,
                    TransitState::Stalled => Transit::Stalled,
                    TransitState::AtReceiver => Transit::Waiting,
                },
            }
        })
        .collect()
}

/// What a message says beside its API's name: `@43`, `ok, offset 42`, `NOT_LEADER_OR_FOLLOWER`.
fn words(body: &MessageBody, is_internal: IsInternal) -> String {
    match body {
        MessageBody::Request(request) => asked(request, is_internal),
        MessageBody::Response(response) => match error(body) {
            Some(error) => error.name().into(),
            None => answered(response, is_internal),
        },
    }
}

fn asked(request: &Request, is_internal: IsInternal) -> String {
    match request {
        Request::Produce(produce) => format!("acks={}", words::acks(produce.acks)),
        Request::Fetch(FetchRequest { partitions, .. }) => {
            let told: Vec<_> = partitions.iter().filter(|one| !is_internal(one.topic_id)).collect();
            match told.as_slice() {
                [] => String::new(),
                [only] => format!("@{}", only.fetch_offset),
                several => format!("{} parts", several.len()),
            }
        }
        Request::FetchMetadataLog(fetch) => format!("@{}", fetch.fetch_offset),
        Request::OffsetCommit(commit) => match commit.offsets.as_slice() {
            [(_, only)] => only.offset.to_string(),
            several => words::count(several.len() as u64, "partition", "partitions"),
        },
        Request::Vote(vote) => if vote.pre_vote { "pre-vote" } else { "vote" }.into(),
        Request::AlterPartition(alter) => match alter.partitions.as_slice() {
            [only] => {
                let isr: Vec<String> = only.new_isr.iter().map(|(broker, _)| broker.to_string()).collect();
                format!("ISR {}", isr.join(" "))
            }
            several => words::count(several.len() as u64, "partition", "partitions"),
        },
        _ => String::new(),
    }
}

fn answered(response: &Response, is_internal: IsInternal) -> String {
    match response {
        Response::Produce(produce) => match produce.partitions.as_slice() {
            [only] if only.base_offset >= 0 => format!("ok {}", only.base_offset),
            _ => "ok".into(),
        },
        Response::Fetch(FetchResponse { partitions, .. }) => {
            let told: Vec<_> = partitions.iter().filter(|one| !is_internal(one.topic_id)).collect();
            match told.as_slice() {
                [only] if only.diverging_epoch.is_some() => "logs part".into(),
                [only] if only.batches.is_empty() => format!("HW {}", only.high_watermark),
                _ => String::new(),
            }
        }
        Response::FetchMetadataLog(fetch) => {
            let records: usize = fetch.batches.iter().map(|batch| batch.records.len()).sum();
            if records > 0 { words::count(records as u64, "change", "changes") } else { String::new() }
        }
        Response::FindCoordinator(found) => found.coordinator.map(|id| format!("broker {id}")).unwrap_or_default(),
        Response::JoinGroup(joined) => format!("gen. {}", joined.generation_id),
        Response::Vote(vote) => if vote.vote_granted { "yes" } else { "no" }.into(),
        Response::BrokerHeartbeat(_) | Response::Heartbeat(_) | Response::OffsetCommit(_) => "ok".into(),
        _ => String::new(),
    }
}

/// The first error that an answer brings.
fn error(body: &MessageBody) -> Option<ErrorCode> {
    let MessageBody::Response(response) = body else { return None };
    match response {
        Response::Produce(body) => first(&mut body.partitions.iter().map(|one| one.error)),
        Response::Fetch(body) => {
            first(&mut [body.error].into_iter().chain(body.partitions.iter().map(|one| one.error)))
        }
        Response::ListOffsets(body) => first(&mut body.partitions.iter().map(|one| one.error)),
        Response::OffsetForLeaderEpoch(body) => first(&mut body.partitions.iter().map(|one| one.error)),
        Response::Metadata(body) => first(&mut body.topics.iter().map(|one| one.error)),
        Response::FindCoordinator(body) => first(&mut [body.error].into_iter()),
        Response::JoinGroup(body) => first(&mut [body.error].into_iter()),
        Response::SyncGroup(body) => first(&mut [body.error].into_iter()),
        Response::Heartbeat(body) => first(&mut [body.error].into_iter()),
        Response::LeaveGroup(body) => first(&mut [body.error].into_iter()),
        Response::OffsetCommit(body) => first(&mut body.partitions.iter().map(|(_, error)| *error)),
        Response::OffsetFetch(body) => {
            first(&mut [body.error].into_iter().chain(body.partitions.iter().map(|(_, _, error)| *error)))
        }
        Response::InitProducerId(body) => first(&mut [body.error].into_iter()),
        Response::AllocateProducerIds(body) => first(&mut [body.error].into_iter()),
        Response::CreateTopics(body) => first(&mut body.topics.iter().map(|one| one.error)),
        Response::DeleteTopics(body) => first(&mut body.topics.iter().map(|(_, error)| *error)),
        Response::CreatePartitions(body) => first(&mut body.topics.iter().map(|(_, error, _)| *error)),
        Response::DeleteRecords(body) => first(&mut body.partitions.iter().map(|(_, _, error)| *error)),
        Response::IncrementalAlterConfigs(body) => first(&mut body.resources.iter().map(|(_, error, _)| *error)),
        Response::ElectLeaders(body) => first(&mut [body.error].into_iter()),
        Response::AlterPartitionReassignments(body) => {
            first(&mut [body.error].into_iter().chain(body.partitions.iter().map(|(_, error, _)| *error)))
        }
        Response::ListPartitionReassignments(body) => first(&mut [body.error].into_iter()),
        Response::AlterPartition(body) => {
            first(&mut [body.error].into_iter().chain(body.partitions.iter().map(|one| one.error)))
        }
        Response::BrokerRegistration(body) => first(&mut [body.error].into_iter()),
        Response::BrokerHeartbeat(body) => first(&mut [body.error].into_iter()),
        Response::UpdateFeatures(body) => first(&mut [body.error].into_iter()),
        Response::UnregisterBroker(body) => first(&mut [body.error].into_iter()),
        Response::Vote(body) => first(&mut [body.error].into_iter()),
        Response::BeginQuorumEpoch(body) => first(&mut [body.error].into_iter()),
        Response::EndQuorumEpoch(body) => first(&mut [body.error].into_iter()),
        Response::FetchMetadataLog(body) => first(&mut [body.error].into_iter()),
        Response::DescribeGroups(body) => first(&mut body.groups.iter().map(|one| one.error)),
        Response::ListGroups(body) => first(&mut [body.error].into_iter()),
        Response::DeleteGroups(body) => first(&mut body.groups.iter().map(|(_, error)| *error)),
        Response::OffsetDelete(body) => {
            first(&mut [body.error].into_iter().chain(body.partitions.iter().map(|(_, error)| *error)))
        }
        Response::ApiVersions(body) => first(&mut [body.error].into_iter()),
    }
}

fn first(mut errors: &mut dyn Iterator<Item = ErrorCode>) -> Option<ErrorCode> {
    Iterator::find(&mut errors, |error| !error.is_none())
}

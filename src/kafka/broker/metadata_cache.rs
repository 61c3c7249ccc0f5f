//! What clients are told of the cluster: the replayed metadata (`KRaftMetadataCache`, `KafkaApis`).

use super::context::Context;
use super::forwarding::Forwarding;
use super::produce::is_internal;
use crate::kafka::ids::{BrokerId, TopicId, TopicName};
use crate::kafka::metadata::{MetadataImage, PartitionRegistration, TopicImage};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic, TopicsAsked,
};

/// Whether a topic may have this name (`Topic.validate`).
pub(super) fn is_valid_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 249
        && name != "."
        && name != ".."
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Answers a Metadata request; topics that are missing may be asked to be made.
pub(super) fn answer(request: &MetadataRequest, forwarding: &mut Forwarding, cx: &mut Context<'_>) -> MetadataResponse {
    let image = cx.image;
    let brokers: Vec<MetadataBroker> = image
        .brokers
        .values()
        .filter(|registration| !registration.fenced)
        .map(|registration| MetadataBroker { id: registration.broker, rack: registration.rack.clone() })
        .collect();
    let controller = match brokers.len() {
        0 => None,
        count => Some(brokers[cx.random.below(count as u64) as usize].id),
    };
    let topics = match &request.topics {
        TopicsAsked::All => image.topics.values().map(|topic| topic_of(topic, image)).collect(),
        TopicsAsked::WithIds(ids) => {
            let (known, unknown): (Vec<_>, Vec<_>) =
                without_repeats(ids).map(|id| (*id, image.topic_by_id(*id))).partition(|(_, topic)| topic.is_some());
            let known = known.into_iter().filter_map(|(_, topic)| topic).map(|topic| topic_of(topic, image));
            unknown.into_iter().map(|(id, _)| unknown_id(id)).chain(known).collect()
        }
        TopicsAsked::Named(names) => without_repeats(names)
            .map(|name| match image.topic(name) {
                Some(topic) => topic_of(topic, image),
                None => missing(name, request.allow_auto_topic_creation, forwarding, cx),
            })
            .collect(),
    };
    MetadataResponse { brokers, controller, topics }
}

/// What is asked for twice is answered once.
fn without_repeats<T: PartialEq>(asked: &[T]) -> impl Iterator<Item = &T> {
    asked.iter().enumerate().filter(|(place, one)| !asked[..*place].contains(one)).map(|(_, one)| one)
}

fn unknown_id(topic_id: TopicId) -> MetadataTopic {
    MetadataTopic {
        error: ErrorCode::UnknownTopicId,
        name: "".into(),
        topic_id,
        is_internal: false,
        partitions: Vec::new(),
    }
}

fn missing(name: &TopicName, allow_creation: bool, forwarding: &mut Forwarding, cx: &mut Context<'_>) -> MetadataTopic {
    let error = if !is_valid_name(name) {
        ErrorCode::InvalidTopicException
    } else {
        if allow_creation && cx.setup.config.auto_create_topics_enable {
            forwarding.create_topic(name, cx);
        }
        ErrorCode::UnknownTopicOrPartition
    };
    MetadataTopic {
        error,
        name: name.clone(),
        topic_id: TopicId(0),
        is_internal: is_internal(name),
        partitions: Vec::new(),
    }
}

fn topic_of(topic: &TopicImage, image: &MetadataImage) -> MetadataTopic {
    MetadataTopic {
        error: ErrorCode::None,
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        is_internal: is_internal(&topic.name),
        partitions: topic
            .partitions
            .iter()
            .map(|(number, registration)| partition_of(*number, registration, image))
            .collect(),
    }
}

fn partition_of(number: i32, registration: &PartitionRegistration, image: &MetadataImage) -> MetadataPartition {
    let is_alive = |id: &BrokerId| image.brokers.get(id).is_some_and(|broker| !broker.fenced);
    let leader = registration.leader.filter(|leader| image.brokers.contains_key(leader));
    MetadataPartition {
        error: if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable },
        partition: number,
        leader,
        leader_epoch: registration.leader_epoch,
        replicas: registration.replicas.clone(),
        isr: registration.isr.clone(),
        offline_replicas: registration.replicas.iter().copied().filter(|id| !is_alive(id)).collect(),
    }
}

//! Requests and responses in the JSON of Kafka's message definitions. Fields that a request leaves out have the
//! defaults of these definitions; a response has all fields of its version.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use glassbroker::kafka::features::VersionRange;
use glassbroker::kafka::ids::{
    BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, ProducerEpoch, ProducerId, TopicId, TopicIdPartition,
    TopicPartition,
};
use glassbroker::kafka::protocol::broker_lifecycle::{
    AlterPartitionData, AlterPartitionRequest, BrokerHeartbeatRequest, BrokerRegistrationRequest, LeaderRecoveryState,
};
use glassbroker::kafka::protocol::fetch::{Fetcher, IsolationLevel};
use glassbroker::kafka::protocol::group::{CoordinatorType, FindCoordinatorRequest};
use glassbroker::kafka::protocol::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetSpec,
};
use glassbroker::kafka::protocol::metadata::{MetadataRequest, TopicsAsked};
use glassbroker::kafka::protocol::producer_id::InitProducerIdRequest;
use glassbroker::kafka::protocol::{ErrorCode, Request, Response};
use glassbroker::sim::World;
use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::cluster::CLUSTER_ID;
use super::trace::plain;

/// Port of every node in answers.
const PORT: i32 = 9092;

/// What authorised operations are when nobody asked for them.
const NOT_ASKED: i64 = i32::MIN as i64;

/// What a response needs to be written down.
pub struct Reader<'a> {
    pub world: &'a World,
    pub version: i64,
}

/// How the messages of one API are read and written.
pub struct Mapping {
    pub version: i64,
    pub request: fn(&Value, i64) -> Result<Request, Failure>,
    pub response: fn(&Response, &Reader) -> Answer,
}

/// An API: name, oldest and newest version that are mapped, and how.
type Api = (&'static str, i64, i64, fn(&Value, i64) -> Result<Request, Failure>, fn(&Response, &Reader) -> Answer);

const APIS: &[Api] = &[
    ("ListOffsets", 4, 11, list_offsets_request, list_offsets_response),
    ("OffsetForLeaderEpoch", 3, 4, offset_for_leader_epoch_request, offset_for_leader_epoch_response),
    ("Metadata", 8, 13, metadata_request, metadata_response),
    ("AlterPartition", 3, 3, alter_partition_request, alter_partition_response),
    ("BrokerRegistration", 4, 4, broker_registration_request, broker_registration_response),
    ("BrokerHeartbeat", 1, 1, broker_heartbeat_request, broker_heartbeat_response),
    ("FindCoordinator", 4, 6, find_coordinator_request, find_coordinator_response),
    ("InitProducerId", 4, 5, init_producer_id_request, init_producer_id_response),
];

/// The mapping of an API; without a version the newest.
pub fn find(api: &str, version: Option<i64>) -> Result<Mapping, Failure> {
    let not_yet = |what: String| Failure::NotYet(what);
    let (_, oldest, newest, request, response) =
        APIS.iter().find(|(name, ..)| *name == api).ok_or_else(|| not_yet(format!("the request {api}")))?;
    let version = version.unwrap_or(*newest);
    if !(*oldest..=*newest).contains(&version) {
        return Err(not_yet(format!("version {version} of the request {api}")));
    }
    Ok(Mapping { version, request: *request, response: *response })
}

/// Kafka's Uuid as text.
pub fn uuid_text(id: u128) -> String {
    URL_SAFE_NO_PAD.encode(id.to_be_bytes())
}

pub fn uuid(text: &str) -> Result<u128, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    bytes.map(u128::from_be_bytes).ok_or_else(|| Failure::scenario(format!("not a uuid: {text}")))
}

fn number(json: &Value, field: &str, otherwise: i64) -> i64 {
    json.get(field).and_then(Value::as_i64).unwrap_or(otherwise)
}

fn text(json: &Value, field: &str) -> String {
    json.get(field).filter(|value| !value.is_null()).map(plain).unwrap_or_default()
}

fn flag(json: &Value, field: &str) -> bool {
    json.get(field).and_then(Value::as_bool).unwrap_or(false)
}

fn list<'a>(json: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    json.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn epoch(json: &Value, field: &str) -> Option<LeaderEpoch> {
    Some(number(json, field, -1)).filter(|epoch| *epoch >= 0).map(|epoch| LeaderEpoch(epoch as i32))
}

/// -1 and below, but for -2: a consumer.
fn fetcher(json: &Value) -> Fetcher {
    match number(json, "replicaId", -1) {
        -2 => Fetcher::Debugging,
        id if id < 0 => Fetcher::Consumer,
        id => Fetcher::Follower { replica: BrokerId(id as i32), broker_epoch: None },
    }
}

fn unexpected(response: &Response) -> Failure {
    Failure::scenario(format!("not the answer that belongs to the request: {response:?}"))
}

/// Elements in the order of the request, grouped by topic: what the typed messages hold as one flat list.
fn by_topic<T>(items: &[T], topic: impl Fn(&T) -> String, partition: impl Fn(&T) -> Value, name: &str) -> Value {
    let mut topics: Vec<(String, Vec<Value>)> = Vec::new();
    for item in items {
        match topics.iter_mut().find(|(known, _)| *known == topic(item)) {
            Some((_, partitions)) => partitions.push(partition(item)),
            None => topics.push((topic(item), vec![partition(item)])),
        }
    }
    topics.into_iter().map(|(topic, partitions)| json!({name: topic, "partitions": partitions})).collect()
}

fn list_offsets_request(body: &Value, version: i64) -> Result<Request, Failure> {
    let mut partitions = Vec::new();
    for topic in list(body, "topics") {
        for partition in list(topic, "partitions") {
            let spec = OffsetSpec::of_timestamp(number(partition, "timestamp", 0), version as i16);
            let index = number(partition, "partitionIndex", 0) as i32;
            partitions.push(ListOffsetsPartition {
                topic_partition: TopicPartition::new(text(topic, "name"), index),
                current_leader_epoch: epoch(partition, "currentLeaderEpoch"),
                spec,
            });
        }
    }
    let isolation = match number(body, "isolationLevel", 0) {
        0 => IsolationLevel::ReadUncommitted,
        _ => IsolationLevel::ReadCommitted,
    };
    Ok(ListOffsetsRequest { fetcher: fetcher(body), isolation, partitions }.into())
}

fn list_offsets_response(response: &Response, _: &Reader) -> Answer {
    let Response::ListOffsets(response) = response else { return Err(unexpected(response)) };
    let partition = |found: &glassbroker::kafka::protocol::list_offsets::ListOffsetsPartitionResponse| {
        json!({
            "partitionIndex": found.topic_partition.partition,
            "errorCode": found.error.name(),
            "timestamp": found.timestamp,
            "offset": found.offset,
            "leaderEpoch": found.leader_epoch.map_or(-1, |epoch| epoch.0),
        })
    };
    let topics = by_topic(&response.partitions, |found| found.topic_partition.topic.to_string(), partition, "name");
    Ok(json!({"throttleTimeMs": 0, "topics": topics}))
}

fn offset_for_leader_epoch_request(body: &Value, _: i64) -> Result<Request, Failure> {
    let partitions = list(body, "topics").flat_map(|topic| {
        list(topic, "partitions").map(|partition| OffsetForLeaderPartition {
            topic_partition: TopicPartition::new(text(topic, "topic"), number(partition, "partition", 0) as i32),
            current_leader_epoch: epoch(partition, "currentLeaderEpoch"),
            leader_epoch: LeaderEpoch(number(partition, "leaderEpoch", 0) as i32),
        })
    });
    Ok(OffsetForLeaderEpochRequest { fetcher: fetcher(body), partitions: partitions.collect() }.into())
}

fn offset_for_leader_epoch_response(response: &Response, _: &Reader) -> Answer {
    let Response::OffsetForLeaderEpoch(response) = response else { return Err(unexpected(response)) };
    let partition = |found: &glassbroker::kafka::protocol::list_offsets::EpochEndOffset| {
        json!({
            "errorCode": found.error.name(),
            "partition": found.topic_partition.partition,
            "leaderEpoch": found.leader_epoch,
            "endOffset": found.end_offset,
        })
    };
    let topics = by_topic(&response.partitions, |found| found.topic_partition.topic.to_string(), partition, "topic");
    Ok(json!({"throttleTimeMs": 0, "topics": topics}))
}

fn metadata_request(body: &Value, _: i64) -> Result<Request, Failure> {
    let ids: Vec<TopicId> = list(body, "topics")
        .filter(|topic| topic.get("topicId").is_some())
        .map(|topic| uuid(&text(topic, "topicId")).map(TopicId))
        .collect::<Result<_, _>>()?;
    let ids: Vec<TopicId> = ids.into_iter().filter(|id| *id != TopicId(0)).collect();
    let topics = match body.get("topics").and_then(Value::as_array) {
        None => TopicsAsked::All,
        Some(_) if !ids.is_empty() => TopicsAsked::WithIds(ids),
        Some(topics) => TopicsAsked::Named(topics.iter().map(|topic| text(topic, "name").into()).collect()),
    };
    let allow = body.get("allowAutoTopicCreation").and_then(Value::as_bool).unwrap_or(true);
    Ok(MetadataRequest { topics, allow_auto_topic_creation: allow }.into())
}

fn metadata_response(response: &Response, reader: &Reader) -> Answer {
    let Response::Metadata(response) = response else { return Err(unexpected(response)) };
    let id = |broker: Option<BrokerId>| broker.map_or(-1, |broker| broker.0);
    let brokers = response.brokers.iter().map(|broker| {
        json!({"nodeId": broker.id, "host": format!("broker{}", broker.id), "port": PORT, "rack": broker.rack})
    });
    let topics = response.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            json!({
                "errorCode": partition.error.name(),
                "partitionIndex": partition.partition,
                "leaderId": id(partition.leader),
                "leaderEpoch": partition.leader_epoch,
                "replicaNodes": partition.replicas,
                "isrNodes": partition.isr,
                "offlineReplicas": partition.offline_replicas,
            })
        });
        let mut json = json!({
            "errorCode": topic.error.name(),
            "name": if topic.error == ErrorCode::UnknownTopicId { Value::Null } else { json!(topic.name) },
            "isInternal": topic.is_internal,
            "partitions": partitions.collect::<Vec<_>>(),
            "topicAuthorizedOperations": NOT_ASKED,
        });
        if reader.version >= 10 {
            json["topicId"] = json!(uuid_text(topic.topic_id.0));
        }
        json
    });
    let mut answer = json!({
        "throttleTimeMs": 0,
        "brokers": brokers.collect::<Vec<_>>(),
        "clusterId": CLUSTER_ID,
        "controllerId": id(response.controller),
        "topics": topics.collect::<Vec<_>>(),
    });
    if reader.version <= 10 {
        answer["clusterAuthorizedOperations"] = json!(NOT_ASKED);
    }
    if reader.version >= 13 {
        answer["errorCode"] = json!(ErrorCode::None.name());
    }
    Ok(answer)
}

fn alter_partition_request(body: &Value, _: i64) -> Result<Request, Failure> {
    let mut partitions = Vec::new();
    for topic in list(body, "topics") {
        let topic_id = TopicId(uuid(&text(topic, "topicId"))?);
        for partition in list(topic, "partitions") {
            let new_isr = list(partition, "newIsrWithEpochs").map(|member| {
                let epoch = number(member, "brokerEpoch", -1);
                let known = (epoch >= 0).then_some(BrokerEpoch(epoch));
                (BrokerId(number(member, "brokerId", 0) as i32), known)
            });
            partitions.push(AlterPartitionData {
                partition: TopicIdPartition { topic_id, partition: number(partition, "partitionIndex", 0) as i32 },
                leader_epoch: LeaderEpoch(number(partition, "leaderEpoch", 0) as i32),
                partition_epoch: PartitionEpoch(number(partition, "partitionEpoch", 0) as i32),
                new_isr: new_isr.collect(),
                leader_recovery_state: match number(partition, "leaderRecoveryState", 0) {
                    0 => LeaderRecoveryState::Recovered,
                    _ => LeaderRecoveryState::Recovering,
                },
            });
        }
    }
    let broker = BrokerId(number(body, "brokerId", 0) as i32);
    Ok(AlterPartitionRequest { broker, broker_epoch: BrokerEpoch(number(body, "brokerEpoch", -1)), partitions }.into())
}

fn alter_partition_response(response: &Response, _: &Reader) -> Answer {
    let Response::AlterPartition(response) = response else { return Err(unexpected(response)) };
    let partition = |found: &glassbroker::kafka::protocol::broker_lifecycle::AlterPartitionResult| {
        // An error leaves everything else at the default of the message definition.
        let known = found.error.is_none();
        json!({
            "partitionIndex": found.partition.partition,
            "errorCode": found.error.name(),
            "leaderId": if known { found.leader.map_or(-1, |leader| leader.0) } else { 0 },
            "leaderEpoch": if known { found.leader_epoch.0 } else { 0 },
            "isr": if known { found.isr.clone() } else { Vec::new() },
            "leaderRecoveryState": i32::from(known && found.leader_recovery_state == LeaderRecoveryState::Recovering),
            "partitionEpoch": if known { found.partition_epoch.0 } else { 0 },
        })
    };
    let topic = |found: &glassbroker::kafka::protocol::broker_lifecycle::AlterPartitionResult| {
        uuid_text(found.partition.topic_id.0)
    };
    let topics = by_topic(&response.partitions, topic, partition, "topicId");
    Ok(json!({"throttleTimeMs": 0, "errorCode": response.error.name(), "topics": topics}))
}

fn broker_registration_request(body: &Value, _: i64) -> Result<Request, Failure> {
    let features = list(body, "features").map(|feature| {
        let level = |field: &str| number(feature, field, 0) as i16;
        (text(feature, "name"), VersionRange { min: level("minSupportedVersion"), max: level("maxSupportedVersion") })
    });
    let previous = number(body, "previousBrokerEpoch", -1);
    let request = BrokerRegistrationRequest {
        broker: BrokerId(number(body, "brokerId", 0) as i32),
        cluster_id: text(body, "clusterId"),
        incarnation_id: uuid(&text(body, "incarnationId"))?,
        rack: body.get("rack").and_then(Value::as_str).map(str::to_string),
        features: Rc::new(features.collect()),
        previous_broker_epoch: (previous >= 0).then_some(BrokerEpoch(previous)),
    };
    Ok(request.into())
}

fn broker_registration_response(response: &Response, _: &Reader) -> Answer {
    let Response::BrokerRegistration(response) = response else { return Err(unexpected(response)) };
    Ok(json!({"throttleTimeMs": 0, "errorCode": response.error.name(), "brokerEpoch": response.broker_epoch}))
}

fn broker_heartbeat_request(body: &Value, _: i64) -> Result<Request, Failure> {
    let request = BrokerHeartbeatRequest {
        broker: BrokerId(number(body, "brokerId", 0) as i32),
        broker_epoch: BrokerEpoch(number(body, "brokerEpoch", -1)),
        current_metadata_offset: number(body, "currentMetadataOffset", 0),
        want_fence: flag(body, "wantFence"),
        want_shut_down: flag(body, "wantShutDown"),
    };
    Ok(request.into())
}

fn broker_heartbeat_response(response: &Response, _: &Reader) -> Answer {
    let Response::BrokerHeartbeat(response) = response else { return Err(unexpected(response)) };
    Ok(json!({
        "throttleTimeMs": 0,
        "errorCode": response.error.name(),
        "isCaughtUp": response.is_caught_up,
        "isFenced": response.is_fenced,
        "shouldShutDown": response.should_shut_down,
    }))
}

fn find_coordinator_request(body: &Value, _: i64) -> Result<Request, Failure> {
    let mut keys = list(body, "coordinatorKeys");
    match (keys.next(), keys.next(), number(body, "keyType", 0)) {
        (Some(key), None, 0) => Ok(FindCoordinatorRequest { key: plain(key), key_type: CoordinatorType::Group }.into()),
        _ => Err(Failure::NotYet("looking for many coordinators, or those of transactions".into())),
    }
}

fn find_coordinator_response(response: &Response, reader: &Reader) -> Answer {
    let Response::FindCoordinator(response) = response else { return Err(unexpected(response)) };
    let known = response.coordinator.filter(|broker| reader.world.broker(*broker).is_some());
    let coordinator = json!({
        "key": response.key,
        "nodeId": known.map_or(-1, |broker| broker.0),
        "host": known.map_or(String::new(), |broker| format!("broker{broker}")),
        "port": if known.is_some() { PORT } else { -1 },
        "errorCode": response.error.name(),
        "errorMessage": if response.error.is_none() { json!("") } else { Value::Null },
    });
    Ok(json!({"throttleTimeMs": 0, "coordinators": [coordinator]}))
}

fn init_producer_id_request(body: &Value, _: i64) -> Result<Request, Failure> {
    if !body.get("transactionalId").is_some_and(Value::is_null) {
        return Err(Failure::NotYet("transactions".into()));
    }
    let request = InitProducerIdRequest {
        producer_id: ProducerId(number(body, "producerId", -1)),
        producer_epoch: ProducerEpoch(number(body, "producerEpoch", -1) as i16),
    };
    Ok(request.into())
}

fn init_producer_id_response(response: &Response, _: &Reader) -> Answer {
    let Response::InitProducerId(response) = response else { return Err(unexpected(response)) };
    Ok(json!({
        "throttleTimeMs": 0,
        "errorCode": response.error.name(),
        "producerId": response.producer_id,
        "producerEpoch": response.producer_epoch,
    }))
}

//! Short words for the commands of scenarios.

use super::setting::{GROUP, TOPIC, properties};
use crate::kafka::client::application::Application;
use crate::kafka::client::call::{ConsumerCall, ProducerCall, ProducerRecord, WireCall};
use crate::kafka::ids::{BrokerId, NodeId};
use crate::kafka::protocol::Request;
use crate::kafka::protocol::admin::{CreatableTopic, CreateTopicsRequest};
use crate::sim::Command;

/// A request of the administrator to a broker, on a connection of its own.
pub fn ask(ticket: u32, broker: i32, request: impl Into<Request>) -> Command {
    let request = Box::new(request.into());
    Command::Wire { call: WireCall::Send { ticket, to: NodeId::broker(broker), connection: ticket, request } }
}

/// Makes the topic, with these replicas for each partition.
pub fn create_topic(assignments: &[&[i32]], configs: &[(&str, &str)]) -> Command {
    let replicas = |brokers: &&[i32]| brokers.iter().copied().map(BrokerId).collect();
    let topic = CreatableTopic {
        name: TOPIC.into(),
        num_partitions: -1,
        replication_factor: -1,
        assignments: (0..).zip(assignments.iter().map(replicas)).collect(),
        configs: configs.iter().map(|(name, value)| ((*name).into(), Some((*value).into()))).collect(),
    };
    ask(1, 0, CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, validate_only: false })
}

pub fn producer(name: &str, config: &[(&str, &str)]) -> Command {
    Command::StartProducer { name: name.into(), config: properties(config) }
}

/// Sends values to partition 0, without keys.
pub fn send(name: &str, values: &[&str]) -> Command {
    let record = |value: &&str| ProducerRecord {
        topic: TOPIC.into(),
        partition: Some(0),
        timestamp: None,
        key: None,
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
    };
    Command::Producer { name: name.into(), call: ProducerCall::Send(values.iter().map(record).collect()) }
}

/// Sends a value with a key, which chooses the partition.
pub fn send_keyed(name: &str, key: &str, value: &str) -> Command {
    let record = ProducerRecord {
        topic: TOPIC.into(),
        partition: None,
        timestamp: None,
        key: Some(key.as_bytes().to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
    };
    Command::Producer { name: name.into(), call: ProducerCall::Send(vec![record]) }
}

/// A consumer of the group, subscribed to the topic.
pub fn consumer(name: &str, config: &[(&str, &str)], application: Application) -> [Command; 2] {
    let mut config = properties(config);
    config.entry("group.id".into()).or_insert_with(|| GROUP.into());
    config.entry("auto.offset.reset".into()).or_insert_with(|| "earliest".into());
    [Command::StartConsumer { name: name.into(), config, application }, subscribe(name)]
}

pub fn subscribe(name: &str) -> Command {
    Command::Consumer { name: name.into(), call: ConsumerCall::Subscribe(vec![TOPIC.into()]) }
}

pub fn cut(from: NodeId, to: NodeId) -> Command {
    Command::CutLink { from, to, one_way: false }
}

pub fn heal(from: NodeId, to: NodeId) -> Command {
    Command::HealLink { from, to }
}

pub fn kill(node: NodeId) -> Command {
    Command::Kill { node }
}

pub fn start(node: NodeId) -> Command {
    Command::Start { node }
}

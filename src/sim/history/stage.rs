//! What scenarios have in common: a topic, a producer, and short words for commands and moments.

use crate::kafka::client::application::Application;
use crate::kafka::client::call::{ConsumerCall, ProducerCall, ProducerRecord, WireCall};
use crate::kafka::config::Properties;
use crate::kafka::ids::{BrokerId, NodeId, Offset, TopicPartition};
use crate::kafka::protocol::admin::{CreatableTopic, CreateTopicsRequest};
use crate::kafka::protocol::{ApiKey, Request};
use crate::sim::{ClusterSpec, Command, MessageId, TransitState, World};

/// The topic of every scenario.
pub const TOPIC: &str = "events";
/// The producer of most scenarios, and the group that reads.
pub const PRODUCER: &str = "app";
pub const GROUP: &str = "readers";
/// The one controller of most scenarios.
pub const CONTROLLER: NodeId = NodeId::Controller(crate::kafka::ids::ControllerId(100));

/// One controller and so many brokers that notice a death within 3 s.
pub fn cluster(brokers: i32) -> ClusterSpec {
    ClusterSpec::new(1, brokers)
        .with("broker.session.timeout.ms", "3000")
        .with("broker.heartbeat.interval.ms", "500")
        .with("offsets.topic.num.partitions", "1")
        .with("offsets.topic.replication.factor", "1")
        .with("group.initial.rebalance.delay.ms", "0")
}

pub fn partition(number: i32) -> TopicPartition {
    TopicPartition::new(TOPIC, number)
}

pub fn node(broker: i32) -> NodeId {
    NodeId::broker(broker)
}

pub fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

// ---- commands

/// A request of the administrator to a broker, on a connection of its own.
pub fn ask(ticket: u32, broker: i32, request: impl Into<Request>) -> Command {
    let request = Box::new(request.into());
    Command::Wire { call: WireCall::Send { ticket, to: node(broker), connection: ticket, request } }
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

// ---- moments

/// All brokers take part.
pub fn is_up(world: &World) -> bool {
    world.active_image().is_some_and(|image| {
        image.brokers.len() == world.spec().brokers.len() && image.brokers.values().all(|broker| broker.is_active())
    })
}

/// The broker leads partition 0, and knows it.
pub fn leads(world: &World, broker: i32) -> bool {
    let registration = world.active_image().and_then(|image| image.partition(TOPIC, 0));
    registration.is_some_and(|registration| {
        registration.leader == Some(BrokerId(broker))
            && world
                .broker(BrokerId(broker))
                .and_then(|it| it.partition(&partition(0)))
                .is_some_and(|replica| replica.is_leader() && replica.leader_epoch() == registration.leader_epoch)
    })
}

/// The ISR of partition 0, as the controller has it.
pub fn isr(world: &World) -> Vec<i32> {
    let registration = world.active_image().and_then(|image| image.partition(TOPIC, 0));
    let mut isr: Vec<i32> = registration.into_iter().flat_map(|it| &it.isr).map(|broker| broker.0).collect();
    isr.sort_unstable();
    isr
}

/// End of the log of partition 0 on a broker; -1: it has none.
pub fn log_end(world: &World, broker: i32) -> Offset {
    let replica = world.broker(BrokerId(broker)).and_then(|it| it.partition(&partition(0)));
    replica.map_or(-1, |replica| replica.log_end_offset())
}

/// High watermark of partition 0 on a broker; -1: it has none.
pub fn high_watermark(world: &World, broker: i32) -> Offset {
    let replica = world.broker(BrokerId(broker)).and_then(|it| it.partition(&partition(0)));
    replica.map_or(-1, |replica| replica.high_watermark())
}

/// Sends that a producer was told to have succeeded.
pub fn acknowledged(world: &World, name: &str) -> u64 {
    let producer = world.producers().find(|(process, _)| &*process.name == name);
    producer.map_or(0, |(_, producer)| producer.results().acknowledged())
}

/// Messages of an API that travel now: requests to, or answers from, brokers.
pub fn travelling(world: &World, api: ApiKey, is_request: bool) -> Vec<MessageId> {
    let transits = world.transits().iter().filter(|(_, transit)| {
        let message = &transit.message;
        transit.state == TransitState::Travelling && message.api_key() == api && message.is_request() == is_request
    });
    transits.map(|(id, _)| *id).collect()
}

/// Messages that were stopped by hand.
pub fn held(world: &World) -> Vec<MessageId> {
    let held = world.transits().iter().filter(|(_, transit)| transit.state == TransitState::Held);
    held.map(|(id, _)| *id).collect()
}

/// Whether broker 0, leading partition 0, knows its ISR to have so many members.
pub fn leader_knows_isr(world: &World, members: usize) -> bool {
    let replica = world.broker(BrokerId(0)).and_then(|it| it.partition(&partition(0)));
    replica
        .is_some_and(|replica| replica.is_leader() && replica.isr().len() == members && replica.pending_isr().is_none())
}

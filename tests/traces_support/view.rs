//! What each broker believes about the cluster. Read from the brokers themselves: a look changes nothing.

use std::collections::BTreeSet;
use std::rc::Rc;

use glassbroker::kafka::broker::Broker;
use glassbroker::kafka::broker::lifecycle::BrokerState;
use glassbroker::kafka::ids::{BrokerId, NodeId, TopicId, TopicPartition};
use glassbroker::kafka::log::Log;
use glassbroker::kafka::metadata::{MetadataImage, PartitionRegistration};
use glassbroker::kafka::protocol::ErrorCode;
use glassbroker::sim::World;
use serde_json::{Value, json};

/// The offsets of one replica, leader or follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaOffsets {
    pub log_start: i64,
    pub last_stable: i64,
    pub high_watermark: i64,
    pub log_end: i64,
}

/// Brokers that are neither dead nor paused.
/// Who starts opens its sockets only when it has been unfenced, so it answers nobody before.
pub fn running_brokers(world: &World) -> Vec<BrokerId> {
    let answers = |broker: &Broker| {
        world.is_running(NodeId::Broker(broker.setup.id))
            && !matches!(broker.lifecycle().state(), BrokerState::NotRunning | BrokerState::Starting)
    };
    world.brokers().filter(|(_, broker)| answers(broker)).map(|(_, broker)| broker.setup.id).collect()
}

/// The metadata that a broker has replayed.
pub fn image(world: &World, broker: BrokerId) -> Option<Rc<MetadataImage>> {
    world.broker(broker).map(|broker| broker.image().clone())
}

/// The log of a replica as it lies on the broker's disk.
pub fn log<'a>(world: &'a World, broker: BrokerId, partition: &TopicPartition) -> Option<&'a Log> {
    Some(world.broker(broker)?.partition(partition)?.log())
}

/// The topic as `describe_topic` answers it.
pub fn describe(image: &MetadataImage, topic: &str) -> Value {
    match image.topic(topic) {
        None => {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            let is_name =
                (1..250).contains(&topic.len()) && topic.chars().all(is_allowed) && ![".", ".."].contains(&topic);
            let error = if is_name { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
            json!({"error": error.name()})
        }
        Some(found) => {
            let list = found.partitions.iter().map(|(number, partition)| partition_json(image, *number, partition));
            json!({"partitions": list.collect::<Vec<_>>()})
        }
    }
}

fn partition_json(image: &MetadataImage, number: i32, partition: &PartitionRegistration) -> Value {
    let is_fenced = |id: &BrokerId| image.brokers.get(id).is_none_or(|broker| broker.fenced);
    let sorted = |ids: &[BrokerId]| ids.iter().copied().collect::<BTreeSet<BrokerId>>();
    let offline: Vec<BrokerId> = partition.replicas.iter().copied().filter(is_fenced).collect();
    let leader = partition.leader.filter(|leader| !is_fenced(leader));
    json!({
        "partition": number,
        "leader": leader.map_or(-1, |leader| leader.0),
        "leader_epoch": partition.leader_epoch,
        "replicas": partition.replicas,
        "isr": sorted(&partition.isr),
        "elr": sorted(&partition.elr),
        "last_known_elr": sorted(&partition.last_known_elr),
        "offline": sorted(&offline),
    })
}

/// The same from every running broker, or None while they disagree.
fn agreed<T: PartialEq>(world: &World, look: impl Fn(&MetadataImage) -> T) -> Option<T> {
    let mut seen = running_brokers(world).into_iter().map(|id| image(world, id).map(|image| look(&image)));
    let first = seen.next()??;
    seen.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// The topic as all running brokers see it.
pub fn agreed_topic(world: &World, topic: &str) -> Option<Value> {
    agreed(world, |image| describe(image, topic))
}

/// Which brokers all running brokers know as alive: registered and not fenced.
pub fn agreed_alive(world: &World) -> Option<BTreeSet<BrokerId>> {
    agreed(world, |image| image.brokers.values().filter(|broker| !broker.fenced).map(|broker| broker.broker).collect())
}

/// The id of a topic as any running broker knows it.
pub fn topic_id(world: &World, topic: &str) -> Option<TopicId> {
    let mut images = running_brokers(world).into_iter().filter_map(|id| image(world, id));
    images.find_map(|image| image.topic(topic).map(|topic| topic.topic_id))
}

/// The offsets of a replica; None: the broker does not run, or has no such replica.
pub fn replica_offsets(world: &World, broker: BrokerId, partition: &TopicPartition) -> Option<ReplicaOffsets> {
    if !world.is_running(NodeId::Broker(broker)) {
        return None;
    }
    let log = log(world, broker, partition)?;
    Some(ReplicaOffsets {
        log_start: log.log_start_offset(),
        last_stable: log.high_watermark(),
        high_watermark: log.high_watermark(),
        log_end: log.log_end_offset(),
    })
}

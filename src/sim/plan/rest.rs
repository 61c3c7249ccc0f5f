//! Whether a mended cluster has come to rest.

use super::plan::{GROUP, Plan, TOPIC};
use crate::kafka::ids::{Offset, TopicId, TopicIdPartition, TopicPartition};
use crate::kafka::metadata::{MetadataImage, PartitionRegistration};
use crate::kafka::note::GroupState;
use crate::sim::World;
use crate::sim::process::ProcessStatus;

/// Why the cluster is not at rest yet; None: all brokers are in, all replicas in sync, all sends answered, all records
/// read.
pub fn not_at_rest(plan: &Plan, world: &World) -> Option<String> {
    let Some(image) = world.active_image() else { return Some("there is no active controller".into()) };
    brokers(plan, image)
        .or_else(|| image.partitions().find_map(|(name, id, registration)| partition(world, &name, id, registration)))
        .or_else(|| producers(world))
        .or_else(|| group(plan, world, image))
}

fn brokers(plan: &Plan, image: &MetadataImage) -> Option<String> {
    let active = image.brokers.values().filter(|broker| broker.is_active()).count();
    (active < plan.cluster.brokers.len()).then(|| format!("only {active} brokers are active"))
}

/// The partition has a leader who knows it, all replicas are in sync, and have the same log, committed to its end.
fn partition(
    world: &World,
    name: &TopicPartition,
    topic_id: TopicId,
    registration: &PartitionRegistration,
) -> Option<String> {
    let Some(leader) = registration.leader else { return Some(format!("{name} has no leader")) };
    if registration.isr.len() < registration.replicas.len() {
        return Some(format!("{name}: of {:?} only {:?} are in sync", registration.replicas, registration.isr));
    }
    let id = TopicIdPartition { topic_id, partition: name.partition };
    let replica = |broker| world.broker(broker).and_then(|broker| broker.partition_by_id(id));
    let leading = replica(leader).filter(|it| it.is_leader() && it.leader_epoch() == registration.leader_epoch);
    let Some(leading) = leading else { return Some(format!("broker {leader} does not know that it leads {name}")) };
    if &*name.topic != TOPIC {
        // Members go on committing where they stand, so the offsets topic has always something on its way.
        return None;
    }
    let end = leading.log_end_offset();
    for broker in &registration.replicas {
        let Some(replica) = replica(*broker) else { return Some(format!("broker {broker} has no replica of {name}")) };
        if (replica.log_end_offset(), replica.high_watermark()) != (end, end) {
            return Some(format!(
                "{name} on broker {broker} ends at {} with the high watermark {}; the leader {leader} ends at {end}",
                replica.log_end_offset(),
                replica.high_watermark()
            ));
        }
    }
    None
}

fn producers(world: &World) -> Option<String> {
    let busy = world.producers().find(|(_, producer)| !producer.is_idle());
    busy.map(|(process, _)| format!("{} still has sends without an answer", process.name))
}

/// The group is stable with all its members, every partition has one owner, and that has read everything.
fn group(plan: &Plan, world: &World, image: &MetadataImage) -> Option<String> {
    if plan.consumers.is_empty() {
        return None;
    }
    let group = world
        .brokers()
        .filter(|(process, _)| process.status == ProcessStatus::Running)
        .find_map(|(_, broker)| broker.group_coordinator().group(GROUP));
    let Some(group) = group else { return Some("nobody coordinates the group".into()) };
    if group.state != GroupState::Stable || group.members.len() != plan.consumers.len() {
        return Some(format!("the group is {} with {} members", group.state.name(), group.members.len()));
    }
    let topic = image.topic(TOPIC)?;
    for number in topic.partitions.keys() {
        let partition = TopicPartition::new(TOPIC, *number);
        let id = TopicIdPartition { topic_id: topic.topic_id, partition: *number };
        let owners: Vec<_> = world.consumers().filter(|(_, consumer)| consumer.owns(&partition)).collect();
        let [(process, consumer)] = owners[..] else {
            return Some(format!("{partition} has {} owners", owners.len()));
        };
        let leader = topic.partitions[number].leader?;
        let replica = world.broker(leader)?.partition_by_id(id)?;
        let end = replica.high_watermark();
        let position = consumer.position(&partition);
        // The end of a compacted log may be an offset whose record is cleaned away: nothing brings a reader there.
        let is_all_read = |at: Offset| at <= end && replica.log().batches().all(|batch| batch.last_offset() < at);
        if position != Some(end) && !position.is_some_and(is_all_read) {
            return Some(format!("{} stands at {position:?} of {partition}, which ends at {end}", process.name));
        }
    }
    None
}

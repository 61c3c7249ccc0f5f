//! Groups with their consumers.

use super::keys::Keys;
use super::life;
use crate::kafka::client::consumer::poll::Loop;
use crate::kafka::client::consumer::{Activity, Consumer, ConsumerTimer};
use crate::kafka::group::ClassicGroup;
use crate::kafka::ids::{BrokerId, Offset, TopicPartition};
use crate::kafka::sorted::SmallSort;
use crate::kafka::sorted::SortedMap;
use crate::kafka::timer::Timer;
use crate::sim::{Process, ProcessStatus, World};
use crate::stage::frame::{AssignedFrame, ConsumerFrame, GroupFrame, Life, ProcessingFrame};

/// What consumers without a group stand under.
const NO_GROUP: &str = "no group";

pub fn groups(world: &World, keys: &Keys) -> Vec<GroupFrame> {
    let mut members: SortedMap<String, Vec<(&Process, &Consumer)>> = SortedMap::new();
    for (process, consumer) in world.consumers() {
        let group = consumer.setup.config.group_id.clone().unwrap_or_else(|| NO_GROUP.into());
        members.entry(group).or_default().push((process, consumer));
    }
    // In the order in which their first consumers were started.
    let mut groups: Vec<(String, Vec<(&Process, &Consumer)>)> = members.into_iter().collect();
    groups.sort_small_by_key(|(_, members)| members.first().map(|(_, consumer)| consumer.setup.client.id));
    groups.into_iter().map(|(name, members)| group(world, name, &members, keys)).collect()
}

/// The broker that coordinates a group, with what it has stored: of several that believe to, the newest.
fn coordinator<'a>(world: &'a World, name: &str) -> Option<(BrokerId, &'a ClassicGroup)> {
    world
        .brokers()
        .filter(|(process, _)| process.status != ProcessStatus::Down)
        .filter_map(|(_, broker)| Some((broker.id(), broker.group_coordinator().group(name)?)))
        .max_by_key(|(_, group)| group.generation)
}

fn group(world: &World, name: String, members: &[(&Process, &Consumer)], keys: &Keys) -> GroupFrame {
    let coordinator = coordinator(world, &name);
    let committed: Vec<(TopicPartition, Offset)> = coordinator
        .and_then(|(id, _)| world.broker(id)?.group_coordinator().offsets(&name))
        .into_iter()
        .flatten()
        .map(|(partition, stored)| (partition.clone(), stored.offset))
        .collect();
    GroupFrame {
        state: coordinator.map(|(_, group)| group.state.name().to_string()).unwrap_or_default(),
        generation: coordinator.map_or(0, |(_, group)| group.generation),
        coordinator: coordinator.map(|(id, _)| id),
        assignor: coordinator.and_then(|(_, group)| group.protocol_name.clone()),
        consumers: members.iter().map(|(process, one)| consumer(world, process, one, &committed, keys)).collect(),
        committed,
        name,
    }
}

fn consumer(
    world: &World,
    process: &Process,
    consumer: &Consumer,
    committed: &[(TopicPartition, Offset)],
    keys: &Keys,
) -> ConsumerFrame {
    let activity = consumer.activity();
    let state = match &activity {
        Activity::Idle => "idle",
        Activity::Joining => "joins the group",
        Activity::Waiting => "waits for data",
        Activity::Processing { .. } => "processes a record",
        Activity::Committing => "commits",
        Activity::Closed => "closed",
    };
    let processing = match activity {
        Activity::Processing { partition, offset } => Some(processing(world, process, partition, offset, keys)),
        _ => None,
    };
    // A process that is gone has no memory: neither a position nor an assignment.
    let life = life(process.status);
    let remembered = consumer.partitions().filter(|_| life != Life::Down);
    let assigned = remembered.map(|(partition, _)| AssignedFrame {
        position: consumer.position(partition),
        committed: committed.iter().find(|(of, _)| of == partition).map(|(_, offset)| *offset),
        lag: consumer.lag(partition).map(|lag| lag.max(0) as u64),
        partition: partition.clone(),
    });
    ConsumerFrame {
        id: consumer.setup.client.id,
        name: process.name.to_string(),
        life,
        state: state.into(),
        assigned: assigned.collect(),
        processing,
        polled: match consumer.application() {
            Loop::Processing { rest, .. } | Loop::Committing { rest } => rest.len() as u32,
            Loop::Polling | Loop::Stopped => 0,
        },
    }
}

fn processing(
    world: &World,
    process: &Process,
    partition: TopicPartition,
    offset: Offset,
    keys: &Keys,
) -> ProcessingFrame {
    let now = world.now().0;
    let timer = process.timers.get(&Timer::Consumer(ConsumerTimer::Processing));
    ProcessingFrame {
        mark: mark_at(world, &partition, offset, keys),
        from_us: timer.map_or(now, |timer| timer.set_at.0),
        due_us: timer.map_or(now, |timer| timer.due_at.0),
        partition,
        offset,
    }
}

/// The mark of a record, as any broker holds it.
fn mark_at(world: &World, partition: &TopicPartition, offset: Offset, keys: &Keys) -> Option<u8> {
    world.brokers().find_map(|(_, broker)| {
        let log = broker.partition(partition)?.log();
        let batches = log.read(offset, 1, log.log_end_offset(), true).ok()?;
        let data = batches.first()?.record_data().ok()?;
        let view = data.views().flatten().find(|view| view.offset == offset)?;
        Some(keys.mark(view.key))
    })?
}

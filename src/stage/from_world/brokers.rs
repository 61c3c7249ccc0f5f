//! Brokers and their copies.

use super::keys::{self, Keys};
use super::{image, life};
use crate::kafka::broker::{Broker, BrokerTimer, Partition};
use crate::kafka::ids::{NodeId, Offset};
use crate::kafka::log::Log;
use crate::kafka::protocol::fetch::Fetcher;
use crate::kafka::record::RecordBatch;
use crate::kafka::sorted::SmallSort;
use crate::kafka::timer::Timer;
use crate::sim::{Process, World};
use crate::stage::frame::{BrokerFrame, CellFrame, Frame, ReplicaFrame, Role, WaitingRequest};
use crate::stage::words;

/// Records of a log's end that a frame holds.
const TAIL: Offset = 72;

pub fn brokers(world: &World, keys: &Keys) -> Vec<BrokerFrame> {
    let image = image(world);
    world
        .brokers()
        .map(|(process, broker)| {
            let registration = image.and_then(|image| image.brokers.get(&broker.id()));
            let mut replicas: Vec<ReplicaFrame> = broker
                .partitions()
                .filter(|partition| is_shown(partition))
                .map(|partition| replica(world, process, broker, partition, keys))
                .collect();
            replicas.sort_small_by(|one, other| one.partition.cmp(&other.partition));
            BrokerFrame {
                id: broker.id(),
                life: life(process.status),
                fenced: registration.is_some_and(|registration| registration.fenced),
                rack: broker.setup.rack.clone(),
                metadata_offset: broker.image().next_offset,
                replicas,
                coordinates: broker.group_coordinator().groups().map(|group| group.group_id.clone()).collect(),
            }
        })
        .collect()
}

/// Of the fifty partitions of `__consumer_offsets` only those that hold anything.
fn is_shown(partition: &Partition) -> bool {
    !super::is_internal(&partition.topic_partition().topic) || !partition.log().is_empty()
}

fn replica(world: &World, process: &Process, broker: &Broker, partition: &Partition, keys: &Keys) -> ReplicaFrame {
    let log = partition.log();
    let id = partition.id();
    let role = match (partition.is_leader(), partition.leader()) {
        (true, _) => Role::Leader,
        (false, Some(_)) => Role::Follower,
        (false, None) => Role::Offline,
    };
    let due =
        |timer: BrokerTimer| process.timers.get(&Timer::Broker(timer)).map_or(world.now().0, |timer| timer.due_at.0);
    let waiting_produces = broker.waiting_produces(id).flat_map(|(number, produce)| {
        let from = world.requester(produce.request);
        produce.partitions.iter().filter(move |status| status.id == id && status.acks_pending).filter_map(
            move |status| {
                Some(WaitingRequest {
                    from: from?,
                    offset: status.required_offset,
                    due_us: due(BrokerTimer::Produce(number)),
                })
            },
        )
    });
    let waiting_fetches = broker.waiting_fetches(id).filter_map(|(number, delayed)| {
        let asked = delayed.asks_for(id)?;
        let from = match delayed.fetch.fetcher {
            Fetcher::Follower { replica, .. } => NodeId::Broker(replica),
            Fetcher::Consumer | Fetcher::Debugging => world.requester(delayed.request)?,
        };
        Some(WaitingRequest { from, offset: asked.fetch_offset, due_us: due(BrokerTimer::Fetch(number)) })
    });
    ReplicaFrame {
        partition: partition.topic_partition().clone(),
        role,
        leader_epoch: partition.leader_epoch(),
        log_start_offset: log.log_start_offset(),
        high_watermark: log.high_watermark(),
        log_end_offset: log.log_end_offset(),
        isr: if role == Role::Leader { partition.isr().to_vec() } else { Vec::new() },
        followers: match role {
            Role::Leader => partition.followers().iter().map(|(id, replica)| (*id, replica.log_end_offset)).collect(),
            Role::Follower | Role::Offline => Vec::new(),
        },
        cells: cells(log, keys),
        waiting_produces: waiting_produces.collect(),
        waiting_fetches: waiting_fetches.collect(),
        flushed_offset: log.on_disk(world.now()),
        size_bytes: log.size_in_bytes().max(0) as u64,
    }
}

/// The log's end, and the records around the high watermark if they lie before it.
fn cells(log: &Log, keys: &Keys) -> Vec<CellFrame> {
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    let tail = (end - TAIL).max(start);
    let mut cells = Vec::new();
    let mark = (log.high_watermark() - 2).max(start);
    if mark < tail
        && let Ok(batches) = log.read(mark, 1, end, true)
    {
        batches.iter().for_each(|batch| push_cells(log, batch, mark, tail.min(mark + 5), keys, &mut cells));
    }
    let mut batches: Vec<&RecordBatch> = log.batches().rev().take_while(|batch| batch.last_offset() >= tail).collect();
    batches.reverse();
    for batch in batches {
        push_cells(log, batch, tail, end, keys, &mut cells);
    }
    cells
}

fn push_cells(log: &Log, batch: &RecordBatch, from: Offset, until: Offset, keys: &Keys, cells: &mut Vec<CellFrame>) {
    let Ok(data) = batch.record_data() else { return };
    for view in data.views().flatten().filter(|view| view.offset >= from && view.offset < until) {
        let has_key = !batch.is_control() && !super::is_internal(&log.partition().topic);
        let key = view.key.filter(|_| has_key);
        cells.push(CellFrame {
            offset: view.offset,
            key: key.map(keys::text),
            mark: keys.mark(key),
            leader_epoch: batch.leader_epoch(),
            committed: view.offset < log.high_watermark(),
            diverges: false,
            control: batch.is_control(),
            value: view.value.map(|value| words::shorten(&keys::text(value), 60)).unwrap_or_default(),
        });
    }
}

/// Marks the records that the present leader does not have, or has of another epoch.
pub fn mark_divergence(frame: &mut Frame) {
    for registered in &frame.partitions {
        let Some(leader) = registered.leader.and_then(|leader| frame.replica(leader, &registered.partition)) else {
            continue;
        };
        if leader.role != Role::Leader {
            continue;
        }
        let (end, known): (Offset, Vec<(Offset, i32)>) =
            (leader.log_end_offset, leader.cells.iter().map(|cell| (cell.offset, cell.leader_epoch.0)).collect());
        let first_known = known.first().map_or(end, |(offset, _)| *offset);
        for broker in frame.brokers.iter_mut().filter(|broker| Some(broker.id) != registered.leader) {
            for replica in broker.replicas.iter_mut().filter(|replica| replica.partition == registered.partition) {
                for cell in &mut replica.cells {
                    let other = known.iter().find(|(offset, _)| *offset == cell.offset);
                    cell.diverges = cell.offset >= end
                        || (cell.offset >= first_known
                            && other.is_some_and(|(_, epoch)| *epoch != cell.leader_epoch.0));
                }
            }
        }
    }
}

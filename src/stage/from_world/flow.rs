//! The complete flow of one record: Message, Persistence, Replication, Processing, and below them Ack, Disk, Replicas,
//! Offset commit.

use crate::kafka::client::producer::{Producer, SendResult};
use crate::kafka::ids::{ClientId, Offset, TopicPartition};
use crate::kafka::protocol::produce::Acks;
use crate::kafka::protocol::{ApiKey, Request};
use crate::kafka::record::RecordBatch;
use crate::kafka::sends::SendId;
use crate::sim::{MessageBody, World};
use crate::stage::frame::{FlowFrame, FlowState, Frame, Life, Role};

/// Batches of a log's end that are searched for the followed record.
const SEARCHED: usize = 256;

/// Where the followed record is.
struct Followed<'a> {
    producer: &'a Producer,
    partition: TopicPartition,
    offset: Option<Offset>,
    /// The producer has had its answer, good or bad.
    answered: bool,
    acknowledged: bool,
}

pub fn flow(world: &World, frame: &Frame, follow: Option<(ClientId, SendId)>) -> FlowFrame {
    let Some(followed) = followed(world, follow) else { return FlowFrame::default() };
    let partition = &followed.partition;
    let mut flow = FlowFrame { partition: Some(partition.clone()), offset: followed.offset, ..FlowFrame::default() };
    let Some(offset) = followed.offset else {
        flow.message = FlowState::Now;
        return flow;
    };
    flow.message = FlowState::Done;
    flow.persistence = FlowState::Done;
    flow.disk = FlowState::Done;

    let holders: Vec<_> = frame
        .brokers
        .iter()
        .filter_map(|broker| frame.replica(broker.id, partition))
        .filter(|replica| replica.log_end_offset > offset)
        .collect();
    let committed = frame
        .brokers
        .iter()
        .filter(|broker| broker.life == Life::Running)
        .filter_map(|broker| frame.replica(broker.id, partition))
        .any(|replica| replica.role == Role::Leader && replica.high_watermark > offset);
    let assigned = frame.partition(partition).map_or(1, |registered| registered.replicas.len());
    flow.replication = if committed { FlowState::Done } else { FlowState::Now };
    flow.replicas = if holders.len() >= assigned { FlowState::Done } else { FlowState::Now };
    flow.ack = match (followed.acknowledged, followed.answered, followed.producer.setup.config.acks) {
        (_, _, Acks::None) | (false, true, _) => FlowState::Waiting,
        (true, _, _) => FlowState::Done,
        (false, false, _) => FlowState::Now,
    };
    flow.processing = processing(frame, partition, offset);
    flow.offset_commit = commit(world, frame, partition, offset);
    flow
}

/// The record that was asked for, or the newest of the first producer.
fn followed(world: &World, follow: Option<(ClientId, SendId)>) -> Option<Followed<'_>> {
    let (producer, send) = match follow {
        Some((client, send)) => {
            (world.producers().map(|(_, producer)| producer).find(|one| one.setup.client.id == client)?, send)
        }
        None => world.producers().find_map(|(_, producer)| {
            let (send, _) = producer.results().iter().next_back()?;
            Some((producer, send))
        })?,
    };
    match producer.result(send)? {
        SendResult::Acknowledged { partition, offset } => Some(Followed {
            producer,
            partition: partition.clone(),
            // With acks=0 nobody tells: it is the last record, once it is there.
            offset: if *offset >= 0 { Some(*offset) } else { last_written(world, producer, partition) },
            answered: true,
            acknowledged: true,
        }),
        SendResult::Failed { partition, .. } => Some(Followed {
            producer,
            partition: partition.clone()?,
            offset: None,
            answered: true,
            acknowledged: false,
        }),
        SendResult::Pending => {
            let mut batches = producer.in_flight_batches().chain(producer.buffered_batches());
            let (partition, batch) = batches.find(|(_, batch)| batch.sends.contains(send))?;
            let place = batch.sends.position(send)? as Offset;
            let encoded = batch.clone().encode();
            let base = if batch.attempts > 0 { base_offset(world, partition, &encoded) } else { None };
            Some(Followed {
                producer,
                partition: partition.clone(),
                offset: base.map(|base| base + place),
                answered: false,
                acknowledged: false,
            })
        }
    }
}

/// Where a leader has put a batch of a producer.
fn base_offset(world: &World, partition: &TopicPartition, batch: &RecordBatch) -> Option<Offset> {
    world.brokers().filter(|(_, broker)| broker.is_running()).find_map(|(_, broker)| {
        let replica = broker.partition(partition).filter(|replica| replica.is_leader())?;
        let mut newest = replica.log().batches().rev().take(SEARCHED);
        newest.find(|stored| stored.shares_bytes_with(batch)).map(RecordBatch::base_offset)
    })
}

fn last_written(world: &World, producer: &Producer, partition: &TopicPartition) -> Option<Offset> {
    let under_way = world.transits().values().any(|transit| {
        transit.message.from == crate::kafka::ids::NodeId::Client(producer.setup.client.id)
            && transit.message.api_key() == ApiKey::Produce
    });
    let end = world
        .brokers()
        .filter_map(|(_, broker)| broker.partition(partition))
        .filter(|replica| replica.is_leader())
        .map(|replica| replica.log_end_offset())
        .max()?;
    (!under_way && end > 0).then_some(end - 1)
}

fn processing(frame: &Frame, partition: &TopicPartition, offset: Offset) -> FlowState {
    let consumers = || frame.groups.iter().flat_map(|group| &group.consumers);
    let at_work = consumers()
        .filter_map(|consumer| consumer.processing.as_ref())
        .any(|processing| processing.partition == *partition && processing.offset == offset);
    let read = consumers().any(|consumer| {
        let assigned = consumer.assigned.iter().find(|assigned| assigned.partition == *partition);
        let before = consumer.processing.as_ref().is_some_and(|now| now.partition == *partition && now.offset < offset);
        assigned.and_then(|assigned| assigned.position).is_some_and(|position| position > offset) && !before
    });
    match (at_work, read) {
        (true, _) => FlowState::Now,
        (false, true) => FlowState::Done,
        (false, false) => FlowState::Waiting,
    }
}

fn commit(world: &World, frame: &Frame, partition: &TopicPartition, offset: Offset) -> FlowState {
    let done = frame
        .groups
        .iter()
        .any(|group| group.committed.iter().any(|(of, committed)| of == partition && *committed > offset));
    let under_way = world.transits().values().any(|transit| match &transit.message.body {
        MessageBody::Request(Request::OffsetCommit(request)) => {
            request.offsets.iter().any(|(of, committed)| of == partition && committed.offset > offset)
        }
        _ => false,
    });
    match (done, under_way) {
        (true, _) => FlowState::Done,
        (false, true) => FlowState::Now,
        (false, false) => FlowState::Waiting,
    }
}

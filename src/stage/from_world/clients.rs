//! Producers, and tools that have something under way.

use super::keys::Keys;
use super::{client_of, life};
use crate::kafka::client::producer::{Producer, ProducerBatch, SendResult as Result};
use crate::kafka::ids::TopicPartition;
use crate::kafka::note;
use crate::kafka::sorted::SortedSet;
use crate::sim::{ProcessState, World};
use crate::stage::frame::{BatchFrame, Life, ProducerFrame, SendOutcome, SendResult, ToolFrame};

/// Newest results in a frame.
const RESULTS: usize = 8;
/// Marks of a batch in a frame.
const MARKS: usize = 6;

pub fn producers(world: &World, keys: &Keys) -> Vec<ProducerFrame> {
    world
        .producers()
        .map(|(process, producer)| {
            let results = producer.results();
            let life = life(process.status);
            // A process that is gone has no memory, and so no batches.
            let buffered = producer.buffered_batches().filter(|_| life != Life::Down);
            let in_flight = producer.in_flight_batches().filter(|_| life != Life::Down);
            ProducerFrame {
                id: producer.setup.client.id,
                name: process.name.to_string(),
                life,
                acks: producer.setup.config.acks,
                idempotent: producer.is_idempotent(),
                producer_id: producer.identity().map(|identity| identity.producer_id),
                buffered: buffered.map(|(of, batch)| self::batch(of, batch, keys)).collect(),
                in_flight: in_flight.map(|(of, batch)| self::batch(of, batch, keys)).collect(),
                results: self::results(producer),
                acknowledged: results.acknowledged(),
                failed: results.not_written() + results.in_doubt(),
                leaders: leaders(producer),
            }
        })
        .collect()
}

fn batch(partition: &TopicPartition, batch: &ProducerBatch, keys: &Keys) -> BatchFrame {
    let encoded = batch.clone().encode();
    let (marks, records) = keys.marks_of([&encoded], MARKS);
    BatchFrame {
        partition: partition.clone(),
        marks,
        records,
        size_bytes: batch.size_bytes(),
        base_sequence: batch.sequence.map(|sequence| sequence.base_sequence),
        attempts: batch.attempts,
    }
}

fn results(producer: &Producer) -> Vec<SendResult> {
    let newest = producer.results().iter().rev().filter(|(_, result)| **result != Result::Pending).take(RESULTS);
    let mut results: Vec<SendResult> = newest
        .filter_map(|(_, result)| match result {
            Result::Pending => None,
            Result::Acknowledged { partition, offset } => {
                Some(SendResult { partition: Some(partition.clone()), outcome: SendOutcome::Acknowledged(*offset) })
            }
            Result::Failed { partition, error, outcome } => Some(SendResult {
                partition: partition.clone(),
                outcome: match outcome {
                    note::SendOutcome::NotWritten => SendOutcome::NotWritten(error.name().into()),
                    note::SendOutcome::InDoubt => SendOutcome::InDoubt(error.name().into()),
                },
            }),
        })
        .collect();
    results.reverse();
    results
}

fn leaders(producer: &Producer) -> Vec<(TopicPartition, Option<crate::kafka::ids::BrokerId>)> {
    let metadata = producer.metadata();
    metadata
        .topics()
        .flat_map(|(topic, _)| {
            let partitions = metadata.partition_count(topic).unwrap_or(0);
            (0..partitions).map(|number| {
                let partition = TopicPartition::new(topic.clone(), number);
                let leader = metadata.leader(&partition);
                (partition, leader)
            })
        })
        .collect()
}

/// Tools are shown while one of their messages is on its way.
pub fn tools(world: &World) -> Vec<ToolFrame> {
    let busy: SortedSet<_> = world
        .transits()
        .values()
        .flat_map(|transit| [transit.message.from, transit.message.to])
        .filter_map(|node| {
            world
                .process(node)
                .filter(|process| matches!(process.state, ProcessState::Wire(_)))
                .map(|process| (client_of(node), process))
        })
        .filter_map(|(client, process)| client.map(|client| (client, process.name.to_string())))
        .collect();
    busy.into_iter().map(|(id, name)| ToolFrame { id, name }).collect()
}

//! Replicas agree on everything below their high watermarks.
//!
//! Two replicas of a partition hold the same records, byte for byte and with the same leader epochs, below the smaller
//! of their high watermarks, whenever either of them got there. So an offset that was once below a high watermark never
//! stands for another record. And no follower believes more to be committed than some leader has committed.

use std::collections::BTreeMap;

use super::{Violation, notes};
use crate::kafka::broker::Partition;
use crate::kafka::ids::{BrokerId, LeaderEpoch, Offset, TopicIdPartition, TopicPartition};
use crate::kafka::log::Log;
use crate::kafka::note::Note;
use crate::kafka::record::RecordBatch;
use crate::sim::World;

pub const NAME: &str = "replicas agree below their high watermarks";

/// A batch that was committed.
#[derive(Clone, Debug)]
pub struct CommittedBatch {
    pub batch: RecordBatch,
    /// Epoch of the leader that committed it; the batch itself may be older.
    pub committed_in: LeaderEpoch,
}

/// All that was ever committed in a partition, from its first offset on.
#[derive(Clone, Debug)]
pub struct CommittedLog {
    pub partition: TopicPartition,
    pub batches: Vec<CommittedBatch>,
}

impl CommittedLog {
    /// The offset after the last committed record.
    pub fn end_offset(&self) -> Offset {
        self.batches.last().map_or(0, |last| last.batch.next_offset())
    }

    /// Place of the batch that holds `offset`, or of the first after it.
    pub fn place_of(&self, offset: Offset) -> usize {
        self.batches.partition_point(|committed| committed.batch.last_offset() < offset)
    }

    /// The batch that holds `offset`.
    pub fn batch_at(&self, offset: Offset) -> Option<&RecordBatch> {
        let batch = &self.batches.get(self.place_of(offset))?.batch;
        (batch.base_offset() <= offset).then_some(batch)
    }
}

/// The committed log of each partition.
#[derive(Clone, Debug, Default)]
pub struct CommittedLogs {
    logs: BTreeMap<TopicIdPartition, CommittedLog>,
    /// What the last step has added: partition, and place of its first new batch.
    news: Vec<(TopicIdPartition, usize)>,
}

impl CommittedLogs {
    pub fn log(&self, id: TopicIdPartition) -> Option<&CommittedLog> {
        self.logs.get(&id)
    }

    pub fn logs(&self) -> impl Iterator<Item = (TopicIdPartition, &CommittedLog)> {
        self.logs.iter().map(|(id, log)| (*id, log))
    }

    /// The newest partition of that name.
    pub fn named(&self, partition: &TopicPartition) -> Option<&CommittedLog> {
        self.logs.values().rev().find(|log| log.partition == *partition)
    }

    /// The batches that the last step has committed.
    pub fn news(&self) -> impl Iterator<Item = (TopicIdPartition, &CommittedLog, &[CommittedBatch])> {
        self.news.iter().filter_map(|(id, from)| self.logs.get(id).map(|log| (*id, log, &log.batches[*from..])))
    }

    /// Takes up what the last step has committed.
    ///
    /// # Errors
    /// A replica has something else below its high watermark than another had.
    pub fn observe(&mut self, world: &World) -> Result<(), Violation> {
        self.news.clear();
        for note in notes(world) {
            if let Note::HighWatermarkAdvanced { broker, partition, from, to, is_leader } = note
                && let Some(replica) = world.broker(*broker).and_then(|broker| broker.partition(partition))
            {
                self.advanced(*broker, replica, (*from, *to), *is_leader)?;
            }
        }
        Ok(())
    }

    fn advanced(
        &mut self,
        broker: BrokerId,
        replica: &Partition,
        (from, to): (Offset, Offset),
        is_leader: bool,
    ) -> Result<(), Violation> {
        let id = replica.id();
        let log = self
            .logs
            .entry(id)
            .or_insert_with(|| CommittedLog { partition: replica.topic_partition().clone(), batches: Vec::new() });
        let violation = |what: String| Violation { guarantee: NAME, what };
        let known = log.batches.len();
        for batch in batches_between(replica.log(), from, to) {
            let place = log.place_of(batch.base_offset());
            match log.batches.get(place) {
                Some(committed) if committed.batch == batch => {}
                Some(CommittedBatch { batch: committed, .. }) => {
                    let partition = &log.partition;
                    return Err(violation(format!(
                        "broker {broker} has {batch:?} in {partition} below its high watermark {to}, where \
                         {committed:?} was committed"
                    )));
                }
                None if !is_leader => {
                    let (partition, end) = (&log.partition, log.end_offset());
                    return Err(violation(format!(
                        "follower {broker} has the high watermark {to} of {partition}, where leaders have committed \
                         up to {end} only"
                    )));
                }
                None if batch.base_offset() != log.end_offset() => {
                    let (partition, end) = (&log.partition, log.end_offset());
                    return Err(violation(format!(
                        "leader {broker} of {partition} commits {batch:?}, and the last one committed ends at {end}"
                    )));
                }
                None => log.batches.push(CommittedBatch { batch, committed_in: replica.leader_epoch() }),
            }
        }
        if log.batches.len() > known {
            self.news.push((id, known));
        }
        Ok(())
    }
}

/// Whole batches of a log from the one that holds `from` up to `to`.
pub fn batches_between(log: &Log, from: Offset, to: Offset) -> Vec<RecordBatch> {
    let mut batches = Vec::new();
    let mut at = from.max(log.log_start_offset());
    // One read ends with its segment.
    while at < to {
        match log.read(at, i32::MAX, to, true) {
            Ok(read) if !read.is_empty() => {
                at = read.last().map_or(to, RecordBatch::next_offset);
                batches.extend(read);
            }
            _ => break,
        }
    }
    batches
}

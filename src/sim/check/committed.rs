//! Replicas agree on everything below their high watermarks.
//!
//! Two replicas of a partition hold the same records, byte for byte and with the same leader epochs, below the smaller
//! of their high watermarks, whenever either of them got there. So an offset that was once below a high watermark never
//! stands for another record. And no follower believes more to be committed than some leader has committed.
//!
//! An unclean election breaks that promise, and all that rest on it; so does a loss of power on too many machines (see
//! [`super::losses`]). A partition whose new leader lacks something committed is forsaken then, and no guarantee speaks of
//! it any more. So is one whose former leader goes on committing because it does not know of the unclean election.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::cleaned::{is_left_of, last_offsets, may_be_gone};
use super::id_at;
use super::leader_in_isr::controller_image;
use super::losses::Losses;
use super::overtaken::Overtaken;
use super::topics::Topics;
use crate::kafka::broker::Partition;
use crate::kafka::group::OFFSETS_TOPIC;
use crate::kafka::ids::{BrokerId, LeaderEpoch, NodeId, Offset, TopicIdPartition, TopicPartition};
use crate::kafka::log::Log;
use crate::kafka::metadata::MetadataImage;
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
    /// Replicas may hold less than was committed; see [`super::compaction`].
    pub is_compacted: bool,
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

    /// Whether a replica may have this batch: it was committed, or is what compaction has left of what was.
    pub fn has(&self, batch: &RecordBatch) -> bool {
        self.batch_at(batch.base_offset())
            .is_some_and(|known| if self.is_compacted { is_left_of(batch, known) } else { batch == known })
    }

    /// Whether compaction may have taken the record at `offset` away.
    pub fn may_be_gone(&self, offset: Offset) -> bool {
        let mut records = self.batch_at(offset).into_iter().flat_map(|batch| batch.records().flatten());
        let Some(record) = records.find(|record| record.offset == offset) else { return false };
        self.is_compacted && may_be_gone(&record, &last_offsets(self, self.end_offset()))
    }

    /// Of a compacted log only what compaction may not have taken away can be missing.
    fn first_missing_of_compacted(&self, replica: &Partition, epoch: LeaderEpoch) -> Option<&RecordBatch> {
        let log = replica.log();
        let held: BTreeMap<Offset, &RecordBatch> = log.batches().map(|batch| (batch.base_offset(), batch)).collect();
        let last_offsets = last_offsets(self, self.end_offset());
        let is_missing = |batch: &RecordBatch| {
            // The cleaner never shortens a log.
            if batch.next_offset() > log.log_end_offset() {
                return true;
            }
            let left = held.get(&batch.base_offset()).copied();
            if left == Some(batch) {
                return false;
            }
            let left: Vec<_> = left.into_iter().flat_map(|left| left.records().flatten()).collect();
            batch.records().flatten().any(|record| !left.contains(&record) && !may_be_gone(&record, &last_offsets))
        };
        self.batches[self.place_of(log.log_start_offset())..]
            .iter()
            .take_while(|committed| committed.committed_in < epoch)
            .map(|committed| &committed.batch)
            .find(|batch| is_missing(batch))
    }

    /// The first batch committed before `epoch` that a replica does not have.
    pub fn first_missing(&self, replica: &Partition, epoch: LeaderEpoch) -> Option<&RecordBatch> {
        if self.is_compacted {
            return self.first_missing_of_compacted(replica, epoch);
        }
        let log_start_offset = replica.log().log_start_offset();
        let mut held = replica.log().batches().skip_while(|batch| batch.next_offset() <= log_start_offset);
        self.batches[self.place_of(log_start_offset)..]
            .iter()
            .take_while(|committed| committed.committed_in < epoch)
            .find(|committed| held.next() != Some(&committed.batch))
            .map(|committed| &committed.batch)
    }
}

/// The committed log of each partition.
#[derive(Clone, Debug, Default)]
pub struct CommittedLogs {
    logs: BTreeMap<TopicIdPartition, CommittedLog>,
    /// What the last step has added: partition, and place of its first new batch.
    news: Vec<(TopicIdPartition, usize)>,
    /// Partitions that lost something committed in an unclean election, or may lose it.
    forsaken: BTreeMap<TopicIdPartition, TopicPartition>,
    /// Epoch of the last unclean election of each partition that had one.
    unclean: BTreeMap<TopicIdPartition, LeaderEpoch>,
    /// Replicas that a loss of power has made shorter.
    losses: Losses,
    /// Partitions in which a leader without registration has written in an epoch of its former life.
    split: BTreeSet<TopicIdPartition>,
    /// Whether no partition is ever forsaken.
    is_strict: bool,
    topics: Topics,
    overtaken: Overtaken,
}

impl CommittedLogs {
    /// Nothing is excused.
    pub(super) fn strict() -> CommittedLogs {
        CommittedLogs { is_strict: true, ..CommittedLogs::default() }
    }

    pub fn log(&self, id: TopicIdPartition) -> Option<&CommittedLog> {
        self.logs.get(&id)
    }

    pub fn logs(&self) -> impl Iterator<Item = (TopicIdPartition, &CommittedLog)> {
        self.logs.iter().map(|(id, log)| (*id, log))
    }

    /// What is committed in the partition of that name, as long as that means anything: None once its topic was
    /// deleted, or the partition forsaken.
    pub fn named(&self, partition: &TopicPartition) -> Option<&CommittedLog> {
        let log = self.logs.values().find(|log| log.partition == *partition)?;
        (!self.topics.was_deleted(&partition.topic)).then_some(log)
    }

    /// Whether anything can be promised of the partition of that name.
    pub fn promises(&self, partition: &TopicPartition) -> bool {
        !self.topics.was_deleted(&partition.topic) && self.forsaken.values().all(|forsaken| forsaken != partition)
    }

    /// Whether the offsets that groups commit can be relied on.
    pub fn keeps_offsets(&self) -> bool {
        self.forsaken.values().all(|forsaken| &*forsaken.topic != OFFSETS_TOPIC)
    }

    /// Whether an older commit of the group may have taken the place of a newer one.
    pub fn was_overtaken(&self, group: &str) -> bool {
        self.overtaken.has(group)
    }

    pub fn is_forsaken(&self, id: TopicIdPartition) -> bool {
        self.forsaken.contains_key(&id)
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
        self.topics.observe(world);
        self.overtaken.observe(world);
        for event in world.events() {
            match (event.note(), event.node) {
                (Some(Note::RecordsAppended { broker, partition, as_leader: true, .. }), _) => {
                    self.appended(world, *broker, partition);
                }
                (Some(Note::UnflushedLost { broker, partition, from, .. }), _) => {
                    if let Some(id) = id_at(world, *broker, partition) {
                        self.losses.lost(id, *broker, *from);
                    }
                }
                (
                    Some(Note::LeaderElected { partition, leader: Some(leader), unclean, leader_epoch, .. }),
                    Some(node),
                ) => {
                    let unclean_epoch = unclean.then_some(*leader_epoch);
                    self.elected(world, node, partition, *leader, unclean_epoch)?;
                }
                (Some(Note::HighWatermarkAdvanced { broker, partition, from, to, is_leader }), _) => {
                    if let Some(replica) = world.broker(*broker).and_then(|broker| broker.partition(partition)) {
                        self.advanced(*broker, replica, (*from, *to), *is_leader)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A replica leads. If it does not have everything that was committed, that may be excused: nobody vouches for it (an
    /// unclean election, which may do no harm all the same, as when the last known leader is elected); or too many
    /// replicas have lost data with their power. Then the partition is forsaken.
    fn elected(
        &mut self,
        world: &World,
        controller: NodeId,
        partition: &TopicPartition,
        leader: BrokerId,
        unclean_epoch: Option<LeaderEpoch>,
    ) -> Result<(), Violation> {
        let is_unclean = unclean_epoch.is_some();
        if !is_unclean && self.losses.is_empty() {
            return Ok(());
        }
        let Some(image) = controller_image(world, controller) else { return Ok(()) };
        let Some(topic_id) = image.topic(&partition.topic).map(|topic| topic.topic_id) else { return Ok(()) };
        let id = TopicIdPartition { topic_id, partition: partition.partition };
        self.unclean.extend(unclean_epoch.map(|epoch| (id, epoch)));
        let Some(log) = self.logs.get(&id) else { return Ok(()) };
        let replica = world.broker(leader).and_then(|broker| broker.partition_by_id(id));
        let missing = replica.map(|replica| log.first_missing(replica, LeaderEpoch(i32::MAX)));
        if matches!(missing, Some(None)) {
            return Ok(());
        }
        let is_excused = is_unclean
            || (self.losses.still_lacks(world, log, id, leader)
                && is_registered(world, image, leader)
                && self.losses.are_too_many(world, image, log, id));
        if !is_excused {
            // The guarantees will say what is wrong.
            return Ok(());
        }
        if self.is_strict {
            return Err(Violation {
                guarantee: super::leader_completeness::NAME,
                what: format!("broker {leader} is elected for {partition}, and lacks {missing:?}"),
            });
        }
        self.forsaken.insert(id, partition.clone());
        self.logs.remove(&id);
        Ok(())
    }

    /// A leader has written. Whether it may is looked at only if it has lost something with its power before.
    fn appended(&mut self, world: &World, broker: BrokerId, partition: &TopicPartition) {
        if self.losses.is_empty() || self.is_strict {
            return;
        }
        let is_registered = world.broker(broker).is_some_and(|it| it.lifecycle().broker_epoch().is_some());
        let Some(id) = id_at(world, broker, partition).filter(|id| self.losses.has_lost(*id, broker)) else { return };
        if !is_registered {
            self.split.insert(id);
            self.forsaken.insert(id, partition.clone());
            self.logs.remove(&id);
        }
    }

    /// Whether offset and leader epoch may name two records: see [`super::losses`].
    pub fn is_split(&self, id: TopicIdPartition) -> bool {
        self.split.contains(&id)
    }

    /// Whether a member of ISR or eligible leaders has lost something with its power, and the controller cannot know it
    /// yet or may not care: see [`super::losses`].
    pub fn excuses(&self, world: &World, image: &MetadataImage, id: TopicIdPartition, member: BrokerId) -> bool {
        let Some(log) = self.logs.get(&id).filter(|_| !self.losses.is_empty()) else { return false };
        if !self.losses.still_lacks(world, log, id, member) {
            return false;
        }
        !is_registered(world, image, member) || self.losses.are_too_many(world, image, log, id)
    }

    fn advanced(
        &mut self,
        broker: BrokerId,
        replica: &Partition,
        (from, to): (Offset, Offset),
        is_leader: bool,
    ) -> Result<(), Violation> {
        let id = replica.id();
        if self.is_forsaken(id) {
            return Ok(());
        }
        if is_leader && self.unclean.get(&id).is_some_and(|epoch| replica.leader_epoch() < *epoch) {
            // A former leader goes on without knowing that somebody else was elected uncleanly meanwhile: what it commits
            // the other one cannot have.
            self.forsaken.insert(id, replica.topic_partition().clone());
            self.logs.remove(&id);
            return Ok(());
        }
        let log = self.logs.entry(id).or_insert_with(|| CommittedLog {
            partition: replica.topic_partition().clone(),
            is_compacted: replica.log().config().is_compacted,
            batches: Vec::new(),
        });
        let violation = |what: String| Violation { guarantee: NAME, what };
        let known = log.batches.len();
        for batch in batches_between(replica.log(), from, to) {
            let place = log.place_of(batch.base_offset());
            match log.batches.get(place) {
                Some(committed) if committed.batch == batch => {}
                Some(_) if log.is_compacted && log.has(&batch) => {}
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

/// Whether the process that runs now is the one that is registered.
fn is_registered(world: &World, image: &MetadataImage, broker: BrokerId) -> bool {
    let own = world.broker(broker).and_then(|broker| broker.lifecycle().broker_epoch());
    own.is_some() && own == image.brokers.get(&broker).map(|registration| registration.epoch)
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

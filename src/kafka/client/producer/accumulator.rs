//! Batches that wait to be sent, by partition (RecordAccumulator), and the memory they hold (BufferPool).

use super::batch::{NewRecord, ProducerBatch};
use super::compression_ratio::CompressionRatio;
use super::idempotence::Idempotence;
use super::partitioner::StickyPartition;
use super::queue::PartitionQueue;
use crate::kafka::client::metadata::{ClientMetadata, KnownTopic};
use crate::kafka::config::ProducerConfig;
use crate::kafka::ids::{BrokerId, SimTime, TopicName, TopicPartition};
use crate::kafka::random::Random;
use crate::kafka::sorted::{SortedMap, SortedSet};

/// The queues of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicQueues {
    pub topic: TopicName,
    pub sticky: StickyPartition,
    /// What compression has left of its batches so far.
    pub compression_ratio: CompressionRatio,
    /// By partition number; never fewer than metadata has shown.
    pub partitions: Vec<PartitionQueue>,
}

/// Place of a partition's queue in the accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueAt {
    /// Index in [`RecordAccumulator::topics`].
    pub topic: u32,
    pub partition: i32,
}

/// What an append goes by.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The record's topic.
    pub known: &'a KnownTopic,
    pub config: &'a ProducerConfig,
    pub now: SimTime,
}

/// Who can be sent to.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    /// Leaders of at least one partition with a batch to send.
    pub brokers: SortedSet<BrokerId>,
    /// When a batch that is not ready will be: linger or backoff is over.
    pub next_check: Option<SimTime>,
    /// Whether a batch waits for a partition without a known leader.
    pub unknown_leader: bool,
}

/// Batches by topic and partition, in the order in which topics were first used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RecordAccumulator {
    topics: Vec<TopicQueues>,
    last_batch_id: u32,
    /// Bytes of `buffer.memory` in use.
    used_bytes: u64,
    /// Where in the list of its partitions each broker's next request begins, so that none starves.
    drain_from: SortedMap<BrokerId, u32>,
}

impl RecordAccumulator {
    pub fn topics(&self) -> &[TopicQueues] {
        &self.topics
    }

    /// Bytes of `buffer.memory` in use.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// The place of a topic, made now if there is none, with as many queues as it has partitions.
    pub fn topic_at(&mut self, topic: &TopicName, partition_count: usize) -> u32 {
        let at = match self.topics.iter().position(|queues| queues.topic == *topic) {
            Some(at) => at,
            None => {
                let topic = topic.clone();
                self.topics.push(TopicQueues {
                    topic,
                    sticky: StickyPartition::default(),
                    compression_ratio: CompressionRatio::default(),
                    partitions: vec![],
                });
                self.topics.len() - 1
            }
        };
        let queues = &mut self.topics[at];
        for partition in queues.partitions.len()..partition_count {
            let partition = TopicPartition::new(topic.clone(), partition as i32);
            queues.partitions.push(PartitionQueue::new(partition));
        }
        at as u32
    }

    pub fn topic(&self, at: u32) -> &TopicQueues {
        &self.topics[at as usize]
    }

    /// The queue at this place.
    pub fn queue(&mut self, at: QueueAt) -> &mut PartitionQueue {
        &mut self.topics[at.topic as usize].partitions[at.partition as usize]
    }

    /// All queues that were ever used.
    pub fn queues(&self) -> impl Iterator<Item = &PartitionQueue> {
        self.topics.iter().flat_map(|topic| topic.partitions.iter()).filter(|queue| queue.used)
    }

    pub fn queues_mut(&mut self) -> impl Iterator<Item = &mut PartitionQueue> {
        self.topics.iter_mut().flat_map(|topic| topic.partitions.iter_mut()).filter(|queue| queue.used)
    }

    /// Puts a record into the last batch of its partition, or into a new one; `partition` None: wherever keyless
    /// records go at present. Returns the partition; None: `buffer.memory` is used up.
    pub fn append(
        &mut self,
        topic_at: u32,
        partition: Option<i32>,
        record: &NewRecord,
        given: &Given,
        random: &mut Random,
    ) -> Option<i32> {
        let Given { known, config, now } = *given;
        // A size of 0 means "no batching": any record fills its batch.
        let batch_size = config.batch_size.max(1);
        let topic = &mut self.topics[topic_at as usize];
        loop {
            let chosen = match partition {
                Some(partition) => partition,
                None => topic.sticky.current_or_draw(known, random),
            };
            let is_sticky = partition.is_none();
            let queue = &mut topic.partitions[chosen as usize];
            queue.used = true;
            let mut may_switch = is_sticky && queue.is_last_full();
            if may_switch && topic.sticky.update(0, true, batch_size, known, random) {
                continue;
            }
            if let Some(bytes) = queue.queued.back_mut().and_then(|batch| batch.try_append(record)) {
                if is_sticky {
                    topic.sticky.update(bytes, queue.is_last_full(), batch_size, known, random);
                }
                return Some(chosen);
            }
            let size = record.size_upper_bound.max(batch_size as usize);
            if self.used_bytes + size as u64 > config.buffer_memory {
                return None;
            }
            // The last batch had no room left, so it is full now.
            may_switch = is_sticky && queue.is_last_full();
            if may_switch && topic.sticky.update(0, true, batch_size, known, random) {
                continue;
            }
            self.last_batch_id += 1;
            let mut batch = ProducerBatch::new(
                self.last_batch_id,
                size,
                (config.compressor(), topic.compression_ratio),
                record,
                now,
            );
            batch.allocated_bytes = size as u32;
            self.used_bytes += size as u64;
            let bytes = u64::from(batch.size_bytes());
            queue.queued.push_back(batch);
            if is_sticky {
                topic.sticky.update(bytes, queue.is_last_full(), batch_size, known, random);
            }
            return Some(chosen);
        }
    }

    /// Looks which brokers could be sent something, and measures the queues for the choice of sticky partitions.
    /// `send_all`: nothing lingers (flush, close, or memory is used up).
    pub fn ready(&mut self, metadata: &ClientMetadata, config: &ProducerConfig, send_all: bool, now: SimTime) -> Ready {
        let mut ready = Ready::default();
        for topic in &mut self.topics {
            let known = metadata.topic(&topic.topic);
            let leader_of = |partition: i32| {
                known
                    .and_then(|known| known.partitions.get(partition as usize))
                    .copied()
                    .filter(|known| known.leader.is_some())
            };
            if config.partitioner_adaptive_partitioning_enable {
                let used = topic.partitions.iter().filter(|queue| queue.used).count();
                let all_used = known.is_some_and(|known| used >= known.partitions.len());
                let queues: Vec<(i32, u32)> = if all_used {
                    (0..)
                        .zip(&topic.partitions)
                        .filter(|(partition, queue)| queue.used && leader_of(*partition).is_some())
                        .map(|(partition, queue)| (partition, queue.queued.len() as u32))
                        .collect()
                } else {
                    vec![]
                };
                topic.sticky.set_queue_lengths(all_used.then_some((&queues, used as u32)));
            }
            for (partition, queue) in (0..).zip(&mut topic.partitions) {
                let is_muted = queue.is_muted(config);
                let more_wait = queue.queued.len() > 1;
                let Some(first) = queue.queued.front_mut() else { continue };
                let Some((leader, leader_epoch)) =
                    leader_of(partition).and_then(|known| Some((known.leader?, known.leader_epoch)))
                else {
                    ready.unknown_leader = true;
                    continue;
                };
                first.see_leader_epoch(leader_epoch);
                if is_muted || ready.brokers.contains(&leader) {
                    continue;
                }
                let lingers_until = first.waits_since.plus_ms(u64::from(config.linger_ms));
                let mut check = |at: SimTime| {
                    ready.next_check = Some(ready.next_check.map_or(at, |next| next.min(at)));
                };
                if let Some(until) = first.backoff_until(now) {
                    check(until);
                } else if more_wait || first.is_full() || send_all || lingers_until <= now {
                    ready.brokers.insert(leader);
                } else {
                    check(lingers_until);
                }
            }
        }
        ready
    }

    /// Takes what goes into one request to this broker: the first batch of each partition it leads, up to
    /// `max.request.size`. The batches stand in [`PartitionQueue::sent`] then, with their sequence numbers.
    pub fn drain(
        &mut self,
        broker: BrokerId,
        metadata: &ClientMetadata,
        config: &ProducerConfig,
        idempotence: &Idempotence,
        now: SimTime,
    ) -> Vec<(QueueAt, u32)> {
        let mut led: Vec<QueueAt> = Vec::new();
        for (topic, queues) in (0..).zip(&self.topics) {
            let Some(known) = metadata.topic(&queues.topic) else { continue };
            let queued = (0..).zip(known.partitions.iter().zip(&queues.partitions));
            led.extend(
                queued
                    .filter(|(_, (known, _))| known.leader == Some(broker))
                    .map(|(partition, _)| QueueAt { topic, partition }),
            );
        }
        let mut drained = Vec::new();
        let Some(start) = self.drain_from.get(&broker).map_or(0, |from| *from as usize).checked_rem(led.len()) else {
            return drained;
        };
        let mut size: u64 = 0;
        for step in 0..led.len() {
            let index = (start + step) % led.len();
            self.drain_from.insert(broker, index as u32);
            let at = led[index];
            let queue = &mut self.topics[at.topic as usize].partitions[at.partition as usize];
            if queue.is_muted(config) {
                continue;
            }
            let Some(first) = queue.queued.front() else { continue };
            if first.backoff_until(now).is_some() {
                continue;
            }
            let exceeds = size + u64::from(first.size_bytes()) > u64::from(config.max_request_size);
            if (exceeds && !drained.is_empty()) || queue.must_wait(idempotence) {
                break;
            }
            if let Some(batch) = queue.drain_first(idempotence.identity()) {
                size += u64::from(batch.size_bytes());
                drained.push((at, batch.id));
            }
        }
        drained
    }

    /// A batch of this queue was compressed.
    pub fn observe_compression(&mut self, at: QueueAt, compressed: u64, uncompressed: u64) {
        self.topics[at.topic as usize].compression_ratio.observe(compressed, uncompressed);
    }

    /// Returns the memory of a batch that is done.
    pub fn deallocate(&mut self, batch: &ProducerBatch) {
        self.used_bytes = self.used_bytes.saturating_sub(u64::from(batch.allocated_bytes));
    }

    /// Splits a batch that was too large and puts the parts where it would be. Returns into how many.
    pub fn split_and_reenqueue(&mut self, at: QueueAt, mut batch: ProducerBatch, batch_size: u32) -> u32 {
        self.deallocate(&batch);
        let ratio = &mut self.topics[at.topic as usize].compression_ratio;
        if let Some((compressed, uncompressed)) = batch.compressed_bytes() {
            ratio.reset_after_split(compressed, uncompressed);
        }
        let parts = batch.split(&mut self.last_batch_id, batch_size, *ratio);
        let count = parts.len() as u32;
        for part in parts.into_iter().rev() {
            self.queue(at).reenqueue(part);
        }
        count
    }

    /// Whether no batch is queued or in flight.
    pub fn is_empty(&self) -> bool {
        self.queues().all(|queue| queue.queued.is_empty() && queue.sent.is_empty())
    }
}

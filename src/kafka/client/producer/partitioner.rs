//! Which partition a record goes to (BuiltInPartitioner and KafkaProducer.partition; KIP-480, KIP-794).

use crate::kafka::client::metadata::KnownTopic;
use crate::kafka::hash::murmur2::explain_partition_for_key;
use crate::kafka::note::PartitionChoice;
use crate::kafka::random::Random;

/// The partition that a record names or its key demands; None: it may go anywhere, see [`StickyPartition`].
pub fn fixed_partition(
    partition: Option<i32>,
    key: Option<&[u8]>,
    ignore_keys: bool,
    partition_count: i32,
) -> Option<(i32, PartitionChoice)> {
    match (partition, key) {
        (Some(partition), _) => Some((partition, PartitionChoice::Given)),
        (None, Some(key)) if !ignore_keys => {
            let by_key = explain_partition_for_key(key, partition_count);
            Some((by_key.partition, PartitionChoice::Key { murmur2: by_key.hash, partitions: partition_count }))
        }
        _ => None,
    }
}

/// The partition of a topic that keyless records stick to, and how the next one is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StickyPartition {
    current: Option<i32>,
    /// Since the partition was chosen.
    produced_bytes: u64,
    /// Partitions with running sums of their weights, if queues of unequal length speak for some of them.
    weights: Option<Vec<(i32, u64)>>,
}

impl StickyPartition {
    /// The partition that keyless records go to at present; None before the first of them.
    pub fn current(&self) -> Option<i32> {
        self.current
    }

    /// Bytes that went to the current partition since it was chosen.
    pub fn produced_bytes(&self) -> u64 {
        self.produced_bytes
    }

    /// The current partition, drawn now if there is none.
    pub fn current_or_draw(&mut self, topic: &KnownTopic, random: &mut Random) -> i32 {
        match self.current {
            Some(partition) => partition,
            None => self.switch(topic, random),
        }
    }

    /// Counts `appended_bytes` and changes the partition once `batch_size` bytes have gone to it; only if all its
    /// batches are full, so as not to leave a part of a batch behind, but at the latest at twice that size. True if a
    /// choice was made, even if it fell on the same partition.
    pub fn update(
        &mut self,
        appended_bytes: u64,
        all_batches_full: bool,
        batch_size: u32,
        topic: &KnownTopic,
        random: &mut Random,
    ) -> bool {
        self.produced_bytes += appended_bytes;
        let batch_size = u64::from(batch_size);
        let enough = self.produced_bytes >= batch_size && all_batches_full;
        let switches = enough || self.produced_bytes >= batch_size * 2;
        if switches {
            self.switch(topic, random);
        }
        switches
    }

    fn switch(&mut self, topic: &KnownTopic, random: &mut Random) -> i32 {
        let partition = self.draw(topic, random);
        self.current = Some(partition);
        self.produced_bytes = 0;
        partition
    }

    fn draw(&self, topic: &KnownTopic, random: &mut Random) -> i32 {
        if let Some(weights) = &self.weights
            && let Some((_, total)) = weights.last()
        {
            let drawn = random.below(*total);
            let place = weights.partition_point(|(_, sum)| *sum <= drawn);
            return weights[place].0;
        }
        let with_leader = topic.partitions.iter().filter(|partition| partition.leader.is_some()).count();
        if with_leader == 0 {
            return random.below(topic.partitions.len() as u64) as i32;
        }
        let drawn = random.below(with_leader as u64) as usize;
        let available = (0..).zip(&topic.partitions).filter(|(_, partition)| partition.leader.is_some());
        available.map(|(number, _)| number).nth(drawn).unwrap_or(0)
    }

    /// Takes over the queues of the partitions that have a leader, as (partition, batches waiting): a partition with
    /// fewer waiting is drawn more often (adaptive partitioning). `all`: how many partitions there are. None, fewer
    /// than two, or all equal: each is as good as the other.
    pub fn set_queue_lengths(&mut self, queues: Option<(&[(i32, u32)], u32)>) {
        self.weights = None;
        let Some((queues, all)) = queues else { return };
        let Some(longest) = queues.iter().map(|(_, length)| *length).max() else { return };
        let all_equal = queues.iter().all(|(_, length)| *length == longest);
        if all < 2 || (all_equal && queues.len() as u32 == all) {
            return;
        }
        let mut sum = 0;
        let weigh = |(partition, length): &(i32, u32)| {
            sum += u64::from(longest + 1 - length);
            (*partition, sum)
        };
        self.weights = Some(queues.iter().map(weigh).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::client::metadata::KnownLeader;
    use crate::kafka::ids::{BrokerId, LeaderEpoch, TopicId};

    fn topic(leaders: &[Option<i32>]) -> KnownTopic {
        let partition =
            |leader: &Option<i32>| KnownLeader { leader: leader.map(BrokerId), leader_epoch: LeaderEpoch(0) };
        KnownTopic { topic_id: TopicId(1), partitions: leaders.iter().map(partition).collect() }
    }

    #[test]
    fn a_named_partition_wins_over_the_key_and_an_empty_key_is_a_key() {
        assert_eq!(fixed_partition(Some(5), Some(b"k"), false, 7), Some((5, PartitionChoice::Given)));
        assert_eq!(fixed_partition(None, None, false, 7), None);
        assert_eq!(fixed_partition(None, Some(b"alice"), true, 7), None);
        // Recorded from a real Kafka 4.3.1 cluster: a topic of 7 partitions.
        for (key, partition) in [("alice", 1), ("bob", 5), ("", 2), ("ключ", 4), ("订单-7", 4), ("abc", 4)] {
            let chosen = fixed_partition(None, Some(key.as_bytes()), false, 7).map(|(partition, _)| partition);
            assert_eq!(chosen, Some(partition), "{key}");
        }
    }

    #[test]
    fn keyless_records_stick_until_the_batch_size_is_reached_at_the_end_of_a_batch() {
        let topic = topic(&[Some(0), Some(1), Some(2)]);
        let mut random = Random::stream(5, 5);
        let mut sticky = StickyPartition::default();
        let first = sticky.current_or_draw(&topic, &mut random);
        assert!(!sticky.update(99, true, 100, &topic, &mut random));
        assert!(!sticky.update(1, false, 100, &topic, &mut random), "the batch is not full");
        assert!(!sticky.update(99, false, 100, &topic, &mut random));
        assert_eq!(sticky.current(), Some(first));
        assert!(sticky.update(1, false, 100, &topic, &mut random), "twice the batch size");
        assert_eq!(sticky.produced_bytes(), 0);
        assert!(sticky.update(100, true, 100, &topic, &mut random));
    }

    #[test]
    fn partitions_without_leader_are_drawn_only_if_none_has_one() {
        let mut random = Random::stream(5, 5);
        let mut drawn = |topic: &KnownTopic| {
            let mut seen = [0; 3];
            for _ in 0..300 {
                seen[StickyPartition::default().current_or_draw(topic, &mut random) as usize] += 1;
            }
            seen
        };
        let seen = drawn(&topic(&[Some(0), None, Some(2)]));
        assert!(seen[0] > 100 && seen[1] == 0 && seen[2] > 100, "{seen:?}");
        assert!(drawn(&topic(&[None, None, None])).iter().all(|count| *count > 50));
    }

    #[test]
    fn a_shorter_queue_is_drawn_more_often() {
        let topic = topic(&[Some(0), Some(1), Some(2)]);
        let mut random = Random::stream(9, 9);
        let mut sticky = StickyPartition::default();
        sticky.set_queue_lengths(Some((&[(0, 0), (1, 3), (2, 1)], 3)));
        let mut seen = [0; 3];
        for _ in 0..8_000 {
            seen[sticky.switch(&topic, &mut random) as usize] += 1;
        }
        // Weights 4, 1 and 3.
        assert!((3_700..4_300).contains(&seen[0]) && (850..1_150).contains(&seen[1]), "{seen:?}");
        sticky.set_queue_lengths(Some((&[(0, 2), (1, 2), (2, 2)], 3)));
        assert_eq!(sticky.weights, None, "equal queues say nothing");
    }
}

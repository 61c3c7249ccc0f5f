//! SubscriptionState: what the application wants to read, what is assigned, and where it stands.

use std::collections::VecDeque;

use crate::kafka::config::AutoOffsetReset;
use crate::kafka::hash::java_hash_map::{java_hash_map_order, java_hash_map_order_from, java_partition_hash};
use crate::kafka::ids::{BrokerId, LeaderEpoch, Offset, SimTime, TopicName, TopicPartition};
use crate::kafka::note::PositionReason;
use crate::kafka::protocol::list_offsets::OffsetSpec;
use crate::kafka::protocol::offsets::OffsetAndMetadata;
use crate::kafka::record::RecordBatch;
use crate::kafka::sorted::{SmallSort, SortedMap};

/// How partitions come to the consumer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum SubscriptionKind {
    #[default]
    None,
    /// `subscribe()`: through the group.
    Topics(Vec<TopicName>),
    /// `assign()`: by itself.
    Assigned,
}

/// Offset of the next record to hand out, and the epoch of the record before it (KIP-320).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FetchPosition {
    pub offset: Offset,
    pub epoch: Option<LeaderEpoch>,
}

/// A position that is being looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetReset {
    pub spec: OffsetSpec,
    pub reason: PositionReason,
}

/// One assigned partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct PartitionState {
    pub position: Option<FetchPosition>,
    /// Set while the position is looked for by ListOffsets.
    pub reset: Option<OffsetReset>,
    /// The leader epoch under which the position was checked last.
    pub checked_epoch: Option<LeaderEpoch>,
    /// The position must be checked with the leader before it is fetched from (KIP-320).
    pub needs_check: bool,
    pub paused: bool,
    pub high_watermark: Option<Offset>,
    /// What the group is known to have committed.
    pub committed: Option<OffsetAndMetadata>,
    /// Fetched and not yet handed out.
    pub buffered: VecDeque<RecordBatch>,
    /// Read from this follower instead of the leader (KIP-392).
    pub preferred_replica: Option<BrokerId>,
    /// Not before this time is anything tried again.
    pub retry_at: SimTime,
}

impl PartitionState {
    /// Whether a fetch may be sent for it.
    pub fn is_fetchable(&self, now: SimTime) -> bool {
        self.position.is_some() && !self.needs_check && !self.paused && self.buffered.is_empty() && self.retry_at <= now
    }

    /// Whether records wait here for the next `poll()`, which may hand them out.
    pub fn holds_records(&self) -> bool {
        self.position.is_some() && !self.needs_check && !self.paused && !self.buffered.is_empty()
    }

    /// Forgets what was fetched, and stands somewhere else.
    pub fn seek(&mut self, position: FetchPosition) {
        self.position = Some(position);
        self.reset = None;
        self.buffered.clear();
        self.needs_check = false;
        self.preferred_replica = None;
    }

    /// Looks for a new position.
    pub fn ask_reset(&mut self, reset: OffsetReset) {
        self.position = None;
        self.reset = Some(reset);
        self.buffered.clear();
        self.needs_check = false;
    }
}

/// What `auto.offset.reset` looks for at a moment; None: nothing (`none`).
pub fn policy_reset(policy: AutoOffsetReset, wall_ms: i64) -> Option<OffsetReset> {
    Some(match policy {
        AutoOffsetReset::None => return None,
        AutoOffsetReset::Earliest => {
            OffsetReset { spec: OffsetSpec::Earliest, reason: PositionReason::ResetToEarliest }
        }
        AutoOffsetReset::Latest => OffsetReset { spec: OffsetSpec::Latest, reason: PositionReason::ResetToLatest },
        AutoOffsetReset::ByDuration(back_ms) => OffsetReset {
            spec: OffsetSpec::Timestamp(wall_ms.saturating_sub(i64::try_from(back_ms).unwrap_or(i64::MAX))),
            reason: PositionReason::ResetByDuration,
        },
    })
}

/// What the application wants to read, and what is assigned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct SubscriptionState {
    pub kind: SubscriptionKind,
    partitions: SortedMap<TopicPartition, PartitionState>,
    /// The assigned partitions as they are fetched (`PartitionStates`).
    fetch_order: Vec<TopicPartition>,
    /// Those of which something is buffered, as it came (`FetchBuffer`).
    completed_fetches: Vec<TopicPartition>,
}

impl SubscriptionState {
    /// Topics that were subscribed to.
    pub fn topics(&self) -> &[TopicName] {
        match &self.kind {
            SubscriptionKind::Topics(topics) => topics,
            _ => &[],
        }
    }

    /// Whether partitions come through a group.
    pub fn is_group(&self) -> bool {
        matches!(self.kind, SubscriptionKind::Topics(_))
    }

    pub fn needs_metadata(&self) -> bool {
        self.kind != SubscriptionKind::None
    }

    pub fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, &PartitionState)> {
        self.partitions.iter()
    }

    pub fn partitions_mut(&mut self) -> impl Iterator<Item = (&TopicPartition, &mut PartitionState)> {
        self.partitions.iter_mut()
    }

    /// The assigned partitions in the order in which they stand in a fetch.
    pub fn in_fetch_order(&self) -> impl Iterator<Item = (&TopicPartition, &PartitionState)> {
        self.fetch_order.iter().filter_map(|partition| self.partitions.get_key_value(partition))
    }

    /// Those whose records can be handed out, in this order. Whatever is paused goes behind the others.
    pub fn completed_fetches(&mut self) -> Vec<TopicPartition> {
        let SubscriptionState { partitions, completed_fetches, .. } = self;
        completed_fetches.retain(|partition| partitions.get(partition).is_some_and(|state| !state.buffered.is_empty()));
        completed_fetches.sort_small_by_key(|partition| partitions.get(partition).is_some_and(|state| state.paused));
        completed_fetches.clone()
    }

    /// Something of a partition was fetched.
    pub fn fetch_completed(&mut self, partition: &TopicPartition) {
        self.completed_fetches.retain(|other| other != partition);
        self.completed_fetches.push(partition.clone());
    }

    /// All that was fetched of a partition was handed out: others come first now (`movePartitionToEnd`).
    pub fn move_to_end(&mut self, partition: &TopicPartition) {
        if let Some(place) = self.fetch_order.iter().position(|other| other == partition) {
            let moved = self.fetch_order.remove(place);
            self.fetch_order.push(moved);
        }
    }

    pub fn states(&self) -> impl Iterator<Item = &PartitionState> {
        self.partitions.values()
    }

    pub fn get(&self, partition: &TopicPartition) -> Option<&PartitionState> {
        self.partitions.get(partition)
    }

    pub fn get_mut(&mut self, partition: &TopicPartition) -> Option<&mut PartitionState> {
        self.partitions.get_mut(partition)
    }

    /// Assigns just these; those that stay keep their state.
    pub fn assign(&mut self, partitions: impl IntoIterator<Item = TopicPartition>) {
        let mut old = std::mem::take(&mut self.partitions);
        for partition in partitions {
            let state = old.remove(&partition).unwrap_or_default();
            self.partitions.insert(partition, state);
        }
        self.fetch_order = self.hash_map_order();
    }

    /// The order of a Java hash map, then by topic as each first comes. What a group has assigned is put into a map that
    /// has room for just that many.
    fn hash_map_order(&self) -> Vec<TopicPartition> {
        let all: Vec<&TopicPartition> = self.partitions.keys().collect();
        let hashes: Vec<i32> = all.iter().map(|partition| java_partition_hash(partition)).collect();
        let order = match self.is_group() {
            true => java_hash_map_order_from(&hashes, hashes.len()),
            false => java_hash_map_order(&hashes),
        };
        let mut topics: Vec<&TopicName> = Vec::new();
        for &place in &order {
            if !topics.contains(&&all[place].topic) {
                topics.push(&all[place].topic);
            }
        }
        let of_topic = |topic: &&TopicName| {
            let topic = (*topic).clone();
            order.iter().map(|&place| all[place]).filter(move |partition| partition.topic == topic).cloned()
        };
        topics.iter().flat_map(of_topic).collect()
    }

    /// Takes everything away; returns what was assigned.
    pub fn clear(&mut self) -> Vec<TopicPartition> {
        self.fetch_order.clear();
        self.completed_fetches.clear();
        std::mem::take(&mut self.partitions).into_keys().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub fn retry_all_at(&mut self, at: SimTime) {
        for state in self.partitions.values_mut() {
            state.retry_at = at;
        }
    }

    /// Positions of all partitions that have one, for a commit.
    pub fn all_consumed(&self) -> Vec<(TopicPartition, OffsetAndMetadata)> {
        self.partitions
            .iter()
            .filter_map(|(partition, state)| {
                let position = state.position?;
                let offset = OffsetAndMetadata {
                    offset: position.offset,
                    leader_epoch: position.epoch,
                    metadata: String::new(),
                };
                Some((partition.clone(), offset))
            })
            .collect()
    }
}

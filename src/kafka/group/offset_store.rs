//! Committed offsets (`OffsetMetadataManager`).

use std::rc::Rc;

use super::classic_group::{CONSUMER_PROTOCOL, ClassicGroup};
use crate::kafka::ids::{LeaderEpoch, Offset, TopicId, TopicPartition};
use crate::kafka::note::GroupState;
use crate::kafka::protocol::offsets::OffsetAndMetadata;
use crate::kafka::sorted::SortedMap;

/// A commit as it lies in `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredOffset {
    pub offset: Offset,
    pub leader_epoch: Option<LeaderEpoch>,
    pub metadata: String,
    /// Epoch milliseconds.
    pub commit_timestamp_ms: i64,
    pub topic_id: Option<TopicId>,
}

impl StoredOffset {
    pub fn to_offset_and_metadata(&self) -> OffsetAndMetadata {
        OffsetAndMetadata { offset: self.offset, leader_epoch: self.leader_epoch, metadata: self.metadata.clone() }
    }
}

/// The offsets of one group.
pub type GroupOffsets = SortedMap<TopicPartition, StoredOffset>;

/// The offsets of all groups of this coordinator. Only commits that the high watermark has passed are in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OffsetStore {
    by_group: SortedMap<String, Rc<GroupOffsets>>,
}

impl OffsetStore {
    pub fn group(&self, group: &str) -> Option<&GroupOffsets> {
        self.by_group.get(group).map(Rc::as_ref)
    }

    pub fn get(&self, group: &str, partition: &TopicPartition) -> Option<&StoredOffset> {
        self.group(group)?.get(partition)
    }

    /// Stores a commit; None takes it away.
    pub fn put(&mut self, group: &str, partition: TopicPartition, value: Option<StoredOffset>) {
        match value {
            Some(value) => {
                if !self.by_group.contains_key(group) {
                    self.by_group.insert(group.to_owned(), Rc::default());
                }
                if let Some(offsets) = self.by_group.get_mut(group) {
                    Rc::make_mut(offsets).insert(partition, value);
                }
            }
            None => {
                if let Some(offsets) = self.by_group.get_mut(group) {
                    Rc::make_mut(offsets).remove(&partition);
                    if offsets.is_empty() {
                        self.by_group.remove(group);
                    }
                }
            }
        }
    }

    pub fn remove_group(&mut self, group: &str) {
        self.by_group.remove(group);
    }

    /// The offsets of a group that have expired, and whether that is all of them.
    ///
    /// What counts: the time since the group became empty; for a simple group, and for topics that a stable group is
    /// not subscribed to, the time since the commit (`OffsetExpirationCondition`).
    pub fn expired(&self, group: &ClassicGroup, now_ms: i64, retention_ms: i64) -> (Vec<TopicPartition>, bool) {
        let Some(offsets) = self.group(&group.group_id) else {
            return (Vec::new(), true);
        };
        let is_consumer = group.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL);
        let from_emptiness = match group.state {
            _ if group.protocol_type.is_none() => false,
            GroupState::Empty => true,
            GroupState::Stable if is_consumer && group.subscribed_topics.is_some() => false,
            _ => return (Vec::new(), false),
        };
        let has_expired = |stored: &StoredOffset| {
            let since = if from_emptiness { group.state_timestamp_ms } else { stored.commit_timestamp_ms };
            now_ms.saturating_sub(since) >= retention_ms
        };
        let expired: Vec<TopicPartition> = offsets
            .iter()
            .filter(|(partition, stored)| !group.is_subscribed_to(&partition.topic) && has_expired(stored))
            .map(|(partition, _)| partition.clone())
            .collect();
        let all = expired.len() == offsets.len();
        (expired, all)
    }
}

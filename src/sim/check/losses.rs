//! Which replicas have lost something committed with their machine's power, and when a partition may lose it by that.
//!
//! A record acknowledged with acks=all lies on `min.insync.replicas` replicas at least. A loss of power takes away what
//! was only in a page cache. With eligible leader replicas (KIP-966) a broker that comes back after an unclean end is
//! taken out of the ISR and of the eligible leaders, so a record is lost only if as many replicas as the minimum lose it.
//! Without them the last member of the ISR stays in it while it is down, and leads again whatever it has lost: one such
//! loss is enough.
//!
//! One thing more can go wrong. A leader that loses its power and comes back before any controller has noticed, or while
//! none is there, takes its part again in the epoch that it led before, on a log that has become shorter. It lets nobody
//! in until it has registered, so no client writes to it; but the group coordinator on it may, when a member's session
//! expires. Then offset and leader epoch name two records, and nobody can tell where the logs part.

use std::collections::BTreeMap;

use super::committed::CommittedLog;
use super::leader_in_isr::effective_min_isr;
use crate::kafka::ids::{BrokerId, LeaderEpoch, Offset, TopicIdPartition};
use crate::kafka::metadata::MetadataImage;
use crate::sim::World;

/// Replicas that have lost something. It need not be committed when they lose it: their leader may have heard that they
/// have it, and commit it afterwards.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// Where each log ended before.
    of: BTreeMap<(TopicIdPartition, BrokerId), Offset>,
}

impl Losses {
    /// Whether the replica has ever become shorter.
    pub(super) fn has_lost(&self, id: TopicIdPartition, broker: BrokerId) -> bool {
        self.of.contains_key(&(id, broker))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The replica's log has become shorter without power.
    pub(super) fn lost(&mut self, id: TopicIdPartition, broker: BrokerId, former_end: Offset) {
        let end = self.of.entry((id, broker)).or_default();
        *end = former_end.max(*end);
    }

    /// Whether the replica has lost something committed with its power, and has not copied it again since.
    pub(super) fn still_lacks(
        &self,
        world: &World,
        log: &CommittedLog,
        id: TopicIdPartition,
        broker: BrokerId,
    ) -> bool {
        let Some(former_end) = self.of.get(&(id, broker)) else { return false };
        let replica = world.broker(broker).and_then(|broker| broker.partition_by_id(id));
        let missing = replica.and_then(|replica| log.first_missing(replica, LeaderEpoch(i32::MAX)));
        missing.is_some_and(|batch| batch.base_offset() < *former_end)
    }

    /// Whether so many replicas have lost something that the partition may lose it.
    pub(super) fn are_too_many(
        &self,
        world: &World,
        image: &MetadataImage,
        log: &CommittedLog,
        id: TopicIdPartition,
    ) -> bool {
        let lacking = self.of.keys().filter(|(of, broker)| *of == id && self.still_lacks(world, log, id, *broker));
        let lacking = lacking.count();
        let replicas = image.topic_by_id(id.topic_id).and_then(|topic| topic.partitions.get(&id.partition));
        let replicas = replicas.map_or(0, |registration| registration.replicas.len());
        match world.spec().eligible_leader_replicas {
            true => lacking >= effective_min_isr(world, image, &log.partition, replicas).max(1),
            false => lacking >= 1,
        }
    }
}

//! Followers that have everything and ask again and again.
//!
//! Each fetch of a session tells the leader of all its partitions that the follower is still there. Most of them are as
//! they were; writing the time down with every one of them would change, and let checkpoints copy, the whole broker. So
//! the time is written down once, for the follower: it counts for those partitions where it is quiet.

use super::fetch_session_cache::FetchContext;
use super::partition::Partition;
use super::replica_manager::ReplicaManager;
use crate::kafka::ids::{BrokerEpoch, BrokerId, Offset, SimTime, TopicIdPartition};
use crate::kafka::protocol::fetch::FetchPartition;
use crate::kafka::sorted::SortedMap;

/// In which session each follower fetches, and when it did so last.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct SessionFetches(SortedMap<BrokerId, (i32, SimTime)>);

impl SessionFetches {
    /// The last fetch in the session, which counts where [`super::replica::Replica::is_quiet`] is set.
    pub fn last(&self, follower: BrokerId) -> Option<SimTime> {
        self.0.get(&follower).map(|(_, at)| *at)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Partition {
    /// Whether the fetch says of its follower what is known, but that it was sent now.
    pub(super) fn is_quiet_fetch(
        &self,
        follower: BrokerId,
        asked: &FetchPartition,
        log_end_offset: Offset,
        broker_epoch: Option<BrokerEpoch>,
    ) -> bool {
        self.followers.get(&follower).is_some_and(|replica| {
            replica.is_quiet
                && replica.log_end_offset == asked.fetch_offset
                && replica.log_start_offset == asked.log_start_offset
                && replica.last_fetch_leader_log_end_offset == log_end_offset
                && replica.broker_epoch == broker_epoch
        }) && self.isr.contains(&follower)
    }
}

impl ReplicaManager {
    /// A follower fetches; before anything is read.
    pub(super) fn follower_fetches(&mut self, follower: BrokerId, context: &FetchContext) {
        let before = self.session_fetches.0.get(&follower).map(|(session_id, _)| *session_id);
        let is_same = match context {
            FetchContext::Incremental(incremental) => before == Some(incremental.session_id),
            FetchContext::Sessionless | FetchContext::Full => false,
        };
        if before.is_some() && !is_same {
            let ids: Vec<TopicIdPartition> = self.partitions.keys().copied().collect();
            ids.into_iter().for_each(|id| self.end_quiet(id, follower));
            self.session_fetches.0.remove(&follower);
        }
    }

    /// The fetch was read.
    pub(super) fn follower_has_fetched(&mut self, follower: BrokerId, context: &FetchContext, now: SimTime) {
        if let FetchContext::Incremental(incremental) = context {
            self.session_fetches.0.insert(follower, (incremental.session_id, now));
        }
    }

    /// From this fetch on the follower is quiet there, if it is in sync.
    pub(super) fn begin_quiet(&mut self, id: TopicIdPartition, follower: BrokerId) {
        let Some(partition) = self.partition_mut(id) else { return };
        if partition.isr.contains(&follower)
            && let Some(replica) = partition.followers.get_mut(&follower)
        {
            replica.is_quiet = true;
        }
    }

    /// Something is to be told, or the partition leaves the session: up to its last fetch the follower was quiet.
    pub(super) fn end_quiet(&mut self, id: TopicIdPartition, follower: BrokerId) {
        let is_quiet =
            |partition: &Partition| partition.followers.get(&follower).is_some_and(|replica| replica.is_quiet);
        if !self.partitions.get(&id).is_some_and(|partition| is_quiet(partition)) {
            return;
        }
        let last = self.session_fetches.last(follower);
        let replica = self.partition_mut(id).and_then(|partition| partition.followers.get_mut(&follower));
        if let Some(replica) = replica {
            replica.is_quiet = false;
            replica.last_fetch_at = replica.last_fetch_at.max(last);
            replica.last_caught_up_at = replica.last_caught_up_at.max(last);
        }
    }
}

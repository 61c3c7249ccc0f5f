//! A partition on this broker: its log and its part as leader or follower (`Partition`).

use std::rc::Rc;

use super::context::Context;
use super::quiet_followers::SessionFetches;
use super::replica::Replica;
use super::topic_settings::TopicSettings;
use crate::kafka::ids::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch, TopicIdPartition, TopicPartition};
use crate::kafka::log::Log;
use crate::kafka::metadata::PartitionRegistration;
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::produce::CurrentLeader;
use crate::kafka::sorted::SortedMap;

/// An ISR that was asked for and is not confirmed (`PendingExpandIsr`, `PendingShrinkIsr`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PendingIsr {
    /// As sent to the controller.
    pub isr: Vec<BrokerId>,
    /// Members with the broker epoch of their last fetch.
    pub members: Vec<(BrokerId, Option<BrokerEpoch>)>,
}

/// One replica of a partition: the one that lies on this broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    pub(super) topic_partition: TopicPartition,
    pub(super) id: TopicIdPartition,
    pub(super) log: Log,
    pub(super) settings: TopicSettings,
    /// Whether the metadata of this process's life has given the replica its part; before, it is only a log.
    pub(super) hosted: bool,
    pub(super) is_leader: bool,
    pub(super) leader: Option<BrokerId>,
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) partition_epoch: PartitionEpoch,
    /// Log end of this leader when its epoch began.
    pub(super) leader_epoch_start_offset: Option<Offset>,
    pub(super) replicas: Vec<BrokerId>,
    /// As the controller has confirmed it; empty on a follower.
    pub(super) isr: Vec<BrokerId>,
    pub(super) pending_isr: Option<PendingIsr>,
    /// What the leader knows of the others.
    pub(super) followers: SortedMap<BrokerId, Replica>,
}

impl Partition {
    pub(super) fn new(
        topic_partition: TopicPartition,
        id: TopicIdPartition,
        settings: TopicSettings,
        now_ms: i64,
    ) -> Partition {
        Partition {
            log: Log::new(topic_partition.clone(), Rc::clone(&settings.log), now_ms),
            topic_partition,
            id,
            settings,
            hosted: false,
            is_leader: false,
            leader: None,
            leader_epoch: LeaderEpoch(-1),
            partition_epoch: PartitionEpoch(-1),
            leader_epoch_start_offset: None,
            replicas: Vec::new(),
            isr: Vec::new(),
            pending_isr: None,
            followers: SortedMap::new(),
        }
    }

    // Reading.

    pub fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    pub fn id(&self) -> TopicIdPartition {
        self.id
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The topic's configuration as it counts here.
    pub fn settings(&self) -> &TopicSettings {
        &self.settings
    }

    /// Whether this broker believes that it leads.
    pub fn is_leader(&self) -> bool {
        self.is_leader
    }

    /// Whether the broker has learnt from the metadata what its part is.
    pub fn is_hosted(&self) -> bool {
        self.hosted
    }

    pub fn leader(&self) -> Option<BrokerId> {
        self.leader
    }

    /// -1: none yet.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// -1: none yet.
    pub fn partition_epoch(&self) -> PartitionEpoch {
        self.partition_epoch
    }

    /// Where the leader's epoch begins in its log; None on a follower.
    pub fn leader_epoch_start_offset(&self) -> Option<Offset> {
        self.leader_epoch_start_offset
    }

    pub fn replicas(&self) -> &[BrokerId] {
        &self.replicas
    }

    /// In-sync replicas as the leader knows them confirmed; empty on a follower.
    pub fn isr(&self) -> &[BrokerId] {
        &self.isr
    }

    /// The change of the ISR that is under way, if any.
    pub fn pending_isr(&self) -> Option<&PendingIsr> {
        self.pending_isr.as_ref()
    }

    /// Whether the high watermark must wait for this replica as a member: of the ISR, or of the one asked for.
    pub fn is_in_maximal_isr(&self, broker: BrokerId) -> bool {
        self.isr.contains(&broker) || self.pending_isr.as_ref().is_some_and(|pending| pending.isr.contains(&broker))
    }

    /// Confirmed members and those being added.
    pub fn maximal_isr(&self) -> Vec<BrokerId> {
        let mut members = self.isr.clone();
        let added = self.pending_isr.iter().flat_map(|pending| &pending.isr);
        members.extend(added.filter(|member| !self.isr.contains(member)));
        members
    }

    /// What the leader knows of each follower; empty on a follower.
    pub fn followers(&self) -> &SortedMap<BrokerId, Replica> {
        &self.followers
    }

    pub fn high_watermark(&self) -> Offset {
        self.log.high_watermark()
    }

    pub fn log_end_offset(&self) -> Offset {
        self.log.log_end_offset()
    }

    /// `min.insync.replicas`, but at most the number of replicas.
    pub fn effective_min_isr(&self) -> usize {
        usize::try_from(self.settings.topic.min_insync_replicas).unwrap_or(0).min(self.replicas.len())
    }

    /// Whether the confirmed ISR is too small to commit anything.
    pub fn is_under_min_isr(&self) -> bool {
        self.is_leader && self.isr.len() < self.effective_min_isr()
    }

    pub(super) fn current_leader(&self) -> CurrentLeader {
        CurrentLeader { leader: self.leader, leader_epoch: self.leader_epoch }
    }

    /// Whether this replica may serve somebody who knows `current_leader_epoch`.
    ///
    /// # Errors
    /// FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, NOT_LEADER_OR_FOLLOWER.
    pub(super) fn check_epoch(
        &self,
        current_leader_epoch: Option<LeaderEpoch>,
        require_leader: bool,
    ) -> Result<(), ErrorCode> {
        match current_leader_epoch {
            Some(epoch) if epoch < self.leader_epoch => return Err(ErrorCode::FencedLeaderEpoch),
            Some(epoch) if epoch > self.leader_epoch => return Err(ErrorCode::UnknownLeaderEpoch),
            _ => {}
        }
        if require_leader && !self.is_leader { Err(ErrorCode::NotLeaderOrFollower) } else { Ok(()) }
    }

    // Changing.

    /// Takes the leader's part (`makeLeader`). Returns whether the leader epoch is a new one, or None if the
    /// registration is older than what is known.
    pub(super) fn make_leader(&mut self, registration: &PartitionRegistration, cx: &Context<'_>) -> Option<bool> {
        if registration.partition_epoch < self.partition_epoch {
            return None;
        }
        let was_leader = self.is_leader;
        let is_new_epoch = registration.leader_epoch > self.leader_epoch;
        self.replicas.clone_from(&registration.replicas);
        self.isr.clone_from(&registration.isr);
        self.pending_isr = None;
        self.followers.retain(|id, _| registration.replicas.contains(id));
        for id in registration.replicas.iter().filter(|id| **id != cx.id()) {
            self.followers.entry(*id).or_default();
        }
        if is_new_epoch {
            let start = self.log.log_end_offset();
            // Followers may hold epochs that nobody wrote to this log: they find the place to cut only if this
            // epoch and its start are known from the beginning.
            self.log.assign_epoch_start_offset(registration.leader_epoch, start);
            for (id, replica) in &mut self.followers {
                replica.reset(cx.now, start, !was_leader, registration.isr.contains(id));
            }
            self.leader_epoch = registration.leader_epoch;
            self.leader_epoch_start_offset = Some(start);
        }
        self.is_leader = true;
        self.hosted = true;
        self.leader = registration.leader;
        self.partition_epoch = registration.partition_epoch;
        Some(is_new_epoch)
    }

    /// Takes a follower's part (`makeFollower`). Returns as [`Partition::make_leader`] does.
    pub(super) fn make_follower(&mut self, registration: &PartitionRegistration) -> Option<bool> {
        if registration.partition_epoch < self.partition_epoch {
            return None;
        }
        let is_new_epoch = registration.leader_epoch > self.leader_epoch;
        self.is_leader = false;
        self.hosted = true;
        self.leader = registration.leader;
        self.leader_epoch = registration.leader_epoch;
        self.partition_epoch = registration.partition_epoch;
        self.leader_epoch_start_offset = None;
        self.replicas.clone_from(&registration.replicas);
        self.isr.clear();
        self.pending_isr = None;
        self.followers.clear();
        Some(is_new_epoch)
    }

    /// The process ended: only the log is left.
    pub(super) fn forget(&mut self) {
        self.hosted = false;
        self.is_leader = false;
        self.leader = None;
        self.leader_epoch = LeaderEpoch(-1);
        self.partition_epoch = PartitionEpoch(-1);
        self.leader_epoch_start_offset = None;
        self.replicas.clear();
        self.isr.clear();
        self.pending_isr = None;
        self.followers.clear();
    }

    /// Whether the follower may be in an ISR: unfenced, not shutting down, and of the broker epoch that is
    /// registered (KIP-841, KIP-903).
    pub(super) fn is_isr_eligible(&self, broker: BrokerId, cx: &Context<'_>) -> bool {
        let stored = self.followers.get(&broker).and_then(|replica| replica.broker_epoch);
        cx.image.brokers.get(&broker).is_some_and(|registration| {
            registration.is_active()
                && self.followers.get(&broker).is_some_and(|replica| replica.last_fetch_at.is_some())
                && stored.is_none_or(|epoch| epoch == registration.epoch)
        })
    }

    /// Moves the leader's high watermark as far as it may go, and returns it before and after if it moved
    /// (`maybeIncrementLeaderHW`).
    ///
    /// It is the smallest log end among the leader, the maximal ISR, and those that are caught up and about to join.
    /// While the ISR is below its minimum it stands still (KIP-966).
    pub(super) fn maybe_increment_high_watermark(
        &mut self,
        session_fetches: &SessionFetches,
        cx: &Context<'_>,
    ) -> Option<(Offset, Offset)> {
        if !self.is_leader || (self.is_under_min_isr() && !breaks(Mutation::HighWatermarkBelowMinIsr)) {
            return None;
        }
        let log_end_offset = self.log.log_end_offset();
        let lag_time_max_ms = cx.setup.config.replica_lag_time_max_ms;
        let is_caught_up = |id: BrokerId, replica: &Replica| {
            replica.is_caught_up(log_end_offset, session_fetches.last(id), cx.now, lag_time_max_ms)
        };
        let mut to = log_end_offset;
        for (id, replica) in &self.followers {
            if replica.log_end_offset < to
                && !breaks(Mutation::HighWatermarkOfLeaderAlone)
                && (self.is_in_maximal_isr(*id) || (is_caught_up(*id, replica) && self.is_isr_eligible(*id, cx)))
            {
                to = replica.log_end_offset;
            }
        }
        let from = self.log.maybe_increment_high_watermark(to)?;
        Some((from, to))
    }

    /// The smallest log start among the replicas that are alive (`lowWatermarkIfLeader`).
    pub(super) fn low_watermark(&self, cx: &Context<'_>) -> Offset {
        let alive = self
            .followers
            .iter()
            .filter(|(id, _)| cx.image.brokers.get(id).is_some_and(|registration| !registration.fenced))
            .map(|(_, replica)| replica.log_start_offset);
        alive.fold(self.log.log_start_offset(), Offset::min)
    }
}

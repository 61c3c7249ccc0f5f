//! Changes of the ISR: the leader asks, the controller decides (KIP-497; `AlterPartitionManager`,
//! `Partition.maybeExpandIsr`, `Partition.maybeShrinkIsr`).

use super::BrokerTimer;
use super::context::Context;
use super::partition::{Partition, PendingIsr};
use super::replica_manager::ReplicaManager;
use crate::kafka::effects::Channel;
use crate::kafka::ids::{BrokerId, ControllerId, NodeId, TopicIdPartition};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::broker_lifecycle::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult, LeaderRecoveryState,
};
use crate::kafka::sorted::{SmallSort, SortedSet};

/// How long to wait after a refusal that may pass (`AlterPartitionManager.maybePropagateIsrChanges`, 50 ms).
const RETRY_MS: u64 = 50;

/// Changes to send, and those sent: one request at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct AlterPartitionManager {
    unsent: SortedSet<TopicIdPartition>,
    in_flight: Option<InFlight>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InFlight {
    controller: ControllerId,
    correlation: u32,
    /// What was asked for each partition.
    sent: Vec<(TopicIdPartition, PendingIsr)>,
}

impl AlterPartitionManager {
    /// Whether a request is under way.
    pub fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }
}

impl ReplicaManager {
    /// After a follower's fetch: asks for it to be added if it has caught up with the high watermark and with the
    /// start of the leader's epoch.
    pub(super) fn maybe_expand_isr(&mut self, id: TopicIdPartition, follower: BrokerId, cx: &mut Context<'_>) {
        let Some(partition) = self.partitions.get(&id) else { return };
        let Some(replica) = partition.followers.get(&follower) else { return };
        let has_caught_up = replica.log_end_offset >= partition.log.high_watermark()
            && partition.leader_epoch_start_offset.is_some_and(|start| replica.log_end_offset >= start);
        if !partition.is_leader
            || partition.pending_isr.is_some()
            || partition.isr.contains(&follower)
            || !has_caught_up
            || !partition.is_isr_eligible(follower, cx)
        {
            return;
        }
        let mut isr = partition.isr.clone();
        isr.push(follower);
        isr.sort_small();
        let note =
            Note::IsrExpandAsked { leader: cx.id(), partition: partition.topic_partition.clone(), isr: isr.clone() };
        cx.note_then(note, |cx| self.ask_for_isr(id, isr, cx));
    }

    /// Every `replica.lag.time.max.ms` / 2: asks for the removal of members that have been behind for too long.
    pub(super) fn maybe_shrink_isrs(&mut self, cx: &mut Context<'_>) {
        let ids: Vec<TopicIdPartition> =
            self.partitions.values().filter(|partition| partition.is_leader).map(|partition| partition.id).collect();
        for id in ids {
            self.maybe_shrink_isr(id, cx);
        }
    }

    fn maybe_shrink_isr(&mut self, id: TopicIdPartition, cx: &mut Context<'_>) {
        let Some(partition) = self.partitions.get(&id) else { return };
        if partition.pending_isr.is_some() {
            return;
        }
        let lag_time_max_ms = cx.setup.config.replica_lag_time_max_ms;
        let is_in_sync = |member: &BrokerId| {
            *member == cx.id()
                || partition.followers.get(member).is_some_and(|replica| {
                    let session_fetch = self.session_fetches.last(*member);
                    replica.is_caught_up(partition.log.log_end_offset(), session_fetch, cx.now, lag_time_max_ms)
                })
        };
        let mut isr: Vec<BrokerId> = partition.isr.iter().copied().filter(is_in_sync).collect();
        if isr.len() == partition.isr.len() {
            return;
        }
        isr.sort_small();
        let note =
            Note::IsrShrinkAsked { leader: cx.id(), partition: partition.topic_partition.clone(), isr: isr.clone() };
        cx.note_then(note, |cx| self.ask_for_isr(id, isr, cx));
    }

    /// The members are sent in ascending order: to a leader the ISR is a set, whose order the broker ids make.
    fn ask_for_isr(&mut self, id: TopicIdPartition, isr: Vec<BrokerId>, cx: &mut Context<'_>) {
        let own_epoch = cx.broker_epoch;
        let own_id = cx.id();
        let Some(partition) = self.partition_mut(id) else { return };
        let members = isr
            .iter()
            .map(|member| {
                let of_fetch = partition.followers.get(member).and_then(|replica| replica.broker_epoch);
                (*member, if *member == own_id { own_epoch } else { of_fetch })
            })
            .collect();
        if breaks(Mutation::IsrTakenForGranted) {
            partition.isr.clone_from(&isr);
        }
        partition.pending_isr = Some(PendingIsr { isr, members });
        self.alter_partition.unsent.insert(id);
        self.send_alter_partition(cx);
    }

    /// Sends what is unsent, unless a request is under way.
    pub(super) fn send_alter_partition(&mut self, cx: &mut Context<'_>) {
        if self.alter_partition.in_flight.is_some() || self.alter_partition.unsent.is_empty() {
            return;
        }
        let (Some(controller), Some(broker_epoch)) = (cx.controller, cx.broker_epoch) else {
            self.retry_alter_partition_later(cx);
            return;
        };
        let mut sent = Vec::new();
        let mut partitions = Vec::new();
        for id in std::mem::take(&mut self.alter_partition.unsent) {
            let Some(partition) = self.partitions.get(&id) else { continue };
            let Some(pending) = partition.pending_isr.clone().filter(|_| partition.is_leader) else { continue };
            partitions.push(AlterPartitionData {
                partition: id,
                leader_epoch: partition.leader_epoch,
                partition_epoch: partition.partition_epoch,
                new_isr: pending.members.clone(),
                leader_recovery_state: LeaderRecoveryState::Recovered,
            });
            sent.push((id, pending));
        }
        if partitions.is_empty() {
            return;
        }
        let correlation = cx.next_correlation();
        let request = AlterPartitionRequest { broker: cx.id(), broker_epoch, partitions };
        cx.out.send(NodeId::Controller(controller), Channel::Controller, correlation, request);
        let timeout_ms = u64::from(cx.setup.config.request_timeout_ms);
        cx.out.set_timer(BrokerTimer::AlterPartitionTimeout, cx.now.plus_ms(timeout_ms));
        self.alter_partition.in_flight = Some(InFlight { controller, correlation, sent });
    }

    fn retry_alter_partition_later(&mut self, cx: &mut Context<'_>) {
        cx.out.set_timer(BrokerTimer::AlterPartition, cx.now.plus_ms(RETRY_MS));
    }

    /// The connection broke or the answer did not come: all is unsent again.
    pub(super) fn alter_partition_failed(&mut self, cx: &mut Context<'_>) {
        let Some(in_flight) = self.alter_partition.in_flight.take() else { return };
        cx.out.cancel_timer(BrokerTimer::AlterPartitionTimeout);
        self.alter_partition.unsent.extend(in_flight.sent.iter().map(|(id, _)| *id));
        self.retry_alter_partition_later(cx);
    }

    pub(super) fn alter_partition_timed_out(&mut self, cx: &mut Context<'_>) {
        if let Some(in_flight) = &self.alter_partition.in_flight {
            cx.out.disconnect(NodeId::Controller(in_flight.controller), Channel::Controller);
        }
        self.alter_partition_failed(cx);
    }

    pub(super) fn alter_partition_answered(
        &mut self,
        correlation: u32,
        response: &AlterPartitionResponse,
        cx: &mut Context<'_>,
    ) {
        let is_ours = |in_flight: &mut InFlight| in_flight.correlation == correlation;
        let Some(in_flight) = self.alter_partition.in_flight.take_if(is_ours) else { return };
        cx.out.cancel_timer(BrokerTimer::AlterPartitionTimeout);
        if !response.error.is_none() {
            // STALE_BROKER_EPOCH and NOT_CONTROLLER pass with time.
            self.alter_partition.unsent.extend(in_flight.sent.iter().map(|(id, _)| *id));
            self.retry_alter_partition_later(cx);
            return;
        }
        let mut must_wait = false;
        for (id, proposed) in &in_flight.sent {
            if let Some(result) = response.partitions.iter().find(|result| result.partition == *id) {
                must_wait |= self.isr_answered(*id, proposed, result, cx);
            }
        }
        if must_wait {
            self.retry_alter_partition_later(cx);
        } else {
            self.send_alter_partition(cx);
        }
    }

    /// Returns whether the same must be asked again after a while.
    fn isr_answered(
        &mut self,
        id: TopicIdPartition,
        proposed: &PendingIsr,
        result: &AlterPartitionResult,
        cx: &mut Context<'_>,
    ) -> bool {
        let Some(partition) = self.partition_mut(id) else { return false };
        if partition.pending_isr.as_ref() != Some(proposed) {
            // The metadata log was faster, or leadership is gone.
            return false;
        }
        match result.error {
            ErrorCode::None => {
                if result.leader_epoch > partition.leader_epoch || result.partition_epoch < partition.partition_epoch {
                    return false;
                }
                Partition::commit_isr(partition, result);
                if !self.maybe_increment_high_watermark(id, cx) {
                    self.complete_delayed_produces(id, cx);
                }
                false
            }
            ErrorCode::IneligibleReplica => {
                partition.pending_isr = None;
                false
            }
            // What the metadata log will settle.
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::InvalidRequest
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::NewLeaderElected => false,
            _ => {
                self.alter_partition.unsent.insert(id);
                true
            }
        }
    }
}

impl Partition {
    fn commit_isr(&mut self, result: &AlterPartitionResult) {
        self.isr.clone_from(&result.isr);
        self.partition_epoch = result.partition_epoch;
        self.pending_isr = None;
    }
}

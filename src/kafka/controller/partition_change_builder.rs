//! What becomes of a partition when its ISR, its leader or its brokers change: the rules of election and of eligible
//! leader replicas (`PartitionChangeBuilder`, KIP-966).

use super::reassignment::Reassignment;
use crate::kafka::ids::{BrokerId, TopicId};
use crate::kafka::metadata::{PartitionChange, PartitionRegistration};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::protocol::broker_lifecycle::LeaderRecoveryState;
use crate::kafka::sorted::SmallSort;

/// How far an election may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Election {
    /// The first replica of the assignment if it may lead, else whoever keeps the partition online.
    Preferred,
    /// A replica that has all that is committed.
    Online,
    /// If there is no such replica: any that lives.
    Unclean,
}

/// Builds the change of one partition.
pub struct PartitionChangeBuilder<'a> {
    partition: &'a PartitionRegistration,
    topic_id: TopicId,
    number: i32,
    is_acceptable_leader: &'a dyn Fn(BrokerId) -> bool,
    min_isr: usize,
    eligible_leader_replicas: bool,
    election: Election,
    target_isr: Vec<BrokerId>,
    /// Replicas, and which of them come and go.
    target: Reassignment,
    target_elr: Vec<BrokerId>,
    target_recovery_state: LeaderRecoveryState,
    unclean_shutdown: Option<BrokerId>,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// `is_acceptable_leader`: whether a broker lives and may lead. `min_isr`: the effective `min.insync.replicas`.
    pub fn new(
        partition: &'a PartitionRegistration,
        topic_id: TopicId,
        number: i32,
        is_acceptable_leader: &'a dyn Fn(BrokerId) -> bool,
        min_isr: usize,
        eligible_leader_replicas: bool,
    ) -> PartitionChangeBuilder<'a> {
        PartitionChangeBuilder {
            partition,
            topic_id,
            number,
            is_acceptable_leader,
            min_isr,
            eligible_leader_replicas,
            election: Election::Online,
            target_isr: partition.isr.clone(),
            target: Reassignment::of(partition),
            target_elr: partition.elr.clone(),
            target_recovery_state: partition.leader_recovery_state,
            unclean_shutdown: None,
        }
    }

    pub fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    pub fn target_isr(mut self, isr: Vec<BrokerId>) -> Self {
        self.target_isr = isr;
        self
    }

    pub fn target_replicas(mut self, replicas: Vec<BrokerId>) -> Self {
        self.target.replicas = replicas;
        self
    }

    pub fn target_removing(mut self, removing: Vec<BrokerId>) -> Self {
        self.target.removing = removing;
        self
    }

    pub fn target_adding(mut self, adding: Vec<BrokerId>) -> Self {
        self.target.adding = adding;
        self
    }

    pub fn target_recovery_state(mut self, state: LeaderRecoveryState) -> Self {
        self.target_recovery_state = state;
        self
    }

    /// A broker that may have lost the end of its log: it is no eligible leader.
    pub fn unclean_shutdown(mut self, broker: Option<BrokerId>) -> Self {
        self.unclean_shutdown = broker;
        self
    }

    /// The change; None: nothing changes.
    pub fn build(mut self) -> Option<PartitionChange> {
        let mut change = PartitionChange { topic_id: self.topic_id, partition: self.number, ..Default::default() };
        self.complete_reassignment();
        self.populate_target_elr();
        self.try_election(&mut change);
        let drops_replicas = self.partition.replicas.iter().any(|broker| !self.target.replicas.contains(broker));
        if change.leader.is_none() && drops_replicas {
            // A new leader epoch, though the leader stays: whoever was dropped must not fetch on as if it belonged.
            change.leader = Some(self.partition.leader);
        }
        self.update_elr(&mut change);
        let may_be_empty = self.eligible_leader_replicas;
        if change.isr.is_none()
            && (!self.target_isr.is_empty() || may_be_empty)
            && self.target_isr != self.partition.isr
        {
            change.isr = Some(self.target_isr.clone());
        }
        self.update_last_known_leader(&mut change);
        self.set_assignment(&mut change);
        if self.target_recovery_state != self.partition.leader_recovery_state {
            change.leader_recovery_state = Some(self.target_recovery_state);
        }
        let unchanged = PartitionChange { topic_id: self.topic_id, partition: self.number, ..Default::default() };
        (change != unchanged).then_some(change)
    }

    /// If the ISR has all that the partition was waiting for, the move ends with this very change.
    fn complete_reassignment(&mut self) {
        if let Some(completed) = self.target.complete(&self.target_isr) {
            self.target_isr = completed.isr;
            self.target = Reassignment { replicas: completed.replicas, adding: Vec::new(), removing: Vec::new() };
        }
    }

    fn set_assignment(&self, change: &mut PartitionChange) {
        let changed = |target: &Vec<BrokerId>, before: &Vec<BrokerId>| (target != before).then(|| target.clone());
        change.replicas = changed(&self.target.replicas, &self.partition.replicas);
        change.removing_replicas = changed(&self.target.removing, &self.partition.removing_replicas);
        change.adding_replicas = changed(&self.target.adding, &self.partition.adding_replicas);
    }

    /// Below min ISR, whoever leaves the ISR stays eligible: it has all that is committed, since the high watermark
    /// cannot move any more.
    fn populate_target_elr(&mut self) {
        if !self.eligible_leader_replicas {
            return;
        }
        if self.target_isr.len() >= self.min_isr {
            self.target_elr.clear();
            return;
        }
        let mut candidates: Vec<BrokerId> = self.target_elr.iter().chain(&self.partition.isr).copied().collect();
        candidates.sort_small();
        candidates.dedup();
        candidates.retain(|broker| !self.target_isr.contains(broker) && self.unclean_shutdown != Some(*broker));
        self.target_elr = candidates;
    }

    fn is_valid_new_leader(&self, broker: BrokerId) -> bool {
        let has_all =
            self.target_isr.contains(&broker) || (self.target_isr.is_empty() && self.target_elr.contains(&broker));
        (has_all || breaks(Mutation::LeaderFromOutsideIsr)) && (self.is_acceptable_leader)(broker)
    }

    /// With neither ISR nor ELR left, the last leader is tried: it may have lost least.
    fn last_known_leader(&self) -> Option<BrokerId> {
        if !self.eligible_leader_replicas || !self.target_elr.is_empty() || !self.target_isr.is_empty() {
            return None;
        }
        match self.partition.last_known_elr[..] {
            [leader] if (self.is_acceptable_leader)(leader) => Some(leader),
            _ => None,
        }
    }

    /// The leader, and whether it may lack committed records.
    fn elect_leader(&self) -> (Option<BrokerId>, bool) {
        let replicas = &self.target.replicas;
        if self.election == Election::Preferred
            && let Some(preferred) = replicas.first().filter(|broker| self.is_valid_new_leader(**broker))
        {
            return (Some(*preferred), false);
        }
        if let Some(leader) = self.partition.leader.filter(|leader| self.is_valid_new_leader(*leader)) {
            return (Some(leader), false);
        }
        if let Some(next) = replicas.iter().find(|broker| self.is_valid_new_leader(**broker)) {
            return (Some(*next), false);
        }
        if let Some(leader) = self.last_known_leader() {
            return (Some(leader), true);
        }
        if self.election == Election::Unclean
            && let Some(any) = replicas.iter().find(|broker| (self.is_acceptable_leader)(**broker))
        {
            return (Some(*any), true);
        }
        (None, false)
    }

    fn try_election(&mut self, change: &mut PartitionChange) {
        let (leader, unclean) = self.elect_leader();
        if leader == self.partition.leader {
            return;
        }
        change.leader = Some(leader);
        let Some(leader) = leader else {
            return;
        };
        if self.target_elr.contains(&leader) && !unclean {
            self.target_isr = vec![leader];
            self.target_elr.retain(|broker| *broker != leader);
        }
        if unclean {
            change.isr = Some(vec![leader]);
            if self.partition.leader_recovery_state == LeaderRecoveryState::Recovered {
                change.leader_recovery_state = Some(LeaderRecoveryState::Recovering);
            }
        }
    }

    fn update_elr(&mut self, change: &mut PartitionChange) {
        let is_clean = change.isr.is_none();
        if !is_clean || !self.eligible_leader_replicas {
            self.target_elr.clear();
        }
        if self.target_elr != self.partition.elr {
            change.eligible_leader_replicas = Some(self.target_elr.clone());
        }
    }

    /// The last leader is written down when the ISR becomes empty, and struck out when there is a leader again.
    fn update_last_known_leader(&self, change: &mut PartitionChange) {
        if !self.eligible_leader_replicas {
            return;
        }
        let known = &self.partition.last_known_elr;
        let next_leader = change.leader.unwrap_or(self.partition.leader);
        match self.partition.leader {
            Some(leader) if change.isr.as_ref().is_some_and(Vec::is_empty) && *known != [leader] => {
                change.last_known_elr = Some(vec![leader]);
            }
            _ if next_leader.is_some() && !known.is_empty() => change.last_known_elr = Some(Vec::new()),
            _ => {}
        }
    }
}

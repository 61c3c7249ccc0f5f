//! The member's place in its group, and the look-up of its coordinator (AbstractCoordinator, ConsumerCoordinator;
//! classic protocol, eager).

use super::{Consumer, Purpose};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{BrokerId, SimTime, TopicName};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{
    CoordinatorType, FindCoordinatorRequest, FindCoordinatorResponse, LeaveGroupRequest,
};
use crate::kafka::sorted::SortedMap;

/// Where a member stands (AbstractCoordinator.MemberState).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum MemberState {
    #[default]
    Unjoined,
    /// JoinGroup is sent and not answered.
    PreparingRebalance,
    /// SyncGroup is sent and not answered.
    CompletingRebalance,
    Stable,
}

/// The member's place in its group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    pub coordinator: Option<BrokerId>,
    pub state: MemberState,
    /// Empty: none yet.
    pub member_id: String,
    /// -1: none.
    pub generation: i32,
    /// The assignor that the group has chosen.
    pub protocol: Option<String>,
    pub is_leader: bool,
    pub needs_rejoin: bool,
    /// What was owned has been given back before joining.
    pub(super) prepared: bool,
    /// Before giving it back its offsets were committed, once (`autoCommitOffsetRequestFuture`).
    pub(super) committed_before_revoking: bool,
    /// Not before this time is anything tried again.
    pub(super) retry_at: SimTime,
    pub(super) heartbeat_due: bool,
    /// When the coordinator answered last.
    pub(super) last_answer: SimTime,
    /// Partitions of the group's topics when the leader computed the assignment, to notice that there are more.
    pub(super) assigned_counts: SortedMap<TopicName, i32>,
    /// LeaveGroup was answered, or nothing was to be left.
    pub(super) left: bool,
    /// LeaveGroup to a coordinator that the next poll() sends, unless its time is over by then.
    pub(super) unsent_leave: Option<(BrokerId, LeaveGroupRequest, SimTime)>,
}

impl Default for Membership {
    fn default() -> Membership {
        Membership {
            coordinator: None,
            state: MemberState::Unjoined,
            member_id: String::new(),
            generation: -1,
            protocol: None,
            is_leader: false,
            needs_rejoin: true,
            prepared: false,
            committed_before_revoking: false,
            retry_at: SimTime::ZERO,
            heartbeat_due: false,
            last_answer: SimTime::ZERO,
            assigned_counts: SortedMap::new(),
            left: false,
            unsent_leave: None,
        }
    }
}

impl Membership {
    /// Whether the coordinator counts on this member's heartbeats.
    pub fn is_member(&self) -> bool {
        self.generation >= 0 && !self.member_id.is_empty() && self.state != MemberState::Unjoined
    }

    pub fn is_stable(&self) -> bool {
        self.state == MemberState::Stable && !self.needs_rejoin
    }

    /// The coordinator does not know this member (any more): it begins again. `keep_id`: its id still counts.
    pub(super) fn reset(&mut self, keep_id: bool) {
        self.generation = -1;
        self.state = MemberState::Unjoined;
        self.needs_rejoin = true;
        self.is_leader = false;
        if !keep_id {
            self.member_id.clear();
        }
    }
}

impl Consumer {
    pub(super) fn group_id(&self) -> String {
        self.setup.config.group_id.clone().unwrap_or_default()
    }

    pub(super) fn coordinator_unknown(&mut self, now: SimTime) {
        if self.membership.coordinator.take().is_some() {
            self.metadata.request_update();
        }
        self.membership.retry_at = self.retry_at(now);
    }

    /// One turn: look-up, joining, heartbeat, as far as they are due.
    pub(super) fn run_membership(&mut self, now: SimTime, out: &mut Effects) {
        let Some(_) = self.setup.config.group_id.clone() else { return };
        let polling_member = self.subscription.is_group() && self.is_polling();
        let wants_coordinator =
            polling_member || self.membership.is_member() || !self.commits.is_empty() || self.needs_committed_offsets();
        if !wants_coordinator || self.membership.retry_at > now {
            return;
        }
        let Some(coordinator) = self.membership.coordinator else { return self.find_coordinator(now, out) };
        if !self.connections.is_ready(coordinator, Channel::Coordinator, now) {
            return;
        }
        self.leave_if_away_too_long(now, out);
        if polling_member && self.membership.needs_rejoin && !self.closing {
            self.join(coordinator, now, out);
        }
        self.heartbeat(coordinator, now, out);
    }

    pub(super) fn find_coordinator(&mut self, now: SimTime, out: &mut Effects) {
        if self.is_in_flight(|purpose| *purpose == Purpose::FindCoordinator) {
            return;
        }
        let load = |broker: &BrokerId| Some((self.connections.load(*broker, Channel::Data, now)?, *broker));
        let Some((_, broker)) = self.metadata.brokers().iter().filter_map(load).min() else { return };
        let request = FindCoordinatorRequest { key: self.group_id(), key_type: CoordinatorType::Group };
        let timeout_ms = self.request_timeout_ms();
        self.send(broker, Channel::Data, Purpose::FindCoordinator, timeout_ms, request, now, out);
    }

    pub(super) fn coordinator_found(&mut self, response: &FindCoordinatorResponse, now: SimTime, out: &mut Effects) {
        match (response.error, response.coordinator) {
            (ErrorCode::None, Some(coordinator)) => {
                self.membership.coordinator = Some(coordinator);
                self.membership.last_answer = now;
                let (client, group) = (self.setup.client.id, self.group_id());
                let note = out.note(Note::CoordinatorFound { client, group, coordinator });
                out.because_of(Some(note));
            }
            (error, _) => {
                self.membership.retry_at = self.retry_at(now);
                if !error.is_retriable() {
                    self.fail(error, now, out);
                }
            }
        }
    }
}

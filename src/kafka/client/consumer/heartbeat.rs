//! Heartbeats of a member, and leaving its group (`AbstractCoordinator`).

use super::membership::MemberState;
use super::{Consumer, ConsumerTimer, Purpose};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{BrokerId, SimTime};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{HeartbeatRequest, LeaveGroupRequest, LeavingMember};

impl Consumer {
    pub(super) fn schedule_heartbeat(&mut self, now: SimTime, out: &mut Effects) {
        self.membership.heartbeat_due = false;
        out.set_timer(ConsumerTimer::Heartbeat, now.plus_ms(u64::from(self.setup.config.heartbeat_interval_ms)));
    }

    /// The heartbeat thread: it goes on while the application is busy.
    pub(super) fn heartbeat(&mut self, coordinator: BrokerId, now: SimTime, out: &mut Effects) {
        let session_ms = u64::from(self.setup.config.session_timeout_ms);
        if self.membership.is_member() && now.since(self.membership.last_answer) > session_ms * 1_000 {
            // Nothing was heard for a whole session: the coordinator may be somebody else by now.
            return self.coordinator_unknown(now);
        }
        if !self.membership.heartbeat_due
            || !self.membership.is_member()
            || self.membership.state == MemberState::PreparingRebalance
            || self.is_in_flight(|purpose| *purpose == Purpose::Heartbeat)
        {
            return;
        }
        let request = HeartbeatRequest {
            group_id: self.group_id(),
            generation_id: self.membership.generation,
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.setup.config.group_instance_id.clone(),
        };
        let timeout_ms = self.request_timeout_ms();
        self.send(coordinator, Channel::Coordinator, Purpose::Heartbeat, timeout_ms, request, now, out);
        self.schedule_heartbeat(now, out);
    }

    pub(super) fn heartbeat_answered(&mut self, error: ErrorCode, now: SimTime, out: &mut Effects) {
        self.membership.last_answer = now;
        match error {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress if self.membership.state == MemberState::Stable => self.ask_rejoin(),
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId
                if self.membership.state == MemberState::Stable =>
            {
                self.membership.reset(error == ErrorCode::IllegalGeneration);
                self.membership.prepared = false;
            }
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => self.coordinator_unknown(now),
            ErrorCode::FencedInstanceId => {
                self.membership.reset(true);
                self.fail(error, now, out);
            }
            _ => {}
        }
    }

    /// Leaves the group, as dynamic members do when they end. False: there is nothing to leave.
    pub(super) fn leave(&mut self, now: SimTime, out: &mut Effects) -> bool {
        let Some((coordinator, request)) = self.leave_request() else { return false };
        let timeout_ms = self.request_timeout_ms();
        self.send(coordinator, Channel::Coordinator, Purpose::LeaveGroup, timeout_ms, request, now, out);
        self.forget_membership(out);
        true
    }

    /// unsubscribe(): leaves the group, but says so only with the next poll() if the client has not asked for metadata
    /// since the last one and must: that goes first (`NetworkClient.isReady`), and nobody comes back for what was not
    /// sent. Until then, or until its session ends, the member stands in the group.
    pub(super) fn leave_by_unsubscribing(&mut self, now: SimTime, out: &mut Effects) {
        let is_metadata_due = self.metadata.next_attempt_at().is_some_and(|at| at <= now);
        let is_just_asked = self.metadata.in_flight().is_some_and(|(_, _, at)| at > self.last_poll);
        if !is_metadata_due && !is_just_asked {
            self.leave(now, out);
        } else if let Some((coordinator, request)) = self.leave_request() {
            let until = now.plus_ms(self.request_timeout_ms());
            self.membership.unsent_leave = Some((coordinator, request, until));
            self.forget_membership(out);
        }
    }

    /// At a poll(): sends what unsubscribe() could not.
    pub(super) fn send_unsent_leave(&mut self, now: SimTime, out: &mut Effects) {
        if let Some((coordinator, request, until)) = self.membership.unsent_leave.take()
            && now < until
        {
            let timeout_ms = until.since(now) / 1_000;
            self.send(coordinator, Channel::Coordinator, Purpose::LeaveGroup, timeout_ms, request, now, out);
        }
    }

    fn leave_request(&self) -> Option<(BrokerId, LeaveGroupRequest)> {
        let coordinator = self.membership.coordinator.filter(|_| self.membership.is_member())?;
        if self.setup.config.group_instance_id.is_some() {
            return None;
        }
        let member = LeavingMember { member_id: self.membership.member_id.clone(), group_instance_id: None };
        Some((coordinator, LeaveGroupRequest { group_id: self.group_id(), members: vec![member] }))
    }

    fn forget_membership(&mut self, out: &mut Effects) {
        self.membership.reset(false);
        out.cancel_timer(ConsumerTimer::Heartbeat);
    }

    /// When `max.poll.interval.ms` without a poll() is over; None: the application polls, or is in no group.
    pub(super) fn poll_interval_ends_at(&self) -> Option<SimTime> {
        let is_away = self.membership.is_member() && !self.is_polling();
        is_away.then(|| self.last_poll.plus_ms(u64::from(self.setup.config.max_poll_interval_ms)))
    }

    /// After `max.poll.interval.ms` without a poll() the heartbeat thread leaves the group by itself, as soon as it knows
    /// the coordinator. A static member only forgets its generation: its session will end.
    pub(super) fn leave_if_away_too_long(&mut self, now: SimTime, out: &mut Effects) {
        if self.poll_interval_ends_at().is_some_and(|at| at <= now) {
            if !self.leave(now, out) {
                self.membership.reset(false);
            }
            self.membership.prepared = false;
        }
    }
}

//! Heartbeat, LeaveGroup, DescribeGroups, and the end of sessions.

use super::classic_group::ClassicGroup;
use super::coordinator::{GroupCoordinator, Turn, as_response, described_error, join_error};
use super::member::Member;
use super::timer::GroupTimer;
use crate::kafka::effects::RequestId;
use crate::kafka::note::{GroupState, MemberRemoval, Note};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{
    DescribedGroup, DescribedGroupMember, HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse,
    LeavingMember,
};

impl GroupCoordinator {
    /// Starts a member's session anew.
    pub(super) fn expect_heartbeat(&self, group_id: &str, member_id: &str, turn: &mut Turn<'_>) {
        let member = self.group(group_id).and_then(|group| group.members.get(member_id));
        if let Some(member) = member {
            let at = turn.now.plus_ms(u64::from(member.session_timeout_ms));
            turn.set_timer(GroupTimer::Session { group: group_id.to_owned(), member_id: member_id.to_owned() }, at);
        }
    }

    pub(super) fn heartbeat(&mut self, partition: i32, request: &HeartbeatRequest, id: RequestId, turn: &mut Turn<'_>) {
        let error = self.check_heartbeat(request);
        if matches!(error, ErrorCode::None | ErrorCode::RebalanceInProgress) {
            self.expect_heartbeat(&request.group_id, &request.member_id, turn);
            let response = as_response(HeartbeatResponse { error });
            return self.answer_after_writes(partition, id, response, turn);
        }
        turn.out.respond(id, HeartbeatResponse { error });
    }

    fn check_heartbeat(&self, request: &HeartbeatRequest) -> ErrorCode {
        let Some(group) = self.group(&request.group_id) else {
            return ErrorCode::UnknownMemberId;
        };
        if let Err(error) = group.validate_member(&request.member_id, request.group_instance_id.as_deref()) {
            return error;
        }
        if request.generation_id != group.generation {
            return ErrorCode::IllegalGeneration;
        }
        match group.state {
            GroupState::PreparingRebalance => ErrorCode::RebalanceInProgress,
            // Members may send heartbeats as soon as they know the generation.
            GroupState::CompletingRebalance | GroupState::Stable => ErrorCode::None,
            GroupState::Empty | GroupState::Dead => ErrorCode::UnknownMemberId,
        }
    }

    pub(super) fn leave(&mut self, partition: i32, request: LeaveGroupRequest, id: RequestId, turn: &mut Turn<'_>) {
        let group_id = request.group_id;
        let exists = self.groups.contains_key(&group_id);
        let mut members = Vec::with_capacity(request.members.len());
        for leaving in request.members {
            let error = if exists { self.let_go(&group_id, &leaving, turn) } else { ErrorCode::UnknownMemberId };
            members.push((leaving, error));
        }
        if members.iter().any(|(_, error)| error.is_none()) {
            match self.group(&group_id).map(|group| group.state) {
                Some(GroupState::Stable | GroupState::CompletingRebalance) => {
                    self.rebalance_or_complete_join(&group_id, turn);
                }
                Some(GroupState::PreparingRebalance) => self.maybe_complete_join(&group_id, turn),
                _ => {}
            }
        }
        let response = as_response(LeaveGroupResponse { error: ErrorCode::None, members });
        self.answer_after_writes(partition, id, response, turn);
    }

    /// One member leaves. An administrator may name a static member by its instance alone.
    fn let_go(&mut self, group_id: &str, leaving: &LeavingMember, turn: &mut Turn<'_>) -> ErrorCode {
        let Some(group) = self.group(group_id) else {
            return ErrorCode::UnknownMemberId;
        };
        let instance = leaving.group_instance_id.as_deref();
        let member_id = if leaving.member_id.is_empty() {
            match instance.and_then(|instance| group.static_members.get(instance)) {
                Some(member_id) => member_id.clone(),
                None => return ErrorCode::UnknownMemberId,
            }
        } else if group.pending_join.contains(&leaving.member_id) {
            leaving.member_id.clone()
        } else {
            if let Err(error) = group.validate_member(&leaving.member_id, instance) {
                return error;
            }
            leaving.member_id.clone()
        };
        turn.cancel_timer(GroupTimer::Session { group: group_id.to_owned(), member_id: member_id.clone() });
        self.remove_member(group_id, &member_id, MemberRemoval::Left, turn);
        ErrorCode::None
    }

    /// Takes a member out and writes the note. Its JoinGroup, if one waits, is answered: it may come again as a new
    /// member.
    fn remove_member(&mut self, group_id: &str, member_id: &str, reason: MemberRemoval, turn: &mut Turn<'_>) {
        let broker = self.broker;
        let Some(removed) = self.group_mut(group_id).and_then(|group| group.remove(member_id)) else {
            return;
        };
        let note = turn.out.note(Note::MemberRemoved {
            broker,
            group: group_id.to_owned(),
            member_id: member_id.to_owned(),
            reason,
        });
        turn.out.because_of(Some(note));
        if let Some(id) = removed.awaiting_join {
            turn.out.respond(id, join_error(ErrorCode::UnknownMemberId, ""));
        }
        if let Some(id) = removed.awaiting_sync {
            turn.out.respond(id, super::coordinator::sync_error(ErrorCode::UnknownMemberId));
        }
    }

    /// A member was silent too long, or never came back with the id it was given.
    pub(super) fn session_expired(&mut self, group_id: &str, member_id: &str, turn: &mut Turn<'_>) {
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        let was_pending = group.pending_join.contains(member_id);
        if was_pending {
            group.remove(member_id);
        } else {
            match group.members.get(member_id) {
                Some(member) if !member.is_excused() => {}
                _ => return,
            }
            self.remove_member(group_id, member_id, MemberRemoval::SessionExpired, turn);
        }
        let Some(group) = self.group(group_id) else {
            return;
        };
        match group.state {
            GroupState::PreparingRebalance if group.has_all_members_joined() => self.complete_join(group_id, turn),
            GroupState::Stable | GroupState::CompletingRebalance if !was_pending => {
                self.rebalance_or_complete_join(group_id, turn);
            }
            _ => {}
        }
    }

    pub(super) fn describe(&self, group_id: &str) -> DescribedGroup {
        let Some(group) = self.group(group_id).filter(|group| group.persisted) else {
            return described_error(group_id, ErrorCode::GroupIdNotFound, GroupState::Dead.name());
        };
        let stable = group.state == GroupState::Stable;
        DescribedGroup {
            error: ErrorCode::None,
            group_id: group_id.to_owned(),
            group_state: group.state.name().to_owned(),
            protocol_type: group.protocol_type.clone().unwrap_or_default(),
            protocol_data: if stable { group.protocol_name.clone().unwrap_or_default() } else { String::new() },
            members: group.members.values().map(|member| describe_member(group, member, stable)).collect(),
        }
    }
}

fn describe_member(group: &ClassicGroup, member: &Member, stable: bool) -> DescribedGroupMember {
    let protocol = group.protocol_name.as_deref().filter(|_| stable);
    DescribedGroupMember {
        member_id: member.member_id.clone(),
        group_instance_id: member.group_instance_id.clone(),
        client_id: member.client_id.clone(),
        subscription: protocol.and_then(|protocol| member.subscription(protocol)).cloned().unwrap_or_default(),
        assignment: member.assignment.clone().unwrap_or_default(),
    }
}

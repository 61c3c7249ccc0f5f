//! JoinGroup (`GroupMetadataManager.classicGroupJoin` and what follows it).

use super::coordinator::{GroupCoordinator, Turn, join_error};
use super::member::Member;
use super::records;
use super::timer::GroupTimer;
use super::write::{Meaning, response_error};
use crate::kafka::effects::RequestId;
use crate::kafka::note::{GroupState, MemberRemoval, Note};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{JoinGroupRequest, JoinGroupResponse};

/// How long a new member's first JoinGroup may wait, milliseconds
/// (`GroupCoordinatorConfig.CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS`).
const NEW_MEMBER_JOIN_TIMEOUT_MS: u32 = 5 * 60 * 1_000;

impl GroupCoordinator {
    pub(super) fn join(&mut self, partition: i32, request: JoinGroupRequest, id: RequestId, turn: &mut Turn<'_>) {
        let session = self.config.group_min_session_timeout_ms..=self.config.group_max_session_timeout_ms;
        if !session.contains(&request.session_timeout_ms) {
            return turn.out.respond(id, join_error(ErrorCode::InvalidSessionTimeout, &request.member_id));
        }
        let is_unknown = request.member_id.is_empty();
        let is_new_group = !self.groups.contains_key(&request.group_id);
        if is_new_group && !is_unknown {
            return turn.out.respond(id, join_error(ErrorCode::UnknownMemberId, &request.member_id));
        }
        let max_size = self.config.group_max_size;
        let group_id = request.group_id.clone();
        let writes_before = turn.writes.len();
        let group = self.group_or_new(&group_id, partition, turn);
        if !group.accepts(&request.member_id, max_size) {
            group.remove(&request.member_id);
            turn.out.respond(id, join_error(ErrorCode::GroupMaxSizeReached, ""));
        } else if !group.supports_protocols(&request) {
            turn.out.respond(id, join_error(ErrorCode::InconsistentGroupProtocol, &request.member_id));
        } else if is_unknown {
            self.join_new(request, id, turn);
        } else {
            self.join_known(request, id, turn);
        }
        if is_new_group && turn.writes.len() == writes_before {
            let record = self.group(&group_id).map(|group| records::group_metadata(group, |_| None));
            if let Some(record) = record {
                self.write(partition, &[record], Meaning::Group { group: group_id }, turn);
            }
        }
    }

    /// A member without id. A static one takes the place of its forerunner; a dynamic one is first told its id.
    fn join_new(&mut self, request: JoinGroupRequest, id: RequestId, turn: &mut Turn<'_>) {
        let prefix = request.group_instance_id.as_deref().unwrap_or(&request.client_id);
        let member_id = format!("{prefix}-{}", uuid_text(self.random.next_u128()));
        let Some(group) = self.group_mut(&request.group_id) else {
            return;
        };
        match &request.group_instance_id {
            Some(instance) if group.static_members.contains_key(instance) => {
                let instance = instance.clone();
                self.replace_static_member(request, &instance, &member_id, id, turn);
            }
            None if request.requires_known_member_id => {
                group.pending_join.insert(member_id.clone());
                let at = turn.now.plus_ms(u64::from(request.session_timeout_ms));
                turn.set_timer(GroupTimer::Session { group: request.group_id, member_id: member_id.clone() }, at);
                turn.out.respond(id, join_error(ErrorCode::MemberIdRequired, &member_id));
            }
            _ => self.add_member(request, member_id, id, turn),
        }
    }

    fn add_member(&mut self, request: JoinGroupRequest, member_id: String, id: RequestId, turn: &mut Turn<'_>) {
        let broker = self.broker;
        let Some(group) = self.group_mut(&request.group_id) else {
            return;
        };
        if group.state == GroupState::PreparingRebalance && group.previous_state == GroupState::Empty {
            group.new_member_added = true;
        }
        group.add(Member::joining(&request, member_id.clone(), id), &request.protocol_type);
        let group_id = request.group_id;
        let note = turn.out.note(Note::MemberJoined { broker, group: group_id.clone(), member_id: member_id.clone() });
        turn.out.because_of(Some(note));
        let at = turn.now.plus_ms(u64::from(NEW_MEMBER_JOIN_TIMEOUT_MS));
        turn.set_timer(GroupTimer::Session { group: group_id.clone(), member_id }, at);
        self.rebalance_or_complete_join(&group_id, turn);
    }

    /// A member with an id: one that was given out and comes back, or one that joins again.
    fn join_known(&mut self, request: JoinGroupRequest, id: RequestId, turn: &mut Turn<'_>) {
        let member_id = request.member_id.clone();
        let Some(group) = self.group_mut(&request.group_id) else {
            return;
        };
        if group.pending_join.contains(&member_id) {
            if request.group_instance_id.is_some() {
                return turn.out.respond(id, join_error(ErrorCode::Unknown, &member_id));
            }
            return self.add_member(request, member_id, id, turn);
        }
        if let Err(error) = group.validate_member(&member_id, request.group_instance_id.as_deref()) {
            return turn.out.respond(id, join_error(error, &member_id));
        }
        let same_metadata = group.members.get(&member_id).is_some_and(|member| member.protocols == request.protocols);
        let is_leader = group.is_leader(&member_id);
        match group.state {
            GroupState::CompletingRebalance if same_metadata => {
                let response = group_response(group, &member_id, is_leader);
                turn.out.respond(id, response);
            }
            // Followers with nothing new are told the generation; they sync next. A leader that joins wants to
            // assign anew.
            GroupState::Stable if same_metadata && !is_leader => {
                let response = group_response(group, &member_id, false);
                turn.out.respond(id, response);
            }
            GroupState::PreparingRebalance | GroupState::CompletingRebalance | GroupState::Stable => {
                update_member(group, &member_id, &request, Some(id), turn);
                self.rebalance_or_complete_join(&request.group_id, turn);
            }
            GroupState::Empty | GroupState::Dead => {
                turn.out.respond(id, join_error(ErrorCode::UnknownMemberId, &member_id));
            }
        }
    }

    /// A static member comes back without an id: it gets its forerunner's place, and no rebalance happens if the
    /// group is stable and would vote as before.
    fn replace_static_member(
        &mut self,
        request: JoinGroupRequest,
        instance: &str,
        member_id: &str,
        id: RequestId,
        turn: &mut Turn<'_>,
    ) {
        let broker = self.broker;
        let group_id = request.group_id.clone();
        let Some(group) = self.group_mut(&group_id) else {
            return;
        };
        let Some(former) = group.replace_static_member(instance, member_id) else {
            return;
        };
        if let Some(waiting) = former.awaiting_join {
            turn.out.respond(waiting, join_error(ErrorCode::FencedInstanceId, &former.member_id));
        }
        if let Some(waiting) = former.awaiting_sync {
            turn.out.respond(waiting, super::coordinator::sync_error(ErrorCode::FencedInstanceId));
        }
        update_member(group, member_id, &request, Some(id), turn);
        let (state, partition) = (group.state, group.partition);
        let keeps_protocol = group.protocol_name == group.select_protocol();
        let record = records::group_metadata(group, |member| member.assignment.clone());
        turn.out.note(Note::MemberRemoved {
            broker,
            group: group_id.clone(),
            member_id: former.member_id.clone(),
            reason: MemberRemoval::Fenced,
        });
        let note =
            turn.out.note(Note::MemberJoined { broker, group: group_id.clone(), member_id: member_id.to_owned() });
        turn.out.because_of(Some(note));
        turn.cancel_timer(GroupTimer::Session { group: group_id.clone(), member_id: former.member_id.clone() });
        self.expect_heartbeat(&group_id, member_id, turn);
        match state {
            GroupState::Stable if keeps_protocol => {
                let meaning = Meaning::StaticMember {
                    group: group_id,
                    instance: instance.to_owned(),
                    member_id: member_id.to_owned(),
                    former: Box::new(Member { awaiting_join: None, awaiting_sync: None, ..former }),
                };
                self.write(partition, &[record], meaning, turn);
            }
            GroupState::Stable => self.rebalance_or_complete_join(&group_id, turn),
            // The leader may already be assigning to the former id.
            GroupState::CompletingRebalance => self.prepare_rebalance(&group_id, turn),
            _ => self.maybe_complete_join(&group_id, turn),
        }
    }

    /// The log knows of the static member's new id: it is answered with the running generation. If that failed, the
    /// former id is valid again.
    pub(super) fn static_member_written(
        &mut self,
        group_id: &str,
        instance: &str,
        member_id: &str,
        former: Member,
        result: ErrorCode,
        turn: &mut Turn<'_>,
    ) {
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        if group.static_members.get(instance).map(String::as_str) != Some(member_id) {
            return;
        }
        let Some(waiting) = group.members.get_mut(member_id).and_then(|member| member.awaiting_join.take()) else {
            return;
        };
        if result.is_none() {
            let is_leader = group.is_leader(member_id);
            let mut response = group_response(group, member_id, is_leader);
            response.skip_assignment = is_leader;
            turn.out.respond(waiting, response);
            return;
        }
        group.replace_static_member(instance, &former.member_id);
        let former_id = former.member_id.clone();
        group.members.insert(former_id.clone(), former);
        turn.out.respond(waiting, join_error(response_error(result), ""));
        turn.cancel_timer(GroupTimer::Session { group: group_id.to_owned(), member_id: member_id.to_owned() });
        self.expect_heartbeat(group_id, &former_id, turn);
    }
}

/// Takes over what a member says of itself when it joins again. A request of it that still waited is given up: the
/// client has forgotten it.
fn update_member(
    group: &mut super::ClassicGroup,
    member_id: &str,
    request: &JoinGroupRequest,
    join: Option<RequestId>,
    turn: &mut Turn<'_>,
) {
    let Some(member) = group.members.get_mut(member_id) else {
        return;
    };
    member.protocols.clone_from(&request.protocols);
    member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    member.session_timeout_ms = request.session_timeout_ms;
    if let Some(forgotten) = std::mem::replace(&mut member.awaiting_join, join) {
        turn.out.no_response(forgotten);
    }
}

/// The running generation, told to one member; the leader also learns the members.
pub(super) fn group_response(group: &super::ClassicGroup, member_id: &str, with_members: bool) -> JoinGroupResponse {
    JoinGroupResponse {
        error: ErrorCode::None,
        generation_id: group.generation,
        protocol_type: group.protocol_type.clone(),
        protocol_name: group.protocol_name.clone(),
        leader: group.leader.clone().unwrap_or_default(),
        member_id: member_id.to_owned(),
        skip_assignment: false,
        members: if with_members { group.join_members() } else { Vec::new() },
    }
}

/// A random UUID (version 4) as Java prints it.
fn uuid_text(random: u128) -> String {
    let bits = random & !(0xf000 << 64) & !(0xc000 << 48) | (0x4000 << 64) | (0x8000 << 48);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

//! SyncGroup: the leader hands in the assignment, everyone gets their part
//! (`GroupMetadataManager.classicGroupSyncToClassicGroup`).

use super::classic_group::ClassicGroup;
use super::coordinator::{GroupCoordinator, Turn, sync_error};
use super::records;
use super::timer::GroupTimer;
use super::write::{Meaning, response_error};
use crate::kafka::effects::RequestId;
use crate::kafka::note::{GroupState, MemberRemoval, Note};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{Assignment, SyncGroupRequest, SyncGroupResponse};
use crate::kafka::sorted::SortedMap;

impl GroupCoordinator {
    pub(super) fn sync(&mut self, request: SyncGroupRequest, id: RequestId, turn: &mut Turn<'_>) {
        let group_id = request.group_id.clone();
        let group = self.group_mut(&group_id).filter(|group| group.state != GroupState::Empty);
        let Some(group) = group else {
            return turn.out.respond(id, sync_error(ErrorCode::UnknownMemberId));
        };
        if let Err(error) = validate(group, &request) {
            return turn.out.respond(id, sync_error(error));
        }
        let member_id = request.member_id;
        match group.state {
            GroupState::CompletingRebalance => {
                if let Some(member) = group.members.get_mut(&member_id)
                    && let Some(forgotten) = member.awaiting_sync.replace(id)
                {
                    turn.out.no_response(forgotten);
                }
                let is_leader = group.is_leader(&member_id);
                self.has_synced(&group_id, &member_id, turn);
                if is_leader {
                    self.write_assignment(&group_id, request.assignments, turn);
                }
            }
            GroupState::Stable => {
                let response = sync_response(group, &member_id);
                turn.out.respond(id, response);
                self.has_synced(&group_id, &member_id, turn);
            }
            _ => turn.out.respond(id, sync_error(ErrorCode::RebalanceInProgress)),
        }
    }

    fn has_synced(&mut self, group_id: &str, member_id: &str, turn: &mut Turn<'_>) {
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        group.pending_sync.remove(member_id);
        if group.pending_sync.is_empty() {
            turn.cancel_timer(GroupTimer::Sync { group: group_id.to_owned() });
        }
    }

    /// The generation becomes stable once the log has the assignment. Members that the leader forgot get nothing.
    fn write_assignment(&mut self, group_id: &str, given: Vec<(String, Assignment)>, turn: &mut Turn<'_>) {
        let Some(group) = self.group(group_id) else {
            return;
        };
        let assignment: SortedMap<String, Assignment> =
            given.into_iter().filter(|(member_id, _)| group.members.contains_key(member_id)).collect();
        let (partition, generation) = (group.partition, group.generation);
        let record = records::group_metadata(group, |member| assignment.get(&member.member_id).cloned());
        let meaning = Meaning::Assignment { group: group_id.to_owned(), generation, assignment };
        self.write(partition, &[record], meaning, turn);
    }

    /// The assignment is in the log, or could not be written. If another rebalance has begun meanwhile it is void.
    pub(super) fn assignment_written(
        &mut self,
        group_id: &str,
        generation: i32,
        mut assignment: SortedMap<String, Assignment>,
        result: ErrorCode,
        turn: &mut Turn<'_>,
    ) {
        let group = self.group_mut(group_id);
        let current = |group: &&mut ClassicGroup| {
            group.state == GroupState::CompletingRebalance && group.generation == generation
        };
        let Some(group) = group.filter(current) else {
            return;
        };
        if !result.is_none() {
            self.reset_assignment(group_id, response_error(result), turn);
            return self.rebalance_or_complete_join(group_id, turn);
        }
        group.persisted = true;
        let mut waiting = Vec::new();
        for member in group.members.values_mut() {
            member.assignment = assignment.remove(&member.member_id);
            if let Some(id) = member.awaiting_sync.take() {
                waiting.push((member.member_id.clone(), id));
            }
        }
        self.transition(group_id, GroupState::Stable, turn);
        for (member_id, id) in waiting {
            if let Some(group) = self.group(group_id) {
                let response = sync_response(group, &member_id);
                turn.out.respond(id, response);
            }
            self.expect_heartbeat(group_id, &member_id, turn);
        }
    }

    /// Members that joined but did not sync within the rebalance timeout are removed, and the group rebalances.
    pub(super) fn sync_phase_expired(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let broker = self.broker;
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        let in_time = !matches!(group.state, GroupState::CompletingRebalance | GroupState::Stable);
        if in_time || group.pending_sync.is_empty() {
            return;
        }
        for member_id in std::mem::take(&mut group.pending_sync) {
            group.remove(&member_id);
            turn.cancel_timer(GroupTimer::Session { group: group_id.to_owned(), member_id: member_id.clone() });
            let group = group_id.to_owned();
            let reason = MemberRemoval::RebalanceTimeout;
            let note = turn.out.note(Note::MemberRemoved { broker, group, member_id, reason });
            turn.out.because_of(Some(note));
        }
        self.prepare_rebalance(group_id, turn);
    }
}

fn sync_response(group: &ClassicGroup, member_id: &str) -> SyncGroupResponse {
    let assignment = group.members.get(member_id).and_then(|member| member.assignment.clone());
    SyncGroupResponse {
        error: ErrorCode::None,
        protocol_type: group.protocol_type.clone(),
        protocol_name: group.protocol_name.clone(),
        assignment: assignment.unwrap_or_default(),
    }
}

fn validate(group: &ClassicGroup, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
    group.validate_member(&request.member_id, request.group_instance_id.as_deref())?;
    if request.generation_id != group.generation {
        return Err(ErrorCode::IllegalGeneration);
    }
    let differs = |own: &Option<String>, told: &Option<String>| told.is_some() && own != told;
    let inconsistent =
        differs(&group.protocol_type, &request.protocol_type) || differs(&group.protocol_name, &request.protocol_name);
    if inconsistent { Err(ErrorCode::InconsistentGroupProtocol) } else { Ok(()) }
}

//! The join phase: it begins with a reason to rebalance, and ends with a new generation
//! (`GroupMetadataManager.prepareRebalance`, `completeClassicGroupJoin`).

use super::classic_group::InitialDelay;
use super::coordinator::{GroupCoordinator, Turn, sync_error};
use super::join::group_response;
use super::records;
use super::timer::GroupTimer;
use super::write::Meaning;
use crate::kafka::note::{GroupState, MemberRemoval, Note};
use crate::kafka::protocol::ErrorCode;

impl GroupCoordinator {
    /// Begins a rebalance, or, if one is under way, ends its join phase when nobody is missing.
    pub(super) fn rebalance_or_complete_join(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        match self.group(group_id).map(|group| group.can_rebalance()) {
            Some(true) => self.prepare_rebalance(group_id, turn),
            Some(false) => self.maybe_complete_join(group_id, turn),
            None => {}
        }
    }

    /// Begins a rebalance. A group that was empty waits for more members first.
    pub(super) fn prepare_rebalance(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let delay_ms = self.config.group_initial_rebalance_delay_ms;
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        let was = group.state;
        let rebalance_timeout_ms = group.rebalance_timeout_ms();
        group.pending_sync.clear();
        group.initial_delay = (was == GroupState::Empty)
            .then(|| InitialDelay { delay_ms, remaining_ms: rebalance_timeout_ms.saturating_sub(delay_ms) });
        turn.cancel_timer(GroupTimer::Sync { group: group_id.to_owned() });
        self.transition(group_id, GroupState::PreparingRebalance, turn);
        if was == GroupState::CompletingRebalance {
            self.reset_assignment(group_id, ErrorCode::RebalanceInProgress, turn);
        }
        if was == GroupState::Empty {
            let at = turn.now.plus_ms(u64::from(delay_ms));
            return turn.set_timer(GroupTimer::Join { group: group_id.to_owned() }, at);
        }
        let all_joined = self.group(group_id).is_some_and(|group| group.has_all_members_joined());
        if all_joined {
            self.complete_join(group_id, turn);
        } else {
            self.schedule_join_end(group_id, turn);
        }
    }

    fn schedule_join_end(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let Some(group) = self.group(group_id) else {
            return;
        };
        let at = turn.now.plus_ms(u64::from(group.rebalance_timeout_ms()));
        turn.set_timer(GroupTimer::Join { group: group_id.to_owned() }, at);
    }

    /// Nobody's assignment counts any longer; those whose SyncGroup waits are told so.
    pub(super) fn reset_assignment(&mut self, group_id: &str, error: ErrorCode, turn: &mut Turn<'_>) {
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        let mut told = Vec::new();
        for member in group.members.values_mut() {
            member.assignment = None;
            if let Some(id) = member.awaiting_sync.take() {
                turn.out.respond(id, sync_error(error));
                told.push(member.member_id.clone());
            }
        }
        for member_id in told {
            self.expect_heartbeat(group_id, &member_id, turn);
        }
    }

    /// Ends the join phase if nobody is missing; the first rebalance of a group always waits its delay.
    pub(super) fn maybe_complete_join(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let complete = self.group(group_id).is_some_and(|group| {
            group.state == GroupState::PreparingRebalance
                && group.previous_state != GroupState::Empty
                && group.has_all_members_joined()
        });
        if complete {
            self.complete_join(group_id, turn);
        }
    }

    /// The initial delay, or the rebalance timeout, is over.
    pub(super) fn join_phase_expired(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let step_ms = self.config.group_initial_rebalance_delay_ms;
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        match group.initial_delay {
            Some(InitialDelay { delay_ms, remaining_ms }) if group.new_member_added && remaining_ms != 0 => {
                group.new_member_added = false;
                let next_ms = step_ms.min(remaining_ms);
                group.initial_delay =
                    Some(InitialDelay { delay_ms: next_ms, remaining_ms: remaining_ms.saturating_sub(delay_ms) });
                let at = turn.now.plus_ms(u64::from(next_ms));
                turn.set_timer(GroupTimer::Join { group: group_id.to_owned() }, at);
            }
            _ if group.state == GroupState::PreparingRebalance => self.complete_join(group_id, turn),
            _ => {}
        }
    }

    /// Ends the join phase: dynamic members that did not come are out, and the next generation begins.
    pub(super) fn complete_join(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let broker = self.broker;
        turn.cancel_timer(GroupTimer::Join { group: group_id.to_owned() });
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        group.initial_delay = None;
        let missing: Vec<String> = group
            .members
            .values()
            .filter(|member| member.awaiting_join.is_none() && !member.is_static())
            .map(|member| member.member_id.clone())
            .collect();
        for member_id in missing {
            group.remove(&member_id);
            turn.cancel_timer(GroupTimer::Session { group: group_id.to_owned(), member_id: member_id.clone() });
            let group = group_id.to_owned();
            let reason = MemberRemoval::RebalanceTimeout;
            let note = turn.out.note(Note::MemberRemoved { broker, group, member_id, reason });
            turn.out.because_of(Some(note));
        }
        if !group.elect_joined_leader() && !group.members.is_empty() {
            // Only static members are left and none has come: wait until their sessions end.
            return self.schedule_join_end(group_id, turn);
        }
        let next = group.init_next_generation();
        self.transition(group_id, next, turn);
        match next {
            GroupState::Empty => self.write_empty_group(group_id, turn),
            _ => self.answer_joins(group_id, turn),
        }
    }

    fn write_empty_group(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let Some(group) = self.group(group_id) else {
            return;
        };
        let partition = group.partition;
        let record = records::group_metadata(group, |_| None);
        self.write(partition, &[record], Meaning::Group { group: group_id.to_owned() }, turn);
    }

    /// Tells every member the generation; from now on their SyncGroups are awaited.
    fn answer_joins(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        let member_ids: Vec<String> = group.members.keys().cloned().collect();
        for member_id in &member_ids {
            let response = group_response(group, member_id, group.is_leader(member_id));
            group.pending_sync.insert(member_id.clone());
            if let Some(member) = group.members.get_mut(member_id) {
                member.is_new = false;
                if let Some(id) = member.awaiting_join.take() {
                    turn.out.respond(id, response);
                }
            }
        }
        let at = turn.now.plus_ms(u64::from(group.rebalance_timeout_ms()));
        turn.set_timer(GroupTimer::Sync { group: group_id.to_owned() }, at);
        for member_id in &member_ids {
            self.expect_heartbeat(group_id, member_id, turn);
        }
    }
}

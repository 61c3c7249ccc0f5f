//! Writes to `__consumer_offsets` that wait for their replicas, and what happens when they are through
//! (`CoordinatorRuntime`).

use super::coordinator::{CoordinatorWrite, GroupCoordinator, Turn};
use super::member::Member;
use super::offset_store::StoredOffset;
use super::records::{self, KeyValue};
use super::timer::GroupTimer;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::TopicPartition;
use crate::kafka::note::Note;
use crate::kafka::protocol::group::Assignment;
use crate::kafka::protocol::{ErrorCode, Response};
use crate::kafka::sorted::SortedMap;

/// What a write means for the coordinator's state once the high watermark has passed it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    /// The group exists for others from now on.
    Group { group: String },
    /// Commits.
    Offsets { group: String, offsets: Vec<(TopicPartition, StoredOffset)> },
    /// The leader's assignment: with it the generation becomes stable.
    Assignment { group: String, generation: i32, assignment: SortedMap<String, Assignment> },
    /// A static member has come back under a new id.
    StaticMember { group: String, instance: String, member_id: String, former: Box<Member> },
    /// Tombstones of offsets and groups.
    Removal { offsets: Vec<(String, TopicPartition)>, groups: Vec<String> },
}

impl Meaning {
    /// Whether it belongs to the state even if the answer was a time-out: the record is in the log.
    fn outlives_timeout(&self) -> bool {
        !matches!(self, Meaning::Assignment { .. } | Meaning::StaticMember { .. })
    }
}

/// A write on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PendingWrite {
    pub partition: i32,
    pub meaning: Option<Meaning>,
    /// Answers that wait for it.
    pub answers: Vec<(RequestId, Response)>,
}

/// The error that clients are told when a write has failed
/// (`CoordinatorOperationExceptionHelper`, `appendGroupMetadataErrorToResponseError`).
pub(super) fn response_error(append_error: ErrorCode) -> ErrorCode {
    match append_error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => ErrorCode::Unknown,
        other => other,
    }
}

/// The same answer, if the write it waits for has failed.
fn refused(mut response: Response, error: ErrorCode) -> Response {
    match &mut response {
        Response::Heartbeat(body) => body.error = error,
        Response::LeaveGroup(body) => {
            body.error = error;
            body.members.clear();
        }
        Response::OffsetCommit(body) => {
            for (_, partition_error) in &mut body.partitions {
                if partition_error.is_none() {
                    *partition_error = error;
                }
            }
        }
        Response::DeleteGroups(body) => {
            body.groups
                .iter_mut()
                .filter(|(_, of_group)| of_group.is_none())
                .for_each(|(_, of_group)| *of_group = error);
        }
        Response::OffsetDelete(body) => {
            body.error = error;
            body.partitions.clear();
        }
        _ => {}
    }
    response
}

impl GroupCoordinator {
    /// Hands records to the broker. The answers given with [`GroupCoordinator::answer_after`] wait for them.
    pub(super) fn write(&mut self, partition: i32, records: &[KeyValue], meaning: Meaning, turn: &mut Turn<'_>) -> u64 {
        let write = self.next_write;
        self.next_write += 1;
        let batch = records::batch(records, self.clock.now_ms(turn.now));
        turn.writes.push(CoordinatorWrite { write, partition, batch });
        self.pending_writes.insert(write, PendingWrite { partition, meaning: Some(meaning), answers: Vec::new() });
        let at = turn.now.plus_ms(u64::from(self.config.offsets_commit_timeout_ms));
        turn.set_timer(GroupTimer::Write { write }, at);
        write
    }

    /// Answers once the partition's last write is through; at once if there is none.
    pub(super) fn answer_after_writes(
        &mut self,
        partition: i32,
        id: RequestId,
        response: Response,
        turn: &mut Turn<'_>,
    ) {
        match self.pending_writes.values_mut().rev().find(|pending| pending.partition == partition) {
            Some(pending) => pending.answers.push((id, response)),
            None => turn.out.respond(id, response),
        }
    }

    /// The broker has learnt what became of a write: [`ErrorCode::None`] once the high watermark has passed it.
    pub(super) fn complete_write(&mut self, write: u64, result: ErrorCode, turn: &mut Turn<'_>) {
        let Some(mut pending) = self.pending_writes.remove(&write) else {
            return;
        };
        turn.cancel_timer(GroupTimer::Write { write });
        if result == ErrorCode::RequestTimedOut {
            self.pending_writes.insert(write, pending);
            return self.time_out_write(write, turn);
        }
        let before = turn.out.cause();
        if let Some(meaning) = pending.meaning.take() {
            self.apply(meaning, result, turn);
        }
        self.answer_waiting(pending.answers, result, turn);
        turn.out.because_of(before);
    }

    /// Nobody waits any longer, though the records may still be replicated.
    pub(super) fn time_out_write(&mut self, write: u64, turn: &mut Turn<'_>) {
        let Some(pending) = self.pending_writes.get_mut(&write) else {
            return;
        };
        let answers = std::mem::take(&mut pending.answers);
        let failed = pending.meaning.take_if(|meaning| !meaning.outlives_timeout());
        if let Some(meaning) = failed {
            self.apply(meaning, ErrorCode::RequestTimedOut, turn);
        }
        self.answer_waiting(answers, ErrorCode::RequestTimedOut, turn);
    }

    fn answer_waiting(&self, answers: Vec<(RequestId, Response)>, result: ErrorCode, turn: &mut Turn<'_>) {
        for (id, response) in answers {
            let response = match result {
                ErrorCode::None => response,
                error => refused(response, response_error(error)),
            };
            turn.out.respond(id, response);
        }
    }

    fn apply(&mut self, meaning: Meaning, result: ErrorCode, turn: &mut Turn<'_>) {
        match meaning {
            Meaning::Assignment { group, generation, assignment } => {
                self.assignment_written(&group, generation, assignment, result, turn);
            }
            Meaning::StaticMember { group, instance, member_id, former } => {
                self.static_member_written(&group, &instance, &member_id, *former, result, turn);
            }
            Meaning::Group { group } => self.group_written(&group, result),
            Meaning::Offsets { group, offsets } => {
                self.group_written(&group, result);
                if result.is_none() {
                    self.offsets_written(&group, offsets, turn);
                }
            }
            Meaning::Removal { offsets, groups } if result.is_none() => {
                for (group, partition) in offsets {
                    self.offsets.put(&group, partition, None);
                }
                for group in groups {
                    let gone = self.groups.get(&group).is_some_and(|group| group.members.is_empty());
                    if gone && self.offsets.group(&group).is_none() {
                        self.groups.remove(&group);
                    }
                }
            }
            Meaning::Removal { .. } => {}
        }
    }

    /// A record of the group is in the log, or could not be written: then a group that nobody knows is forgotten.
    fn group_written(&mut self, group_id: &str, result: ErrorCode) {
        let Some(group) = self.group_mut(group_id) else {
            return;
        };
        if result.is_none() {
            group.persisted = true;
        } else if !group.persisted && group.members.is_empty() && group.pending_join.is_empty() {
            self.groups.remove(group_id);
        }
    }

    fn offsets_written(&mut self, group: &str, offsets: Vec<(TopicPartition, StoredOffset)>, turn: &mut Turn<'_>) {
        for (partition, stored) in offsets {
            let note = turn.out.note(Note::GroupOffsetStored {
                broker: self.broker,
                group: group.to_owned(),
                partition: partition.clone(),
                offset: stored.offset,
            });
            self.offsets.put(group, partition, Some(stored));
            turn.out.because_of(Some(note));
        }
    }
}

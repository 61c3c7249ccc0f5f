//! Committing offsets: commitSync, commitAsync, and by itself.

use super::membership::MemberState;
use super::{Consumer, Loop, Purpose};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{SimTime, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::offsets::{OffsetAndMetadata, OffsetCommitRequest, OffsetCommitResponse};

/// `default.api.timeout.ms`: how long commitSync() tries.
const API_TIMEOUT_MS: u64 = 60_000;
/// Results that are kept.
const MAX_RESULTS: usize = 16;

/// Who waits for a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitKind {
    /// commitSync(): retried.
    Sync,
    /// commitAsync(): not retried, since an older commit could overwrite a newer one.
    Async,
    /// `enable.auto.commit`, inside poll().
    Auto,
    /// The loop of the application waits for it.
    Application,
}

/// A commit that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Commit {
    pub number: u32,
    pub kind: CommitKind,
    pub offsets: Vec<(TopicPartition, OffsetAndMetadata)>,
    pub(super) deadline: SimTime,
    pub(super) not_before: SimTime,
    pub(super) sent: bool,
}

/// What became of an explicit commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitResult {
    pub number: u32,
    /// NONE: it is stored.
    pub error: ErrorCode,
}

impl Consumer {
    /// Hands a commit over. One without offsets is done at once.
    pub(super) fn commit(
        &mut self,
        kind: CommitKind,
        offsets: Vec<(TopicPartition, OffsetAndMetadata)>,
        now: SimTime,
        out: &mut Effects,
    ) {
        let number = self.next_commit;
        self.next_commit += 1;
        let deadline = now.plus_ms(API_TIMEOUT_MS);
        let commit = Commit { number, kind, offsets, deadline, not_before: SimTime::ZERO, sent: false };
        if self.setup.config.group_id.is_none() {
            self.commits.push_back(commit);
            return self.commit_ended(number, ErrorCode::InvalidGroupId, now, out);
        }
        let is_empty = commit.offsets.is_empty();
        self.commits.push_back(commit);
        if is_empty {
            self.commit_ended(number, ErrorCode::None, now, out);
        }
    }

    /// Inside poll(), every `auto.commit.interval.ms`: the positions after the records of the polls before.
    pub(super) fn auto_commit_if_due(&mut self, now: SimTime, out: &mut Effects) {
        if self.auto_commit_due_at().is_some_and(|at| at <= now) {
            self.last_auto_commit = now;
            let offsets = self.subscription.all_consumed();
            if !offsets.is_empty() && self.commits.iter().all(|commit| commit.kind != CommitKind::Auto) {
                self.commit(CommitKind::Auto, offsets, now, out);
            }
        }
    }

    pub(super) fn auto_commit_due_at(&self) -> Option<SimTime> {
        let config = &self.setup.config;
        let on = config.enable_auto_commit && config.group_id.is_some() && !self.subscription.is_empty();
        on.then(|| self.last_auto_commit.plus_ms(u64::from(config.auto_commit_interval_ms)))
    }

    /// Eager revocation commits first, if commits are automatic. It is retried for as long as a rebalance may take
    /// (`ConsumerCoordinator.onJoinPrepare`).
    pub(super) fn commit_before_revoking(&mut self, now: SimTime) {
        let offsets = self.subscription.all_consumed();
        if offsets.is_empty() || !self.membership.is_member() {
            return;
        }
        let number = self.next_commit;
        self.next_commit += 1;
        let deadline = now.plus_ms(u64::from(self.setup.config.max_poll_interval_ms));
        let kind = CommitKind::Auto;
        self.commits.push_back(Commit { number, kind, offsets, deadline, not_before: SimTime::ZERO, sent: false });
    }

    /// Sends what waits, in order.
    pub(super) fn send_commits(&mut self, now: SimTime, out: &mut Effects) {
        self.fail_commits_of_no_member(now, out);
        let Some(coordinator) = self.membership.coordinator else { return };
        if !self.connections.is_ready(coordinator, Channel::Coordinator, now) {
            return;
        }
        let due: Vec<u32> = self
            .commits
            .iter()
            .filter(|commit| !commit.sent && commit.not_before <= now)
            .map(|commit| commit.number)
            .collect();
        for number in due {
            let Some(commit) = self.commits.iter_mut().find(|commit| commit.number == number) else { continue };
            commit.sent = true;
            let offsets = commit.offsets.clone();
            for (partition, offset) in &offsets {
                let (client, partition, offset) = (self.setup.client.id, partition.clone(), offset.offset);
                out.note(Note::CommitSent { client, partition, offset });
            }
            // Without subscription the group is only a place to keep offsets.
            let member = self.subscription.is_group();
            let request = OffsetCommitRequest {
                group_id: self.setup.config.group_id.clone().unwrap_or_default(),
                generation_id_or_member_epoch: if member { self.membership.generation } else { -1 },
                member_id: if member { self.membership.member_id.clone() } else { String::new() },
                group_instance_id: self.setup.config.group_instance_id.clone().filter(|_| member),
                offsets,
            };
            let timeout_ms = self.request_timeout_ms();
            self.send(coordinator, Channel::Coordinator, Purpose::Commit(number), timeout_ms, request, now, out);
        }
    }

    /// Whoever should be a member of a group and is none at present does not even ask (`sendOffsetCommitRequest`,
    /// `generationIfStable`): as an outsider it could overwrite what the group has committed since.
    fn fail_commits_of_no_member(&mut self, now: SimTime, out: &mut Effects) {
        let error = match self.membership.state {
            _ if !self.subscription.is_group() => return,
            MemberState::Stable => return,
            MemberState::PreparingRebalance | MemberState::CompletingRebalance => ErrorCode::RebalanceInProgress,
            MemberState::Unjoined => ErrorCode::UnknownMemberId,
        };
        while let Some(commit) = self.commits.iter().find(|commit| !commit.sent) {
            let number = commit.number;
            out.note(Note::CommitFailed { client: self.setup.client.id, error });
            self.commit_ended(number, error, now, out);
        }
    }

    pub(super) fn commit_answered(
        &mut self,
        number: u32,
        response: &OffsetCommitResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        self.membership.last_answer = now;
        let error = response.partitions.iter().map(|(_, error)| *error).find(|error| !error.is_none());
        match error {
            None => {
                self.note_committed(number, out);
                self.commit_ended(number, ErrorCode::None, now, out);
            }
            Some(error) => self.commit_failed(number, error, now, out),
        }
    }

    fn note_committed(&mut self, number: u32, out: &mut Effects) {
        let Some(commit) = self.commits.iter().find(|commit| commit.number == number) else { return };
        for (partition, offset) in &commit.offsets {
            if let Some(state) = self.subscription.get_mut(partition) {
                state.committed = Some(offset.clone());
            }
            let (client, partition, offset) = (self.setup.client.id, partition.clone(), offset.offset);
            let note = out.note(Note::OffsetCommitted { client, partition, offset });
            out.because_of(Some(note));
        }
    }

    pub(super) fn commit_failed(&mut self, number: u32, error: ErrorCode, now: SimTime, out: &mut Effects) {
        match error {
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator | ErrorCode::RequestTimedOut => {
                self.coordinator_unknown(now);
            }
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                self.membership.reset(error == ErrorCode::IllegalGeneration);
                self.ask_rejoin();
            }
            ErrorCode::RebalanceInProgress => self.ask_rejoin(),
            ErrorCode::FencedInstanceId => self.membership.reset(true),
            _ => {}
        }
        let again = error.is_retriable() && error != ErrorCode::RebalanceInProgress;
        let is_sync = matches!(self.kind_of_commit(number), Some(CommitKind::Sync | CommitKind::Application));
        let retry_at = self.retry_at(now);
        if let Some(commit) = self.commits.iter_mut().find(|commit| commit.number == number)
            && again
            && commit.kind != CommitKind::Async
            && now < commit.deadline
        {
            commit.sent = false;
            commit.not_before = retry_at;
            return;
        }
        // commitSync() tells only that its time is over, not what went wrong until then.
        let error = if again && is_sync { ErrorCode::RequestTimedOut } else { error };
        out.note(Note::CommitFailed { client: self.setup.client.id, error });
        self.commit_ended(number, error, now, out);
    }

    fn kind_of_commit(&self, number: u32) -> Option<CommitKind> {
        self.commits.iter().find(|commit| commit.number == number).map(|commit| commit.kind)
    }

    /// A commit has its final answer.
    fn commit_ended(&mut self, number: u32, error: ErrorCode, now: SimTime, out: &mut Effects) {
        let Some(place) = self.commits.iter().position(|commit| commit.number == number) else { return };
        let Some(commit) = self.commits.remove(place) else { return };
        match commit.kind {
            CommitKind::Sync | CommitKind::Async => {
                self.commit_results.push_back(CommitResult { number, error });
                if self.commit_results.len() > MAX_RESULTS {
                    self.commit_results.pop_front();
                }
            }
            CommitKind::Application => {
                if let Loop::Committing { .. } = self.application {
                    self.application_committed(error, now, out);
                }
            }
            CommitKind::Auto => {}
        }
    }
}

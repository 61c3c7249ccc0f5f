//! The calls of the application, and its loop: poll, process each record, commit.

use std::collections::VecDeque;

use super::commits::CommitKind;
use super::subscription::{FetchPosition, OffsetReset, SubscriptionKind};
use super::{Consumer, ConsumerTimer};
use crate::kafka::client::application::CommitStyle;
use crate::kafka::client::call::{ConsumerCall, SeekTo};
use crate::kafka::effects::Effects;
use crate::kafka::ids::{LeaderEpoch, Offset, SimTime, TopicPartition};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::{Note, PositionReason};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::list_offsets::OffsetSpec;
use crate::kafka::protocol::offsets::OffsetAndMetadata;
use crate::kafka::record::{Record, TimestampType};

/// Results of explicit polls that are kept.
const MAX_POLLS: usize = 16;

/// A record that poll() has handed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolledRecord {
    pub partition: TopicPartition,
    pub leader_epoch: LeaderEpoch,
    pub timestamp_type: TimestampType,
    pub record: Record,
}

/// What poll() may throw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PollError {
    /// An error code of the group, or of a fetch.
    Code(ErrorCode),
    /// NoOffsetForPartitionException: nothing is committed, and `auto.offset.reset` is `none`.
    NoOffsetForPartition,
    /// OffsetOutOfRangeException: there is no such record (any more), and `auto.offset.reset` is `none`.
    OffsetOutOfRange,
    /// LogTruncationException: records before the position are gone (KIP-320), and `auto.offset.reset` is `none`.
    LogTruncation,
}

impl PollError {
    /// Kafka's name of the error code, or of the exception where there is no code of its own.
    pub const fn name(self) -> &'static str {
        match self {
            PollError::Code(error) => error.name(),
            PollError::NoOffsetForPartition => "NoOffsetForPartitionException",
            PollError::OffsetOutOfRange => "OffsetOutOfRangeException",
            PollError::LogTruncation => "LogTruncationException",
        }
    }
}

impl From<ErrorCode> for PollError {
    fn from(error: ErrorCode) -> PollError {
        PollError::Code(error)
    }
}

/// What an explicit poll has brought.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PollResult {
    /// Counted from 0.
    pub number: u32,
    pub records: Vec<PolledRecord>,
    /// The call ended with this error.
    pub error: Option<PollError>,
}

/// An explicit poll under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActivePoll {
    /// Ends when so many records are there.
    pub wanted: u32,
    pub records: Vec<PolledRecord>,
}

/// Where the application's loop stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Loop {
    Stopped,
    /// In poll().
    Polling,
    /// Works on a record; others wait behind it.
    Processing {
        current: (TopicPartition, Offset),
        rest: VecDeque<(TopicPartition, Offset)>,
    },
    /// Waits for commitSync(); then goes on with the rest.
    Committing {
        rest: VecDeque<(TopicPartition, Offset)>,
    },
}

impl Consumer {
    /// Whether a poll() is under way, explicit or of the loop.
    pub fn is_polling(&self) -> bool {
        !self.closing && (self.poll.is_some() || self.application == Loop::Polling)
    }

    /// Fetches are sent inside poll(), and before it returns, so while records are worked on too.
    pub(super) fn may_fetch(&self) -> bool {
        self.is_polling()
            || (!self.closing && matches!(self.application, Loop::Processing { .. } | Loop::Committing { .. }))
    }

    /// The application's poll() ends with an error.
    pub(super) fn fail(&mut self, error: impl Into<PollError>, now: SimTime, out: &mut Effects) {
        self.last_error = Some(error.into());
        self.finish_poll(now, out);
    }

    pub(super) fn call(&mut self, call: ConsumerCall, now: SimTime, out: &mut Effects) {
        if self.closed || self.closing {
            return;
        }
        match call {
            ConsumerCall::Subscribe(topics) => {
                self.metadata.set_topics(&topics);
                self.subscription.kind = SubscriptionKind::Topics(topics);
                self.ask_rejoin();
            }
            ConsumerCall::Unsubscribe => {
                self.leave_by_unsubscribing(now, out);
                self.subscription.clear();
                self.subscription.kind = SubscriptionKind::None;
                self.ask_rejoin();
            }
            ConsumerCall::Assign(partitions) => {
                self.subscription.kind = SubscriptionKind::Assigned;
                let topics: Vec<_> = partitions.iter().map(|partition| partition.topic.clone()).collect();
                self.metadata.set_topics(&topics);
                self.subscription.assign(partitions);
            }
            ConsumerCall::Poll { max_records, timeout_ms } => {
                self.last_error = None;
                self.poll = Some(ActivePoll { wanted: max_records, records: Vec::new() });
                out.set_timer(ConsumerTimer::Poll, now.plus_ms(u64::from(timeout_ms)));
            }
            ConsumerCall::Commit { offsets, asynchronous } => {
                let offsets = offsets.unwrap_or_else(|| self.subscription.all_consumed());
                let kind = if asynchronous { CommitKind::Async } else { CommitKind::Sync };
                self.commit(kind, offsets, now, out);
            }
            ConsumerCall::Seek { partition, to } => self.seek(&partition, to, out),
            ConsumerCall::Pause(partitions) => self.set_paused(&partitions, true),
            ConsumerCall::Resume(partitions) => self.set_paused(&partitions, false),
            ConsumerCall::Close => self.close(now, out),
            ConsumerCall::PollLoop(on) => {
                self.last_error = None;
                self.application = match (on, std::mem::replace(&mut self.application, Loop::Stopped)) {
                    (true, Loop::Stopped) => Loop::Polling,
                    (true, running) => running,
                    (false, _) => Loop::Stopped,
                };
                if !on {
                    out.cancel_timer(ConsumerTimer::Processing);
                }
            }
        }
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) {
        for partition in partitions {
            if let Some(state) = self.subscription.get_mut(partition) {
                state.paused = paused;
            }
        }
    }

    fn seek(&mut self, partition: &TopicPartition, to: SeekTo, out: &mut Effects) {
        let client = self.setup.client.id;
        let Some(state) = self.subscription.get_mut(partition) else { return };
        let reason = PositionReason::Seek;
        let spec = match to {
            SeekTo::Offset(offset) => {
                state.seek(FetchPosition { offset, epoch: None });
                out.note(Note::PositionSet { client, partition: partition.clone(), offset, reason });
                return;
            }
            SeekTo::Beginning => OffsetSpec::Earliest,
            SeekTo::End => OffsetSpec::Latest,
            SeekTo::Timestamp(at) => OffsetSpec::Timestamp(at),
        };
        state.ask_reset(OffsetReset { spec, reason });
    }

    // ---- handing records out

    /// poll() returns what is buffered, at most `max.poll.records` at a time.
    pub(super) fn hand_out(&mut self, now: SimTime, out: &mut Effects) {
        while self.is_polling() && !self.must_rejoin_first() {
            let records = self.take_buffered(out);
            if records.is_empty() {
                return;
            }
            match &mut self.poll {
                Some(poll) => {
                    poll.records.extend(records);
                    if poll.records.len() >= poll.wanted as usize {
                        self.finish_poll(now, out);
                        return;
                    }
                }
                None => self.begin_processing(records, now, out),
            }
        }
    }

    /// Inside poll() a rebalance comes before records.
    fn must_rejoin_first(&self) -> bool {
        self.subscription.is_group() && !self.membership.is_stable()
    }

    fn take_buffered(&mut self, out: &mut Effects) -> Vec<PolledRecord> {
        let client = self.setup.client.id;
        let mut room = self.setup.config.max_poll_records as usize;
        let mut polled = Vec::new();
        for partition in self.subscription.completed_fetches() {
            let Some(state) = self.subscription.get_mut(&partition) else { continue };
            if state.paused || state.needs_check {
                continue;
            }
            let before = polled.len();
            while room > 0
                && let (Some(batch), Some(position)) = (state.buffered.front().cloned(), state.position)
            {
                let mut next = FetchPosition { offset: batch.last_offset() + 1, epoch: Some(batch.leader_epoch()) };
                let from = if breaks(Mutation::WholeBatches) { batch.base_offset() } else { position.offset };
                if !batch.is_control() {
                    for record in batch.records().flatten().filter(|record| record.offset >= from) {
                        if room == 0 {
                            next.offset = record.offset;
                            break;
                        }
                        room -= 1;
                        polled.push(PolledRecord {
                            partition: partition.clone(),
                            leader_epoch: batch.leader_epoch(),
                            timestamp_type: batch.timestamp_type(),
                            record,
                        });
                    }
                }
                state.position = Some(next);
                if next.offset > batch.last_offset() {
                    state.buffered.pop_front();
                }
            }
            if state.buffered.is_empty() {
                self.subscription.move_to_end(&partition);
            }
            if let (Some(first), Some(last)) = (polled.get(before), polled.last())
                && polled.len() > before
            {
                out.note(Note::RecordsPolled {
                    client,
                    partition: partition.clone(),
                    first_offset: first.record.offset,
                    last_offset: last.record.offset,
                    count: (polled.len() - before) as u32,
                });
            }
        }
        polled
    }

    /// An explicit poll ends: enough is there, its time is over, or it failed.
    pub(super) fn finish_poll(&mut self, now: SimTime, out: &mut Effects) {
        out.cancel_timer(ConsumerTimer::Poll);
        self.last_poll = now;
        if let Some(poll) = self.poll.take() {
            let result = PollResult { number: self.polls_done, records: poll.records, error: self.last_error };
            self.polls_done += 1;
            self.polls.push_back(result);
            if self.polls.len() > MAX_POLLS {
                self.polls.pop_front();
            }
        }
        if self.last_error.is_some() {
            // The exception ends the application's loop.
            self.application = Loop::Stopped;
            out.cancel_timer(ConsumerTimer::Processing);
        }
    }

    // ---- the loop

    fn begin_processing(&mut self, records: Vec<PolledRecord>, now: SimTime, out: &mut Effects) {
        let rest: VecDeque<_> = records.into_iter().map(|polled| (polled.partition, polled.record.offset)).collect();
        if self.setup.application.commit == CommitStyle::BeforeProcessing {
            self.application = Loop::Committing { rest };
            let offsets = self.subscription.all_consumed();
            self.commit(CommitKind::Application, offsets, now, out);
        } else {
            self.next_record(rest, now, out);
        }
    }

    fn next_record(&mut self, mut rest: VecDeque<(TopicPartition, Offset)>, now: SimTime, out: &mut Effects) {
        let Some(current) = rest.pop_front() else {
            self.application = Loop::Polling;
            return;
        };
        let (client, partition, offset) = (self.setup.client.id, current.0.clone(), current.1);
        out.note(Note::ProcessingStarted { client, partition, offset });
        self.application = Loop::Processing { current, rest };
        out.set_timer(ConsumerTimer::Processing, now.plus_us(self.setup.application.processing_us));
    }

    pub(super) fn record_processed(&mut self, now: SimTime, out: &mut Effects) {
        let Loop::Processing { current, rest } = std::mem::replace(&mut self.application, Loop::Polling) else {
            return;
        };
        let (partition, offset) = current;
        let client = self.setup.client.id;
        let note = out.note(Note::RecordProcessed { client, partition: partition.clone(), offset });
        out.because_of(Some(note));
        let style = self.setup.application.commit;
        let offsets = match style {
            CommitStyle::AfterEachRecord => {
                let next = OffsetAndMetadata { offset: offset + 1, leader_epoch: None, metadata: String::new() };
                vec![(partition, next)]
            }
            CommitStyle::AfterProcessing if rest.is_empty() || breaks(Mutation::CommitBeforeTheLast) => {
                self.subscription.all_consumed()
            }
            _ => return self.next_record(rest, now, out),
        };
        self.application = Loop::Committing { rest };
        self.commit(CommitKind::Application, offsets, now, out);
    }

    /// commitSync() of the loop has returned, or thrown: the program goes on. One that commits before it processes does
    /// not touch records whose commit has failed; somebody else may be reading them.
    pub(super) fn application_committed(&mut self, error: ErrorCode, now: SimTime, out: &mut Effects) {
        let Loop::Committing { rest } = std::mem::replace(&mut self.application, Loop::Polling) else { return };
        if error.is_none() || self.setup.application.commit != CommitStyle::BeforeProcessing {
            self.next_record(rest, now, out);
        }
    }

    // ---- the end

    fn close(&mut self, now: SimTime, out: &mut Effects) {
        self.finish_poll(now, out);
        self.application = Loop::Stopped;
        out.cancel_timer(ConsumerTimer::Processing);
        self.closing = true;
        // Also for partitions that were taken by assign(): committing needs a group, not membership in it.
        let has_group = self.setup.config.group_id.is_some();
        let offsets = self.subscription.all_consumed();
        let may_commit = if self.subscription.is_group() { self.membership.is_member() } else { has_group };
        if self.setup.config.enable_auto_commit && may_commit && !offsets.is_empty() {
            self.commit(CommitKind::Auto, offsets, now, out);
            self.send_commits(now, out);
        }
        if !self.leave(now, out) {
            self.membership.left = true;
        }
    }

    pub(super) fn try_to_close(&mut self, out: &mut Effects) {
        let committing = !self.commits.is_empty() && self.membership.coordinator.is_some();
        if self.membership.left && !committing {
            self.closed = true;
            out.exit();
        }
    }
}

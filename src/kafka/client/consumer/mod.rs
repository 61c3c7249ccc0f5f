//! KafkaConsumer (classic group protocol) and the application around it.
//!
//! - [`subscription`]: what is assigned, and where it stands in each partition (SubscriptionState);
//! - [`membership`]: the member's place in its group (ConsumerCoordinator, AbstractCoordinator);
//! - [`fetcher`]: fetching, and handing records out (Fetcher, FetchCollector);
//! - [`positions`]: finding and checking positions (OffsetFetcher);
//! - [`commits`]: committing offsets;
//! - [`poll`]: the calls of the application, and its loop.

pub mod commits;
pub mod fetcher;
mod heartbeat;
mod join_group;
pub mod membership;
pub mod poll;
pub mod positions;
pub mod subscription;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::kafka::client::backoff::ExponentialBackoff;
use crate::kafka::client::call::Call;
use crate::kafka::client::connections::Connections;
use crate::kafka::client::fetch_session_handler::FetchSessionHandler;
use crate::kafka::client::metadata::{ClientMetadata, MetadataSettings};
use crate::kafka::effects::{Channel, Effects, Input};
use crate::kafka::ids::{BrokerId, NodeId, Offset, SimTime, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::setup::ConsumerSetup;
use crate::kafka::sorted::SortedMap;
use commits::{Commit, CommitResult};
use membership::Membership;
use poll::{ActivePoll, Loop, PollError, PollResult};
use subscription::{PartitionState, SubscriptionState};

/// What a consumer waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConsumerTimer {
    /// `heartbeat.interval.ms` after the last heartbeat.
    Heartbeat,
    /// Something is to be tried again, has waited too long, or is due.
    Wake,
    /// A `poll()` of the application has waited for its timeout.
    Poll,
    /// The application is done with a record.
    Processing,
    /// `max.poll.interval.ms` without a `poll()`.
    PollInterval,
}

/// What a request in flight was for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Purpose {
    Metadata,
    FindCoordinator,
    JoinGroup,
    SyncGroup,
    Heartbeat,
    LeaveGroup,
    OffsetFetch,
    Commit(u32),
    ListOffsets,
    EpochCheck,
    /// What was asked stands in the session of the broker.
    Fetch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    purpose: Purpose,
    broker: BrokerId,
    channel: Channel,
    /// When the answer has taken too long.
    due: SimTime,
}

/// What a consumer does at present, for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Activity {
    /// It has nothing to read, or nobody calls poll().
    Idle,
    /// It looks for its coordinator, or joins its group.
    Joining,
    /// It waits for records.
    Waiting,
    Processing {
        partition: TopicPartition,
        offset: Offset,
    },
    Committing,
    Closed,
}

/// A consumer process with its application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consumer {
    pub setup: ConsumerSetup,
    metadata: ClientMetadata,
    connections: Connections,
    subscription: SubscriptionState,
    membership: Membership,
    in_flight: SortedMap<u32, Pending>,
    fetch_sessions: SortedMap<BrokerId, FetchSessionHandler>,
    last_correlation: u32,
    commits: VecDeque<Commit>,
    next_commit: u32,
    commit_results: VecDeque<CommitResult>,
    last_auto_commit: SimTime,
    poll: Option<ActivePoll>,
    polls: VecDeque<PollResult>,
    polls_done: u32,
    application: Loop,
    last_poll: SimTime,
    /// An error that poll() has thrown; the next call begins afresh.
    last_error: Option<PollError>,
    closing: bool,
    closed: bool,
}

impl Consumer {
    pub fn new(setup: ConsumerSetup) -> Consumer {
        let config = &setup.config;
        let settings = MetadataSettings {
            max_age_ms: config.metadata_max_age_ms,
            backoff: ExponentialBackoff { initial_ms: config.retry_backoff_ms, max_ms: config.retry_backoff_max_ms },
            allow_auto_topic_creation: config.allow_auto_create_topics,
        };
        Consumer {
            metadata: ClientMetadata::new(setup.client.bootstrap.clone(), settings),
            connections: Connections::default(),
            subscription: SubscriptionState::default(),
            membership: Membership::default(),
            in_flight: SortedMap::new(),
            fetch_sessions: SortedMap::new(),
            last_correlation: 0,
            commits: VecDeque::new(),
            next_commit: 0,
            commit_results: VecDeque::new(),
            last_auto_commit: SimTime::ZERO,
            poll: None,
            polls: VecDeque::new(),
            polls_done: 0,
            application: if setup.application.poll_loop { Loop::Polling } else { Loop::Stopped },
            last_poll: SimTime::ZERO,
            last_error: None,
            closing: false,
            closed: false,
            setup,
        }
    }

    /// The process begins. One that was closed before begins anew.
    pub fn start(&mut self, now: SimTime, out: &mut Effects) {
        if self.closed {
            self.crash();
        }
        self.last_auto_commit = now;
        self.last_poll = now;
        self.run(now, out);
    }

    /// The process dies: everything in memory is gone. Only its draws and correlations go on.
    pub fn crash(&mut self) {
        let last_correlation = self.last_correlation;
        *self = Consumer::new(self.setup.clone());
        self.last_correlation = last_correlation;
    }

    pub fn handle(&mut self, input: Input, now: SimTime, out: &mut Effects) {
        match input {
            Input::Call(Call::Consumer(call)) => self.call(call, now, out),
            Input::Response { correlation, response, .. } => self.answered(correlation, response, now, out),
            Input::Disconnected { peer, channel } => {
                if let Some(broker) = peer.as_broker() {
                    self.disconnected(broker, channel, now, out);
                }
            }
            Input::Timer(crate::kafka::timer::Timer::Consumer(timer)) => self.timer(&timer, now, out),
            Input::Request { id, .. } => out.refuse_connection(id),
            Input::Timer(_) | Input::Call(_) => {}
        }
        self.run(now, out);
    }

    fn timer(&mut self, timer: &ConsumerTimer, now: SimTime, out: &mut Effects) {
        match timer {
            ConsumerTimer::Heartbeat => self.membership.heartbeat_due = true,
            ConsumerTimer::Wake => self.disconnect_overdue(now, out),
            ConsumerTimer::Poll => self.finish_poll(now, out),
            ConsumerTimer::Processing => self.record_processed(now, out),
            // The turn that follows leaves the group.
            ConsumerTimer::PollInterval => {}
        }
    }

    /// Does all that can be done now.
    fn run(&mut self, now: SimTime, out: &mut Effects) {
        if self.closed {
            return;
        }
        self.notice_metadata_changes();
        if self.is_polling() {
            self.last_poll = now;
            self.send_unsent_leave(now, out);
            self.auto_commit_if_due(now, out);
        }
        self.run_membership(now, out);
        self.send_commits(now, out);
        self.find_positions(now, out);
        self.hand_out(now, out);
        // An application that commits before it processes does so now.
        self.send_commits(now, out);
        self.send_fetches(now, out);
        self.request_metadata(now, out);
        if self.closing {
            self.try_to_close(out);
        }
        if !self.closed {
            self.set_timers(now, out);
        }
    }

    // ---- requests and answers

    #[allow(clippy::too_many_arguments, reason = "the parts of one request")]
    fn send(
        &mut self,
        broker: BrokerId,
        channel: Channel,
        purpose: Purpose,
        timeout_ms: u64,
        request: impl Into<Request>,
        now: SimTime,
        out: &mut Effects,
    ) {
        self.last_correlation = self.last_correlation.wrapping_add(1);
        let correlation = self.last_correlation;
        self.in_flight.insert(correlation, Pending { purpose, broker, channel, due: now.plus_ms(timeout_ms) });
        self.connections.sent(broker, channel);
        out.send_after(self.setup.client.timing.client_us, NodeId::Broker(broker), channel, correlation, request);
    }

    fn request_timeout_ms(&self) -> u64 {
        u64::from(self.setup.config.request_timeout_ms)
    }

    fn backoff(&self) -> ExponentialBackoff {
        let config = &self.setup.config;
        ExponentialBackoff { initial_ms: config.retry_backoff_ms, max_ms: config.retry_backoff_max_ms }
    }

    /// When something that failed may be tried again.
    fn retry_at(&mut self, now: SimTime) -> SimTime {
        let backoff = self.backoff();
        now.plus_ms(u64::from(backoff.delay_ms(0, &mut self.setup.client.random)))
    }

    fn is_in_flight(&self, wanted: impl Fn(&Purpose) -> bool) -> bool {
        self.in_flight.values().any(|pending| wanted(&pending.purpose))
    }

    fn request_metadata(&mut self, now: SimTime, out: &mut Effects) {
        if !self.subscription.needs_metadata() {
            return;
        }
        let correlation = self.last_correlation.wrapping_add(1);
        let connections = &self.connections;
        let load = |broker| connections.load(broker, Channel::Data, now);
        let random = &mut self.setup.client.random;
        if let Some((broker, request)) = self.metadata.next_request(now, correlation, random, load) {
            let timeout_ms = self.request_timeout_ms();
            self.send(broker, Channel::Data, Purpose::Metadata, timeout_ms, request, now, out);
        }
    }

    fn answered(&mut self, correlation: u32, response: Response, now: SimTime, out: &mut Effects) {
        let Some(Pending { purpose, broker, channel, .. }) = self.in_flight.remove(&correlation) else { return };
        self.connections.answered(broker, channel);
        match (purpose, response) {
            (Purpose::Metadata, Response::Metadata(response)) => {
                let random = &mut self.setup.client.random;
                if self.metadata.handle_response(correlation, &response, now, random) {
                    out.note(Note::MetadataUpdated { client: self.setup.client.id });
                }
            }
            (Purpose::FindCoordinator, Response::FindCoordinator(response)) => {
                self.coordinator_found(&response, now, out);
            }
            (Purpose::JoinGroup, Response::JoinGroup(response)) => self.joined(response, now, out),
            (Purpose::SyncGroup, Response::SyncGroup(response)) => self.synced(response, now, out),
            (Purpose::Heartbeat, Response::Heartbeat(response)) => self.heartbeat_answered(response.error, now, out),
            (Purpose::LeaveGroup, _) => self.membership.left = true,
            (Purpose::OffsetFetch, Response::OffsetFetch(response)) => self.committed_fetched(response, now, out),
            (Purpose::Commit(number), Response::OffsetCommit(response)) => {
                self.commit_answered(number, &response, now, out);
            }
            (Purpose::ListOffsets, Response::ListOffsets(response)) => self.offsets_listed(response, now, out),
            (Purpose::EpochCheck, Response::OffsetForLeaderEpoch(response)) => {
                self.epoch_checked(&response, now, out);
            }
            (Purpose::Fetch, Response::Fetch(response)) => self.fetched(broker, response, now, out),
            (purpose, response) => {
                debug_assert!(false, "{purpose:?} was answered with {response:?}");
            }
        }
    }

    fn disconnected(&mut self, broker: BrokerId, channel: Channel, now: SimTime, out: &mut Effects) {
        self.connections.disconnected(broker, channel, now, &mut self.setup.client.random);
        let lost: Vec<u32> = self
            .in_flight
            .iter()
            .filter(|(_, pending)| pending.broker == broker && pending.channel == channel)
            .map(|(correlation, _)| *correlation)
            .collect();
        for correlation in lost {
            let Some(pending) = self.in_flight.remove(&correlation) else { continue };
            match pending.purpose {
                Purpose::Metadata => self.metadata.handle_disconnect(broker, now, &mut self.setup.client.random),
                Purpose::FindCoordinator => self.membership.retry_at = self.retry_at(now),
                Purpose::JoinGroup | Purpose::SyncGroup => {
                    self.membership.needs_rejoin = true;
                    self.coordinator_unknown(now);
                }
                Purpose::Heartbeat | Purpose::OffsetFetch => self.coordinator_unknown(now),
                Purpose::LeaveGroup => self.membership.left = true,
                Purpose::Commit(number) => self.commit_failed(number, ErrorCode::CoordinatorNotAvailable, now, out),
                Purpose::ListOffsets | Purpose::EpochCheck => {
                    let retry_at = self.retry_at(now);
                    self.subscription.retry_all_at(retry_at);
                    self.metadata.request_update();
                }
                Purpose::Fetch => self.fetch_lost(broker, now),
            }
        }
        if channel == Channel::Coordinator && self.membership.coordinator == Some(broker) {
            self.coordinator_unknown(now);
        }
    }

    /// Closes connections on which an answer has taken too long.
    fn disconnect_overdue(&mut self, now: SimTime, out: &mut Effects) {
        let overdue: Vec<(BrokerId, Channel)> = self
            .in_flight
            .values()
            .filter(|pending| pending.due <= now)
            .map(|pending| (pending.broker, pending.channel))
            .collect();
        for (broker, channel) in overdue {
            out.disconnect(NodeId::Broker(broker), channel);
            self.disconnected(broker, channel, now, out);
        }
    }

    /// Sets the timers to the earliest moment at which there is something to do.
    fn set_timers(&mut self, now: SimTime, out: &mut Effects) {
        let mut times: Vec<SimTime> = self.in_flight.values().map(|pending| pending.due).collect();
        let in_future = |at: &SimTime| *at > now;
        times.extend(self.connections.next_reconnect(now));
        if self.subscription.needs_metadata() {
            times.extend(self.metadata.next_attempt_at().filter(in_future));
        }
        times.extend(Some(self.membership.retry_at).filter(in_future));
        times.extend(self.commits.iter().map(|commit| commit.not_before).filter(in_future));
        times.extend(self.subscription.states().map(|state| state.retry_at).filter(in_future));
        if self.is_polling() {
            times.extend(self.auto_commit_due_at().filter(in_future));
        }
        match times.into_iter().min() {
            Some(at) => out.set_timer(ConsumerTimer::Wake, at),
            None => out.cancel_timer(ConsumerTimer::Wake),
        }
        match self.poll_interval_ends_at().filter(in_future) {
            Some(at) => out.set_timer(ConsumerTimer::PollInterval, at),
            None => out.cancel_timer(ConsumerTimer::PollInterval),
        }
    }

    // ---- what can be seen from outside

    /// Partitions that are assigned, with their state.
    pub fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, &PartitionState)> {
        self.subscription.partitions()
    }

    /// The partitions that are assigned, in order.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.subscription.partitions().map(|(partition, _)| partition.clone()).collect()
    }

    /// Offset of the next record to hand out; None: not known yet, or not assigned.
    pub fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.subscription.get(partition)?.position.map(|position| position.offset)
    }

    /// What the group is known to have committed.
    pub fn committed(&self, partition: &TopicPartition) -> Option<Offset> {
        self.subscription.get(partition)?.committed.as_ref().map(|committed| committed.offset)
    }

    /// High watermark as of the last fetch, less the position.
    pub fn lag(&self, partition: &TopicPartition) -> Option<Offset> {
        let state = self.subscription.get(partition)?;
        Some((state.high_watermark? - state.position?.offset).max(0))
    }

    /// Whether the partition is assigned to this consumer.
    pub fn owns(&self, partition: &TopicPartition) -> bool {
        self.subscription.get(partition).is_some()
    }

    /// The sessions in which it fetches, by broker.
    pub fn fetch_sessions(&self) -> impl Iterator<Item = (BrokerId, &FetchSessionHandler)> {
        self.fetch_sessions.iter().map(|(broker, session)| (*broker, session))
    }

    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    pub fn subscription(&self) -> &SubscriptionState {
        &self.subscription
    }

    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// Results of explicit polls, oldest first, the newest sixteen; and how many there were.
    pub fn polls(&self) -> (&VecDeque<PollResult>, u32) {
        (&self.polls, self.polls_done)
    }

    /// Whether an explicit poll is under way.
    pub fn is_in_poll(&self) -> bool {
        self.poll.is_some()
    }

    /// Results of explicit commits, oldest first, the newest sixteen.
    pub fn commit_results(&self) -> &VecDeque<CommitResult> {
        &self.commit_results
    }

    /// Commits handed to the consumer so far: the number that the next one gets.
    pub fn next_commit(&self) -> u32 {
        self.next_commit
    }

    /// The loop of the application.
    pub fn application(&self) -> &Loop {
        &self.application
    }

    /// An error that poll() has thrown.
    pub fn last_error(&self) -> Option<PollError> {
        self.last_error
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What it does, in a word.
    pub fn activity(&self) -> Activity {
        if self.closed {
            return Activity::Closed;
        }
        match &self.application {
            Loop::Processing { current, .. } => {
                return Activity::Processing { partition: current.0.clone(), offset: current.1 };
            }
            Loop::Committing { .. } => return Activity::Committing,
            Loop::Polling | Loop::Stopped => {}
        }
        if self.is_polling() && self.subscription.is_group() && !self.membership.is_stable() {
            return Activity::Joining;
        }
        if self.is_polling() { Activity::Waiting } else { Activity::Idle }
    }
}

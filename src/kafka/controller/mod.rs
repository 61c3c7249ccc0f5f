//! A KRaft controller: the quorum that agrees on the metadata log, and the decisions of its leader.
//!
//! [`quorum`] keeps the log and finds a leader. The leader of the quorum is the *active* controller: it alone decides
//! (`*_control`), on the metadata ahead of what is committed, and answers once its records are. All others replay.

mod active;
mod bootstrap;
mod broker_configs;
pub mod broker_heartbeats;
mod cluster_control;
mod commit_notes;
mod configuration_control;
mod decision;
mod disk;
mod feature_control;
mod not_controller;
mod partition_change_builder;
mod producer_ids;
pub mod quorum;
mod reassignment;
mod replication_control;
#[cfg(test)]
mod tests;
mod topic_configs;
mod topic_control;
mod topic_name;

use std::rc::Rc;

use serde::{Deserialize, Serialize};

pub use active::{ActiveController, Deferred};
use bootstrap::bootstrap_records;
use commit_notes::note_record;
use configuration_control::unclean_election_changes;
use decision::{Decision, View};
use not_controller::not_controller;
use quorum::{MetadataLog, Quorum, QuorumRole};

use crate::kafka::effects::{Effects, Input, RequestId};
use crate::kafka::ids::{BrokerId, ControllerId, NodeId, Offset, SimTime};
use crate::kafka::metadata::{MetadataImage, MetadataRecord};
use crate::kafka::note::Note;
use crate::kafka::protocol::broker_lifecycle::{BrokerHeartbeatRequest, BrokerRegistrationRequest};
use crate::kafka::protocol::quorum::QuorumEpoch;
use crate::kafka::protocol::{Request, Response};
use crate::kafka::setup::{ControllerSetup, Disk, WallClock};
use crate::kafka::timer::Timer;

/// `unclean.leader.election.interval.ms`.
const UNCLEAN_ELECTION_INTERVAL_MS: u64 = 300_000;

/// What a controller waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ControllerTimer {
    /// A voter without leader: until it stands for election.
    Election,
    /// A follower: until it takes its leader for lost (`controller.quorum.fetch.timeout.ms`).
    FetchTimeout,
    /// The leader: until it resigns, unless a majority goes on fetching.
    CheckQuorum,
    /// The leader: until it tells voters that do not fetch, again, that it leads.
    BeginQuorumEpoch,
    /// Until a request to that voter is given up (`controller.quorum.request.timeout.ms`).
    RequestTimeout(ControllerId),
    /// Until that voter is tried again after a failure.
    Retry(ControllerId),
    /// The leader: until it answers the waiting fetch of that replica, with nothing new if need be.
    ParkedFetch(NodeId),
    /// The active controller: until gathered records are appended (`controller.quorum.append.linger.ms`).
    AppendLinger,
    /// The active controller: until that broker is fenced (`broker.session.timeout.ms`).
    BrokerSession(BrokerId),
    /// The active controller: until it looks for leaders that are not the preferred ones
    /// (`leader.imbalance.check.interval.seconds`).
    LeaderRebalance,
    /// The active controller: until it tries leaderless partitions again (`unclean.leader.election.interval.ms`).
    UncleanElection,
}

/// A controller process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Controller {
    pub setup: ControllerSetup,
    quorum: Quorum,
    /// What is committed, as far as this controller knows.
    image: Rc<MetadataImage>,
    active: Option<ActiveController>,
}

impl Controller {
    pub fn new(mut setup: ControllerSetup) -> Controller {
        let quorum = Quorum::new(&mut setup);
        Controller { setup, quorum, image: Rc::default(), active: None }
    }

    /// The process starts, for the first time or again.
    pub fn start(&mut self, now: SimTime, out: &mut Effects) {
        let work = |controller: &mut Controller, now: SimTime, out: &mut Effects| {
            controller.crash();
            controller.quorum.start(now, out);
            controller.follow_quorum(now, out);
        };
        match self.setup.disk == Disk::default() {
            true => work(self, now, out),
            false => self.on_bad_disk(now, out, work),
        }
    }

    pub fn handle(&mut self, input: Input, now: SimTime, out: &mut Effects) {
        match self.setup.disk == Disk::default() {
            true => self.take(input, now, out),
            false => self.on_bad_disk(now, out, |controller, now, out| controller.take(input, now, out)),
        }
    }

    fn take(&mut self, input: Input, now: SimTime, out: &mut Effects) {
        match input {
            Input::Request { id, request, .. } => self.handle_request(id, request, now, out),
            Input::Response { from: NodeId::Controller(from), correlation, response, .. } => {
                self.handle_response(from, correlation, &response, now, out);
            }
            Input::Disconnected { peer: NodeId::Controller(peer), .. } => self.quorum.disconnected(peer, now, out),
            Input::Timer(Timer::Controller(timer)) => self.handle_timer(timer, now, out),
            Input::Response { .. } | Input::Disconnected { .. } | Input::Timer(_) | Input::Call(_) => {}
        }
        self.follow_quorum(now, out);
    }

    /// The process was killed: what was only in memory is gone, the metadata log and the vote stay.
    pub fn crash(&mut self) {
        self.quorum.crash();
        self.image = Rc::default();
        self.active = None;
    }

    /// Sets the machine's clock.
    pub fn set_clock(&mut self, clock: WallClock) {
        self.setup.clock = clock;
    }

    /// SIGTERM: an active controller resigns (EndQuorumEpoch); ends with [`Effects::exit`].
    pub fn shut_down(&mut self, _now: SimTime, out: &mut Effects) {
        self.quorum.shut_down(out);
        out.exit();
    }

    // ---- what others may see

    /// The metadata that this controller knows to be committed.
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// What the active controller has besides; None: this one is not active.
    pub fn active(&self) -> Option<&ActiveController> {
        self.active.as_ref()
    }

    pub fn is_active(&self) -> bool {
        self.active.is_some()
    }

    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    pub fn role(&self) -> &QuorumRole {
        self.quorum.role()
    }

    pub fn epoch(&self) -> QuorumEpoch {
        self.quorum.epoch()
    }

    pub fn voters(&self) -> &[ControllerId] {
        self.quorum.voters()
    }

    pub fn metadata_log(&self) -> &MetadataLog {
        self.quorum.log()
    }

    pub fn log_end_offset(&self) -> Offset {
        self.quorum.log().end_offset()
    }

    pub fn high_watermark(&self) -> Offset {
        self.quorum.high_watermark()
    }

    // ---- inputs

    fn handle_request(&mut self, id: RequestId, request: Request, now: SimTime, out: &mut Effects) {
        match &request {
            Request::Vote(body) => self.quorum.handle_vote(id, body, now, out),
            Request::BeginQuorumEpoch(body) => self.quorum.handle_begin_quorum_epoch(id, body, now, out),
            Request::EndQuorumEpoch(body) => self.quorum.handle_end_quorum_epoch(id, body, now, out),
            Request::FetchMetadataLog(body) => self.quorum.handle_fetch(id, body, now, out),
            Request::BrokerRegistration(body) if self.is_active() => {
                let decision = self.view().map(|view| view.register_broker(body, now));
                self.after_registration(body, decision.as_ref(), out);
                self.carry_out(decision, id, request, now, out);
            }
            Request::UnregisterBroker(body) if self.is_active() => {
                let decision = self.view().map(|view| view.unregister_broker(body));
                self.after_unregistration(body.broker, decision.as_ref(), out);
                self.carry_out(decision, id, request, now, out);
            }
            Request::BrokerHeartbeat(body) if self.is_active() => {
                let body = body.clone();
                self.handle_heartbeat(id, &body, now, out);
            }
            _ => match self.decide(&request) {
                Some(decision) => self.carry_out(Some(decision), id, request, now, out),
                None => match not_controller(&request) {
                    Some(refusal) => out.respond_after(self.setup.timing.request_us, id, refusal),
                    None => out.refuse_connection(id),
                },
            },
        }
    }

    fn view(&self) -> Option<View<'_>> {
        let active = self.active.as_ref()?;
        Some(View { image: &active.ahead, heartbeats: &active.heartbeats, setup: &self.setup })
    }

    /// What an active controller makes of an administrator's or a broker's request; None: not active, or it is no
    /// request to a controller.
    fn decide(&mut self, request: &Request) -> Option<Decision> {
        let mut random = self.setup.random.clone();
        let view = self.view()?;
        let decision = match request {
            Request::AlterPartition(body) => view.alter_partition(body),
            Request::AllocateProducerIds(body) => view.allocate_producer_ids(body),
            Request::CreateTopics(body) => view.create_topics(body, &mut random),
            Request::DeleteTopics(body) => view.delete_topics(body),
            Request::CreatePartitions(body) => view.create_partitions(body, &mut random),
            Request::IncrementalAlterConfigs(body) => view.incremental_alter_configs(body),
            Request::ElectLeaders(body) => view.elect_leaders(body),
            Request::UpdateFeatures(body) => view.update_features(body),
            Request::AlterPartitionReassignments(body) => view.alter_partition_reassignments(body),
            Request::ListPartitionReassignments(body) => view.list_partition_reassignments(body),
            _ => return None,
        };
        self.setup.random = random;
        Some(decision)
    }

    fn after_registration(
        &mut self,
        request: &BrokerRegistrationRequest,
        decision: Option<&Decision>,
        out: &mut Effects,
    ) {
        if let (Some(active), Some(decision)) = (&mut self.active, decision)
            && !decision.records.is_empty()
        {
            active.heartbeats.register(request.broker);
            out.cancel_timer(ControllerTimer::BrokerSession(request.broker));
        }
    }

    fn after_unregistration(&mut self, broker: BrokerId, decision: Option<&Decision>, out: &mut Effects) {
        if let (Some(active), Some(decision)) = (&mut self.active, decision)
            && !decision.records.is_empty()
        {
            active.heartbeats.remove(broker);
            out.cancel_timer(ControllerTimer::BrokerSession(broker));
        }
    }

    fn handle_heartbeat(&mut self, id: RequestId, request: &BrokerHeartbeatRequest, now: SimTime, out: &mut Effects) {
        let Some((decision, next)) = self.view().map(|view| view.broker_heartbeat(request)) else {
            return;
        };
        if let (Some(active), Some(next)) = (&mut self.active, next) {
            let last_offset = active.ahead.next_offset + decision.records.len() as Offset - 1;
            active.heartbeats.after_heartbeat(request, next, last_offset, now);
            let session = ControllerTimer::BrokerSession(request.broker);
            out.set_timer(session, now.plus_ms(u64::from(self.setup.config.broker_session_timeout_ms)));
        }
        self.carry_out(Some(decision), id, request.clone().into(), now, out);
    }

    /// Gathers the records of a decision; answers when they are committed. An answer without records waits for what
    /// was decided before, too: it may rest on it.
    fn carry_out(
        &mut self,
        decision: Option<Decision>,
        id: RequestId,
        request: Request,
        now: SimTime,
        out: &mut Effects,
    ) {
        let Some(decision) = decision else {
            return;
        };
        let changed_unclean = unclean_election_changes(&decision.records);
        self.gather(decision.records, now, out);
        if let Some(only) = changed_unclean {
            let elections = self.view().map(|view| view.unclean_elections(only.as_ref()));
            self.gather(elections.unwrap_or_default(), now, out);
        }
        let request_us = self.setup.timing.request_us;
        let high_watermark = self.quorum.high_watermark();
        if let Some(active) = &mut self.active {
            if active.ahead.next_offset > high_watermark {
                active.defer(id, decision.response, request);
            } else {
                out.respond_after(request_us, id, decision.response);
            }
        }
    }

    fn gather(&mut self, records: Vec<MetadataRecord>, now: SimTime, out: &mut Effects) {
        let linger_ms = u64::from(self.setup.config.controller_quorum_append_linger_ms);
        if let Some(active) = self.active.as_mut().filter(|_| !records.is_empty()) {
            if active.gathered.is_empty() {
                out.set_timer(ControllerTimer::AppendLinger, now.plus_ms(linger_ms));
            }
            active.gather(records);
        }
    }

    fn handle_response(
        &mut self,
        from: ControllerId,
        correlation: u32,
        response: &Response,
        now: SimTime,
        out: &mut Effects,
    ) {
        match response {
            Response::Vote(body) => self.quorum.handle_vote_response(from, correlation, body, now, out),
            Response::BeginQuorumEpoch(body) => {
                self.quorum.handle_begin_quorum_epoch_response(from, correlation, body, now, out);
            }
            Response::EndQuorumEpoch(body) => {
                self.quorum.handle_end_quorum_epoch_response(from, correlation, body, now, out);
            }
            Response::FetchMetadataLog(body) => {
                self.quorum.handle_fetch_response(from, correlation, body, now, out);
            }
            _ => {}
        }
    }

    fn handle_timer(&mut self, timer: ControllerTimer, now: SimTime, out: &mut Effects) {
        match timer {
            ControllerTimer::Election => self.quorum.election_timed_out(now, out),
            ControllerTimer::FetchTimeout => self.quorum.fetch_timed_out(now, out),
            ControllerTimer::CheckQuorum => self.quorum.check_quorum(now, out),
            ControllerTimer::BeginQuorumEpoch => self.quorum.begin_again(now, out),
            ControllerTimer::RequestTimeout(voter) => self.quorum.request_timed_out(voter, now, out),
            ControllerTimer::Retry(voter) => self.quorum.retry(voter, now, out),
            ControllerTimer::ParkedFetch(replica) => self.quorum.parked_fetch_timed_out(replica, out),
            ControllerTimer::AppendLinger => self.append_gathered(out),
            ControllerTimer::BrokerSession(broker) => self.fence_if_stale(broker, now, out),
            ControllerTimer::LeaderRebalance => {
                let records = self.view().map(|view| view.balance_partition_leaders());
                self.gather(records.unwrap_or_default(), now, out);
                self.set_rebalance_timer(now, out);
            }
            ControllerTimer::UncleanElection => {
                let records = self.view().map(|view| view.unclean_elections(None));
                self.gather(records.unwrap_or_default(), now, out);
                self.set_unclean_election_timer(now, out);
            }
        }
    }

    fn append_gathered(&mut self, out: &mut Effects) {
        let Some(active) = &mut self.active else {
            return;
        };
        for records in std::mem::take(&mut active.gathered) {
            self.quorum.append(records, out);
        }
    }

    fn fence_if_stale(&mut self, broker: BrokerId, now: SimTime, out: &mut Effects) {
        let Some(records) = self.view().filter(|view| view.is_stale(broker, now)).map(|view| view.fence(broker)) else {
            return;
        };
        if let Some(active) = &mut self.active {
            active.heartbeats.end_session(broker);
        }
        self.gather(records, now, out);
    }

    fn set_rebalance_timer(&self, now: SimTime, out: &mut Effects) {
        if self.is_active() && self.setup.config.auto_leader_rebalance_enable {
            let interval_ms = u64::from(self.setup.config.leader_imbalance_check_interval_seconds) * 1_000;
            out.set_timer(ControllerTimer::LeaderRebalance, now.plus_ms(interval_ms));
        }
    }

    fn set_unclean_election_timer(&self, now: SimTime, out: &mut Effects) {
        if self.is_active() {
            out.set_timer(ControllerTimer::UncleanElection, now.plus_ms(UNCLEAN_ELECTION_INTERVAL_MS));
        }
    }

    // ---- what the quorum brings

    /// After each input: gives up or takes over the decisions, replays what is committed now, answers who waited
    /// for it.
    fn follow_quorum(&mut self, now: SimTime, out: &mut Effects) {
        let leads = self.quorum.leads_with_all_committed();
        if self.active.as_ref().is_some_and(|active| !leads || active.epoch != self.quorum.epoch()) {
            self.renounce(out);
        }
        self.replay_committed(leads, out);
        if leads && self.active.is_none() {
            self.claim(now, out);
        }
    }

    fn renounce(&mut self, out: &mut Effects) {
        let Some(active) = self.active.take() else {
            return;
        };
        out.cancel_timer(ControllerTimer::AppendLinger);
        out.cancel_timer(ControllerTimer::LeaderRebalance);
        out.cancel_timer(ControllerTimer::UncleanElection);
        for broker in active.ahead.brokers.keys() {
            out.cancel_timer(ControllerTimer::BrokerSession(*broker));
        }
        for deferred in active.deferred {
            if let Some(refusal) = not_controller(&deferred.request) {
                out.respond_after(self.setup.timing.request_us, deferred.to, refusal);
            }
        }
    }

    fn claim(&mut self, now: SimTime, out: &mut Effects) {
        let active = ActiveController::new(self.quorum.epoch(), &self.image, now);
        let is_new_cluster = active.ahead.features.is_empty();
        let session_end = now.plus_ms(u64::from(self.setup.config.broker_session_timeout_ms));
        for broker in self.image.brokers.values().filter(|broker| !broker.fenced) {
            out.set_timer(ControllerTimer::BrokerSession(broker.broker), session_end);
        }
        self.active = Some(active);
        self.set_rebalance_timer(now, out);
        self.set_unclean_election_timer(now, out);
        if is_new_cluster {
            self.gather(bootstrap_records(&self.setup), now, out);
        }
    }

    fn replay_committed(&mut self, leads: bool, out: &mut Effects) {
        let high_watermark = self.quorum.high_watermark();
        let from = self.image.next_offset;
        // Records that a former leader could not see committed any more become facts here; but a process that has
        // just begun replays what is old.
        let makes_facts = self.active.is_some() || (leads && from > 0);
        let log = self.quorum.log().clone();
        for batch in log.from_offset(from).take_while(|batch| batch.end_offset() <= high_watermark) {
            let image = Rc::make_mut(&mut self.image);
            let first_note = out.list.len();
            if makes_facts {
                let before = image.clone();
                for record in &batch.records {
                    image.apply(record);
                    note_record(record, &batch.records, &before, image, out);
                }
            } else {
                image.apply_batch(batch);
                let node = NodeId::Controller(self.setup.id);
                out.note(Note::MetadataReplayed { node, next_offset: image.next_offset });
            }
            let cause = (out.list.len() > first_note).then_some(first_note as u32);
            out.because_of(cause);
            self.answer_committed(batch.end_offset(), out);
            out.because_of(None);
        }
    }

    fn answer_committed(&mut self, end_offset: Offset, out: &mut Effects) {
        let request_us = self.setup.timing.request_us;
        if let Some(active) = &mut self.active {
            while let Some(deferred) = active.next_committed(end_offset) {
                out.respond_after(request_us, deferred.to, deferred.response);
            }
        }
    }
}

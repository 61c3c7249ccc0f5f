//! The member's place in its group: coordinator look-up, joining, synchronising, heartbeats, leaving
//! (AbstractCoordinator, ConsumerCoordinator; classic protocol, eager).

use super::poll::PollError;
use super::{Consumer, ConsumerTimer, Purpose};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::group::assignor::{AssignorMember, range};
use crate::kafka::ids::{BrokerId, SimTime, TopicName, TopicPartition};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{
    Assignment, CoordinatorType, FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, LeavingMember, Subscription, SyncGroupRequest, SyncGroupResponse,
};
use crate::kafka::sorted::SortedMap;

/// JoinGroup may take as long as a rebalance, and a little longer.
const JOIN_GRACE_MS: u64 = 5_000;
/// `ConsumerProtocol.PROTOCOL_TYPE`.
const PROTOCOL_TYPE: &str = "consumer";

/// Where a member stands (AbstractCoordinator.MemberState).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum MemberState {
    #[default]
    Unjoined,
    /// JoinGroup is sent and not answered.
    PreparingRebalance,
    /// SyncGroup is sent and not answered.
    CompletingRebalance,
    Stable,
}

/// The member's place in its group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    pub coordinator: Option<BrokerId>,
    pub state: MemberState,
    /// Empty: none yet.
    pub member_id: String,
    /// -1: none.
    pub generation: i32,
    /// The assignor that the group has chosen.
    pub protocol: Option<String>,
    pub is_leader: bool,
    pub needs_rejoin: bool,
    /// What was owned has been given back before joining.
    prepared: bool,
    /// Before giving it back its offsets were committed, once (`autoCommitOffsetRequestFuture`).
    committed_before_revoking: bool,
    /// Not before this time is anything tried again.
    pub(super) retry_at: SimTime,
    pub(super) heartbeat_due: bool,
    /// When the coordinator answered last.
    pub(super) last_answer: SimTime,
    /// Partitions of the group's topics when the leader computed the assignment, to notice that there are more.
    assigned_counts: SortedMap<TopicName, i32>,
    /// LeaveGroup was answered, or nothing was to be left.
    pub(super) left: bool,
}

impl Default for Membership {
    fn default() -> Membership {
        Membership {
            coordinator: None,
            state: MemberState::Unjoined,
            member_id: String::new(),
            generation: -1,
            protocol: None,
            is_leader: false,
            needs_rejoin: true,
            prepared: false,
            committed_before_revoking: false,
            retry_at: SimTime::ZERO,
            heartbeat_due: false,
            last_answer: SimTime::ZERO,
            assigned_counts: SortedMap::new(),
            left: false,
        }
    }
}

impl Membership {
    /// Whether the coordinator counts on this member's heartbeats.
    pub fn is_member(&self) -> bool {
        self.generation >= 0 && !self.member_id.is_empty() && self.state != MemberState::Unjoined
    }

    pub fn is_stable(&self) -> bool {
        self.state == MemberState::Stable && !self.needs_rejoin
    }

    /// The coordinator does not know this member (any more): it begins again. `keep_id`: its id still counts.
    pub(super) fn reset(&mut self, keep_id: bool) {
        self.generation = -1;
        self.state = MemberState::Unjoined;
        self.needs_rejoin = true;
        self.is_leader = false;
        if !keep_id {
            self.member_id.clear();
        }
    }
}

/// Kafka's short name of an assignor: `range` for `org.apache.kafka.clients.consumer.RangeAssignor`.
fn assignor_name(name: &str) -> &str {
    match name.trim().rsplit('.').next().unwrap_or_default() {
        "RangeAssignor" => "range",
        "RoundRobinAssignor" => "roundrobin",
        "StickyAssignor" => "sticky",
        "CooperativeStickyAssignor" => "cooperative-sticky",
        other => other,
    }
}

impl Consumer {
    fn group_id(&self) -> String {
        self.setup.config.group_id.clone().unwrap_or_default()
    }

    pub(super) fn coordinator_unknown(&mut self, now: SimTime) {
        if self.membership.coordinator.take().is_some() {
            self.metadata.request_update();
        }
        self.membership.retry_at = self.retry_at(now);
    }

    /// One turn: look-up, joining, heartbeat, as far as they are due.
    pub(super) fn run_membership(&mut self, now: SimTime, out: &mut Effects) {
        let Some(_) = self.setup.config.group_id.clone() else { return };
        let polling_member = self.subscription.is_group() && self.is_polling();
        let wants_coordinator =
            polling_member || self.membership.is_member() || !self.commits.is_empty() || self.needs_committed_offsets();
        if !wants_coordinator || self.membership.retry_at > now {
            return;
        }
        let Some(coordinator) = self.membership.coordinator else { return self.find_coordinator(now, out) };
        if !self.connections.is_ready(coordinator, Channel::Coordinator, now) {
            return;
        }
        self.leave_if_away_too_long(now, out);
        if polling_member && self.membership.needs_rejoin && !self.closing {
            self.join(coordinator, now, out);
        }
        self.heartbeat(coordinator, now, out);
    }

    fn find_coordinator(&mut self, now: SimTime, out: &mut Effects) {
        if self.is_in_flight(|purpose| *purpose == Purpose::FindCoordinator) {
            return;
        }
        let load = |broker: &BrokerId| Some((self.connections.load(*broker, Channel::Data, now)?, *broker));
        let Some((_, broker)) = self.metadata.brokers().iter().filter_map(load).min() else { return };
        let request = FindCoordinatorRequest { key: self.group_id(), key_type: CoordinatorType::Group };
        let timeout_ms = self.request_timeout_ms();
        self.send(broker, Channel::Data, Purpose::FindCoordinator, timeout_ms, request, now, out);
    }

    pub(super) fn coordinator_found(&mut self, response: &FindCoordinatorResponse, now: SimTime, out: &mut Effects) {
        match (response.error, response.coordinator) {
            (ErrorCode::None, Some(coordinator)) => {
                self.membership.coordinator = Some(coordinator);
                self.membership.last_answer = now;
                let (client, group) = (self.setup.client.id, self.group_id());
                let note = out.note(Note::CoordinatorFound { client, group, coordinator });
                out.because_of(Some(note));
            }
            (error, _) => {
                self.membership.retry_at = self.retry_at(now);
                if !error.is_retriable() {
                    self.fail(error, now, out);
                }
            }
        }
    }

    /// JoinGroup, after everything owned was given back (eager).
    fn join(&mut self, coordinator: BrokerId, now: SimTime, out: &mut Effects) {
        if matches!(self.membership.state, MemberState::PreparingRebalance | MemberState::CompletingRebalance)
            && self.is_in_flight(|purpose| matches!(purpose, Purpose::JoinGroup | Purpose::SyncGroup))
        {
            return;
        }
        if !self.membership.prepared {
            let commits_first = self.setup.config.enable_auto_commit && !self.membership.committed_before_revoking;
            if commits_first && self.commits.is_empty() {
                self.membership.committed_before_revoking = true;
                self.commit_before_revoking(now);
            }
            if !self.commits.is_empty() && self.membership.is_member() {
                // Revoking waits for the commit.
                return;
            }
            self.membership.prepared = true;
            self.membership.committed_before_revoking = false;
            let lost = !self.membership.is_member();
            self.revoke(lost, out);
        }
        let config = &self.setup.config;
        let subscription = Subscription {
            topics: self.subscription.topics().to_vec(),
            owned_partitions: Vec::new(),
            generation: self.membership.generation,
            rack: Some(config.client_rack.clone()).filter(|rack| !rack.is_empty()),
        };
        let protocols = config
            .partition_assignment_strategy
            .split(',')
            .map(|name| (assignor_name(name).to_string(), subscription.clone()))
            .collect();
        let request = JoinGroupRequest {
            group_id: self.group_id(),
            session_timeout_ms: config.session_timeout_ms,
            rebalance_timeout_ms: config.max_poll_interval_ms,
            member_id: self.membership.member_id.clone(),
            group_instance_id: config.group_instance_id.clone(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols,
            requires_known_member_id: true,
            client_id: self.setup.client.name.to_string(),
        };
        let timeout_ms = u64::from(config.max_poll_interval_ms) + JOIN_GRACE_MS;
        self.membership.state = MemberState::PreparingRebalance;
        self.membership.needs_rejoin = false;
        self.send(coordinator, Channel::Coordinator, Purpose::JoinGroup, timeout_ms, request, now, out);
    }

    /// Gives everything back. `lost`: it belongs to somebody else already.
    fn revoke(&mut self, lost: bool, out: &mut Effects) {
        if breaks(Mutation::PartitionsKept) {
            return;
        }
        let partitions = self.subscription.clear();
        if partitions.is_empty() {
            return;
        }
        let (client, group) = (self.setup.client.id, self.group_id());
        let note = match lost {
            true => Note::PartitionsLost { client, group, partitions },
            false => Note::PartitionsRevoked { client, group, partitions },
        };
        out.note(note);
    }

    pub(super) fn joined(&mut self, response: JoinGroupResponse, now: SimTime, out: &mut Effects) {
        self.membership.last_answer = now;
        if self.membership.state != MemberState::PreparingRebalance {
            // It has left the group meanwhile (UnjoinedGroupException).
            return;
        }
        match response.error {
            ErrorCode::None => {
                self.membership.member_id = response.member_id.clone();
                self.membership.generation = response.generation_id;
                self.membership.protocol.clone_from(&response.protocol_name);
                self.membership.is_leader = response.leader == response.member_id;
                self.membership.state = MemberState::CompletingRebalance;
                let assignments = match self.membership.is_leader && !response.skip_assignment {
                    true => match self.compute_assignment(&response) {
                        Some(assignments) => assignments,
                        None => return self.fail(ErrorCode::InconsistentGroupProtocol, now, out),
                    },
                    false => Vec::new(),
                };
                self.sync(assignments, response, now, out);
            }
            ErrorCode::MemberIdRequired => {
                self.membership.member_id = response.member_id;
                self.rejoin();
            }
            ErrorCode::UnknownMemberId => {
                self.membership.reset(false);
                self.rejoin();
            }
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                self.rejoin();
                self.coordinator_unknown(now);
            }
            ErrorCode::CoordinatorLoadInProgress | ErrorCode::RebalanceInProgress => {
                self.rejoin();
                self.membership.retry_at = self.retry_at(now);
            }
            error => {
                self.rejoin();
                self.fail(error, now, out);
            }
        }
    }

    fn rejoin(&mut self) {
        self.membership.state = MemberState::Unjoined;
        self.membership.needs_rejoin = true;
    }

    /// The leader of the group divides the partitions. None: by an assignor that is not there.
    fn compute_assignment(&mut self, response: &JoinGroupResponse) -> Option<Vec<(String, Assignment)>> {
        if response.protocol_name.as_deref() != Some("range") {
            return None;
        }
        let members: Vec<AssignorMember> = response
            .members
            .iter()
            .map(|member| AssignorMember {
                member_id: member.member_id.clone(),
                group_instance_id: member.group_instance_id.clone(),
                topics: member.subscription.topics.clone(),
            })
            .collect();
        for topic in members.iter().flat_map(|member| &member.topics) {
            self.metadata.want_topic(topic);
        }
        let counts = self.topic_counts(members.iter().flat_map(|member| member.topics.iter().cloned()));
        let assignment = range::assign(&counts, &members);
        self.membership.assigned_counts = counts;
        Some(assignment.into_iter().map(|(member, partitions)| (member, Assignment { partitions })).collect())
    }

    fn topic_counts(&self, topics: impl Iterator<Item = TopicName>) -> SortedMap<TopicName, i32> {
        topics.filter_map(|topic| Some((topic.clone(), self.metadata.partition_count(&topic)?))).collect()
    }

    /// The group's leader finds by its own metadata that a topic has more partitions, or is there at last.
    pub(super) fn notice_metadata_changes(&mut self) {
        if !self.membership.is_leader || self.membership.state != MemberState::Stable {
            return;
        }
        let counts = &self.membership.assigned_counts;
        let topics = self.subscription.topics().iter().chain(counts.keys());
        let changed = topics
            .filter_map(|topic| Some((topic, self.metadata.partition_count(topic)?)))
            .any(|(topic, count)| counts.get(topic) != Some(&count));
        if changed {
            self.ask_rejoin();
        }
    }

    /// The subscription or the group has changed: join again at the next poll.
    pub(super) fn ask_rejoin(&mut self) {
        self.membership.needs_rejoin = true;
        self.membership.prepared = false;
    }

    fn sync(
        &mut self,
        assignments: Vec<(String, Assignment)>,
        joined: JoinGroupResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        let Some(coordinator) = self.membership.coordinator else { return self.rejoin() };
        let request = SyncGroupRequest {
            group_id: self.group_id(),
            generation_id: joined.generation_id,
            member_id: joined.member_id,
            group_instance_id: self.setup.config.group_instance_id.clone(),
            protocol_type: joined.protocol_type,
            protocol_name: joined.protocol_name,
            assignments,
        };
        let timeout_ms = u64::from(self.setup.config.max_poll_interval_ms) + JOIN_GRACE_MS;
        self.send(coordinator, Channel::Coordinator, Purpose::SyncGroup, timeout_ms, request, now, out);
        self.schedule_heartbeat(now, out);
    }

    pub(super) fn synced(&mut self, response: SyncGroupResponse, now: SimTime, out: &mut Effects) {
        self.membership.last_answer = now;
        if self.membership.state != MemberState::CompletingRebalance {
            // A heartbeat's answer has ended the generation before this one came: the rebalance has failed.
            return;
        }
        match response.error {
            ErrorCode::None => {
                self.membership.state = MemberState::Stable;
                self.membership.prepared = false;
                let mut partitions = response.assignment.partitions;
                if breaks(Mutation::PartitionsKept) {
                    partitions.extend(self.subscription.partitions().map(|(kept, _)| kept.clone()));
                }
                self.subscription.assign(partitions.iter().cloned());
                for partition in &partitions {
                    self.metadata.want_topic(&partition.topic);
                }
                self.last_auto_commit = now;
                let note = out.note(Note::PartitionsAssigned {
                    client: self.setup.client.id,
                    group: self.group_id(),
                    generation: self.membership.generation,
                    partitions,
                });
                out.because_of(Some(note));
                self.schedule_heartbeat(now, out);
            }
            ErrorCode::RebalanceInProgress => self.rejoin(),
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                self.membership.reset(response.error == ErrorCode::IllegalGeneration);
            }
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                self.rejoin();
                self.coordinator_unknown(now);
            }
            ErrorCode::CoordinatorLoadInProgress => {
                self.rejoin();
                self.membership.retry_at = self.retry_at(now);
            }
            error => {
                self.rejoin();
                self.fail(error, now, out);
            }
        }
    }

    fn schedule_heartbeat(&mut self, now: SimTime, out: &mut Effects) {
        self.membership.heartbeat_due = false;
        out.set_timer(ConsumerTimer::Heartbeat, now.plus_ms(u64::from(self.setup.config.heartbeat_interval_ms)));
    }

    /// The heartbeat thread: it goes on while the application is busy.
    fn heartbeat(&mut self, coordinator: BrokerId, now: SimTime, out: &mut Effects) {
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
        let Some(coordinator) = self.membership.coordinator.filter(|_| self.membership.is_member()) else {
            return false;
        };
        if self.setup.config.group_instance_id.is_some() {
            return false;
        }
        let member = LeavingMember { member_id: self.membership.member_id.clone(), group_instance_id: None };
        let request = LeaveGroupRequest { group_id: self.group_id(), members: vec![member] };
        let timeout_ms = self.request_timeout_ms();
        self.send(coordinator, Channel::Coordinator, Purpose::LeaveGroup, timeout_ms, request, now, out);
        self.membership.reset(false);
        out.cancel_timer(ConsumerTimer::Heartbeat);
        true
    }

    /// When `max.poll.interval.ms` without a poll() is over; None: the application polls, or is in no group.
    pub(super) fn poll_interval_ends_at(&self) -> Option<SimTime> {
        let is_away = self.membership.is_member() && !self.is_polling();
        is_away.then(|| self.last_poll.plus_ms(u64::from(self.setup.config.max_poll_interval_ms)))
    }

    /// After `max.poll.interval.ms` without a poll() the heartbeat thread leaves the group by itself, as soon as it knows
    /// the coordinator. A static member only forgets its generation: its session will end.
    fn leave_if_away_too_long(&mut self, now: SimTime, out: &mut Effects) {
        if self.poll_interval_ends_at().is_some_and(|at| at <= now) {
            if !self.leave(now, out) {
                self.membership.reset(false);
            }
            self.membership.prepared = false;
        }
    }

    /// The application's poll() ends with an error.
    pub(super) fn fail(&mut self, error: impl Into<PollError>, now: SimTime, out: &mut Effects) {
        self.last_error = Some(error.into());
        self.finish_poll(now, out);
    }

    /// Partitions of this consumer, for people: topic and number.
    pub fn owns(&self, partition: &TopicPartition) -> bool {
        self.subscription.get(partition).is_some()
    }
}

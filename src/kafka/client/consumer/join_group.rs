//! Joining a group: giving back, JoinGroup, the leader's assignment, SyncGroup (AbstractCoordinator, ConsumerCoordinator).

use super::membership::MemberState;
use super::{Consumer, Purpose};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::group::assignor::{AssignorMember, range};
use crate::kafka::ids::{BrokerId, SimTime, TopicName};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{
    Assignment, JoinGroupRequest, JoinGroupResponse, Subscription, SyncGroupRequest, SyncGroupResponse,
};
use crate::kafka::sorted::SortedMap;

/// JoinGroup may take as long as a rebalance, and a little longer.
const JOIN_GRACE_MS: u64 = 5_000;
/// `ConsumerProtocol.PROTOCOL_TYPE`.
const PROTOCOL_TYPE: &str = "consumer";

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
    /// JoinGroup, after everything owned was given back (eager).
    pub(super) fn join(&mut self, coordinator: BrokerId, now: SimTime, out: &mut Effects) {
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
    pub(super) fn revoke(&mut self, lost: bool, out: &mut Effects) {
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

    pub(super) fn rejoin(&mut self) {
        self.membership.state = MemberState::Unjoined;
        self.membership.needs_rejoin = true;
    }

    /// The leader of the group divides the partitions. None: by an assignor that is not there.
    pub(super) fn compute_assignment(&mut self, response: &JoinGroupResponse) -> Option<Vec<(String, Assignment)>> {
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

    pub(super) fn topic_counts(&self, topics: impl Iterator<Item = TopicName>) -> SortedMap<TopicName, i32> {
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

    pub(super) fn sync(
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
}

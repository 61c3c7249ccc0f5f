//! Partitions move to other brokers (`ReplicationControlManager.alterPartitionReassignments`,
//! `PartitionReassignmentReplicas`, `PartitionReassignmentRevert`, KIP-455).
//!
//! First the new replicas are added to the old ones and fetch. The leader asks for each to be let into the ISR, and
//! with the change that lets in the last of them the old ones are dropped: [`Reassignment::complete`].

use super::decision::{Decision, View};
use super::partition_change_builder::Election;
use super::topic_control::ApiError;
use crate::kafka::ids::{BrokerId, TopicPartition};
use crate::kafka::metadata::{MetadataRecord, PartitionChange, PartitionRegistration, TopicImage};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::reassignment::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse, OngoingPartitionReassignment,
};
use crate::kafka::sorted::SmallSort;

/// The replicas of a partition, and which of them come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    pub replicas: Vec<BrokerId>,
    pub adding: Vec<BrokerId>,
    pub removing: Vec<BrokerId>,
}

/// What a partition has when its move is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedReassignment {
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
}

fn without(brokers: &[BrokerId], others: &[BrokerId]) -> Vec<BrokerId> {
    brokers.iter().copied().filter(|broker| !others.contains(broker)).collect()
}

fn contains_all(brokers: &[BrokerId], others: &[BrokerId]) -> bool {
    others.iter().all(|broker| brokers.contains(broker))
}

impl Reassignment {
    /// The move under way.
    pub fn of(partition: &PartitionRegistration) -> Reassignment {
        Reassignment {
            replicas: partition.replicas.clone(),
            adding: partition.adding_replicas.clone(),
            removing: partition.removing_replicas.clone(),
        }
    }

    /// From the replicas that there are to those that are wanted: these in their order, then those that go, by id.
    pub fn between(current: &[BrokerId], target: &[BrokerId]) -> Reassignment {
        let mut removing = without(current, target);
        removing.sort_small();
        let mut adding = without(target, current);
        adding.sort_small();
        Reassignment { replicas: [target, &removing].concat(), adding, removing }
    }

    pub fn is_in_progress(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// What is left once all that come are in sync; None: it is too early. If fewer come than go, all that stay must
    /// be in sync, lest the partition be left with too few (KAFKA-14190).
    pub fn complete(&self, isr: &[BrokerId]) -> Option<CompletedReassignment> {
        if !self.is_in_progress() {
            return None;
        }
        let isr = without(isr, &self.removing);
        let replicas = without(&self.replicas, &self.removing);
        let becomes_smaller = self.adding.len() < self.removing.len();
        let is_over = !isr.is_empty()
            && !replicas.is_empty()
            && contains_all(&isr, &self.adding)
            && (!becomes_smaller || contains_all(&isr, &replicas));
        is_over.then_some(CompletedReassignment { replicas, isr })
    }
}

impl View<'_> {
    /// Begins, changes or takes back moves. Each partition has its own answer.
    pub fn alter_partition_reassignments(&self, request: &AlterPartitionReassignmentsRequest) -> Decision {
        let mut records = Vec::new();
        let mut partitions = Vec::new();
        for (partition, target) in &request.partitions {
            let may_resize = request.allow_replication_factor_change;
            partitions.push(match self.alter_partition_reassignment(partition, target.as_deref(), may_resize) {
                Ok(change) => {
                    records.extend(change.map(MetadataRecord::PartitionChange));
                    (partition.clone(), ErrorCode::None, None)
                }
                Err((error, message)) => (partition.clone(), error, Some(message)),
            });
        }
        Decision::new(records, AlterPartitionReassignmentsResponse { error: ErrorCode::None, partitions })
    }

    fn alter_partition_reassignment(
        &self,
        partition: &TopicPartition,
        target: Option<&[BrokerId]>,
        may_resize: bool,
    ) -> Result<Option<PartitionChange>, ApiError> {
        let found = self.image.topic(&partition.topic);
        let Some((topic, registration)) =
            found.and_then(|topic| Some((topic, topic.partitions.get(&partition.partition)?)))
        else {
            return Err((ErrorCode::UnknownTopicOrPartition, format!("Unable to find the partition {partition}.")));
        };
        match target {
            Some(target) => self.change_reassignment(topic, partition.partition, registration, target, may_resize),
            None => self.cancel_reassignment(topic, partition.partition, registration),
        }
    }

    fn change_reassignment(
        &self,
        topic: &TopicImage,
        number: i32,
        partition: &PartitionRegistration,
        target: &[BrokerId],
        may_resize: bool,
    ) -> Result<Option<PartitionChange>, ApiError> {
        self.validate_replicas(number, target, None)?;
        let meant = without(&partition.replicas, &partition.removing_replicas).len();
        if !may_resize && meant != target.len() {
            let message = format!("Partition {number} has {meant} replica(s), not {}", target.len());
            return Err((ErrorCode::InvalidReplicationFactor, message));
        }
        let next = Reassignment::between(&partition.replicas, target);
        let is_acceptable_leader = |broker: BrokerId| self.image.is_active(broker);
        // Unlike everywhere else, the topic's setting for unclean elections plays no part.
        let mut builder = self
            .builder(topic, number, partition, &is_acceptable_leader)
            .election(Election::Online)
            .target_replicas(next.replicas);
        if !next.removing.is_empty() {
            builder = builder.target_removing(next.removing);
        }
        if !next.adding.is_empty() {
            builder = builder.target_adding(next.adding);
        }
        Ok(builder.build())
    }

    /// What was being added goes, what was being removed stays; the new order of those that stay does, too.
    fn cancel_reassignment(
        &self,
        topic: &TopicImage,
        number: i32,
        partition: &PartitionRegistration,
    ) -> Result<Option<PartitionChange>, ApiError> {
        let ongoing = Reassignment::of(partition);
        if !ongoing.is_in_progress() {
            return Err((ErrorCode::NoReassignmentInProgress, "No partition reassignment is in progress.".into()));
        }
        let replicas = without(&ongoing.replicas, &ongoing.adding);
        let mut isr = without(&partition.isr, &ongoing.adding);
        if isr.is_empty() {
            let Some(first) = replicas.first().filter(|_| self.unclean_election_enabled(&topic.name)) else {
                let message = format!("Taking back the move of partition {number} would need an unclean election");
                return Err((ErrorCode::InvalidReplicaAssignment, message));
            };
            isr.push(*first);
        }
        let is_acceptable_leader = |broker: BrokerId| self.image.is_active(broker);
        let change = self
            .builder(topic, number, partition, &is_acceptable_leader)
            .target_isr(isr)
            .target_replicas(replicas)
            .target_removing(Vec::new())
            .target_adding(Vec::new())
            .build();
        Ok(change)
    }

    pub fn list_partition_reassignments(&self, request: &ListPartitionReassignmentsRequest) -> Decision {
        let is_asked = |partition: &TopicPartition| {
            request.partitions.as_ref().is_none_or(|partitions| partitions.contains(partition))
        };
        let ongoing = self.image.partitions().filter(|(partition, _, registration)| {
            Reassignment::of(registration).is_in_progress() && is_asked(partition)
        });
        let partitions = ongoing.map(|(partition, _, registration)| OngoingPartitionReassignment {
            partition,
            replicas: registration.replicas.clone(),
            adding_replicas: registration.adding_replicas.clone(),
            removing_replicas: registration.removing_replicas.clone(),
        });
        Decision::answer(ListPartitionReassignmentsResponse {
            error: ErrorCode::None,
            partitions: partitions.collect(),
        })
    }
}

//! Partitions: who leads, who is in sync (`ReplicationControlManager`).

use super::decision::{Decision, View};
use super::partition_change_builder::{Election, PartitionChangeBuilder};
use crate::kafka::ids::{BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, TopicName, TopicPartition};
use crate::kafka::metadata::{MetadataRecord, PartitionRegistration, TopicImage};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::{ElectLeadersRequest, ElectLeadersResponse, ElectionType};
use crate::kafka::protocol::broker_lifecycle::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult, LeaderRecoveryState,
};
use crate::kafka::sorted::SmallSort;

/// Why partitions are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerChange {
    /// Leaves every ISR, and leads no more.
    Removed(BrokerId),
    /// May lead from now on, where there is no leader.
    Added(BrokerId),
    /// Leaves every ISR and every list of eligible leaders.
    UncleanShutdown(BrokerId),
}

impl BrokerChange {
    fn concerns(self, partition: &PartitionRegistration) -> bool {
        match self {
            BrokerChange::Removed(broker) => partition.isr.contains(&broker),
            BrokerChange::Added(_) => partition.leader.is_none(),
            BrokerChange::UncleanShutdown(broker) => partition.isr.contains(&broker) || partition.elr.contains(&broker),
        }
    }
}

impl View<'_> {
    pub fn builder<'b>(
        &self,
        topic: &TopicImage,
        number: i32,
        partition: &'b PartitionRegistration,
        is_acceptable_leader: &'b dyn Fn(BrokerId) -> bool,
    ) -> PartitionChangeBuilder<'b> {
        let min_isr = self.effective_min_isr(&topic.name);
        let elr = self.eligible_leader_replicas();
        let builder =
            PartitionChangeBuilder::new(partition, topic.topic_id, number, is_acceptable_leader, min_isr, elr);
        if self.unclean_election_enabled(&topic.name) { builder.election(Election::Unclean) } else { builder }
    }

    /// ISR changes and elections that a broker's change brings about (`generateLeaderAndIsrUpdates`).
    pub fn leader_and_isr_updates(&self, change: BrokerChange) -> Vec<MetadataRecord> {
        let (removed, added, unclean) = match change {
            BrokerChange::Removed(broker) => (Some(broker), None, None),
            BrokerChange::Added(broker) => (None, Some(broker), None),
            BrokerChange::UncleanShutdown(broker) => (Some(broker), None, Some(broker)),
        };
        // The image still shows the broker as it was before the records that are being made here.
        let is_acceptable_leader =
            |broker: BrokerId| Some(broker) != removed && (Some(broker) == added || self.image.is_active(broker));
        let mut records = Vec::new();
        for topic in self.image.topics.values() {
            for (number, partition) in topic.partitions.iter().filter(|(_, partition)| change.concerns(partition)) {
                let isr = partition.isr.iter().copied().filter(|broker| Some(*broker) != removed).collect();
                let built = self
                    .builder(topic, *number, partition, &is_acceptable_leader)
                    .target_isr(isr)
                    .unclean_shutdown(unclean)
                    .build();
                records.extend(built.map(MetadataRecord::PartitionChange));
            }
        }
        records
    }

    /// A leader asks for another ISR.
    pub fn alter_partition(&self, request: &AlterPartitionRequest) -> Decision {
        if !self.has_broker_epoch(request.broker, request.broker_epoch) {
            return Decision::answer(AlterPartitionResponse {
                error: ErrorCode::StaleBrokerEpoch,
                partitions: Vec::new(),
            });
        }
        let mut records = Vec::new();
        let mut partitions = Vec::new();
        for data in &request.partitions {
            partitions.push(match self.alter_one_partition(request.broker, data, &mut records) {
                Ok(result) => result,
                Err(error) => refused(data, error),
            });
        }
        Decision::new(records, AlterPartitionResponse { error: ErrorCode::None, partitions })
    }

    fn alter_one_partition(
        &self,
        sender: BrokerId,
        data: &AlterPartitionData,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<AlterPartitionResult, ErrorCode> {
        let topic = self.image.topic_by_id(data.partition.topic_id).ok_or(ErrorCode::UnknownTopicId)?;
        let number = data.partition.partition;
        let partition = topic.partitions.get(&number).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        self.validate_alter_partition(sender, data, partition)?;
        let is_acceptable_leader = |broker: BrokerId| self.image.is_active(broker);
        let mut isr: Vec<BrokerId> = data.new_isr.iter().map(|(broker, _)| *broker).collect();
        if breaks(Mutation::EverybodyJoinsIsr) {
            isr = partition.replicas.iter().copied().filter(|replica| self.image.is_active(*replica)).collect();
        }
        let change = self
            .builder(topic, number, partition, &is_acceptable_leader)
            .target_isr(isr)
            .target_recovery_state(data.leader_recovery_state)
            .build();
        let after = change.as_ref().map_or_else(|| partition.clone(), |change| partition.merge(change));
        records.extend(change.map(MetadataRecord::PartitionChange));
        if after.leader != Some(sender) {
            return Err(ErrorCode::NewLeaderElected);
        }
        Ok(AlterPartitionResult {
            partition: data.partition,
            error: ErrorCode::None,
            leader: after.leader,
            leader_epoch: after.leader_epoch,
            isr: after.isr,
            partition_epoch: after.partition_epoch,
            leader_recovery_state: after.leader_recovery_state,
        })
    }

    fn validate_alter_partition(
        &self,
        sender: BrokerId,
        data: &AlterPartitionData,
        partition: &PartitionRegistration,
    ) -> Result<(), ErrorCode> {
        // A leader that knows more than this controller: it is probably no longer the active one.
        if data.leader_epoch > partition.leader_epoch || data.partition_epoch > partition.partition_epoch {
            return Err(ErrorCode::NotController);
        }
        if data.leader_epoch < partition.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if partition.leader != Some(sender) {
            return Err(ErrorCode::InvalidRequest);
        }
        if data.partition_epoch < partition.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        let mut isr: Vec<BrokerId> = data.new_isr.iter().map(|(broker, _)| *broker).collect();
        let has_leader = isr.contains(&sender);
        let only_replicas = isr.iter().all(|broker| partition.replicas.contains(broker));
        isr.sort_small();
        let has_repeats = isr.windows(2).any(|pair| pair[0] == pair[1]);
        let recovering = data.leader_recovery_state == LeaderRecoveryState::Recovering;
        let recovers_again = recovering && partition.leader_recovery_state == LeaderRecoveryState::Recovered;
        if !has_leader || !only_replicas || has_repeats || (recovering && isr.len() > 1) || recovers_again {
            return Err(ErrorCode::InvalidRequest);
        }
        if data.new_isr.iter().any(|(broker, epoch)| !self.is_eligible_for_isr(*broker, *epoch)) {
            return Err(ErrorCode::IneligibleReplica);
        }
        Ok(())
    }

    /// Active, and of the epoch that the leader saw in its fetches (KIP-841, KIP-903).
    fn is_eligible_for_isr(&self, broker: BrokerId, epoch: Option<BrokerEpoch>) -> bool {
        self.image.brokers.get(&broker).is_some_and(|registration| {
            registration.is_active() && epoch.is_none_or(|epoch| epoch == registration.epoch)
        })
    }

    /// An administrator asks for elections.
    pub fn elect_leaders(&self, request: &ElectLeadersRequest) -> Decision {
        let mut records = Vec::new();
        let mut partitions = Vec::new();
        match &request.partitions {
            Some(asked) => {
                for partition in asked {
                    let error = self.elect_leader(partition, request.election_type, &mut records);
                    partitions.push((partition.clone(), error));
                }
            }
            None => {
                // Asked for all, Kafka leaves out those that have the wanted leader already.
                for (partition, _, _) in self.image.partitions() {
                    let error = self.elect_leader(&partition, request.election_type, &mut records);
                    if error != ErrorCode::ElectionNotNeeded {
                        partitions.push((partition, error));
                    }
                }
            }
        }
        Decision::new(records, ElectLeadersResponse { error: ErrorCode::None, partitions })
    }

    fn elect_leader(
        &self,
        partition: &TopicPartition,
        election_type: ElectionType,
        records: &mut Vec<MetadataRecord>,
    ) -> ErrorCode {
        let Some(topic) = self.image.topic(&partition.topic) else {
            return ErrorCode::UnknownTopicOrPartition;
        };
        let Some(registration) = topic.partitions.get(&partition.partition) else {
            return ErrorCode::UnknownTopicOrPartition;
        };
        let has_preferred =
            registration.leader.is_some() && registration.leader.as_ref() == registration.replicas.first();
        let (election, is_needed, unavailable) = match election_type {
            ElectionType::Preferred => (Election::Preferred, !has_preferred, ErrorCode::PreferredLeaderNotAvailable),
            ElectionType::Unclean => {
                (Election::Unclean, registration.leader.is_none(), ErrorCode::EligibleLeadersNotAvailable)
            }
        };
        if !is_needed {
            return ErrorCode::ElectionNotNeeded;
        }
        let is_acceptable_leader = |broker: BrokerId| self.image.is_active(broker);
        let change =
            self.builder(topic, partition.partition, registration, &is_acceptable_leader).election(election).build();
        match change {
            Some(change) => {
                records.push(MetadataRecord::PartitionChange(change));
                ErrorCode::None
            }
            None => unavailable,
        }
    }

    /// Gives leadership back to preferred replicas that are in sync and active
    /// (`maybeBalancePartitionLeaders`, `auto.leader.rebalance.enable`).
    pub fn balance_partition_leaders(&self) -> Vec<MetadataRecord> {
        let is_acceptable_leader = |broker: BrokerId| self.image.is_active(broker);
        let mut records = Vec::new();
        for topic in self.image.topics.values() {
            for (number, partition) in &topic.partitions {
                let preferred = partition.replicas.first().copied();
                if partition.leader == preferred {
                    continue;
                }
                let change = self
                    .builder(topic, *number, partition, &is_acceptable_leader)
                    .election(Election::Preferred)
                    .build();
                records.extend(
                    change.filter(|change| change.leader == Some(preferred)).map(MetadataRecord::PartitionChange),
                );
            }
        }
        records
    }

    /// Unclean elections for leaderless partitions whose topic allows them; `only`: of this topic.
    pub fn unclean_elections(&self, only: Option<&TopicName>) -> Vec<MetadataRecord> {
        let is_acceptable_leader = |broker: BrokerId| self.image.is_active(broker);
        let mut records = Vec::new();
        for topic in self.image.topics.values() {
            if only.is_some_and(|only| *only != topic.name) || !self.unclean_election_enabled(&topic.name) {
                continue;
            }
            for (number, partition) in topic.partitions.iter().filter(|(_, partition)| partition.leader.is_none()) {
                let change = self.builder(topic, *number, partition, &is_acceptable_leader).build();
                records.extend(change.map(MetadataRecord::PartitionChange));
            }
        }
        records
    }
}

/// An error leaves the other fields at the defaults of the message: zeros.
fn refused(data: &AlterPartitionData, error: ErrorCode) -> AlterPartitionResult {
    AlterPartitionResult {
        partition: data.partition,
        error,
        leader: Some(BrokerId(0)),
        leader_epoch: LeaderEpoch(0),
        isr: Vec::new(),
        partition_epoch: PartitionEpoch(0),
        leader_recovery_state: LeaderRecoveryState::Recovered,
    }
}

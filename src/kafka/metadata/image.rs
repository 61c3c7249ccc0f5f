//! MetadataImage: what the metadata log says, as far as it was replayed.
//!
//! Controllers and brokers replay the same records through the same code, each at its own time.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::record::{MetadataBatch, MetadataRecord, PartitionChange};
use crate::kafka::features::SupportedFeatures;
use crate::kafka::ids::{
    BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch, ProducerId, TopicId, TopicName, TopicPartition,
};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::protocol::broker_lifecycle::LeaderRecoveryState;
use crate::kafka::sorted::SortedMap;

/// One broker as the controller has registered it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerRegistration {
    pub broker: BrokerId,
    pub epoch: BrokerEpoch,
    pub incarnation_id: u128,
    pub rack: Option<String>,
    /// Levels of each feature that the broker can work at.
    pub features: SupportedFeatures,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
}

impl BrokerRegistration {
    /// Whether the broker may lead and be in an ISR.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }
}

/// One partition as the controller has registered it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct PartitionRegistration {
    /// In assignment order; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<BrokerId>,
    pub last_known_elr: Vec<BrokerId>,
    pub adding_replicas: Vec<BrokerId>,
    pub removing_replicas: Vec<BrokerId>,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub leader_recovery_state: LeaderRecoveryState,
}

impl PartitionRegistration {
    /// Whether a ClearElr record has something to clear here.
    pub fn has_eligible_leaders(&self) -> bool {
        !self.elr.is_empty() || !self.last_known_elr.is_empty()
    }

    /// The registration after `change`.
    pub fn merge(&self, change: &PartitionChange) -> PartitionRegistration {
        let mut next = self.clone();
        if let Some(leader) = change.leader {
            next.leader = leader;
            next.leader_epoch = LeaderEpoch(self.leader_epoch.0 + i32::from(!breaks(Mutation::LeaderEpochStays)));
        }
        let set = |field: &mut Vec<BrokerId>, value: &Option<Vec<BrokerId>>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        set(&mut next.replicas, &change.replicas);
        set(&mut next.isr, &change.isr);
        set(&mut next.elr, &change.eligible_leader_replicas);
        set(&mut next.last_known_elr, &change.last_known_elr);
        set(&mut next.adding_replicas, &change.adding_replicas);
        set(&mut next.removing_replicas, &change.removing_replicas);
        if let Some(state) = change.leader_recovery_state {
            next.leader_recovery_state = state;
        }
        next.partition_epoch = PartitionEpoch(self.partition_epoch.0 + 1);
        next
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicImage {
    pub name: TopicName,
    pub topic_id: TopicId,
    pub partitions: SortedMap<i32, PartitionRegistration>,
}

/// The cluster's metadata up to an offset of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct MetadataImage {
    /// Offset of the next record to replay.
    pub next_offset: Offset,
    pub brokers: SortedMap<BrokerId, BrokerRegistration>,
    pub topics: SortedMap<TopicName, Rc<TopicImage>>,
    pub topic_names: SortedMap<TopicId, TopicName>,
    pub configs: SortedMap<ConfigResource, SortedMap<String, String>>,
    pub features: SortedMap<String, i16>,
    pub next_producer_id: ProducerId,
}

impl MetadataImage {
    /// Replays a batch. Batches must come in order, without gap.
    pub fn apply_batch(&mut self, batch: &MetadataBatch) {
        assert_eq!(batch.base_offset, self.next_offset, "metadata log replayed out of order");
        for record in &batch.records {
            self.apply(record);
        }
    }

    /// Replays one record.
    pub fn apply(&mut self, record: &MetadataRecord) {
        self.next_offset += 1;
        match record {
            MetadataRecord::LeaderChange { .. } | MetadataRecord::NoOp => {}
            MetadataRecord::FeatureLevel { name, level: 0 } => {
                self.features.remove(name);
            }
            MetadataRecord::FeatureLevel { name, level } => {
                self.features.insert(name.clone(), *level);
            }
            MetadataRecord::RegisterBroker { broker, incarnation_id, broker_epoch, rack, features } => {
                self.brokers.insert(
                    *broker,
                    BrokerRegistration {
                        broker: *broker,
                        epoch: *broker_epoch,
                        incarnation_id: *incarnation_id,
                        rack: rack.clone(),
                        features: features.clone(),
                        fenced: true,
                        in_controlled_shutdown: false,
                    },
                );
            }
            MetadataRecord::UnregisterBroker { broker, .. } => {
                self.brokers.remove(broker);
            }
            MetadataRecord::BrokerRegistrationChange { broker, fenced, in_controlled_shutdown, .. } => {
                if let Some(registration) = self.brokers.get_mut(broker) {
                    registration.fenced = fenced.unwrap_or(registration.fenced);
                    registration.in_controlled_shutdown =
                        in_controlled_shutdown.unwrap_or(registration.in_controlled_shutdown);
                }
            }
            MetadataRecord::Topic { name, topic_id } => {
                self.topic_names.insert(*topic_id, name.clone());
                let topic = TopicImage { name: name.clone(), topic_id: *topic_id, partitions: SortedMap::new() };
                self.topics.insert(name.clone(), Rc::new(topic));
            }
            MetadataRecord::RemoveTopic { topic_id } => {
                if let Some(name) = self.topic_names.remove(topic_id) {
                    self.topics.remove(&name);
                    self.configs.remove(&ConfigResource::Topic(name));
                }
            }
            MetadataRecord::Partition { topic_id, partition, registration } => {
                if let Some(topic) = self.topic_mut(*topic_id) {
                    topic.partitions.insert(*partition, registration.clone());
                }
            }
            MetadataRecord::PartitionChange(change) => {
                if let Some(registration) =
                    self.topic_mut(change.topic_id).and_then(|topic| topic.partitions.get_mut(&change.partition))
                {
                    *registration = registration.merge(change);
                }
            }
            MetadataRecord::Config { resource, name, value } => {
                let configs = self.configs.entry(resource.clone()).or_default();
                match value {
                    Some(value) => configs.insert(name.clone(), value.clone()),
                    None => configs.remove(name),
                };
                if configs.is_empty() {
                    self.configs.remove(resource);
                }
            }
            MetadataRecord::ClearElr { topic } => {
                for (name, image) in &mut self.topics {
                    let is_meant = topic.as_ref().is_none_or(|only| only == name);
                    if is_meant && image.partitions.values().any(PartitionRegistration::has_eligible_leaders) {
                        // A change like any other: where there was something to clear the partition epoch rises.
                        let partitions = Rc::make_mut(image).partitions.values_mut();
                        for registration in partitions.filter(|registration| registration.has_eligible_leaders()) {
                            registration.elr.clear();
                            registration.last_known_elr.clear();
                            registration.partition_epoch.0 += 1;
                        }
                    }
                }
            }
            MetadataRecord::ProducerIds { next_producer_id, .. } => self.next_producer_id = *next_producer_id,
        }
    }

    fn topic_mut(&mut self, topic_id: TopicId) -> Option<&mut TopicImage> {
        let name = self.topic_names.get(&topic_id)?;
        self.topics.get_mut(name).map(Rc::make_mut)
    }

    pub fn topic(&self, name: &str) -> Option<&TopicImage> {
        self.topics.get(name).map(Rc::as_ref)
    }

    pub fn topic_by_id(&self, topic_id: TopicId) -> Option<&TopicImage> {
        self.topic(self.topic_names.get(&topic_id)?)
    }

    pub fn partition(&self, topic: &str, partition: i32) -> Option<&PartitionRegistration> {
        self.topic(topic)?.partitions.get(&partition)
    }

    /// All partitions, by topic name and number.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, TopicId, &PartitionRegistration)> {
        self.topics.values().flat_map(|topic| {
            topic.partitions.iter().map(|(number, registration)| {
                (TopicPartition::new(topic.name.clone(), *number), topic.topic_id, registration)
            })
        })
    }

    /// Whether the broker is registered, unfenced and not shutting down.
    pub fn is_active(&self, broker: BrokerId) -> bool {
        self.brokers.get(&broker).is_some_and(BrokerRegistration::is_active)
    }

    /// The value of a topic's configuration that was set on the topic itself.
    pub fn topic_config(&self, topic: &TopicName, key: &str) -> Option<&str> {
        self.configs.get(&ConfigResource::Topic(topic.clone()))?.get(key).map(String::as_str)
    }

    /// The value of a dynamic broker configuration: of that broker, else the cluster's default.
    pub fn broker_config(&self, broker: Option<BrokerId>, key: &str) -> Option<&str> {
        let of = |resource| self.configs.get(&ConfigResource::Broker(resource))?.get(key).map(String::as_str);
        broker.and_then(|id| of(Some(id))).or_else(|| of(None))
    }
}

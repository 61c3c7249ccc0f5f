//! What new metadata means for the replicas of this broker: who leads, who follows whom, what is deleted
//! (`ReplicaManager.applyDelta`).

use std::rc::Rc;

use super::context::Context;
use super::partition::Partition;
use super::replica_manager::ReplicaManager;
use super::topic_settings::TopicSettings;
use crate::kafka::ids::{TopicId, TopicIdPartition, TopicName, TopicPartition};
use crate::kafka::metadata::{MetadataBatch, MetadataImage, MetadataRecord, PartitionRegistration};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::Note;
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::setup::Truncation;
use crate::kafka::sorted::SortedSet;

/// What a stretch of the metadata log has touched.
#[derive(Clone, Debug, Default)]
pub(super) struct MetadataDelta {
    partitions: SortedSet<TopicIdPartition>,
    deleted_topics: SortedSet<TopicId>,
    /// Partitions of the deleted topics.
    pub deleted: Vec<TopicPartition>,
    configs: SortedSet<TopicName>,
    all_configs: bool,
}

/// A partition that this broker leads from now on, or leads in a new epoch, or does not lead any more.
#[derive(Clone, Debug)]
pub(super) struct LeadershipChange {
    pub id: TopicIdPartition,
    pub topic_partition: TopicPartition,
    pub is_leader: bool,
}

impl MetadataDelta {
    /// Whether it changes nothing for the replicas.
    fn is_empty(&self) -> bool {
        self.partitions.is_empty() && self.deleted_topics.is_empty() && self.configs.is_empty() && !self.all_configs
    }

    /// Everything: the first image after a start.
    pub fn whole(image: &MetadataImage) -> MetadataDelta {
        let partitions = image
            .partitions()
            .map(|(partition, topic_id, _)| TopicIdPartition { topic_id, partition: partition.partition })
            .collect();
        MetadataDelta { partitions, all_configs: true, ..MetadataDelta::default() }
    }

    /// Adds a batch that is about to be replayed into `image`.
    pub fn add(&mut self, batch: &MetadataBatch, image: &MetadataImage) {
        for record in &batch.records {
            match record {
                MetadataRecord::Partition { topic_id, partition, .. } => {
                    self.partitions.insert(TopicIdPartition { topic_id: *topic_id, partition: *partition });
                }
                MetadataRecord::PartitionChange(change) => {
                    let id = TopicIdPartition { topic_id: change.topic_id, partition: change.partition };
                    self.partitions.insert(id);
                }
                MetadataRecord::ClearElr { topic } => {
                    let cleared = image.partitions().filter(|(partition, _, registration)| {
                        topic.as_ref().is_none_or(|only| *only == partition.topic)
                            && registration.has_eligible_leaders()
                    });
                    self.partitions.extend(
                        cleared.map(|(partition, topic_id, _)| TopicIdPartition {
                            topic_id,
                            partition: partition.partition,
                        }),
                    );
                }
                MetadataRecord::RemoveTopic { topic_id } => {
                    self.deleted_topics.insert(*topic_id);
                    if let Some(topic) = image.topic_by_id(*topic_id) {
                        let partition = |number: &i32| TopicPartition::new(topic.name.clone(), *number);
                        self.deleted.extend(topic.partitions.keys().map(partition));
                    }
                }
                MetadataRecord::Config { resource: ConfigResource::Topic(topic), .. } => {
                    self.configs.insert(topic.clone());
                }
                MetadataRecord::Config { resource: ConfigResource::Broker(_), .. } => self.all_configs = true,
                _ => {}
            }
        }
    }
}

impl ReplicaManager {
    /// Carries out what the metadata says; `cx.image` holds it already.
    pub(super) fn apply_delta(&mut self, delta: &MetadataDelta, cx: &mut Context<'_>) -> Vec<LeadershipChange> {
        if delta.is_empty() {
            return Vec::new();
        }
        self.update_settings(delta, cx);
        let mut changes = Vec::new();
        let gone: Vec<TopicIdPartition> = self
            .partitions
            .keys()
            .filter(|id| delta.deleted_topics.contains(&id.topic_id) || self.is_stray(**id, cx))
            .copied()
            .collect();
        for id in gone {
            changes.extend(self.delete(id, cx));
        }
        for id in &delta.partitions {
            let Some(topic) = cx.image.topic_by_id(id.topic_id) else { continue };
            let Some(registration) = topic.partitions.get(&id.partition) else { continue };
            if !registration.replicas.contains(&cx.id()) {
                continue;
            }
            self.create_if_missing(*id, &topic.name, cx);
            let change = match registration.leader == Some(cx.id()) {
                true => self.make_leader(*id, registration, cx),
                false => self.make_follower(*id, registration, cx),
            };
            changes.extend(change);
        }
        self.close_idle_fetchers(cx);
        self.wake_fetchers(cx);
        changes
    }

    /// A log that the metadata does not give to this broker.
    fn is_stray(&self, id: TopicIdPartition, cx: &Context<'_>) -> bool {
        let registration = cx.image.topic_by_id(id.topic_id).and_then(|topic| topic.partitions.get(&id.partition));
        registration.is_none_or(|registration| !registration.replicas.contains(&cx.id()))
    }

    fn update_settings(&mut self, delta: &MetadataDelta, cx: &Context<'_>) {
        let image = cx.image;
        self.settings.retain(|topic, _| image.topics.contains_key(topic));
        let changed: Vec<TopicName> =
            self.settings.keys().filter(|topic| delta.all_configs || delta.configs.contains(*topic)).cloned().collect();
        for topic in changed {
            let settings = TopicSettings::of(&topic, image, cx.setup);
            for partition in self.partitions.values_mut().filter(|partition| partition.topic_partition.topic == topic) {
                let partition = Rc::make_mut(partition);
                partition.log.set_config(Rc::clone(&settings.log));
                partition.settings = settings.clone();
            }
            self.settings.insert(topic, settings);
        }
    }

    fn create_if_missing(&mut self, id: TopicIdPartition, topic: &TopicName, cx: &Context<'_>) {
        let is_hosted = self.partitions.get(&id).is_some_and(|partition| partition.hosted);
        if is_hosted {
            return;
        }
        let settings =
            self.settings.entry(topic.clone()).or_insert_with(|| TopicSettings::of(topic, cx.image, cx.setup)).clone();
        match self.partition_mut(id) {
            Some(partition) => {
                partition.log.set_config(Rc::clone(&settings.log));
                partition.settings = settings;
            }
            None => {
                let topic_partition = TopicPartition::new(topic.clone(), id.partition);
                let partition = Partition::new(topic_partition, id, settings, cx.now_ms());
                self.partitions.insert(id, Rc::new(partition));
            }
        }
    }

    fn make_leader(
        &mut self,
        id: TopicIdPartition,
        registration: &PartitionRegistration,
        cx: &mut Context<'_>,
    ) -> Option<LeadershipChange> {
        let broker = cx.id();
        let is_new_epoch = self.partition_mut(id)?.make_leader(registration, cx)?;
        if !is_new_epoch {
            if !self.maybe_increment_high_watermark(id, cx) {
                self.complete_delayed_produces(id, cx);
            }
            return None;
        }
        self.remove_fetcher(id);
        if breaks(Mutation::NewLeaderTruncates) {
            let high_watermark = self.partitions.get(&id)?.high_watermark();
            self.truncate(id, high_watermark, cx);
        }
        let partition = self.partitions.get(&id)?;
        let topic_partition = partition.topic_partition.clone();
        let note = Note::BecameLeader {
            broker,
            partition: topic_partition.clone(),
            leader_epoch: partition.leader_epoch,
            log_end_offset: partition.log_end_offset(),
        };
        cx.note_then(note, |cx| {
            self.maybe_increment_high_watermark(id, cx);
            // Whoever waits with an older epoch must learn of the new one.
            self.complete_delayed(id, cx);
        });
        Some(LeadershipChange { id, topic_partition, is_leader: true })
    }

    fn make_follower(
        &mut self,
        id: TopicIdPartition,
        registration: &PartitionRegistration,
        cx: &mut Context<'_>,
    ) -> Option<LeadershipChange> {
        let broker = cx.id();
        let partition = self.partition_mut(id)?;
        let was_leader = partition.is_leader;
        let is_new_epoch = partition.make_follower(registration)?;
        if is_new_epoch && cx.setup.truncation_rule() == Truncation::HighWatermark {
            let high_watermark = partition.high_watermark();
            self.truncate(id, high_watermark, cx);
        }
        let partition = self.partitions.get(&id)?;
        let (leader, leader_epoch) = (partition.leader, partition.leader_epoch);
        let topic_partition = partition.topic_partition.clone();
        if self.is_shutting_down && (leader.is_none() || !registration.isr.contains(&broker)) {
            // A broker on its way out copies nothing more that it would only hold up.
            self.remove_fetcher(id);
        }
        if !is_new_epoch {
            return None;
        }
        let note = Note::BecameFollower { broker, partition: topic_partition.clone(), leader, leader_epoch };
        cx.note_then(note, |cx| {
            self.remove_fetcher(id);
            let is_leaving = self.is_shutting_down && !registration.isr.contains(&broker);
            if let Some(leader) = leader.filter(|leader| cx.image.brokers.contains_key(leader) && !is_leaving) {
                self.add_fetcher(id, leader, leader_epoch);
            }
            self.complete_delayed(id, cx);
        });
        was_leader.then_some(LeadershipChange { id, topic_partition, is_leader: false })
    }

    /// Drops a replica: its topic was deleted, or it was moved to other brokers.
    fn delete(&mut self, id: TopicIdPartition, cx: &mut Context<'_>) -> Option<LeadershipChange> {
        self.remove_fetcher(id);
        let partition = self.partitions.remove(&id)?;
        self.complete_delayed(id, cx);
        let topic_partition = partition.topic_partition.clone();
        partition.is_leader.then_some(LeadershipChange { id, topic_partition, is_leader: false })
    }
}

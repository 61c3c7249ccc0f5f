//! One leader per partition and leader epoch, for ever; leader epochs only grow.
//!
//! Two brokers may believe at the same time that they lead a partition, but never in the same epoch; and nobody leads in
//! an epoch that the controller gave to another.

use std::collections::BTreeMap;

use super::leader_in_isr::controller_image;
use super::{CommittedLogs, Guarantee, Violation, id_at};
use crate::kafka::ids::{BrokerId, LeaderEpoch, TopicIdPartition, TopicPartition};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct OneLeader {
    /// Who has taken the leader's part.
    leaders: BTreeMap<(TopicIdPartition, LeaderEpoch), BrokerId>,
    /// Whom the controllers have made leader, by epoch.
    elected: BTreeMap<TopicIdPartition, BTreeMap<LeaderEpoch, Option<BrokerId>>>,
}

impl Guarantee for OneLeader {
    fn name(&self) -> &'static str {
        "one leader per partition and leader epoch"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for (place, event) in world.events().iter().enumerate() {
            match event.note() {
                // The name has gone over to another topic by the end of the step.
                Some(Note::LeaderElected { partition, .. }) if is_deleted_after(place, &partition.topic, world) => {}
                Some(Note::LeaderElected { partition, leader, leader_epoch, .. }) => {
                    let image = event.node.and_then(|node| controller_image(world, node));
                    let Some(topic) = image.and_then(|image| image.topic(&partition.topic)) else { continue };
                    let id = TopicIdPartition { topic_id: topic.topic_id, partition: partition.partition };
                    self.elected(id, partition, *leader, *leader_epoch)?;
                }
                Some(Note::BecameLeader { broker, partition, leader_epoch, .. }) => {
                    let Some(id) = id_at(world, *broker, partition) else { continue };
                    let first = *self.leaders.entry((id, *leader_epoch)).or_insert(*broker);
                    if first != *broker {
                        return Err(self.violated(format!(
                            "brokers {first} and {broker} both lead {partition} in epoch {leader_epoch}"
                        )));
                    }
                    let elected = self.elected.get(&id).and_then(|epochs| epochs.get(leader_epoch));
                    if elected.is_some_and(|elected| *elected != Some(*broker)) {
                        return Err(self.violated(format!(
                            "broker {broker} leads {partition} in epoch {leader_epoch}, which the controller gave to \
                             {elected:?}"
                        )));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl OneLeader {
    fn elected(
        &mut self,
        id: TopicIdPartition,
        partition: &TopicPartition,
        leader: Option<BrokerId>,
        epoch: LeaderEpoch,
    ) -> Result<(), Violation> {
        let epochs = self.elected.entry(id).or_default();
        let newest = epochs.last_key_value().map(|(epoch, _)| *epoch);
        match epochs.get(&epoch).copied() {
            Some(before) if before != leader => Err(self.violated(format!(
                "the controllers gave epoch {epoch} of {partition} to {before:?} and then to {leader:?}"
            ))),
            None if newest.is_some_and(|newest| epoch < newest) => {
                Err(self.violated(format!("the leader epoch of {partition} went back from {newest:?} to {epoch}")))
            }
            _ => {
                epochs.insert(epoch, leader);
                Ok(())
            }
        }
    }
}

fn is_deleted_after(place: usize, name: &str, world: &World) -> bool {
    let later = world.events()[place..].iter().filter_map(|event| event.note());
    later.into_iter().any(|note| matches!(note, Note::TopicDeleted { topic } if topic == name))
}

//! One leader per partition and leader epoch, for ever; leader epochs only grow.
//!
//! Two brokers may believe at the same time that they lead a partition, but never in the same epoch; and nobody leads in
//! an epoch that the controller gave to another.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation, id_at, notes};
use crate::kafka::ids::{BrokerId, LeaderEpoch, TopicIdPartition, TopicPartition};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct OneLeader {
    /// Who has taken the leader's part.
    leaders: BTreeMap<(TopicIdPartition, LeaderEpoch), BrokerId>,
    /// Whom the controller has made leader, by epoch, in each topic of that name that there was.
    elected: BTreeMap<TopicPartition, BTreeMap<LeaderEpoch, Option<BrokerId>>>,
}

impl Guarantee for OneLeader {
    fn name(&self) -> &'static str {
        "one leader per partition and leader epoch"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            match note {
                Note::TopicDeleted { topic } => self.elected.retain(|partition, _| *partition.topic != **topic),
                Note::LeaderElected { partition, leader, leader_epoch, .. } => {
                    self.elected(partition, *leader, *leader_epoch)?;
                }
                Note::BecameLeader { broker, partition, leader_epoch, .. } => {
                    let Some(id) = id_at(world, *broker, partition) else { continue };
                    let first = *self.leaders.entry((id, *leader_epoch)).or_insert(*broker);
                    if first != *broker {
                        return Err(self.violated(format!(
                            "brokers {first} and {broker} both lead {partition} in epoch {leader_epoch}"
                        )));
                    }
                    let elected = self.elected.get(partition).and_then(|epochs| epochs.get(leader_epoch));
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
        partition: &TopicPartition,
        leader: Option<BrokerId>,
        epoch: LeaderEpoch,
    ) -> Result<(), Violation> {
        let epochs = self.elected.entry(partition.clone()).or_default();
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

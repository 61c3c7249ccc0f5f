//! In one generation of a group each partition has at most one owner.
//!
//! Both as members have it (what their assignment said) and as the coordinator has it (what it gave to the members of a
//! stable group). And in a stable group no partition of a topic is left out: whoever deals out partition 2 has dealt out
//! 0 and 1. (That all are dealt out in the end is for those to see who let a cluster come to rest: the leader of a group
//! may learn late of new partitions.) Generations are counted in `__consumer_offsets`: if that loses something in an
//! unclean election they begin again.

use std::collections::{BTreeMap, BTreeSet};

use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::ids::{ClientId, TopicPartition};
use crate::kafka::note::{GroupState, Note};
use crate::sim::World;

#[derive(Default)]
pub struct OneOwner {
    owners: BTreeMap<(String, i32), BTreeMap<TopicPartition, ClientId>>,
}

impl Guarantee for OneOwner {
    fn name(&self) -> &'static str {
        "one owner per partition and generation"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            match note {
                Note::PartitionsAssigned { client, group, generation, partitions } => {
                    let owners = self.owners.entry((group.clone(), *generation)).or_default();
                    for partition in partitions {
                        let owner = *owners.entry(partition.clone()).or_insert(*client);
                        if owner != *client && committed.keeps_offsets() {
                            return Err(self.violated(format!(
                                "clients {owner} and {client} of group {group} both own {partition} in generation \
                                 {generation}"
                            )));
                        }
                    }
                }
                Note::GroupStateChanged { broker, group, to: GroupState::Stable, .. } => {
                    let coordinator = world.broker(*broker).map(|broker| broker.group_coordinator());
                    let Some(members) = coordinator.and_then(|it| it.group(group)).map(|group| &group.members) else {
                        continue;
                    };
                    let mut owned = BTreeSet::new();
                    let assigned = members.values().filter_map(|member| member.assignment.as_ref());
                    for partition in assigned.flat_map(|assignment| &assignment.partitions) {
                        if !owned.insert(partition) {
                            return Err(self.violated(format!("two members of group {group} were given {partition}")));
                        }
                    }
                    let left_out = owned.iter().copied().find(|partition| {
                        let before = TopicPartition { partition: partition.partition - 1, ..(*partition).clone() };
                        before.partition >= 0 && !owned.contains(&before)
                    });
                    if let Some(partition) = left_out {
                        return Err(self.violated(format!(
                            "{partition} has an owner in group {group}, and the partition before it has none"
                        )));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

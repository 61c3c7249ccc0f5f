//! The leader knows everyone whom the controller holds to be in sync.
//!
//! The ISR of the newest leader's own view, with the members that it has asked to add, contains every member of the
//! controller's ISR: nobody is added whom the leader has not asked for in this epoch.
//!
//! A leader may forget for a while that it has asked. When the metadata log tells it what an answer has told it before,
//! the same partition epoch, it takes the registration as it stands there and drops what it has asked for meanwhile
//! (`Partition.makeLeader`, `updateAssignmentAndIsr`); and a leader that is killed and comes back at once leads on, while
//! its request is still on its way. It waits for such a member all the same while that one is caught up: see
//! [`super::in_sync`].

use std::collections::{BTreeMap, BTreeSet};

use super::leader_in_isr::controller_image;
use super::{CommittedLogs, Guarantee, Violation, id_at};
use crate::kafka::ids::{BrokerId, LeaderEpoch, TopicIdPartition};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct MaximalIsr {
    /// Whom leaders have asked for, in each epoch.
    asked: BTreeMap<(TopicIdPartition, LeaderEpoch), BTreeSet<BrokerId>>,
}

impl Guarantee for MaximalIsr {
    fn name(&self) -> &'static str {
        "the leader's ISR contains the controller's"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            let partition = match event.note() {
                Some(Note::IsrExpandAsked { leader, partition, isr }) => {
                    let Some(id) = id_at(world, *leader, partition) else { continue };
                    let replica = world.broker(*leader).and_then(|broker| broker.partition_by_id(id));
                    let epoch = replica.map_or(LeaderEpoch(-1), |replica| replica.leader_epoch());
                    self.asked.entry((id, epoch)).or_default().extend(isr);
                    continue;
                }
                Some(Note::IsrChanged { partition, .. }) => partition,
                _ => continue,
            };
            let Some(image) = event.node.and_then(|node| controller_image(world, node)) else { continue };
            let Some(topic) = image.topic(&partition.topic) else { continue };
            let Some(registration) = topic.partitions.get(&partition.partition) else { continue };
            let id = TopicIdPartition { topic_id: topic.topic_id, partition: partition.partition };
            let broker = registration.leader.and_then(|leader| world.broker(leader));
            let Some(leader) = broker.and_then(|broker| broker.partition_by_id(id)) else { continue };
            if !leader.is_leader() || leader.leader_epoch() != registration.leader_epoch {
                continue;
            }
            let asked = self.asked.get(&(id, registration.leader_epoch));
            let is_known = |member: &BrokerId| {
                leader.is_in_maximal_isr(*member) || asked.is_some_and(|asked| asked.contains(member))
            };
            if let Some(member) = registration.isr.iter().find(|member| !is_known(member)) {
                return Err(self.violated(format!(
                    "{partition}: the controller has broker {member} in the ISR {:?}, and the leader knows only {:?}",
                    registration.isr,
                    leader.maximal_isr()
                )));
            }
        }
        Ok(())
    }
}

//! Whoever may lead has everything that was committed.
//!
//! A leader's log holds all records that leaders of earlier epochs have committed, and so does the log of every member
//! of the ISR and of every eligible leader replica, whether it runs or is down. So no record acknowledged with acks=all
//! is lost, as long as fewer replicas than `min.insync.replicas` lose data with their machine's power; and a killed process
//! loses none, for what it has written is in the page cache. A member that has lost data counts as soon as the controller
//! can know it, which is when it registers again; without eligible leader replicas the controller does not care (see
//! [`super::losses`]). Unclean elections aside (see [`super::committed`]): one of them comes after plain kills, too, when
//! neither ISR nor eligible leaders are left, and makes the last known leader lead again.

use super::leader_in_isr::controller_image;
use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::broker::Partition;
use crate::kafka::ids::{BrokerId, LeaderEpoch, TopicIdPartition, TopicPartition};
use crate::kafka::note::Note;
use crate::sim::World;

pub(super) const NAME: &str = "whoever may lead has everything that was committed";

#[derive(Default)]
pub struct LeaderCompleteness;

impl Guarantee for LeaderCompleteness {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            match event.note() {
                Some(Note::BecameLeader { broker, partition, leader_epoch, .. }) => {
                    if is_excused(world, committed, *broker, partition) {
                        continue;
                    }
                    let replica = world.broker(*broker).and_then(|broker| broker.partition(partition));
                    self.check_replica(committed, *broker, replica, *leader_epoch)?;
                }
                Some(Note::LeaderElected { partition, .. } | Note::IsrChanged { partition, .. }) => {
                    let Some(image) = event.node.and_then(|node| controller_image(world, node)) else { continue };
                    let Some(registration) = image.partition(&partition.topic, partition.partition) else { continue };
                    // By its id: a member that is down may know an older topic of that name.
                    let Some(topic) = image.topic(&partition.topic) else { continue };
                    let id = TopicIdPartition { topic_id: topic.topic_id, partition: partition.partition };
                    for member in registration.isr.iter().chain(&registration.elr) {
                        if committed.excuses(world, image, id, *member) {
                            continue;
                        }
                        let replica = world.broker(*member).and_then(|broker| broker.partition_by_id(id));
                        self.check_replica(committed, *member, replica, registration.leader_epoch)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether a broker that has lost something takes the leader's part only because the controller does not know of that yet:
/// before it has registered it lets nobody in, and when it does it leads no more.
fn is_excused(world: &World, committed: &CommittedLogs, broker: BrokerId, partition: &TopicPartition) -> bool {
    let Some(leader) = world.broker(broker) else { return false };
    leader.partition(partition).is_some_and(|replica| committed.excuses(world, leader.image(), replica.id(), broker))
}

impl LeaderCompleteness {
    /// The replica has all that was committed before `epoch` began.
    fn check_replica(
        &self,
        committed: &CommittedLogs,
        broker: BrokerId,
        replica: Option<&Partition>,
        epoch: LeaderEpoch,
    ) -> Result<(), Violation> {
        let Some(replica) = replica else { return Ok(()) };
        let Some(log) = committed.log(replica.id()) else { return Ok(()) };
        match log.first_missing(replica, epoch) {
            Some(batch) => Err(self.violated(format!(
                "broker {broker}, leader or candidate of {} in epoch {epoch}, lacks {batch:?}; its log ends at {}",
                replica.topic_partition(),
                replica.log_end_offset()
            ))),
            None => Ok(()),
        }
    }
}

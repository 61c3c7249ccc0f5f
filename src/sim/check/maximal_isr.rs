//! The leader waits for everyone whom the controller holds to be in sync.
//!
//! The ISR of the newest leader's own view, with the members that it has asked to add, contains every member of the
//! controller's ISR. Else it could commit records that a member lacks, and that member could be elected.
//!
//! One gap is Kafka's own: a leader that hears from the metadata log what an answer has told it before, the same partition
//! epoch, takes the registration as it stands there and forgets what it has asked for meanwhile (`Partition.makeLeader`,
//! `updateAssignmentAndIsr`). Until the answer is there it does not wait for the new member as one of the ISR. It waits
//! for it nevertheless while that one is caught up, as it was when it was asked for.

use super::leader_in_isr::controller_image;
use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::ids::{BrokerId, TopicIdPartition};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct MaximalIsr;

impl Guarantee for MaximalIsr {
    fn name(&self) -> &'static str {
        "the leader's ISR contains the controller's"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            let Some(Note::IsrChanged { partition, .. }) = event.note() else { continue };
            let Some(image) = event.node.and_then(|node| controller_image(world, node)) else { continue };
            let Some(registration) = image.partition(&partition.topic, partition.partition) else { continue };
            let Some(topic) = image.topic(&partition.topic) else { continue };
            let id = TopicIdPartition { topic_id: topic.topic_id, partition: partition.partition };
            let Some(broker) = registration.leader.and_then(|leader| world.broker(leader)) else { continue };
            let Some(leader) = broker.partition_by_id(id) else { continue };
            if !leader.is_leader() || leader.leader_epoch() != registration.leader_epoch {
                continue;
            }
            let asked = broker.isr_asked_for(id);
            let is_waited_for = |member: &BrokerId| leader.is_in_maximal_isr(*member) || asked.contains(member);
            if let Some(member) = registration.isr.iter().find(|member| !is_waited_for(member)) {
                return Err(self.violated(format!(
                    "{partition}: the controller has broker {member} in the ISR {:?}, and the leader does not wait for \
                     it: {:?}",
                    registration.isr,
                    leader.maximal_isr()
                )));
            }
        }
        Ok(())
    }
}

//! The leader waits for everyone whom the controller holds to be in sync.
//!
//! The ISR of the newest leader's own view, with the members that it has asked to add, contains every member of the
//! controller's ISR. Else it could commit records that a member lacks, and that member could be elected.

use super::leader_in_isr::controller_image;
use super::{CommittedLogs, Guarantee, Violation};
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
            let leader = registration.leader.and_then(|leader| world.broker(leader)?.partition(partition));
            let Some(leader) = leader.filter(|leader| leader.leader_epoch() == registration.leader_epoch) else {
                continue;
            };
            let missing = registration.isr.iter().find(|member| !leader.is_in_maximal_isr(**member));
            if let Some(member) = missing.filter(|_| leader.is_leader()) {
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

//! A record is committed only when every member of the ISR has it.
//!
//! When a leader moves its high watermark, the log of each member of the ISR, as the active controller of the newest epoch
//! has it, reaches at least as far. So whoever is elected from the ISR has it, and acks=all means what it says. A member
//! whose machine has lost its power may be shorter until the controller hears of that (see [`super::losses`]).

use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct InSync;

impl Guarantee for InSync {
    fn name(&self) -> &'static str {
        "what is committed is on every member of the ISR"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            let Note::HighWatermarkAdvanced { broker, partition, to, is_leader: true, .. } = note else { continue };
            let Some(leader) = world.broker(*broker).and_then(|broker| broker.partition(partition)) else { continue };
            let id = leader.id();
            let image = world.active_image();
            let registration = image.and_then(|image| image.topic_by_id(id.topic_id)?.partitions.get(&id.partition));
            // A leader of another epoch is no leader any more, or not yet.
            let Some(registration) = registration.filter(|it| it.leader_epoch == leader.leader_epoch()) else {
                continue;
            };
            for member in &registration.isr {
                let replica = world.broker(*member).and_then(|broker| broker.partition_by_id(id));
                let end = replica.map_or(0, |replica| replica.log_end_offset());
                let is_excused = || image.is_some_and(|image| committed.excuses(world, image, id, *member));
                if end < *to && !committed.is_forsaken(id) && !is_excused() {
                    return Err(self.violated(format!(
                        "leader {broker} of {partition} commits up to {to}; the log of broker {member}, one of the ISR \
                         {:?}, ends at {end}",
                        registration.isr
                    )));
                }
            }
        }
        Ok(())
    }
}

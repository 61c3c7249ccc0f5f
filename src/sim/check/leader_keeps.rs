//! A leader cuts nothing from the end of its log.
//!
//! Only followers do. So a record that was acknowledged with acks=1 is lost exactly when the next leader had not copied it:
//! what a new leader has, it keeps, committed or not.

use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct LeaderKeeps;

impl Guarantee for LeaderKeeps {
    fn name(&self) -> &'static str {
        "a leader keeps what it has"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            if let Note::LogTruncated { broker, partition, from, to } = note
                && let Some(replica) = world.broker(*broker).and_then(|broker| broker.partition(partition))
                && replica.is_leader()
            {
                return Err(self.violated(format!(
                    "broker {broker} leads {partition} in epoch {}, and cuts its log from {from} to {to}",
                    replica.leader_epoch()
                )));
            }
        }
        Ok(())
    }
}

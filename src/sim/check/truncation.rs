//! What was committed is never cut from a log that has it.
//!
//! Followers cut their logs where they part from the leader's. Whatever a replica knew to be committed, every later
//! leader has too; so the cut never goes below a high watermark that the replica has had. Unless all of it is deleted at
//! the leader meanwhile: then the follower drops its log and begins anew at the leader's log start. What a loss of power
//! took is no longer the replica's to keep.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation, id_at, notes};
use crate::kafka::ids::{BrokerId, Offset, TopicIdPartition};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct Truncation {
    /// Highest high watermark so far of each replica.
    high_watermarks: BTreeMap<(BrokerId, TopicIdPartition), Offset>,
}

impl Guarantee for Truncation {
    fn name(&self) -> &'static str {
        "what was committed is never cut from a log"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            match note {
                Note::HighWatermarkAdvanced { broker, partition, to, .. } => {
                    let Some(id) = id_at(world, *broker, partition) else { continue };
                    let highest = self.high_watermarks.entry((*broker, id)).or_insert(*to);
                    *highest = (*highest).max(*to);
                }
                Note::UnflushedLost { broker, partition, to, .. } => {
                    let Some(id) = id_at(world, *broker, partition) else { continue };
                    if let Some(known) = self.high_watermarks.get_mut(&(*broker, id)) {
                        *known = (*known).min(*to);
                    }
                }
                Note::LogTruncated { broker, partition, from, to } => {
                    let Some(id) = id_at(world, *broker, partition) else { continue };
                    let known = self.high_watermarks.get(&(*broker, id)).copied().unwrap_or(0);
                    let replica = world.broker(*broker).and_then(|broker| broker.partition_by_id(id));
                    let begins_anew = replica.is_some_and(|replica| replica.log().log_start_offset() >= known);
                    if *to < known && !begins_anew && !committed.is_forsaken(id) {
                        return Err(self.violated(format!(
                            "broker {broker} cuts {partition} from {from} to {to}, and knew all below {known} to be \
                             committed"
                        )));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

//! Offset and leader epoch together name one record, and all that comes before it.
//!
//! Two replicas that hold a record with the same offset and the same leader epoch hold the same record, committed or not,
//! and the same one before it; so their logs are equal up to there. Everything that finds the place where two logs part,
//! in replication and in a consumer's own check, rests on this. An unclean election may lose records; it does not break
//! this. A leader that has lost its power may (see [`super::losses`]). Records that are deleted (below the log start) are
//! left out: when a leader has deleted the place where a follower's log parts from its own, the follower is not told of it.

use std::collections::BTreeMap;

use super::cleaned::is_left_of;
use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::ids::{LeaderEpoch, Offset, TopicIdPartition};
use crate::kafka::note::Note;
use crate::kafka::record::RecordBatch;
use crate::sim::World;

/// Epoch and offset of a batch.
type Place = (LeaderEpoch, Offset);

#[derive(Default)]
pub struct Epochs {
    /// The batch at each place, and the place of the one before it where that is known.
    batches: BTreeMap<(TopicIdPartition, Place), (RecordBatch, Option<Place>)>,
}

impl Guarantee for Epochs {
    fn name(&self) -> &'static str {
        "offset and leader epoch name one record"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            let Note::RecordsAppended { broker, partition, base_offset, .. } = note else { continue };
            let Some(replica) = world.broker(*broker).and_then(|broker| broker.partition(partition)) else { continue };
            let mut backwards = replica.log().batches().rev();
            // A batch may be gone again by the end of the step.
            let Some(batch) = backwards.find(|batch| batch.base_offset() <= *base_offset) else { continue };
            let id = replica.id();
            if batch.base_offset() != *base_offset || committed.is_split(id) {
                continue;
            }
            // What lies below the log start is deleted: a follower may have had something else there, and nobody asks. Of a
            // compacted log a replica may have any part.
            let is_first = *base_offset <= replica.log().log_start_offset();
            let is_compacted = replica.log().config().is_compacted;
            let before = backwards.next().filter(|_| !is_first && !is_compacted).map(place);
            match self.batches.get(&(id, place(batch))) {
                None => _ = self.batches.insert((id, place(batch)), (batch.clone(), before)),
                Some((known, _)) if is_compacted && (is_left_of(batch, known) || is_left_of(known, batch)) => {}
                Some((known, _)) if known != batch => {
                    return Err(self.violated(format!(
                        "broker {broker} appends {batch:?} to {partition}, and another replica has {known:?} there"
                    )));
                }
                Some((_, known)) if known.is_some() && before.is_some() && *known != before => {
                    return Err(self.violated(format!(
                        "broker {broker} appends {batch:?} to {partition} after (epoch, offset) {before:?}, and another \
                         replica has it after {known:?}"
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

fn place(batch: &RecordBatch) -> Place {
    (batch.leader_epoch(), batch.base_offset())
}

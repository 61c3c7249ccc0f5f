//! A consumer reads forward.
//!
//! Per consumer and partition the offsets that `poll()` returns strictly increase, until the position is set anew: by a
//! seek, a reset (out of range, truncation), or because the partition was assigned again.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::ids::{ClientId, Offset, TopicPartition};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct Positions {
    /// The least offset that may come next.
    next: BTreeMap<(ClientId, TopicPartition), Offset>,
}

impl Guarantee for Positions {
    fn name(&self) -> &'static str {
        "a consumer reads forward"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            match note {
                Note::PositionSet { client, partition, offset, .. } => {
                    self.next.insert((*client, partition.clone()), *offset);
                }
                Note::PartitionsRevoked { client, partitions, .. }
                | Note::PartitionsLost { client, partitions, .. } => {
                    partitions.iter().for_each(|partition| _ = self.next.remove(&(*client, partition.clone())));
                }
                Note::RecordsPolled { client, partition, first_offset, last_offset, .. } => {
                    let next = self.next.insert((*client, partition.clone()), last_offset + 1);
                    if next.is_some_and(|next| *first_offset < next) || last_offset < first_offset {
                        return Err(self.violated(format!(
                            "client {client} was handed {first_offset}..={last_offset} of {partition}, and {next:?} was \
                             to come next"
                        )));
                    }
                    let end = committed.named(partition).map_or(0, |log| log.end_offset());
                    if committed.promises(partition) && *last_offset >= end {
                        return Err(self.violated(format!(
                            "client {client} was handed {partition} up to {last_offset}, which is not committed"
                        )));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

//! A commit that was confirmed is remembered, and no commit lies beyond what there is to read.
//!
//! A member that starts from a committed offset starts at or after every offset whose commit was confirmed before: the
//! coordinator's records are committed in `__consumer_offsets`, and a coordinator elsewhere reads them back. Committed
//! offsets are at most the end of the partition, so the lag is never negative. Groups whose members seek are left out:
//! they may go back on purpose.

use std::collections::{BTreeMap, BTreeSet};

use super::{CommittedLogs, Guarantee, Violation, group_of, notes};
use crate::kafka::ids::{Offset, TopicPartition};
use crate::kafka::note::{Note, PositionReason};
use crate::sim::World;

#[derive(Default)]
pub struct Commits {
    /// Highest offset confirmed so far, by group and partition.
    confirmed: BTreeMap<(String, TopicPartition), Offset>,
    /// Groups in which somebody went back on purpose.
    seeking: BTreeSet<String>,
}

impl Guarantee for Commits {
    fn name(&self) -> &'static str {
        "a confirmed commit is remembered"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            match note {
                Note::OffsetCommitted { client, partition, offset } => {
                    let Some(group) = group_of(world, *client) else { continue };
                    let highest = self.confirmed.entry((group.to_string(), partition.clone())).or_insert(*offset);
                    *highest = (*highest).max(*offset);
                }
                Note::GroupOffsetStored { group, partition, offset, .. } => {
                    let end = committed.named(partition).map_or(0, |log| log.end_offset());
                    if *offset > end {
                        return Err(self.violated(format!(
                            "group {group} commits {offset} of {partition}, which is committed up to {end}"
                        )));
                    }
                }
                Note::PositionSet { client, partition, offset, reason } => {
                    let Some(group) = group_of(world, *client) else { continue };
                    match reason {
                        PositionReason::Committed => self.check_start(group, partition, *offset)?,
                        PositionReason::ResetToEarliest
                        | PositionReason::ResetToLatest
                        | PositionReason::ResetByDuration => self.check_start(group, partition, -1)?,
                        PositionReason::Seek | PositionReason::Truncated => {
                            self.seeking.insert(group.to_string());
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Commits {
    /// A member starts at `offset`; -1: it found no commit.
    fn check_start(&self, group: &str, partition: &TopicPartition, offset: Offset) -> Result<(), Violation> {
        let confirmed = self.confirmed.get(&(group.to_string(), partition.clone())).copied().unwrap_or(-1);
        if offset < confirmed && !self.seeking.contains(group) {
            return Err(self.violated(format!(
                "a member of group {group} starts with {partition} at {offset}, and {confirmed} was confirmed before"
            )));
        }
        Ok(())
    }
}

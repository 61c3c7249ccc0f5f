//! A commit that was confirmed is remembered, and no commit lies beyond what there is to read.
//!
//! A member that asks for its group's offsets is told at least every offset whose commit was confirmed before: the
//! coordinator's records are committed in `__consumer_offsets`, and a coordinator elsewhere reads them back. Committed
//! offsets are at most the end of the partition, so the lag is never negative.
//!
//! Groups whose members seek are left out: they may go back, or beyond the end. So are groups of which a commit was
//! overtaken (see [`super::overtaken`]), and topics that were deleted: their committed offsets go with them, and one that
//! is on its way may reach the next topic of that name.

use std::collections::{BTreeMap, BTreeSet};

use super::{CommittedLogs, Guarantee, Violation, group_of};
use crate::kafka::ids::{NodeId, Offset, TopicPartition};
use crate::kafka::note::{Note, PositionReason};
use crate::kafka::protocol::Response;
use crate::kafka::protocol::offsets::OffsetFetchResponse;
use crate::sim::{EventKind, MessageBody, World};

#[derive(Default)]
pub struct Commits {
    /// Highest offset confirmed so far, by group and partition.
    confirmed: BTreeMap<(String, TopicPartition), Offset>,
    /// Groups in which somebody went back on purpose.
    going_back: BTreeSet<String>,
}

impl Guarantee for Commits {
    fn name(&self) -> &'static str {
        "a confirmed commit is remembered"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            match &event.kind {
                EventKind::Note(note) => self.note(world, committed, note)?,
                EventKind::MessageSent(message) => {
                    if let (MessageBody::Response(Response::OffsetFetch(response)), NodeId::Client(client)) =
                        (&message.body, message.to)
                        && let Some(group) = group_of(world, client)
                    {
                        self.told(committed, group, response)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Commits {
    fn note(&mut self, world: &World, committed: &CommittedLogs, note: &Note) -> Result<(), Violation> {
        match note {
            Note::OffsetCommitted { client, partition, offset } => {
                let Some(group) = group_of(world, *client) else { return Ok(()) };
                let highest = self.confirmed.entry((group.to_string(), partition.clone())).or_insert(*offset);
                *highest = (*highest).max(*offset);
            }
            Note::GroupOffsetStored { group, partition, offset, .. }
                if committed.promises(partition) && !self.going_back.contains(group) =>
            {
                let end = committed.named(partition).map_or(0, |log| log.end_offset());
                if *offset > end {
                    return Err(self.violated(format!(
                        "group {group} commits {offset} of {partition}, which is committed up to {end}"
                    )));
                }
            }
            Note::PositionSet { client, partition, offset, reason } if *reason != PositionReason::Committed => {
                let Some(group) = group_of(world, *client) else { return Ok(()) };
                // After a seek, or a reset since the position was out of range, lower commits follow.
                let is_asked_for = matches!(reason, PositionReason::Seek | PositionReason::Truncated);
                if is_asked_for || self.confirmed.get(&(group.to_string(), partition.clone())) > Some(offset) {
                    self.going_back.insert(group.to_string());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The coordinator tells a member where its group stands.
    fn told(&self, committed: &CommittedLogs, group: &str, response: &OffsetFetchResponse) -> Result<(), Violation> {
        let may_go_back = self.going_back.contains(group) || committed.was_overtaken(group);
        if !response.error.is_none() || may_go_back || !committed.keeps_offsets() {
            return Ok(());
        }
        for (partition, offset, error) in &response.partitions {
            let Some(confirmed) = self.confirmed.get(&(group.to_string(), partition.clone())) else { continue };
            let told = offset.as_ref().map(|offset| offset.offset);
            if error.is_none() && committed.promises(partition) && told < Some(*confirmed) {
                return Err(self.violated(format!(
                    "group {group} is told that it has committed {told:?} of {partition}, and {confirmed} was \
                     confirmed before"
                )));
            }
        }
        Ok(())
    }
}

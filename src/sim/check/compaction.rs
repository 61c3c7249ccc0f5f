//! Compaction keeps the last record of each key (P38).
//!
//! After each cleaning of a replica: of each key the last record below the cleaned end is there, at its old offset and as
//! it was written; only a tombstone may be gone, and no sooner than the delete horizon that some cleaning has set for it.
//! What is left is in the order of its offsets, none of it is new, and the active segment is as it was.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::cleaned::last_offsets;
use super::{CommittedLogs, Guarantee, Violation, notes, replica_of};
use crate::kafka::broker::Partition;
use crate::kafka::ids::{BrokerId, NodeId, Offset, TopicIdPartition};
use crate::kafka::log::LogSegment;
use crate::kafka::note::Note;
use crate::kafka::record::Record;
use crate::sim::World;

#[derive(Default)]
pub struct Compaction {
    /// The active segment of each compacted replica after the last fact about it.
    active: BTreeMap<(BrokerId, TopicIdPartition), Rc<LogSegment>>,
    /// The earliest delete horizon that was seen for each tombstone, epoch milliseconds.
    horizons: BTreeMap<(TopicIdPartition, Offset), i64>,
    /// How far any replica of a partition was cleaned.
    cleaned_to: BTreeMap<TopicIdPartition, Offset>,
}

impl Guarantee for Compaction {
    fn name(&self) -> &'static str {
        "compaction keeps the last record of each key"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            let Some((broker, partition)) = replica_of(note) else { continue };
            let Some(replica) = world.broker(broker).and_then(|broker| broker.partition(partition)) else { continue };
            if !replica.log().config().is_compacted {
                continue;
            }
            if let Note::LogCleaned { from, to, .. } = note {
                self.check_active(broker, replica, *to)?;
                self.cleaned(world, committed, broker, replica, (*from, *to))?;
            }
            if let Some(active) = replica.log().segments().last() {
                self.active.insert((broker, replica.id()), Rc::clone(active));
            }
        }
        Ok(())
    }
}

impl Compaction {
    fn check_active(&self, broker: BrokerId, replica: &Partition, to: Offset) -> Result<(), Violation> {
        let active = replica.log().active_segment();
        let Some(before) = self.active.get(&(broker, replica.id())) else { return Ok(()) };
        // A batch that is refused, or a duplicate, may begin a new segment without any fact about it.
        let is_later = before.base_offset() < active.base_offset() && active.is_empty();
        let is_same = before.base_offset() == active.base_offset() && before.batches().eq(active.batches());
        if (is_same || is_later) && to <= active.base_offset() {
            return Ok(());
        }
        Err(self.violated(format!(
            "broker {broker} has cleaned {} up to {to}, and with it the active segment {}",
            replica.topic_partition(),
            active.file_name()
        )))
    }

    fn cleaned(
        &mut self,
        world: &World,
        committed: &CommittedLogs,
        broker: BrokerId,
        replica: &Partition,
        (from, to): (Offset, Offset),
    ) -> Result<(), Violation> {
        let (id, partition) = (replica.id(), replica.topic_partition());
        // A horizon has come when the broker's own clock says so.
        let now_ms = world.wall_clock_ms() + world.clock_skew_ms(NodeId::Broker(broker)).max(0);
        let Some(log) = committed.log(id) else { return Ok(()) };
        let mut held: BTreeMap<Offset, Record> = BTreeMap::new();
        let mut last_offset = -1;
        for batch in replica.log().batches() {
            let horizon = batch.has_delete_horizon().then(|| batch.base_timestamp());
            for record in batch.records().flatten() {
                if record.offset <= last_offset {
                    return Err(self.violated(format!(
                        "broker {broker} has offset {} of {partition} after offset {last_offset}",
                        record.offset
                    )));
                }
                last_offset = record.offset;
                if let Some(horizon) = horizon.filter(|_| record.value.is_none()) {
                    let earliest = self.horizons.entry((id, record.offset)).or_insert(horizon);
                    *earliest = horizon.min(*earliest);
                }
                held.insert(record.offset, record);
            }
        }
        let cleaned_to = self.cleaned_to.entry(id).or_insert(to);
        *cleaned_to = to.max(*cleaned_to);
        // A replica may have copied what another had cleaned further already, and not yet all of what made it obsolete.
        let superseding = last_offsets(log, *cleaned_to);
        let is_superseded = |key: &[u8], offset: Offset| superseding.get(key).is_some_and(|last| *last > offset);
        let log_start_offset = replica.log().log_start_offset();
        for (key, offset) in last_offsets(log, to) {
            let batch = log.batch_at(offset);
            let written = batch.and_then(|batch| batch.records().flatten().find(|record| record.offset == offset));
            let is_over = self.horizons.get(&(id, offset)).is_some_and(|horizon| *horizon <= now_ms);
            let may_be_gone = written.as_ref().is_some_and(|record| record.value.is_none()) && is_over;
            match held.get(&offset) {
                None if may_be_gone || offset < log_start_offset || is_superseded(&key, offset) => {}
                found if found == written.as_ref() => {}
                found => {
                    return Err(self.violated(format!(
                        "broker {broker} has cleaned {partition} from {from} to {to}; the last record of key {:?} is \
                         {written:?}, and there is {found:?}",
                        String::from_utf8_lossy(&key)
                    )));
                }
            }
        }
        Ok(())
    }
}

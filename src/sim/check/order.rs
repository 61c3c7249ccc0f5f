//! An idempotent producer's records lie in a partition in the order in which they were sent.
//!
//! Of two sends of one process to one partition that were acknowledged, the later one has the higher offset, however
//! often batches were lost, refused and sent again meanwhile. Without idempotence a retry may overtake.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::ids::{ClientId, NodeId, Offset, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::sends::SendId;
use crate::sim::{ProcessState, World};

#[derive(Default)]
pub struct Order {
    /// Offset of each acknowledged send.
    offsets: BTreeMap<(ClientId, TopicPartition), BTreeMap<SendId, Offset>>,
}

impl Guarantee for Order {
    fn name(&self) -> &'static str {
        "an idempotent producer's records keep their order"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for note in notes(world) {
            let Note::RecordsAcknowledged { client, sends, partition, base_offset } = note else { continue };
            if *base_offset < 0 || !committed.promises(partition) || !is_idempotent(world, *client) {
                continue;
            }
            let offsets = self.offsets.entry((*client, partition.clone())).or_default();
            let earlier = offsets.range(..sends.first()).next_back().map(|(send, offset)| (*send, *offset));
            let later = offsets.range(sends.first()..).next().map(|(send, offset)| (*send, *offset));
            offsets.extend(sends.iter().zip(*base_offset..));
            let end = base_offset + Offset::from(sends.count());
            let is_after = |(_, offset): &(SendId, Offset)| *offset >= *base_offset;
            let is_before = |(_, offset): &(SendId, Offset)| *offset < end;
            if let Some((send, offset)) = earlier.filter(is_after).or(later.filter(is_before)) {
                return Err(self.violated(format!(
                    "sends {:?} of client {client} lie at {base_offset} of {partition}, and send {send} at {offset}",
                    sends.runs()
                )));
            }
        }
        Ok(())
    }
}

fn is_idempotent(world: &World, client: ClientId) -> bool {
    matches!(
        world.process(NodeId::Client(client)).map(|process| &process.state),
        Some(ProcessState::Producer(producer)) if producer.is_idempotent()
    )
}

//! An idempotent producer's records lie in a partition in the order in which they were sent.
//!
//! Of two sends of one process to one partition that were acknowledged, the later one has the higher offset, however
//! often batches were lost, refused and sent again meanwhile. Without idempotence a retry may overtake.
//!
//! Where the first batch that a leader took was not the producer's first (see [`super::sequences`]), those before it come
//! later or never: such a partition is left out.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::ids::{ClientId, NodeId, Offset, ProducerId, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::sends::SendId;
use crate::sim::{ProcessState, World};

#[derive(Default)]
pub struct Order {
    /// Offset of each acknowledged send.
    offsets: BTreeMap<(ClientId, TopicPartition), BTreeMap<SendId, Offset>>,
    /// First sequence number of each producer in each partition.
    first_sequences: BTreeMap<(ProducerId, TopicPartition), i32>,
}

impl Guarantee for Order {
    fn name(&self) -> &'static str {
        "an idempotent producer's records keep their order"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for (_, log, news) in committed.news() {
            for batch in news.iter().map(|committed| &committed.batch).filter(|batch| batch.has_producer_id()) {
                let key = (batch.producer_id(), log.partition.clone());
                self.first_sequences.entry(key).or_insert(batch.base_sequence());
            }
        }
        for note in notes(world) {
            let Note::RecordsAcknowledged { client, sends, partition, base_offset } = note else { continue };
            let Some(producer_id) = producer_id(world, *client) else { continue };
            let began_late =
                self.first_sequences.get(&(producer_id, partition.clone())).is_some_and(|first| *first > 0);
            if *base_offset < 0 || began_late || !committed.promises(partition) {
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

/// None: not idempotent.
fn producer_id(world: &World, client: ClientId) -> Option<ProducerId> {
    match &world.process(NodeId::Client(client))?.state {
        ProcessState::Producer(producer) => producer.identity().map(|identity| identity.producer_id),
        _ => None,
    }
}

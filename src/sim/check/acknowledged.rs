//! What a producer was told with acks=all is committed, at the offset it was told.
//!
//! The answer to acks=all means that the records lie below the high watermark, where [`super::leader_completeness`]
//! keeps them: each at the offset of its answer, with the key and value that the application sent. A topic that was
//! deleted takes this promise with it.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::client::call::{ProducerCall, ProducerRecord};
use crate::kafka::ids::{ClientId, NodeId, Offset, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::produce::Acks;
use crate::kafka::sends::{SendId, Sends};
use crate::sim::state_hash::state_hash;
use crate::sim::{Command, Event, EventKind, ProcessState, World};

#[derive(Default)]
pub struct Acknowledged {
    /// Hash of the key and value of each send that has no answer yet.
    sent: BTreeMap<(ClientId, SendId), u64>,
}

impl Guarantee for Acknowledged {
    fn name(&self) -> &'static str {
        "what was acknowledged with acks=all is committed"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            let sent = sent_of(event, world).into_iter();
            self.sent.extend(sent.map(|Sent { client, send, content }| ((client, send), content)));
        }
        for note in notes(world) {
            match note {
                Note::RecordsAcknowledged { client, sends, partition, base_offset } => {
                    let contents: Vec<Option<u64>> =
                        sends.iter().map(|send| self.sent.remove(&(*client, send))).collect();
                    if acks(world, *client) == Some(Acks::All) {
                        self.check_answer(committed, partition, *base_offset, sends, &contents)?;
                    }
                }
                Note::RecordsFailed { client, sends, .. } => {
                    sends.iter().for_each(|send| _ = self.sent.remove(&(*client, send)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Acknowledged {
    fn check_answer(
        &self,
        committed: &CommittedLogs,
        partition: &TopicPartition,
        base_offset: Offset,
        sends: &Sends,
        contents: &[Option<u64>],
    ) -> Result<(), Violation> {
        if !committed.promises(partition) {
            return Ok(());
        }
        let found = committed.named(partition).and_then(|log| log.batch_at(base_offset));
        let Some(batch) = found.filter(|batch| batch.base_offset() == base_offset) else {
            return Err(self.violated(format!(
                "sends {:?} were acknowledged from offset {base_offset} of {partition} on, and no such batch is \
                 committed",
                sends.runs()
            )));
        };
        let data = batch.record_data().map_err(|error| self.violated(error.to_string()))?;
        let mut records = data.views().flatten();
        for (send, content) in sends.iter().zip(contents) {
            let stored = records.next().map(|view| content_hash(view.key, view.value));
            if content.is_some() && stored != *content {
                return Err(self.violated(format!(
                    "send {send} was acknowledged as part of {batch:?} of {partition}, which holds something else"
                )));
            }
        }
        Ok(())
    }
}

/// A send that has begun.
pub(super) struct Sent {
    pub client: ClientId,
    pub send: SendId,
    /// [`content_hash`] of its record.
    pub content: u64,
}

/// The sends that a command has begun: they have the last numbers that were given out.
pub(super) fn sent_of(event: &Event, world: &World) -> Vec<Sent> {
    let EventKind::Command(command) = &event.kind else { return Vec::new() };
    let Command::Producer { name, call: ProducerCall::Send(records) } = &**command else { return Vec::new() };
    let Some(node @ NodeId::Client(client)) = world.client_named(name) else { return Vec::new() };
    let Some(ProcessState::Producer(producer)) = world.process(node).map(|process| &process.state) else {
        return Vec::new();
    };
    let first = producer.results().next().saturating_sub(records.len() as u32);
    let content = |record: &ProducerRecord| content_hash(record.key.as_deref(), record.value.as_deref());
    let sent = |(send, record)| Sent { client, send, content: content(record) };
    (first..).zip(records).map(sent).collect()
}

/// What tells two records apart.
pub(super) fn content_hash(key: Option<&[u8]>, value: Option<&[u8]>) -> u64 {
    state_hash(&(key, value))
}

fn acks(world: &World, client: ClientId) -> Option<Acks> {
    match &world.process(NodeId::Client(client))?.state {
        ProcessState::Producer(producer) => Some(producer.setup.config.acks),
        _ => None,
    }
}

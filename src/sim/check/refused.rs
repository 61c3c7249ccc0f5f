//! A send that was told "not written" is in no log.
//!
//! Whatever the application is told for sure is true: a record that failed as not written was never appended by any
//! leader, and never will be. What failed in doubt may be in the log or not; nobody can say. Records are told apart by
//! key and value, so only those are looked at whose key and value were sent once.

use std::collections::{BTreeMap, BTreeSet};

use super::acknowledged::{Sent, content_hash, sent_of};
use super::{CommittedLogs, Guarantee, Violation, notes};
use crate::kafka::ids::ClientId;
use crate::kafka::note::{Note, SendOutcome};
use crate::kafka::sends::SendId;
use crate::sim::World;

#[derive(Default)]
pub struct Refused {
    /// Hash of key and value of each send.
    sent: BTreeMap<(ClientId, SendId), u64>,
    /// How often each was sent.
    times: BTreeMap<u64, u32>,
    refused: BTreeMap<u64, (ClientId, SendId)>,
    written: BTreeSet<u64>,
}

impl Guarantee for Refused {
    fn name(&self) -> &'static str {
        "what was not written is in no log"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            for Sent { client, send, content } in sent_of(event, world) {
                self.sent.insert((client, send), content);
                *self.times.entry(content).or_default() += 1;
            }
        }
        for note in notes(world) {
            match note {
                Note::RecordsAppended { broker, partition, base_offset, as_leader: true, .. } => {
                    let replica = world.broker(*broker).and_then(|broker| broker.partition(partition));
                    let batches = replica.into_iter().flat_map(|replica| replica.log().batches().rev());
                    let Some(batch) = batches.take_while(|batch| batch.base_offset() >= *base_offset).last() else {
                        continue;
                    };
                    let Ok(data) = batch.record_data() else { continue };
                    for view in data.views().flatten() {
                        let content = content_hash(view.key, view.value);
                        self.written.insert(content);
                        self.judge(content)?;
                    }
                }
                Note::RecordsFailed { client, sends, outcome, .. } => {
                    for send in sends.iter() {
                        let Some(content) = self.sent.remove(&(*client, send)) else { continue };
                        if *outcome == SendOutcome::NotWritten {
                            self.refused.insert(content, (*client, send));
                            self.judge(content)?;
                        }
                    }
                }
                Note::RecordsAcknowledged { client, sends, .. } => {
                    sends.iter().for_each(|send| _ = self.sent.remove(&(*client, send)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Refused {
    fn judge(&self, content: u64) -> Result<(), Violation> {
        match self.refused.get(&content) {
            Some((client, send)) if self.written.contains(&content) && self.times.get(&content) == Some(&1) => {
                Err(self.violated(format!(
                    "send {send} of client {client} failed as not written, and a leader has appended it"
                )))
            }
            _ => Ok(()),
        }
    }
}

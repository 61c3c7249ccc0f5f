//! What a consumer's listener is told: partitions assigned, revoked, lost.

use glassbroker::kafka::ids::ClientId;
use glassbroker::kafka::note::Note;
use glassbroker::sim::World;
use glassbroker::sim::event::EventKind;
use serde_json::{Value, json};

use super::groups::partition_names;

/// All calls of all listeners so far.
#[derive(Default)]
pub struct Rebalances(Vec<(ClientId, Value)>);

impl Rebalances {
    /// Takes note of what the world's last step or command has brought.
    pub fn look_at(&mut self, world: &World) {
        for event in world.events() {
            let EventKind::Note(note) = &event.kind else { continue };
            let (client, call, partitions) = match note {
                Note::PartitionsAssigned { client, partitions, .. } => (client, "assigned", partitions),
                Note::PartitionsRevoked { client, partitions, .. } => (client, "revoked", partitions),
                Note::PartitionsLost { client, partitions, .. } => (client, "lost", partitions),
                _ => continue,
            };
            self.0.push((*client, json!({call: partition_names(partitions)})));
        }
    }

    pub fn of(&self, client: ClientId) -> Vec<Value> {
        self.0.iter().filter(|(other, _)| *other == client).map(|(_, call)| call.clone()).collect()
    }
}

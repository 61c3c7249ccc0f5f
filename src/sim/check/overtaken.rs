//! Groups of which a commit was overtaken.
//!
//! A request that its sender has given up may still be waiting at the broker, and be served after a later one that came
//! over another connection. So an older commit takes the place of a newer one. Kafka does not keep it from that, as long as
//! the member and its generation are the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::kafka::ids::NodeId;
use crate::kafka::protocol::Request;
use crate::sim::{EventKind, MessageBody, MessageId, World};

#[derive(Clone, Debug, Default)]
pub struct Overtaken {
    /// The newest commit that each client has sent.
    newest: BTreeMap<NodeId, MessageId>,
    groups: BTreeSet<String>,
}

impl Overtaken {
    pub fn has(&self, group: &str) -> bool {
        self.groups.contains(group)
    }

    pub fn observe(&mut self, world: &World) {
        for event in world.events() {
            let (EventKind::MessageSent(message) | EventKind::MessageDelivered(message)) = &event.kind else {
                continue;
            };
            let MessageBody::Request(Request::OffsetCommit(commit)) = &message.body else { continue };
            let newest = self.newest.entry(message.from).or_insert(message.id);
            if message.id < *newest {
                self.groups.insert(commit.group_id.clone());
            }
            *newest = message.id.max(*newest);
        }
    }
}

//! Messages in flight where there are too many to draw each: counted by where they come from and where they go.

use super::streets::Ports;
use super::tags::stopped_at_us;
use crate::kafka::ids::NodeId;
use crate::kafka::sorted::SortedMap;
use crate::stage::frame::Frame;
use crate::stage::scene::{Crowd, Passing};

/// More messages than this are not drawn each.
pub const MOST_TAGS: usize = 48;
/// A crowd begins and ends so far from the panels.
const CLEAR: f32 = 20.0;

/// The crowds of all messages, in the order of their nodes.
pub fn crowds(frame: &Frame, ports: &Ports) -> Vec<Crowd> {
    let mut crowds: SortedMap<(NodeId, NodeId), Option<Crowd>> = SortedMap::new();
    for message in &frame.messages {
        let (from, to) = (message.from, message.to);
        let crowd = crowds.entry((from, to)).or_insert_with(|| {
            let way = ports.way(from, to)?.trimmed(CLEAR, CLEAR);
            Some(Crowd { way, messages: Vec::new() })
        });
        if let Some(crowd) = crowd {
            crowd.messages.push(Passing {
                sent_us: message.sent_us,
                due_us: message.due_us,
                stopped_at_us: stopped_at_us(message),
                carries_records: message.records > 0 && !message.is_error,
            });
        }
    }
    crowds.into_values().flatten().collect()
}

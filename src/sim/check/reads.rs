//! A record once read stays.
//!
//! Whatever a broker hands to a consumer is committed: it lies below the high watermark of the replica that serves it,
//! and every later leader has the same record at that offset (see [`super::leader_completeness`]), unless compaction has taken
//! it away.

use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::ids::{NodeId, TopicIdPartition};
use crate::kafka::protocol::Response;
use crate::sim::{EventKind, MessageBody, World};

#[derive(Default)]
pub struct Reads;

impl Guarantee for Reads {
    fn name(&self) -> &'static str {
        "a record once read stays"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            let EventKind::MessageSent(message) = &event.kind else { continue };
            let (MessageBody::Response(Response::Fetch(fetch)), NodeId::Client(client)) = (&message.body, message.to)
            else {
                continue;
            };
            for answer in &fetch.partitions {
                let id = TopicIdPartition { topic_id: answer.topic_id, partition: answer.partition };
                if committed.is_forsaken(id) {
                    continue;
                }
                for batch in &answer.batches {
                    let log = committed.log(id);
                    if !log.is_some_and(|log| log.has(batch)) {
                        let known = log.and_then(|log| log.batch_at(batch.base_offset()));
                        return Err(self.violated(format!(
                            "{} hands {batch:?} of {id:?} to client {client}, where {known:?} is committed",
                            message.from
                        )));
                    }
                }
            }
        }
        Ok(())
    }
}

//! Which topics there were, as the committed metadata log has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::kafka::controller::Controller;
use crate::kafka::ids::{NodeId, Offset, TopicId, TopicName};
use crate::kafka::metadata::MetadataRecord;
use crate::sim::{ProcessState, World};

/// The names of topics by id, and which names are not those of one topic any more.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    names: BTreeMap<TopicId, TopicName>,
    deleted: BTreeSet<TopicName>,
    /// How far the metadata log was read.
    next_offset: Offset,
}

impl Topics {
    /// Whether a topic of that name was deleted: another may have the same name since then.
    pub fn was_deleted(&self, name: &str) -> bool {
        self.deleted.contains(name)
    }

    /// Reads what was committed in the last step. (What controllers note is not enough: what is committed while they
    /// change is noted by none.)
    pub fn observe(&mut self, world: &World) {
        for event in world.events() {
            if let Some(node @ NodeId::Controller(_)) = event.node
                && let Some(ProcessState::Controller(controller)) = world.process(node).map(|process| &process.state)
                && controller.high_watermark() > self.next_offset
            {
                self.read(controller);
            }
        }
    }

    fn read(&mut self, controller: &Controller) {
        let high_watermark = controller.high_watermark();
        for batch in controller.metadata_log().from_offset(self.next_offset) {
            if batch.base_offset >= high_watermark {
                break;
            }
            for record in &batch.records {
                match record {
                    MetadataRecord::Topic { name, topic_id } => _ = self.names.insert(*topic_id, name.clone()),
                    MetadataRecord::RemoveTopic { topic_id } => self.deleted.extend(self.names.get(topic_id).cloned()),
                    _ => {}
                }
            }
            self.next_offset = batch.end_offset();
        }
    }
}

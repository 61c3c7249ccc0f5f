//! A leader's high watermark never goes back.
//!
//! It only grows, as long as the process lives and its epoch lasts. A follower's may go back: it takes what its leader
//! says.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation, notes, replica_of};
use crate::kafka::ids::{BrokerId, LeaderEpoch, NodeId, Offset, TopicIdPartition};
use crate::sim::{EventKind, World};

#[derive(Default)]
pub struct ForwardOnly {
    /// Highest so far of each leader, with its epoch.
    of_leaders: BTreeMap<(BrokerId, TopicIdPartition), (LeaderEpoch, Offset)>,
}

impl Guarantee for ForwardOnly {
    fn name(&self) -> &'static str {
        "the high watermark never goes back on a leader"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            if let (EventKind::NodeStarted, Some(NodeId::Broker(broker))) = (&event.kind, event.node) {
                // It begins with the high watermarks that were written to disk.
                self.of_leaders.retain(|(of, _), _| *of != broker);
            }
        }
        for (broker, partition) in notes(world).filter_map(replica_of) {
            let Some(replica) = world.broker(broker).and_then(|broker| broker.partition(partition)) else { continue };
            let high_watermark = replica.high_watermark();
            if !replica.is_leader() {
                continue;
            }
            let epoch = replica.leader_epoch();
            let entry = self.of_leaders.entry((broker, replica.id())).or_insert((epoch, high_watermark));
            let before = *entry;
            *entry = (epoch, high_watermark);
            if before.0 == epoch && high_watermark < before.1 {
                return Err(self.violated(format!(
                    "{partition} on broker {broker}, leader in epoch {epoch}: the high watermark went back from {} to \
                     {high_watermark}",
                    before.1
                )));
            }
        }
        Ok(())
    }
}

//! The metadata log: one leader per quorum epoch, one vote per epoch and voter, and the same committed records for all.
//!
//! What one controller holds to be committed in `__cluster_metadata` is in every other's log as soon as that one holds
//! it to be committed too, and a controller never loses it again; whoever is elected has all that was committed in earlier
//! epochs. What a broker has replayed is the result of a prefix of these records.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::controller::Controller;
use crate::kafka::ids::{ControllerId, NodeId, Offset};
use crate::kafka::metadata::{MetadataBatch, MetadataImage};
use crate::kafka::note::Note;
use crate::kafka::protocol::quorum::QuorumEpoch;
use crate::sim::state_hash::state_hash;
use crate::sim::{ProcessState, World};

#[derive(Default)]
pub struct MetadataQuorum {
    leaders: BTreeMap<QuorumEpoch, ControllerId>,
    votes: BTreeMap<(ControllerId, QuorumEpoch), ControllerId>,
    /// All that was ever committed, and in which epoch it was.
    committed: Vec<(Rc<MetadataBatch>, QuorumEpoch)>,
    /// What follows from it.
    image: MetadataImage,
    /// Hash of the image after each committed batch, by the offset after it.
    images: BTreeMap<Offset, u64>,
    /// How far each controller's log was compared.
    compared: BTreeMap<ControllerId, Offset>,
}

impl Guarantee for MetadataQuorum {
    fn name(&self) -> &'static str {
        "one quorum leader per epoch, and one metadata log"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        let mut last = None;
        for event in world.events() {
            if let Some(Note::QuorumLeaderElected { controller, epoch }) = event.note() {
                let first = *self.leaders.entry(*epoch).or_insert(*controller);
                if first != *controller {
                    return Err(self.violated(format!(
                        "controllers {first} and {controller} both lead the quorum in epoch {epoch}"
                    )));
                }
                self.check_leader(world, *controller, *epoch)?;
            }
            if event.node != last
                && let Some(node @ NodeId::Controller(_)) = event.node
                && let Some(process) = world.process(node)
                && let ProcessState::Controller(controller) = &process.state
            {
                last = event.node;
                self.check_vote(controller)?;
                self.check_log(controller)?;
            }
        }
        for event in world.events() {
            if let Some(Note::MetadataReplayed { node: NodeId::Broker(broker), .. }) = event.note()
                && let Some(image) = world.broker(*broker).map(|broker| broker.image())
            {
                let committed = self.image.next_offset;
                if image.next_offset > committed {
                    return Err(self.violated(format!(
                        "broker {broker} has replayed up to {}, and {committed} is committed",
                        image.next_offset
                    )));
                }
                if self.images.get(&image.next_offset) != Some(&state_hash(&**image)) {
                    return Err(self.violated(format!(
                        "broker {broker} has replayed up to {}, and the records before give another image",
                        image.next_offset
                    )));
                }
            }
        }
        Ok(())
    }
}

impl MetadataQuorum {
    fn check_vote(&mut self, controller: &Controller) -> Result<(), Violation> {
        let (id, election) = (controller.quorum().id(), controller.quorum().election());
        let Some(voted) = election.voted else { return Ok(()) };
        let epoch = election.epoch;
        let first = *self.votes.entry((id, epoch)).or_insert(voted);
        if first != voted {
            return Err(
                self.violated(format!("controller {id} has voted for {first} and for {voted} in epoch {epoch}"))
            );
        }
        Ok(())
    }

    /// Whoever is elected has everything that was committed before.
    fn check_leader(&self, world: &World, id: ControllerId, epoch: QuorumEpoch) -> Result<(), Violation> {
        let Some(ProcessState::Controller(controller)) =
            world.process(NodeId::Controller(id)).map(|process| &process.state)
        else {
            return Ok(());
        };
        let before = self.committed.partition_point(|(_, committed_in)| *committed_in < epoch);
        let Some((last, _)) = before.checked_sub(1).map(|last| &self.committed[last]) else { return Ok(()) };
        if controller.metadata_log().from_offset(last.base_offset).next() != Some(last) {
            return Err(self.violated(format!(
                "controller {id} is elected, and lacks the committed records from {} of epoch {}; its log ends at {}",
                last.base_offset,
                last.epoch,
                controller.log_end_offset()
            )));
        }
        Ok(())
    }

    fn check_log(&mut self, controller: &Controller) -> Result<(), Violation> {
        let id = controller.quorum().id();
        let compared = self.compared.get(&id).copied().unwrap_or(0);
        if controller.log_end_offset() < compared {
            return Err(self.violated(format!(
                "controller {id} held the metadata log up to {compared} to be committed, and its log ends at {} now",
                controller.log_end_offset()
            )));
        }
        let high_watermark = controller.high_watermark();
        if high_watermark <= compared {
            return Ok(());
        }
        for batch in controller.metadata_log().from_offset(compared) {
            if batch.base_offset >= high_watermark {
                break;
            }
            let place = self.committed.partition_point(|(known, _)| known.end_offset() <= batch.base_offset);
            match self.committed.get(place).map(|(known, _)| known) {
                Some(known) if known == batch => {}
                Some(known) => {
                    return Err(self.violated(format!(
                        "controller {id} has the records from {} of epoch {} where others have those from {} of epoch \
                         {}, all committed",
                        batch.base_offset, batch.epoch, known.base_offset, known.epoch
                    )));
                }
                None => {
                    self.image.apply_batch(batch);
                    self.images.insert(self.image.next_offset, state_hash(&self.image));
                    self.committed.push((batch.clone(), controller.epoch()));
                }
            }
        }
        self.compared.insert(id, high_watermark);
        Ok(())
    }
}

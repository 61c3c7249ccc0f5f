//! The metadata log of one controller: whole batches, offsets without gap.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use crate::kafka::ids::{LeaderEpoch, Offset};
use crate::kafka::log::shared_vec::SharedVec;
use crate::kafka::metadata::MetadataBatch;
use crate::kafka::protocol::fetch::DivergingEpoch;
use crate::kafka::protocol::quorum::QuorumEpoch;

/// `__cluster_metadata-0` as one controller has it. It is on disk: a crash does not touch it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MetadataLog {
    batches: SharedVec<Rc<MetadataBatch>>,
}

impl Hash for MetadataLog {
    /// The last batch with its offset and epoch stands for all before it: in one run, logs that agree there agree in
    /// all that comes before (Raft's log matching).
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.end_offset().hash(state);
        self.batches.last().hash(state);
    }
}

impl MetadataLog {
    pub fn new() -> MetadataLog {
        MetadataLog { batches: SharedVec::new() }
    }

    /// Offset of the next record.
    pub fn end_offset(&self) -> Offset {
        self.batches.last().map_or(0, |batch| batch.end_offset())
    }

    /// Epoch of the last record; 0 for an empty log.
    pub fn last_epoch(&self) -> QuorumEpoch {
        self.batches.last().map_or(0, |batch| batch.epoch)
    }

    /// All batches, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<MetadataBatch>> {
        self.batches.iter()
    }

    /// The batches from the one that holds `offset` on.
    pub fn from_offset(&self, offset: Offset) -> impl Iterator<Item = &Rc<MetadataBatch>> {
        self.batches.iter_from(self.batches.partition_point(|batch| batch.end_offset() <= offset))
    }

    pub(super) fn append(&mut self, batch: Rc<MetadataBatch>) {
        assert_eq!(batch.base_offset, self.end_offset(), "a batch must continue the metadata log");
        assert!(batch.epoch >= self.last_epoch(), "epochs of the metadata log never fall");
        self.batches.push(batch);
    }

    /// Drops every batch that reaches beyond `offset`.
    pub(super) fn truncate(&mut self, offset: Offset) {
        self.batches.truncate(self.batches.partition_point(|batch| batch.end_offset() <= offset));
    }

    /// The largest epoch up to `epoch` that the log knows, and the offset where it ends.
    pub(super) fn end_of_epoch(&self, epoch: QuorumEpoch) -> (QuorumEpoch, Offset) {
        let after = self.batches.partition_point(|batch| batch.epoch <= epoch);
        match after.checked_sub(1).and_then(|last| self.batches.get(last)) {
            Some(last) => (last.epoch, last.end_offset()),
            None => (0, 0),
        }
    }

    /// Where a log that ends at `offset` in `epoch` parts from this one; None: it is a prefix of this one
    /// (`ReplicatedLog.validateOffsetAndEpoch`).
    pub(super) fn divergence(&self, offset: Offset, epoch: QuorumEpoch) -> Option<DivergingEpoch> {
        if offset == 0 {
            return None;
        }
        let (known, end_offset) = self.end_of_epoch(epoch);
        let agrees = known == epoch && offset <= end_offset;
        (!agrees).then_some(DivergingEpoch { epoch: LeaderEpoch(known), end_offset })
    }
}

//! Which leader epoch began at which offset: what replicas compare to find where their logs part (KIP-101, KIP-279,
//! `LeaderEpochFileCache`).

use crate::kafka::ids::{LeaderEpoch, Offset};

/// An epoch and the offset of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochEntry {
    pub epoch: LeaderEpoch,
    pub start_offset: Offset,
}

/// An epoch and the offset at which it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetAndEpoch {
    pub epoch: LeaderEpoch,
    pub offset: Offset,
}

/// The list of epochs, ascending in epoch and in start offset. On disk: `leader-epoch-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct LeaderEpochCache {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochCache {
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.epoch)
    }

    pub fn earliest_entry(&self) -> Option<EpochEntry> {
        self.entries.first().copied()
    }

    /// Notes that `epoch` begins at `start_offset`, and returns whether that was news. The first offset noted for
    /// the latest epoch stays. Entries that would contradict the new one (an epoch as high, or a start as late) are
    /// dropped: an epoch that got no record leaves no trace.
    pub fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) -> bool {
        if epoch.0 < 0 || start_offset < 0 {
            return false;
        }
        let is_news = self.entries.last().is_none_or(|last| last.epoch != epoch || start_offset < last.start_offset);
        if is_news {
            while self.entries.pop_if(|last| last.epoch >= epoch || last.start_offset >= start_offset).is_some() {}
            self.entries.push(EpochEntry { epoch, start_offset });
        }
        is_news
    }

    /// The largest epoch that is not above `epoch`, and where it ended: at the start of the next one, or at the end
    /// of the log if it is the latest. An epoch below all that are known ends where the first known one begins.
    /// `None` for epoch -1 and for one above all that are known.
    pub fn end_offset_for(&self, epoch: LeaderEpoch, log_end_offset: Offset) -> Option<OffsetAndEpoch> {
        if epoch.0 == -1 {
            return None;
        }
        if self.latest_epoch() == Some(epoch) {
            return Some(OffsetAndEpoch { epoch, offset: log_end_offset });
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let offset = self.entries.get(higher)?.start_offset;
        let floor = higher.checked_sub(1).map_or(epoch, |floor| self.entries[floor].epoch);
        Some(OffsetAndEpoch { epoch: floor, offset })
    }

    /// The epoch that the record at `offset` was written in; `None` before the first entry.
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<LeaderEpoch> {
        let after = self.entries.partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).map(|at| self.entries[at].epoch)
    }

    /// Drops the epochs that begin at `end_offset` or later.
    pub fn truncate_from_end(&mut self, end_offset: Offset) {
        while self.entries.pop_if(|last| last.start_offset >= end_offset).is_some() {}
    }

    /// Drops the epochs that lie wholly before `start_offset`; the one that holds it begins there from now on.
    pub fn truncate_from_start(&mut self, start_offset: Offset) {
        let after = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        if let Some(holds) = after.checked_sub(1) {
            self.entries.drain(..holds);
            self.entries[0].start_offset = start_offset;
        }
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

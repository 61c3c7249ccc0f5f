//! What of a log is only in the page cache, and when the operating system writes it to the disk.
//!
//! Kafka itself flushes a segment when the next one begins, and else only if `flush.messages` or `flush.ms` say so (see
//! [`super::restart`]). Everything else is left to the operating system. Modelled after Linux with its defaults: a page
//! that has been dirty for 30 s (`vm.dirty_expire_centisecs`) is written back at the next look, every 5 s
//! (`vm.dirty_writeback_centisecs`). So what was written within the same 5 s goes to the disk together, 30 s after the
//! last of it; this is worked out when it is asked for, so that a write-back costs no event. Machines that write back
//! earlier for want of memory are not modelled.

use std::collections::VecDeque;

use crate::kafka::ids::{Offset, SimTime};

/// `vm.dirty_expire_centisecs`, in milliseconds.
const EXPIRE_MS: u64 = 30_000;
/// `vm.dirty_writeback_centisecs`, in milliseconds.
const WRITEBACK_MS: u64 = 5_000;

/// Writes that go to the disk together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Stretch {
    first_at: SimTime,
    last_at: SimTime,
    /// The log's end after the last of them.
    end_offset: Offset,
}

/// The page cache as far as one log is concerned. Times are virtual: a wrong wall clock does not matter here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct PageCache {
    /// Everything below was written back by the operating system.
    written_back: Offset,
    /// What was written since then, oldest first. Never more than a handful: see [`PageCache::wrote`].
    dirty: VecDeque<Stretch>,
}

impl PageCache {
    /// Something was appended; the log ends at `end_offset` now.
    pub(super) fn wrote(&mut self, end_offset: Offset, now: SimTime) {
        while let Some(oldest) = self.dirty.pop_front_if(|oldest| has_expired(oldest, now)) {
            self.written_back = self.written_back.max(oldest.end_offset);
        }
        match self.dirty.back_mut() {
            Some(newest) if now.since(newest.first_at) < WRITEBACK_MS * 1_000 => {
                newest.last_at = now;
                newest.end_offset = end_offset;
            }
            _ => self.dirty.push_back(Stretch { first_at: now, last_at: now, end_offset }),
        }
    }

    /// Everything below is on the disk by the operating system's doing.
    pub(super) fn written_back(&self, now: SimTime) -> Offset {
        let expired = self.dirty.iter().take_while(|stretch| has_expired(stretch, now));
        expired.fold(self.written_back, |offset, stretch| offset.max(stretch.end_offset))
    }

    /// The log ends at `offset` now, and what lay beyond does not matter any more.
    pub(super) fn truncate(&mut self, offset: Offset) {
        self.written_back = self.written_back.min(offset);
        for stretch in &mut self.dirty {
            stretch.end_offset = stretch.end_offset.min(offset);
        }
    }

    /// Everything is on the disk.
    pub(super) fn flushed(&mut self) {
        self.dirty.clear();
    }
}

fn has_expired(stretch: &Stretch, now: SimTime) -> bool {
    now.since(stretch.last_at) >= EXPIRE_MS * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_on_the_disk_half_a_minute_later() {
        let mut cache = PageCache::default();
        cache.wrote(3, SimTime::from_ms(1_000));
        cache.wrote(5, SimTime::from_ms(4_000));
        cache.wrote(8, SimTime::from_ms(9_000));
        assert_eq!(cache.written_back(SimTime::from_ms(33_999)), 0);
        assert_eq!(cache.written_back(SimTime::from_ms(34_000)), 5, "the first two go together");
        assert_eq!(cache.written_back(SimTime::from_ms(39_000)), 8);
        cache.truncate(4);
        assert_eq!(cache.written_back(SimTime::from_ms(39_000)), 4);
    }

    #[test]
    fn a_busy_log_keeps_a_handful_of_stretches() {
        let mut cache = PageCache::default();
        for ms in 0..200_000 {
            cache.wrote(ms as Offset + 1, SimTime::from_ms(ms));
        }
        assert!(cache.dirty.len() <= 8, "{} stretches", cache.dirty.len());
        assert_eq!(cache.written_back(SimTime::from_ms(199_999)), 170_000);
    }
}

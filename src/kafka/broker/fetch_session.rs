//! The broker's side of a fetch session (KIP-227, `FetchSession`, `CachedPartition`).
//!
//! A broker remembers what the fetcher of a session asks for and what it has told it. The fetcher names only what
//! changes, and hears only of what has changed.

use std::rc::Rc;

use crate::kafka::ids::{Offset, SimTime, TopicIdPartition};
use crate::kafka::protocol::fetch::{FetchPartition, FetchPartitionResponse};

/// `MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`: how long a session is safe.
pub(super) const EVICTION_US: u64 = 120_000_000;

/// A partition of a session: how it is asked for, and what was told last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CachedPartition {
    pub asked: FetchPartition,
    /// -1: nothing yet, or an error.
    high_watermark: Offset,
    local_log_start_offset: Offset,
}

impl CachedPartition {
    pub(super) fn new(asked: FetchPartition) -> CachedPartition {
        CachedPartition { asked, high_watermark: -1, local_log_start_offset: -1 }
    }

    /// Whether high watermark and log start are as told.
    pub fn has_told(&self, high_watermark: Offset, log_start_offset: Offset) -> bool {
        self.high_watermark == high_watermark && self.local_log_start_offset == log_start_offset
    }

    /// Whether an answer says anything that the fetcher does not know (`maybeUpdateResponseData`).
    pub fn must_respond(&self, answer: &FetchPartitionResponse) -> bool {
        !answer.batches.is_empty()
            || !self.has_told(answer.high_watermark, answer.log_start_offset)
            || answer.preferred_read_replica.is_some()
            || !answer.error.is_none()
            || answer.diverging_epoch.is_some()
    }

    /// The answer is sent. After an error the high watermark is told again, and so it is after a divergence: a follower
    /// that cuts its log takes no high watermark over. Kafka counts that one as told, and such a follower stays behind
    /// with it until it moves next or the session ends; here every follower learns it.
    pub(super) fn told(&mut self, answer: &FetchPartitionResponse) {
        let is_taken_over = answer.error.is_none() && answer.diverging_epoch.is_none();
        self.high_watermark = if is_taken_over { answer.high_watermark } else { -1 };
        self.local_log_start_offset = answer.log_start_offset;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchSession {
    /// Of a follower.
    pub(super) is_privileged: bool,
    /// Those that brought records last stand last, so that all get their turn.
    pub(super) partitions: Rc<Vec<CachedPartition>>,
    pub(super) created_at: SimTime,
    pub(super) last_used_at: SimTime,
    /// Of the next request.
    pub(super) epoch: i32,
}

impl FetchSession {
    pub fn partitions(&self) -> &[CachedPartition] {
        &self.partitions
    }

    /// Of the next request.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    pub(super) fn update(&mut self, named: &[FetchPartition], forgotten: &[TopicIdPartition]) {
        if named.is_empty() && forgotten.is_empty() {
            return;
        }
        let partitions = Rc::make_mut(&mut self.partitions);
        for asked in named {
            match partitions.iter_mut().find(|known| known.asked.id() == asked.id()) {
                Some(known) => known.asked = asked.clone(),
                None => partitions.push(CachedPartition::new(asked.clone())),
            }
        }
        partitions.retain(|known| !forgotten.contains(&known.asked.id()));
    }

    /// What the answer tells is told from now on, and what brought records goes to the end.
    pub(super) fn answered(&mut self, answers: &[(usize, FetchPartitionResponse)]) {
        if answers.is_empty() {
            return;
        }
        let partitions = Rc::make_mut(&mut self.partitions);
        for (place, answer) in answers {
            if let Some(known) = partitions.get_mut(*place) {
                known.told(answer);
            }
        }
        let mut moved = 0;
        for (place, _) in answers.iter().filter(|(_, answer)| !answer.batches.is_empty()) {
            let place = place - moved;
            if place < partitions.len() {
                partitions[place..].rotate_left(1);
                moved += 1;
            }
        }
    }

    /// What counts against its being evicted, smaller first.
    pub(super) fn evictable_key(&self, id: i32) -> (bool, usize, i32) {
        (self.is_privileged, self.partitions.len(), id)
    }

    /// Whether it may be evicted for another one.
    pub(super) fn is_evictable_by(&self, is_privileged: bool) -> bool {
        let is_old = self.last_used_at.since(self.created_at) > EVICTION_US;
        is_old || (is_privileged && !self.is_privileged)
    }
}

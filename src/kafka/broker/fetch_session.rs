//! The broker's side of fetch sessions (KIP-227, `FetchSession`, `FetchSessionCache`, `FetchManager`).
//!
//! A broker remembers what the fetchers of a session ask for and what it has told them. They name only what changes, and
//! hear only of what has changed. All of it is in memory: a process that starts again knows no session.

use std::rc::Rc;

use crate::kafka::ids::{Offset, SimTime, TopicIdPartition};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::{FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Fetcher};
use crate::kafka::protocol::fetch_metadata::FetchMetadata;
use crate::kafka::random::Random;
use crate::kafka::sorted::SortedMap;

/// `NumFetchSessionCacheShards`: the slots are dealt out to so many parts, each with a range of ids of its own.
const SHARDS: u32 = 8;
const IDS_OF_SHARD: i32 = i32::MAX / SHARDS as i32;

/// `MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`: how long a session is safe.
const EVICTION_US: u64 = 120_000_000;

/// The stream of session ids, so that they disturb no other draw.
const STREAM: u64 = 227;

/// A partition of a session: how it is asked for, and what was told last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CachedPartition {
    pub asked: FetchPartition,
    /// -1: nothing yet, or an error.
    high_watermark: Offset,
    local_log_start_offset: Offset,
}

impl CachedPartition {
    fn new(asked: FetchPartition) -> CachedPartition {
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
    fn told(&mut self, answer: &FetchPartitionResponse) {
        let is_taken_over = answer.error.is_none() && answer.diverging_epoch.is_none();
        self.high_watermark = if is_taken_over { answer.high_watermark } else { -1 };
        self.local_log_start_offset = answer.log_start_offset;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchSession {
    /// Of a follower.
    is_privileged: bool,
    /// Those that brought records last stand last, so that all get their turn.
    partitions: Rc<Vec<CachedPartition>>,
    created_at: SimTime,
    last_used_at: SimTime,
    /// Of the next request.
    epoch: i32,
}

impl FetchSession {
    pub fn partitions(&self) -> &[CachedPartition] {
        &self.partitions
    }

    /// Of the next request.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    fn update(&mut self, named: &[FetchPartition], forgotten: &[TopicIdPartition]) {
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
    fn answered(&mut self, answers: &[(usize, FetchPartitionResponse)]) {
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
    fn evictable_key(&self, id: i32) -> (bool, usize, i32) {
        (self.is_privileged, self.partitions.len(), id)
    }

    /// Whether it may be evicted for another one.
    fn is_evictable_by(&self, is_privileged: bool) -> bool {
        let is_old = self.last_used_at.since(self.created_at) > EVICTION_US;
        is_old || (is_privileged && !self.is_privileged)
    }
}

/// How the partitions of a request are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetchContext {
    /// They are in the request, and no session is wanted.
    Sessionless,
    /// They are in the request, and a session is wanted.
    Full,
    /// They are those of a session.
    Incremental(IncrementalFetch),
}

/// A request in a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IncrementalFetch {
    pub session_id: i32,
    /// Of the request after this one.
    next_epoch: i32,
    pub partitions: Rc<Vec<CachedPartition>>,
}

/// All sessions of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchSessionCache {
    sessions: SortedMap<i32, FetchSession>,
    /// `max.incremental.fetch.session.cache.slots`.
    slots: u32,
    next_shard: u32,
    random: Random,
}

impl FetchSessionCache {
    pub fn new(slots: u32, mut random: Random) -> FetchSessionCache {
        let random = Random::stream(random.next_u64(), STREAM);
        FetchSessionCache { sessions: SortedMap::new(), slots, next_shard: 0, random }
    }

    pub fn get(&self, id: i32) -> Option<&FetchSession> {
        self.sessions.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (i32, &FetchSession)> {
        self.sessions.iter().map(|(id, session)| (*id, session))
    }

    /// The process is gone. Ids are drawn on, so that no old one names a new session.
    pub fn forget(&mut self) {
        self.sessions.clear();
        self.next_shard = 0;
    }

    /// Finds out what a request asks for (`FetchManager.newContext`).
    ///
    /// # Errors
    /// FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH. (FETCH_SESSION_TOPIC_ID_ERROR is for those who change
    /// between versions with and without topic ids; here all have them.)
    pub fn new_context(&mut self, fetch: &mut FetchRequest, now: SimTime) -> Result<FetchContext, ErrorCode> {
        let FetchMetadata { session_id, epoch } = fetch.session;
        if fetch.session.is_full() {
            self.sessions.remove(&session_id);
            return Ok(match epoch {
                FetchMetadata::FINAL_EPOCH => FetchContext::Sessionless,
                _ => FetchContext::Full,
            });
        }
        let session = self.sessions.get_mut(&session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        session.update(&fetch.partitions, &fetch.forgotten);
        if session.partitions.is_empty() {
            self.sessions.remove(&session_id);
            return Ok(FetchContext::Sessionless);
        }
        session.last_used_at = now;
        session.epoch = FetchMetadata::next_epoch(epoch);
        fetch.partitions = Vec::new();
        fetch.forgotten = Vec::new();
        Ok(FetchContext::Incremental(IncrementalFetch {
            session_id,
            next_epoch: session.epoch,
            partitions: Rc::clone(&session.partitions),
        }))
    }

    /// Makes an answer of what was read (`updateAndGenerateResponseData`): each with its place among the partitions.
    pub fn answer(
        &mut self,
        fetch: &FetchRequest,
        context: FetchContext,
        answers: Vec<(usize, FetchPartitionResponse)>,
        now: SimTime,
    ) -> FetchResponse {
        let mut error = ErrorCode::None;
        let session_id = match context {
            FetchContext::Sessionless => FetchMetadata::INVALID_SESSION_ID,
            FetchContext::Full => self.maybe_create(fetch, &answers, now),
            FetchContext::Incremental(IncrementalFetch { session_id, next_epoch, partitions }) => {
                // The session is about to change, and nobody else needs to know how it was.
                drop(partitions);
                // One that was evicted meanwhile still answers this request.
                if let Some(session) = self.sessions.get_mut(&session_id) {
                    match session.epoch == next_epoch {
                        true => session.answered(&answers),
                        false => error = ErrorCode::InvalidFetchSessionEpoch,
                    }
                }
                session_id
            }
        };
        let partitions = match error {
            ErrorCode::None => answers.into_iter().map(|(_, answer)| answer).collect(),
            _ => Vec::new(),
        };
        FetchResponse { error, session_id, partitions }
    }

    /// Makes a session of a full request, if there is or can be made room for it.
    fn maybe_create(&mut self, fetch: &FetchRequest, answers: &[(usize, FetchPartitionResponse)], now: SimTime) -> i32 {
        let shard = (self.next_shard % SHARDS) as i32;
        self.next_shard = self.next_shard.wrapping_add(1);
        let is_privileged = fetch.fetcher != Fetcher::Consumer;
        let in_shard = self.sessions.keys().filter(|id| **id / IDS_OF_SHARD == shard).count();
        if in_shard >= (self.slots / SHARDS) as usize && !self.try_evict(shard, is_privileged, answers.len(), now) {
            return FetchMetadata::INVALID_SESSION_ID;
        }
        let cached = |(place, answer): &(usize, FetchPartitionResponse)| {
            let mut partition = CachedPartition::new(fetch.partitions.get(*place)?.clone());
            partition.told(answer);
            Some(partition)
        };
        let session = FetchSession {
            is_privileged,
            partitions: Rc::new(answers.iter().filter_map(cached).collect()),
            created_at: now,
            last_used_at: now,
            epoch: FetchMetadata::next_epoch(FetchMetadata::INITIAL_EPOCH),
        };
        let id = self.new_session_id(shard);
        self.sessions.insert(id, session);
        id
    }

    fn new_session_id(&mut self, shard: i32) -> i32 {
        let first = (shard * IDS_OF_SHARD).max(1);
        let last = shard * IDS_OF_SHARD + (IDS_OF_SHARD - 1);
        loop {
            let id = self.random.between(first as u64, last as u64) as i32;
            if !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }

    /// Ends a session that was not used for long, or one that is worth less than the new one (`tryEvict`).
    fn try_evict(&mut self, shard: i32, is_privileged: bool, size: usize, now: SimTime) -> bool {
        let in_shard = || self.sessions.iter().filter(|(id, _)| **id / IDS_OF_SHARD == shard);
        let oldest = in_shard().min_by_key(|(id, session)| (session.last_used_at, **id));
        let stale = oldest.filter(|(_, session)| now.since(session.last_used_at) > EVICTION_US).map(|(id, _)| *id);
        let least = || {
            in_shard()
                .filter(|(_, session)| session.is_evictable_by(is_privileged))
                .map(|(id, session)| session.evictable_key(*id))
                .min()
                .filter(|key| *key <= (is_privileged, size, 0))
                .map(|(_, _, id)| id)
        };
        let Some(id) = stale.or_else(least) else { return false };
        self.sessions.remove(&id);
        true
    }
}

#[cfg(test)]
mod tests;

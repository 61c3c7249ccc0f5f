//! The fetch sessions of a broker (KIP-227, `FetchSessionCache`, `FetchManager`): which one a request belongs to, and which
//! one makes room for another. All of it is in memory: a process that starts again knows no session.

use std::rc::Rc;

use super::fetch_session::{CachedPartition, EVICTION_US, FetchSession};
use crate::kafka::ids::SimTime;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::{FetchPartitionResponse, FetchRequest, FetchResponse, Fetcher};
use crate::kafka::protocol::fetch_metadata::FetchMetadata;
use crate::kafka::random::Random;
use crate::kafka::sorted::SortedMap;

/// `NumFetchSessionCacheShards`: the slots are dealt out to so many parts, each with a range of ids of its own.
const SHARDS: u32 = 8;
const IDS_OF_SHARD: i32 = i32::MAX / SHARDS as i32;

/// The stream of session ids, so that they disturb no other draw.
const STREAM: u64 = 227;

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
        let is_privileged = matches!(fetch.fetcher, Fetcher::Follower { .. });
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

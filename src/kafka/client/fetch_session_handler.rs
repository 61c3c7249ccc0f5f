//! The fetcher's side of a fetch session (KIP-227, `FetchSessionHandler`): what the next request must name.
//!
//! The first request names all partitions. If the broker makes a session of it, later ones name only what is new, what
//! is asked differently than before (most often from a later offset), and what is to be forgotten.

use std::rc::Rc;

use crate::kafka::ids::TopicIdPartition;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::{FetchPartition, FetchResponse};
use crate::kafka::protocol::fetch_metadata::FetchMetadata;
use crate::kafka::sorted::SmallSort;

/// The session of one fetcher with one broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FetchSessionHandler {
    /// For the next request; while one is under way, that of this one.
    next: FetchMetadata,
    /// As last asked, in the order of their ids.
    partitions: Rc<Vec<FetchPartition>>,
}

/// What a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequestData {
    pub metadata: FetchMetadata,
    pub to_send: Vec<FetchPartition>,
    pub to_forget: Vec<TopicIdPartition>,
}

impl Default for FetchSessionHandler {
    fn default() -> FetchSessionHandler {
        FetchSessionHandler { next: FetchMetadata::INITIAL, partitions: Rc::default() }
    }
}

impl FetchSessionHandler {
    /// What the next request will say of the session.
    pub fn metadata(&self) -> FetchMetadata {
        self.next
    }

    /// All partitions of the session, as last asked.
    pub fn partitions(&self) -> &[FetchPartition] {
        &self.partitions
    }

    /// How a partition was last asked.
    pub fn asked(&self, id: TopicIdPartition) -> Option<&FetchPartition> {
        self.place(id).ok().map(|place| &self.partitions[place])
    }

    fn place(&self, id: TopicIdPartition) -> Result<usize, usize> {
        self.partitions.binary_search_by_key(&id, FetchPartition::id)
    }

    /// Begins a request. Whatever is not added to it leaves the session.
    pub fn builder(&mut self) -> Builder<'_> {
        let seen = vec![0; if self.next.is_full() { 0 } else { self.partitions.len().div_ceil(64) }];
        Builder { handler: self, to_send: Vec::new(), seen, seen_count: 0, cursor: 0 }
    }

    /// Takes note of an answer. Returns whether its partitions count.
    pub fn handle_response(&mut self, response: &FetchResponse) -> bool {
        if !response.error.is_none() {
            self.next = match response.error {
                ErrorCode::FetchSessionIdNotFound => FetchMetadata::INITIAL,
                _ => self.next.next_close_existing_attempt_new(),
            };
            return false;
        }
        let is_full = self.next.is_full();
        let is_known = response.partitions.iter().all(|answer| self.place(answer.id()).is_ok());
        let is_complete = !is_full || response.partitions.len() == self.partitions.len();
        if !is_known || !is_complete {
            self.next = match is_full {
                true => FetchMetadata::INITIAL,
                false => self.next.next_close_existing_attempt_new(),
            };
            return false;
        }
        self.next = match (response.session_id, is_full) {
            // None was made, or the broker has closed it.
            (FetchMetadata::INVALID_SESSION_ID, _) => FetchMetadata::INITIAL,
            (session_id, true) => FetchMetadata::new_incremental(session_id),
            (_, false) => self.next.next_incremental(),
        };
        true
    }

    /// The request got no answer: nobody knows what the broker has made of it.
    pub fn handle_error(&mut self) {
        self.next = self.next.next_close_existing_attempt_new();
    }

    /// The next request ends the session and wants no other.
    pub fn notify_close(&mut self) {
        self.next = self.next.next_close_existing();
    }
}

/// A request that is being put together.
pub struct Builder<'a> {
    handler: &'a mut FetchSessionHandler,
    to_send: Vec<FetchPartition>,
    /// A bit for each partition of the session: whether it was added.
    seen: Vec<u64>,
    seen_count: usize,
    /// Where the next one stands in the session if they are added in its order.
    cursor: usize,
}

impl Builder<'_> {
    /// Asks for a partition; it is named only if the broker does not know it so.
    pub fn add(&mut self, asked: FetchPartition) {
        if self.handler.next.is_full() {
            self.to_send.push(asked);
            return;
        }
        let partitions = &self.handler.partitions;
        let place = match partitions.get(self.cursor).filter(|known| known.id() == asked.id()) {
            Some(_) => Ok(self.cursor),
            None => self.handler.place(asked.id()),
        };
        let Ok(place) = place else {
            self.to_send.push(asked);
            return;
        };
        self.cursor = place + 1;
        self.seen[place / 64] |= 1 << (place % 64);
        self.seen_count += 1;
        if partitions[place] != asked {
            Rc::make_mut(&mut self.handler.partitions)[place] = asked.clone();
            self.to_send.push(asked);
        }
    }

    pub fn build(self) -> FetchRequestData {
        let Builder { handler, to_send, seen, seen_count, .. } = self;
        let metadata = handler.next;
        if metadata.is_full() {
            let mut partitions = to_send.clone();
            partitions.sort_small_by_key(FetchPartition::id);
            handler.partitions = Rc::new(partitions);
            return FetchRequestData { metadata, to_send, to_forget: Vec::new() };
        }
        let mut to_forget = Vec::new();
        if seen_count < handler.partitions.len() {
            let mut places = 0..;
            Rc::make_mut(&mut handler.partitions).retain(|known| {
                let is_seen = places.next().is_some_and(|place: usize| seen[place / 64] & (1 << (place % 64)) != 0);
                if !is_seen {
                    to_forget.push(known.id());
                }
                is_seen
            });
        }
        for asked in &to_send {
            if let Err(place) = handler.place(asked.id()) {
                Rc::make_mut(&mut handler.partitions).insert(place, asked.clone());
            }
        }
        FetchRequestData { metadata, to_send, to_forget }
    }
}

#[cfg(test)]
mod tests;

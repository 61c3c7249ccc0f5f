//! The last offset of each key in the dirty part of a log (`SkimpyOffsetMap`).

use std::collections::BTreeMap;

use crate::kafka::ids::Offset;
use crate::kafka::mutation::{Mutation, breaks};

/// Lives only while a log is cleaned. Kafka's holds hashes of about five million keys (`log.cleaner.dedupe.buffer.size`)
/// and leaves the rest of a log to the next round when it is full; no log here has that many.
#[derive(Clone, Debug)]
pub(super) struct OffsetMap {
    offsets: BTreeMap<Vec<u8>, Offset>,
    latest_offset: Offset,
}

impl OffsetMap {
    pub fn new() -> OffsetMap {
        OffsetMap { offsets: BTreeMap::new(), latest_offset: -1 }
    }

    /// Notes a record; they come in the order of their offsets.
    pub fn put(&mut self, key: &[u8], offset: Offset) {
        match self.offsets.get_mut(key) {
            Some(_) if breaks(Mutation::CleanerKeepsTheFirst) => {}
            Some(known) => *known = offset,
            None => _ = self.offsets.insert(key.to_vec(), offset),
        }
    }

    /// Everything up to here has been read.
    pub fn update_latest_offset(&mut self, offset: Offset) {
        self.latest_offset = self.latest_offset.max(offset);
    }

    /// Last offset that was read; -1 for none.
    pub fn latest_offset(&self) -> Offset {
        self.latest_offset
    }

    /// Whether a record of that key and a higher offset was read.
    pub fn supersedes(&self, key: &[u8], offset: Offset) -> bool {
        match self.offsets.get(key) {
            Some(known) if breaks(Mutation::CleanerKeepsTheFirst) => offset > *known,
            Some(known) => offset < *known,
            None => false,
        }
    }
}

//! What the application has learnt about its sends: the futures of `send()`.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use crate::kafka::ids::{Offset, TopicPartition};
use crate::kafka::note::{SendError, SendOutcome};
use crate::kafka::sends::{SendId, Sends};

/// How many of the newest results are kept, at least; of older ones only their number.
pub const RESULTS_KEPT: u32 = 10_000;

/// Results in a block. Blocks are shared between copies of a producer until they change.
const BLOCK: usize = 256;

/// What became of one send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum SendResult {
    /// Not answered yet.
    #[default]
    Pending,
    /// The leader has answered; -1 for the offset with acks=0.
    Acknowledged { partition: TopicPartition, offset: Offset },
    Failed {
        /// None: none was chosen.
        partition: Option<TopicPartition>,
        error: SendError,
        outcome: SendOutcome,
    },
}

/// The results of a producer's sends by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendResults {
    blocks: VecDeque<Rc<Vec<SendResult>>>,
    /// Number of the first send of the first block.
    first_kept: SendId,
    /// Number of the next send.
    next: SendId,
    acknowledged: u64,
    not_written: u64,
    in_doubt: u64,
    /// Of all results so far, in the order in which they came.
    digest: u64,
}

impl SendResults {
    /// Begins a send; returns its number.
    pub fn begin(&mut self) -> SendId {
        let send = self.next;
        self.next += 1;
        match self.blocks.back_mut() {
            Some(block) if block.len() < BLOCK => Rc::make_mut(block).push(SendResult::Pending),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(SendResult::Pending);
                self.blocks.push_back(Rc::new(block));
                while self.next - self.first_kept > RESULTS_KEPT + BLOCK as u32 {
                    let dropped = self.blocks.pop_front().map_or(0, |block| block.len());
                    self.first_kept += dropped as u32;
                }
            }
        }
        send
    }

    /// Forgets all results, as a crash does; numbers go on.
    pub fn forget(&mut self) {
        *self = SendResults { first_kept: self.next, next: self.next, ..SendResults::default() };
    }

    /// The records have the offsets from `base_offset` on; -1: it is not known (acks=0).
    pub fn acknowledge(&mut self, sends: &Sends, partition: &TopicPartition, base_offset: Offset) {
        self.acknowledged += u64::from(sends.count());
        self.mix(sends.first(), base_offset as u64);
        let known = base_offset >= 0;
        for (place, send) in (0..).zip(sends.iter()) {
            let offset = if known { base_offset + place } else { base_offset };
            self.set(send, SendResult::Acknowledged { partition: partition.clone(), offset });
        }
    }

    /// The sends have failed, all for the same reason.
    pub fn fail(&mut self, sends: &Sends, partition: Option<&TopicPartition>, error: SendError, outcome: SendOutcome) {
        let counter = match outcome {
            SendOutcome::NotWritten => &mut self.not_written,
            SendOutcome::InDoubt => &mut self.in_doubt,
        };
        *counter += u64::from(sends.count());
        self.mix(sends.first(), u64::MAX - outcome as u64);
        for send in sends.iter() {
            self.set(send, SendResult::Failed { partition: partition.cloned(), error, outcome });
        }
    }

    fn mix(&mut self, send: SendId, what: u64) {
        let mixed = self.digest.rotate_left(5) ^ (u64::from(send) << 32) ^ what;
        self.digest = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn set(&mut self, send: SendId, result: SendResult) {
        let Some(place) = send.checked_sub(self.first_kept) else { return };
        if let Some(block) = self.blocks.get_mut(place as usize / BLOCK)
            && let Some(slot) = Rc::make_mut(block).get_mut(place as usize % BLOCK)
        {
            *slot = result;
        }
    }

    /// What became of a send; None: there was none, or it is too long ago.
    pub fn get(&self, send: SendId) -> Option<&SendResult> {
        let place = send.checked_sub(self.first_kept)? as usize;
        self.blocks.get(place / BLOCK)?.get(place % BLOCK)
    }

    /// The results that are kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (SendId, &SendResult)> {
        (0..self.blocks.len()).flat_map(move |block| {
            let first = self.first_kept + (block * BLOCK) as u32;
            self.blocks[block].iter().enumerate().map(move |(place, result)| (first + place as u32, result))
        })
    }

    /// Number of the next send; as many were made.
    pub fn next(&self) -> SendId {
        self.next
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Failed and surely in no log.
    pub fn not_written(&self) -> u64 {
        self.not_written
    }

    /// Failed, and perhaps in the log all the same.
    pub fn in_doubt(&self) -> u64 {
        self.in_doubt
    }
}

/// The digest stands for the single results: hashing thousands of them after each event would be slow.
impl Hash for SendResults {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.first_kept, self.next, self.digest).hash(state);
        (self.acknowledged, self.not_written, self.in_doubt).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_results_are_kept_and_the_others_counted() {
        let mut results = SendResults::default();
        let partition = TopicPartition::new("t", 0);
        for _ in 0..30_000 {
            let send = results.begin();
            results.acknowledge(&Sends::one(send), &partition, i64::from(send) * 2);
        }
        assert_eq!((results.next(), results.acknowledged()), (30_000, 30_000));
        assert_eq!(results.get(5), None);
        assert_eq!(results.get(30_000), None);
        for send in [20_000, 29_999] {
            let offset = i64::from(send) * 2;
            assert_eq!(results.get(send), Some(&SendResult::Acknowledged { partition: partition.clone(), offset }));
        }
        assert!(results.iter().count() <= RESULTS_KEPT as usize + 2 * BLOCK);
        assert_eq!(results.iter().next_back().map(|(send, _)| send), Some(29_999));
    }
}

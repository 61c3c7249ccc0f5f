//! Which calls of `send()` a fact is about.
//!
//! A batch of 16 kB holds a hundred records and more, and all of them share one fate. So facts speak of many sends at
//! once, as runs of consecutive numbers: one run if the records are keyless, more if keys scatter them.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

/// Number of a `send()` of one producer, counted from 0 over its whole life, restarts included.
pub type SendId = u32;

/// Sends of one producer in ascending order, at least one; cheap to clone.
///
/// The order is that of the records in their batch: the n-th send (from 0) of an acknowledged batch got the batch's
/// base offset + n.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sends {
    /// Runs, each from a first to a last send, neither touching the next.
    runs: Rc<Vec<(SendId, SendId)>>,
}

impl Sends {
    /// Just this one.
    pub fn one(send: SendId) -> Sends {
        Sends { runs: Rc::new(vec![(send, send)]) }
    }

    /// Adds a send, later than all others.
    pub fn push(&mut self, send: SendId) {
        let runs = Rc::make_mut(&mut self.runs);
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == send => *last = send,
            _ => runs.push((send, send)),
        }
    }

    /// Runs of consecutive sends, first and last of each.
    pub fn runs(&self) -> &[(SendId, SendId)] {
        &self.runs
    }

    pub fn first(&self) -> SendId {
        self.runs.first().map_or(0, |(first, _)| *first)
    }

    pub fn last(&self) -> SendId {
        self.runs.last().map_or(0, |(_, last)| *last)
    }

    /// How many.
    pub fn count(&self) -> u32 {
        self.runs.iter().map(|(first, last)| last - first + 1).sum()
    }

    pub fn contains(&self, send: SendId) -> bool {
        self.position(send).is_some()
    }

    /// Place of a send among these, from 0: the distance of its record from the batch's first.
    pub fn position(&self, send: SendId) -> Option<u32> {
        let mut before = 0;
        for (first, last) in self.runs.iter() {
            if (*first..=*last).contains(&send) {
                return Some(before + send - first);
            }
            before += last - first + 1;
        }
        None
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = SendId> + '_ {
        self.runs.iter().flat_map(|(first, last)| *first..=*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_sends_are_one_run() {
        let mut sends = Sends::one(4);
        for send in [5, 6, 9, 11, 12] {
            sends.push(send);
        }
        assert_eq!(sends.runs(), [(4, 6), (9, 9), (11, 12)]);
        assert_eq!((sends.first(), sends.last(), sends.count()), (4, 12, 6));
        assert_eq!(sends.iter().collect::<Vec<_>>(), [4, 5, 6, 9, 11, 12]);
        assert_eq!((sends.position(9), sends.position(12), sends.position(7)), (Some(3), Some(5), None));
    }
}

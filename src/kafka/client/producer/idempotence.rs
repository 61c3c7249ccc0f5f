//! Producer id, epoch and sequence numbers (the idempotent part of TransactionManager; KIP-98, KIP-360).
//!
//! A producer of transactions would share all of this: its state would stand beside [`Idempotence`], and decide about
//! epoch bumps instead of [`Idempotence::bump_epoch`].

use crate::kafka::ids::{BrokerId, Offset, ProducerEpoch, ProducerId, SimTime};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::record::sequence::{in_sequence, increment_sequence};

/// A producer id with its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerIdentity {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
}

/// The InitProducerId request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InitProducerIdInFlight {
    pub broker: BrokerId,
    pub correlation: u32,
    pub sent_at: SimTime,
}

/// Who the producer is to the brokers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Idempotence {
    /// `enable.idempotence`, unless other settings have switched it off.
    pub enabled: bool,
    identity: Option<ProducerIdentity>,
    /// A batch was lost for good: the epoch must be raised before anything is sent again.
    pub bump_needed: bool,
    pub asked: Option<InitProducerIdInFlight>,
    /// Not before this time is a producer id asked for again.
    pub retry_at: SimTime,
}

impl Idempotence {
    pub fn new(enabled: bool) -> Idempotence {
        Idempotence { enabled, identity: None, bump_needed: false, asked: None, retry_at: SimTime::ZERO }
    }

    /// Producer id and epoch; None: not obtained yet, or the producer is not idempotent.
    pub fn identity(&self) -> Option<ProducerIdentity> {
        self.identity
    }

    /// Whether nothing can be sent before a producer id was asked for.
    pub fn needs_producer_id(&self) -> bool {
        self.enabled && self.identity.is_none()
    }

    /// The broker has given a producer id.
    pub fn obtained(&mut self, identity: ProducerIdentity) {
        self.identity = Some(identity);
        self.asked = None;
    }

    /// Raises the epoch by one, without asking any broker. When there is no higher epoch, the producer id is given up,
    /// and a new one must be asked for.
    pub fn bump_epoch(&mut self) -> Option<ProducerIdentity> {
        self.bump_needed = false;
        self.identity = self.identity.and_then(|identity| {
            let epoch = identity.producer_epoch.0.checked_add(1)?;
            Some(ProducerIdentity { producer_epoch: ProducerEpoch(epoch), ..identity })
        });
        self.identity
    }
}

/// The sequence numbers of one partition (TxnPartitionEntry).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartitionSequences {
    /// Under which the next sequence number is meant.
    pub identity: Option<ProducerIdentity>,
    /// Sequence number of the next record that is drained.
    pub next: i32,
    /// Of the last record of the last batch that was acknowledged.
    pub last_acked: Option<i32>,
    pub last_acked_offset: Option<Offset>,
    /// A batch that was sent has run out of time, and nobody knows whether it is in the log: the sequence number that
    /// would follow on it. No new batch is drained until that is known.
    pub unresolved: Option<i32>,
    /// The epoch is to be raised because of this partition: what it has in flight starts at 0 again.
    pub to_rewrite: bool,
}

impl PartitionSequences {
    /// Hands out `count` sequence numbers; returns the first.
    pub fn take(&mut self, count: i32) -> i32 {
        let first = self.next;
        self.next = increment_sequence(first, count);
        first
    }

    /// A batch with this last sequence number was acknowledged.
    pub fn acked(&mut self, last_sequence: i32, last_offset: Option<Offset>) {
        self.last_acked = self.last_acked.max(Some(last_sequence));
        self.last_acked_offset = self.last_acked_offset.max(last_offset);
    }

    /// Whether `sequence` follows on what was acknowledged last.
    pub fn is_next(&self, sequence: i32) -> bool {
        in_sequence(self.last_acked.unwrap_or(-1), sequence)
    }

    /// A batch has timed out although it may be in the log.
    pub fn mark_unresolved(&mut self, next_sequence: i32) {
        self.unresolved = self.unresolved.max(Some(next_sequence));
    }

    /// The batch has failed in a way that leaves a gap: the epoch must be raised.
    pub fn request_bump(&mut self, idempotence: &mut Idempotence) {
        idempotence.bump_needed = true;
        self.to_rewrite = true;
    }

    /// Whether a refused batch is sent again (`TransactionManager.canRetry`); may ask for an epoch bump.
    /// `base_sequence` and `was_reset` are the batch's, `log_start_offset` (-1: unknown) the answer's.
    pub fn can_retry(
        &mut self,
        error: ErrorCode,
        base_sequence: i32,
        was_reset: bool,
        log_start_offset: Offset,
        idempotence: &mut Idempotence,
    ) -> bool {
        match error {
            ErrorCode::UnknownProducerId => {
                if log_start_offset >= 0 && !was_reset {
                    self.request_bump(idempotence);
                }
                true
            }
            ErrorCode::OutOfOrderSequenceNumber => {
                // Not the next in line: its forerunners are on their way, and it will be right after them.
                let waits_for_others = self.unresolved.is_none() && (was_reset || !self.is_next(base_sequence));
                let gap = self.unresolved.is_none_or(|sequence| sequence == base_sequence);
                if !waits_for_others && gap {
                    self.request_bump(idempotence);
                }
                true
            }
            _ => error.is_retriable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_batch_next_in_line_tells_of_a_gap() {
        let mut idempotence = Idempotence::new(true);
        let mut sequences = PartitionSequences::default();
        sequences.acked(4, Some(4));
        let error = ErrorCode::OutOfOrderSequenceNumber;
        assert!(sequences.can_retry(error, 10, false, -1, &mut idempotence));
        assert!(!idempotence.bump_needed, "the batch at 5 is still to come");
        assert!(sequences.can_retry(error, 5, true, -1, &mut idempotence));
        assert!(!idempotence.bump_needed, "it was sent with the sequence of the former epoch");
        assert!(sequences.can_retry(error, 5, false, -1, &mut idempotence));
        assert!(idempotence.bump_needed && sequences.to_rewrite);
        assert!(!sequences.can_retry(ErrorCode::MessageTooLarge, 5, false, -1, &mut idempotence));
    }

    #[test]
    fn epochs_end_and_a_new_producer_id_is_needed() {
        let mut idempotence = Idempotence::new(true);
        assert!(idempotence.needs_producer_id());
        let producer_id = ProducerId(7);
        idempotence.obtained(ProducerIdentity { producer_id, producer_epoch: ProducerEpoch(i16::MAX - 1) });
        let last = ProducerIdentity { producer_id, producer_epoch: ProducerEpoch(i16::MAX) };
        assert_eq!(idempotence.bump_epoch(), Some(last));
        assert_eq!(idempotence.bump_epoch(), None);
        assert!(idempotence.needs_producer_id());
    }
}

//! The batches of one partition: those that wait, and those that are on their way.

use std::collections::VecDeque;

use super::batch::{BatchSequence, ProducerBatch};
use super::idempotence::{Idempotence, PartitionSequences, ProducerIdentity};
use crate::kafka::config::ProducerConfig;
use crate::kafka::ids::{SimTime, TopicPartition};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::sorted::SmallSort;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionQueue {
    pub partition: TopicPartition,
    /// Whether a record was ever meant for it.
    pub used: bool,
    /// To be sent, first one first; only the last may still grow.
    pub queued: VecDeque<ProducerBatch>,
    /// Sent and not answered, in the order of sending.
    pub sent: Vec<ProducerBatch>,
    pub sequences: PartitionSequences,
}

impl PartitionQueue {
    pub fn new(partition: TopicPartition) -> PartitionQueue {
        let sequences = PartitionSequences::default();
        PartitionQueue { partition, used: false, queued: VecDeque::new(), sent: Vec::new(), sequences }
    }

    /// Whether the last batch takes no more records, or there is none.
    pub fn is_last_full(&self) -> bool {
        self.queued.back().is_none_or(ProducerBatch::is_full)
    }

    /// With one request at a time order is kept by sending nothing while a batch is on its way
    /// (`guaranteeMessageOrder`).
    pub fn is_muted(&self, config: &ProducerConfig) -> bool {
        config.max_in_flight_requests_per_connection == 1 && !self.sent.is_empty()
    }

    /// The batches that have a sequence number and are not done: on their way, or waiting to be sent again.
    fn tracked(&self) -> impl Iterator<Item = &ProducerBatch> {
        self.sent.iter().chain(&self.queued).filter(|batch| batch.sequence.is_some())
    }

    /// Whether any batch with a sequence number is not done.
    pub fn has_tracked(&self) -> bool {
        self.tracked().next().is_some()
    }

    /// Whether the first batch must not be sent yet, for the order of sequence numbers
    /// (`RecordAccumulator.shouldStopDrainBatchesForPartition`).
    pub fn must_wait(&self, idempotence: &Idempotence) -> bool {
        if !idempotence.enabled {
            return false;
        }
        let (Some(identity), Some(first)) = (idempotence.identity(), self.queued.front()) else { return true };
        match first.sequence {
            // New batches wait until those of another epoch are done, and until it is known what became of those
            // that ran out of time.
            None => {
                let is_stale = self.sequences.identity != Some(identity);
                (is_stale && self.has_tracked()) || self.sequences.unresolved.is_some()
            }
            // A retry goes alone, and in order.
            Some(sequence) => {
                let next = self.tracked().filter_map(|batch| batch.sequence).min();
                next.is_some_and(|next| next.base_sequence != sequence.base_sequence)
            }
        }
    }

    /// Moves the first batch to those on their way; a new one gets its sequence number.
    pub fn drain_first(&mut self, identity: Option<ProducerIdentity>) -> Option<&ProducerBatch> {
        let mut batch = self.queued.pop_front()?;
        if let Some(identity) = identity
            && batch.sequence.is_none()
        {
            if self.sequences.identity != Some(identity) {
                self.restart_sequences(identity);
            }
            let ProducerIdentity { producer_id, producer_epoch } = identity;
            let base_sequence = self.sequences.take(batch.record_count());
            batch.sequence = Some(BatchSequence { producer_id, producer_epoch, base_sequence });
        }
        batch.attempts += 1;
        self.sent.push(batch);
        self.sent.last()
    }

    /// Starts at sequence number 0 under another epoch; what is not done is renumbered.
    pub fn restart_sequences(&mut self, identity: ProducerIdentity) {
        let ProducerIdentity { producer_id, producer_epoch } = identity;
        let mut batches: Vec<&mut ProducerBatch> =
            self.sent.iter_mut().chain(&mut self.queued).filter(|batch| batch.sequence.is_some()).collect();
        batches.sort_small_by_key(|batch| batch.sequence);
        let mut sequences = PartitionSequences {
            identity: Some(identity),
            last_acked_offset: self.sequences.last_acked_offset,
            ..PartitionSequences::default()
        };
        for batch in batches {
            let base_sequence = sequences.take(batch.record_count());
            batch.reset_sequence(BatchSequence { producer_id, producer_epoch, base_sequence });
        }
        self.sequences = sequences;
    }

    /// Takes a batch that is on its way; None: it has run out of time meanwhile.
    pub fn take_sent(&mut self, id: u32) -> Option<ProducerBatch> {
        let at = self.sent.iter().position(|batch| batch.id == id)?;
        Some(self.sent.remove(at))
    }

    /// Puts a batch back: first in line, but behind those with lower sequence numbers.
    pub fn reenqueue(&mut self, mut batch: ProducerBatch) {
        if breaks(Mutation::RetriesGoLast) {
            batch.sequence = None;
            self.queued.push_back(batch);
            return;
        }
        let at = match batch.sequence {
            Some(sequence) => self
                .queued
                .iter()
                .position(|other| other.sequence.is_none_or(|other| other.base_sequence >= sequence.base_sequence))
                .unwrap_or(self.queued.len()),
            None => 0,
        };
        self.queued.insert(at, batch);
    }

    /// Takes the batches that were created `delivery_timeout_ms` ago or earlier; the flag: it was on its way.
    pub fn take_expired(&mut self, delivery_timeout_ms: u32, now: SimTime) -> Vec<(ProducerBatch, bool)> {
        let expired = |batch: &ProducerBatch| batch.created_at.plus_ms(u64::from(delivery_timeout_ms)) <= now;
        let mut taken = Vec::new();
        while let Some(batch) = self.queued.pop_front_if(|batch| expired(batch)) {
            taken.push((batch, false));
        }
        taken.extend(self.sent.extract_if(.., |batch| expired(batch)).map(|batch| (batch, true)));
        taken
    }

    /// When the next batch runs out of time.
    pub fn next_deadline(&self, delivery_timeout_ms: u32) -> Option<SimTime> {
        let oldest = self.sent.iter().chain(self.queued.front()).map(|batch| batch.created_at).min()?;
        Some(oldest.plus_ms(u64::from(delivery_timeout_ms)))
    }
}

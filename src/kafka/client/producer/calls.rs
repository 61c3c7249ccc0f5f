//! What the application calls: send, flush, close (KafkaProducer).
//!
//! A real `send()` blocks its thread while metadata is missing or memory is used up. Here the records wait in line
//! instead, and with them all that the application sends afterwards: it has one thread.

use std::collections::VecDeque;
use std::rc::Rc;

use super::Producer;
use super::accumulator::{Given, QueueAt};
use super::batch::NewRecord;
use super::partitioner::fixed_partition;
use crate::kafka::client::call::{ProducerCall, ProducerRecord};
use crate::kafka::effects::Effects;
use crate::kafka::ids::{SimTime, TopicPartition};
use crate::kafka::note::{Note, PartitionChoice, SendBlock, SendError, SendOutcome};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::record::{Bytes, RecordHeader};
use crate::kafka::sends::{SendId, Sends};

/// Calls of more records than this are told of by partition, not record by record.
const MOST_RECORDS_TOLD_SINGLY: usize = 64;

/// A call whose records are not all in the accumulator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct WaitingCall {
    records: Rc<Vec<ProducerRecord>>,
    /// The first record that waits.
    at: u32,
    /// Number of the call's first send.
    first_send: SendId,
}

/// The first record in line, while it blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Blocked {
    pub send: SendId,
    pub reason: SendBlock,
    /// When the application called, or came to this record after the former was let through.
    pub since: SimTime,
    /// Version of the metadata that was last found wanting.
    metadata_version: u64,
}

/// Records whose `send()` has not returned yet, first one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WaitingSends {
    calls: VecDeque<WaitingCall>,
    blocked: Option<Blocked>,
}

impl WaitingSends {
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// How many records wait.
    pub fn count(&self) -> usize {
        self.calls.iter().map(|call| call.records.len() - call.at as usize).sum()
    }

    /// What the first of them waits for.
    pub fn blocked(&self) -> Option<Blocked> {
        self.blocked
    }

    pub fn is_out_of_memory(&self) -> bool {
        self.blocked.is_some_and(|blocked| blocked.reason == SendBlock::Memory)
    }
}

/// What a note is made from when records are buffered.
type Buffered = (QueueAt, Sends, PartitionChoice);

/// Collects what is to be told of one call: see [`Note::RecordsBuffered`].
struct Telling {
    /// Whether records of one partition are told of together.
    together: bool,
    open: Vec<Buffered>,
}

impl Telling {
    /// Takes note of a record. Returns what is to be told now.
    fn add(&mut self, send: SendId, at: QueueAt, choice: PartitionChoice) -> Option<Buffered> {
        if !self.together {
            return Some((at, Sends::one(send), choice));
        }
        let choice = match choice {
            PartitionChoice::Key { partitions, .. } => PartitionChoice::Keys { partitions },
            other => other,
        };
        match self.open.iter_mut().find(|(open, _, _)| *open == at) {
            Some((_, sends, known)) if *known == choice => {
                sends.push(send);
                None
            }
            Some(other) => Some(std::mem::replace(other, (at, Sends::one(send), choice))),
            None => {
                self.open.push((at, Sends::one(send), choice));
                None
            }
        }
    }
}

impl Producer {
    pub(super) fn call(&mut self, call: ProducerCall, out: &mut Effects) {
        match call {
            ProducerCall::Send(records) if records.is_empty() => {}
            ProducerCall::Send(records) => {
                let first_send = self.results.begin();
                let mut sends = Sends::one(first_send);
                for _ in 1..records.len() {
                    sends.push(self.results.begin());
                }
                if self.closing {
                    self.fail_sends(&sends, None, SendError::Closed, SendOutcome::NotWritten, out);
                } else {
                    self.waiting.calls.push_back(WaitingCall { records: Rc::new(records), at: 0, first_send });
                }
            }
            ProducerCall::Flush => self.flush_before = Some(self.results.next()),
            ProducerCall::Close => self.closing = true,
        }
    }

    /// Lets the records that wait into the accumulator, in order, as far as possible.
    pub(super) fn admit_waiting(&mut self, now: SimTime, out: &mut Effects) {
        while let Some(call) = self.waiting.calls.front() {
            let records = Rc::clone(&call.records);
            let (mut at, first_send) = (call.at as usize, call.first_send);
            let mut telling = Telling { together: records.len() > MOST_RECORDS_TOLD_SINGLY, open: Vec::new() };
            let mut blocked = None;
            while at < records.len() && blocked.is_none() {
                let (done, reason) = self.send_run(&records[at..], first_send + at as u32, now, &mut telling, out);
                at += done;
                if done > 0 {
                    self.waiting.blocked = None;
                }
                blocked = reason;
                if let Some(reason) = reason
                    && self.block(first_send + at as u32, &records[at], reason, now, out)
                {
                    at += 1;
                    blocked = None;
                }
            }
            for buffered in telling.open {
                self.tell_buffered(buffered, out);
            }
            if let Some(call) = self.waiting.calls.front_mut() {
                call.at = at as u32;
            }
            if blocked.is_some() {
                return;
            }
            self.waiting.calls.pop_front();
        }
    }

    /// Puts records into the accumulator: the first, and those behind it of the same topic. Returns how many were
    /// dealt with, and what the next one must wait for, if it must.
    fn send_run(
        &mut self,
        records: &[ProducerRecord],
        first_send: SendId,
        now: SimTime,
        telling: &mut Telling,
        out: &mut Effects,
    ) -> (usize, Option<SendBlock>) {
        let topic = &records[0].topic;
        self.metadata.want_topic(topic);
        let Some(known) = self.metadata.shared_topic(topic).filter(|known| !known.partitions.is_empty()) else {
            if self.metadata.topic_error(topic) == Some(ErrorCode::InvalidTopicException) {
                let error = SendError::Code(ErrorCode::InvalidTopicException);
                self.fail_sends(&Sends::one(first_send), None, error, SendOutcome::NotWritten, out);
                return (1, None);
            }
            return (0, Some(SendBlock::Metadata));
        };
        let topic_at = self.accumulator.topic_at(topic, known.partitions.len());
        let partition_count = known.partitions.len() as i32;
        let now_ms = self.setup.client.clock.now_ms(now);
        for (place, record) in records.iter().enumerate() {
            if !Rc::ptr_eq(&record.topic, topic) && record.topic != *topic {
                return (place, None);
            }
            let send = first_send + place as u32;
            let config = &self.setup.config;
            let key = record.key.as_deref();
            let fixed = fixed_partition(record.partition, key, config.partitioner_ignore_keys, partition_count);
            let partition = fixed.map(|(partition, _)| partition);
            let chosen = || partition.map(|partition| TopicPartition::new(topic.clone(), partition));
            if partition.is_some_and(|partition| partition < 0) {
                let error = SendError::InvalidArgument;
                self.fail_sends(&Sends::one(send), None, error, SendOutcome::NotWritten, out);
                continue;
            }
            if partition.is_some_and(|partition| partition >= partition_count) {
                return (place, Some(SendBlock::Metadata));
            }
            let headers: Vec<RecordHeader> = record.headers.iter().map(header).collect();
            let timestamp = record.timestamp.unwrap_or(now_ms);
            let new = NewRecord::new(send, timestamp, key, record.value.as_deref(), &headers);
            let size = new.size_upper_bound as u64;
            if size > u64::from(config.max_request_size) || size > config.buffer_memory {
                let error = SendError::Code(ErrorCode::MessageTooLarge);
                self.fail_sends(&Sends::one(send), chosen(), error, SendOutcome::NotWritten, out);
                continue;
            }
            let sticky_before = self.accumulator.topic(topic_at).sticky.current();
            let given = Given { known: &known, config, now };
            let random = &mut self.setup.client.random;
            let Some(partition) = self.accumulator.append(topic_at, partition, &new, &given, random) else {
                return (place, Some(SendBlock::Memory));
            };
            let sticky = self.accumulator.topic(topic_at).sticky.current();
            let at = QueueAt { topic: topic_at, partition };
            let choice = fixed.map_or(PartitionChoice::Sticky, |(_, choice)| choice);
            if let Some(buffered) = telling.add(send, at, choice) {
                self.tell_buffered(buffered, out);
            }
            if let Some(sticky) = sticky
                && sticky_before != Some(sticky)
            {
                let partition = TopicPartition::new(topic.clone(), sticky);
                out.note(Note::StickyPartitionChosen { client: self.setup.client.id, partition });
            }
        }
        (records.len(), None)
    }

    fn tell_buffered(&mut self, (at, sends, choice): Buffered, out: &mut Effects) {
        let partition = self.accumulator.queue(at).partition.clone();
        out.note(Note::RecordsBuffered { client: self.setup.client.id, sends, partition, choice });
    }

    /// The first record in line must wait. True if it has waited for `max.block.ms` and has failed now.
    fn block(
        &mut self,
        send: SendId,
        record: &ProducerRecord,
        reason: SendBlock,
        now: SimTime,
        out: &mut Effects,
    ) -> bool {
        let metadata_version = self.metadata.version();
        let before = self.waiting.blocked.filter(|blocked| blocked.send == send);
        let since = before.map_or(now, |blocked| blocked.since);
        if since.plus_ms(u64::from(self.setup.config.max_block_ms)) <= now {
            self.waiting.blocked = None;
            let partition = record.partition.map(|partition| TopicPartition::new(record.topic.clone(), partition));
            // KafkaProducer.waitOnMetadata
            let cause = self.metadata.topic_error(&record.topic).filter(|_| reason == SendBlock::Metadata);
            let error = cause.map_or(SendError::Timeout, SendError::NoMetadata);
            self.fail_sends(&Sends::one(send), partition, error, SendOutcome::NotWritten, out);
            return true;
        }
        // Each answer that does not help leads to the next question (KafkaProducer.waitOnMetadata).
        if reason == SendBlock::Metadata && before.is_none_or(|before| before.metadata_version != metadata_version) {
            self.metadata.request_update_for(&record.topic);
        }
        if before.is_none_or(|before| before.reason != reason) {
            out.note(Note::SendBlocked { client: self.setup.client.id, send, reason });
        }
        self.waiting.blocked = Some(Blocked { send, reason, since, metadata_version });
        false
    }

    /// When the record that blocks will have waited too long.
    pub(super) fn block_deadline(&self) -> Option<SimTime> {
        let since = self.waiting.blocked?.since;
        Some(since.plus_ms(u64::from(self.setup.config.max_block_ms)))
    }

    /// Whether a flush is waiting for batches; then nothing lingers.
    pub fn is_flushing(&self) -> bool {
        self.flush_before.is_some()
    }

    /// Ends the flush if all sends that it waits for are answered.
    pub(super) fn finish_flush(&mut self) {
        let Some(before) = self.flush_before else { return };
        let waits = self.waiting.calls.front().is_some_and(|call| call.first_send + call.at < before);
        let unanswered = self
            .accumulator
            .queues()
            .flat_map(|queue| queue.sent.iter().chain(&queue.queued))
            .any(|batch| batch.sends.first() < before);
        if !waits && !unanswered {
            self.flush_before = None;
        }
    }

    /// Tells the application that sends have failed.
    pub(super) fn fail_sends(
        &mut self,
        sends: &Sends,
        partition: Option<TopicPartition>,
        error: SendError,
        outcome: SendOutcome,
        out: &mut Effects,
    ) {
        self.results.fail(sends, partition.as_ref(), error, outcome);
        let client = self.setup.client.id;
        out.note(Note::RecordsFailed { client, sends: sends.clone(), partition, error, outcome });
    }
}

fn header((name, value): &(String, Option<Vec<u8>>)) -> RecordHeader {
    RecordHeader { name: name.clone(), value: value.as_deref().map(Bytes::from) }
}

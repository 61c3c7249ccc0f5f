//! KafkaProducer: from `send()` to the answer.
//!
//! One noun a file, along a record's way:
//! - [`calls`]: what the application asks, and how it blocks;
//! - [`partitioner`]: which partition a record goes to;
//! - [`batch`], [`queue`], [`accumulator`]: batches that fill and wait, by partition;
//! - [`compression_ratio`]: what compression is expected to leave;
//! - [`sender`]: what is sent when, and to whom; the one timer;
//! - [`in_flight`]: requests without an answer;
//! - [`answers`]: what an answer, or its absence, means for each batch;
//! - [`idempotence`]: producer id, epoch, sequence numbers;
//! - [`results`]: what the application has learnt.
//!
//! Source: KafkaProducer, RecordAccumulator, Sender, TransactionManager, BuiltInPartitioner.

mod accumulator;
mod answers;
mod batch;
mod calls;
mod compression_ratio;
mod idempotence;
mod in_flight;
mod partitioner;
mod queue;
mod results;
mod sender;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::backoff::ExponentialBackoff;
use super::connections::Connections;
use super::metadata::{ClientMetadata, MetadataSettings};
use crate::kafka::client::call::Call;
use crate::kafka::effects::{Effects, Input};
use crate::kafka::ids::{BrokerId, SimTime, TopicPartition};
use crate::kafka::sends::SendId;
use crate::kafka::setup::ProducerSetup;
use crate::kafka::sorted::SortedMap;

pub use accumulator::{QueueAt, RecordAccumulator, TopicQueues};
pub use batch::{BatchSequence, ProducerBatch};
pub use calls::{Blocked, WaitingSends};
pub use idempotence::{Idempotence, PartitionSequences, ProducerIdentity};
pub use in_flight::{InFlightBatch, InFlightRequest, InFlightRequests};
pub use partitioner::StickyPartition;
pub use queue::PartitionQueue;
pub use results::{RESULTS_KEPT, SendResult, SendResults};

/// What a producer waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProducerTimer {
    /// The sender looks again which batches are ready.
    Sender,
}

/// A producer's process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Producer {
    pub setup: ProducerSetup,
    metadata: ClientMetadata,
    connections: Connections,
    accumulator: RecordAccumulator,
    in_flight: InFlightRequests,
    /// Brokers that were asked whether they are there again, and when.
    handshakes: SortedMap<BrokerId, SimTime>,
    idempotence: Idempotence,
    results: SendResults,
    waiting: WaitingSends,
    /// A flush waits for the sends below this number.
    flush_before: Option<SendId>,
    /// The application has called close().
    closing: bool,
    /// Everything is answered after close(): the process has ended.
    closed: bool,
    last_correlation: u32,
    timer_at: Option<SimTime>,
}

impl Producer {
    /// A producer that has not started. Settings that contradict idempotence switch it off.
    pub fn new(mut setup: ProducerSetup) -> Producer {
        if setup.config.idempotence_conflict().is_some() {
            setup.config.enable_idempotence = false;
        }
        let config = &setup.config;
        let settings = MetadataSettings {
            max_age_ms: config.metadata_max_age_ms,
            backoff: ExponentialBackoff { initial_ms: config.retry_backoff_ms, max_ms: config.retry_backoff_max_ms },
            allow_auto_topic_creation: true,
        };
        Producer {
            metadata: ClientMetadata::new(setup.client.bootstrap.clone(), settings),
            connections: Connections::default(),
            accumulator: RecordAccumulator::default(),
            in_flight: InFlightRequests::default(),
            handshakes: SortedMap::new(),
            idempotence: Idempotence::new(config.enable_idempotence),
            results: SendResults::default(),
            waiting: WaitingSends::default(),
            flush_before: None,
            closing: false,
            closed: false,
            last_correlation: 0,
            timer_at: None,
            setup,
        }
    }

    /// The process begins: it asks for metadata and, if idempotent, for a producer id.
    pub fn start(&mut self, now: SimTime, out: &mut Effects) {
        if self.closed {
            self.crash();
        }
        self.run(now, None, out);
    }

    pub fn handle(&mut self, input: Input, now: SimTime, out: &mut Effects) {
        let mut cause = None;
        match input {
            Input::Call(Call::Producer(call)) => self.call(call, out),
            Input::Response { from, correlation, response, .. } => {
                if let Some(broker) = from.as_broker() {
                    cause = self.answered(broker, correlation, response, now, out);
                }
            }
            Input::Disconnected { peer, .. } => {
                if let Some(broker) = peer.as_broker() {
                    self.disconnected(broker, now, out);
                }
            }
            Input::Timer(_) => self.timer_at = None,
            Input::Request { id, .. } => out.refuse_connection(id),
            Input::Call(_) => {}
        }
        if !self.closed {
            self.run(now, cause, out);
        }
    }

    /// The process dies: everything in memory is gone. Only its draws and the numbers of its sends go on, so that no
    /// two sends share a number.
    pub fn crash(&mut self) {
        let mut next = Producer::new(self.setup.clone());
        std::mem::swap(&mut next.results, &mut self.results);
        next.results.forget();
        next.last_correlation = self.last_correlation;
        *self = next;
    }

    // ---- what can be seen from outside

    /// What became of a send; None: there was none in this process's life, or it is too long ago.
    pub fn result(&self, send: SendId) -> Option<&SendResult> {
        self.results.get(send)
    }

    /// The newest results, and how many there were of each kind.
    pub fn results(&self) -> &SendResults {
        &self.results
    }

    /// Batches that wait to be sent, for the first time or again; the first of each partition first.
    pub fn buffered_batches(&self) -> impl Iterator<Item = (&TopicPartition, &ProducerBatch)> {
        self.accumulator.queues().flat_map(|queue| queue.queued.iter().map(|batch| (&queue.partition, batch)))
    }

    /// Batches that were sent and are not answered.
    pub fn in_flight_batches(&self) -> impl Iterator<Item = (&TopicPartition, &ProducerBatch)> {
        self.accumulator.queues().flat_map(|queue| queue.sent.iter().map(|batch| (&queue.partition, batch)))
    }

    /// When a batch gives up: `delivery.timeout.ms` after its first record.
    pub fn deadline(&self, batch: &ProducerBatch) -> SimTime {
        batch.created_at.plus_ms(u64::from(self.setup.config.delivery_timeout_ms))
    }

    /// Until when a batch lingers for more records, if it has not been sent yet.
    pub fn lingers_until(&self, batch: &ProducerBatch) -> SimTime {
        batch.created_at.plus_ms(u64::from(self.setup.config.linger_ms))
    }

    /// Produce requests without an answer.
    pub fn in_flight_requests(&self) -> &InFlightRequests {
        &self.in_flight
    }

    /// The accumulator: queues, sticky partitions, memory.
    pub fn accumulator(&self) -> &RecordAccumulator {
        &self.accumulator
    }

    /// Records whose `send()` blocks.
    pub fn waiting(&self) -> &WaitingSends {
        &self.waiting
    }

    /// Producer id and epoch; None: not idempotent, or not obtained yet.
    pub fn identity(&self) -> Option<ProducerIdentity> {
        self.idempotence.identity()
    }

    pub fn is_idempotent(&self) -> bool {
        self.idempotence.enabled
    }

    /// Sequence number of the next record to this partition; None: nothing was sent there.
    pub fn next_sequence(&self, partition: &TopicPartition) -> Option<i32> {
        let queue = self.accumulator.queues().find(|queue| queue.partition == *partition)?;
        queue.sequences.identity.map(|_| queue.sequences.next)
    }

    /// The partition that keyless records of a topic go to at present.
    pub fn sticky_partition(&self, topic: &str) -> Option<i32> {
        self.accumulator.topics().iter().find(|queues| &*queues.topic == topic)?.sticky.current()
    }

    /// What the producer knows of the cluster.
    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// Whether every send is answered.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.accumulator.is_empty()
    }

    /// Whether close() was called and all is answered.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

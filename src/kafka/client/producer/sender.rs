//! What is sent when, and to whom (Sender).

use super::accumulator::QueueAt;
use super::idempotence::{InitProducerIdInFlight, ProducerIdentity};
use super::in_flight::{InFlightBatch, InFlightRequest};
use super::{Producer, ProducerTimer};
use crate::kafka::client::backoff::ExponentialBackoff;
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{BrokerId, NodeId, ProducerEpoch, ProducerId, SimTime, TopicId, TopicPartition};
use crate::kafka::note::{Note, SendError, SendOutcome};
use crate::kafka::protocol::Request;
use crate::kafka::protocol::api_versions::ApiVersionsRequest;
use crate::kafka::protocol::produce::{Acks, PartitionProduceData, ProduceRequest};
use crate::kafka::protocol::producer_id::InitProducerIdRequest;
use crate::kafka::record::sequence::increment_sequence;

impl Producer {
    /// One turn of the sender's loop: does all that can be done now. `cause`: the note that led to it.
    pub(super) fn run(&mut self, now: SimTime, cause: Option<u32>, out: &mut Effects) {
        out.because_of(cause);
        self.disconnect_overdue(now, out);
        let mut next_check;
        loop {
            self.resolve_sequences();
            self.request_producer_id(now, out);
            self.expire_batches(now, out);
            self.admit_waiting(now, out);
            let send_all = self.closing || self.is_flushing() || self.waiting.is_out_of_memory();
            let ready = self.accumulator.ready(&self.metadata, &self.setup.config, send_all, now);
            next_check = ready.next_check;
            if ready.unknown_leader {
                self.metadata.request_update();
            }
            let mut progress = false;
            for broker in ready.brokers {
                match self.connections.ready_at(broker, Channel::Data) {
                    at if at > now => next_check = Some(next_check.map_or(at, |next| next.min(at))),
                    _ if self.connections.is_lost(broker, Channel::Data) => self.shake_hands(broker, now, out),
                    _ => progress |= self.send_produce(broker, now, cause, out),
                }
            }
            if !progress {
                break;
            }
        }
        self.finish_flush();
        self.request_metadata(now, out);
        if self.closing && self.is_idle() && self.in_flight.is_empty() {
            self.closed = true;
            out.cancel_timer(ProducerTimer::Sender);
            out.exit();
            return;
        }
        self.set_timer(next_check, now, out);
    }

    pub(super) fn next_correlation(&mut self) -> u32 {
        self.last_correlation = self.last_correlation.wrapping_add(1);
        self.last_correlation
    }

    pub(super) fn retry_backoff(&self) -> ExponentialBackoff {
        let config = &self.setup.config;
        ExponentialBackoff { initial_ms: config.retry_backoff_ms, max_ms: config.retry_backoff_max_ms }
    }

    /// Hands a request over to the connection, after the time that the client needs to make it.
    fn send(&mut self, broker: BrokerId, correlation: u32, request: impl Into<Request>, out: &mut Effects) {
        let after_us = self.setup.client.timing.client_us;
        out.send_after(after_us, NodeId::Broker(broker), Channel::Data, correlation, request);
    }

    /// Sends one request with a batch of each partition that this broker leads; false if there is none to send now.
    fn send_produce(&mut self, broker: BrokerId, now: SimTime, cause: Option<u32>, out: &mut Effects) -> bool {
        let config = &self.setup.config;
        if self.connections.in_flight(broker, Channel::Data) >= config.max_in_flight_requests_per_connection {
            return false;
        }
        let drained = self.accumulator.drain(broker, &self.metadata, config, &self.idempotence, now);
        if drained.is_empty() {
            return false;
        }
        let (acks, timeout_ms, client) = (config.acks, config.request_timeout_ms, self.setup.client.id);
        let mut request = ProduceRequest { acks, timeout_ms, partitions: Vec::with_capacity(drained.len()) };
        let mut batches = Vec::with_capacity(drained.len());
        let (mut sent_note, identity) = (None, self.idempotence.identity());
        for (at, batch_id) in drained {
            let topic_id = self.topic_id(at);
            let queue = self.accumulator.queue(at);
            let partition = queue.partition.clone();
            let Some(batch) = queue.sent.iter_mut().find(|batch| batch.id == batch_id) else { continue };
            let is_new = batch.is_growing();
            let encoded = batch.encode();
            let compressed = batch.compressed_bytes().filter(|_| is_new);
            sent_note = Some(out.note(Note::BatchSent {
                client,
                partition: partition.clone(),
                to: broker,
                sends: batch.sends.clone(),
                attempt: batch.attempts,
                size_bytes: encoded.size_in_bytes() as u32,
                base_sequence: encoded.base_sequence(),
            }));
            batches.push(InFlightBatch { at, topic_id, batch_id, last_sequence: identity.zip(batch.last_sequence()) });
            if let Some((compressed, uncompressed)) = compressed {
                self.accumulator.observe_compression(at, compressed, uncompressed);
            }
            let (partition, batches) = (partition.partition, vec![encoded]);
            request.partitions.push(PartitionProduceData { topic_id, partition, batches });
        }
        let correlation = self.next_correlation();
        out.because_of(sent_note.or(cause));
        self.send(broker, correlation, request, out);
        let request = InFlightRequest { broker, sent_at: now, batches };
        if acks == Acks::None {
            // There is never an answer: handed over is as good as it gets.
            self.succeed_without_answer(request, out);
        } else {
            self.connections.sent(broker, Channel::Data);
            self.in_flight.insert(correlation, request);
        }
        out.because_of(cause);
        true
    }

    /// Finds out whether a broker whose connection was lost is there again. Until then its batches wait: they are not
    /// sent, so there is no doubt about them.
    fn shake_hands(&mut self, broker: BrokerId, now: SimTime, out: &mut Effects) {
        if self.connections.in_flight(broker, Channel::Data) > 0 {
            return;
        }
        let correlation = self.next_correlation();
        self.connections.sent(broker, Channel::Data);
        self.handshakes.insert(broker, now);
        self.send(broker, correlation, ApiVersionsRequest {}, out);
    }

    fn topic_id(&self, at: QueueAt) -> TopicId {
        self.metadata.topic_id(&self.accumulator.topic(at.topic).topic).unwrap_or_default()
    }

    /// Asks for metadata if that is due.
    fn request_metadata(&mut self, now: SimTime, out: &mut Effects) {
        let correlation = self.last_correlation.wrapping_add(1);
        let connections = &self.connections;
        let most = self.setup.config.max_in_flight_requests_per_connection;
        let load = |broker| {
            let has_room = connections.in_flight(broker, Channel::Data) < most;
            connections.load(broker, Channel::Data, now).filter(|_| has_room)
        };
        let asked = self.metadata.next_request(now, correlation, &mut self.setup.client.random, load);
        if let Some((broker, request)) = asked {
            self.last_correlation = correlation;
            self.connections.sent(broker, Channel::Data);
            self.send(broker, correlation, request, out);
        }
    }

    /// Raises the epoch, or asks for a producer id, if need be.
    fn request_producer_id(&mut self, now: SimTime, out: &mut Effects) {
        if self.idempotence.bump_needed {
            let identity = self.idempotence.bump_epoch();
            if let Some(ProducerIdentity { producer_id, producer_epoch }) = identity {
                let client = self.setup.client.id;
                out.note(Note::ProducerEpochBumped { client, producer_id, producer_epoch });
                self.rewrite_sequences();
            }
        }
        let due = self.idempotence.needs_producer_id()
            && self.idempotence.asked.is_none()
            && self.idempotence.retry_at <= now;
        if !due {
            return;
        }
        let brokers = self.metadata.brokers();
        let load = |broker: &&BrokerId| self.connections.load(**broker, Channel::Data, now);
        let Some(broker) = brokers.iter().filter(|broker| load(broker).is_some()).min_by_key(load).copied() else {
            return;
        };
        let correlation = self.next_correlation();
        self.idempotence.asked = Some(InitProducerIdInFlight { broker, correlation, sent_at: now });
        self.connections.sent(broker, Channel::Data);
        let none = InitProducerIdRequest { producer_id: ProducerId(-1), producer_epoch: ProducerEpoch(-1) };
        self.send(broker, correlation, none, out);
    }

    /// What was waiting for a new epoch starts at sequence number 0.
    pub(super) fn rewrite_sequences(&mut self) {
        let Some(identity) = self.idempotence.identity() else { return };
        for queue in self.accumulator.queues_mut().filter(|queue| queue.sequences.to_rewrite) {
            queue.restart_sequences(identity);
        }
    }

    /// Finds out whether batches that ran out of time have left a gap (`TransactionManager.maybeResolveSequences`).
    fn resolve_sequences(&mut self) {
        for queue in self.accumulator.queues_mut() {
            if queue.sequences.unresolved.is_none() || queue.has_tracked() {
                continue;
            }
            queue.sequences.unresolved = None;
            if !queue.sequences.is_next(queue.sequences.next) {
                queue.sequences.request_bump(&mut self.idempotence);
            }
        }
    }

    /// Gives up the batches whose `delivery.timeout.ms` is over.
    fn expire_batches(&mut self, now: SimTime, out: &mut Effects) {
        let delivery_timeout_ms = self.setup.config.delivery_timeout_ms;
        let mut expired = Vec::new();
        for queue in self.accumulator.queues_mut() {
            if queue.next_deadline(delivery_timeout_ms).is_none_or(|deadline| deadline > now) {
                continue;
            }
            for (batch, in_flight) in queue.take_expired(delivery_timeout_ms, now) {
                if let Some(last) = batch.last_sequence().filter(|_| batch.retries > 0) {
                    queue.sequences.mark_unresolved(increment_sequence(last, 1));
                }
                expired.push((queue.partition.clone(), batch, in_flight));
            }
        }
        for (partition, batch, in_flight) in expired {
            self.accumulator.deallocate(&batch);
            let in_doubt = in_flight || batch.in_doubt;
            let outcome = if in_doubt { SendOutcome::InDoubt } else { SendOutcome::NotWritten };
            self.fail_sends(&batch.sends, Some(partition), SendError::Timeout, outcome, out);
        }
    }

    /// The partition's name at a place.
    pub(super) fn partition_at(&mut self, at: QueueAt) -> TopicPartition {
        self.accumulator.queue(at).partition.clone()
    }

    /// Sets the timer to the next thing that happens by itself.
    fn set_timer(&mut self, next_check: Option<SimTime>, now: SimTime, out: &mut Effects) {
        let config = &self.setup.config;
        let mut next = next_check;
        let mut at = |time: Option<SimTime>| next = next.into_iter().chain(time.filter(|time| *time > now)).min();
        at(self.block_deadline());
        at(self.next_request_timeout());
        for queue in self.accumulator.queues() {
            at(queue.next_deadline(config.delivery_timeout_ms));
        }
        // A question that is due and was not sent waits for a connection.
        let reconnect = self.connections.next_reconnect(now);
        at(self.metadata.next_attempt_at().and_then(|due| if due > now { Some(due) } else { reconnect }));
        if self.idempotence.needs_producer_id() && self.idempotence.asked.is_none() {
            at(Some(self.idempotence.retry_at).filter(|due| *due > now).or(reconnect));
        }
        if next == self.timer_at {
            return;
        }
        self.timer_at = next;
        match next {
            Some(time) => out.set_timer(ProducerTimer::Sender, time),
            None => out.cancel_timer(ProducerTimer::Sender),
        }
    }
}

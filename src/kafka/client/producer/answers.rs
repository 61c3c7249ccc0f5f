//! What an answer, or its absence, means for each batch (Sender.handleProduceResponse, Sender.completeBatch).

use super::Producer;
use super::accumulator::QueueAt;
use super::batch::ProducerBatch;
use super::idempotence::ProducerIdentity;
use super::in_flight::{InFlightBatch, InFlightRequest};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{BrokerId, NodeId, Offset, SimTime};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::{Note, SendError, SendOutcome};
use crate::kafka::protocol::metadata::MetadataResponse;
use crate::kafka::protocol::produce::{Acks, PartitionProduceResponse, ProduceResponse};
use crate::kafka::protocol::producer_id::InitProducerIdResponse;
use crate::kafka::protocol::{ErrorCode, Response};
use crate::kafka::sends::Sends;
use crate::kafka::sorted::SmallSort;

/// Whether the leader may have appended the records although it, or nobody, has answered with this error.
///
/// With acks=all a leader waits after the append, and tells those who wait when it loses its part, or the topic is deleted
/// (`DelayedProduce.tryComplete`): by the same errors with which it refuses what comes too late.
fn leaves_doubt(error: ErrorCode, acks: Acks) -> bool {
    match error {
        ErrorCode::RequestTimedOut
        | ErrorCode::NetworkException
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::KafkaStorageError
        | ErrorCode::Unknown => true,
        ErrorCode::NotLeaderOrFollower | ErrorCode::UnknownTopicOrPartition => acks == Acks::All,
        _ => false,
    }
}

/// The answer for a batch that got none.
fn no_answer(batch: &InFlightBatch, error: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse {
        topic_id: batch.topic_id,
        partition: batch.at.partition,
        error,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        record_errors: vec![],
        error_message: None,
        current_leader: None,
    }
}

impl Producer {
    /// An answer has come. Returns the note that explains what follows from it, if there is one.
    pub(super) fn answered(
        &mut self,
        broker: BrokerId,
        correlation: u32,
        response: Response,
        now: SimTime,
        out: &mut Effects,
    ) -> Option<u32> {
        self.connections.answered(broker, Channel::Data);
        match response {
            Response::Metadata(response) => self.metadata_answered(correlation, &response, now, out),
            Response::InitProducerId(response) => self.producer_id_answered(correlation, &response, now, out),
            Response::Produce(response) => {
                let request = self.in_flight.take(correlation)?;
                self.produce_answered(request, response, now, out)
            }
            Response::ApiVersions(_) => {
                self.handshakes.remove(&broker);
                None
            }
            _ => None,
        }
    }

    fn metadata_answered(
        &mut self,
        correlation: u32,
        response: &MetadataResponse,
        now: SimTime,
        out: &mut Effects,
    ) -> Option<u32> {
        let news = self.metadata.handle_response(correlation, response, now, &mut self.setup.client.random);
        news.then(|| out.note(Note::MetadataUpdated { client: self.setup.client.id }))
    }

    fn producer_id_answered(
        &mut self,
        correlation: u32,
        response: &InitProducerIdResponse,
        now: SimTime,
        out: &mut Effects,
    ) -> Option<u32> {
        self.idempotence.asked.take_if(|asked| asked.correlation == correlation)?;
        if !response.error.is_none() {
            self.idempotence.retry_at = now.plus_ms(u64::from(self.setup.config.retry_backoff_ms));
            return None;
        }
        let (client, producer_id, producer_epoch) =
            (self.setup.client.id, response.producer_id, response.producer_epoch);
        self.idempotence.obtained(ProducerIdentity { producer_id, producer_epoch });
        let note = out.note(Note::ProducerIdObtained { client, producer_id, producer_epoch });
        self.rewrite_sequences();
        Some(note)
    }

    fn produce_answered(
        &mut self,
        request: InFlightRequest,
        response: ProduceResponse,
        now: SimTime,
        out: &mut Effects,
    ) -> Option<u32> {
        let mut learnt = None;
        for answer in &response.partitions {
            let meant =
                |batch: &&InFlightBatch| batch.topic_id == answer.topic_id && batch.at.partition == answer.partition;
            let Some(batch) = request.batches.iter().find(meant) else { continue };
            self.complete(batch, answer, now, out);
            let names_leader = matches!(answer.error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
            if names_leader && let Some(current) = answer.current_leader {
                let partition = self.partition_at(batch.at);
                if self.metadata.update_leader(&partition.topic, partition.partition, current) {
                    learnt = Some(out.note(Note::MetadataUpdated { client: self.setup.client.id }));
                }
            }
        }
        // A broker that leaves a batch out of its answer has not told what became of it.
        let left_out = request.batches.iter().filter(|batch| {
            !response
                .partitions
                .iter()
                .any(|answer| answer.topic_id == batch.topic_id && answer.partition == batch.at.partition)
        });
        for batch in left_out {
            self.complete(batch, &no_answer(batch, ErrorCode::Unknown), now, out);
        }
        learnt
    }

    /// acks=0: the application is told of success, without an offset, as soon as the request is handed over.
    pub(super) fn succeed_without_answer(&mut self, request: InFlightRequest, out: &mut Effects) {
        for sent in &request.batches {
            if let Some(batch) = self.accumulator.queue(sent.at).take_sent(sent.batch_id) {
                self.acknowledge(sent.at, &batch, -1, out);
            }
        }
    }

    /// The connection to a broker broke: what was on its way is in doubt, and is sent again if it may be.
    pub(super) fn disconnected(&mut self, broker: BrokerId, now: SimTime, out: &mut Effects) {
        self.connection_lost(broker, ErrorCode::NetworkException, now, out);
    }

    /// Closes the connections on which an answer is overdue (`request.timeout.ms`).
    pub(super) fn disconnect_overdue(&mut self, now: SimTime, out: &mut Effects) {
        let timeout_ms = u64::from(self.setup.config.request_timeout_ms);
        let mut overdue: Vec<BrokerId> = self
            .requests_in_flight()
            .filter(|(_, sent_at)| sent_at.plus_ms(timeout_ms) <= now)
            .map(|(broker, _)| broker)
            .collect();
        overdue.sort_small();
        overdue.dedup();
        for broker in overdue {
            out.disconnect(NodeId::Broker(broker), Channel::Data);
            self.connection_lost(broker, ErrorCode::RequestTimedOut, now, out);
        }
    }

    /// All requests without an answer: to whom, and since when.
    fn requests_in_flight(&self) -> impl Iterator<Item = (BrokerId, SimTime)> {
        let produce = self.in_flight.iter().map(|(_, request)| (request.broker, request.sent_at));
        let metadata = self.metadata.in_flight().map(|(broker, _, sent_at)| (broker, sent_at));
        let producer_id = self.idempotence.asked.map(|asked| (asked.broker, asked.sent_at));
        let handshakes = self.handshakes.iter().map(|(broker, sent_at)| (*broker, *sent_at));
        produce.chain(metadata).chain(producer_id).chain(handshakes)
    }

    /// When the next answer is overdue.
    pub(super) fn next_request_timeout(&self) -> Option<SimTime> {
        let oldest = self.requests_in_flight().map(|(_, sent_at)| sent_at).min()?;
        Some(oldest.plus_ms(u64::from(self.setup.config.request_timeout_ms)))
    }

    fn connection_lost(&mut self, broker: BrokerId, error: ErrorCode, now: SimTime, out: &mut Effects) {
        let random = &mut self.setup.client.random;
        self.connections.disconnected(broker, Channel::Data, now, random);
        self.metadata.handle_disconnect(broker, now, random);
        self.metadata.request_update();
        self.handshakes.remove(&broker);
        if self.idempotence.asked.take_if(|asked| asked.broker == broker).is_some() {
            self.idempotence.retry_at = now.plus_ms(u64::from(self.setup.config.retry_backoff_ms));
        }
        for request in self.in_flight.take_all(broker) {
            for batch in &request.batches {
                self.complete(batch, &no_answer(batch, error), now, out);
            }
        }
    }

    /// What the answer means for one batch.
    fn complete(&mut self, sent: &InFlightBatch, answer: &PartitionProduceResponse, now: SimTime, out: &mut Effects) {
        let error = answer.error;
        let succeeded = error.is_none() || error == ErrorCode::DuplicateSequenceNumber;
        let queue = self.accumulator.queue(sent.at);
        let taken = queue.take_sent(sent.batch_id);
        if succeeded {
            let count = taken.as_ref().map_or(0, ProducerBatch::record_count);
            let last_offset = (answer.base_offset >= 0).then(|| answer.base_offset + i64::from(count) - 1);
            // What ran out of time meanwhile counts as well, unless the epoch is another one now.
            let of_expired = sent.last_sequence.filter(|(identity, _)| queue.sequences.identity == Some(*identity));
            let last_sequence = match &taken {
                Some(batch) => batch.last_sequence(),
                None => of_expired.map(|(_, sequence)| sequence),
            };
            if let Some(last_sequence) = last_sequence {
                queue.sequences.acked(last_sequence, last_offset);
            }
        }
        if error.is_invalid_metadata() {
            self.metadata.request_update();
        }
        let Some(mut batch) = taken else { return };
        batch.in_doubt |= leaves_doubt(error, self.setup.config.acks) && !breaks(Mutation::NoDoubt);
        if succeeded {
            self.acknowledge(sent.at, &batch, answer.base_offset, out);
        } else if error == ErrorCode::MessageTooLarge && batch.record_count() > 1 {
            let (client, partition, sends) = (self.setup.client.id, self.partition_at(sent.at), batch.sends.clone());
            let batch_size = self.setup.config.batch_size.max(1);
            let batches = self.accumulator.split_and_reenqueue(sent.at, batch, batch_size);
            out.note(Note::BatchSplit { client, partition, sends, batches });
        } else if self.can_retry(sent.at, &batch, answer, now) {
            self.retry(sent.at, batch, error, now, out);
        } else {
            self.fail(sent.at, &batch, answer, out);
        }
    }

    fn acknowledge(&mut self, at: QueueAt, batch: &ProducerBatch, base_offset: Offset, out: &mut Effects) {
        self.accumulator.deallocate(batch);
        let (client, partition, sends) = (self.setup.client.id, self.partition_at(at), batch.sends.clone());
        self.results.acknowledge(&sends, &partition, base_offset);
        out.note(Note::RecordsAcknowledged { client, sends, partition, base_offset });
    }

    fn can_retry(
        &mut self,
        at: QueueAt,
        batch: &ProducerBatch,
        answer: &PartitionProduceResponse,
        now: SimTime,
    ) -> bool {
        if self.deadline(batch) <= now || batch.retries >= self.setup.config.retries {
            return false;
        }
        match batch.sequence {
            Some(sequence) => self.accumulator.queue(at).sequences.can_retry(
                answer.error,
                sequence.base_sequence,
                batch.sequence_was_reset,
                answer.log_start_offset,
                &mut self.idempotence,
            ),
            None => answer.error.is_retriable(),
        }
    }

    fn retry(&mut self, at: QueueAt, mut batch: ProducerBatch, error: ErrorCode, now: SimTime, out: &mut Effects) {
        let backoff = self.retry_backoff();
        batch.backoff_ms = backoff.delay_ms(batch.retries, &mut self.setup.client.random);
        batch.retries += 1;
        batch.waits_since = now;
        out.note(Note::BatchRetry {
            client: self.setup.client.id,
            partition: self.partition_at(at),
            sends: batch.sends.clone(),
            error,
            attempt: batch.attempts,
            backoff_ms: batch.backoff_ms,
        });
        self.accumulator.queue(at).reenqueue(batch);
    }

    /// The batch has failed for good.
    fn fail(&mut self, at: QueueAt, batch: &ProducerBatch, answer: &PartitionProduceResponse, out: &mut Effects) {
        self.accumulator.deallocate(batch);
        let partition = self.partition_at(at);
        let outcome = if batch.in_doubt { SendOutcome::InDoubt } else { SendOutcome::NotWritten };
        // Its sequence numbers are missing now; if the retries have run out, only this error tells that they are.
        let leaves_gap =
            batch.retries < self.setup.config.retries || answer.error == ErrorCode::OutOfOrderSequenceNumber;
        if batch.sequence.is_some() && leaves_gap {
            self.accumulator.queue(at).sequences.request_bump(&mut self.idempotence);
        }
        if answer.record_errors.is_empty() {
            let error = SendError::Code(answer.error);
            self.fail_sends(&batch.sends, Some(partition), error, outcome, out);
            return;
        }
        for (place, send) in (0..).zip(batch.sends.iter()) {
            let is_refused = answer.record_errors.iter().any(|(refused, _)| *refused == place);
            let error = match (is_refused, answer.record_errors.len()) {
                (false, _) => SendError::NeighbourInvalid,
                (true, 1) => SendError::Code(answer.error),
                (true, _) => SendError::Code(ErrorCode::InvalidRecord),
            };
            self.fail_sends(&Sends::one(send), Some(partition.clone()), error, outcome, out);
        }
    }
}

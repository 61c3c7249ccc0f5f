//! Produce: appending at the leader, and waiting for the ISR (`ReplicaManager.appendRecords`, `DelayedProduce`).

use super::BrokerTimer;
use super::context::Context;
use super::partition::Partition;
use super::replica_manager::ReplicaManager;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::{Offset, TopicIdPartition, TopicPartition};
use crate::kafka::log::{AppendInfo, AppendOrigin, LogError};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::produce::{
    Acks, PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse,
};
use crate::kafka::record::RecordBatch;
use crate::kafka::record::header::MAGIC_V2;

/// A Produce request with acks=all that waits until the high watermark has passed its records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DelayedProduce {
    pub request: RequestId,
    pub partitions: Vec<ProduceStatus>,
}

/// One partition of a Produce request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProduceStatus {
    pub id: TopicIdPartition,
    /// None: refused before the topic was known.
    pub topic_partition: Option<TopicPartition>,
    /// The high watermark must reach this; -1 if nothing was appended.
    pub required_offset: Offset,
    pub acks_pending: bool,
    /// As it will be answered; while acknowledgements are pending the error is REQUEST_TIMED_OUT.
    pub response: PartitionProduceResponse,
}

impl DelayedProduce {
    fn watched(&self) -> Vec<TopicIdPartition> {
        self.partitions.iter().filter(|status| status.acks_pending).map(|status| status.id).collect()
    }
}

/// Topics that clients may not write to (`Topic.isInternal`).
pub(super) fn is_internal(topic: &str) -> bool {
    matches!(topic, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
}

/// The magic of a first batch, of whatever partition, that no format of records has ever had.
fn unknown_magic(request: &ProduceRequest) -> Option<i8> {
    let first = request.partitions.iter().filter_map(|data| data.batches.first());
    first.map(RecordBatch::magic).find(|magic| !(0..=MAGIC_V2).contains(magic))
}

/// The answer for a partition while nothing is known yet.
fn unanswered(data: &PartitionProduceData) -> PartitionProduceResponse {
    PartitionProduceResponse {
        topic_id: data.topic_id,
        partition: data.partition,
        error: ErrorCode::None,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        record_errors: Vec::new(),
        error_message: None,
        current_leader: None,
    }
}

/// What an append at the leader did, or why it was refused.
pub(super) enum LeaderAppend {
    Appended(AppendInfo),
    Refused { error: ErrorCode, log_start_offset: Offset, log_error: Option<LogError> },
}

impl ReplicaManager {
    pub(super) fn handle_produce(&mut self, request: &ProduceRequest, id: RequestId, cx: &mut Context<'_>) {
        let batches: usize = request.partitions.iter().map(|data| data.batches.len()).sum();
        cx.cost_us += cx.setup.timing.request_us + cx.append_us() * batches as u64;
        if let Some(magic) = unknown_magic(request) {
            self.refuse_unread(request, magic, id, cx);
            return;
        }
        let cause = cx.out.cause();
        let mut statuses = Vec::with_capacity(request.partitions.len());
        let mut appended = Vec::new();
        for data in &request.partitions {
            let (status, note) = self.produce_to(data, request.acks, cx);
            if let Some(note) = note {
                appended.push((status.id, note));
            }
            statuses.push(status);
            cx.out.because_of(cause);
        }
        // With acks=all the answer waits, unless nothing was appended at all.
        let must_wait = request.acks == Acks::All && statuses.iter().any(|status| status.acks_pending);
        if must_wait {
            self.delay_produce(id, statuses, request.timeout_ms, &appended, cx);
        } else {
            self.answer_produce(id, statuses, request.acks, &appended, cx);
        }
        for (partition, note) in appended {
            cx.out.because_of(Some(note));
            if !self.maybe_increment_high_watermark(partition, cx) {
                self.complete_delayed_fetches(partition, cx);
            }
        }
        cx.out.because_of(cause);
    }

    /// A batch that cannot be read ends the whole request before anything is appended (`ProduceRequest.getErrorResponse`).
    fn refuse_unread(&self, request: &ProduceRequest, magic: i8, id: RequestId, cx: &mut Context<'_>) {
        if request.acks == Acks::None {
            cx.out.refuse_connection(id);
            return;
        }
        let refused = request.partitions.iter().map(|data| PartitionProduceResponse {
            error: ErrorCode::CorruptMessage,
            error_message: Some(format!("Invalid magic found in record: {magic}")),
            ..unanswered(data)
        });
        let partitions = refused.collect();
        cx.respond(id, ProduceResponse { partitions });
    }

    /// Appends to one partition. Returns its state and, if there is one, the note of the append.
    fn produce_to(
        &mut self,
        data: &PartitionProduceData,
        acks: Acks,
        cx: &mut Context<'_>,
    ) -> (ProduceStatus, Option<u32>) {
        let id = TopicIdPartition { topic_id: data.topic_id, partition: data.partition };
        let mut status = ProduceStatus {
            id,
            topic_partition: None,
            required_offset: -1,
            acks_pending: false,
            response: unanswered(data),
        };
        let Some(topic) = cx.image.topic_by_id(data.topic_id) else {
            status.response.error = ErrorCode::UnknownTopicId;
            return (status, None);
        };
        let topic_partition = TopicPartition::new(topic.name.clone(), data.partition);
        status.topic_partition = Some(topic_partition.clone());
        let refusal = if !topic.partitions.contains_key(&data.partition) {
            Some(ErrorCode::UnknownTopicOrPartition)
        } else if data.batches.iter().skip(1).any(|batch| !(0..=MAGIC_V2).contains(&batch.magic())) {
            Some(ErrorCode::CorruptMessage)
        } else if data.batches.len() != 1 || data.batches[0].magic() != MAGIC_V2 {
            Some(ErrorCode::InvalidRecord)
        } else if let Acks::Invalid(_) = acks {
            Some(ErrorCode::InvalidRequiredAcks)
        } else if is_internal(&topic.name) {
            Some(ErrorCode::InvalidTopicException)
        } else {
            None
        };
        let result = match (refusal, data.batches.first()) {
            (None, Some(batch)) => self.append_to_leader(id, batch, acks, AppendOrigin::Client, cx),
            (error, _) => (
                LeaderAppend::Refused {
                    error: error.unwrap_or(ErrorCode::InvalidRecord),
                    log_start_offset: -1,
                    log_error: None,
                },
                None,
            ),
        };
        let (result, note) = result;
        match result {
            LeaderAppend::Appended(info) => {
                let response = &mut status.response;
                response.base_offset = info.first_offset;
                response.log_append_time_ms = info.log_append_time;
                response.log_start_offset = info.log_start_offset;
                status.required_offset = info.last_offset + 1;
                if acks == Acks::All && !breaks(Mutation::AnswerBeforeReplication) {
                    status.acks_pending = true;
                    status.response.error = ErrorCode::RequestTimedOut;
                }
            }
            LeaderAppend::Refused { error, log_start_offset, log_error } => {
                status.response.error = error;
                status.response.log_start_offset = log_start_offset;
                if error == ErrorCode::NotLeaderOrFollower {
                    status.response.current_leader = self.current_leader(id, cx.image);
                }
                if let Some(log_error) = log_error.filter(|log_error| !log_error.record_issues().is_empty()) {
                    status.response.record_errors = log_error
                        .record_issues()
                        .iter()
                        .map(|issue| (issue.batch_index, issue.message.clone()))
                        .collect();
                    status.response.error_message = Some(log_error.to_string());
                }
                cx.note(Note::BatchRefused { broker: cx.id(), partition: topic_partition, error });
            }
        }
        (status, note)
    }

    /// Appends at the leader and writes it down; returns the number of that note. With acks=all the ISR must not be
    /// below its minimum. The high watermark is left to the caller.
    pub(super) fn append_to_leader(
        &mut self,
        id: TopicIdPartition,
        batch: &RecordBatch,
        acks: Acks,
        origin: AppendOrigin,
        cx: &mut Context<'_>,
    ) -> (LeaderAppend, Option<u32>) {
        let refused = |error, log_start_offset| LeaderAppend::Refused { error, log_start_offset, log_error: None };
        if let Err(error) = self.hosted(id, cx.image) {
            return (refused(error, -1), None);
        }
        let now_ms = cx.now_ms();
        let Some(partition) = self.partition_mut(id) else {
            return (refused(ErrorCode::NotLeaderOrFollower, -1), None);
        };
        if !partition.is_leader {
            return (refused(ErrorCode::NotLeaderOrFollower, -1), None);
        }
        if acks == Acks::All && partition.is_under_min_isr() {
            return (refused(ErrorCode::NotEnoughReplicas, partition.log.log_start_offset()), None);
        }
        if cx.setup.disk.is_full {
            // What is refused anyway, or a duplicate, needs no space.
            let mut trial = partition.log.clone();
            let appended = trial.append_as_leader(batch, partition.leader_epoch, origin, now_ms);
            if appended.is_ok_and(|info| !info.is_duplicate) && !self.can_write(cx) {
                return (refused(ErrorCode::KafkaStorageError, -1), None);
            }
        }
        let Some(partition) = self.partition_mut(id) else {
            return (refused(ErrorCode::NotLeaderOrFollower, -1), None);
        };
        match partition.log.append_as_leader(batch, partition.leader_epoch, origin, now_ms) {
            Ok(info) => {
                if !info.is_duplicate {
                    partition.log.wrote(cx.now, now_ms);
                }
                let note = appended_note(partition, &info, batch, cx);
                (LeaderAppend::Appended(info), Some(cx.out.note(note)))
            }
            Err(error) => {
                let log_start_offset =
                    if error.answers_log_start_offset() { partition.log.log_start_offset() } else { -1 };
                let result =
                    LeaderAppend::Refused { error: error.error_code(), log_start_offset, log_error: Some(error) };
                (result, None)
            }
        }
    }

    fn delay_produce(
        &mut self,
        request: RequestId,
        statuses: Vec<ProduceStatus>,
        timeout_ms: u32,
        appended: &[(TopicIdPartition, u32)],
        cx: &mut Context<'_>,
    ) {
        let cause = cx.out.cause();
        for status in statuses.iter().filter(|status| status.acks_pending) {
            if let Some(partition) = &status.topic_partition {
                let append = appended.iter().find(|(id, _)| *id == status.id).map(|(_, note)| *note);
                cx.out.because_of(append.or(cause));
                let last_offset = status.required_offset - 1;
                cx.note(Note::ProduceWaits { broker: cx.id(), partition: partition.clone(), last_offset });
            }
        }
        cx.out.because_of(cause);
        let delayed = DelayedProduce { request, partitions: statuses };
        let watched = delayed.watched();
        let number = self.produces.watch(delayed, watched.iter().copied());
        // Duplicates may be committed already; no event will come for them.
        for id in watched {
            self.complete_delayed_produce(number, id, cx);
        }
        if self.produces.get(number).is_some() {
            cx.out.set_timer(BrokerTimer::Produce(number), cx.now.plus_ms(u64::from(timeout_ms)));
        }
    }

    pub(super) fn complete_delayed_produces(&mut self, id: TopicIdPartition, cx: &mut Context<'_>) {
        let mut from = 0;
        while let Some(number) = self.produces.next_watching(id, from) {
            self.complete_delayed_produce(number, id, cx);
            from = number + 1;
        }
    }

    /// Looks whether the request has its acknowledgements from one of its partitions.
    fn complete_delayed_produce(&mut self, number: u64, id: TopicIdPartition, cx: &mut Context<'_>) {
        let outcome = |required_offset| match self.hosted(id, cx.image) {
            Err(error) => Some(error),
            Ok(partition) if !partition.is_leader => Some(ErrorCode::NotLeaderOrFollower),
            Ok(partition) if partition.high_watermark() < required_offset => None,
            Ok(partition) if partition.maximal_isr_size() < partition.effective_min_isr() => {
                Some(ErrorCode::NotEnoughReplicasAfterAppend)
            }
            Ok(_) => Some(ErrorCode::None),
        };
        let Some(delayed) = self.produces.get(number) else { return };
        let settled: Vec<(usize, ErrorCode)> = delayed
            .partitions
            .iter()
            .enumerate()
            .filter(|(_, status)| status.acks_pending && status.id == id)
            .filter_map(|(at, status)| Some((at, outcome(status.required_offset)?)))
            .collect();
        if settled.is_empty() {
            return;
        }
        let leader = self.current_leader(id, cx.image);
        let Some(delayed) = self.produces.get_mut(number) else { return };
        for (at, error) in settled {
            let status = &mut delayed.partitions[at];
            status.acks_pending = false;
            status.response.error = error;
            if error == ErrorCode::NotLeaderOrFollower {
                status.response.current_leader = leader;
            }
        }
        if delayed.partitions.iter().all(|status| !status.acks_pending) {
            self.finish_produce(number, cx);
        }
    }

    /// The time of a waiting request is over.
    pub(super) fn produce_timed_out(&mut self, number: u64, cx: &mut Context<'_>) {
        self.finish_produce(number, cx);
    }

    fn finish_produce(&mut self, number: u64, cx: &mut Context<'_>) {
        let watched = |delayed: &DelayedProduce| delayed.partitions.iter().map(|status| status.id).collect();
        let Some(delayed) = self.produces.remove(number, watched) else { return };
        cx.out.cancel_timer(BrokerTimer::Produce(number));
        self.answer_produce(delayed.request, delayed.partitions, Acks::All, &[], cx);
    }

    fn answer_produce(
        &mut self,
        request: RequestId,
        statuses: Vec<ProduceStatus>,
        acks: Acks,
        appended: &[(TopicIdPartition, u32)],
        cx: &mut Context<'_>,
    ) {
        if acks == Acks::None {
            match statuses.iter().all(|status| status.response.error.is_none()) {
                true => cx.out.no_response(request),
                false => cx.out.refuse_connection(request),
            }
            return;
        }
        let cause = cx.out.cause();
        for status in statuses.iter().filter(|status| status.required_offset >= 0) {
            if let Some(partition) = &status.topic_partition {
                let append = appended.iter().find(|(id, _)| *id == status.id).map(|(_, note)| *note);
                cx.out.because_of(append.or(cause));
                let answered = cx.out.note(Note::ProduceAnswered {
                    broker: cx.id(),
                    partition: partition.clone(),
                    last_offset: status.required_offset - 1,
                    error: status.response.error,
                });
                cx.out.because_of(Some(answered));
            }
        }
        let partitions = statuses.into_iter().map(|status| status.response).collect();
        cx.respond(request, ProduceResponse { partitions });
        cx.out.because_of(cause);
    }
}

impl Partition {
    /// Members of the ISR, those being added included.
    fn maximal_isr_size(&self) -> usize {
        let added = self.pending_isr.iter().flat_map(|pending| &pending.isr);
        self.isr.len() + added.filter(|member| !self.isr.contains(member)).count()
    }
}

fn appended_note(partition: &Partition, info: &AppendInfo, batch: &RecordBatch, cx: &Context<'_>) -> Note {
    let topic_partition = partition.topic_partition.clone();
    if info.is_duplicate {
        return Note::DuplicateBatch {
            broker: cx.id(),
            partition: topic_partition,
            base_offset: info.first_offset,
            producer_id: batch.producer_id(),
        };
    }
    Note::RecordsAppended {
        broker: cx.id(),
        partition: topic_partition,
        base_offset: info.first_offset,
        last_offset: info.last_offset,
        leader_epoch: partition.leader_epoch,
        as_leader: true,
        size_bytes: info.size_in_bytes as u32,
    }
}

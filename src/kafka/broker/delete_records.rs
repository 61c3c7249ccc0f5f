//! DeleteRecords: moves the log start up, and waits until all replicas that are alive have followed
//! (`ReplicaManager.deleteRecords`, `DelayedDeleteRecords`).

use super::BrokerTimer;
use super::context::Context;
use super::produce::is_internal;
use super::replica_manager::ReplicaManager;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::{Offset, TopicIdPartition, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::{DeleteRecordsRequest, DeleteRecordsResponse};

/// A DeleteRecords request that waits for followers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DelayedDeleteRecords {
    pub request: RequestId,
    pub partitions: Vec<DeletionStatus>,
}

/// One partition of a DeleteRecords request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeletionStatus {
    pub topic_partition: TopicPartition,
    pub id: Option<TopicIdPartition>,
    /// The low watermark must reach this.
    pub required_offset: Offset,
    /// Log starts of followers are awaited; the error is REQUEST_TIMED_OUT meanwhile.
    pub is_pending: bool,
    pub low_watermark: Offset,
    pub error: ErrorCode,
}

impl DelayedDeleteRecords {
    fn watched(&self) -> Vec<TopicIdPartition> {
        self.partitions.iter().filter_map(|status| status.id).collect()
    }
}

impl ReplicaManager {
    pub(super) fn handle_delete_records(
        &mut self,
        request: &DeleteRecordsRequest,
        id: RequestId,
        cx: &mut Context<'_>,
    ) {
        cx.cost_us += cx.setup.timing.request_us;
        let partitions: Vec<DeletionStatus> = request
            .partitions
            .iter()
            .map(|(topic_partition, offset)| {
                let mut status = DeletionStatus {
                    topic_partition: topic_partition.clone(),
                    id: ReplicaManager::id_of(topic_partition, cx.image),
                    required_offset: -1,
                    is_pending: false,
                    low_watermark: -1,
                    error: ErrorCode::None,
                };
                match self.delete_records_on_leader(&status, *offset, cx) {
                    Ok(required_offset) => {
                        status.required_offset = required_offset;
                        status.is_pending = true;
                        status.error = ErrorCode::RequestTimedOut;
                    }
                    Err(error) => status.error = error,
                }
                status
            })
            .collect();
        let delayed = DelayedDeleteRecords { request: id, partitions };
        let watched = delayed.watched();
        let number = self.deletions.watch(delayed, watched.iter().copied());
        self.complete_delayed_deletion(number, cx);
        if self.deletions.get(number).is_some() {
            cx.out.set_timer(BrokerTimer::DeleteRecords(number), cx.now.plus_ms(u64::from(request.timeout_ms)));
        }
    }

    /// Moves this leader's log start; returns where to.
    fn delete_records_on_leader(
        &mut self,
        status: &DeletionStatus,
        offset: Offset,
        cx: &mut Context<'_>,
    ) -> Result<Offset, ErrorCode> {
        let id = status.id.ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if is_internal(&status.topic_partition.topic) {
            return Err(ErrorCode::InvalidTopicException);
        }
        self.hosted(id, cx.image)?;
        let broker = cx.id();
        let partition = self.partition_mut(id).ok_or(ErrorCode::NotLeaderOrFollower)?;
        if !partition.is_leader {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let can_delete = partition.settings.topic.cleanup_policy.split(',').any(|policy| policy.trim() == "delete");
        if !can_delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let offset = if offset == -1 { partition.high_watermark() } else { offset };
        if offset < 0 {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let has_moved = partition.log.maybe_increment_log_start_offset(offset).map_err(|error| error.error_code())?;
        if has_moved {
            let note = Note::LogStartMoved { broker, partition: partition.topic_partition.clone(), to: offset };
            cx.note(note);
        }
        Ok(offset)
    }

    pub(super) fn complete_delayed_deletions(&mut self, id: TopicIdPartition, cx: &mut Context<'_>) {
        let mut from = 0;
        while let Some(number) = self.deletions.next_watching(id, from) {
            self.complete_delayed_deletion(number, cx);
            from = number + 1;
        }
    }

    fn complete_delayed_deletion(&mut self, number: u64, cx: &mut Context<'_>) {
        let ReplicaManager { deletions, partitions, .. } = self;
        let Some(delayed) = deletions.get_mut(number) else { return };
        for status in delayed.partitions.iter_mut().filter(|status| status.is_pending) {
            let partition = status.id.and_then(|id| partitions.get(&id)).filter(|partition| partition.is_leader);
            match partition.map(|partition| partition.low_watermark(cx)) {
                None => {
                    status.is_pending = false;
                    status.error = ErrorCode::NotLeaderOrFollower;
                }
                Some(low_watermark) if low_watermark >= status.required_offset => {
                    status.is_pending = false;
                    status.error = ErrorCode::None;
                    status.low_watermark = low_watermark;
                }
                Some(_) => {}
            }
        }
        if delayed.partitions.iter().all(|status| !status.is_pending) {
            self.finish_deletion(number, cx);
        }
    }

    /// All replicas have followed, or the time is over.
    pub(super) fn finish_deletion(&mut self, number: u64, cx: &mut Context<'_>) {
        let Some(delayed) = self.deletions.remove(number, DelayedDeleteRecords::watched) else { return };
        cx.out.cancel_timer(BrokerTimer::DeleteRecords(number));
        let partitions = delayed
            .partitions
            .into_iter()
            .map(|status| (status.topic_partition, status.low_watermark, status.error))
            .collect();
        cx.respond(delayed.request, DeleteRecordsResponse { partitions });
    }
}

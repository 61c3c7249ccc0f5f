//! Fetch, by consumers and followers (`ReplicaManager.fetchMessages`, `Partition.fetchRecords`).

use super::BrokerTimer;
use super::context::Context;
use super::delayed_fetch::DelayedFetch;
use super::fetch_session::CachedPartition;
use super::fetch_session_cache::FetchContext;
use super::partition::Partition;
use super::replica_manager::ReplicaManager;
use super::replication_quota::Side;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::{BrokerEpoch, BrokerId, Offset, TopicIdPartition};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::{
    DivergingEpoch, FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Fetcher,
};
use crate::kafka::protocol::fetch_metadata::FetchMetadata;
use crate::kafka::record::RecordBatch;

/// `fetch.max.bytes` of the broker.
const FETCH_MAX_BYTES: i32 = 57_671_680;

/// The partitions of a fetch in order; those of a session with what the fetcher knows of them.
pub(super) fn asked_partitions<'a>(
    fetch: &'a FetchRequest,
    context: &'a FetchContext,
) -> impl Iterator<Item = (&'a FetchPartition, Option<&'a CachedPartition>)> {
    let cached = match context {
        FetchContext::Incremental(incremental) => incremental.partitions.as_slice(),
        FetchContext::Sessionless | FetchContext::Full => &[],
    };
    let named = fetch.partitions.iter().map(|asked| (asked, None));
    named.chain(cached.iter().map(|cached| (&cached.asked, Some(cached))))
}

/// What reading all partitions gave.
pub(super) struct FetchData {
    /// Each with its place among the partitions asked for. Of a session: only what is news.
    answers: Vec<(usize, FetchPartitionResponse)>,
    size_bytes: i64,
    /// The answer must not wait.
    is_urgent: bool,
    has_partitions: bool,
}

/// What reading one partition gave.
struct LogReadResult {
    high_watermark: Offset,
    log_start_offset: Offset,
    diverging_epoch: Option<DivergingEpoch>,
    batches: Vec<RecordBatch>,
    preferred_read_replica: Option<BrokerId>,
    size_bytes: i64,
}

impl ReplicaManager {
    pub(super) fn handle_fetch(&mut self, mut fetch: FetchRequest, id: RequestId, cx: &mut Context<'_>) {
        cx.cost_us += cx.setup.timing.request_us;
        let follower = if let Fetcher::Follower { replica, .. } = fetch.fetcher { Some(replica) } else { None };
        if let Some(follower) = follower {
            fetch.forgotten.iter().for_each(|forgotten| self.end_quiet(*forgotten, follower));
        }
        let context = match self.fetch_sessions.new_context(&mut fetch, cx.now) {
            Ok(context) => context,
            Err(error) => {
                let session_id = FetchMetadata::INVALID_SESSION_ID;
                cx.respond(id, FetchResponse { error, session_id, partitions: Vec::new() });
                return;
            }
        };
        if let Some(follower) = follower {
            self.follower_fetches(follower, &context);
        }
        let data = self.read_all(&fetch, &context, true, cx);
        if let Some(follower) = follower {
            self.follower_has_fetched(follower, &context, cx.now);
        }
        if data.is_urgent
            || fetch.max_wait_ms == 0
            || !data.has_partitions
            || data.size_bytes >= i64::from(fetch.min_bytes)
        {
            self.answer_fetch(DelayedFetch { request: id, fetch, context }, data, cx);
            return;
        }
        let max_wait_ms = u64::from(fetch.max_wait_ms);
        // Which partitions it waits for is asked of the session: there may be many, and most fetches wait in vain.
        let number = self.fetches.watch(DelayedFetch { request: id, fetch, context }, std::iter::empty());
        cx.out.set_timer(BrokerTimer::Fetch(number), cx.now.plus_ms(max_wait_ms));
    }

    pub(super) fn answer_fetch(&mut self, answered: DelayedFetch, data: FetchData, cx: &mut Context<'_>) {
        let DelayedFetch { request, fetch, context } = answered;
        let response = self.fetch_sessions.answer(&fetch, context, data.answers, cx.now);
        self.record_sent(fetch.fetcher, &response, cx);
        cx.respond(request, response);
    }

    /// Reads all partitions within the limits of bytes. `is_first`: a follower's offsets count (not when a waiting fetch
    /// is read again).
    pub(super) fn read_all(
        &mut self,
        fetch: &FetchRequest,
        context: &FetchContext,
        is_first: bool,
        cx: &mut Context<'_>,
    ) -> FetchData {
        let is_incremental = matches!(context, FetchContext::Incremental(_));
        let capacity = if is_incremental { 0 } else { fetch.partitions.len() };
        let mut data =
            FetchData { answers: Vec::with_capacity(capacity), size_bytes: 0, is_urgent: false, has_partitions: false };
        let mut left = i64::from(fetch.max_bytes.min(FETCH_MAX_BYTES));
        for (place, (asked, cached)) in asked_partitions(fetch, context).enumerate() {
            data.has_partitions = true;
            if cached.is_some_and(|cached| self.pass_if_quiet(fetch.fetcher, cached, is_first, cx)) {
                continue;
            }
            if is_first && let Fetcher::Follower { replica, .. } = fetch.fetcher {
                self.end_quiet(asked.id(), replica);
            }
            let max_bytes = left.min(i64::from(asked.partition_max_bytes)) as i32;
            let result = self.fetch_partition(fetch, asked, max_bytes, data.size_bytes == 0, is_first, cx);
            let response = match result {
                Ok(read) => {
                    data.is_urgent |= read.diverging_epoch.is_some() || read.preferred_read_replica.is_some();
                    data.size_bytes += read.size_bytes;
                    if !read.batches.is_empty() {
                        cx.cost_us += cx.setup.disk.latency_us;
                    }
                    left = (left - read.size_bytes).max(0);
                    read.into_response(asked)
                }
                Err(error) => {
                    data.is_urgent = true;
                    self.error_response(asked, error, cx)
                }
            };
            if cached.is_none_or(|cached| cached.must_respond(&response)) {
                data.answers.push((place, response));
            }
        }
        data
    }

    /// Passes a partition of a session over if it has nothing to read and nothing to tell, at a glance: so it is with most
    /// of them most of the time. What else a fetch does, noting how far a follower is, is done then. False: it is to be
    /// read.
    fn pass_if_quiet(
        &mut self,
        fetcher: Fetcher,
        cached: &CachedPartition,
        is_first: bool,
        cx: &mut Context<'_>,
    ) -> bool {
        let asked = &cached.asked;
        let id = asked.id();
        let Ok(partition) = self.hosted(id, cx.image) else { return false };
        let (end, is_follower) = match fetcher {
            // The leader may have another replica to name.
            Fetcher::Consumer if is_first && cx.setup.config.replica_selector_class.is_some() => return false,
            Fetcher::Consumer => (partition.high_watermark(), false),
            Fetcher::Debugging => (partition.log_end_offset(), false),
            Fetcher::Follower { .. } => (partition.log_end_offset(), true),
        };
        if partition.check_epoch(asked.current_leader_epoch, is_follower).is_err()
            || !partition.is_at_end(asked, end)
            || !cached.has_told(partition.high_watermark(), partition.log.log_start_offset())
        {
            return false;
        }
        let Fetcher::Follower { replica, broker_epoch } = fetcher else { return true };
        if !partition.followers.contains_key(&replica) || is_stale(broker_epoch, replica, cx) {
            return false;
        }
        if is_first && !partition.is_quiet_fetch(replica, asked, end, broker_epoch) {
            self.end_quiet(id, replica);
            self.follower_fetched(id, replica, asked, end, broker_epoch, cx);
            self.begin_quiet(id, replica);
        }
        true
    }

    fn fetch_partition(
        &mut self,
        fetch: &FetchRequest,
        asked: &FetchPartition,
        max_bytes: i32,
        min_one_batch: bool,
        is_first: bool,
        cx: &mut Context<'_>,
    ) -> Result<LogReadResult, ErrorCode> {
        let id = asked.id();
        let partition = match self.hosted(id, cx.image) {
            Ok(partition) => partition,
            Err(_) if cx.image.topic_by_id(asked.topic_id).is_none() => return Err(ErrorCode::UnknownTopicId),
            Err(error) => return Err(error),
        };
        match fetch.fetcher {
            Fetcher::Consumer => {
                partition.check_epoch(asked.current_leader_epoch, false)?;
                if is_first && let Some(replica) = partition.preferred_read_replica(fetch, asked, cx) {
                    return Ok(LogReadResult {
                        high_watermark: partition.high_watermark(),
                        log_start_offset: partition.log.log_start_offset(),
                        diverging_epoch: None,
                        batches: Vec::new(),
                        preferred_read_replica: Some(replica),
                        size_bytes: 0,
                    });
                }
                let upper_bound = match breaks(Mutation::ReadsBeyondHighWatermark) {
                    true => partition.log_end_offset(),
                    false => partition.high_watermark(),
                };
                partition.read(asked, upper_bound, max_bytes, min_one_batch)
            }
            Fetcher::Debugging => {
                partition.check_epoch(asked.current_leader_epoch, false)?;
                partition.read(asked, partition.log_end_offset(), max_bytes, min_one_batch)
            }
            Fetcher::Follower { replica, broker_epoch } => {
                partition.check_epoch(asked.current_leader_epoch, true)?;
                if !partition.followers.contains_key(&replica) {
                    // Metadata of one of the two is behind (a reassignment).
                    let knows_epoch = asked.current_leader_epoch.is_some();
                    return Err(if knows_epoch {
                        ErrorCode::UnknownLeaderEpoch
                    } else {
                        ErrorCode::NotLeaderOrFollower
                    });
                }
                let log_end_offset = partition.log_end_offset();
                let mut read = partition.read(asked, log_end_offset, max_bytes, min_one_batch)?;
                if self.is_leader_throttled(partition, replica, cx) {
                    read.batches.clear();
                    read.size_bytes = 0;
                }
                if is_first && read.diverging_epoch.is_none() {
                    if is_stale(broker_epoch, replica, cx) {
                        return Err(ErrorCode::NotLeaderOrFollower);
                    }
                    self.follower_fetched(id, replica, asked, log_end_offset, broker_epoch, cx);
                }
                Ok(read)
            }
        }
    }

    /// Whether a follower gets nothing for now: it is not in sync, and those like it have had too much
    /// (`shouldLeaderThrottle`).
    pub(super) fn is_leader_throttled(&self, partition: &Partition, follower: BrokerId, cx: &Context<'_>) -> bool {
        partition.is_throttled(Side::Leader)
            && !partition.isr.contains(&follower)
            && self.leader_quota.is_exceeded(Side::Leader, cx)
    }

    /// Counts what a follower gets of throttled partitions: the records, which are nearly all of an answer.
    fn record_sent(&mut self, fetcher: Fetcher, response: &FetchResponse, cx: &Context<'_>) {
        if !matches!(fetcher, Fetcher::Follower { .. }) {
            return;
        }
        let is_throttled = |answer: &&FetchPartitionResponse| {
            self.partitions.get(&answer.id()).is_some_and(|partition| partition.is_throttled(Side::Leader))
        };
        let throttled = response.partitions.iter().filter(|answer| !answer.batches.is_empty()).filter(is_throttled);
        let bytes: u64 = throttled.flat_map(|answer| &answer.batches).map(|batch| batch.size_in_bytes() as u64).sum();
        if bytes > 0 {
            self.leader_quota.record(bytes, cx.now);
        }
    }

    /// Notes how far a follower has got, and what follows from it: the ISR may grow, the high watermark may move.
    fn follower_fetched(
        &mut self,
        id: TopicIdPartition,
        follower: BrokerId,
        asked: &FetchPartition,
        log_end_offset: Offset,
        broker_epoch: Option<BrokerEpoch>,
        cx: &mut Context<'_>,
    ) {
        let now = cx.now;
        let Some(partition) = self.partition_mut(id) else { return };
        let Some(replica) = partition.followers.get_mut(&follower) else { return };
        let before = (replica.log_end_offset, replica.log_start_offset);
        replica.fetched(asked.fetch_offset, asked.log_start_offset, log_end_offset, broker_epoch, now);
        let has_moved = before.0 != asked.fetch_offset;
        let has_new_start = before.1 != asked.log_start_offset;
        let may_join = !partition.isr.contains(&follower);
        if has_moved {
            let note = Note::FollowerProgress {
                leader: cx.id(),
                partition: partition.topic_partition.clone(),
                follower,
                log_end_offset: asked.fetch_offset,
            };
            cx.note_then(note, |cx| {
                self.maybe_expand_isr(id, follower, cx);
                self.maybe_increment_high_watermark(id, cx);
            });
        } else if may_join {
            self.maybe_expand_isr(id, follower, cx);
        }
        if has_new_start {
            self.complete_delayed_deletions(id, cx);
        }
    }

    fn error_response(&self, asked: &FetchPartition, error: ErrorCode, cx: &Context<'_>) -> FetchPartitionResponse {
        let tells_leader = matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch);
        FetchPartitionResponse {
            topic_id: asked.topic_id,
            partition: asked.partition,
            error,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: None,
            current_leader: if tells_leader { self.current_leader(asked.id(), cx.image) } else { None },
            preferred_read_replica: None,
            aborted_transactions: Vec::new(),
            batches: Vec::new(),
        }
    }
}

/// Whether a follower speaks for a former life of its broker (KIP-903).
fn is_stale(broker_epoch: Option<BrokerEpoch>, replica: BrokerId, cx: &Context<'_>) -> bool {
    let registered = || cx.image.brokers.get(&replica).map(|registration| registration.epoch);
    broker_epoch.is_some() && registered() > broker_epoch
}

impl LogReadResult {
    fn into_response(self, asked: &FetchPartition) -> FetchPartitionResponse {
        FetchPartitionResponse {
            topic_id: asked.topic_id,
            partition: asked.partition,
            error: ErrorCode::None,
            high_watermark: self.high_watermark,
            last_stable_offset: self.high_watermark,
            log_start_offset: self.log_start_offset,
            diverging_epoch: self.diverging_epoch,
            current_leader: None,
            preferred_read_replica: self.preferred_read_replica,
            aborted_transactions: Vec::new(),
            batches: self.batches,
        }
    }
}

impl Partition {
    /// Whether somebody who asks so has everything up to `end`, and their logs do not part, at a glance.
    pub(super) fn is_at_end(&self, asked: &FetchPartition, end: Offset) -> bool {
        asked.fetch_offset == end
            && (asked.last_fetched_epoch.is_none() || asked.last_fetched_epoch == self.log.latest_epoch())
    }

    /// Where the asker's log and this one part, if it named the epoch of its last record and they do
    /// (`Partition.readRecords`).
    ///
    /// # Errors
    /// OFFSET_OUT_OF_RANGE if this log knows nothing of that epoch, or begins after the offset.
    pub(super) fn divergence(&self, asked: &FetchPartition) -> Result<Option<DivergingEpoch>, ErrorCode> {
        let Some(last_fetched_epoch) = asked.last_fetched_epoch else { return Ok(None) };
        let end = self.log.end_offset_for_epoch(last_fetched_epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
        if asked.fetch_offset < self.log.log_start_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let diverges = end.epoch < last_fetched_epoch || end.offset < asked.fetch_offset;
        let diverges = diverges && !breaks(Mutation::DivergenceUntold);
        Ok(diverges.then_some(DivergingEpoch { epoch: end.epoch, end_offset: end.offset }))
    }

    /// Whole batches below `upper_bound`, or the point of divergence.
    fn read(
        &self,
        asked: &FetchPartition,
        upper_bound: Offset,
        max_bytes: i32,
        min_one_batch: bool,
    ) -> Result<LogReadResult, ErrorCode> {
        let diverging_epoch = self.divergence(asked)?;
        let batches = match diverging_epoch {
            Some(_) => Vec::new(),
            // Nothing new, as for most partitions of most fetches.
            None if asked.fetch_offset == upper_bound => Vec::new(),
            // `LogSegment.read` does not know what to make of such a size.
            None if max_bytes < 0 && (self.log.log_start_offset()..upper_bound).contains(&asked.fetch_offset) => {
                return Err(ErrorCode::Unknown);
            }
            None => self
                .log
                .read(asked.fetch_offset, max_bytes, upper_bound, min_one_batch)
                .map_err(|error| error.error_code())?,
        };
        Ok(LogReadResult {
            high_watermark: self.high_watermark(),
            log_start_offset: self.log.log_start_offset(),
            diverging_epoch,
            size_bytes: batches.iter().map(|batch| i64::from(batch.size_in_bytes())).sum(),
            batches,
            preferred_read_replica: None,
        })
    }

    /// The replica in the consumer's rack that it should read from (KIP-392, `RackAwareReplicaSelector`); None: here.
    fn preferred_read_replica(
        &self,
        fetch: &FetchRequest,
        asked: &FetchPartition,
        cx: &Context<'_>,
    ) -> Option<BrokerId> {
        let selector = cx.setup.config.replica_selector_class.as_deref()?;
        let is_rack_aware = selector.ends_with("RackAwareReplicaSelector");
        if !is_rack_aware || !self.is_leader || fetch.rack_id.is_empty() {
            return None;
        }
        let is_in_rack = |id: BrokerId| {
            cx.image.brokers.get(&id).is_some_and(|registration| {
                !registration.fenced && registration.rack.as_deref() == Some(fetch.rack_id.as_str())
            })
        };
        if is_in_rack(cx.id()) {
            return None;
        }
        self.followers
            .iter()
            .filter(|(id, replica)| {
                self.isr.contains(id)
                    && is_in_rack(**id)
                    && replica.log_end_offset >= asked.fetch_offset
                    && replica.log_start_offset <= asked.fetch_offset
            })
            .max_by_key(|(id, replica)| (replica.log_end_offset, std::cmp::Reverse(**id)))
            .map(|(id, _)| *id)
    }
}

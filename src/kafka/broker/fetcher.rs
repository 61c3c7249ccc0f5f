//! Copying from a leader (`ReplicaFetcherThread`, `AbstractFetcherThread`): one for each broker that leads something
//! this one follows.

use super::BrokerTimer;
use super::context::Context;
use super::partition::Partition;
use super::replica_manager::ReplicaManager;
use super::replication_quota::Side;
use crate::kafka::client::fetch_session_handler::FetchSessionHandler;
use crate::kafka::effects::Channel;
use crate::kafka::ids::{BrokerId, LeaderEpoch, NodeId, Offset, SimTime, TopicIdPartition};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::{
    DivergingEpoch, FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Fetcher as Asker,
    IsolationLevel,
};
use crate::kafka::protocol::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec};
use crate::kafka::record::RecordBatch;
use crate::kafka::setup::Truncation;
use crate::kafka::sorted::SortedMap;

/// The thread that copies from one leader. One request at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Fetcher {
    pub partitions: SortedMap<TopicIdPartition, PartitionFetchState>,
    pub session: FetchSessionHandler,
    pub in_flight: Option<InFlight>,
}

/// One partition that is copied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionFetchState {
    pub current_leader_epoch: LeaderEpoch,
    /// After an error: not before then.
    pub delayed_until: Option<SimTime>,
    /// Whether the last answer left nothing to fetch that the leader had committed; before the first answer it does
    /// not count as in sync (`PartitionFetchState.isReplicaInSync`).
    pub is_in_sync: bool,
    /// The leader has said that the offset is out of range: its own offsets must be asked for first.
    pub is_out_of_range: bool,
    /// The leader of this epoch has told where the logs part, or that they do not; counts only where it is asked once
    /// ([`Truncation::NextEpochOfLeader`]).
    pub has_asked: bool,
}

/// The request that the leader has not answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InFlight {
    pub correlation: u32,
    pub request: FetcherRequest,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetcherRequest {
    /// What was asked stands in the [`Fetcher::session`].
    Fetch,
    /// After OFFSET_OUT_OF_RANGE: where does the leader's log end?
    LatestOffset(TopicIdPartition),
    /// Then: where does it begin?
    EarliestOffset(TopicIdPartition),
}

impl ReplicaManager {
    /// Begins to copy a partition, or begins anew in a new epoch.
    pub(super) fn add_fetcher(&mut self, id: TopicIdPartition, leader: BrokerId, epoch: LeaderEpoch) {
        let state = PartitionFetchState {
            current_leader_epoch: epoch,
            delayed_until: None,
            is_in_sync: false,
            is_out_of_range: false,
            has_asked: false,
        };
        self.fetchers.entry(leader).or_default().partitions.insert(id, state);
    }

    pub(super) fn remove_fetcher(&mut self, id: TopicIdPartition) {
        for fetcher in self.fetchers.values_mut() {
            fetcher.partitions.remove(&id);
        }
    }

    /// Closes the connections that nothing is copied over any more.
    pub(super) fn close_idle_fetchers(&mut self, cx: &mut Context<'_>) {
        let idle: Vec<BrokerId> = self
            .fetchers
            .iter()
            .filter(|(_, fetcher)| fetcher.partitions.is_empty())
            .map(|(leader, _)| *leader)
            .collect();
        for leader in idle {
            self.fetchers.remove(&leader);
            cx.out.cancel_timer(BrokerTimer::Fetcher(leader));
            cx.out.cancel_timer(BrokerTimer::FetcherTimeout(leader));
            cx.out.disconnect(NodeId::Broker(leader), Channel::Replication);
        }
    }

    /// Lets every fetcher that has nothing under way send its next request.
    pub(super) fn wake_fetchers(&mut self, cx: &mut Context<'_>) {
        let leaders: Vec<BrokerId> = self.fetchers.keys().copied().collect();
        for leader in leaders {
            self.next_fetch(leader, cx);
        }
    }

    /// Sends the next request to a leader, or waits for the partitions that are delayed.
    pub(super) fn next_fetch(&mut self, leader: BrokerId, cx: &mut Context<'_>) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        if fetcher.in_flight.is_some() {
            return;
        }
        let is_delayed = |state: &PartitionFetchState| state.delayed_until.is_some_and(|at| at > cx.now);
        let is_out_of_range = |state: &PartitionFetchState| state.is_out_of_range && !is_delayed(state);
        if let Some((id, _)) = fetcher.partitions.iter().find(|(_, state)| is_out_of_range(state)) {
            let id = *id;
            self.ask_offset(leader, id, OffsetSpec::Latest, cx);
            return;
        }
        if cx.setup.truncation != Truncation::LeaderEpoch {
            // The Kafka of those times knew no sessions.
            fetcher.session.notify_close();
        }
        let mut earliest: Option<SimTime> = None;
        let backed_off = cx.now.plus_ms(u64::from(cx.setup.config.replica_fetch_backoff_ms));
        let mut builder = fetcher.session.builder();
        for (id, state) in &fetcher.partitions {
            if let Some(at) = state.delayed_until.filter(|at| *at > cx.now) {
                earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
                continue;
            }
            let Some(partition) = self.partitions.get(id) else { continue };
            if !state.is_in_sync
                && partition.is_throttled(Side::Follower)
                && self.follower_quota.is_exceeded(Side::Follower, cx)
            {
                earliest = Some(earliest.map_or(backed_off, |earliest| earliest.min(backed_off)));
                continue;
            }
            builder.add(FetchPartition {
                topic_id: id.topic_id,
                partition: id.partition,
                current_leader_epoch: Some(state.current_leader_epoch),
                fetch_offset: partition.log.log_end_offset(),
                last_fetched_epoch: match cx.setup.truncation_rule() {
                    Truncation::HighWatermark => None,
                    Truncation::NextEpochOfLeader if state.has_asked => None,
                    _ => partition.log.latest_epoch(),
                },
                log_start_offset: partition.log.log_start_offset(),
                partition_max_bytes: cx.setup.config.replica_fetch_max_bytes as i32,
            });
        }
        let data = builder.build();
        if fetcher.session.partitions().is_empty() && data.to_forget.is_empty() {
            if let Some(at) = earliest {
                cx.out.set_timer(BrokerTimer::Fetcher(leader), at);
            }
            return;
        }
        let config = &cx.setup.config;
        let request = FetchRequest {
            fetcher: Asker::Follower { replica: cx.id(), broker_epoch: cx.broker_epoch },
            max_wait_ms: config.replica_fetch_wait_max_ms,
            min_bytes: config.replica_fetch_min_bytes,
            max_bytes: config.replica_fetch_response_max_bytes as i32,
            isolation: IsolationLevel::ReadUncommitted,
            rack_id: String::new(),
            partitions: data.to_send,
            session: data.metadata,
            forgotten: data.to_forget,
        };
        self.send_to_leader(leader, FetcherRequest::Fetch, request, cx);
    }

    fn send_to_leader(
        &mut self,
        leader: BrokerId,
        what: FetcherRequest,
        request: impl Into<crate::kafka::protocol::Request>,
        cx: &mut Context<'_>,
    ) {
        let correlation = cx.next_correlation();
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        fetcher.in_flight = Some(InFlight { correlation, request: what });
        cx.out.send_after(cx.cost_us, NodeId::Broker(leader), Channel::Replication, correlation, request);
        let timeout_ms = u64::from(cx.setup.config.replica_socket_timeout_ms);
        cx.out.set_timer(BrokerTimer::FetcherTimeout(leader), cx.now.plus_ms(timeout_ms));
    }

    fn ask_offset(&mut self, leader: BrokerId, id: TopicIdPartition, spec: OffsetSpec, cx: &mut Context<'_>) {
        let Some(partition) = self.partitions.get(&id) else { return };
        let request = ListOffsetsRequest {
            fetcher: Asker::Follower { replica: cx.id(), broker_epoch: cx.broker_epoch },
            isolation: IsolationLevel::ReadUncommitted,
            partitions: vec![ListOffsetsPartition {
                topic_partition: partition.topic_partition.clone(),
                current_leader_epoch: Some(partition.leader_epoch),
                spec,
            }],
        };
        let what = match spec {
            OffsetSpec::Earliest => FetcherRequest::EarliestOffset(id),
            _ => FetcherRequest::LatestOffset(id),
        };
        self.send_to_leader(leader, what, request, cx);
    }

    /// Takes what was under way, if the answer belongs to it.
    fn take_in_flight(&mut self, leader: BrokerId, correlation: u32, cx: &mut Context<'_>) -> Option<FetcherRequest> {
        let fetcher = self.fetchers.get_mut(&leader)?;
        let in_flight = fetcher.in_flight.take_if(|in_flight| in_flight.correlation == correlation)?;
        cx.out.cancel_timer(BrokerTimer::FetcherTimeout(leader));
        Some(in_flight.request)
    }

    pub(super) fn fetch_answered(
        &mut self,
        leader: BrokerId,
        correlation: u32,
        response: FetchResponse,
        cx: &mut Context<'_>,
    ) {
        let Some(FetcherRequest::Fetch) = self.take_in_flight(leader, correlation, cx) else { return };
        let fetcher = self.fetchers.get_mut(&leader);
        if !fetcher.is_some_and(|fetcher| fetcher.session.handle_response(&response)) {
            // Nothing of it counts: the next request begins the session anew.
            self.next_fetch(leader, cx);
            return;
        }
        let mut missed_news = false;
        for answer in response.partitions {
            let id = answer.id();
            let Some(fetcher) = self.fetchers.get(&leader) else { break };
            let (Some(asked), Some(state)) = (fetcher.session.asked(id), fetcher.partitions.get(&id)) else { continue };
            let Some(partition) = self.partitions.get(&id) else { continue };
            let is_current = asked.current_leader_epoch == Some(state.current_leader_epoch)
                && state.delayed_until.is_none_or(|until| until <= cx.now)
                && !partition.is_leader
                && partition.log.log_end_offset() == asked.fetch_offset;
            if !is_current {
                missed_news |= answer.error.is_none() && has_news(&answer, partition);
                continue;
            }
            let high_watermark = answer.high_watermark;
            let may_tell_lag = answer.error.is_none() && answer.diverging_epoch.is_none();
            if has_news(&answer, partition) {
                self.partition_answered(leader, id, answer, cx);
            }
            if may_tell_lag {
                self.note_lag(leader, id, high_watermark);
            }
        }
        if missed_news && let Some(fetcher) = self.fetchers.get_mut(&leader) {
            // The leader believes it told what was passed over. Kafka leaves it at that, and the high watermark here
            // would stay behind until it moves next; a new session tells everything again.
            fetcher.session.handle_error();
        }
        self.next_fetch(leader, cx);
    }

    fn partition_answered(
        &mut self,
        leader: BrokerId,
        id: TopicIdPartition,
        answer: FetchPartitionResponse,
        cx: &mut Context<'_>,
    ) {
        match answer.error {
            ErrorCode::None => {
                if let Some(diverging) = answer.diverging_epoch {
                    self.truncate_to_divergence(id, diverging, cx);
                    if let Some(state) = self.fetch_state_mut(leader, id) {
                        state.has_asked = true;
                    }
                } else if !self.append_as_follower(id, &answer, cx) {
                    // It has failed for good, until the next leader epoch (`markPartitionFailed`).
                    self.remove_fetcher(id);
                }
            }
            ErrorCode::OffsetOutOfRange => {
                if let Some(state) = self.fetch_state_mut(leader, id) {
                    state.is_out_of_range = true;
                }
            }
            // The leader is ahead: the metadata log will say in what epoch to go on.
            ErrorCode::FencedLeaderEpoch => self.remove_fetcher(id),
            _ => self.delay(leader, id, cx),
        }
    }

    /// An answer was taken over: does anything committed remain to be fetched?
    fn note_lag(&mut self, leader: BrokerId, id: TopicIdPartition, high_watermark: Offset) {
        let Some(log_end_offset) = self.partitions.get(&id).map(|partition| partition.log_end_offset()) else { return };
        if let Some(state) = self.fetch_state_mut(leader, id) {
            state.is_in_sync = high_watermark <= log_end_offset;
            state.has_asked = true;
        }
    }

    fn fetch_state_mut(&mut self, leader: BrokerId, id: TopicIdPartition) -> Option<&mut PartitionFetchState> {
        self.fetchers.get_mut(&leader)?.partitions.get_mut(&id)
    }

    fn delay(&mut self, leader: BrokerId, id: TopicIdPartition, cx: &Context<'_>) {
        let until = cx.now.plus_ms(u64::from(cx.setup.config.replica_fetch_backoff_ms));
        if let Some(state) = self.fetch_state_mut(leader, id) {
            state.delayed_until = Some(until);
        }
    }

    /// Appends what the leader sent and takes over its high watermark and log start. Returns false if the log refuses.
    fn append_as_follower(
        &mut self,
        id: TopicIdPartition,
        answer: &FetchPartitionResponse,
        cx: &mut Context<'_>,
    ) -> bool {
        let broker = cx.id();
        let now_ms = cx.now_ms();
        cx.cost_us += cx.append_us() * answer.batches.len() as u64;
        if !answer.batches.is_empty() && !self.can_write(cx) {
            return false;
        }
        let now = cx.now;
        let size_bytes: u64 = answer.batches.iter().map(|batch| batch.size_in_bytes() as u64).sum();
        if self.partitions.get(&id).is_some_and(|partition| partition.is_throttled(Side::Follower)) {
            self.follower_quota.record(size_bytes, now);
        }
        let Some(partition) = self.partition_mut(id) else { return false };
        let appended = if breaks(Mutation::FollowerStampsItsEpoch) {
            let epoch = partition.leader_epoch();
            let stamp = |batch: &RecordBatch| batch.with_offset_and_epoch(batch.base_offset(), epoch);
            partition.log.append_as_follower(&answer.batches.iter().map(stamp).collect::<Vec<_>>(), now_ms)
        } else {
            partition.log.append_as_follower(&answer.batches, now_ms)
        };
        if appended.is_err() {
            return false;
        }
        if !answer.batches.is_empty() {
            partition.log.wrote(cx.now, now_ms);
        }
        for batch in &answer.batches {
            cx.out.note(Note::RecordsAppended {
                broker,
                partition: partition.topic_partition.clone(),
                base_offset: batch.base_offset(),
                last_offset: batch.last_offset(),
                leader_epoch: batch.leader_epoch(),
                as_leader: false,
                size_bytes: batch.size_in_bytes() as u32,
            });
        }
        let from = partition.log.high_watermark();
        let to = partition.log.update_high_watermark(answer.high_watermark);
        let start_has_moved = partition.log.maybe_increment_log_start_offset(answer.log_start_offset).unwrap_or(false);
        let topic_partition = || partition.topic_partition.clone();
        if start_has_moved {
            let to = partition.log.log_start_offset();
            cx.out.note(Note::LogStartMoved { broker, partition: topic_partition(), to });
        }
        if to > from {
            let note = Note::HighWatermarkAdvanced { broker, partition: topic_partition(), from, to, is_leader: false };
            cx.note_then(note, |cx| self.complete_delayed_fetches(id, cx));
        }
        true
    }

    /// Cuts what the leader does not have (`getOffsetTruncationState`).
    fn truncate_to_divergence(&mut self, id: TopicIdPartition, diverging: DivergingEpoch, cx: &mut Context<'_>) {
        let Some(partition) = self.partitions.get(&id) else { return };
        let log = &partition.log;
        let to = match log.end_offset_for_epoch(diverging.epoch) {
            _ if cx.setup.truncation_rule() == Truncation::NextEpochOfLeader => diverging.end_offset,
            // Not knowing the leader's epoch, the follower cuts to the largest one below it and asks again.
            Some(own) if own.epoch != diverging.epoch => own.offset,
            Some(own) => own.offset.min(diverging.end_offset),
            None => diverging.end_offset,
        };
        let mut to = to.min(log.log_end_offset());
        if breaks(Mutation::TruncationTooDeep) {
            to =
                log.batches().take_while(|batch| batch.next_offset() <= to).last().map_or(to, RecordBatch::base_offset);
        }
        self.truncate(id, to, cx);
    }

    pub(super) fn truncate(&mut self, id: TopicIdPartition, to: Offset, cx: &mut Context<'_>) {
        let now_ms = cx.now_ms();
        let Some(partition) = self.partition_mut(id) else { return };
        let from = partition.log.log_end_offset();
        if partition.log.truncate_to(to, now_ms) {
            let note = Note::LogTruncated { broker: cx.id(), partition: partition.topic_partition.clone(), from, to };
            cx.note(note);
        }
    }

    /// The leader has told one of its own offsets, after OFFSET_OUT_OF_RANGE (`fetchOffsetAndTruncate`).
    pub(super) fn list_offsets_answered(
        &mut self,
        leader: BrokerId,
        correlation: u32,
        response: &ListOffsetsResponse,
        cx: &mut Context<'_>,
    ) {
        let Some(request) = self.take_in_flight(leader, correlation, cx) else { return };
        let offset = response.partitions.first().filter(|answer| answer.error.is_none()).map(|answer| answer.offset);
        let (FetcherRequest::LatestOffset(id) | FetcherRequest::EarliestOffset(id)) = request else { return };
        let is_latest = matches!(request, FetcherRequest::LatestOffset(_));
        let log_end_offset = self
            .partitions
            .get(&id)
            .filter(|partition| !partition.is_leader)
            .map(|partition| partition.log_end_offset());
        let is_followed = self.fetch_state_mut(leader, id).is_some();
        match (offset, log_end_offset) {
            (Some(offset), Some(log_end_offset)) if is_followed => {
                if is_latest && offset >= log_end_offset {
                    // The leader's log reaches further, so it must begin later.
                    self.ask_offset(leader, id, OffsetSpec::Earliest, cx);
                    return;
                }
                if is_latest {
                    self.truncate(id, offset, cx);
                } else if offset > log_end_offset {
                    self.start_anew_at(id, offset, cx);
                }
                if let Some(state) = self.fetch_state_mut(leader, id) {
                    state.is_out_of_range = false;
                }
            }
            _ => self.delay(leader, id, cx),
        }
        self.next_fetch(leader, cx);
    }

    fn start_anew_at(&mut self, id: TopicIdPartition, offset: Offset, cx: &mut Context<'_>) {
        let now_ms = cx.now_ms();
        let broker = cx.id();
        let Some(partition) = self.partition_mut(id) else { return };
        let from = partition.log.log_end_offset();
        let has_records = !partition.log.is_empty();
        let start = partition.log.log_start_offset();
        partition.log.truncate_fully_and_start_at(offset, now_ms);
        let topic_partition = partition.topic_partition.clone();
        if has_records {
            cx.note(Note::LogTruncated { broker, partition: topic_partition.clone(), from, to: start });
        }
        cx.note(Note::LogStartMoved { broker, partition: topic_partition, to: offset });
    }

    /// The connection broke, or no answer came in time: all partitions wait before they are tried again.
    pub(super) fn fetch_failed(&mut self, leader: BrokerId, cx: &mut Context<'_>) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        let Some(in_flight) = fetcher.in_flight.take() else { return };
        cx.out.cancel_timer(BrokerTimer::FetcherTimeout(leader));
        if in_flight.request == FetcherRequest::Fetch {
            fetcher.session.handle_error();
        }
        let until = cx.now.plus_ms(u64::from(cx.setup.config.replica_fetch_backoff_ms));
        for state in fetcher.partitions.values_mut() {
            state.delayed_until = Some(until);
        }
        if breaks(Mutation::FollowerGivesUp) {
            fetcher.partitions.clear();
        }
        self.next_fetch(leader, cx);
    }

    pub(super) fn fetch_request_timed_out(&mut self, leader: BrokerId, cx: &mut Context<'_>) {
        cx.out.disconnect(NodeId::Broker(leader), Channel::Replication);
        self.fetch_failed(leader, cx);
    }
}

/// Whether the answer changes anything for the follower. Most partitions of most answers bring nothing.
fn has_news(answer: &FetchPartitionResponse, partition: &Partition) -> bool {
    let log = &partition.log;
    !answer.error.is_none()
        || answer.diverging_epoch.is_some()
        || !answer.batches.is_empty()
        || answer.high_watermark != log.high_watermark()
        || answer.log_start_offset > log.log_start_offset()
}

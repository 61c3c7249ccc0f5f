//! A broker: logs, leaders, followers, purgatories, metadata cache, and the coordinators it hosts.
//!
//! - [`lifecycle`]: registration, heartbeats, controlled shutdown;
//! - [`metadata_fetch`] and `roles`: replaying the metadata log, and what it means for the replicas here;
//! - [`partition`], [`replica`]: a replica of a partition, as leader or follower;
//! - [`replica_manager`]: all of them, with the requests that wait in a [`purgatory`];
//! - [`produce`], [`fetch`], `list_offsets`, [`delete_records`]: what clients and followers ask;
//! - [`fetch_session`]: what fetchers need not say again, and need not be told again;
//! - [`fetcher`]: copying from leaders; [`isr`]: asking the controller for changes of the ISR;
//! - `metadata_cache`, [`forwarding`], [`producer_ids`], [`coordinator`]: the rest that clients ask for;
//! - [`log_dir`]: a disk that is full, and a loss of power;
//! - [`replication_quota`]: how many bytes copying may take in a second;
//! - [`topic_settings`], [`describe_configs`]: the configuration of a topic as it counts here, and as it is shown;
//! - [`log_task`]: what is done with the logs now and then, whether anybody asks or not.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

mod context;
pub mod coordinator;
pub mod delete_records;
pub mod describe_configs;
pub mod fetch;
pub mod fetch_session;
pub mod fetch_session_cache;
pub mod fetcher;
pub mod forwarding;
pub mod isr;
pub mod lifecycle;
mod list_offsets;
mod log_cleaner;
pub mod log_dir;
pub mod log_task;
mod metadata_cache;
pub mod metadata_fetch;
pub mod partition;
pub mod produce;
pub mod producer_ids;
pub mod purgatory;
pub mod quiet_followers;
pub mod replica;
pub mod replica_manager;
pub mod replication_quota;
mod roles;
pub mod topic_settings;

#[cfg(test)]
mod tests;

pub use partition::Partition;
pub use replica_manager::ReplicaManager;

use context::Context;
use coordinator::CoordinatorHost;
use forwarding::Forwarding;
use lifecycle::{BrokerLifecycleManager, LifecycleStep};
use log_task::LogTask;
use metadata_fetch::MetadataFetcher;
use producer_ids::ProducerIds;
use roles::MetadataDelta;

use crate::kafka::effects::{Channel, Effects, Input, RequestId};
use crate::kafka::features::supported_features;
use crate::kafka::group::GroupCoordinator;
use crate::kafka::group::timer::GroupTimer;
use crate::kafka::ids::{BrokerId, NodeId, SimTime, TopicIdPartition, TopicPartition};
use crate::kafka::log::Shutdown;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::note::Note;
use crate::kafka::protocol::api_versions::ApiVersionsResponse;
use crate::kafka::protocol::quorum::FetchMetadataLogResponse;
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::random::Random;
use crate::kafka::setup::{BrokerSetup, Disk, WallClock};

/// What a broker waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BrokerTimer {
    /// The next registration or heartbeat is due.
    Heartbeat,
    /// A registration or heartbeat got no answer.
    LifecycleTimeout,
    /// `initial.broker.registration.timeout.ms`.
    RegistrationTimeout,
    /// A controlled shutdown takes too long.
    ShutdownTimeout,
    /// The metadata log is to be fetched again after a pause.
    MetadataFetch,
    MetadataFetchTimeout,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    HighWatermarkCheckpoint,
    /// Something that is done with the logs now and then.
    Log(LogTask),
    /// `replica.lag.time.max.ms` / 2: who has fallen out of sync?
    IsrShrink,
    /// AlterPartition is to be sent again after a pause.
    AlterPartition,
    AlterPartitionTimeout,
    /// A produce request with acks=all has waited for its `timeout.ms`.
    Produce(u64),
    /// A fetch has waited for its `max.wait.ms`.
    Fetch(u64),
    /// A DeleteRecords request has waited for its `timeout.ms`.
    DeleteRecords(u64),
    /// Partitions that failed (`replica.fetch.backoff.ms`) are to be fetched from this leader again.
    Fetcher(BrokerId),
    /// A leader does not answer (`replica.socket.timeout.ms`).
    FetcherTimeout(BrokerId),
    /// A request is to be forwarded again after a pause.
    Forwarding(u32),
    ForwardingTimeout(u32),
    /// The pause after a failed AllocateProducerIds is over.
    ProducerIds,
    /// Of the group coordinator that the broker hosts.
    Group(GroupTimer),
    /// `log.flush.scheduler.interval.ms`: which logs are to be flushed?
    LogFlush,
    /// The log directory has failed: the process halts.
    LogDirFailure,
}

/// A broker process and its disk. What outlives a crash: the logs, the copy of the metadata log, and the broker epoch
/// that a clean shutdown wrote down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broker {
    pub setup: BrokerSetup,
    random: Random,
    correlation: u32,
    image: Rc<MetadataImage>,
    metadata: MetadataFetcher,
    lifecycle: BrokerLifecycleManager,
    replicas: ReplicaManager,
    forwarding: Forwarding,
    producer_ids: ProducerIds,
    coordinator: CoordinatorHost,
    /// How the process ended last; None while it runs, or before its first start.
    stopped: Option<Shutdown>,
}

/// Everything of a [`Broker`] that a [`Context`] does not borrow.
struct Parts<'a> {
    metadata: &'a mut MetadataFetcher,
    lifecycle: &'a mut BrokerLifecycleManager,
    replicas: &'a mut ReplicaManager,
    forwarding: &'a mut Forwarding,
    producer_ids: &'a mut ProducerIds,
    coordinator: &'a mut CoordinatorHost,
}

impl Broker {
    pub fn new(setup: BrokerSetup) -> Broker {
        let mut random = setup.random.clone();
        let replicas = ReplicaManager::new(&setup);
        let coordinator = CoordinatorHost::new(&setup, &mut random);
        Broker {
            setup,
            random,
            correlation: 0,
            image: Rc::new(MetadataImage::default()),
            metadata: MetadataFetcher::default(),
            lifecycle: BrokerLifecycleManager::default(),
            replicas,
            forwarding: Forwarding::default(),
            producer_ids: ProducerIds::default(),
            coordinator,
            stopped: None,
        }
    }

    // Reading.

    pub fn id(&self) -> BrokerId {
        self.setup.id
    }

    /// Metadata as far as this broker has replayed it.
    pub fn image(&self) -> &Rc<MetadataImage> {
        &self.image
    }

    /// The copy of the metadata log: leader, epoch, what is not committed yet.
    pub fn metadata(&self) -> &MetadataFetcher {
        &self.metadata
    }

    pub fn lifecycle(&self) -> &BrokerLifecycleManager {
        &self.lifecycle
    }

    /// All replicas on this broker's disk.
    pub fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.replicas.partitions.values().map(Rc::as_ref)
    }

    pub fn partition(&self, partition: &TopicPartition) -> Option<&Partition> {
        match ReplicaManager::id_of(partition, &self.image) {
            Some(id) => self.partition_by_id(id),
            None => self.partitions().find(|replica| replica.topic_partition() == partition),
        }
    }

    pub fn partition_by_id(&self, id: TopicIdPartition) -> Option<&Partition> {
        self.replicas.partitions.get(&id).map(Rc::as_ref)
    }

    /// Produce requests that wait for this partition, with their timers' numbers.
    pub fn waiting_produces(&self, id: TopicIdPartition) -> impl Iterator<Item = (u64, &produce::DelayedProduce)> {
        self.replicas.produces.watching(id)
    }

    /// Fetches that wait for this partition, with their timers' numbers.
    pub fn waiting_fetches(&self, id: TopicIdPartition) -> impl Iterator<Item = (u64, &fetch::DelayedFetch)> {
        self.replicas.fetches.iter().filter(move |(_, delayed)| delayed.asks_for(id).is_some())
    }

    /// Leaders that this broker copies from.
    pub fn fetchers(&self) -> impl Iterator<Item = (BrokerId, &fetcher::Fetcher)> {
        self.replicas.fetchers.iter().map(|(leader, fetcher)| (*leader, fetcher))
    }

    pub fn replicas(&self) -> &ReplicaManager {
        &self.replicas
    }

    pub fn forwarding(&self) -> &Forwarding {
        &self.forwarding
    }

    /// The group coordinator that this broker hosts.
    pub fn group_coordinator(&self) -> &GroupCoordinator {
        &self.coordinator.coordinator
    }

    /// Whether the process has not ended.
    pub fn is_running(&self) -> bool {
        self.lifecycle.state() != lifecycle::BrokerState::NotRunning
    }

    // Living.

    /// The process starts, for the first time or again. With a full disk it halts before it has opened its logs.
    pub fn start(&mut self, now: SimTime, out: &mut Effects) {
        if self.setup.disk.is_full {
            out.note(Note::LogDirFailed { broker: self.setup.id });
            out.halt();
            return;
        }
        if let Some(shutdown) = self.stopped.take() {
            self.replicas.reopen(shutdown, self.setup.clock.now_ms(now));
        }
        self.with_context(now, out, |parts, cx| {
            parts.metadata.fetch(cx);
            parts.lifecycle.start(cx);
            let config = &cx.setup.config;
            let checkpoint_ms = u64::from(config.replica_high_watermark_checkpoint_interval_ms);
            cx.out.set_timer(BrokerTimer::HighWatermarkCheckpoint, cx.now.plus_ms(checkpoint_ms));
            let shrink_ms = u64::from(config.replica_lag_time_max_ms) / 2;
            cx.out.set_timer(BrokerTimer::IsrShrink, cx.now.plus_ms(shrink_ms.max(1)));
            log_task::schedule_all(cx);
            if config.log_flush_scheduler_interval_ms < i64::MAX {
                let initial_ms = config.log_initial_task_delay_ms;
                cx.out.set_timer(BrokerTimer::LogFlush, cx.now.plus_ms(initial_ms));
            }
        });
    }

    pub fn handle(&mut self, input: Input, now: SimTime, out: &mut Effects) {
        match input {
            Input::Request { id, request, .. } => {
                self.with_context(now, out, |parts, cx| parts.request(id, request, cx))
            }
            Input::Response {
                from: NodeId::Controller(_),
                correlation,
                response: Response::FetchMetadataLog(response),
                ..
            } => self.metadata_fetched(correlation, &response, now, out),
            Input::Response { from, correlation, response, .. } => {
                let step = self.with_context(now, out, |parts, cx| parts.response(from, correlation, response, cx));
                self.take_step(step, out);
            }
            Input::Disconnected { peer, channel } => {
                self.with_context(now, out, |parts, cx| parts.disconnected(peer, channel, cx));
            }
            Input::Timer(crate::kafka::timer::Timer::Broker(timer)) => {
                let step = self.with_context(now, out, |parts, cx| parts.timer(timer, cx));
                self.take_step(step, out);
            }
            Input::Timer(_) | Input::Call(_) => {}
        }
    }

    /// The process was killed: what was only in memory is gone, what was written to files stays.
    pub fn crash(&mut self) {
        if self.is_running() {
            self.stop(Shutdown::Killed);
        }
    }

    /// The machine loses its power, and the process ends with it: of the logs only what was on the disk is left. The copy
    /// of the metadata log counts as written, for a broker would only fetch it again.
    pub fn lose_power(&mut self, now: SimTime, out: &mut Effects) {
        self.crash();
        self.replicas.lose_power(self.setup.id, now, self.setup.clock.now_ms(now), out);
    }

    /// The disk of the machine is another from now on, as far as it can go wrong.
    pub fn set_disk(&mut self, disk: Disk) {
        self.setup.disk = disk;
    }

    /// Sets the machine's clock.
    pub fn set_clock(&mut self, clock: WallClock) {
        self.setup.clock = clock;
        self.coordinator.set_clock(clock);
    }

    /// SIGTERM: a controlled shutdown begins; it ends with [`Effects::exit`].
    pub fn shut_down(&mut self, now: SimTime, out: &mut Effects) {
        let step = self.with_context(now, out, |parts, cx| {
            parts.replicas.is_shutting_down = true;
            parts.lifecycle.begin_shutdown(cx)
        });
        self.take_step(step, out);
    }

    fn take_step(&mut self, step: LifecycleStep, out: &mut Effects) {
        match step {
            LifecycleStep::Nothing => {}
            LifecycleStep::Exit => {
                self.stop(Shutdown::Clean);
                out.exit();
            }
            LifecycleStep::Halt => {
                self.stop(Shutdown::Killed);
                out.halt();
            }
        }
    }

    fn stop(&mut self, shutdown: Shutdown) {
        self.stopped = Some(shutdown);
        self.lifecycle.stop(shutdown == Shutdown::Clean);
        self.metadata.forget();
        self.replicas.forget();
        self.forwarding.forget();
        self.producer_ids = ProducerIds::default();
        self.coordinator = CoordinatorHost::new(&self.setup, &mut self.random);
    }

    /// Does one piece of work with all parts of the broker.
    fn with_context<R>(
        &mut self,
        now: SimTime,
        out: &mut Effects,
        work: impl FnOnce(&mut Parts<'_>, &mut Context<'_>) -> R,
    ) -> R {
        let image = Rc::clone(&self.image);
        let mut cx = Context {
            now,
            image: &image,
            setup: &self.setup,
            out,
            random: &mut self.random,
            correlation: &mut self.correlation,
            controller: self.metadata.leader(),
            broker_epoch: self.lifecycle.broker_epoch(),
            cost_us: 0,
            committed: Vec::new(),
        };
        let mut parts = Parts {
            metadata: &mut self.metadata,
            lifecycle: &mut self.lifecycle,
            replicas: &mut self.replicas,
            forwarding: &mut self.forwarding,
            producer_ids: &mut self.producer_ids,
            coordinator: &mut self.coordinator,
        };
        let result = work(&mut parts, &mut cx);
        if !cx.committed.is_empty() {
            parts.coordinator.settle(parts.replicas, &mut cx);
        }
        result
    }

    /// The next stretch of the metadata log has come.
    fn metadata_fetched(
        &mut self,
        correlation: u32,
        response: &FetchMetadataLogResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        let Some(from) = self.metadata.take_in_flight(correlation) else { return };
        out.cancel_timer(BrokerTimer::MetadataFetchTimeout);
        let can_write = |parts: &mut Parts<'_>, cx: &mut Context<'_>| parts.replicas.can_write(cx);
        if !response.batches.is_empty() && !self.with_context(now, out, can_write) {
            return;
        }
        let leader_before = self.metadata.leader();
        let replayed_before = self.image.next_offset;
        let delta = self.metadata.answered(from, response, &mut self.image);
        if self.image.next_offset > replayed_before {
            let node = NodeId::Broker(self.setup.id);
            let note = out.note(Note::MetadataReplayed { node, next_offset: self.image.next_offset });
            out.because_of(Some(note));
        }
        self.with_context(now, out, |parts, cx| {
            if let Some(delta) = delta {
                parts.publish(&delta, cx);
            }
            cx.out.because_of(None);
            parts.metadata.fetch_on(from, !response.error.is_none(), cx);
            if cx.controller.is_some() && cx.controller != leader_before {
                parts.controller_found(cx);
            }
        });
    }
}

impl Parts<'_> {
    fn publish(&mut self, delta: &MetadataDelta, cx: &mut Context<'_>) {
        let changes = self.replicas.apply_delta(delta, cx);
        self.coordinator.metadata_changed(&changes, &delta.deleted, self.replicas, cx);
    }

    /// There is an active controller to talk to.
    fn controller_found(&mut self, cx: &mut Context<'_>) {
        if self.lifecycle.broker_epoch().is_none() {
            self.lifecycle.communicate(cx);
        }
        self.replicas.send_alter_partition(cx);
    }

    fn request(&mut self, id: RequestId, request: Request, cx: &mut Context<'_>) {
        if !self.lifecycle.accepts_requests() {
            cx.out.refuse_connection(id);
            return;
        }
        match request {
            Request::Produce(request) => self.replicas.handle_produce(&request, id, cx),
            Request::Fetch(request) => self.replicas.handle_fetch(request, id, cx),
            Request::DeleteRecords(request) => self.replicas.handle_delete_records(&request, id, cx),
            request if coordinator::is_for_coordinator(&request) => {
                self.coordinator.handle(request, id, self.replicas, cx);
            }
            request => {
                cx.cost_us += cx.setup.timing.request_us;
                self.simple_request(id, request, cx);
            }
        }
    }

    /// Requests that are answered, or sent on, at once.
    fn simple_request(&mut self, id: RequestId, request: Request, cx: &mut Context<'_>) {
        match request {
            Request::ListOffsets(request) => {
                let response = self.replicas.list_offsets(&request, cx);
                cx.respond(id, response);
            }
            Request::OffsetForLeaderEpoch(request) => {
                let response = self.replicas.offset_for_leader_epoch(&request, cx);
                cx.respond(id, response);
            }
            Request::Metadata(request) => {
                let response = metadata_cache::answer(&request, self.forwarding, cx);
                cx.respond(id, response);
            }
            Request::ApiVersions(_) => {
                let response = ApiVersionsResponse {
                    error: ErrorCode::None,
                    supported_features: supported_features(),
                    finalized_features: cx.image.features.clone(),
                };
                cx.respond(id, response);
            }
            Request::FindCoordinator(request) => {
                let response = coordinator::find(&request, self.forwarding, cx);
                cx.respond(id, response);
            }
            Request::InitProducerId(_) => {
                let response = self.producer_ids.init(cx);
                cx.respond(id, response);
            }
            request if forwarding::is_forwarded(&request) => self.forwarding.forward(Some(id), request, cx),
            // What only controllers serve: a broker does not know the API and closes the connection.
            _ => cx.out.refuse_connection(id),
        }
    }

    fn response(&mut self, from: NodeId, correlation: u32, response: Response, cx: &mut Context<'_>) -> LifecycleStep {
        match (from, response) {
            (NodeId::Broker(leader), Response::Fetch(response)) => {
                self.replicas.fetch_answered(leader, correlation, response, cx);
            }
            (NodeId::Broker(leader), Response::ListOffsets(response)) => {
                self.replicas.list_offsets_answered(leader, correlation, &response, cx);
            }
            (_, Response::BrokerRegistration(response)) => self.lifecycle.registered(correlation, &response, cx),
            (_, Response::BrokerHeartbeat(response)) => {
                let is_published = self.metadata.is_published();
                return self.lifecycle.heartbeat_answered(correlation, &response, is_published, cx);
            }
            (_, Response::AlterPartition(response)) => {
                self.replicas.alter_partition_answered(correlation, &response, cx);
            }
            (_, Response::AllocateProducerIds(response)) => self.producer_ids.answered(correlation, &response, cx),
            (NodeId::Controller(_), response) => self.forwarding.answered(correlation, response, cx),
            _ => {}
        }
        LifecycleStep::Nothing
    }

    fn disconnected(&mut self, peer: NodeId, channel: Channel, cx: &mut Context<'_>) {
        match (peer, channel) {
            (NodeId::Broker(leader), Channel::Replication) => self.replicas.fetch_failed(leader, cx),
            (NodeId::Controller(controller), Channel::Controller) => {
                self.replicas.alter_partition_failed(cx);
                self.producer_ids.failed(controller, cx);
            }
            (_, Channel::Lifecycle) => self.lifecycle.failed(cx),
            (_, Channel::Raft) => self.metadata.failed(cx),
            (NodeId::Controller(controller), Channel::Forwarding) => self.forwarding.disconnected(controller, cx),
            _ => {}
        }
    }

    fn timer(&mut self, timer: BrokerTimer, cx: &mut Context<'_>) -> LifecycleStep {
        match timer {
            BrokerTimer::Heartbeat => self.lifecycle.communicate(cx),
            BrokerTimer::LifecycleTimeout => self.lifecycle.timed_out(cx),
            // The broker gives up; so does a shutdown that the controller never permits.
            BrokerTimer::RegistrationTimeout | BrokerTimer::ShutdownTimeout => return LifecycleStep::Exit,
            BrokerTimer::MetadataFetch => self.metadata.fetch(cx),
            BrokerTimer::MetadataFetchTimeout => self.metadata.timed_out(cx),
            BrokerTimer::LogFlush => {
                self.replicas.flush_dirty_logs(cx.now_ms());
                let interval_ms = cx.setup.config.log_flush_scheduler_interval_ms.unsigned_abs();
                cx.out.set_timer(BrokerTimer::LogFlush, cx.now.plus_ms(interval_ms.max(1)));
            }
            BrokerTimer::LogDirFailure => return LifecycleStep::Halt,
            BrokerTimer::HighWatermarkCheckpoint => {
                self.replicas.checkpoint_high_watermarks(cx);
                let interval_ms = cx.setup.config.replica_high_watermark_checkpoint_interval_ms;
                cx.out.set_timer(BrokerTimer::HighWatermarkCheckpoint, cx.now.plus_ms(u64::from(interval_ms)));
            }
            BrokerTimer::Log(task) => self.replicas.log_task(task, cx),
            BrokerTimer::IsrShrink => {
                self.replicas.maybe_shrink_isrs(cx);
                let interval_ms = u64::from(cx.setup.config.replica_lag_time_max_ms) / 2;
                cx.out.set_timer(BrokerTimer::IsrShrink, cx.now.plus_ms(interval_ms.max(1)));
            }
            BrokerTimer::AlterPartition => self.replicas.send_alter_partition(cx),
            BrokerTimer::AlterPartitionTimeout => self.replicas.alter_partition_timed_out(cx),
            BrokerTimer::Produce(number) => self.replicas.produce_timed_out(number, cx),
            BrokerTimer::Fetch(number) => self.replicas.fetch_timed_out(number, cx),
            BrokerTimer::DeleteRecords(number) => self.replicas.finish_deletion(number, cx),
            BrokerTimer::Fetcher(leader) => self.replicas.next_fetch(leader, cx),
            BrokerTimer::FetcherTimeout(leader) => self.replicas.fetch_request_timed_out(leader, cx),
            BrokerTimer::Forwarding(number) => self.forwarding.retry(number, cx),
            BrokerTimer::ForwardingTimeout(number) => self.forwarding.timed_out(number, cx),
            BrokerTimer::ProducerIds => self.producer_ids.backed_off(),
            BrokerTimer::Group(timer) => self.coordinator.timer(timer, self.replicas, cx),
        }
        LifecycleStep::Nothing
    }
}

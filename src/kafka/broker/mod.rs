//! A broker: logs, leaders, followers, purgatories, metadata cache, and the coordinators it hosts.
//!
//! - [`lifecycle`]: registration, heartbeats, controlled shutdown;
//! - [`metadata_fetch`] and `roles`: replaying the metadata log, and what it means for the replicas here;
//! - [`partition`], [`replica`]: a replica of a partition, as leader or follower;
//! - [`replica_manager`]: all of them, with the requests that wait in a [`purgatory`];
//! - [`produce`], [`fetch`], [`delayed_fetch`], `list_offsets`, [`delete_records`]: what clients and followers ask;
//! - [`fetch_session`]: what fetchers need not say again, and need not be told again;
//! - [`fetcher`]: copying from leaders; [`isr`]: asking the controller for changes of the ISR;
//! - `metadata_cache`, [`forwarding`], [`producer_ids`], [`coordinator`]: the rest that clients ask for;
//! - [`log_dir`]: a disk that is full, and a loss of power;
//! - [`replication_quota`]: how many bytes copying may take in a second;
//! - [`topic_settings`], [`describe_configs`]: the configuration of a topic as it counts here, and as it is shown;
//! - `parts`: hands requests, answers and timers to the part that they are for;
//! - [`log_task`]: what is done with the logs now and then, whether anybody asks or not.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

mod context;
pub mod coordinator;
pub mod delayed_fetch;
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
mod parts;
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
use parts::Parts;
use producer_ids::ProducerIds;

use crate::kafka::effects::{Effects, Input};
use crate::kafka::group::GroupCoordinator;
use crate::kafka::group::timer::GroupTimer;
use crate::kafka::ids::{BrokerId, NodeId, SimTime, TopicIdPartition, TopicPartition};
use crate::kafka::log::Shutdown;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::note::Note;
use crate::kafka::protocol::Response;
use crate::kafka::protocol::quorum::FetchMetadataLogResponse;
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
    pub fn waiting_fetches(&self, id: TopicIdPartition) -> impl Iterator<Item = (u64, &delayed_fetch::DelayedFetch)> {
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

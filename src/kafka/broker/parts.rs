//! Hands requests, answers and timers to the part of the broker that they are for.

use super::context::Context;
use super::coordinator::CoordinatorHost;
use super::forwarding::Forwarding;
use super::lifecycle::{BrokerLifecycleManager, LifecycleStep};
use super::metadata_fetch::MetadataFetcher;
use super::producer_ids::ProducerIds;
use super::roles::MetadataDelta;
use super::{BrokerTimer, ReplicaManager, coordinator, forwarding, metadata_cache};
use crate::kafka::effects::{Channel, RequestId};
use crate::kafka::features::supported_features;
use crate::kafka::ids::NodeId;
use crate::kafka::protocol::api_versions::ApiVersionsResponse;
use crate::kafka::protocol::{ErrorCode, Request, Response};

/// Everything of a [`Broker`] that a [`Context`] does not borrow.
pub(super) struct Parts<'a> {
    pub metadata: &'a mut MetadataFetcher,
    pub lifecycle: &'a mut BrokerLifecycleManager,
    pub replicas: &'a mut ReplicaManager,
    pub forwarding: &'a mut Forwarding,
    pub producer_ids: &'a mut ProducerIds,
    pub coordinator: &'a mut CoordinatorHost,
}

impl Parts<'_> {
    pub fn publish(&mut self, delta: &MetadataDelta, cx: &mut Context<'_>) {
        let changes = self.replicas.apply_delta(delta, cx);
        self.coordinator.metadata_changed(&changes, &delta.deleted, self.replicas, cx);
    }

    /// There is an active controller to talk to.
    pub fn controller_found(&mut self, cx: &mut Context<'_>) {
        if self.lifecycle.broker_epoch().is_none() {
            self.lifecycle.communicate(cx);
        }
        self.replicas.send_alter_partition(cx);
    }

    pub fn request(&mut self, id: RequestId, request: Request, cx: &mut Context<'_>) {
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
    pub fn simple_request(&mut self, id: RequestId, request: Request, cx: &mut Context<'_>) {
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

    pub fn response(
        &mut self,
        from: NodeId,
        correlation: u32,
        response: Response,
        cx: &mut Context<'_>,
    ) -> LifecycleStep {
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

    pub fn disconnected(&mut self, peer: NodeId, channel: Channel, cx: &mut Context<'_>) {
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

    pub fn timer(&mut self, timer: BrokerTimer, cx: &mut Context<'_>) -> LifecycleStep {
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

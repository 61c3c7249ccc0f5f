//! How a broker comes into the cluster, stays and leaves: registration, heartbeats, controlled shutdown
//! (`BrokerLifecycleManager`, KIP-631).

use super::BrokerTimer;
use super::context::Context;
use crate::kafka::effects::Channel;
use crate::kafka::features::supported_features;
use crate::kafka::ids::{BrokerEpoch, ControllerId, NodeId};
use crate::kafka::protocol::broker_lifecycle::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
};
use crate::kafka::setup::CLUSTER_ID;

/// First wait after a failure; doubled each time up to `broker.session.timeout.ms`.
const RESEND_BACKOFF_MS: u64 = 100;
/// While the broker catches up with the metadata.
const STARTING_INTERVAL_MS: u64 = 10;
/// After the first answer to a wish to shut down.
const SHUTDOWN_INTERVAL_MS: u64 = 50;
/// A controlled shutdown that takes longer goes on without the controller (`BrokerServer.shutdown`).
const SHUTDOWN_TIMEOUT_MS: u64 = 300_000;

/// Kafka's `BrokerState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum BrokerState {
    #[default]
    NotRunning,
    /// Registering and catching up with the metadata.
    Starting,
    /// Caught up, still fenced.
    Recovery,
    Running,
    PendingControlledShutdown,
    ShuttingDown,
}

impl BrokerState {
    /// Kafka's name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            BrokerState::NotRunning => "NOT_RUNNING",
            BrokerState::Starting => "STARTING",
            BrokerState::Recovery => "RECOVERY",
            BrokerState::Running => "RUNNING",
            BrokerState::PendingControlledShutdown => "PENDING_CONTROLLED_SHUTDOWN",
            BrokerState::ShuttingDown => "SHUTTING_DOWN",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct BrokerLifecycleManager {
    state: BrokerState,
    incarnation_id: u128,
    broker_epoch: Option<BrokerEpoch>,
    /// As a clean shutdown wrote it down (KIP-966). On disk.
    previous_broker_epoch: Option<BrokerEpoch>,
    /// As the last heartbeat's answer said.
    is_fenced: bool,
    ready_to_unfence: bool,
    in_flight: Option<(ControllerId, u32)>,
    failures: u32,
    got_shutdown_response: bool,
}

/// What the broker must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LifecycleStep {
    Nothing,
    /// The process ends.
    Exit,
    /// The process ends at once, as if it were killed.
    Halt,
}

impl BrokerLifecycleManager {
    pub fn state(&self) -> BrokerState {
        self.state
    }

    /// None: not registered yet.
    pub fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    /// Random for each start of the process.
    pub fn incarnation_id(&self) -> u128 {
        self.incarnation_id
    }

    /// As the controller said last.
    pub fn is_fenced(&self) -> bool {
        self.is_fenced
    }

    /// What will be presented at the next registration: the epoch of a clean shutdown, or None.
    pub fn previous_broker_epoch(&self) -> Option<BrokerEpoch> {
        self.previous_broker_epoch
    }

    /// Whether clients and followers are let in: the sockets open once the broker has caught up.
    pub(super) fn accepts_requests(&self) -> bool {
        matches!(self.state, BrokerState::Recovery | BrokerState::Running | BrokerState::PendingControlledShutdown)
    }

    pub(super) fn start(&mut self, cx: &mut Context<'_>) {
        *self = BrokerLifecycleManager {
            state: BrokerState::Starting,
            incarnation_id: cx.random.next_u128(),
            previous_broker_epoch: self.previous_broker_epoch,
            is_fenced: true,
            ..BrokerLifecycleManager::default()
        };
        let timeout_ms = u64::from(cx.setup.config.initial_broker_registration_timeout_ms);
        cx.out.set_timer(BrokerTimer::RegistrationTimeout, cx.now.plus_ms(timeout_ms));
        self.communicate(cx);
    }

    /// The process is gone. `is_clean`: it had the time to write its epoch down.
    pub(super) fn stop(&mut self, is_clean: bool) {
        let previous_broker_epoch = self.broker_epoch.or(self.previous_broker_epoch).filter(|_| is_clean);
        *self = BrokerLifecycleManager { previous_broker_epoch, ..BrokerLifecycleManager::default() };
    }

    /// Sends the next registration or heartbeat, unless one is under way; later if no controller is known.
    pub(super) fn communicate(&mut self, cx: &mut Context<'_>) {
        if self.in_flight.is_some() {
            return;
        }
        let Some(controller) = cx.controller else {
            self.communicate_after(RESEND_BACKOFF_MS, cx);
            return;
        };
        let correlation = cx.next_correlation();
        let to = NodeId::Controller(controller);
        match self.broker_epoch {
            None => {
                let request = BrokerRegistrationRequest {
                    broker: cx.id(),
                    cluster_id: CLUSTER_ID.into(),
                    incarnation_id: self.incarnation_id,
                    rack: cx.setup.rack.clone(),
                    features: supported_features(),
                    previous_broker_epoch: self.previous_broker_epoch,
                };
                cx.out.send(to, Channel::Lifecycle, correlation, request);
            }
            Some(broker_epoch) => {
                let request = BrokerHeartbeatRequest {
                    broker: cx.id(),
                    broker_epoch,
                    current_metadata_offset: cx.image.next_offset - 1,
                    want_fence: !self.ready_to_unfence,
                    want_shut_down: self.state == BrokerState::PendingControlledShutdown,
                };
                cx.out.send(to, Channel::Lifecycle, correlation, request);
            }
        }
        self.in_flight = Some((controller, correlation));
        let timeout_ms = u64::from(cx.setup.config.broker_session_timeout_ms) / 2;
        cx.out.set_timer(BrokerTimer::LifecycleTimeout, cx.now.plus_ms(timeout_ms));
    }

    fn communicate_after(&mut self, ms: u64, cx: &mut Context<'_>) {
        cx.out.set_timer(BrokerTimer::Heartbeat, cx.now.plus_ms(ms));
    }

    fn communicate_after_success(&mut self, cx: &mut Context<'_>) {
        self.failures = 0;
        self.communicate_after(u64::from(cx.setup.config.broker_heartbeat_interval_ms), cx);
    }

    fn communicate_after_failure(&mut self, cx: &mut Context<'_>) {
        let max_ms = u64::from(cx.setup.config.broker_session_timeout_ms);
        let backoff_ms = (RESEND_BACKOFF_MS << self.failures.min(16)).min(max_ms);
        self.failures += 1;
        // Two per cent either way.
        let jitter_ms = backoff_ms / 50;
        let wait_ms = cx.random.between(backoff_ms - jitter_ms, backoff_ms + jitter_ms);
        self.communicate_after(wait_ms, cx);
    }

    fn take_in_flight(&mut self, correlation: u32, cx: &mut Context<'_>) -> bool {
        let is_ours = self.in_flight.take_if(|(_, awaited)| *awaited == correlation).is_some();
        if is_ours {
            cx.out.cancel_timer(BrokerTimer::LifecycleTimeout);
        }
        is_ours
    }

    /// The connection broke.
    pub(super) fn failed(&mut self, cx: &mut Context<'_>) {
        if self.in_flight.take().is_some() {
            cx.out.cancel_timer(BrokerTimer::LifecycleTimeout);
            self.communicate_after_failure(cx);
        }
    }

    /// No answer within half a session.
    pub(super) fn timed_out(&mut self, cx: &mut Context<'_>) {
        if let Some((to, _)) = self.in_flight {
            cx.out.disconnect(NodeId::Controller(to), Channel::Lifecycle);
        }
        self.failed(cx);
    }

    pub(super) fn registered(&mut self, correlation: u32, response: &BrokerRegistrationResponse, cx: &mut Context<'_>) {
        if !self.take_in_flight(correlation, cx) {
            return;
        }
        if !response.error.is_none() {
            self.communicate_after_failure(cx);
            return;
        }
        self.failures = 0;
        self.broker_epoch = Some(response.broker_epoch);
        cx.broker_epoch = self.broker_epoch;
        // From now on this process runs: only a clean end will be able to write its epoch down.
        self.previous_broker_epoch = None;
        cx.out.cancel_timer(BrokerTimer::RegistrationTimeout);
        self.communicate(cx);
    }

    /// `is_published`: the rest of the broker acts on the metadata.
    pub(super) fn heartbeat_answered(
        &mut self,
        correlation: u32,
        response: &BrokerHeartbeatResponse,
        is_published: bool,
        cx: &mut Context<'_>,
    ) -> LifecycleStep {
        if !self.take_in_flight(correlation, cx) {
            return LifecycleStep::Nothing;
        }
        if !response.error.is_none() {
            self.communicate_after_failure(cx);
            return LifecycleStep::Nothing;
        }
        self.failures = 0;
        self.is_fenced = response.is_fenced;
        match self.state {
            BrokerState::Starting if response.is_caught_up && is_published => {
                self.state = BrokerState::Recovery;
                self.ready_to_unfence = true;
                self.communicate(cx);
            }
            BrokerState::Starting => self.communicate_after(STARTING_INTERVAL_MS, cx),
            BrokerState::Recovery => {
                if !response.is_fenced {
                    self.state = BrokerState::Running;
                }
                self.communicate_after_success(cx);
            }
            BrokerState::Running => self.communicate_after_success(cx),
            BrokerState::PendingControlledShutdown if response.should_shut_down => {
                self.state = BrokerState::ShuttingDown;
                return LifecycleStep::Exit;
            }
            BrokerState::PendingControlledShutdown => {
                if self.got_shutdown_response {
                    self.communicate_after_success(cx);
                } else {
                    self.got_shutdown_response = true;
                    self.communicate_after(SHUTDOWN_INTERVAL_MS, cx);
                }
            }
            BrokerState::NotRunning | BrokerState::ShuttingDown => {}
        }
        LifecycleStep::Nothing
    }

    /// SIGTERM. A broker that does not run yet, or must not ask (`controlled.shutdown.enable`), ends at once.
    pub(super) fn begin_shutdown(&mut self, cx: &mut Context<'_>) -> LifecycleStep {
        match self.state {
            BrokerState::Running if cx.setup.config.controlled_shutdown_enable => {
                self.state = BrokerState::PendingControlledShutdown;
                cx.out.set_timer(BrokerTimer::ShutdownTimeout, cx.now.plus_ms(SHUTDOWN_TIMEOUT_MS));
                match self.in_flight {
                    None => self.communicate(cx),
                    // The heartbeat under way was sent before; the next one follows at once.
                    Some(_) => self.communicate_after(0, cx),
                }
                LifecycleStep::Nothing
            }
            BrokerState::PendingControlledShutdown => LifecycleStep::Nothing,
            _ => {
                self.state = BrokerState::ShuttingDown;
                LifecycleStep::Exit
            }
        }
    }
}

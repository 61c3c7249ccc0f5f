//! Brokers: registration, heartbeats, fencing, controlled shutdown, unregistration (`ClusterControlManager`,
//! `ReplicationControlManager.processBrokerHeartbeat`).

use super::broker_heartbeats::{BrokerControlState, BrokerHeartbeats, Wish};
use super::decision::{Decision, View};
use super::replication_control::BrokerChange;
use crate::kafka::features::{METADATA_VERSION, VersionRange};
use crate::kafka::ids::{BrokerEpoch, BrokerId, SimTime};
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::broker_lifecycle::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
    UnregisterBrokerRequest, UnregisterBrokerResponse,
};
use crate::kafka::setup::CLUSTER_ID;

impl View<'_> {
    /// A broker registers. Its epoch is the offset of its RegisterBroker record. What a former incarnation leaves
    /// behind is put in order before, in the same batch.
    pub fn register_broker(&self, request: &BrokerRegistrationRequest, now: SimTime) -> Decision {
        let refuse = |error| Decision::answer(BrokerRegistrationResponse { error, broker_epoch: BrokerEpoch(-1) });
        if request.cluster_id != CLUSTER_ID {
            return refuse(ErrorCode::InconsistentClusterId);
        }
        let existing = self.image.brokers.get(&request.broker);
        let session_timeout_ms = self.setup.config.broker_session_timeout_ms;
        if let Some(existing) = existing {
            if existing.incarnation_id == request.incarnation_id {
                let response = BrokerRegistrationResponse { error: ErrorCode::None, broker_epoch: existing.epoch };
                return Decision::answer(response);
            }
            if self.heartbeats.has_valid_session(request.broker, session_timeout_ms, now) {
                return refuse(ErrorCode::DuplicateBrokerRegistration);
            }
        }
        if let Err(error) = self.validate_features(request) {
            return refuse(error);
        }
        let is_clean = existing.is_some_and(|existing| request.previous_broker_epoch == Some(existing.epoch));
        let change = if is_clean || !self.eligible_leader_replicas() {
            BrokerChange::Removed(request.broker)
        } else {
            BrokerChange::UncleanShutdown(request.broker)
        };
        let mut records = self.leader_and_isr_updates(change);
        let broker_epoch = BrokerEpoch(self.image.next_offset + records.len() as i64);
        records.push(MetadataRecord::RegisterBroker {
            broker: request.broker,
            incarnation_id: request.incarnation_id,
            broker_epoch,
            rack: request.rack.clone(),
            features: request.features.clone(),
        });
        Decision::new(records, BrokerRegistrationResponse { error: ErrorCode::None, broker_epoch })
    }

    /// A broker must be able to work at the level that each feature has, also at that of one it does not name.
    fn validate_features(&self, request: &BrokerRegistrationRequest) -> Result<(), ErrorCode> {
        let level = |name: &str| self.image.features.get(name).copied().unwrap_or(0);
        if request.features.iter().any(|(name, range)| !range.contains(level(name))) {
            return Err(ErrorCode::UnsupportedVersion);
        }
        if !request.features.contains_key(METADATA_VERSION) {
            return Err(ErrorCode::InvalidRegistration);
        }
        let mut unnamed = self.image.features.iter().filter(|(name, _)| !request.features.contains_key(*name));
        match unnamed.any(|(_, level)| !VersionRange::DISABLED.contains(*level)) {
            true => Err(ErrorCode::UnsupportedVersion),
            false => Ok(()),
        }
    }

    /// Strikes a broker off the list, dead or alive. Assignments go on naming it.
    pub fn unregister_broker(&self, request: &UnregisterBrokerRequest) -> Decision {
        let broker = request.broker;
        let Some(registration) = self.image.brokers.get(&broker) else {
            let error_message = Some(format!("Broker ID {broker} is not currently registered"));
            return Decision::answer(UnregisterBrokerResponse {
                error: ErrorCode::BrokerIdNotRegistered,
                error_message,
            });
        };
        let mut records = self.leader_and_isr_updates(BrokerChange::Removed(broker));
        records.push(MetadataRecord::UnregisterBroker { broker, broker_epoch: registration.epoch });
        Decision::new(records, UnregisterBrokerResponse { error: ErrorCode::None, error_message: None })
    }

    /// A heartbeat. Besides the decision: where the broker stands after it; None: it is not registered so.
    pub fn broker_heartbeat(&self, request: &BrokerHeartbeatRequest) -> (Decision, Option<BrokerControlState>) {
        let broker = request.broker;
        let Some(registration) =
            self.image.brokers.get(&broker).filter(|registration| registration.epoch == request.broker_epoch)
        else {
            let refusal = BrokerHeartbeatResponse {
                error: ErrorCode::StaleBrokerEpoch,
                is_caught_up: false,
                is_fenced: true,
                should_shut_down: false,
            };
            return (Decision::answer(refusal), None);
        };
        let is_caught_up = request.current_metadata_offset >= registration.epoch.0;
        let (current, next) = self.heartbeats.next_state(
            broker,
            Wish {
                fence: request.want_fence,
                shut_down: request.want_shut_down,
                is_caught_up,
                has_leaderships: request.want_shut_down && self.has_leaderships(broker),
            },
        );
        let records = match next {
            _ if current == next => Vec::new(),
            BrokerControlState::Fenced | BrokerControlState::ShutdownNow => self.fence(broker),
            BrokerControlState::Unfenced => self.unfence(broker, registration.epoch),
            BrokerControlState::ControlledShutdown => self.enter_controlled_shutdown(broker, registration.epoch),
        };
        let response = BrokerHeartbeatResponse {
            error: ErrorCode::None,
            is_caught_up,
            is_fenced: next.is_fenced(),
            should_shut_down: next == BrokerControlState::ShutdownNow,
        };
        (Decision::new(records, response), Some(next))
    }

    fn has_leaderships(&self, broker: BrokerId) -> bool {
        self.image.partitions().any(|(_, _, partition)| partition.leader == Some(broker))
    }

    /// Takes a broker out: first the partition changes, then the fencing.
    pub fn fence(&self, broker: BrokerId) -> Vec<MetadataRecord> {
        let Some(registration) = self.image.brokers.get(&broker) else {
            return Vec::new();
        };
        let mut records = self.leader_and_isr_updates(BrokerChange::Removed(broker));
        records.retain(|_| !breaks(Mutation::FencedBrokerStays));
        records.push(MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch: registration.epoch,
            fenced: Some(true),
            in_controlled_shutdown: None,
        });
        records
    }

    /// Lets a broker in: first the unfencing, then elections where there is no leader.
    fn unfence(&self, broker: BrokerId, broker_epoch: BrokerEpoch) -> Vec<MetadataRecord> {
        let mut records = vec![MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch,
            fenced: Some(false),
            in_controlled_shutdown: None,
        }];
        records.extend(self.leader_and_isr_updates(BrokerChange::Added(broker)));
        records
    }

    fn enter_controlled_shutdown(&self, broker: BrokerId, broker_epoch: BrokerEpoch) -> Vec<MetadataRecord> {
        let mut records = vec![MetadataRecord::BrokerRegistrationChange {
            broker,
            broker_epoch,
            fenced: None,
            in_controlled_shutdown: Some(true),
        }];
        records.extend(self.leader_and_isr_updates(BrokerChange::Removed(broker)));
        records
    }

    /// Whether the broker's session has run out. It is fenced then, once more if it is fenced already
    /// (`maybeFenceOneStaleBroker`).
    pub fn is_stale(&self, broker: BrokerId, now: SimTime) -> bool {
        self.heartbeats.is_expired(broker, self.setup.config.broker_session_timeout_ms, now)
    }
}

impl BrokerHeartbeats {
    /// Keeps what a heartbeat has brought; `last_offset`: of the last record that it led to.
    pub fn after_heartbeat(
        &mut self,
        request: &BrokerHeartbeatRequest,
        next: BrokerControlState,
        last_offset: i64,
        now: SimTime,
    ) {
        self.touch(request.broker, next.is_fenced(), request.current_metadata_offset, now);
        if next == BrokerControlState::ControlledShutdown {
            self.begin_controlled_shutdown(request.broker, last_offset);
        }
    }
}

//! What brokers tell the active controller: AlterPartition (56), BrokerRegistration (62), BrokerHeartbeat (63), and
//! what an administrator tells it of a broker: UnregisterBroker (64).

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::features::SupportedFeatures;
use crate::kafka::ids::{BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch, TopicIdPartition};

/// `LeaderRecoveryState` (KIP-704): Recovering after an unclean election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum LeaderRecoveryState {
    #[default]
    Recovered,
    Recovering,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionRequest {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
    pub partitions: Vec<AlterPartitionData>,
}

/// The ISR that the leader asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionData {
    pub partition: TopicIdPartition,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    /// Each with the broker epoch of its last fetch (KIP-903); None: not known (-1).
    pub new_isr: Vec<(BrokerId, Option<BrokerEpoch>)>,
    pub leader_recovery_state: LeaderRecoveryState,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionResponse {
    /// For the whole request: STALE_BROKER_EPOCH, NOT_CONTROLLER.
    pub error: ErrorCode,
    pub partitions: Vec<AlterPartitionResult>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlterPartitionResult {
    pub partition: TopicIdPartition,
    pub error: ErrorCode,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub isr: Vec<BrokerId>,
    pub partition_epoch: PartitionEpoch,
    pub leader_recovery_state: LeaderRecoveryState,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerRegistrationRequest {
    pub broker: BrokerId,
    /// As it stands in the broker's log directory.
    pub cluster_id: String,
    /// Random for each start of the process.
    pub incarnation_id: u128,
    pub rack: Option<String>,
    pub features: SupportedFeatures,
    /// What a clean shutdown wrote down; None after an unclean one (KIP-966).
    pub previous_broker_epoch: Option<BrokerEpoch>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerRegistrationResponse {
    pub error: ErrorCode,
    pub broker_epoch: BrokerEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerHeartbeatRequest {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
    /// The highest offset of the metadata log that the broker has replayed.
    pub current_metadata_offset: Offset,
    pub want_fence: bool,
    pub want_shut_down: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrokerHeartbeatResponse {
    pub error: ErrorCode,
    pub is_caught_up: bool,
    pub is_fenced: bool,
    pub should_shut_down: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnregisterBrokerRequest {
    pub broker: BrokerId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnregisterBrokerResponse {
    pub error: ErrorCode,
    pub error_message: Option<String>,
}

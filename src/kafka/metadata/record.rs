//! Records of `__cluster_metadata` (metadata/src/main/resources/common/metadata).

use serde::{Deserialize, Serialize};

use super::image::PartitionRegistration;
use crate::kafka::features::SupportedFeatures;
use crate::kafka::ids::{BrokerEpoch, BrokerId, ControllerId, Offset, ProducerId, TopicId, TopicName};
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::protocol::broker_lifecycle::LeaderRecoveryState;
use crate::kafka::protocol::quorum::QuorumEpoch;

/// Records that the controller appends, and everybody replays, in one go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MetadataBatch {
    pub base_offset: Offset,
    pub epoch: QuorumEpoch,
    pub records: Vec<MetadataRecord>,
}

impl MetadataBatch {
    /// Offset after the batch's last record.
    pub fn end_offset(&self) -> Offset {
        self.base_offset + self.records.len() as Offset
    }
}

/// One change of the cluster's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MetadataRecord {
    /// Control record of the quorum: a leader's first entry of its epoch.
    LeaderChange {
        leader: ControllerId,
        voters: Vec<ControllerId>,
    },
    FeatureLevel {
        name: String,
        level: i16,
    },
    RegisterBroker {
        broker: BrokerId,
        incarnation_id: u128,
        broker_epoch: BrokerEpoch,
        rack: Option<String>,
        features: SupportedFeatures,
    },
    UnregisterBroker {
        broker: BrokerId,
        broker_epoch: BrokerEpoch,
    },
    /// None: unchanged.
    BrokerRegistrationChange {
        broker: BrokerId,
        broker_epoch: BrokerEpoch,
        fenced: Option<bool>,
        in_controlled_shutdown: Option<bool>,
    },
    Topic {
        name: TopicName,
        topic_id: TopicId,
    },
    RemoveTopic {
        topic_id: TopicId,
    },
    Partition {
        topic_id: TopicId,
        partition: i32,
        registration: PartitionRegistration,
    },
    PartitionChange(PartitionChange),
    /// None: the value is deleted.
    Config {
        resource: ConfigResource,
        name: String,
        value: Option<String>,
    },
    /// Empties the eligible leader replicas of one topic, or of all (KIP-966).
    ClearElr {
        topic: Option<TopicName>,
    },
    ProducerIds {
        broker: BrokerId,
        broker_epoch: BrokerEpoch,
        next_producer_id: ProducerId,
    },
    NoOp,
}

/// PartitionChangeRecord: what is None stays as it is.
///
/// Partition epoch +1 always; leader epoch +1 only when `leader` is given (also when given unchanged).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct PartitionChange {
    pub topic_id: TopicId,
    pub partition: i32,
    /// `Some(None)`: the partition has no leader now.
    pub leader: Option<Option<BrokerId>>,
    pub isr: Option<Vec<BrokerId>>,
    pub eligible_leader_replicas: Option<Vec<BrokerId>>,
    pub last_known_elr: Option<Vec<BrokerId>>,
    pub replicas: Option<Vec<BrokerId>>,
    pub adding_replicas: Option<Vec<BrokerId>>,
    pub removing_replicas: Option<Vec<BrokerId>>,
    pub leader_recovery_state: Option<LeaderRecoveryState>,
}

//! InitProducerId (API key 22) and AllocateProducerIds (API key 67).

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::ids::{BrokerEpoch, BrokerId, ProducerEpoch, ProducerId};

/// Asks for a producer id (KIP-98). Transactional ids belong to a later part of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InitProducerIdRequest {
    /// -1: none yet.
    pub producer_id: ProducerId,
    /// -1: none yet.
    pub producer_epoch: ProducerEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InitProducerIdResponse {
    pub error: ErrorCode,
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
}

/// A broker asks the controller for a block of 1,000 producer ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AllocateProducerIdsRequest {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AllocateProducerIdsResponse {
    pub error: ErrorCode,
    pub producer_id_start: ProducerId,
    pub producer_id_len: i32,
}

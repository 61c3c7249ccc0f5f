//! Blocks of producer ids (`ProducerIdControlManager`).

use super::decision::{Decision, View};
use crate::kafka::ids::ProducerId;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::producer_id::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};

/// Ids in a block (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
const BLOCK_SIZE: i32 = 1_000;

impl View<'_> {
    /// The next block, for a broker of the registered epoch.
    pub fn allocate_producer_ids(&self, request: &AllocateProducerIdsRequest) -> Decision {
        if !self.has_broker_epoch(request.broker, request.broker_epoch) {
            return Decision::answer(AllocateProducerIdsResponse {
                error: ErrorCode::StaleBrokerEpoch,
                producer_id_start: ProducerId(-1),
                producer_id_len: 0,
            });
        }
        let start = self.image.next_producer_id;
        let record = MetadataRecord::ProducerIds {
            broker: request.broker,
            broker_epoch: request.broker_epoch,
            next_producer_id: ProducerId(start.0 + i64::from(BLOCK_SIZE)),
        };
        let response = AllocateProducerIdsResponse {
            error: ErrorCode::None,
            producer_id_start: start,
            producer_id_len: BLOCK_SIZE,
        };
        Decision::new(vec![record], response)
    }
}

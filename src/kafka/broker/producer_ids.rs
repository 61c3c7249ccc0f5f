//! Producer ids: blocks of 1,000 from the controller, one for each InitProducerId (`RPCProducerIdManager`).

use super::BrokerTimer;
use super::context::Context;
use crate::kafka::effects::Channel;
use crate::kafka::ids::{ControllerId, NodeId, ProducerEpoch, ProducerId};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::producer_id::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdResponse,
};

const RETRY_BACKOFF_MS: u64 = 50;

/// A block: the next id and the first that is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Block {
    next: i64,
    len: i64,
    end: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ProducerIds {
    current: Option<Block>,
    /// Fetched ahead, when nine tenths of the current block were used.
    prefetched: Option<Block>,
    in_flight: Option<(ControllerId, u32)>,
    is_backing_off: bool,
}

impl ProducerIds {
    /// Gives out the next id, or COORDINATOR_LOAD_IN_PROGRESS while the first block is on its way.
    pub(super) fn init(&mut self, cx: &mut Context<'_>) -> InitProducerIdResponse {
        if self.current.is_none_or(|block| block.next >= block.end) {
            self.current = self.prefetched.take();
        }
        let Some(block) = self.current.as_mut() else {
            self.request_block(cx);
            return InitProducerIdResponse {
                error: ErrorCode::CoordinatorLoadInProgress,
                producer_id: ProducerId(-1),
                producer_epoch: ProducerEpoch(-1),
            };
        };
        let producer_id = ProducerId(block.next);
        block.next += 1;
        let is_nearly_used = (block.end - block.next) * 10 <= block.len;
        if is_nearly_used && self.prefetched.is_none() {
            self.request_block(cx);
        }
        InitProducerIdResponse { error: ErrorCode::None, producer_id, producer_epoch: ProducerEpoch(0) }
    }

    fn request_block(&mut self, cx: &mut Context<'_>) {
        if self.in_flight.is_some() || self.is_backing_off {
            return;
        }
        let (Some(controller), Some(broker_epoch)) = (cx.controller, cx.broker_epoch) else { return };
        let correlation = cx.next_correlation();
        let request = AllocateProducerIdsRequest { broker: cx.id(), broker_epoch };
        cx.out.send(NodeId::Controller(controller), Channel::Controller, correlation, request);
        self.in_flight = Some((controller, correlation));
    }

    pub(super) fn answered(&mut self, correlation: u32, response: &AllocateProducerIdsResponse, cx: &mut Context<'_>) {
        if self.in_flight.take_if(|(_, awaited)| *awaited == correlation).is_none() {
            return;
        }
        if !response.error.is_none() {
            self.back_off(cx);
            return;
        }
        let (start, len) = (response.producer_id_start.0, i64::from(response.producer_id_len));
        self.prefetched = Some(Block { next: start, len, end: start + len });
    }

    pub(super) fn failed(&mut self, controller: ControllerId, cx: &mut Context<'_>) {
        if self.in_flight.take_if(|(to, _)| *to == controller).is_some() {
            self.back_off(cx);
        }
    }

    fn back_off(&mut self, cx: &mut Context<'_>) {
        self.is_backing_off = true;
        cx.out.set_timer(BrokerTimer::ProducerIds, cx.now.plus_ms(RETRY_BACKOFF_MS));
    }

    /// The pause after a failure is over; the next producer that asks asks the controller again.
    pub(super) fn backed_off(&mut self) {
        self.is_backing_off = false;
    }
}

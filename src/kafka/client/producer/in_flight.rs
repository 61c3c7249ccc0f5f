//! Produce requests that were sent and not answered (InFlightRequests of NetworkClient).

use super::accumulator::QueueAt;
use super::idempotence::ProducerIdentity;
use crate::kafka::ids::{BrokerId, SimTime, TopicId};
use crate::kafka::sorted::SortedMap;

/// One batch of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InFlightBatch {
    pub at: QueueAt,
    /// How the request names the topic.
    pub topic_id: TopicId,
    pub batch_id: u32,
    /// Sequence number of its last record, and under whom, as it was sent.
    pub last_sequence: Option<(ProducerIdentity, i32)>,
}

/// A request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InFlightRequest {
    pub broker: BrokerId,
    pub sent_at: SimTime,
    pub batches: Vec<InFlightBatch>,
}

/// The requests by correlation id, which counts up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InFlightRequests {
    requests: SortedMap<u32, InFlightRequest>,
}

impl InFlightRequests {
    pub fn insert(&mut self, correlation: u32, request: InFlightRequest) {
        self.requests.insert(correlation, request);
    }

    /// Takes the request that an answer belongs to.
    pub fn take(&mut self, correlation: u32) -> Option<InFlightRequest> {
        self.requests.remove(&correlation)
    }

    /// Takes all requests to a broker, oldest first: its connection is gone.
    pub fn take_all(&mut self, broker: BrokerId) -> Vec<InFlightRequest> {
        self.requests.extract_if(|_, request| request.broker == broker).map(|(_, request)| request).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// By correlation, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &InFlightRequest)> {
        self.requests.iter().map(|(correlation, request)| (*correlation, request))
    }
}

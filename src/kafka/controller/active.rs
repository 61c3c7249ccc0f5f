//! What only the active controller has: the metadata ahead of the high watermark, heartbeats, and the answers that
//! wait for their records (`QuorumController`, `ControllerPurgatory`). All of it ends with its epoch.

use std::collections::VecDeque;
use std::rc::Rc;

use super::broker_heartbeats::BrokerHeartbeats;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::{Offset, SimTime};
use crate::kafka::metadata::{MetadataImage, MetadataRecord};
use crate::kafka::protocol::quorum::QuorumEpoch;
use crate::kafka::protocol::{Request, Response};

/// An answer that waits until everything below an offset is committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deferred {
    pub end_offset: Offset,
    pub to: RequestId,
    pub response: Response,
    /// For the refusal, if the leadership ends before.
    pub request: Rc<Request>,
}

/// The active controller of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActiveController {
    pub epoch: QuorumEpoch,
    /// The metadata with every decision, committed or not.
    pub ahead: Rc<MetadataImage>,
    pub heartbeats: BrokerHeartbeats,
    /// Decided, but not in the log yet: they are gathered for `controller.quorum.append.linger.ms`.
    pub gathered: Vec<Vec<MetadataRecord>>,
    pub deferred: VecDeque<Deferred>,
}

impl ActiveController {
    pub fn new(epoch: QuorumEpoch, image: &Rc<MetadataImage>, now: SimTime) -> ActiveController {
        ActiveController {
            epoch,
            ahead: image.clone(),
            heartbeats: BrokerHeartbeats::of_image(image, now),
            gathered: Vec::new(),
            deferred: VecDeque::new(),
        }
    }

    /// Takes decided records as true for all further decisions.
    pub fn gather(&mut self, records: Vec<MetadataRecord>) {
        let ahead = Rc::make_mut(&mut self.ahead);
        for record in &records {
            ahead.apply(record);
        }
        self.gathered.push(records);
    }

    /// Keeps an answer back until all that was decided so far is committed.
    pub fn defer(&mut self, to: RequestId, response: Response, request: Request) {
        let deferred = Deferred { end_offset: self.ahead.next_offset, to, response, request: Rc::new(request) };
        self.deferred.push_back(deferred);
    }

    /// The next answer whose records are committed.
    pub fn next_committed(&mut self, high_watermark: Offset) -> Option<Deferred> {
        let first = self.deferred.front()?;
        if first.end_offset <= high_watermark { self.deferred.pop_front() } else { None }
    }
}

//! Messages on their way, and the connections that carry them.
//!
//! Kafka runs on TCP, and so does this network: a connection delivers in order or breaks. A single message cannot
//! vanish while those after it arrive; so "drop" breaks the connection, "hold" holds up all behind it, what is sent over
//! a cut link waits for the link to be healed, and on a link that loses packets messages only come later, until TCP gives
//! up (see [`super::weather`]).

use std::collections::VecDeque;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::event::EventId;
use crate::kafka::effects::{Channel, RequestId};
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::protocol::{ApiKey, Request, Response};
use crate::kafka::record::RecordBatch;
use crate::kafka::sorted::SortedSet;

/// Number of a message in its history, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub u64);

/// A direction between two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Link {
    pub from: NodeId,
    pub to: NodeId,
}

/// How a link is worse than the network that the cluster was installed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct LinkQuality {
    /// What every message takes besides, microseconds.
    pub slower_us: u64,
    /// Of a million packets so many are lost.
    pub loss_ppm: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageBody {
    Request(Request),
    Response(Response),
}

/// One message, from its sending to its arrival or loss.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    pub id: MessageId,
    pub from: NodeId,
    pub to: NodeId,
    pub connection: ConnectionId,
    /// Of the connection: a message of a connection that was closed since then belongs to nobody.
    pub generation: u32,
    pub correlation: u32,
    pub body: MessageBody,
    pub sent_at: SimTime,
}

impl Message {
    pub fn is_request(&self) -> bool {
        matches!(self.body, MessageBody::Request(_))
    }

    pub fn api_key(&self) -> ApiKey {
        match &self.body {
            MessageBody::Request(request) => request.api_key(),
            MessageBody::Response(response) => response.api_key(),
        }
    }

    /// The id under which the receiver of a request answers it.
    pub fn request_id(&self) -> RequestId {
        RequestId(self.id.0)
    }

    /// Record batches that travel in this message.
    pub fn batches(&self) -> Vec<&RecordBatch> {
        match &self.body {
            MessageBody::Request(Request::Produce(produce)) => {
                produce.partitions.iter().flat_map(|partition| &partition.batches).collect()
            }
            MessageBody::Response(Response::Fetch(fetch)) => {
                fetch.partitions.iter().flat_map(|partition| &partition.batches).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Bytes on the wire, roughly: what is not record data counts as a hundred bytes.
    pub fn size_bytes(&self) -> u64 {
        let batches = |batches: &[RecordBatch]| batches.iter().map(|batch| batch.size_in_bytes() as u64).sum::<u64>();
        100 + match &self.body {
            MessageBody::Request(Request::Produce(produce)) => {
                produce.partitions.iter().map(|partition| batches(&partition.batches)).sum()
            }
            MessageBody::Response(Response::Fetch(fetch)) => {
                fetch.partitions.iter().map(|partition| batches(&partition.batches)).sum()
            }
            _ => 0,
        }
    }
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransitState {
    Travelling,
    /// By a command.
    Held,
    /// Behind a held message, or at a cut link.
    Stalled,
    /// It has arrived, but the server reads no further request of this connection before it has answered the
    /// former, or the process hangs.
    AtReceiver,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transit {
    pub message: Rc<Message>,
    pub state: TransitState,
    /// When it leaves its sender's process; one that is killed before has never sent it.
    pub departs_at: SimTime,
    pub due_at: SimTime,
    /// How many times it was lost on its way and sent again.
    pub retransmissions: u32,
    /// It never arrives: at `due_at` TCP gives up, and the connection breaks.
    pub(super) is_given_up: bool,
    /// Its place in the queue, while it travels.
    pub(super) queued: Option<(SimTime, u64)>,
    pub(super) sent_event: EventId,
}

impl Transit {
    /// The event of its sending.
    pub fn sent_event(&self) -> EventId {
        self.sent_event
    }
}

/// Names a connection: who opened it, to whom, and which one of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnectionId {
    pub requester: NodeId,
    pub server: NodeId,
    pub channel: Channel,
}

/// One way of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Lane {
    /// Nothing arrives before what was sent earlier.
    pub floor: SimTime,
    /// Messages that stand still: held, behind a held one, or at a cut link.
    pub stalled: SortedSet<MessageId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Connection {
    pub generation: u32,
    pub open: bool,
    pub to_server: Lane,
    pub to_requester: Lane,
    /// The request that the server works on; the channel is muted meanwhile.
    pub in_service: Option<RequestId>,
    /// Requests that have arrived meanwhile.
    pub waiting: VecDeque<MessageId>,
}

impl Connection {
    pub fn lane(&mut self, is_request: bool) -> &mut Lane {
        if is_request { &mut self.to_server } else { &mut self.to_requester }
    }

    /// Closes it; the next message opens a new one.
    pub fn close(&mut self) {
        *self = Connection { generation: self.generation + 1, ..Connection::default() };
    }
}

/// A request that a server has taken and not yet answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct InService {
    pub connection: ConnectionId,
    pub generation: u32,
    pub correlation: u32,
}

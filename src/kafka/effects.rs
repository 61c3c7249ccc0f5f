//! What goes into a node and what comes out: `(state, input, now) -> effects`.
//!
//! A node never acts. It returns intentions, and the world carries them out: it moves messages, fires timers and
//! writes down what happened.

use serde::{Deserialize, Serialize};

use super::client::call::Call;
use super::ids::NodeId;
use super::note::Note;
use super::protocol::{Request, Response};
use super::timer::Timer;

/// Names a request that was delivered, so that it can be answered later. Unique in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// Which of the connections between two nodes. The requester opens it; each carries requests one way and answers
/// the other, in order. A server takes the next request of a connection only after it has answered the former
/// (SocketServer mutes the channel), so whoever must not be held up uses a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    /// Clients: produce, fetch, metadata, admin.
    Data,
    /// A consumer's second connection to the broker that coordinates its group.
    Coordinator,
    /// ReplicaFetcherThread: a follower to a leader.
    Replication,
    /// Broker to active controller: AlterPartition, AllocateProducerIds.
    Controller,
    /// Broker to active controller: registration and heartbeats (BrokerLifecycleManager).
    Lifecycle,
    /// The quorum's own messages, and brokers fetching the metadata log.
    Raft,
    /// A broker handing an administrator's request on to the active controller.
    Forwarding,
    /// A raw connection of a person who sends single requests.
    Wire(u32),
}

/// What a node is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A request has arrived. Answer with [`Effects::respond`], [`Effects::no_response`] or by closing.
    Request {
        id: RequestId,
        from: NodeId,
        channel: Channel,
        request: Request,
    },
    /// The answer to the request that this node sent with this correlation.
    Response {
        from: NodeId,
        channel: Channel,
        correlation: u32,
        response: Response,
    },
    /// The connection broke: no request in flight on it will be answered.
    Disconnected {
        peer: NodeId,
        channel: Channel,
    },
    Timer(Timer),
    /// The application (or the person) calls a client.
    Call(Call),
}

/// What a node wants done. `cause`: index in [`Effects::list`] of the note that led to it; None: the input.
#[derive(Clone, Debug)]
pub enum Effect {
    Send {
        to: NodeId,
        channel: Channel,
        correlation: u32,
        request: Request,
        after_us: u64,
    },
    Respond {
        to: RequestId,
        response: Response,
        after_us: u64,
    },
    /// The request is done and gets no answer (acks=0).
    NoResponse {
        to: RequestId,
    },
    /// Closes the connection that this request came by, unanswered.
    RefuseConnection {
        to: RequestId,
    },
    /// Closes a connection that this node opened.
    Disconnect {
        peer: NodeId,
        channel: Channel,
    },
    /// Sets, or sets anew, the timer of this key.
    SetTimer {
        timer: Timer,
        at_us: u64,
    },
    CancelTimer {
        timer: Timer,
    },
    Note(Note),
    /// The process ends by itself (a controlled shutdown is complete).
    Exit,
    /// The process ends at once, by itself (`Exit.halt`): it cannot go on.
    Halt,
}

/// The effects of one input, in order.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    pub list: Vec<(Option<u32>, Effect)>,
    cause: Option<u32>,
}

impl Effects {
    pub fn new() -> Effects {
        Effects::default()
    }

    fn push(&mut self, effect: Effect) {
        self.list.push((self.cause, effect));
    }

    /// Sends a request; `correlation` comes back with the answer and need only be unique on the connection.
    pub fn send(&mut self, to: NodeId, channel: Channel, correlation: u32, request: impl Into<Request>) {
        self.send_after(0, to, channel, correlation, request);
    }

    /// Sends a request after some processing time.
    pub fn send_after(
        &mut self,
        after_us: u64,
        to: NodeId,
        channel: Channel,
        correlation: u32,
        request: impl Into<Request>,
    ) {
        self.push(Effect::Send { to, channel, correlation, request: request.into(), after_us });
    }

    pub fn respond(&mut self, to: RequestId, response: impl Into<Response>) {
        self.respond_after(0, to, response);
    }

    /// Answers after some processing time.
    pub fn respond_after(&mut self, after_us: u64, to: RequestId, response: impl Into<Response>) {
        self.push(Effect::Respond { to, response: response.into(), after_us });
    }

    pub fn no_response(&mut self, to: RequestId) {
        self.push(Effect::NoResponse { to });
    }

    pub fn refuse_connection(&mut self, to: RequestId) {
        self.push(Effect::RefuseConnection { to });
    }

    pub fn disconnect(&mut self, peer: NodeId, channel: Channel) {
        self.push(Effect::Disconnect { peer, channel });
    }

    /// `at`: virtual time; a time in the past fires at once.
    pub fn set_timer(&mut self, timer: impl Into<Timer>, at: super::ids::SimTime) {
        self.push(Effect::SetTimer { timer: timer.into(), at_us: at.0 });
    }

    pub fn cancel_timer(&mut self, timer: impl Into<Timer>) {
        self.push(Effect::CancelTimer { timer: timer.into() });
    }

    pub fn exit(&mut self) {
        self.push(Effect::Exit);
    }

    pub fn halt(&mut self) {
        self.push(Effect::Halt);
    }

    /// Writes down a fact. Returns its place, for [`Effects::because_of`].
    pub fn note(&mut self, note: Note) -> u32 {
        self.push(Effect::Note(note));
        (self.list.len() - 1) as u32
    }

    /// What the effects are put down to at present, to be restored later.
    pub fn cause(&self) -> Option<u32> {
        self.cause
    }

    /// What follows was caused by that note, until this is called again; None: by the input itself.
    pub fn because_of(&mut self, note: Option<u32>) {
        self.cause = note;
    }
}

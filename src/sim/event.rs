//! All that can have happened. Each event knows its cause, so "why?" is a walk, not a guess.

use std::rc::Rc;

use super::command::Command;
use super::network::Message;
use crate::kafka::effects::Channel;
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::note::Note;
use crate::kafka::timer::Timer;

/// Number of an event in its history, counted from 0.
pub type EventId = u64;

/// The smallest thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub at: SimTime,
    /// Where it happened; None: outside all processes.
    pub node: Option<NodeId>,
    pub cause: Option<EventId>,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    Command(Rc<Command>),
    /// At the sender.
    MessageSent(Rc<Message>),
    /// At the receiver.
    MessageDelivered(Rc<Message>),
    MessageDropped(Rc<Message>),
    MessageHeld(Rc<Message>),
    MessageReleased(Rc<Message>),
    TimerFired(Timer),
    /// The requester learns that its connection is gone.
    ConnectionBroken {
        peer: NodeId,
        channel: Channel,
    },
    NodeStarted,
    NodeKilled,
    /// By itself, after a stop was asked for.
    NodeStopped,
    NodePaused,
    NodeResumed,
    LinkCut {
        from: NodeId,
        to: NodeId,
    },
    LinkHealed {
        from: NodeId,
        to: NodeId,
    },
    Note(Note),
    /// By itself, because it could not go on.
    NodeHalted,
    /// The machine, and with it the process.
    PowerLost,
    /// Each append and read takes so many microseconds more than usual.
    DiskSlowed {
        latency_us: u64,
    },
    DiskFilled,
    DiskFreed,
    /// What passes takes so many microseconds more than usual.
    LinkSlowed {
        from: NodeId,
        to: NodeId,
        by_us: u64,
    },
    /// Of a million packets so many are lost.
    LinkLossy {
        from: NodeId,
        to: NodeId,
        loss_ppm: u32,
    },
    /// The machine's wall clock is ahead of the true time by so many milliseconds.
    ClockSkewed {
        by_ms: i64,
    },
}

impl Event {
    /// The fact that was written down, if this event is one.
    pub fn note(&self) -> Option<&Note> {
        match &self.kind {
            EventKind::Note(note) => Some(note),
            _ => None,
        }
    }
}

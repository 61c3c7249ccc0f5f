//! A process: one node's state, whether it runs, and what it waits for.

use std::collections::VecDeque;
use std::rc::Rc;

use super::event::EventId;
use super::network::MessageId;
use crate::kafka::broker::Broker;
use crate::kafka::client::consumer::Consumer;
use crate::kafka::client::producer::Producer;
use crate::kafka::client::wire::Wire;
use crate::kafka::controller::Controller;
use crate::kafka::effects::{Channel, Effects, Input};
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::setup::{Disk, WallClock};
use crate::kafka::sorted::SortedMap;
use crate::kafka::timer::Timer;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcessStatus {
    Running,
    /// Hangs (SIGSTOP).
    Paused,
    /// Killed, stopped, or not yet started.
    Down,
}

/// The state machine of a process, shared between checkpoints until it changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProcessState {
    Controller(Rc<Controller>),
    Broker(Rc<Broker>),
    Producer(Rc<Producer>),
    Consumer(Rc<Consumer>),
    Wire(Rc<Wire>),
}

/// A timer that is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerEntry {
    pub set_at: SimTime,
    pub due_at: SimTime,
    pub(super) queued: (SimTime, u64),
    pub(super) set_by: EventId,
}

/// What reached a process that hangs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unread {
    Message(MessageId),
    Timer(Timer, EventId),
    Disconnected { peer: NodeId, channel: Channel, cause: EventId },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub name: Rc<str>,
    pub status: ProcessStatus,
    pub state: ProcessState,
    pub timers: SortedMap<Timer, TimerEntry>,
    pub(super) unread: VecDeque<Unread>,
}

impl Process {
    pub(super) fn new(name: Rc<str>, state: ProcessState) -> Process {
        Process { name, status: ProcessStatus::Down, state, timers: SortedMap::new(), unread: VecDeque::new() }
    }

    pub(super) fn start(&mut self, now: SimTime, out: &mut Effects) {
        match &mut self.state {
            ProcessState::Controller(node) => Rc::make_mut(node).start(now, out),
            ProcessState::Broker(node) => Rc::make_mut(node).start(now, out),
            ProcessState::Producer(node) => Rc::make_mut(node).start(now, out),
            ProcessState::Consumer(node) => Rc::make_mut(node).start(now, out),
            ProcessState::Wire(node) => Rc::make_mut(node).start(now, out),
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: SimTime, out: &mut Effects) {
        match &mut self.state {
            ProcessState::Controller(node) => Rc::make_mut(node).handle(input, now, out),
            ProcessState::Broker(node) => Rc::make_mut(node).handle(input, now, out),
            ProcessState::Producer(node) => Rc::make_mut(node).handle(input, now, out),
            ProcessState::Consumer(node) => Rc::make_mut(node).handle(input, now, out),
            ProcessState::Wire(node) => Rc::make_mut(node).handle(input, now, out),
        }
    }

    /// SIGKILL, as the state machine sees it.
    pub(super) fn crash(&mut self) {
        match &mut self.state {
            ProcessState::Controller(node) => Rc::make_mut(node).crash(),
            ProcessState::Broker(node) => Rc::make_mut(node).crash(),
            ProcessState::Producer(node) => Rc::make_mut(node).crash(),
            ProcessState::Consumer(node) => Rc::make_mut(node).crash(),
            ProcessState::Wire(node) => Rc::make_mut(node).crash(),
        }
    }

    /// The machine loses its power. Only a broker has anything to lose by that which a kill leaves: see
    /// [`Broker::lose_power`] and the controller's `disk`.
    pub(super) fn lose_power(&mut self, now: SimTime, out: &mut Effects) {
        match &mut self.state {
            ProcessState::Broker(node) => Rc::make_mut(node).lose_power(now, out),
            _ => self.crash(),
        }
    }

    /// The disk of the machine, as far as it can go wrong; None: this process keeps nothing on a disk.
    pub fn disk(&self) -> Option<Disk> {
        match &self.state {
            ProcessState::Controller(node) => Some(node.setup.disk),
            ProcessState::Broker(node) => Some(node.setup.disk),
            ProcessState::Producer(_) | ProcessState::Consumer(_) | ProcessState::Wire(_) => None,
        }
    }

    pub(super) fn set_disk(&mut self, disk: Disk) {
        match &mut self.state {
            ProcessState::Controller(node) => Rc::make_mut(node).set_disk(disk),
            ProcessState::Broker(node) => Rc::make_mut(node).set_disk(disk),
            ProcessState::Producer(_) | ProcessState::Consumer(_) | ProcessState::Wire(_) => {}
        }
    }

    /// The machine's clock.
    pub fn clock(&self) -> WallClock {
        match &self.state {
            ProcessState::Controller(node) => node.setup.clock,
            ProcessState::Broker(node) => node.setup.clock,
            ProcessState::Producer(node) => node.setup.client.clock,
            ProcessState::Consumer(node) => node.setup.client.clock,
            ProcessState::Wire(node) => node.setup.clock,
        }
    }

    pub(super) fn set_clock(&mut self, clock: WallClock) {
        match &mut self.state {
            ProcessState::Controller(node) => Rc::make_mut(node).set_clock(clock),
            ProcessState::Broker(node) => Rc::make_mut(node).set_clock(clock),
            ProcessState::Producer(node) => Rc::make_mut(node).setup.client.clock = clock,
            ProcessState::Consumer(node) => Rc::make_mut(node).setup.client.clock = clock,
            ProcessState::Wire(node) => Rc::make_mut(node).setup.clock = clock,
        }
    }

    /// SIGTERM: servers say goodbye; a client's process just ends, and all it had in memory is gone.
    pub(super) fn shut_down(&mut self, now: SimTime, out: &mut Effects) {
        match &mut self.state {
            ProcessState::Controller(node) => Rc::make_mut(node).shut_down(now, out),
            ProcessState::Broker(node) => Rc::make_mut(node).shut_down(now, out),
            ProcessState::Producer(_) | ProcessState::Consumer(_) | ProcessState::Wire(_) => {
                self.crash();
                out.exit();
            }
        }
    }
}

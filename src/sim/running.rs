//! Runs processes: hands them what happens, and does what they intend.

use super::event::{EventId, EventKind};
use super::network::ConnectionId;
use super::process::{ProcessStatus, TimerEntry, Unread};
use super::world::{Next, World};
use crate::kafka::effects::{Effect, Effects, Input};
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::timer::Timer;

impl World {
    pub(super) fn start_process(&mut self, node: NodeId, cause: Option<EventId>) {
        let root = self.record(Some(node), cause, EventKind::NodeStarted);
        let now = self.now;
        let mut out = Effects::new();
        let Some(process) = self.processes.get_mut(&node) else { return };
        process.status = ProcessStatus::Running;
        process.start(now, &mut out);
        self.carry_out(node, root, out);
    }

    pub(super) fn dispatch(&mut self, node: NodeId, root: EventId, input: Input) {
        let now = self.now;
        let mut out = Effects::new();
        let Some(process) = self.processes.get_mut(&node) else { return };
        process.handle(input, now, &mut out);
        self.carry_out(node, root, out);
    }

    pub(super) fn shut_down_process(&mut self, node: NodeId, root: EventId) {
        let now = self.now;
        let mut out = Effects::new();
        let Some(process) = self.processes.get_mut(&node) else { return };
        process.shut_down(now, &mut out);
        self.carry_out(node, root, out);
    }

    pub(super) fn fire(&mut self, node: NodeId, timer: Timer) {
        let Some(process) = self.processes.get_mut(&node) else { return };
        let Some(entry) = process.timers.remove(&timer) else { return };
        if process.status == ProcessStatus::Paused {
            process.unread.push_back(Unread::Timer(timer, entry.set_by));
            return;
        }
        self.fired(node, timer, entry.set_by);
    }

    fn fired(&mut self, node: NodeId, timer: Timer, set_by: EventId) {
        let root = self.record(Some(node), Some(set_by), EventKind::TimerFired(timer.clone()));
        self.dispatch(node, root, Input::Timer(timer));
    }

    pub(super) fn read_on(&mut self, node: NodeId, unread: Unread) {
        if !self.is_running(node) {
            if let Some(process) = self.processes.get_mut(&node)
                && process.status == ProcessStatus::Paused
            {
                process.unread.push_back(unread);
            }
            return;
        }
        match unread {
            Unread::Message(message) => self.read_late(message),
            Unread::Timer(timer, set_by) => {
                // The process may have set the timer anew while it read the messages before it.
                if self.processes.get(&node).is_some_and(|process| !process.timers.contains_key(&timer)) {
                    self.fired(node, timer, set_by);
                }
            }
            Unread::Disconnected { peer, channel, cause } => self.connection_broken(node, peer, channel, cause),
        }
    }

    /// Does what a node intends, in its order.
    pub(super) fn carry_out(&mut self, node: NodeId, root: EventId, out: Effects) {
        let mut events = std::mem::take(&mut self.scratch);
        events.clear();
        for (cause, effect) in out.list {
            let cause = cause.and_then(|index| events.get(index as usize).copied()).unwrap_or(root);
            let event = match effect {
                Effect::Note(note) => self.record(Some(node), Some(cause), EventKind::Note(note)),
                Effect::Send { to, channel, correlation, request, after_us } => {
                    self.send_request(node, to, channel, correlation, request, after_us, cause)
                }
                Effect::Respond { to, response, after_us } => {
                    self.send_response(to, Some((response, after_us)), cause).unwrap_or(cause)
                }
                Effect::NoResponse { to } => self.send_response(to, None, cause).unwrap_or(cause),
                Effect::RefuseConnection { to } => {
                    self.refuse(to, cause);
                    cause
                }
                Effect::Disconnect { peer, channel } => {
                    self.close_connection(ConnectionId { requester: node, server: peer, channel });
                    cause
                }
                Effect::SetTimer { timer, at_us } => {
                    self.set_timer(node, timer, SimTime(at_us), cause);
                    cause
                }
                Effect::CancelTimer { timer } => {
                    self.cancel_timer(node, &timer);
                    cause
                }
                Effect::Exit => {
                    let event = self.record(Some(node), Some(cause), EventKind::NodeStopped);
                    self.end_process(node, event);
                    event
                }
                Effect::Halt => {
                    let event = self.record(Some(node), Some(cause), EventKind::NodeHalted);
                    self.end_process(node, event);
                    event
                }
            };
            events.push(event);
        }
        self.scratch = events;
    }

    fn set_timer(&mut self, node: NodeId, timer: Timer, at: SimTime, set_by: EventId) {
        self.cancel_timer(node, &timer);
        let due_at = at.max(self.now);
        let queued = self.enqueue(due_at, Next::Fire(node, timer.clone()));
        let entry = TimerEntry { set_at: self.now, due_at, queued, set_by };
        if let Some(process) = self.processes.get_mut(&node) {
            process.timers.insert(timer, entry);
        }
    }

    fn cancel_timer(&mut self, node: NodeId, timer: &Timer) {
        let Some(process) = self.processes.get_mut(&node) else { return };
        if let Some(entry) = process.timers.remove(timer) {
            self.queue.remove(&entry.queued);
        }
        process.unread.retain(|unread| !matches!(unread, Unread::Timer(waiting, _) if waiting == timer));
    }

    /// The process is gone: its timers, what it had not read, and its connections.
    pub(super) fn end_process(&mut self, node: NodeId, cause: EventId) {
        let Some(process) = self.processes.get_mut(&node) else { return };
        process.status = ProcessStatus::Down;
        for entry in std::mem::take(&mut process.timers).into_values() {
            self.queue.remove(&entry.queued);
        }
        let unread = std::mem::take(&mut process.unread);
        for item in unread {
            if let Unread::Message(message) = item {
                self.transits.remove(&message);
            }
        }
        self.queue.retain(|_, next| !matches!(next, Next::ReadOn(of, _) if *of == node));
        self.break_all_connections(node, cause);
    }
}

//! Commands: what a person, a lesson or a test does to the world.

use std::rc::Rc;

use super::command::{Command, CommandError};
use super::event::{EventId, EventKind};
use super::network::{ConnectionId, Link, MessageId, TransitState};
use super::process::{ProcessState, ProcessStatus};
use super::world::{Next, World};
use crate::kafka::client::call::{Call, ProducerCall, WireCall};
use crate::kafka::client::consumer::Consumer;
use crate::kafka::client::producer::Producer;
use crate::kafka::config::{ConsumerConfig, ProducerConfig};
use crate::kafka::effects::Input;
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::setup::{ConsumerSetup, ProducerSetup};

/// Most records of one call; a call is one step, and a step must not take for ever.
const MAX_RECORDS_PER_CALL: usize = 100_000;

impl World {
    /// Carries out a command, now. Afterwards [`World::events`] tells what happened.
    ///
    /// # Errors
    /// The command cannot be obeyed; nothing has changed then.
    pub fn apply(&mut self, command: &Command) -> Result<(), CommandError> {
        self.check(command)?;
        self.clear_events();
        let root = self.record(None, None, EventKind::Command(Rc::new(command.clone())));
        match command {
            Command::StartProducer { name, config } => {
                let config = ProducerConfig::from_client_properties(config)?;
                let client = self.next_client_setup(name);
                let id = client.id;
                let producer = Producer::new(ProducerSetup { client, config });
                self.install_client(id, name, ProcessState::Producer(Rc::new(producer)), root);
            }
            Command::StartConsumer { name, config, application } => {
                let config = ConsumerConfig::from_properties(config)?;
                let client = self.next_client_setup(name);
                let id = client.id;
                let consumer = Consumer::new(ConsumerSetup { client, config, application: *application });
                self.install_client(id, name, ProcessState::Consumer(Rc::new(consumer)), root);
            }
            Command::Producer { name, call } => self.call(name, root, Call::Producer(call.clone())),
            Command::Consumer { name, call } => self.call(name, root, Call::Consumer(call.clone())),
            Command::Wire { call } => {
                self.dispatch(NodeId::client(0), root, Input::Call(Call::Wire(call.clone())));
            }
            Command::Kill { node } => {
                let event = self.record(Some(*node), Some(root), EventKind::NodeKilled);
                self.end_process(*node, event);
                if let Some(process) = self.processes.get_mut(node) {
                    process.crash();
                }
            }
            Command::Stop { node } => self.shut_down_process(*node, root),
            Command::Start { node } => self.start_process(*node, Some(root)),
            Command::Pause { node } => {
                self.record(Some(*node), Some(root), EventKind::NodePaused);
                self.set_status(*node, ProcessStatus::Paused);
            }
            Command::Resume { node } => self.resume(*node, root),
            Command::Drop { message } => {
                let event = self.drop_message(*message);
                if let Some(connection) = event.1 {
                    self.break_connection(connection, event.0);
                }
            }
            Command::Hold { message } => self.hold(*message, root),
            Command::Release { message } => self.release(*message, root),
            Command::Delay { message, by_us } => self.delay(*message, *by_us),
            Command::CutLink { from, to, one_way } => {
                self.cut(*from, *to, root);
                if !one_way {
                    self.cut(*to, *from, root);
                }
            }
            Command::HealLink { from, to } => {
                self.heal(*from, *to, root);
                self.heal(*to, *from, root);
            }
            Command::LosePower { node } => self.lose_power(*node, root),
            Command::SlowDisk { node, latency_us } => self.slow_disk(*node, *latency_us, root),
            Command::FillDisk { node } => self.fill_disk(*node, true, root),
            Command::FreeDisk { node } => self.fill_disk(*node, false, root),
            Command::SlowLink { from, to, by_us, one_way } => {
                self.slow_link(*from, *to, *by_us, root);
                if !one_way {
                    self.slow_link(*to, *from, *by_us, root);
                }
            }
            Command::LoseOnLink { from, to, loss_ppm, one_way } => {
                self.lose_on_link(*from, *to, *loss_ppm, root);
                if !one_way {
                    self.lose_on_link(*to, *from, *loss_ppm, root);
                }
            }
            Command::SkewClock { node, by_ms } => self.skew_clock(*node, *by_ms, root),
        }
        Ok(())
    }

    /// Whether the command can be obeyed now.
    fn check(&self, command: &Command) -> Result<(), CommandError> {
        let status =
            |node: &NodeId| self.process(*node).map(|process| process.status).ok_or(CommandError::NoSuchNode(*node));
        let free = |name: &String| match self.client_named(name) {
            Some(node) if self.process(node).is_some_and(|process| process.status != ProcessStatus::Down) => {
                Err(CommandError::NameTaken(name.clone()))
            }
            _ if name.is_empty() => Err(CommandError::Invalid("a client needs a name".into())),
            _ => Ok(()),
        };
        match command {
            Command::StartProducer { name, config } => {
                free(name)?;
                ProducerConfig::from_client_properties(config)?;
            }
            Command::StartConsumer { name, config, .. } => {
                free(name)?;
                ConsumerConfig::from_properties(config)?;
            }
            Command::Producer { name, call } => {
                let node = self.running_client(name)?;
                if !matches!(self.processes[&node].state, ProcessState::Producer(_)) {
                    return Err(CommandError::WrongKind(name.clone()));
                }
                if let ProducerCall::Send(records) = call
                    && records.len() > MAX_RECORDS_PER_CALL
                {
                    let what = format!("{} records in one call; at most {MAX_RECORDS_PER_CALL}", records.len());
                    return Err(CommandError::Invalid(what));
                }
            }
            Command::Consumer { name, .. } => {
                let node = self.running_client(name)?;
                if !matches!(self.processes[&node].state, ProcessState::Consumer(_)) {
                    return Err(CommandError::WrongKind(name.clone()));
                }
            }
            Command::Wire { call } => {
                if let WireCall::Send { to, .. } = call {
                    status(to)?;
                }
            }
            Command::Kill { node } | Command::LosePower { node } => {
                if status(node)? == ProcessStatus::Down {
                    return Err(CommandError::NotRunning(*node));
                }
            }
            Command::Stop { node } | Command::Pause { node } => {
                if status(node)? != ProcessStatus::Running {
                    return Err(CommandError::NotRunning(*node));
                }
            }
            Command::Start { node } => {
                if status(node)? != ProcessStatus::Down {
                    return Err(CommandError::AlreadyRunning(*node));
                }
            }
            Command::Resume { node } => {
                if status(node)? != ProcessStatus::Paused {
                    return Err(CommandError::NotPaused(*node));
                }
            }
            Command::Drop { message } => {
                self.transits.get(message).ok_or(CommandError::NoSuchMessage(*message))?;
            }
            Command::Hold { message } | Command::Delay { message, .. } => {
                let transit = self.transits.get(message).ok_or(CommandError::NoSuchMessage(*message))?;
                if transit.state != TransitState::Travelling {
                    return Err(CommandError::Invalid(format!("message {} does not travel at present", message.0)));
                }
            }
            Command::Release { message } => {
                let transit = self.transits.get(message).ok_or(CommandError::NoSuchMessage(*message))?;
                if transit.state != TransitState::Held {
                    return Err(CommandError::NotHeld(*message));
                }
            }
            Command::CutLink { from, to, .. }
            | Command::SlowLink { from, to, .. }
            | Command::LoseOnLink { from, to, .. } => {
                status(from)?;
                status(to)?;
                if from == to {
                    return Err(CommandError::Invalid(format!("{from} has no link to itself")));
                }
            }
            Command::HealLink { from, to } => {
                if !self.is_cut(*from, *to) && !self.is_cut(*to, *from) {
                    return Err(CommandError::NotCut(*from, *to));
                }
            }
            Command::SlowDisk { node, .. }
            | Command::FillDisk { node }
            | Command::FreeDisk { node }
            | Command::SkewClock { node, .. } => {
                status(node)?;
            }
        }
        self.check_measures(command)
    }

    fn running_client(&self, name: &str) -> Result<NodeId, CommandError> {
        let node = self.client_named(name).ok_or_else(|| CommandError::NoSuchClient(name.into()))?;
        if self.is_running(node) { Ok(node) } else { Err(CommandError::NotRunning(node)) }
    }

    fn call(&mut self, name: &str, root: EventId, call: Call) {
        if let Some(node) = self.client_named(name) {
            self.dispatch(node, root, Input::Call(call));
        }
    }

    fn set_status(&mut self, node: NodeId, status: ProcessStatus) {
        if let Some(process) = self.processes.get_mut(&node) {
            process.status = status;
        }
    }

    fn resume(&mut self, node: NodeId, root: EventId) {
        self.record(Some(node), Some(root), EventKind::NodeResumed);
        self.set_status(node, ProcessStatus::Running);
        let Some(process) = self.processes.get_mut(&node) else { return };
        let unread = std::mem::take(&mut process.unread);
        for item in unread {
            self.enqueue(self.now(), Next::ReadOn(node, item));
        }
    }

    fn drop_message(&mut self, id: MessageId) -> (EventId, Option<ConnectionId>) {
        let message = self.transits.get(&id).map(|transit| transit.message.clone());
        let event = self.lose(id);
        let connection = message.and_then(|message| {
            let entry = self.connections.get(&message.connection)?;
            (entry.generation == message.generation).then_some(message.connection)
        });
        (event, connection)
    }

    fn hold(&mut self, id: MessageId, root: EventId) {
        let Some(transit) = self.transits.get_mut(&id) else { return };
        transit.state = TransitState::Held;
        let queued = transit.queued.take();
        let message = transit.message.clone();
        if let Some(key) = queued {
            self.queue.remove(&key);
        }
        if let Some(entry) = self.connections.get_mut(&message.connection)
            && entry.generation == message.generation
        {
            entry.lane(message.is_request()).stalled.insert(id);
        }
        self.record(None, Some(root), EventKind::MessageHeld(message));
    }

    fn release(&mut self, id: MessageId, root: EventId) {
        let Some(transit) = self.transits.get(&id) else { return };
        let message = transit.message.clone();
        self.record(None, Some(root), EventKind::MessageReleased(message.clone()));
        let entry = self.connections.entry(message.connection).or_default();
        let current = entry.generation == message.generation;
        entry.lane(message.is_request()).stalled.remove(&id);
        self.travel(id, self.now());
        if current {
            self.release_lane(message.connection, message.is_request());
        }
    }

    fn delay(&mut self, id: MessageId, by_us: u64) {
        let Some(transit) = self.transits.get_mut(&id) else { return };
        let due_at = SimTime(transit.due_at.0.saturating_add(by_us));
        let queued = transit.queued.take();
        let message = transit.message.clone();
        if let Some(key) = queued {
            self.queue.remove(&key);
        }
        // What was sent later on the same way may not overtake it.
        let behind: Vec<MessageId> = self
            .transits
            .range(id..)
            .filter(|(_, other)| {
                other.message.connection == message.connection
                    && other.message.generation == message.generation
                    && other.message.is_request() == message.is_request()
                    && other.state == TransitState::Travelling
                    && other.due_at < due_at
            })
            .map(|(other, _)| *other)
            .collect();
        if let Some(entry) = self.connections.get_mut(&message.connection) {
            let lane = entry.lane(message.is_request());
            lane.floor = lane.floor.max(due_at);
        }
        for other in behind {
            if let Some(key) = self.transits.get_mut(&other).and_then(|transit| transit.queued.take()) {
                self.queue.remove(&key);
            }
            self.travel(other, due_at);
        }
    }

    fn cut(&mut self, from: NodeId, to: NodeId, root: EventId) {
        let now = self.now();
        if self.cut_links.insert(Link { from, to }, now).is_none() {
            self.record(None, Some(root), EventKind::LinkCut { from, to });
        }
    }

    fn heal(&mut self, from: NodeId, to: NodeId, root: EventId) {
        if self.cut_links.remove(&Link { from, to }).is_none() {
            return;
        }
        self.record(None, Some(root), EventKind::LinkHealed { from, to });
        let connections: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for connection in connections {
            let is_request = connection.requester == from && connection.server == to;
            let is_response = connection.server == from && connection.requester == to;
            if is_request {
                self.release_lane(connection, true);
            }
            if is_response {
                self.release_lane(connection, false);
            }
        }
    }
}

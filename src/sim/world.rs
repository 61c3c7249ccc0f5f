//! The world: all processes, the queue of what comes next, and the clock.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::cluster::ClusterSpec;
use super::event::{Event, EventId, EventKind};
use super::network::{Connection, ConnectionId, InService, Link, LinkQuality, MessageId, Transit};
use super::process::{Process, ProcessState, ProcessStatus, Unread};
use crate::kafka::broker::Broker;
use crate::kafka::client::consumer::Consumer;
use crate::kafka::client::producer::Producer;
use crate::kafka::client::wire::Wire;
use crate::kafka::config::ConfigError;
use crate::kafka::controller::Controller;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::{BrokerId, NodeId, SimTime};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::random::Random;
use crate::kafka::sorted::SortedMap;
use crate::kafka::timer::Timer;

/// What the queue holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Next {
    Start(NodeId),
    Deliver(MessageId),
    Fire(NodeId, Timer),
    /// A requester learns that its connection is gone.
    Break {
        connection: ConnectionId,
        ends: Option<u32>,
        cause: EventId,
    },
    /// A process that hung takes up what it did not read.
    ReadOn(NodeId, Unread),
}

/// A whole simulated cluster. Cloning is cheap: states are shared until they change.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) now: SimTime,
    pub(super) spec: Rc<ClusterSpec>,
    pub(super) seed: u64,
    pub(super) processes: SortedMap<NodeId, Process>,
    pub(super) queue: BTreeMap<(SimTime, u64), Next>,
    pub(super) transits: BTreeMap<MessageId, Transit>,
    pub(super) connections: SortedMap<ConnectionId, Connection>,
    pub(super) in_service: SortedMap<RequestId, InService>,
    pub(super) cut_links: SortedMap<Link, SimTime>,
    /// Links that are slower than the network, or lose packets.
    pub(super) bad_links: SortedMap<Link, LinkQuality>,
    pub(super) network_random: Random,
    pub(super) next_sequence: u64,
    pub(super) next_message: u64,
    pub(super) next_event: EventId,
    pub(super) next_client: u32,
    /// Events of the last step or command; not part of the state.
    pub(super) events: Vec<Event>,
    /// Kept for its allocation only.
    pub(super) scratch: Vec<EventId>,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.now.hash(hasher);
        self.processes.hash(hasher);
        self.queue.hash(hasher);
        self.transits.hash(hasher);
        self.connections.hash(hasher);
        self.in_service.hash(hasher);
        self.cut_links.hash(hasher);
        self.bad_links.hash(hasher);
        self.network_random.hash(hasher);
        (self.next_sequence, self.next_message, self.next_event, self.next_client).hash(hasher);
    }
}

impl World {
    /// A cluster whose processes are about to start.
    ///
    /// # Errors
    /// A property that Kafka would refuse.
    pub fn new(spec: ClusterSpec, seed: u64) -> Result<World, ConfigError> {
        let mut world = World {
            now: SimTime::ZERO,
            spec: Rc::new(spec),
            seed,
            processes: SortedMap::new(),
            queue: BTreeMap::new(),
            transits: BTreeMap::new(),
            connections: SortedMap::new(),
            in_service: SortedMap::new(),
            cut_links: SortedMap::new(),
            bad_links: SortedMap::new(),
            network_random: Random::stream(seed, 1),
            next_sequence: 0,
            next_message: 0,
            next_event: 0,
            next_client: 0,
            events: Vec::new(),
            scratch: Vec::new(),
        };
        world.install_controllers()?;
        world.install_brokers()?;
        let administrator = world.next_client_setup("admin");
        let node = NodeId::Client(administrator.id);
        world.install(node, "admin", ProcessState::Wire(Rc::new(Wire::new(administrator))));
        world.enqueue(SimTime::ZERO, Next::Start(node));
        Ok(world)
    }

    // ---- reading

    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Epoch milliseconds of the present moment, by every clock that is right.
    pub fn wall_clock_ms(&self) -> i64 {
        self.clock().now_ms(self.now)
    }

    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Number of events so far; the next one gets this id.
    pub fn event_count(&self) -> EventId {
        self.next_event
    }

    /// What happened in the last step or command, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The hash of the whole state, the same on every machine.
    pub fn state_hash(&self) -> u64 {
        super::state_hash::state_hash(self)
    }

    pub fn processes(&self) -> &SortedMap<NodeId, Process> {
        &self.processes
    }

    pub fn process(&self, node: NodeId) -> Option<&Process> {
        self.processes.get(&node)
    }

    pub fn is_running(&self, node: NodeId) -> bool {
        self.process(node).is_some_and(|process| process.status == ProcessStatus::Running)
    }

    pub fn brokers(&self) -> impl Iterator<Item = (&Process, &Broker)> {
        self.processes.values().filter_map(|process| match &process.state {
            ProcessState::Broker(broker) => Some((process, broker.as_ref())),
            _ => None,
        })
    }

    pub fn broker(&self, id: BrokerId) -> Option<&Broker> {
        match &self.process(NodeId::Broker(id))?.state {
            ProcessState::Broker(broker) => Some(broker),
            _ => None,
        }
    }

    pub fn controllers(&self) -> impl Iterator<Item = (&Process, &Controller)> {
        self.processes.values().filter_map(|process| match &process.state {
            ProcessState::Controller(controller) => Some((process, controller.as_ref())),
            _ => None,
        })
    }

    /// The metadata as the active controller has committed it; of two that believe to be active, the one of the
    /// newer epoch. None: no controller is active at present.
    pub fn active_image(&self) -> Option<&MetadataImage> {
        self.controllers()
            .filter(|(process, controller)| process.status == ProcessStatus::Running && controller.is_active())
            .max_by_key(|(_, controller)| controller.epoch())
            .map(|(_, controller)| controller.image())
    }

    pub fn producers(&self) -> impl Iterator<Item = (&Process, &Producer)> {
        self.processes.values().filter_map(|process| match &process.state {
            ProcessState::Producer(producer) => Some((process, producer.as_ref())),
            _ => None,
        })
    }

    pub fn consumers(&self) -> impl Iterator<Item = (&Process, &Consumer)> {
        self.processes.values().filter_map(|process| match &process.state {
            ProcessState::Consumer(consumer) => Some((process, consumer.as_ref())),
            _ => None,
        })
    }

    /// The newest client of that name.
    pub fn client_named(&self, name: &str) -> Option<NodeId> {
        self.processes
            .iter()
            .rev()
            .find(|(node, process)| matches!(node, NodeId::Client(_)) && *process.name == *name)
            .map(|(node, _)| *node)
    }

    /// The raw connections of the administrator.
    pub fn wire(&self) -> &Wire {
        match &self.processes[&NodeId::client(0)].state {
            ProcessState::Wire(wire) => wire,
            // Without its state in the message: that would bring Debug of every type into the page.
            _ => unreachable!("client 0 is the administrator"),
        }
    }

    pub fn transits(&self) -> &BTreeMap<MessageId, Transit> {
        &self.transits
    }

    /// Who sent a request that has been delivered and is not answered yet.
    pub fn requester(&self, request: RequestId) -> Option<NodeId> {
        self.in_service.get(&request).map(|service| service.connection.requester)
    }

    pub fn cut_links(&self) -> impl Iterator<Item = Link> {
        self.cut_links.keys().copied()
    }

    pub fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        !self.cut_links.is_empty() && self.cut_links.contains_key(&Link { from, to })
    }

    /// When the next step is due; None: nothing will ever happen by itself.
    pub fn next_step_at(&self) -> Option<SimTime> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    // ---- going on

    /// One message step: the next message is delivered or the next timer fires, with all that follows at once.
    /// False: nothing is left to happen. Afterwards [`World::events`] tells what happened.
    pub fn step(&mut self) -> bool {
        self.events.clear();
        while self.events.is_empty() {
            let Some(((at, _), next)) = self.queue.pop_first() else { return false };
            self.now = at;
            match next {
                Next::Start(node) => self.start_process(node, None),
                Next::Deliver(message) => self.deliver(message),
                Next::Fire(node, timer) => self.fire(node, timer),
                Next::Break { connection, ends, cause } => self.connection_ends(connection, ends, cause),
                Next::ReadOn(node, unread) => self.read_on(node, unread),
            }
        }
        true
    }

    /// Steps until the next step would be later than `until`, and moves the clock there.
    pub fn run_until(&mut self, until: SimTime) {
        while self.next_step_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// Forgets the last step's events, before a command is carried out.
    pub(super) fn clear_events(&mut self) {
        self.events.clear();
    }

    pub(super) fn enqueue(&mut self, at: SimTime, next: Next) -> (SimTime, u64) {
        let key = (at.max(self.now), self.next_sequence);
        self.next_sequence += 1;
        self.queue.insert(key, next);
        key
    }

    pub(super) fn record(&mut self, node: Option<NodeId>, cause: Option<EventId>, kind: EventKind) -> EventId {
        let id = self.next_event;
        self.next_event += 1;
        self.events.push(Event { id, at: self.now, node, cause, kind });
        id
    }
}

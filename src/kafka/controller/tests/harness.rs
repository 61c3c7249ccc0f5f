//! A world of controllers alone: virtual time, messages of 300 µs, timers. Brokers are played by the test.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::kafka::config::{BrokerConfig, Properties};
use crate::kafka::controller::Controller;
use crate::kafka::controller::quorum::QuorumRole;
use crate::kafka::effects::{Channel, Effect, Effects, Input, RequestId};
use crate::kafka::features::supported_features;
use crate::kafka::ids::{
    BrokerEpoch, BrokerId, ControllerId, NodeId, Offset, SimTime, TopicIdPartition, TopicPartition,
};
use crate::kafka::metadata::{MetadataBatch, MetadataRecord, PartitionRegistration};
use crate::kafka::note::Note;
use crate::kafka::protocol::admin::{
    ConfigOperation, ConfigResource, CreatableTopic, CreateTopicsRequest, CreateTopicsResponse, ElectLeadersRequest,
    ElectionType, IncrementalAlterConfigsRequest,
};
use crate::kafka::protocol::broker_lifecycle::{
    AlterPartitionData, AlterPartitionRequest, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse, LeaderRecoveryState,
};
use crate::kafka::protocol::quorum::QuorumEpoch;
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::random::Random;
use crate::kafka::setup::{CLUSTER_ID, ControllerSetup, Disk, Timing, WallClock};
use crate::kafka::timer::Timer;

const LATENCY_US: u64 = 300;
/// The test's own node, from which requests come.
const TESTER: NodeId = NodeId::client(99);

enum Event {
    Input(NodeId, Input),
    Timer(NodeId, Timer),
    Beat(BrokerId),
}

/// Controllers 100, 101, … and what is under way between them.
pub struct Harness {
    pub now: SimTime,
    pub controllers: BTreeMap<ControllerId, Controller>,
    pub dead: BTreeSet<ControllerId>,
    /// Links that lose what is sent, one way.
    pub cut: BTreeSet<(ControllerId, ControllerId)>,
    pub notes: Vec<(SimTime, Note)>,
    /// Brokers that send heartbeats every 500 ms, with their epochs.
    pub beating: BTreeMap<BrokerId, BrokerEpoch>,
    queue: BTreeMap<(SimTime, u64), Event>,
    timers: BTreeMap<(NodeId, Timer), (SimTime, u64)>,
    requests: BTreeMap<RequestId, (NodeId, NodeId, Channel, u32)>,
    answers: BTreeMap<u32, Response>,
    sequence: u64,
    /// All that any controller has ever known to be committed.
    committed: Vec<Rc<MetadataBatch>>,
    /// Who got whose vote in which epoch.
    votes: BTreeMap<(ControllerId, QuorumEpoch), ControllerId>,
}

impl Harness {
    pub fn new(controllers: i32, seed: u64, elr: bool, config: &[(&str, &str)]) -> Harness {
        let properties: Properties = config.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        let voters: Rc<[ControllerId]> = (0..controllers).map(|i| ControllerId(100 + i)).collect();
        let mut harness = Harness {
            now: SimTime::ZERO,
            controllers: BTreeMap::new(),
            dead: BTreeSet::new(),
            cut: BTreeSet::new(),
            notes: Vec::new(),
            beating: BTreeMap::new(),
            queue: BTreeMap::new(),
            timers: BTreeMap::new(),
            requests: BTreeMap::new(),
            answers: BTreeMap::new(),
            sequence: 0,
            committed: Vec::new(),
            votes: BTreeMap::new(),
        };
        for id in voters.iter().copied() {
            let setup = ControllerSetup {
                id,
                config: Rc::new(BrokerConfig::from_properties(&properties).expect("a valid configuration")),
                properties: Rc::new(properties.clone()),
                voters: voters.clone(),
                eligible_leader_replicas: elr,
                clock: WallClock::new(0),
                timing: Timing::default(),
                disk: Disk::default(),
                random: Random::stream(seed, id.0 as u64),
            };
            harness.controllers.insert(id, Controller::new(setup));
            harness.step(id, |controller, now, out| controller.start(now, out));
        }
        harness
    }

    /// One controller, brokers 0.. alive and unfenced.
    pub fn with_brokers(brokers: i32, elr: bool, config: &[(&str, &str)]) -> Harness {
        let mut harness = Harness::new(1, 7, elr, config);
        harness.run_ms(100);
        for id in 0..brokers {
            harness.join(BrokerId(id), None);
        }
        harness
    }

    fn schedule(&mut self, at: SimTime, event: Event) -> (SimTime, u64) {
        self.sequence += 1;
        self.queue.insert((at.max(self.now), self.sequence), event);
        (at.max(self.now), self.sequence)
    }

    fn step(&mut self, id: ControllerId, act: impl FnOnce(&mut Controller, SimTime, &mut Effects)) {
        let mut out = Effects::new();
        act(self.controllers.get_mut(&id).expect("a controller"), self.now, &mut out);
        let node = NodeId::Controller(id);
        for (_, effect) in out.list {
            self.carry_out(node, effect);
        }
        self.check();
    }

    fn carry_out(&mut self, node: NodeId, effect: Effect) {
        match effect {
            Effect::Send { to, channel, correlation, request, after_us } => {
                let at = self.now.plus_us(after_us + LATENCY_US);
                let (NodeId::Controller(from), NodeId::Controller(peer)) = (node, to) else {
                    panic!("controllers send to controllers only");
                };
                if self.dead.contains(&peer) {
                    self.schedule(at, Event::Input(node, Input::Disconnected { peer: to, channel }));
                } else if !self.cut.contains(&(from, peer)) {
                    let id = self.new_request(node, to, channel, correlation);
                    self.schedule(at, Event::Input(to, Input::Request { id, from: node, channel, request }));
                }
            }
            Effect::Respond { to, response, after_us } => {
                // Whoever asked may be dead.
                let Some((from, server, channel, correlation)) = self.requests.remove(&to) else {
                    return;
                };
                let at = self.now.plus_us(after_us + LATENCY_US);
                if from == TESTER {
                    self.answers.insert(correlation, response);
                } else if !self.is_cut(server, from) {
                    let input = Input::Response { from: server, channel, correlation, response };
                    self.schedule(at, Event::Input(from, input));
                }
            }
            Effect::SetTimer { timer, at_us } => {
                let key = self.schedule(SimTime(at_us), Event::Timer(node, timer.clone()));
                if let Some(old) = self.timers.insert((node, timer), key) {
                    self.queue.remove(&old);
                }
            }
            Effect::CancelTimer { timer } => {
                if let Some(old) = self.timers.remove(&(node, timer)) {
                    self.queue.remove(&old);
                }
            }
            Effect::Note(note) => self.notes.push((self.now, note)),
            Effect::Exit | Effect::Halt => {
                if let NodeId::Controller(id) = node {
                    self.kill(id);
                }
            }
            Effect::NoResponse { .. } | Effect::RefuseConnection { .. } | Effect::Disconnect { .. } => {}
        }
    }

    fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        matches!((from, to), (NodeId::Controller(a), NodeId::Controller(b)) if self.cut.contains(&(a, b)))
    }

    fn new_request(&mut self, from: NodeId, to: NodeId, channel: Channel, correlation: u32) -> RequestId {
        self.sequence += 1;
        let id = RequestId(self.sequence);
        self.requests.insert(id, (from, to, channel, correlation));
        id
    }

    /// Delivers all that happens in the next `ms`.
    pub fn run_ms(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        while self.deliver_next(end) {}
        self.now = end;
    }

    fn deliver_next(&mut self, end: SimTime) -> bool {
        let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) else {
            return false;
        };
        self.now = entry.key().0;
        match entry.remove() {
            Event::Beat(broker) => self.beat(broker),
            Event::Input(NodeId::Controller(id), input) if !self.dead.contains(&id) => {
                self.step(id, |controller, now, out| controller.handle(input, now, out));
            }
            Event::Timer(node @ NodeId::Controller(id), timer) => {
                self.timers.remove(&(node, timer.clone()));
                if !self.dead.contains(&id) {
                    self.step(id, |controller, now, out| controller.handle(Input::Timer(timer), now, out));
                }
            }
            Event::Input(..) | Event::Timer(..) => {}
        }
        true
    }

    pub fn kill(&mut self, id: ControllerId) {
        self.dead.insert(id);
        self.controllers.get_mut(&id).expect("a controller").crash();
        let node = NodeId::Controller(id);
        self.timers.retain(|(owner, _), _| *owner != node);
        self.queue.retain(|_, event| !matches!(event, Event::Input(to, _) | Event::Timer(to, _) if *to == node));
        let lost: Vec<RequestId> =
            self.requests.iter().filter(|(_, r)| r.0 == node || r.1 == node).map(|(id, _)| *id).collect();
        for request in lost {
            let (from, to, channel, _) = self.requests.remove(&request).expect("it is there");
            if to == node && from != TESTER {
                let at = self.now.plus_us(LATENCY_US);
                self.schedule(at, Event::Input(from, Input::Disconnected { peer: to, channel }));
            }
        }
    }

    pub fn start(&mut self, id: ControllerId) {
        self.dead.remove(&id);
        self.step(id, |controller, now, out| controller.start(now, out));
    }

    pub fn stop(&mut self, id: ControllerId) {
        self.step(id, |controller, now, out| controller.shut_down(now, out));
    }

    /// The one controller that decides, if there is one.
    pub fn active(&self) -> Option<ControllerId> {
        let ids = self.controllers.iter().filter(|(id, controller)| !self.dead.contains(id) && controller.is_active());
        ids.max_by_key(|(_, controller)| controller.epoch()).map(|(id, _)| *id)
    }

    pub fn controller(&self) -> &Controller {
        &self.controllers[&self.active().expect("an active controller")]
    }

    /// Asks a controller, and runs until it answers.
    pub fn ask_of(&mut self, to: ControllerId, request: impl Into<Request>) -> Option<Response> {
        self.sequence += 1;
        let correlation = self.sequence as u32;
        let id = self.new_request(TESTER, NodeId::Controller(to), Channel::Data, correlation);
        let input = Input::Request { id, from: TESTER, channel: Channel::Data, request: request.into() };
        self.step(to, |controller, now, out| controller.handle(input, now, out));
        let end = self.now.plus_ms(1_000);
        while !self.answers.contains_key(&correlation) && self.deliver_next(end) {}
        self.answers.remove(&correlation)
    }

    pub fn ask(&mut self, request: impl Into<Request>) -> Response {
        let active = self.active().expect("an active controller");
        self.ask_of(active, request).expect("an answer within a second")
    }

    // ---- brokers

    pub fn register(
        &mut self,
        broker: BrokerId,
        incarnation_id: u128,
        previous_broker_epoch: Option<BrokerEpoch>,
    ) -> BrokerRegistrationResponse {
        self.register_as(BrokerRegistrationRequest {
            broker,
            cluster_id: CLUSTER_ID.into(),
            incarnation_id,
            rack: None,
            features: supported_features(),
            previous_broker_epoch,
        })
    }

    pub fn register_as(&mut self, request: BrokerRegistrationRequest) -> BrokerRegistrationResponse {
        match self.ask(request) {
            Response::BrokerRegistration(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub fn heartbeat(
        &mut self,
        broker: BrokerId,
        broker_epoch: BrokerEpoch,
        offset: Offset,
        want_shut_down: bool,
    ) -> BrokerHeartbeatResponse {
        let request = BrokerHeartbeatRequest {
            broker,
            broker_epoch,
            current_metadata_offset: offset,
            want_fence: false,
            want_shut_down,
        };
        match self.ask(request) {
            Response::BrokerHeartbeat(response) => response,
            other => panic!("{other:?}"),
        }
    }

    /// A broker starts: it registers, is let in, and sends heartbeats from then on.
    pub fn join(&mut self, broker: BrokerId, previous_broker_epoch: Option<BrokerEpoch>) -> BrokerEpoch {
        self.sequence += 1;
        let incarnation_id = u128::from(self.sequence);
        let response = self.register(broker, incarnation_id, previous_broker_epoch);
        assert_eq!(response.error, ErrorCode::None, "{broker} registers");
        self.beating.insert(broker, response.broker_epoch);
        self.heartbeat(broker, response.broker_epoch, response.broker_epoch.0, false);
        self.schedule(self.now.plus_ms(500), Event::Beat(broker));
        response.broker_epoch
    }

    fn beat(&mut self, broker: BrokerId) {
        let (Some(epoch), Some(active)) = (self.beating.get(&broker).copied(), self.active()) else {
            return;
        };
        let offset = self.controllers[&active].high_watermark() - 1;
        self.sequence += 1;
        let id = self.new_request(TESTER, NodeId::Controller(active), Channel::Lifecycle, self.sequence as u32);
        let request = BrokerHeartbeatRequest {
            broker,
            broker_epoch: epoch,
            current_metadata_offset: offset,
            want_fence: false,
            want_shut_down: false,
        };
        let input = Input::Request { id, from: TESTER, channel: Channel::Lifecycle, request: request.into() };
        self.step(active, |controller, now, out| controller.handle(input, now, out));
        self.schedule(self.now.plus_ms(500), Event::Beat(broker));
    }

    /// kill -9, and time until it is fenced.
    pub fn kill_broker(&mut self, broker: BrokerId) {
        self.beating.remove(&broker);
        self.run_ms(10_000);
    }

    /// SIGTERM: a controlled shutdown, with heartbeats every 500 ms. Returns the epoch that it writes down.
    pub fn stop_broker(&mut self, broker: BrokerId) -> BrokerEpoch {
        let epoch = self.beating.remove(&broker).expect("a living broker");
        for _ in 0..20 {
            let offset = self.controller().high_watermark() - 1;
            if self.heartbeat(broker, epoch, offset, true).should_shut_down {
                return epoch;
            }
            self.run_ms(500);
        }
        panic!("broker {broker} is not allowed to stop");
    }

    // ---- topics

    pub fn create(&mut self, name: &str, assignment: &[&[i32]], configs: &[(&str, &str)]) -> ErrorCode {
        let brokers = |ids: &&[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
        let numbered = assignment.iter().enumerate().map(|(i, ids)| (i as i32, brokers(ids)));
        self.create_topic(CreatableTopic {
            name: name.into(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: numbered.collect(),
            configs: configs.iter().map(|(k, v)| ((*k).into(), Some((*v).into()))).collect(),
        })
    }

    pub fn create_topic(&mut self, topic: CreatableTopic) -> ErrorCode {
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false };
        match self.ask(request) {
            Response::CreateTopics(CreateTopicsResponse { topics }) => topics[0].error,
            other => panic!("{other:?}"),
        }
    }

    pub fn alter(&mut self, resource: ConfigResource, operations: Vec<(String, ConfigOperation)>) -> ErrorCode {
        let resources = vec![(resource, operations)];
        match self.ask(IncrementalAlterConfigsRequest { resources, validate_only: false }) {
            Response::IncrementalAlterConfigs(response) => response.resources[0].1,
            other => panic!("{other:?}"),
        }
    }

    pub fn set(&mut self, resource: ConfigResource, name: &str, value: &str) -> ErrorCode {
        self.alter(resource, vec![(name.into(), ConfigOperation::Set(value.into()))])
    }

    pub fn elect(&mut self, election_type: ElectionType, partitions: &[(&str, i32)]) -> Vec<ErrorCode> {
        let named = partitions.iter().map(|(topic, number)| TopicPartition::new(*topic, *number)).collect();
        match self.ask(ElectLeadersRequest { election_type, partitions: Some(named) }) {
            Response::ElectLeaders(response) => response.partitions.iter().map(|(_, error)| *error).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The leader asks for a larger ISR, as it does when its followers have caught up.
    pub fn expand(&mut self, leader: BrokerId, topic: &str, number: i32, isr: &[i32]) {
        assert_eq!(self.ask_for_isr(leader, topic, number, isr), ErrorCode::None);
    }

    /// As [`Harness::expand`], and what the controller answers.
    pub fn ask_for_isr(&mut self, leader: BrokerId, topic: &str, number: i32, isr: &[i32]) -> ErrorCode {
        let image = self.controller().image();
        let partition = image.partition(topic, number).expect("a partition");
        let epoch = |id: i32| (BrokerId(id), Some(image.brokers[&BrokerId(id)].epoch));
        let data = AlterPartitionData {
            partition: TopicIdPartition { topic_id: image.topic(topic).expect("a topic").topic_id, partition: number },
            leader_epoch: partition.leader_epoch,
            partition_epoch: partition.partition_epoch,
            new_isr: isr.iter().copied().map(epoch).collect(),
            leader_recovery_state: LeaderRecoveryState::Recovered,
        };
        let broker_epoch = image.brokers[&leader].epoch;
        let request = AlterPartitionRequest { broker: leader, broker_epoch, partitions: vec![data] };
        match self.ask(request) {
            Response::AlterPartition(response) => response.partitions[0].error,
            other => panic!("{other:?}"),
        }
    }

    pub fn partition(&self, topic: &str, number: i32) -> PartitionRegistration {
        self.controller().image().partition(topic, number).cloned().expect("a partition")
    }

    /// `leader epoch isr elr last_known`, as text, for short expectations.
    pub fn show(&self, topic: &str, number: i32) -> String {
        let partition = self.partition(topic, number);
        let ids = |brokers: &[BrokerId]| {
            let mut ids: Vec<i32> = brokers.iter().map(|broker| broker.0).collect();
            ids.sort_unstable();
            format!("{ids:?}")
        };
        format!(
            "leader {} epoch {} isr {} elr {} last {}",
            partition.leader.map_or(-1, |leader| leader.0),
            partition.leader_epoch,
            ids(&partition.isr),
            ids(&partition.elr),
            ids(&partition.last_known_elr),
        )
    }

    /// Committed records from an offset on.
    pub fn records_from(&self, offset: Offset) -> Vec<MetadataRecord> {
        let log = self.controller().metadata_log();
        log.from_offset(offset).flat_map(|batch| batch.records.clone()).collect()
    }

    // ---- guarantees, after each step

    /// P16: one leader in an epoch, one vote in an epoch; what was ever committed is in the log of every later
    /// leader, and the same wherever it is known to be committed.
    fn check(&mut self) {
        let mut leaders = BTreeMap::new();
        for (id, controller) in &self.controllers {
            let epoch = controller.epoch();
            if let Some(voted) = controller.quorum().election().voted {
                let first = *self.votes.entry((*id, epoch)).or_insert(voted);
                assert_eq!(first, voted, "{id} votes twice in epoch {epoch}");
            }
            let end = self.committed.last().map_or(0, |batch| batch.end_offset());
            let is_committed = |batch: &&Rc<MetadataBatch>| batch.end_offset() <= controller.high_watermark();
            self.committed.extend(controller.metadata_log().from_offset(end).take_while(is_committed).cloned());
            let known = controller.metadata_log().iter().take_while(is_committed);
            for (batch, expected) in known.zip(&self.committed) {
                assert_eq!(batch, expected, "committed records of {id} differ");
            }
            if matches!(controller.role(), QuorumRole::Leader(_)) {
                let other = leaders.insert(epoch, *id);
                assert_eq!(other, None, "two leaders in epoch {epoch}");
            }
        }
        let newest = leaders.iter().next_back().map(|(epoch, id)| (*epoch, &self.controllers[id]));
        if let Some((epoch, leader)) = newest {
            let earlier = self.committed.iter().filter(|batch| batch.epoch < epoch);
            assert!(earlier.zip(leader.metadata_log().iter()).all(|(a, b)| a == b), "a leader lacks what is committed");
            let end = self.committed.iter().rfind(|batch| batch.epoch < epoch).map_or(0, |batch| batch.end_offset());
            assert!(leader.log_end_offset() >= end, "a leader lacks what is committed");
        }
    }
}

//! A few brokers without a network: messages arrive at once, in order; a scripted controller writes the metadata.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::kafka::broker::{Broker, BrokerTimer, Partition};
use crate::kafka::config::{BrokerConfig, Properties};
use crate::kafka::effects::{Channel, Effect, Effects, Input, RequestId};
use crate::kafka::ids::{
    BrokerEpoch, BrokerId, ControllerId, LeaderEpoch, NodeId, Offset, SimTime, TopicId, TopicPartition,
};
use crate::kafka::metadata::{MetadataBatch, MetadataImage, MetadataRecord, PartitionChange, PartitionRegistration};
use crate::kafka::note::Note;
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::protocol::broker_lifecycle::{
    AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse,
};
use crate::kafka::protocol::fetch::{FetchPartition, FetchPartitionResponse, FetchRequest, Fetcher, IsolationLevel};
use crate::kafka::protocol::fetch_metadata::FetchMetadata;
use crate::kafka::protocol::produce::{Acks, PartitionProduceData, PartitionProduceResponse, ProduceRequest};
use crate::kafka::protocol::producer_id::AllocateProducerIdsResponse;
use crate::kafka::protocol::quorum::{FetchMetadataLogRequest, FetchMetadataLogResponse};
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::random::Random;
use crate::kafka::record::{ProducerSequence, RecordBatch, RecordBatchBuilder};
use crate::kafka::setup::{BrokerSetup, Disk, Timing, Truncation, WallClock};
use crate::kafka::timer::Timer;

/// The topic of all tests.
pub const TOPIC: TopicId = TopicId(7);
pub const CLOCK: WallClock = WallClock::new(1_705_314_600_000);
const CONTROLLER: NodeId = NodeId::Controller(ControllerId(100));

/// Who waits for an answer.
#[derive(Clone, Copy, Debug)]
struct Asker {
    from: NodeId,
    channel: Channel,
    correlation: u32,
}

enum Delivery {
    Request { from: NodeId, to: NodeId, channel: Channel, correlation: u32, request: Request },
    Response { from: NodeId, asker: Asker, response: Response },
}

/// What became of a client's request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Pending,
    Answered(Response),
    NoAnswer,
    Refused,
}

pub struct Cluster {
    pub now: SimTime,
    brokers: BTreeMap<i32, Broker>,
    down: BTreeSet<i32>,
    /// Brokers that hang; what arrives waits.
    paused: BTreeSet<i32>,
    timers: BTreeMap<(i32, BrokerTimer), SimTime>,
    queue: VecDeque<Delivery>,
    held: Vec<Delivery>,
    askers: BTreeMap<RequestId, (NodeId, Asker)>,
    outcomes: BTreeMap<u32, Outcome>,
    next_request: u64,
    next_ticket: u32,
    /// The controller's log, and fetches that wait for more of it.
    metadata: Vec<Rc<MetadataBatch>>,
    image: MetadataImage,
    waiting_observers: Vec<(Asker, FetchMetadataLogRequest, SimTime)>,
    /// What the controller answers to every ISR change instead of obeying.
    pub isr_refusal: Option<ErrorCode>,
    /// ISR changes that the controller has got and not answered, while it holds them.
    pub hold_isr_changes: bool,
    held_isr_changes: Vec<(Asker, AlterPartitionRequest)>,
    pub registrations: Vec<BrokerRegistrationRequest>,
    /// How often the controller answers NOT_CONTROLLER to a forwarded request before it obeys.
    pub not_controller: u32,
    pub notes: Vec<Note>,
    is_settling: bool,
}

impl Cluster {
    /// Brokers 0, 1, … that have started, registered and been unfenced.
    pub fn new(count: i32, properties: &[(&str, &str)]) -> Cluster {
        let properties: Properties =
            properties.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
        let config = Rc::new(BrokerConfig::from_properties(&properties).expect("the properties are valid"));
        let properties = Rc::new(properties);
        let broker = |id: i32| {
            Broker::new(BrokerSetup {
                id: BrokerId(id),
                rack: Some(format!("rack-{id}")),
                config: Rc::clone(&config),
                properties: Rc::clone(&properties),
                controllers: Rc::from([ControllerId(100)]),
                clock: CLOCK,
                timing: Timing::default(),
                disk: Disk::default(),
                truncation: Truncation::default(),
                random: Random::stream(1, id as u64),
            })
        };
        let mut cluster = Cluster {
            now: SimTime::ZERO,
            brokers: (0..count).map(|id| (id, broker(id))).collect(),
            down: (0..count).collect(),
            paused: BTreeSet::new(),
            timers: BTreeMap::new(),
            queue: VecDeque::new(),
            held: Vec::new(),
            askers: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            next_request: 0,
            next_ticket: 0,
            metadata: Vec::new(),
            image: MetadataImage::default(),
            waiting_observers: Vec::new(),
            isr_refusal: None,
            hold_isr_changes: false,
            held_isr_changes: Vec::new(),
            registrations: Vec::new(),
            not_controller: 0,
            notes: Vec::new(),
            is_settling: false,
        };
        for id in 0..count {
            cluster.start(id);
        }
        cluster.advance(50);
        cluster
    }

    // ---- processes

    pub fn start(&mut self, id: i32) {
        self.down.remove(&id);
        self.drive(id, |broker, now, out| broker.start(now, out));
    }

    pub fn crash(&mut self, id: i32) {
        self.gone(id);
        self.brokers.get_mut(&id).expect("there is such a broker").crash();
    }

    pub fn shut_down(&mut self, id: i32) {
        self.drive(id, |broker, now, out| broker.shut_down(now, out));
    }

    /// The process hangs; its timers wait too.
    pub fn pause(&mut self, id: i32) {
        self.paused.insert(id);
    }

    pub fn resume(&mut self, id: i32) {
        self.paused.remove(&id);
        self.queue.extend(std::mem::take(&mut self.held));
        self.settle();
    }

    fn gone(&mut self, id: i32) {
        self.down.insert(id);
        self.timers.retain(|(of, _), _| *of != id);
        let node = NodeId::broker(id);
        self.held.retain(|delivery| !matches!(delivery, Delivery::Request { to, .. } if *to == node));
        self.waiting_observers.retain(|(asker, _, _)| asker.from != node);
        let broken: Vec<(NodeId, Asker)> =
            self.askers.values().copied().filter(|(to, asker)| *to == node || asker.from == node).collect();
        self.askers.retain(|_, (to, asker)| *to != node && asker.from != node);
        for (to, asker) in broken.into_iter().filter(|(to, _)| *to == node) {
            if let NodeId::Broker(BrokerId(requester)) = asker.from {
                let input = Input::Disconnected { peer: to, channel: asker.channel };
                self.drive(requester, |broker, now, out| broker.handle(input, now, out));
            }
        }
    }

    pub fn broker(&self, id: i32) -> &Broker {
        &self.brokers[&id]
    }

    /// The replica of partition 0 on this broker.
    pub fn replica(&self, id: i32) -> &Partition {
        self.broker(id).partition(&TopicPartition::new("t", 0)).expect("the broker has a replica")
    }

    pub fn broker_epoch(&self, id: i32) -> Option<BrokerEpoch> {
        self.image.brokers.get(&BrokerId(id)).map(|registration| registration.epoch)
    }

    /// ISR as the controller has it.
    pub fn isr(&self) -> Vec<i32> {
        self.image.partition("t", 0).expect("there is a topic").isr.iter().map(|id| id.0).collect()
    }

    // ---- time

    /// Lets virtual time go by, and all timers of it fire.
    pub fn advance(&mut self, ms: u64) {
        let until = self.now.plus_ms(ms);
        self.settle();
        loop {
            let due = self
                .timers
                .iter()
                .filter(|((id, _), at)| **at <= until && !self.paused.contains(id))
                .min_by_key(|((id, timer), at)| (**at, *id, timer.clone()))
                .map(|(key, at)| (key.clone(), *at));
            let observer = self.waiting_observers.iter().map(|(_, _, at)| *at).filter(|at| *at <= until).min();
            if let Some(at) = observer.filter(|at| due.as_ref().is_none_or(|(_, due)| at <= due)) {
                self.now = self.now.max(at);
                self.serve_observers();
                self.settle();
                continue;
            }
            let Some(((id, timer), at)) = due else { break };
            self.timers.remove(&(id, timer.clone()));
            self.now = self.now.max(at);
            let input = Input::Timer(Timer::Broker(timer));
            self.drive(id, |broker, now, out| broker.handle(input, now, out));
        }
        self.now = until;
    }

    fn drive(&mut self, id: i32, act: impl FnOnce(&mut Broker, SimTime, &mut Effects)) {
        let mut out = Effects::new();
        let now = self.now;
        if self.down.contains(&id) {
            return;
        }
        act(self.brokers.get_mut(&id).expect("there is such a broker"), now, &mut out);
        self.carry_out(id, out);
        self.settle();
    }

    fn carry_out(&mut self, id: i32, out: Effects) {
        let from = NodeId::broker(id);
        for (_, effect) in out.list {
            match effect {
                Effect::Send { to, channel, correlation, request, .. } => {
                    self.queue.push_back(Delivery::Request { from, to, channel, correlation, request });
                }
                Effect::Respond { to, response, .. } => {
                    if let Some((_, asker)) = self.askers.remove(&to) {
                        self.queue.push_back(Delivery::Response { from, asker, response });
                    }
                }
                Effect::NoResponse { to } => self.close(to, Outcome::NoAnswer),
                Effect::RefuseConnection { to } => self.close(to, Outcome::Refused),
                Effect::SetTimer { timer: Timer::Broker(timer), at_us } => {
                    self.timers.insert((id, timer), SimTime(at_us));
                }
                Effect::CancelTimer { timer: Timer::Broker(timer) } => {
                    self.timers.remove(&(id, timer));
                }
                Effect::Note(note) => self.notes.push(note),
                Effect::Exit | Effect::Halt => self.gone(id),
                Effect::Disconnect { .. } | Effect::SetTimer { .. } | Effect::CancelTimer { .. } => {}
            }
        }
    }

    fn close(&mut self, id: RequestId, outcome: Outcome) {
        let Some((to, asker)) = self.askers.remove(&id) else { return };
        match asker.from {
            NodeId::Client(_) => {
                self.outcomes.insert(asker.correlation, outcome);
            }
            NodeId::Broker(BrokerId(requester)) => {
                let input = Input::Disconnected { peer: to, channel: asker.channel };
                self.drive(requester, |broker, now, out| broker.handle(input, now, out));
            }
            NodeId::Controller(_) => {}
        }
    }

    fn settle(&mut self) {
        if std::mem::replace(&mut self.is_settling, true) {
            return;
        }
        while let Some(delivery) = self.queue.pop_front() {
            let to = match &delivery {
                Delivery::Request { to, .. } => *to,
                Delivery::Response { asker, .. } => asker.from,
            };
            if to.as_broker().is_some_and(|id| self.paused.contains(&id.0)) {
                self.held.push(delivery);
            } else {
                self.deliver(delivery);
            }
        }
        self.is_settling = false;
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Request { from, to: NodeId::Broker(BrokerId(id)), channel, correlation, request } => {
                let asker = Asker { from, channel, correlation };
                if self.down.contains(&id) {
                    let request = RequestId(u64::MAX);
                    self.askers.insert(request, (NodeId::broker(id), asker));
                    self.close(request, Outcome::Refused);
                    return;
                }
                let request_id = RequestId(self.next_request);
                self.next_request += 1;
                self.askers.insert(request_id, (NodeId::broker(id), asker));
                let input = Input::Request { id: request_id, from, channel, request };
                self.drive(id, |broker, now, out| broker.handle(input, now, out));
            }
            Delivery::Request { from, channel, correlation, request, .. } => {
                self.control(Asker { from, channel, correlation }, request);
            }
            Delivery::Response { from, asker, response } => match asker.from {
                NodeId::Broker(BrokerId(id)) => {
                    let Asker { channel, correlation, .. } = asker;
                    let input = Input::Response { from, channel, correlation, response };
                    self.drive(id, |broker, now, out| broker.handle(input, now, out));
                }
                _ => {
                    self.outcomes.insert(asker.correlation, Outcome::Answered(response));
                }
            },
        }
    }

    // ---- the controller

    fn answer(&mut self, asker: Asker, response: impl Into<Response>) {
        self.queue.push_back(Delivery::Response { from: CONTROLLER, asker, response: response.into() });
    }

    fn control(&mut self, asker: Asker, request: Request) {
        match request {
            Request::FetchMetadataLog(request) => {
                let until = self.now.plus_ms(u64::from(request.max_wait_ms));
                self.waiting_observers.push((asker, request, until));
                self.serve_observers();
            }
            Request::BrokerRegistration(request) => {
                let broker_epoch = BrokerEpoch(self.image.next_offset);
                self.write(vec![MetadataRecord::RegisterBroker {
                    broker: request.broker,
                    incarnation_id: request.incarnation_id,
                    broker_epoch,
                    rack: request.rack.clone(),
                    features: request.features.clone(),
                }]);
                self.registrations.push(request);
                self.answer(asker, BrokerRegistrationResponse { error: ErrorCode::None, broker_epoch });
            }
            Request::BrokerHeartbeat(request) => {
                let is_caught_up = request.current_metadata_offset >= request.broker_epoch.0;
                let is_fenced = self.image.brokers[&request.broker].fenced;
                if is_fenced && is_caught_up && !request.want_fence {
                    self.set_fenced(request.broker.0, false);
                }
                let response = BrokerHeartbeatResponse {
                    error: ErrorCode::None,
                    is_caught_up,
                    is_fenced: self.image.brokers[&request.broker].fenced,
                    should_shut_down: request.want_shut_down,
                };
                self.answer(asker, response);
            }
            Request::AlterPartition(request) if self.hold_isr_changes => self.held_isr_changes.push((asker, request)),
            Request::AlterPartition(request) => self.alter_partition(asker, &request),
            Request::AllocateProducerIds(_) => {
                let response = AllocateProducerIdsResponse {
                    error: ErrorCode::None,
                    producer_id_start: crate::kafka::ids::ProducerId(1_000),
                    producer_id_len: 1_000,
                };
                self.answer(asker, response);
            }
            Request::DeleteTopics(request) => {
                let error = match self.not_controller {
                    0 => ErrorCode::None,
                    _ => ErrorCode::NotController,
                };
                self.not_controller = self.not_controller.saturating_sub(1);
                let topics = request.topics.iter().map(|topic| (topic.clone(), error)).collect();
                self.answer(asker, crate::kafka::protocol::admin::DeleteTopicsResponse { topics });
            }
            other => panic!("the controller of these tests does not know {}", other.api_key().name()),
        }
    }

    fn alter_partition(&mut self, asker: Asker, request: &AlterPartitionRequest) {
        let mut partitions = Vec::new();
        for data in &request.partitions {
            let error = self.isr_refusal.unwrap_or(ErrorCode::None);
            if error.is_none() {
                let isr = data.new_isr.iter().map(|(id, _)| *id).collect();
                self.change(PartitionChange { isr: Some(isr), ..PartitionChange::default() });
            }
            let registration = self.image.partition("t", 0).expect("there is a topic");
            partitions.push(AlterPartitionResult {
                partition: data.partition,
                error,
                leader: registration.leader,
                leader_epoch: registration.leader_epoch,
                isr: registration.isr.clone(),
                partition_epoch: registration.partition_epoch,
                leader_recovery_state: registration.leader_recovery_state,
            });
        }
        self.answer(asker, AlterPartitionResponse { error: ErrorCode::None, partitions });
    }

    pub fn release_isr_changes(&mut self) {
        self.hold_isr_changes = false;
        for (asker, request) in std::mem::take(&mut self.held_isr_changes) {
            self.alter_partition(asker, &request);
        }
        self.settle();
    }

    /// Appends to the metadata log; all of it is committed at once.
    pub fn write(&mut self, records: Vec<MetadataRecord>) {
        let batch = MetadataBatch { base_offset: self.image.next_offset, epoch: 1, records };
        self.image.apply_batch(&batch);
        self.metadata.push(Rc::new(batch));
        self.serve_observers();
    }

    fn serve_observers(&mut self) {
        for (asker, request, until) in std::mem::take(&mut self.waiting_observers) {
            let has_all = request.fetch_offset == self.image.next_offset && request.current_leader_epoch == 1;
            if has_all && self.now < until {
                self.waiting_observers.push((asker, request, until));
                continue;
            }
            let response = FetchMetadataLogResponse {
                error: ErrorCode::None,
                leader: Some(ControllerId(100)),
                leader_epoch: 1,
                high_watermark: self.image.next_offset,
                diverging_epoch: None,
                batches: self
                    .metadata
                    .iter()
                    .filter(|batch| batch.base_offset >= request.fetch_offset)
                    .cloned()
                    .collect(),
            };
            self.answer(asker, response);
        }
    }

    pub fn set_fenced(&mut self, id: i32, fenced: bool) {
        let broker_epoch = self.broker_epoch(id).expect("the broker is registered");
        self.write(vec![MetadataRecord::BrokerRegistrationChange {
            broker: BrokerId(id),
            broker_epoch,
            fenced: Some(fenced),
            in_controlled_shutdown: None,
        }]);
    }

    /// A topic `t` of one partition, its first replica the leader.
    pub fn create_topic(&mut self, replicas: &[i32], configs: &[(&str, &str)]) {
        let replicas: Vec<BrokerId> = replicas.iter().map(|id| BrokerId(*id)).collect();
        let mut records = vec![MetadataRecord::Topic { name: "t".into(), topic_id: TOPIC }];
        records.extend(configs.iter().map(|(name, value)| MetadataRecord::Config {
            resource: ConfigResource::Topic("t".into()),
            name: (*name).to_string(),
            value: Some((*value).to_string()),
        }));
        records.push(MetadataRecord::Partition {
            topic_id: TOPIC,
            partition: 0,
            registration: PartitionRegistration {
                isr: replicas.clone(),
                leader: replicas.first().copied(),
                replicas,
                ..PartitionRegistration::default()
            },
        });
        self.write(records);
        self.settle();
    }

    pub fn change(&mut self, change: PartitionChange) {
        self.write(vec![MetadataRecord::PartitionChange(PartitionChange { topic_id: TOPIC, partition: 0, ..change })]);
    }

    /// The controller elects a leader.
    pub fn elect(&mut self, leader: i32, isr: &[i32]) {
        self.change(PartitionChange {
            leader: Some(Some(BrokerId(leader))),
            isr: Some(isr.iter().map(|id| BrokerId(*id)).collect()),
            ..PartitionChange::default()
        });
        self.settle();
    }

    // ---- clients

    /// Sends a client's request and returns a ticket for its outcome.
    pub fn send(&mut self, to: i32, request: impl Into<Request>) -> u32 {
        let correlation = self.next_ticket;
        self.next_ticket += 1;
        self.outcomes.insert(correlation, Outcome::Pending);
        self.queue.push_back(Delivery::Request {
            from: NodeId::client(1),
            to: NodeId::broker(to),
            channel: Channel::Wire(correlation),
            correlation,
            request: request.into(),
        });
        self.settle();
        correlation
    }

    pub fn outcome(&self, ticket: u32) -> &Outcome {
        &self.outcomes[&ticket]
    }

    /// Sends and expects an answer at once.
    pub fn ask(&mut self, to: i32, request: impl Into<Request>) -> Response {
        let ticket = self.send(to, request);
        match self.outcome(ticket) {
            Outcome::Answered(response) => response.clone(),
            other => panic!("expected an answer, but the request is {other:?}"),
        }
    }

    pub fn send_batch(&mut self, to: i32, acks: Acks, batch: RecordBatch, timeout_ms: u32) -> u32 {
        let partitions = vec![PartitionProduceData { topic_id: TOPIC, partition: 0, batches: vec![batch] }];
        self.send(to, ProduceRequest { acks, timeout_ms, partitions })
    }

    pub fn produce(&mut self, to: i32, acks: Acks, value: &str) -> PartitionProduceResponse {
        let ticket = self.send_batch(to, acks, batch(value, ProducerSequence::NONE), 30_000);
        self.produced(ticket)
    }

    /// The answer to a produce request: error and base offset in it.
    pub fn produced(&self, ticket: u32) -> PartitionProduceResponse {
        match self.outcome(ticket) {
            Outcome::Answered(Response::Produce(response)) => response.partitions[0].clone(),
            other => panic!("expected an answer to Produce, but the request is {other:?}"),
        }
    }

    /// Fetches by hand, without waiting.
    pub fn fetch(&mut self, to: i32, ask: Ask) -> FetchPartitionResponse {
        let ticket = self.send_fetch(to, ask, 0);
        self.fetched(ticket)
    }

    pub fn send_fetch(&mut self, to: i32, ask: Ask, max_wait_ms: u32) -> u32 {
        let fetcher = match ask.follower {
            None => Fetcher::Consumer,
            Some(id) => Fetcher::Follower { replica: BrokerId(id), broker_epoch: self.broker_epoch(id) },
        };
        let request = FetchRequest {
            fetcher,
            max_wait_ms,
            min_bytes: 1,
            max_bytes: 52_428_800,
            isolation: IsolationLevel::ReadUncommitted,
            rack_id: ask.rack.to_string(),
            partitions: vec![FetchPartition {
                topic_id: TOPIC,
                partition: 0,
                current_leader_epoch: ask.current_leader_epoch.map(LeaderEpoch),
                fetch_offset: ask.offset,
                last_fetched_epoch: ask.last_fetched_epoch.map(LeaderEpoch),
                log_start_offset: if ask.follower.is_some() { 0 } else { -1 },
                partition_max_bytes: 1_048_576,
            }],
            session: FetchMetadata::LEGACY,
            forgotten: Vec::new(),
        };
        self.send(to, request)
    }

    pub fn fetched(&self, ticket: u32) -> FetchPartitionResponse {
        match self.outcome(ticket) {
            Outcome::Answered(Response::Fetch(response)) => response.partitions[0].clone(),
            other => panic!("expected an answer to Fetch, but the request is {other:?}"),
        }
    }
}

/// A fetch by hand: offset 0, as a consumer, unless said otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask {
    pub offset: Offset,
    pub follower: Option<i32>,
    pub current_leader_epoch: Option<i32>,
    pub last_fetched_epoch: Option<i32>,
    pub rack: &'static str,
}

/// A batch of one record.
pub fn batch(value: &str, producer: ProducerSequence) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(1_024);
    builder.append(CLOCK.start_ms, None, Some(value.as_bytes()), &[]);
    builder.finish(producer)
}

/// Error, high watermark, and base offsets of what came.
pub fn summary(answer: &FetchPartitionResponse) -> (ErrorCode, Offset, Vec<Offset>) {
    (answer.error, answer.high_watermark, answer.batches.iter().map(RecordBatch::base_offset).collect())
}

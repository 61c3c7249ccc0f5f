//! A producer against brokers that answer what the test wants.

mod batching;
mod failures;
mod schedules;

use std::rc::Rc;

use super::*;
use crate::kafka::client::call::{ProducerCall, ProducerRecord};
use crate::kafka::config::ProducerConfig;
use crate::kafka::effects::{Channel, Effect};
use crate::kafka::ids::{BrokerId, ClientId, LeaderEpoch, NodeId, ProducerEpoch, ProducerId, TopicId};
use crate::kafka::note::{Note, PartitionChoice, SendBlock, SendError, SendOutcome};
use crate::kafka::protocol::api_versions::ApiVersionsResponse;
use crate::kafka::protocol::metadata::{MetadataBroker, MetadataPartition, MetadataResponse, MetadataTopic};
use crate::kafka::protocol::produce::{PartitionProduceResponse, ProduceRequest, ProduceResponse};
use crate::kafka::protocol::producer_id::InitProducerIdResponse;
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::random::Random;
use crate::kafka::record::Compression;
use crate::kafka::setup::{ClientSetup, Timing, WallClock};
use crate::kafka::timer::Timer;

/// The producer, the clock, and all that it has sent and was not answered.
struct Bench {
    producer: Producer,
    now: SimTime,
    timer: Option<SimTime>,
    requests: Vec<(BrokerId, u32, Request)>,
    disconnects: Vec<BrokerId>,
    notes: Vec<Note>,
    exited: bool,
    /// Leader of each partition of each topic.
    topics: Vec<(&'static str, Vec<Option<i32>>)>,
    /// Of all partitions.
    leader_epoch: i32,
    producer_ids: i64,
}

impl Bench {
    fn new(settings: &[(&str, &str)]) -> Bench {
        let properties = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let client = ClientSetup {
            id: ClientId(1),
            name: "p".into(),
            bootstrap: Rc::from([BrokerId(0)]),
            clock: WallClock::new(1_705_314_600_000),
            timing: Timing::default(),
            random: Random::stream(11, 1),
        };
        let config = ProducerConfig::from_client_properties(&properties).expect("valid settings");
        let mut bench = Bench {
            producer: Producer::new(ProducerSetup { client, config }),
            now: SimTime::from_ms(1),
            timer: None,
            requests: vec![],
            disconnects: vec![],
            notes: vec![],
            exited: false,
            topics: vec![("t", vec![Some(0), Some(1), Some(2)]), ("one", vec![Some(0)])],
            leader_epoch: 0,
            producer_ids: 1_000,
        };
        let mut out = Effects::new();
        bench.producer.start(bench.now, &mut out);
        bench.obey(out);
        bench
    }

    /// As [`Bench::new`], with metadata and producer id at hand.
    fn ready(settings: &[(&str, &str)], topic: &str) -> Bench {
        let mut bench = Bench::new(settings);
        bench.producer.metadata.want_topic(&topic.into());
        bench.serve_metadata();
        bench.serve_metadata();
        bench
    }

    fn obey(&mut self, out: Effects) {
        for (_, effect) in out.list {
            match effect {
                Effect::Send { to, correlation, request, .. } => {
                    self.requests.push((to.as_broker().expect("a broker"), correlation, request));
                }
                Effect::SetTimer { timer: Timer::Producer(ProducerTimer::Sender), at_us } => {
                    assert!(at_us > self.now.0, "a timer that fires at once would fire for ever");
                    self.timer = Some(SimTime(at_us));
                }
                Effect::CancelTimer { .. } => self.timer = None,
                Effect::Disconnect { peer, .. } => {
                    let broker = peer.as_broker().expect("a broker");
                    self.requests.retain(|(to, _, _)| *to != broker);
                    self.disconnects.push(broker);
                }
                Effect::Note(note) => self.notes.push(note),
                Effect::Exit => self.exited = true,
                other => panic!("a producer does not do this: {other:?}"),
            }
        }
    }

    fn input(&mut self, input: Input) {
        let mut out = Effects::new();
        self.producer.handle(input, self.now, &mut out);
        self.obey(out);
    }

    fn call(&mut self, call: ProducerCall) {
        self.input(Input::Call(Call::Producer(call)));
    }

    fn send(&mut self, records: Vec<ProducerRecord>) {
        self.call(ProducerCall::Send(records));
    }

    /// Lets time pass; timers fire when they are due.
    fn pass_ms(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        while let Some(at) = self.timer.filter(|at| *at <= end) {
            self.now = at;
            self.timer = None;
            self.input(Input::Timer(Timer::Producer(ProducerTimer::Sender)));
        }
        self.now = end;
    }

    fn respond(&mut self, broker: BrokerId, correlation: u32, response: impl Into<Response>) {
        let (from, response) = (NodeId::Broker(broker), response.into());
        self.input(Input::Response { from, channel: Channel::Data, correlation, response });
    }

    /// Answers what is asked about metadata, producer ids and whether a broker is there.
    fn serve_metadata(&mut self) {
        for (broker, correlation, request) in std::mem::take(&mut self.requests) {
            match request {
                Request::Metadata(request) => {
                    let topics = request.topics.names().iter().map(|name| self.describe(name)).collect();
                    let brokers = (0..3).map(|id| MetadataBroker { id: BrokerId(id), rack: None }).collect();
                    self.respond(broker, correlation, MetadataResponse { brokers, controller: None, topics });
                }
                Request::InitProducerId(_) => {
                    let producer_id = ProducerId(self.producer_ids);
                    self.producer_ids += 1;
                    let (error, producer_epoch) = (ErrorCode::None, ProducerEpoch(0));
                    self.respond(broker, correlation, InitProducerIdResponse { error, producer_id, producer_epoch });
                }
                Request::ApiVersions(_) => {
                    self.respond(
                        broker,
                        correlation,
                        ApiVersionsResponse {
                            error: ErrorCode::None,
                            supported_features: Default::default(),
                            finalized_features: Default::default(),
                        },
                    );
                }
                other => self.requests.push((broker, correlation, other)),
            }
        }
    }

    fn describe(&self, name: &str) -> MetadataTopic {
        let known = self.topics.iter().position(|(topic, _)| *topic == name);
        let partition = |(partition, leader): (usize, &Option<i32>)| MetadataPartition {
            error: if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable },
            partition: partition as i32,
            leader: leader.map(BrokerId),
            leader_epoch: LeaderEpoch(self.leader_epoch),
            replicas: vec![],
            isr: vec![],
            offline_replicas: vec![],
        };
        MetadataTopic {
            error: if known.is_some() { ErrorCode::None } else { ErrorCode::UnknownTopicOrPartition },
            name: name.into(),
            topic_id: TopicId(known.map_or(0, |at| at as u128 + 1)),
            is_internal: false,
            partitions: known
                .map(|at| self.topics[at].1.iter().enumerate().map(partition).collect())
                .unwrap_or_default(),
        }
    }

    /// The oldest Produce request that was not looked at.
    fn next_produce(&mut self) -> Option<(BrokerId, u32, ProduceRequest)> {
        let at = self.requests.iter().position(|(_, _, request)| matches!(request, Request::Produce(_)))?;
        match self.requests.remove(at) {
            (broker, correlation, Request::Produce(request)) => Some((broker, correlation, request)),
            _ => None,
        }
    }

    fn expect_produce(&mut self) -> (BrokerId, u32, ProduceRequest) {
        self.next_produce().expect("a Produce request was sent")
    }

    /// Answers a request the same for all its partitions.
    fn answer(
        &mut self,
        (broker, correlation, request): &(BrokerId, u32, ProduceRequest),
        error: ErrorCode,
        base_offset: i64,
    ) {
        let partitions = request
            .partitions
            .iter()
            .map(|data| PartitionProduceResponse {
                topic_id: data.topic_id,
                partition: data.partition,
                error,
                base_offset,
                log_append_time_ms: -1,
                log_start_offset: 0,
                record_errors: vec![],
                error_message: None,
                current_leader: None,
            })
            .collect();
        self.respond(*broker, *correlation, ProduceResponse { partitions });
    }

    fn failure(&self, send: SendId) -> Option<(&'static str, SendOutcome)> {
        match self.producer.result(send) {
            Some(SendResult::Failed { error, outcome, .. }) => Some((error.name(), *outcome)),
            _ => None,
        }
    }

    fn offset(&self, send: SendId) -> Option<i64> {
        match self.producer.result(send) {
            Some(SendResult::Acknowledged { offset, .. }) => Some(*offset),
            _ => None,
        }
    }
}

fn record(topic: &str, key: Option<&str>, size: usize) -> ProducerRecord {
    ProducerRecord {
        topic: topic.into(),
        partition: None,
        timestamp: Some(1_705_314_600_000),
        key: key.map(|key| key.as_bytes().to_vec()),
        value: Some(vec![b'x'; size]),
        headers: vec![],
    }
}

/// Sequence number and record count of the only batch of a request.
fn only_batch(request: &ProduceRequest) -> (i32, i32) {
    assert_eq!(request.partitions.len(), 1);
    let batch = &request.partitions[0].batches[0];
    (batch.base_sequence(), batch.record_count())
}

//! Before the curtain rises: the cluster boots, the topic is made, earlier records are written and read.

use super::model::Example;
use super::parameters::Parameters;
use super::script;
use crate::kafka::client::call::WireCall;
use crate::kafka::client::wire::Answer;
use crate::kafka::hash::murmur2;
use crate::kafka::ids::{BrokerId, NodeId, Offset, SimTime, TopicPartition};
use crate::kafka::protocol::admin::{CreatableTopic, CreateTopicsRequest};
use crate::kafka::protocol::group::{CoordinatorType, FindCoordinatorRequest};
use crate::kafka::protocol::offsets::{OffsetAndMetadata, OffsetCommitRequest};
use crate::kafka::protocol::produce::{Acks, PartitionProduceData, ProduceRequest};
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::record::{ProducerSequence, RecordBatchBuilder};
use crate::kafka::sorted::SortedMap;
use crate::sim::{Command, ProcessStatus, World};

/// How long after a refusal a request is sent again.
const RETRY_MS: u64 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Boot,
    Topic,
    Coordinator,
    Records,
    Offsets,
    Producer,
    Done,
}

/// Sets the stage, one request after the other.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    phase: Phase,
    /// Ticket of the request that is out, if one is.
    ticket: Option<u32>,
    next_ticket: u32,
    not_before: SimTime,
    coordinator: Option<BrokerId>,
}

impl Setting {
    pub fn new() -> Setting {
        Setting { phase: Phase::Boot, ticket: None, next_ticket: 1, not_before: SimTime::ZERO, coordinator: None }
    }

    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Looks at the world after a step, and says what to do next.
    pub fn observe(&mut self, example: &Example, parameters: &Parameters, world: &World) -> Vec<Command> {
        if self.phase == Phase::Boot {
            if !is_up(world) {
                return Vec::new();
            }
            self.phase = Phase::Topic;
        }
        if let Some(ticket) = self.ticket {
            match world.wire().answer(ticket) {
                Some(Answer::Pending) => return Vec::new(),
                Some(Answer::Response(response)) if self.accept(response, example, parameters, world) => {}
                _ => self.not_before = world.now().plus_ms(RETRY_MS),
            }
            self.ticket = None;
        }
        if world.now() < self.not_before {
            return Vec::new();
        }
        if self.phase == Phase::Producer {
            return self.producer(example, parameters, world);
        }
        match self.request(example, parameters, world) {
            Some((to, request)) => {
                let ticket = self.next_ticket;
                self.next_ticket += 1;
                self.ticket = Some(ticket);
                let call = WireCall::Send { ticket, to: NodeId::Broker(to), connection: 0, request: Box::new(request) };
                vec![Command::Wire { call }]
            }
            None => Vec::new(),
        }
    }

    /// Starts the producer, and waits until it is ready as an application is that has run for a while: a fresh broker
    /// has no block of producer ids at first, and a first send would wait for that.
    fn producer(&mut self, example: &Example, parameters: &Parameters, world: &World) -> Vec<Command> {
        let stage = &example.stage;
        let Some((_, producer)) = world.producers().find(|(process, _)| *process.name == *stage.producer) else {
            let mut config = stage.producer_config.clone();
            config.insert("acks".into(), parameters.acks.clone());
            return vec![Command::StartProducer { name: stage.producer.clone(), config }];
        };
        if !producer.is_idempotent() || producer.identity().is_some() {
            self.phase = Phase::Done;
        }
        Vec::new()
    }

    /// The next request; None: not yet.
    fn request(&self, example: &Example, parameters: &Parameters, world: &World) -> Option<(BrokerId, Request)> {
        let any = world.brokers().next()?.1.setup.id;
        let stage = &example.stage;
        match self.phase {
            Phase::Topic => {
                let topic = CreatableTopic {
                    name: stage.topic.as_str().into(),
                    num_partitions: parameters.partitions,
                    replication_factor: parameters.replication_factor,
                    assignments: assignments(parameters, world),
                    configs: stage.topic_config.iter().map(|(k, v)| (k.clone(), Some(v.clone()))).collect(),
                };
                let topics = CreateTopicsRequest {
                    topics: vec![CreatableTopic { num_partitions: -1, replication_factor: -1, ..topic }],
                    timeout_ms: 30_000,
                    validate_only: false,
                };
                Some((any, topics.into()))
            }
            Phase::Coordinator => {
                let find = FindCoordinatorRequest { key: stage.group.clone(), key_type: CoordinatorType::Group };
                Some((any, find.into()))
            }
            Phase::Records => self.produce(example, parameters, world),
            Phase::Offsets => {
                let offsets = earlier_by_partition(example, parameters)
                    .into_iter()
                    .map(|(number, records)| {
                        let partition = TopicPartition::new(stage.topic.as_str(), number);
                        let offset = records.len() as Offset;
                        (partition, OffsetAndMetadata { offset, leader_epoch: None, metadata: String::new() })
                    })
                    .collect();
                let commit = OffsetCommitRequest {
                    group_id: stage.group.clone(),
                    generation_id_or_member_epoch: -1,
                    member_id: String::new(),
                    group_instance_id: None,
                    offsets,
                };
                Some((self.coordinator?, commit.into()))
            }
            Phase::Boot | Phase::Producer | Phase::Done => None,
        }
    }

    /// The earlier records of the first partition that does not have them yet.
    fn produce(&self, example: &Example, parameters: &Parameters, world: &World) -> Option<(BrokerId, Request)> {
        let topic = world.active_image()?.topic(&example.stage.topic)?;
        let (number, records) = earlier_by_partition(example, parameters)
            .into_iter()
            .find(|(number, _)| !has_records(world, &TopicPartition::new(example.stage.topic.as_str(), *number)))?;
        let leader = topic.partitions.get(&number)?.leader?;
        let mut builder = RecordBatchBuilder::new(16_384);
        let start_ms = world.wall_clock_ms() - 60_000;
        for (index, record) in records.iter().enumerate() {
            let key = record.0.as_ref().map(|key| key.as_bytes());
            builder.append(start_ms + index as i64 * 1_000, key, Some(record.1.as_bytes()), &[]);
        }
        let data = PartitionProduceData {
            topic_id: topic.topic_id,
            partition: number,
            batches: vec![builder.finish(ProducerSequence::NONE)],
        };
        let produce = ProduceRequest { acks: Acks::All, timeout_ms: 30_000, partitions: vec![data] };
        Some((leader, produce.into()))
    }

    /// Takes an answer, and goes to the next phase if it is good.
    fn accept(&mut self, response: &Response, example: &Example, parameters: &Parameters, world: &World) -> bool {
        match response {
            Response::CreateTopics(created) => {
                let good = created.topics.iter().all(|topic| topic.error == ErrorCode::None);
                self.advance(good, Phase::Coordinator)
            }
            Response::FindCoordinator(found) => {
                self.coordinator = found.coordinator;
                let next = if example.stage.earlier.is_empty() { Phase::Producer } else { Phase::Records };
                self.advance(found.error == ErrorCode::None && found.coordinator.is_some(), next)
            }
            Response::Produce(produced) => {
                let good = produced.partitions.iter().all(|partition| partition.error == ErrorCode::None);
                let missing = earlier_by_partition(example, parameters)
                    .into_keys()
                    .any(|number| !has_records(world, &TopicPartition::new(example.stage.topic.as_str(), number)));
                self.advance(good && !missing, Phase::Offsets);
                good
            }
            Response::OffsetCommit(committed) => {
                let good = committed.partitions.iter().all(|(_, error)| *error == ErrorCode::None);
                self.advance(good, Phase::Producer)
            }
            _ => false,
        }
    }

    fn advance(&mut self, good: bool, next: Phase) -> bool {
        if good {
            self.phase = next;
        }
        good
    }
}

/// Every broker that was started is registered, unfenced and knows it.
fn is_up(world: &World) -> bool {
    let Some(image) = world.active_image() else { return false };
    world
        .brokers()
        .filter(|(process, _)| process.status == ProcessStatus::Running)
        .all(|(_, broker)| image.is_active(broker.setup.id) && broker.image().next_offset == image.next_offset)
}

/// The first partition's preferred leader is the first broker, so that every run of a lesson begins alike.
fn assignments(parameters: &Parameters, world: &World) -> Vec<(i32, Vec<BrokerId>)> {
    let brokers: Vec<BrokerId> = world.brokers().map(|(_, broker)| broker.setup.id).collect();
    let replicas = usize::try_from(parameters.replication_factor).unwrap_or(1).min(brokers.len());
    (0..parameters.partitions)
        .map(|partition| {
            let of = |index: usize| brokers[(partition as usize + index) % brokers.len()];
            (partition, (0..replicas).map(of).collect())
        })
        .collect()
}

type EarlierRecords<'a> = Vec<(&'a Option<String>, &'a String)>;

/// Where the earlier records go: by their keys, else to the watched partition.
fn earlier_by_partition<'a>(example: &'a Example, parameters: &Parameters) -> SortedMap<i32, EarlierRecords<'a>> {
    let watched = script::watched_partition(example, parameters).partition;
    let mut by_partition: SortedMap<i32, EarlierRecords<'a>> = SortedMap::new();
    for record in &example.stage.earlier {
        let number = match &record.key {
            Some(key) => murmur2::partition_for_key(key.as_bytes(), parameters.partitions),
            None => watched,
        };
        by_partition.entry(number).or_default().push((&record.key, &record.value));
    }
    by_partition
}

fn has_records(world: &World, partition: &TopicPartition) -> bool {
    script::leader_of(world, partition)
        .and_then(|leader| world.broker(leader)?.partition(partition))
        .is_some_and(|replica| replica.log().high_watermark() > 0)
}

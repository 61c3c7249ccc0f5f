//! The administrator of a schedule: makes the topic, makes it again when it was deleted, and does what only a person
//! can do.

use super::draw::Draw;
use super::plan::{Plan, TOPIC};
use crate::kafka::client::call::WireCall;
use crate::kafka::client::wire::Answer;
use crate::kafka::ids::{BrokerId, NodeId, SimTime, TopicIdPartition, TopicPartition};
use crate::kafka::protocol::Request;
use crate::kafka::protocol::admin::{
    CreatableTopic, CreateTopicsRequest, DeleteRecordsRequest, ElectLeadersRequest, ElectionType,
};
use crate::kafka::random::Random;
use crate::sim::{Command, World};

/// How long an answer is waited for.
const PATIENCE_MS: u64 = 2_000;
/// How long after a failure it is tried again.
const RETRY_MS: u64 = 100;

/// Whether the active controller knows the topic.
pub fn is_topic_made(world: &World) -> bool {
    world.active_image().is_some_and(|image| image.topic(TOPIC).is_some())
}

/// One raw connection for each request, so that none waits behind a lost one.
#[derive(Clone, Debug, Default)]
pub struct Administrator {
    last_ticket: u32,
    /// The request to make the topic that is out, and until when it is waited for.
    asked: Option<(u32, SimTime)>,
    not_before: SimTime,
    next_rescue: SimTime,
}

impl Administrator {
    /// What to do so that the topic is there; nothing if it is, or if an answer is still to come.
    pub fn make_topic(&mut self, plan: &Plan, world: &World, random: &mut Random) -> Option<Command> {
        let now = world.now();
        if let Some((ticket, until)) = self.asked {
            if world.wire().answer(ticket) == Some(&Answer::Pending) && now < until {
                return None;
            }
            self.asked = None;
            self.not_before = now.plus_ms(RETRY_MS);
        }
        // Looking for the topic costs a little: not at each step.
        if now < self.not_before {
            return None;
        }
        self.not_before = now.plus_ms(RETRY_MS);
        if is_topic_made(world) {
            return None;
        }
        let topic = CreatableTopic {
            name: plan.topic_name(),
            num_partitions: plan.topic.partitions,
            replication_factor: plan.topic.replication_factor,
            assignments: Vec::new(),
            configs: std::iter::once(("min.insync.replicas".into(), plan.topic.min_insync_replicas.to_string()))
                .chain(plan.topic.compaction.iter().flatten().map(|(name, value)| (name.clone(), value.clone())))
                .map(|(name, value)| (name, Some(value)))
                .collect(),
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 1_000, validate_only: false };
        let command = self.ask(request.into(), world, random)?;
        self.asked = Some((self.last_ticket, now.plus_ms(PATIENCE_MS)));
        Some(command)
    }

    /// Does what only a person can do, if something of that kind is needed.
    pub fn rescue(&mut self, world: &World, random: &mut Random) -> Option<Command> {
        if world.now() < self.next_rescue {
            return None;
        }
        self.next_rescue = world.now().plus_ms(PATIENCE_MS);
        self.rescue_leaderless(world, random).or_else(|| self.rescue_stuck_follower(world))
    }

    /// Has leaders elected for partitions that no replica may lead any more: neither ISR nor eligible leaders are left,
    /// nor the last known one. A change of `min.insync.replicas` at a bad moment can do that (ClearElrRecord).
    fn rescue_leaderless(&mut self, world: &World, random: &mut Random) -> Option<Command> {
        let lost = world.active_image()?.partitions().filter(|(_, _, registration)| {
            registration.leader.is_none() && registration.isr.is_empty() && !registration.has_eligible_leaders()
        });
        let lost: Vec<TopicPartition> = lost.map(|(partition, _, _)| partition).collect();
        if lost.is_empty() {
            return None;
        }
        let request = ElectLeadersRequest { election_type: ElectionType::Unclean, partitions: Some(lost) };
        self.ask(request.into(), world, random)
    }

    /// Has all records deleted where a follower cannot go on: it has cut its log to the leader's log start, that lies
    /// inside a batch (DeleteRecords), and the leader sends whole batches (`UnexpectedAppendOffsetException`). When the log
    /// start has moved on, the follower drops its log and begins anew.
    fn rescue_stuck_follower(&mut self, world: &World) -> Option<Command> {
        let (partition, leader) =
            world.active_image()?.partitions().find_map(|(partition, topic_id, registration)| {
                let id = TopicIdPartition { topic_id, partition: partition.partition };
                let replica = |broker| world.broker(broker)?.partition_by_id(id);
                let leader = registration.leader?;
                let log = replica(leader)?.log();
                let first = log.batches().find(|batch| batch.next_offset() > log.log_start_offset())?;
                let inside = first.base_offset() + 1..first.next_offset();
                let is_stuck = |follower: &BrokerId| {
                    replica(*follower).is_some_and(|replica| inside.contains(&replica.log_end_offset()))
                };
                registration.replicas.iter().any(is_stuck).then_some((partition, leader))
            })?;
        let request = DeleteRecordsRequest { partitions: vec![(partition, -1)], timeout_ms: 1_000 };
        Some(self.ask_broker(request.into(), NodeId::Broker(leader)))
    }

    /// Sends a request to any broker that runs.
    pub fn ask(&mut self, request: Request, world: &World, random: &mut Random) -> Option<Command> {
        let running: Vec<NodeId> = world
            .brokers()
            .map(|(_, broker)| NodeId::Broker(broker.id()))
            .filter(|node| world.is_running(*node))
            .collect();
        if running.is_empty() {
            return None;
        }
        Some(self.ask_broker(request, random.one_of(&running)))
    }

    pub fn ask_broker(&mut self, request: Request, to: NodeId) -> Command {
        self.last_ticket += 1;
        let ticket = self.last_ticket;
        Command::Wire { call: WireCall::Send { ticket, to, connection: ticket, request: Box::new(request) } }
    }
}

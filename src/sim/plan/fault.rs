//! What can go wrong in a schedule, and what an administrator may do meanwhile.

use std::fmt;

use super::draw::Draw;
use super::mend::{self, Mend};
use super::plan::{Plan, TOPIC};
use crate::kafka::broker::lifecycle::BrokerState;
use crate::kafka::client::call::{ConsumerCall, ProducerCall, SeekTo};
use crate::kafka::ids::{NodeId, TopicPartition};
use crate::kafka::protocol::Request;
use crate::kafka::protocol::admin::{
    ConfigOperation, ConfigResource, CreatePartitionsRequest, CreatePartitionsTopic, DeleteRecordsRequest,
    DeleteTopicsRequest, ElectLeadersRequest, ElectionType, IncrementalAlterConfigsRequest,
};
use crate::kafka::random::Random;
use crate::sim::network::{Link, MessageId, TransitState};
use crate::sim::process::{ProcessState, ProcessStatus};
use crate::sim::{Command, World};

/// Whom a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Broker,
    Controller,
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL.
    Kill(Role),
    /// SIGTERM.
    Stop(Role),
    /// SIGSTOP.
    Pause(Role),
    /// A client closes itself, as it should.
    Close,
    /// Nothing passes between two processes.
    Cut,
    /// Nothing passes in one direction.
    CutOneWay,
    /// Nothing passes between one process and all others.
    Isolate,
    /// A connection breaks.
    Drop,
    Hold,
    Delay,
    /// A machine loses its power.
    LosePower(Role),
    SlowDisk,
    FillDisk,
    SlowLink,
    /// Packets are lost.
    LossyLink,
    /// A machine's clock is wrong.
    SkewClock,
    /// A consumer goes back, or on.
    Seek,
    AddPartition,
    ChangeMinIsr,
    PreferredElection,
    /// An administrator does not wait for the right replica to come back.
    UncleanElection,
    DeleteRecords,
    DeleteTopic,
}

/// What ends a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    Start(NodeId),
    Resume(NodeId),
    Heal(Link),
    Release(MessageId),
    /// Takes a disk, a link or a clock back to what it was.
    Mend(Mend),
}

/// A fault as it strikes: what happens now, and what will end it.
#[derive(Clone, Debug, Default)]
pub struct Strike {
    pub commands: Vec<Command>,
    /// An administrator's request, and to whom; None: to any broker.
    pub request: Option<(Request, Option<NodeId>)>,
    pub repairs: Vec<Repair>,
}

impl Fault {
    pub const ALL: &'static [Fault] = &[
        Fault::Kill(Role::Broker),
        Fault::Stop(Role::Broker),
        Fault::Pause(Role::Broker),
        Fault::Kill(Role::Controller),
        Fault::Stop(Role::Controller),
        Fault::Pause(Role::Controller),
        Fault::Kill(Role::Client),
        Fault::Stop(Role::Client),
        Fault::Pause(Role::Client),
        Fault::Close,
        Fault::Cut,
        Fault::CutOneWay,
        Fault::Isolate,
        Fault::Drop,
        Fault::Hold,
        Fault::Delay,
        Fault::LosePower(Role::Broker),
        Fault::LosePower(Role::Controller),
        Fault::SlowDisk,
        Fault::FillDisk,
        Fault::SlowLink,
        Fault::LossyLink,
        Fault::SkewClock,
        Fault::Seek,
        Fault::AddPartition,
        Fault::ChangeMinIsr,
        Fault::PreferredElection,
        Fault::UncleanElection,
        Fault::DeleteRecords,
        Fault::DeleteTopic,
    ];

    /// What makes other faults easy to bear, or much of what happens hard to judge, is left out of most runs.
    pub fn is_rare(self) -> bool {
        use Fault::*;
        matches!(
            self,
            Seek | AddPartition | ChangeMinIsr | PreferredElection | UncleanElection | DeleteRecords | DeleteTopic
        )
    }

    /// Strikes the world as it is now. Empty: there is nothing to strike.
    pub fn strike(self, plan: &Plan, world: &World, random: &mut Random) -> Strike {
        match self {
            Fault::Kill(role) => away(role, plan, world, random, |node| (Command::Kill { node }, Repair::Start(node))),
            Fault::Stop(role) => away(role, plan, world, random, |node| (Command::Stop { node }, Repair::Start(node))),
            Fault::Pause(role) => {
                away(role, plan, world, random, |node| (Command::Pause { node }, Repair::Resume(node)))
            }
            Fault::Close => close(world, random),
            Fault::Cut | Fault::CutOneWay => cut(world, random, self == Fault::CutOneWay),
            Fault::Isolate => isolate(world, random),
            Fault::Drop => on_message(world, random, |message| (Command::Drop { message }, None)),
            Fault::Hold => {
                on_message(world, random, |message| (Command::Hold { message }, Some(Repair::Release(message))))
            }
            Fault::Delay => {
                let by_us = random.spread(plan.weather.longest_fault_ms) * 1_000;
                on_message(world, random, |message| (Command::Delay { message, by_us }, None))
            }
            Fault::LosePower(role) => {
                away(role, plan, world, random, |node| (Command::LosePower { node }, Repair::Start(node)))
            }
            Fault::FillDisk => mend::fill_disk(plan, world, random),
            Fault::SlowDisk => mend::slow_disk(world, random),
            Fault::SkewClock => mend::skew_clock(world, random),
            Fault::SlowLink => mend::slow_link(world, random),
            Fault::LossyLink => mend::lossy_link(world, random),
            Fault::Seek => seek(world, random),
            Fault::DeleteRecords => Strike { request: delete_records(world, random), ..Strike::default() },
            _ => Strike { request: self.request(world, random).map(|it| (it, None)), ..Strike::default() },
        }
    }

    /// What an administrator asks; None: there is no topic to ask for.
    fn request(self, world: &World, random: &mut Random) -> Option<Request> {
        let topic = world.active_image()?.topic(TOPIC)?;
        let replicas = topic.partitions.values().next()?.replicas.len() as u64;
        Some(match self {
            Fault::AddPartition => {
                let count = topic.partitions.len() as i32 + 1;
                let grown = CreatePartitionsTopic { name: TOPIC.into(), count, assignments: None };
                CreatePartitionsRequest { topics: vec![grown], validate_only: false }.into()
            }
            Fault::ChangeMinIsr => {
                let value = random.between(1, replicas).to_string();
                let change = ("min.insync.replicas".to_string(), ConfigOperation::Set(value));
                let resources = vec![(ConfigResource::Topic(TOPIC.into()), vec![change])];
                IncrementalAlterConfigsRequest { resources, validate_only: false }.into()
            }
            Fault::PreferredElection => {
                ElectLeadersRequest { election_type: ElectionType::Preferred, partitions: None }.into()
            }
            Fault::UncleanElection => {
                ElectLeadersRequest { election_type: ElectionType::Unclean, partitions: None }.into()
            }
            Fault::DeleteTopic => DeleteTopicsRequest { topics: vec![TOPIC.into()] }.into(),
            _ => return None,
        })
    }
}

/// Up to the high watermark, or up to somewhere, perhaps inside a batch.
fn delete_records(world: &World, random: &mut Random) -> Option<(Request, Option<NodeId>)> {
    let topic = world.active_image()?.topic(TOPIC)?;
    let numbers: Vec<i32> = topic.partitions.keys().copied().collect();
    let number = random.one_of(&numbers);
    let offset = if random.percent(50) { -1 } else { random.spread(16) as i64 };
    let partitions = vec![(TopicPartition::new(TOPIC, number), offset)];
    let leader = topic.partitions[&number].leader?;
    Some((DeleteRecordsRequest { partitions, timeout_ms: 1_000 }.into(), Some(NodeId::Broker(leader))))
}

/// As part of a sentence: `brokers are killed`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = |role: &Role| match role {
            Role::Broker => "brokers",
            Role::Controller => "controllers",
            Role::Client => "clients",
        };
        match self {
            Fault::Kill(role) => write!(f, "{} are killed", whom(role)),
            Fault::Stop(role) => write!(f, "{} are stopped", whom(role)),
            Fault::Pause(role) => write!(f, "{} hang", whom(role)),
            Fault::Close => f.write_str("clients close and come back"),
            Fault::Cut => f.write_str("links are cut"),
            Fault::CutOneWay => f.write_str("links are cut in one direction"),
            Fault::Isolate => f.write_str("processes are cut off from all others"),
            Fault::Drop => f.write_str("connections break"),
            Fault::Hold => f.write_str("messages are held"),
            Fault::Delay => f.write_str("messages are late"),
            Fault::LosePower(role) => write!(f, "{} lose their power", whom(role)),
            Fault::SlowDisk => f.write_str("disks are slow"),
            Fault::FillDisk => f.write_str("disks are full"),
            Fault::SlowLink => f.write_str("links are slow"),
            Fault::LossyLink => f.write_str("links lose packets"),
            Fault::SkewClock => f.write_str("clocks are wrong"),
            Fault::Seek => f.write_str("consumers seek"),
            Fault::AddPartition => f.write_str("partitions are added"),
            Fault::ChangeMinIsr => f.write_str("min.insync.replicas is changed"),
            Fault::PreferredElection => f.write_str("preferred leaders are elected"),
            Fault::UncleanElection => f.write_str("leaders are elected uncleanly"),
            Fault::DeleteRecords => f.write_str("records are deleted"),
            Fault::DeleteTopic => f.write_str("the topic is deleted"),
        }
    }
}

/// The role of a process; None: the administrator, who is never struck.
fn role_of(node: NodeId) -> Option<Role> {
    match node {
        NodeId::Broker(_) => Some(Role::Broker),
        NodeId::Controller(_) => Some(Role::Controller),
        NodeId::Client(_) => (node != NodeId::client(0)).then_some(Role::Client),
    }
}

/// A broker that was told to stop takes its time.
pub(super) fn is_going(node: NodeId, world: &World) -> bool {
    let state = node.as_broker().and_then(|broker| world.broker(broker)).map(|broker| broker.lifecycle().state());
    state == Some(BrokerState::PendingControlledShutdown)
}

/// Kills, stops or pauses one process of a role, unless too many of them are away already. One broker or controller is
/// always left: where nobody waits for anything, time stands still.
pub(super) fn away(
    role: Role,
    plan: &Plan,
    world: &World,
    random: &mut Random,
    how: impl FnOnce(NodeId) -> (Command, Repair),
) -> Strike {
    let of_role: Vec<NodeId> = world.processes().keys().copied().filter(|node| role_of(*node) == Some(role)).collect();
    let running: Vec<NodeId> = of_role.iter().copied().filter(|node| world.is_running(*node)).collect();
    let most_away = match role {
        Role::Broker => plan.weather.most_brokers_away,
        Role::Controller => plan.weather.most_controllers_away,
        Role::Client => usize::MAX,
    };
    if running.is_empty() || of_role.len() - running.len() >= most_away {
        return Strike::default();
    }
    let node = random.one_of(&running);
    let stays = |other: &NodeId| {
        let is_server = matches!(role_of(*other), Some(Role::Broker | Role::Controller));
        let may_halt = world.disk(*other).is_full;
        *other != node && is_server && world.is_running(*other) && !is_going(*other, world) && !may_halt
    };
    if !world.processes().keys().any(stays) {
        return Strike::default();
    }
    let (command, repair) = how(node);
    Strike { commands: vec![command], repairs: vec![repair], ..Strike::default() }
}

/// Two processes that have something to say to each other.
pub(super) fn any_link(world: &World, random: &mut Random) -> Option<Link> {
    let nodes = all_nodes(world);
    let from = random.one_of(&nodes);
    let others: Vec<NodeId> = nodes.into_iter().filter(|other| *other != from && may_talk(from, *other)).collect();
    if others.is_empty() { None } else { Some(Link { from, to: random.one_of(&others) }) }
}

fn close(world: &World, random: &mut Random) -> Strike {
    let clients: Vec<NodeId> = world
        .processes()
        .keys()
        .filter(|node| role_of(**node) == Some(Role::Client) && world.is_running(**node))
        .copied()
        .collect();
    if clients.is_empty() {
        return Strike::default();
    }
    let node = random.one_of(&clients);
    let Some(process) = world.process(node) else { return Strike::default() };
    let name = process.name.to_string();
    let command = match process.state {
        ProcessState::Producer(_) => Command::Producer { name, call: ProducerCall::Close },
        _ => Command::Consumer { name, call: ConsumerCall::Close },
    };
    Strike { commands: vec![command], repairs: vec![Repair::Start(node)], ..Strike::default() }
}

/// All processes but the administrator.
pub(super) fn all_nodes(world: &World) -> Vec<NodeId> {
    world.processes().keys().filter(|node| role_of(**node).is_some()).copied().collect()
}

/// Whether the two have anything to say to each other.
fn may_talk(one: NodeId, other: NodeId) -> bool {
    !matches!((one, other), (NodeId::Client(_), NodeId::Client(_) | NodeId::Controller(_)))
        && !matches!((other, one), (NodeId::Client(_), NodeId::Controller(_)))
}

fn cut(world: &World, random: &mut Random, one_way: bool) -> Strike {
    let Some(Link { from, to }) = any_link(world, random) else { return Strike::default() };
    Strike {
        commands: vec![Command::CutLink { from, to, one_way }],
        repairs: vec![Repair::Heal(Link { from, to })],
        ..Strike::default()
    }
}

fn isolate(world: &World, random: &mut Random) -> Strike {
    let nodes = all_nodes(world);
    let from = random.one_of(&nodes);
    let mut strike = Strike::default();
    for to in nodes.into_iter().filter(|other| *other != from && may_talk(from, *other)) {
        strike.commands.push(Command::CutLink { from, to, one_way: false });
        strike.repairs.push(Repair::Heal(Link { from, to }));
    }
    strike
}

fn on_message(world: &World, random: &mut Random, how: impl FnOnce(MessageId) -> (Command, Option<Repair>)) -> Strike {
    let travelling: Vec<MessageId> = world
        .transits()
        .iter()
        .filter(|(_, transit)| transit.state == TransitState::Travelling)
        .map(|(id, _)| *id)
        .collect();
    if travelling.is_empty() {
        return Strike::default();
    }
    let (command, repair) = how(random.one_of(&travelling));
    Strike { commands: vec![command], repairs: repair.into_iter().collect(), ..Strike::default() }
}

fn seek(world: &World, random: &mut Random) -> Strike {
    let assigned: Vec<(String, TopicPartition)> = world
        .consumers()
        .filter(|(process, _)| process.status == ProcessStatus::Running)
        .flat_map(|(process, consumer)| {
            consumer.assignment().into_iter().map(|partition| (process.name.to_string(), partition))
        })
        .collect();
    if assigned.is_empty() {
        return Strike::default();
    }
    let (name, partition) = random.one_of(&assigned);
    let offset = random.below(20) as i64;
    let to = random.one_of(&[SeekTo::Beginning, SeekTo::End, SeekTo::Offset(offset)]);
    Strike {
        commands: vec![Command::Consumer { name, call: ConsumerCall::Seek { partition, to } }],
        ..Strike::default()
    }
}

//! What a person sees of one moment, as plain data in Kafka's terms. Picture, screen reader, tables and inspector
//! are all made from the same frame.

use serde::{Deserialize, Serialize};

use crate::kafka::ids::{BrokerId, ClientId, ControllerId, LeaderEpoch, NodeId, Offset, ProducerId, TopicPartition};
use crate::kafka::protocol::ApiKey;
use crate::kafka::protocol::produce::Acks;
use crate::stage::trouble::{BadLinkFrame, MachineFrame};
use crate::stage::words;

/// One moment of the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Frame {
    /// Virtual time, microseconds since the start.
    pub time_us: u64,
    /// Where the clock that a person sees begins: the first idea step of a lesson.
    pub clock_from_us: u64,
    /// What has just happened, in one or two plain sentences.
    pub sentence: String,
    /// The partition that the picture shows in full.
    pub focus: Option<TopicPartition>,
    pub controllers: Vec<ControllerFrame>,
    pub brokers: Vec<BrokerFrame>,
    /// As the active controller has registered them, or the controller that knows most.
    pub partitions: Vec<PartitionFrame>,
    pub producers: Vec<ProducerFrame>,
    pub groups: Vec<GroupFrame>,
    /// Administrators' tools that have something under way.
    pub tools: Vec<ToolFrame>,
    pub messages: Vec<MessageFrame>,
    pub timers: Vec<TimerFrame>,
    /// Links through which nothing passes.
    pub cut_links: Vec<CutLink>,
    /// Links that are slow or lose packets.
    pub bad_links: Vec<BadLinkFrame>,
    /// Machines with a bad disk or a wrong clock.
    pub bad_machines: Vec<MachineFrame>,
    pub flow: FlowFrame,
}

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    #[default]
    Running,
    /// It hangs and knows nothing of it.
    Paused,
    Down,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControllerFrame {
    pub id: ControllerId,
    pub life: Life,
    /// Whether it believes to lead the quorum.
    pub active: bool,
    /// Epoch of the quorum as this controller knows it.
    pub epoch: i32,
    /// End of its metadata log.
    pub log_end_offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerFrame {
    pub id: BrokerId,
    pub life: Life,
    /// As the controller has registered it: a fenced broker leads nothing and is in no ISR.
    pub fenced: bool,
    pub rack: Option<String>,
    /// The metadata log as far as this broker has replayed it.
    pub metadata_offset: Offset,
    /// Its copies, by partition.
    pub replicas: Vec<ReplicaFrame>,
    /// Groups that it coordinates.
    pub coordinates: Vec<String>,
}

/// What a replica believes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Leader,
    Follower,
    /// It has heard of neither, or of no leader.
    #[default]
    Offline,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaFrame {
    pub partition: TopicPartition,
    pub role: Role,
    pub leader_epoch: LeaderEpoch,
    pub log_start_offset: Offset,
    pub high_watermark: Offset,
    pub log_end_offset: Offset,
    /// The ISR as the leader believes it to be; empty on followers.
    pub isr: Vec<BrokerId>,
    /// How far each follower's log reaches, as the leader has learnt from their fetches.
    pub followers: Vec<(BrokerId, Offset)>,
    /// The end of the log, oldest first; what lies before it is left out of the picture.
    pub cells: Vec<CellFrame>,
    /// Produce requests that wait for replicas.
    pub waiting_produces: Vec<WaitingRequest>,
    /// Fetch requests that wait for data.
    pub waiting_fetches: Vec<WaitingRequest>,
    /// Records below this offset have been flushed to the disk; the others are in the page cache only.
    pub flushed_offset: Offset,
    pub size_bytes: u64,
}

/// One record of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellFrame {
    pub offset: Offset,
    /// None: no key.
    pub key: Option<String>,
    /// Number of the key's colour and shape; None: no key.
    pub mark: Option<u8>,
    pub leader_epoch: LeaderEpoch,
    /// Below the high watermark, as this broker knows it.
    pub committed: bool,
    /// The leader has something else, or nothing, at this offset.
    pub diverges: bool,
    /// A transaction's marker or another control record.
    pub control: bool,
    /// The value's beginning, as text.
    pub value: String,
}

/// A request that a broker keeps until it can be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRequest {
    pub from: NodeId,
    /// Produce: the high watermark that it waits for. Fetch: the offset it waits for.
    pub offset: Offset,
    /// When it is answered in any case.
    pub due_us: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionFrame {
    pub partition: TopicPartition,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    /// In assignment order.
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
    pub elr: Vec<BrokerId>,
    pub min_insync_replicas: i32,
}

impl PartitionFrame {
    /// Fewer replicas in sync than acks=all demands.
    pub fn is_below_min_isr(&self) -> bool {
        (self.isr.len() as i32) < self.min_insync_replicas.min(self.replicas.len() as i32)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerFrame {
    pub id: ClientId,
    pub name: String,
    pub life: Life,
    pub acks: Acks,
    pub idempotent: bool,
    pub producer_id: Option<ProducerId>,
    /// Batches not yet sent, or waiting to be sent again.
    pub buffered: Vec<BatchFrame>,
    /// Batches sent and not yet answered.
    pub in_flight: Vec<BatchFrame>,
    /// The newest results, oldest first.
    pub results: Vec<SendResult>,
    pub acknowledged: u64,
    pub failed: u64,
    /// Partition and leader, as far as the producer has learnt.
    pub leaders: Vec<(TopicPartition, Option<BrokerId>)>,
}

/// A batch in a producer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchFrame {
    pub partition: TopicPartition,
    pub marks: Vec<Option<u8>>,
    pub records: u32,
    pub size_bytes: u32,
    /// First sequence number; None: not idempotent, or not yet given.
    pub base_sequence: Option<i32>,
    /// Attempts so far.
    pub attempts: u32,
}

/// What an application has learnt about one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendResult {
    pub partition: Option<TopicPartition>,
    pub outcome: SendOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendOutcome {
    /// Offset; -1 with acks=0.
    Acknowledged(Offset),
    /// Surely in no log. The error's name.
    NotWritten(String),
    /// It may be in the log or not. The error's name.
    InDoubt(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFrame {
    pub name: String,
    /// Kafka's name of the state; empty: no coordinator has heard of the group yet.
    pub state: String,
    pub generation: i32,
    pub coordinator: Option<BrokerId>,
    pub assignor: Option<String>,
    /// Committed offsets, as the coordinator has stored them.
    pub committed: Vec<(TopicPartition, Offset)>,
    pub consumers: Vec<ConsumerFrame>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerFrame {
    pub id: ClientId,
    pub name: String,
    pub life: Life,
    /// What it is doing, in a few words.
    pub state: String,
    pub assigned: Vec<AssignedFrame>,
    pub processing: Option<ProcessingFrame>,
    /// Records handed over by poll() and not yet processed, the present one left out.
    pub polled: u32,
}

/// A partition as its consumer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedFrame {
    pub partition: TopicPartition,
    /// The next record to hand over; None: not known yet.
    pub position: Option<Offset>,
    /// The group's committed offset; None: nothing committed.
    pub committed: Option<Offset>,
    /// Records between position and the high watermark that the consumer was last told.
    pub lag: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessingFrame {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub mark: Option<u8>,
    pub from_us: u64,
    pub due_us: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolFrame {
    pub id: ClientId,
    pub name: String,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFrame {
    pub id: u64,
    pub from: NodeId,
    pub to: NodeId,
    pub api: ApiKey,
    pub is_request: bool,
    /// What it says, in a few words beside the API's name: `@43`, `ok, offset 42`, `NOT_LEADER_OR_FOLLOWER`.
    pub words: String,
    /// It says that something went wrong.
    pub is_error: bool,
    /// Records that it carries; 0: none.
    pub records: u32,
    /// Marks of the first records that it carries.
    pub marks: Vec<Option<u8>>,
    pub size_bytes: u64,
    pub sent_us: u64,
    pub due_us: u64,
    /// How many times it was lost on its way and sent again.
    pub retransmissions: u32,
    pub transit: Transit,
}

/// How a message is getting on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Transit {
    #[default]
    Travelling,
    /// Stopped by hand.
    Held,
    /// The link is cut, or a message before it stands still.
    Stalled,
    /// It has arrived and is not read: the receiver hangs, or serves a request before it.
    Waiting,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The controller fences a broker that is silent for so long.
    BrokerSession,
    /// The coordinator removes a member that is silent for so long.
    MemberSession,
    /// A batch waits for more records.
    Linger,
    /// A batch waits before it is sent again.
    RetryBackoff,
    /// A follower may lag behind for so long before it leaves the ISR.
    ReplicaLag,
    /// A controller waits for its leader before it stands for election.
    Election,
}

/// A wait that runs out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerFrame {
    /// Whose wait it is, or who would suffer: the broker that is fenced, the member that is removed.
    pub node: NodeId,
    pub kind: TimerKind,
    pub from_us: u64,
    pub due_us: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutLink {
    pub from: NodeId,
    pub to: NodeId,
    /// Whether the other way is cut too.
    pub both_ways: bool,
}

/// How far one station of the complete flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    #[default]
    Waiting,
    Now,
    Done,
}

/// The complete flow of one record: Producer, Topic, Broker, Consumer, each with two stations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct FlowFrame {
    /// The record that is followed; its offset once it has one.
    pub partition: Option<TopicPartition>,
    pub offset: Option<Offset>,
    pub message: FlowState,
    pub persistence: FlowState,
    pub replication: FlowState,
    pub processing: FlowState,
    pub ack: FlowState,
    pub disk: FlowState,
    pub replicas: FlowState,
    pub offset_commit: FlowState,
}

impl Frame {
    pub fn broker(&self, id: BrokerId) -> Option<&BrokerFrame> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    pub fn replica(&self, id: BrokerId, partition: &TopicPartition) -> Option<&ReplicaFrame> {
        self.broker(id)?.replicas.iter().find(|replica| replica.partition == *partition)
    }

    pub fn partition(&self, partition: &TopicPartition) -> Option<&PartitionFrame> {
        self.partitions.iter().find(|frame| frame.partition == *partition)
    }

    pub fn producer(&self, id: ClientId) -> Option<&ProducerFrame> {
        self.producers.iter().find(|producer| producer.id == id)
    }

    /// A consumer with its group.
    pub fn consumer(&self, id: ClientId) -> Option<(&GroupFrame, &ConsumerFrame)> {
        self.groups.iter().find_map(|group| {
            group.consumers.iter().find(|consumer| consumer.id == id).map(|consumer| (group, consumer))
        })
    }

    /// What is wrong with a machine, if anything is.
    pub fn bad_machine(&self, node: NodeId) -> Option<&MachineFrame> {
        self.bad_machines.iter().find(|machine| machine.node == node)
    }

    /// What is wrong with one way of a link, if anything is.
    pub fn bad_link(&self, from: NodeId, to: NodeId) -> Option<&BadLinkFrame> {
        self.bad_links.iter().find(|link| (link.from, link.to) == (from, to))
    }

    pub fn message(&self, id: u64) -> Option<&MessageFrame> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// A moment by the clock that a person sees.
    pub fn clock(&self, at_us: u64) -> String {
        match at_us.checked_sub(self.clock_from_us) {
            Some(since) => words::clock(since),
            None => format!("{} before the beginning", words::clock(self.clock_from_us - at_us)),
        }
    }

    /// A process's name as a person says it: `broker 0`, `login-service`.
    pub fn node_name(&self, node: NodeId) -> String {
        match node {
            NodeId::Client(id) => self
                .producer(id)
                .map(|producer| producer.name.clone())
                .or_else(|| self.consumer(id).map(|(_, consumer)| consumer.name.clone()))
                .or_else(|| self.tools.iter().find(|tool| tool.id == id).map(|tool| tool.name.clone()))
                .unwrap_or_else(|| node.to_string()),
            NodeId::Broker(_) | NodeId::Controller(_) => node.to_string(),
        }
    }
}

impl ReplicaFrame {
    /// Requests that wait here.
    pub fn waiting(&self) -> usize {
        self.waiting_produces.len() + self.waiting_fetches.len()
    }
}

//! Beats: what happens on the lesson's stage, told apart from everything else that a cluster does all the time.

use serde::{Deserialize, Serialize};

use crate::kafka::ids::{ClientId, NodeId, Offset, TopicName, TopicPartition};
use crate::kafka::note::{MemberRemoval, Note, PartitionChoice, PositionReason, SendOutcome};
use crate::kafka::protocol::{ErrorCode, Request};
use crate::kafka::sends::Sends;
use crate::kafka::sorted::SortedMap;
use crate::sim::{Event, EventKind, Message, MessageBody, World};

/// Kinds of beats, by the names that the content uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeatKind {
    /// The stage is set: topic, group and clients are there.
    Ready,
    Buffered,
    BatchSent,
    /// The produce request has reached the leader.
    ProduceReceived,
    LeaderAppended,
    Duplicate,
    Refused,
    /// acks=all waits in the purgatory.
    ProduceWaits,
    FollowerAppended,
    /// The leader has learnt from a fetch how far a follower is.
    LeaderLearned,
    /// The leader's high watermark has moved.
    HighWatermark,
    /// A follower's high watermark has moved.
    FollowerHighWatermark,
    /// The leader answers the producer.
    Answered,
    Acknowledged,
    Failed,
    Retry,
    ConsumerStarted,
    CoordinatorFound,
    Assigned,
    Revoked,
    PositionSet,
    Fetched,
    Polled,
    Processing,
    Processed,
    CommitSent,
    OffsetStored,
    Committed,
    CommitFailed,
    ConsumerKilled,
    /// It left the group and ended by itself.
    ConsumerClosed,
    MemberRemoved,
    BrokerKilled,
    BrokerStarted,
    BrokerPaused,
    BrokerResumed,
    BrokerFenced,
    BrokerUnfenced,
    LeaderElected,
    BecameLeader,
    IsrChanged,
    Truncated,
    LinkCut,
    LinkHealed,
    MessageDropped,
    MessageHeld,
    /// The director's own: nothing is left to happen by itself.
    Settled,
}

/// Who plays in the lesson.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cast {
    pub topic: TopicName,
    pub group: String,
    pub producer: Option<ClientId>,
    pub consumer: Option<ClientId>,
}

/// One beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    pub kind: BeatKind,
    /// For sentences and conditions.
    pub fields: SortedMap<&'static str, String>,
    pub partition: Option<TopicPartition>,
    /// First and last offset that it is about.
    pub offsets: Option<(Offset, Offset)>,
    /// Sends that it is about, with the base offset once there is one.
    pub sends: Option<Sends>,
    /// Where it happens.
    pub node: Option<NodeId>,
}

impl Beat {
    pub fn new(kind: BeatKind) -> Beat {
        Beat { kind, fields: SortedMap::new(), partition: None, offsets: None, sends: None, node: None }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Beat {
        self.fields.insert(name, value.to_string());
        self
    }

    fn of(mut self, partition: &TopicPartition) -> Beat {
        self.partition = Some(partition.clone());
        self.with("partition", partition.partition).with("topic", &partition.topic)
    }

    fn at(mut self, first: Offset, last: Offset) -> Beat {
        self.offsets = Some((first, last));
        let beat = self.with("offset", first).with("last_offset", last).with("count", last - first + 1);
        beat.with("next_offset", last + 1)
    }

    fn by(mut self, sends: &Sends) -> Beat {
        self.sends = Some(sends.clone());
        self.with("count", sends.count())
    }

    /// Whether all these fields have these values.
    pub fn fits(&self, with: &SortedMap<String, String>) -> bool {
        with.iter().all(|(name, value)| self.fields.get(name.as_str()) == Some(value))
    }
}

/// `1`, `1 and 2`, `0, 1 and 2`, `none`.
pub fn list_text<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    match items.split_last() {
        None => "none".into(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The beat that an event is, if it happens on the lesson's stage.
pub fn beat_of(event: &Event, cast: &Cast, world: &World) -> Option<Beat> {
    let beat = match &event.kind {
        EventKind::Note(note) => beat_of_note(note, cast)?,
        EventKind::MessageDelivered(message) => produce_received(message, cast)?,
        EventKind::MessageDropped(message) => Beat::new(BeatKind::MessageDropped).with("api", message.api_key().name()),
        EventKind::MessageHeld(message) => Beat::new(BeatKind::MessageHeld).with("api", message.api_key().name()),
        EventKind::NodeStarted => started(event.node?, cast)?,
        EventKind::NodeKilled => killed(event.node?, "killed", cast, world)?,
        EventKind::PowerLost => killed(event.node?, "without power", cast, world)?,
        EventKind::NodeHalted => killed(event.node?, "halted", cast, world)?,
        EventKind::NodeStopped => match event.node? {
            NodeId::Client(id) if cast.consumer == Some(id) => Beat::new(BeatKind::ConsumerClosed),
            NodeId::Broker(id) => Beat::new(BeatKind::BrokerKilled).with("broker", id).with("how", "stopped"),
            _ => return None,
        },
        EventKind::NodePaused => Beat::new(BeatKind::BrokerPaused).with("broker", event.node?.as_broker()?),
        EventKind::NodeResumed => Beat::new(BeatKind::BrokerResumed).with("broker", event.node?.as_broker()?),
        EventKind::LinkCut { from, to } => Beat::new(BeatKind::LinkCut).with("from", from).with("to", to),
        EventKind::LinkHealed { from, to } => Beat::new(BeatKind::LinkHealed).with("from", from).with("to", to),
        _ => return None,
    };
    Some(Beat { node: event.node, ..beat })
}

fn produce_received(message: &Message, cast: &Cast) -> Option<Beat> {
    let (NodeId::Client(client), NodeId::Broker(broker)) = (message.from, message.to) else { return None };
    let MessageBody::Request(Request::Produce(_)) = &message.body else { return None };
    if cast.producer != Some(client) {
        return None;
    }
    let records: i32 = message.batches().iter().map(|batch| batch.record_count()).sum();
    Some(Beat::new(BeatKind::ProduceReceived).with("broker", broker).with("count", records))
}

fn started(node: NodeId, cast: &Cast) -> Option<Beat> {
    match node {
        NodeId::Broker(id) => Some(Beat::new(BeatKind::BrokerStarted).with("broker", id)),
        NodeId::Client(id) if cast.consumer == Some(id) => Some(Beat::new(BeatKind::ConsumerStarted)),
        _ => None,
    }
}

fn killed(node: NodeId, how: &str, cast: &Cast, world: &World) -> Option<Beat> {
    match node {
        NodeId::Broker(id) => {
            let leads = world.active_image().is_some_and(|image| {
                image.topic(&cast.topic).is_some_and(|topic| topic.partitions.values().any(|p| p.leader == Some(id)))
            });
            let beat = Beat::new(BeatKind::BrokerKilled).with("broker", id).with("how", how);
            Some(beat.with("leader", if leads { "yes" } else { "no" }))
        }
        NodeId::Client(id) if cast.consumer == Some(id) => Some(Beat::new(BeatKind::ConsumerKilled)),
        _ => None,
    }
}

fn beat_of_note(note: &Note, cast: &Cast) -> Option<Beat> {
    // What concerns other topics (first of all __consumer_offsets), groups and clients is not of this stage.
    let on_topic = |partition: &TopicPartition| partition.topic == cast.topic;
    let ours = |client: &ClientId| cast.producer == Some(*client) || cast.consumer == Some(*client);
    let beat = match note {
        Note::RecordsBuffered { client, sends, partition, choice } if ours(client) && on_topic(partition) => {
            let beat = Beat::new(BeatKind::Buffered).of(partition).by(sends);
            match choice {
                PartitionChoice::Given => beat.with("choice", "given"),
                PartitionChoice::Sticky => beat.with("choice", "sticky"),
                PartitionChoice::Keys { .. } => beat.with("choice", "keys"),
                PartitionChoice::Key { murmur2, partitions } => beat
                    .with("choice", "key")
                    .with("murmur2", murmur2)
                    .with("positive", murmur2 & 0x7fff_ffff)
                    .with("partitions", partitions),
            }
        }
        Note::BatchSent { client, partition, to, sends, attempt, size_bytes, .. } if ours(client) => {
            let beat = Beat::new(BeatKind::BatchSent).of(partition).by(sends).with("broker", to);
            beat.with("attempt", attempt)
                .with("bytes", size_bytes)
                .with("again", if *attempt > 1 { "yes" } else { "no" })
        }
        Note::RecordsAppended { broker, partition, base_offset, last_offset, leader_epoch, as_leader, size_bytes }
            if on_topic(partition) =>
        {
            let kind = if *as_leader { BeatKind::LeaderAppended } else { BeatKind::FollowerAppended };
            let beat = Beat::new(kind).of(partition).at(*base_offset, *last_offset).with("broker", broker);
            beat.with("epoch", leader_epoch).with("bytes", size_bytes)
        }
        Note::DuplicateBatch { broker, partition, base_offset, .. } if on_topic(partition) => {
            Beat::new(BeatKind::Duplicate).of(partition).with("broker", broker).with("offset", base_offset)
        }
        Note::BatchRefused { broker, partition, error } if on_topic(partition) => {
            Beat::new(BeatKind::Refused).of(partition).with("broker", broker).with("error", error)
        }
        Note::ProduceWaits { broker, partition, last_offset } if on_topic(partition) => {
            Beat::new(BeatKind::ProduceWaits).of(partition).at(*last_offset, *last_offset).with("broker", broker)
        }
        Note::FollowerProgress { leader, partition, follower, log_end_offset } if on_topic(partition) => {
            let beat = Beat::new(BeatKind::LeaderLearned).of(partition).with("leader", leader);
            let beat = beat.with("follower", follower).with("broker", follower);
            beat.at(log_end_offset - 1, log_end_offset - 1)
        }
        Note::HighWatermarkAdvanced { broker, partition, from, to, is_leader } if on_topic(partition) => {
            let kind = if *is_leader { BeatKind::HighWatermark } else { BeatKind::FollowerHighWatermark };
            Beat::new(kind).of(partition).at(*from, to - 1).with("broker", broker).with("to", to)
        }
        Note::ProduceAnswered { broker, partition, last_offset, error } if on_topic(partition) => {
            let beat = Beat::new(BeatKind::Answered).of(partition).at(*last_offset, *last_offset);
            beat.with("broker", broker).with("error", error).with("ok", yes_no(*error == ErrorCode::None))
        }
        Note::RecordsAcknowledged { client, sends, partition, base_offset } if ours(client) => {
            let last = base_offset + i64::from(sends.count()) - 1;
            Beat::new(BeatKind::Acknowledged).of(partition).by(sends).at(*base_offset, last)
        }
        Note::RecordsFailed { client, sends, outcome, error, .. } if ours(client) => {
            let outcome = match outcome {
                SendOutcome::NotWritten => "not_written",
                SendOutcome::InDoubt => "in_doubt",
            };
            Beat::new(BeatKind::Failed).by(sends).with("outcome", outcome).with("error", error.name())
        }
        Note::BatchRetry { client, partition, error, attempt, backoff_ms, sends } if ours(client) => {
            let beat = Beat::new(BeatKind::Retry).of(partition).by(sends).with("error", error);
            beat.with("attempt", attempt).with("backoff_ms", backoff_ms)
        }
        Note::CoordinatorFound { client, coordinator, .. } if ours(client) => {
            Beat::new(BeatKind::CoordinatorFound).with("broker", coordinator)
        }
        Note::PartitionsAssigned { client, generation, partitions, .. } if ours(client) => {
            let beat = Beat::new(BeatKind::Assigned).with("generation", generation);
            let numbers: Vec<i32> = partitions.iter().map(|partition| partition.partition).collect();
            beat.with("partitions", list_text(&numbers)).with("count", numbers.len())
        }
        Note::PartitionsRevoked { client, .. } | Note::PartitionsLost { client, .. } if ours(client) => {
            Beat::new(BeatKind::Revoked)
        }
        Note::PositionSet { client, partition, offset, reason } if ours(client) => {
            let reason = match reason {
                PositionReason::Committed => "committed",
                PositionReason::ResetToEarliest => "earliest",
                PositionReason::ResetToLatest => "latest",
                PositionReason::ResetByDuration => "by_duration",
                PositionReason::Seek => "seek",
                PositionReason::Truncated => "truncated",
            };
            Beat::new(BeatKind::PositionSet).of(partition).at(*offset, *offset).with("reason", reason)
        }
        Note::RecordsFetched { client, partition, first_offset, last_offset } if ours(client) => {
            Beat::new(BeatKind::Fetched).of(partition).at(*first_offset, *last_offset)
        }
        Note::RecordsPolled { client, partition, first_offset, last_offset, count } if ours(client) => {
            Beat::new(BeatKind::Polled).of(partition).at(*first_offset, *last_offset).with("count", count)
        }
        Note::ProcessingStarted { client, partition, offset } if ours(client) => {
            Beat::new(BeatKind::Processing).of(partition).at(*offset, *offset)
        }
        Note::RecordProcessed { client, partition, offset } if ours(client) => {
            Beat::new(BeatKind::Processed).of(partition).at(*offset, *offset)
        }
        Note::CommitSent { client, partition, offset } if ours(client) => {
            Beat::new(BeatKind::CommitSent).of(partition).at(*offset, *offset)
        }
        Note::GroupOffsetStored { broker, group, partition, offset } if *group == cast.group => {
            Beat::new(BeatKind::OffsetStored).of(partition).at(*offset, *offset).with("broker", broker)
        }
        Note::OffsetCommitted { client, partition, offset } if ours(client) => {
            Beat::new(BeatKind::Committed).of(partition).at(*offset, *offset).with("last_read", offset - 1)
        }
        Note::CommitFailed { client, error } if ours(client) => Beat::new(BeatKind::CommitFailed).with("error", error),
        Note::MemberRemoved { group, reason, .. } if *group == cast.group => {
            let reason = match reason {
                MemberRemoval::Left => "left",
                MemberRemoval::SessionExpired => "session_expired",
                MemberRemoval::RebalanceTimeout => "rebalance_timeout",
                MemberRemoval::Fenced => "fenced",
            };
            Beat::new(BeatKind::MemberRemoved).with("reason", reason)
        }
        Note::BrokerFenced { broker } => Beat::new(BeatKind::BrokerFenced).with("broker", broker),
        Note::BrokerUnfenced { broker } => Beat::new(BeatKind::BrokerUnfenced).with("broker", broker),
        Note::LeaderElected { partition, leader, leader_epoch, isr, unclean } if on_topic(partition) => {
            let beat = Beat::new(BeatKind::LeaderElected).of(partition).with("epoch", leader_epoch);
            let beat = beat.with("leader", leader.map_or("none".into(), |id| id.to_string()));
            beat.with("isr", list_text(isr)).with("unclean", yes_no(*unclean)).with("found", yes_no(leader.is_some()))
        }
        Note::BecameLeader { broker, partition, leader_epoch, log_end_offset } if on_topic(partition) => {
            let beat = Beat::new(BeatKind::BecameLeader).of(partition).with("broker", broker);
            beat.with("epoch", leader_epoch).with("log_end", log_end_offset)
        }
        Note::IsrChanged { partition, isr, .. } if on_topic(partition) => {
            Beat::new(BeatKind::IsrChanged).of(partition).with("isr", list_text(isr)).with("size", isr.len())
        }
        Note::LogTruncated { broker, partition, from, to } if on_topic(partition) => {
            let beat = Beat::new(BeatKind::Truncated).of(partition).at(*to, from - 1);
            beat.with("broker", broker).with("from", from).with("to", to)
        }
        _ => return None,
    };
    Some(beat)
}

fn yes_no(condition: bool) -> &'static str {
    if condition { "yes" } else { "no" }
}

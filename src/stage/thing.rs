//! Everything that a person can point at, in the figure, in the tables or in the text: one name for each.
//!
//! As text: `broker:0`, `replica:0:user-events-0`, `record:0:user-events-0:42`, `hw:0:user-events-0`, `producer:1`,
//! `concept:isr`. Topic names hold no colon, so the parts are always told apart.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::words::Concept;
use crate::kafka::ids::{BrokerId, ClientId, ControllerId, NodeId, Offset, TopicPartition};

/// A thing that can be selected, hovered, focused and named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// The quorum of controllers as a whole.
    Quorum,
    Controller(ControllerId),
    Broker(BrokerId),
    Producer(ClientId),
    Consumer(ClientId),
    /// A client that is neither producer nor consumer: an administrator's tool.
    Tool(ClientId),
    Group(String),
    /// A partition as the controller has registered it.
    Partition(TopicPartition),
    /// One broker's copy of a partition.
    Replica(BrokerId, TopicPartition),
    /// One record in one broker's copy.
    Record(BrokerId, TopicPartition, Offset),
    HighWatermark(BrokerId, TopicPartition),
    LogEndOffset(BrokerId, TopicPartition),
    /// Where a consumer reads next.
    Position(ClientId, TopicPartition),
    /// What a group has committed.
    Committed(String, TopicPartition),
    /// Requests that wait at a leader.
    Purgatory(BrokerId),
    Message(u64),
    /// The way between two nodes, the smaller first.
    Link(NodeId, NodeId),
    /// An idea rather than a place: it lights up all that shows it.
    Concept(Concept),
}

impl Thing {
    pub const fn of_node(node: NodeId, is_consumer: bool) -> Thing {
        match node {
            NodeId::Controller(id) => Thing::Controller(id),
            NodeId::Broker(id) => Thing::Broker(id),
            NodeId::Client(id) if is_consumer => Thing::Consumer(id),
            NodeId::Client(id) => Thing::Producer(id),
        }
    }

    /// The process behind the thing, where it is or belongs to one.
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Thing::Controller(id) => Some(NodeId::Controller(*id)),
            Thing::Broker(id)
            | Thing::Replica(id, _)
            | Thing::Record(id, _, _)
            | Thing::HighWatermark(id, _)
            | Thing::LogEndOffset(id, _)
            | Thing::Purgatory(id) => Some(NodeId::Broker(*id)),
            Thing::Producer(id) | Thing::Consumer(id) | Thing::Tool(id) | Thing::Position(id, _) => {
                Some(NodeId::Client(*id))
            }
            Thing::Quorum
            | Thing::Group(_)
            | Thing::Partition(_)
            | Thing::Committed(_, _)
            | Thing::Message(_)
            | Thing::Link(_, _)
            | Thing::Concept(_) => None,
        }
    }

    /// Its name where nothing more is known of it.
    pub fn words(&self) -> String {
        match self {
            Thing::Quorum => "Controller quorum".into(),
            Thing::Controller(id) => format!("Controller {id}"),
            Thing::Broker(id) => format!("Broker {id}"),
            Thing::Producer(_) => "Producer".into(),
            Thing::Consumer(_) => "Consumer".into(),
            Thing::Tool(_) => "Tool".into(),
            Thing::Group(name) => format!("Group {name}"),
            Thing::Partition(partition) => partition.to_string(),
            Thing::Replica(broker, partition) => format!("{partition} on broker {broker}"),
            Thing::Record(broker, partition, offset) => format!("Offset {offset} of {partition} on broker {broker}"),
            Thing::HighWatermark(broker, partition) => format!("High watermark of {partition} on broker {broker}"),
            Thing::LogEndOffset(broker, partition) => format!("Log end offset of {partition} on broker {broker}"),
            Thing::Position(_, partition) => format!("Position in {partition}"),
            Thing::Committed(group, partition) => format!("Committed offset of {group} in {partition}"),
            Thing::Purgatory(broker) => format!("What waits at broker {broker}"),
            Thing::Message(_) => "Message".into(),
            Thing::Link(from, to) => format!("Link between {from} and {to}"),
            Thing::Concept(concept) => concept.title().into(),
        }
    }

    /// The partition that the thing is about, if one.
    pub const fn partition(&self) -> Option<&TopicPartition> {
        match self {
            Thing::Partition(partition)
            | Thing::Replica(_, partition)
            | Thing::Record(_, partition, _)
            | Thing::HighWatermark(_, partition)
            | Thing::LogEndOffset(_, partition)
            | Thing::Position(_, partition)
            | Thing::Committed(_, partition) => Some(partition),
            _ => None,
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::Quorum => f.write_str("quorum"),
            Thing::Controller(id) => write!(f, "controller:{id}"),
            Thing::Broker(id) => write!(f, "broker:{id}"),
            Thing::Producer(id) => write!(f, "producer:{id}"),
            Thing::Consumer(id) => write!(f, "consumer:{id}"),
            Thing::Tool(id) => write!(f, "tool:{id}"),
            Thing::Group(name) => write!(f, "group:{name}"),
            Thing::Partition(partition) => write!(f, "partition:{partition}"),
            Thing::Replica(broker, partition) => write!(f, "replica:{broker}:{partition}"),
            Thing::Record(broker, partition, offset) => write!(f, "record:{broker}:{partition}:{offset}"),
            Thing::HighWatermark(broker, partition) => write!(f, "hw:{broker}:{partition}"),
            Thing::LogEndOffset(broker, partition) => write!(f, "leo:{broker}:{partition}"),
            Thing::Position(client, partition) => write!(f, "position:{client}:{partition}"),
            // The group comes last: its name may hold anything.
            Thing::Committed(group, partition) => write!(f, "committed:{partition}:{group}"),
            Thing::Purgatory(broker) => write!(f, "purgatory:{broker}"),
            Thing::Message(id) => write!(f, "message:{id}"),
            Thing::Link(from, to) => write!(f, "link:{}:{}", NodeName(*from), NodeName(*to)),
            Thing::Concept(concept) => write!(f, "concept:{}", concept.id()),
        }
    }
}

/// A node in one word: `b0`, `c100`, `p3`.
struct NodeName(NodeId);

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NodeId::Controller(id) => write!(f, "controller-{id}"),
            NodeId::Broker(id) => write!(f, "broker-{id}"),
            NodeId::Client(id) => write!(f, "client-{id}"),
        }
    }
}

fn node_of(text: &str) -> Option<NodeId> {
    let (kind, number) = text.split_once('-')?;
    match kind {
        "controller" => Some(NodeId::controller(number.parse().ok()?)),
        "broker" => Some(NodeId::broker(number.parse().ok()?)),
        "client" => Some(NodeId::client(number.parse().ok()?)),
        _ => None,
    }
}

fn partition_of(text: &str) -> Option<TopicPartition> {
    let (topic, number) = text.rsplit_once('-')?;
    Some(TopicPartition::new(topic, number.parse().ok()?))
}

fn parse(text: &str) -> Option<Thing> {
    if text == "quorum" {
        return Some(Thing::Quorum);
    }
    let (kind, rest) = text.split_once(':')?;
    let broker = |text: &str| text.parse().ok().map(BrokerId);
    let client = |text: &str| text.parse().ok().map(ClientId);
    let of_broker = |make: fn(BrokerId, TopicPartition) -> Thing| {
        let (id, partition) = rest.split_once(':')?;
        Some(make(broker(id)?, partition_of(partition)?))
    };
    match kind {
        "controller" => rest.parse().ok().map(|id| Thing::Controller(ControllerId(id))),
        "broker" => broker(rest).map(Thing::Broker),
        "producer" => client(rest).map(Thing::Producer),
        "consumer" => client(rest).map(Thing::Consumer),
        "tool" => client(rest).map(Thing::Tool),
        "group" => Some(Thing::Group(rest.into())),
        "partition" => partition_of(rest).map(Thing::Partition),
        "replica" => of_broker(Thing::Replica),
        "hw" => of_broker(Thing::HighWatermark),
        "leo" => of_broker(Thing::LogEndOffset),
        "record" => {
            let mut parts = rest.splitn(3, ':');
            let (id, partition, offset) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Thing::Record(broker(id)?, partition_of(partition)?, offset.parse().ok()?))
        }
        "position" => {
            let (id, partition) = rest.split_once(':')?;
            Some(Thing::Position(client(id)?, partition_of(partition)?))
        }
        "committed" => {
            let (partition, group) = rest.split_once(':')?;
            Some(Thing::Committed(group.into(), partition_of(partition)?))
        }
        "purgatory" => broker(rest).map(Thing::Purgatory),
        "message" => rest.parse().ok().map(Thing::Message),
        "link" => {
            let (from, to) = rest.split_once(':')?;
            Some(Thing::Link(node_of(from)?, node_of(to)?))
        }
        "concept" => Concept::from_id(rest).map(Thing::Concept),
        _ => None,
    }
}

/// The text names no thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownThing(pub String);

impl fmt::Display for UnknownThing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} names nothing in the figure", self.0)
    }
}

impl std::error::Error for UnknownThing {}

impl FromStr for Thing {
    type Err = UnknownThing;

    fn from_str(text: &str) -> Result<Thing, UnknownThing> {
        parse(text).ok_or_else(|| UnknownThing(text.into()))
    }
}

impl Serialize for Thing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Thing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Thing, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_is_read_back_from_its_text() {
        let partition = TopicPartition::new("user-events.v-1", 3);
        for thing in [
            Thing::Quorum,
            Thing::Controller(ControllerId(101)),
            Thing::Broker(BrokerId(2)),
            Thing::Producer(ClientId(7)),
            Thing::Consumer(ClientId(8)),
            Thing::Tool(ClientId(0)),
            Thing::Group("a:b group".into()),
            Thing::Partition(partition.clone()),
            Thing::Replica(BrokerId(1), partition.clone()),
            Thing::Record(BrokerId(1), partition.clone(), 42),
            Thing::HighWatermark(BrokerId(1), partition.clone()),
            Thing::LogEndOffset(BrokerId(1), partition.clone()),
            Thing::Position(ClientId(3), partition.clone()),
            Thing::Committed("a:b".into(), partition),
            Thing::Purgatory(BrokerId(0)),
            Thing::Message(12),
            Thing::Link(NodeId::broker(0), NodeId::client(4)),
            Thing::Concept(Concept::Isr),
        ] {
            assert_eq!(thing.to_string().parse(), Ok(thing.clone()), "{thing}");
        }
    }

    #[test]
    fn nonsense_names_nothing() {
        for text in ["", "broker", "broker:x", "record:0:a-1", "concept:nothing", "replica:0:topic", "link:a-1:b-2"] {
            assert_eq!(text.parse::<Thing>(), Err(UnknownThing(text.into())));
        }
    }
}

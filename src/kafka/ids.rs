//! Identifiers and quantities of Kafka as newtypes. Units end the name; all are plain integers, so that native
//! and wasm builds agree on every state.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// `broker.id`; brokers count from 0.
    BrokerId(i32)
);
id!(
    /// `node.id` of a KRaft controller; controllers count from 100.
    ControllerId(i32)
);
id!(
    /// A client process (producer, consumer, admin), numbered in order of creation.
    ClientId(u32)
);
id!(
    /// `LeaderEpoch`: +1 whenever leadership of a partition is assigned anew. -1: none.
    LeaderEpoch(i32)
);
id!(
    /// Partition epoch: +1 at every change of the partition's registration (KIP-497).
    PartitionEpoch(i32)
);
id!(
    /// Offset of the broker's registration record in the metadata log (KIP-631).
    BrokerEpoch(i64)
);
id!(
    /// Producer id (KIP-98). -1: none.
    ProducerId(i64)
);
id!(
    /// Producer epoch (KIP-98). -1: none.
    ProducerEpoch(i16)
);
id!(
    /// Topic id (KIP-516); 0 is "none".
    TopicId(u128)
);

/// Offset of a record in a partition. Offsets are plain `i64`, as everywhere in Kafka; -1 means "none".
pub type Offset = i64;

/// Virtual time, microseconds since the start of the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct SimTime(pub u64);

impl SimTime {
    pub const ZERO: SimTime = SimTime(0);

    pub const fn from_ms(ms: u64) -> SimTime {
        SimTime(ms * 1_000)
    }

    /// Whole milliseconds since the start of the simulation.
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000
    }

    pub const fn plus_us(self, us: u64) -> SimTime {
        SimTime(self.0 + us)
    }

    pub const fn plus_ms(self, ms: u64) -> SimTime {
        SimTime(self.0 + ms * 1_000)
    }

    /// Microseconds from `earlier` to `self`; 0 if `earlier` is later.
    pub const fn since(self, earlier: SimTime) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Any process of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeId {
    Controller(ControllerId),
    Broker(BrokerId),
    Client(ClientId),
}

impl NodeId {
    pub const fn broker(id: i32) -> NodeId {
        NodeId::Broker(BrokerId(id))
    }

    pub const fn controller(id: i32) -> NodeId {
        NodeId::Controller(ControllerId(id))
    }

    pub const fn client(id: u32) -> NodeId {
        NodeId::Client(ClientId(id))
    }

    pub const fn as_broker(self) -> Option<BrokerId> {
        match self {
            NodeId::Broker(id) => Some(id),
            _ => None,
        }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeId::Controller(id) => write!(f, "controller {id}"),
            NodeId::Broker(id) => write!(f, "broker {id}"),
            NodeId::Client(id) => write!(f, "client {id}"),
        }
    }
}

/// A topic's name and a partition number; printed as Kafka prints it, `user-events-0`.
///
/// The name is shared, so that cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    pub topic: TopicName,
    pub partition: i32,
}

/// A topic's name, shared.
pub type TopicName = std::rc::Rc<str>;

impl TopicPartition {
    pub fn new(topic: impl Into<TopicName>, partition: i32) -> TopicPartition {
        TopicPartition { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// Topic id and partition number: how Produce 13+, Fetch 13+ and AlterPartition name a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicIdPartition {
    pub topic_id: TopicId,
    pub partition: i32,
}

//! What scenarios have in common: a cluster, a topic, a producer, and the acts that most begin with.

pub use super::commands::*;
pub use super::moments::*;
use super::scenario::{Act, Form, When};
use crate::kafka::config::Properties;
use crate::kafka::ids::{ControllerId, NodeId, TopicPartition};
use crate::sim::ClusterSpec;

/// The topic of every scenario.
pub const TOPIC: &str = "events";
/// The producer of most scenarios, and the group that reads.
pub const PRODUCER: &str = "app";
pub const GROUP: &str = "readers";
/// The one controller of most scenarios.
pub const CONTROLLER: NodeId = NodeId::Controller(ControllerId(100));

/// One controller and so many brokers that notice a death within 3 s.
pub fn cluster(brokers: i32) -> ClusterSpec {
    ClusterSpec::new(1, brokers)
        .with("broker.session.timeout.ms", "3000")
        .with("broker.heartbeat.interval.ms", "500")
        .with("offsets.topic.num.partitions", "1")
        .with("offsets.topic.replication.factor", "1")
        .with("group.initial.rebalance.delay.ms", "0")
}

pub fn partition(number: i32) -> TopicPartition {
    TopicPartition::new(TOPIC, number)
}

pub fn node(broker: i32) -> NodeId {
    NodeId::broker(broker)
}

pub fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// A topic of one replica, on broker 0.
pub const TOPIC_ON_ONE: Act =
    Act { says: "A topic is made.", when: When::Once(is_up), commands: |_, _| vec![create_topic(&[&[0]], &[])] };

/// A topic of two replicas; broker 0 is the preferred leader.
pub const TOPIC_ON_TWO: Act = Act {
    says: "A topic with two replicas is made.",
    when: When::Once(is_up),
    commands: |_, _| vec![create_topic(&[&[0, 1]], &[])],
};

/// A topic of three replicas and `min.insync.replicas=2`; broker 0 is the preferred leader.
pub const TOPIC_ON_THREE: Act = Act {
    says: "A topic with three replicas is made, two of which must be in sync.",
    when: When::Once(is_up),
    commands: |_, _| vec![create_topic(&[&[0, 1, 2]], &[("min.insync.replicas", "2")])],
};

/// The producer sends m1, with Kafka's own settings.
pub const FIRST_RECORD: Act = Act {
    says: "A first record is sent.",
    when: When::Once(|world| leads(world, 0)),
    commands: |_, _| vec![producer(PRODUCER, &[]), send(PRODUCER, &["m1"])],
};

/// The producer sends m1, in the old form with `acks=1`.
pub const FIRST_RECORD_BY_ACKS: Act = Act {
    says: "A first record is sent.",
    when: When::Once(|world| leads(world, 0)),
    commands: |_, form| {
        let acks = if form == Form::Old { "1" } else { "all" };
        vec![producer(PRODUCER, &[("acks", acks)]), send(PRODUCER, &["m1"])]
    },
};

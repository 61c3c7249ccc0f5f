//! A follower has an epoch that the leader has never heard of (KIP-279).
//!
//! Leadership goes from one replica to the other and back so fast that neither copies from the other meanwhile. The one
//! that comes back asks for the end of its own epoch, which the leader does not know.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::protocol::admin::{ElectLeadersRequest, ElectionType};
use crate::kafka::setup::Truncation;
use crate::sim::Command;

pub const SCENARIO: Scenario = Scenario {
    id: "fast-failover",
    name: "An epoch that nobody knows",
    story: "Leadership changes twice while two replicas cannot hear each other; the one that returns keeps records \
            that the leader does not have.",
    old: "A follower asks once, and cuts to the offset at which a larger epoch than its own begins at the leader \
          (KIP-101 alone).",
    present: "It learns which smaller epoch they share, cuts to the end of that one, and asks again (KIP-279).",
    cluster: |form| {
        let mut spec = cluster(2).with("auto.leader.rebalance.enable", "false");
        spec.truncation = match form {
            Form::Old => Truncation::NextEpochOfLeader,
            Form::Present => Truncation::LeaderEpoch,
        };
        spec
    },
    acts: &[
        Act {
            says: "A topic is made; broker 1 is its preferred leader.",
            when: When::Once(is_up),
            commands: |_, _| vec![create_topic(&[&[1, 0]], &[])],
        },
        Act {
            says: "Broker 1 is stopped.",
            when: When::Once(|world| leads(world, 1)),
            commands: |_, _| vec![Command::Stop { node: node(1) }],
        },
        Act {
            says: "Broker 0 leads; broker 1 comes back.",
            when: When::Once(|world| leads(world, 0) && !world.is_running(node(1))),
            commands: |_, _| vec![start(node(1))],
        },
        Act {
            says: "Both are in sync, and a record is sent.",
            when: When::Once(|world| isr(world) == [0, 1]),
            commands: |_, _| vec![producer(PRODUCER, &[("acks", "1")]), send(PRODUCER, &["m1"])],
        },
        Act {
            says: "Both have it. They lose sight of each other, and two more come to broker 0 alone.",
            when: When::Once(|world| log_end(world, 1) == 1 && high_watermark(world, 1) == 1),
            commands: |_, _| vec![cut(node(0), node(1)), send(PRODUCER, &["u1", "u2"])],
        },
        Act {
            says: "Leadership goes to broker 1, the preferred leader.",
            when: When::Once(|world| log_end(world, 0) == 3),
            commands: |_, _| {
                vec![ask(2, 0, ElectLeadersRequest { election_type: ElectionType::Preferred, partitions: None })]
            },
        },
        Act {
            says: "Two other records come to broker 1 alone.",
            when: When::Once(|world| leads(world, 1)),
            commands: |_, _| vec![producer("other", &[("acks", "1")]), send("other", &["x1", "x2"])],
        },
        Act {
            says: "Broker 1 is killed.",
            when: When::Once(|world| acknowledged(world, "other") == 2),
            commands: |_, _| vec![kill(node(1))],
        },
        Act {
            says: "Broker 0 leads again and takes a record.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, _| vec![heal(node(0), node(1)), producer("third", &[("acks", "1")]), send("third", &["y1"])],
        },
        Act {
            says: "Broker 1 comes back.",
            when: When::Once(|world| log_end(world, 0) == 4),
            commands: |_, _| vec![start(node(1))],
        },
    ],
    rest_ms: 5_000,
    old_claims: &[
        Claim { says: "The leader has its own records.", holds: |play| play.log(0) == ["m1", "u1", "u2", "y1"] },
        Claim { says: "The follower has kept others.", holds: |play| play.log(1) == ["m1", "x1", "x2", "y1"] },
    ],
    present_claims: &[
        Claim { says: "The leader has its own records.", holds: |play| play.log(0) == ["m1", "u1", "u2", "y1"] },
        Claim { says: "The follower has the same.", holds: |play| play.log(1) == ["m1", "u1", "u2", "y1"] },
    ],
    watch: Watch::Promises,
    noticed_by: Some("replicas agree below their high watermarks"),
};

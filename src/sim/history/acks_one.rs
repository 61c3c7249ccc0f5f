//! acks=1: the leader acknowledges a record, and dies before anybody has copied it.
//!
//! A clean election is enough. Nothing that Kafka promises is broken: acks=1 says "the leader has it", no more.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;

pub const SCENARIO: Scenario = Scenario {
    id: "acks-one-loss",
    name: "acks=1 and a leader that dies",
    story: "The leader acknowledges a record, dies before its follower has copied it, and the follower leads without \
            it.",
    old: "acks=1.",
    present: "acks=all, the default: acknowledged when every replica in sync has it.",
    cluster: |_| cluster(2),
    acts: &[
        TOPIC_ON_TWO,
        Act {
            says: "A first record is sent.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, form| {
                let acks = if form == Form::Old { "1" } else { "all" };
                vec![producer(PRODUCER, &[("acks", acks)]), send(PRODUCER, &["m1"])]
            },
        },
        Act {
            says: "Both have it. They lose sight of each other, and a second record is sent.",
            when: When::Once(|world| high_watermark(world, 1) == 1),
            commands: |_, _| vec![cut(node(0), node(1)), send(PRODUCER, &["m2"])],
        },
        Act {
            says: "The leader has written it, and dies.",
            when: When::After(100),
            commands: |_, _| vec![kill(node(0))],
        },
        Act {
            says: "The follower leads; another producer sends a third record.",
            when: When::Once(|world| leads(world, 1)),
            commands: |_, _| vec![producer("other", &[]), send("other", &["m3"])],
        },
    ],
    rest_ms: 20_000,
    old_claims: &[
        Claim { says: "The second record was acknowledged.", holds: |play| play.acknowledged().contains(&"m2".into()) },
        Claim { says: "It is lost, and its offset used again.", holds: |play| play.readable() == ["m1", "m3"] },
    ],
    present_claims: &[
        Claim {
            says: "The second record was acknowledged, later.",
            holds: |play| play.acknowledged().contains(&"m2".into()),
        },
        Claim { says: "It is there.", holds: |play| play.readable().contains(&"m2".into()) },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

//! Partitions are added to a topic, and a key goes elsewhere: its order is lost.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::protocol::admin::{CreatePartitionsRequest, CreatePartitionsTopic};

const KEY: &str = "user-1";

/// Partitions that have a record.
fn used(play: &super::Play) -> Vec<i32> {
    (0..3).filter(|number| !play.log_of(0, *number).is_empty()).collect()
}

pub const SCENARIO: Scenario = Scenario {
    id: "partitions-added",
    name: "A key goes elsewhere",
    story: "A topic grows from two partitions to three, and the same key goes to another partition from then on; what \
            is there already stays.",
    old: "Partitions are added when they are needed.",
    present: "The topic has enough partitions from the beginning.",
    cluster: |_| cluster(1),
    acts: &[
        Act {
            says: "A topic is made.",
            when: When::Once(is_up),
            commands: |_, form| {
                let assignments: &[&[i32]] = if form == Form::Old { &[&[0], &[0]] } else { &[&[0], &[0], &[0]] };
                vec![create_topic(assignments, &[])]
            },
        },
        Act {
            says: "A record with a key is sent.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, _| {
                vec![producer(PRODUCER, &[("metadata.max.age.ms", "1000")]), send_keyed(PRODUCER, KEY, "m1")]
            },
        },
        Act {
            says: "In the old form a third partition is added.",
            when: When::Once(|world| acknowledged(world, PRODUCER) == 1),
            commands: |_, form| {
                let grown = CreatePartitionsTopic { name: TOPIC.into(), count: 3, assignments: None };
                let request = CreatePartitionsRequest { topics: vec![grown], validate_only: false };
                if form == Form::Old { vec![ask(2, 0, request)] } else { Vec::new() }
            },
        },
        Act {
            says: "The producer knows of it by now, and sends another record with the same key.",
            when: When::After(5_000),
            commands: |_, _| vec![send_keyed(PRODUCER, KEY, "m2")],
        },
    ],
    rest_ms: 3_000,
    old_claims: &[Claim { says: "The two lie in two partitions.", holds: |play| used(play).len() == 2 }],
    present_claims: &[
        Claim { says: "The two lie in one partition.", holds: |play| used(play).len() == 1 },
        Claim {
            says: "They lie in the order of their sending.",
            holds: |play| used(play).iter().all(|number| play.log_of(0, *number) == ["m1", "m2"]),
        },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

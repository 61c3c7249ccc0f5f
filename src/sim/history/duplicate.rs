//! The answer to a producer is lost, it sends again, and the record is there twice.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::protocol::ApiKey;
use crate::sim::Command;

pub const SCENARIO: Scenario = Scenario {
    id: "duplicate",
    name: "A record twice",
    story: "The leader writes a record, its answer is lost, and the producer sends the record again.",
    old: "enable.idempotence=false, the default before 3.0.",
    present: "enable.idempotence=true: the leader knows the batch by its producer id and sequence number.",
    cluster: |_| cluster(1),
    acts: &[
        TOPIC_ON_ONE,
        Act {
            says: "A first record is sent.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, form| {
                let idempotence = if form == Form::Old { "false" } else { "true" };
                vec![producer(PRODUCER, &[("enable.idempotence", idempotence)]), send(PRODUCER, &["m1"])]
            },
        },
        Act {
            says: "It is acknowledged; a second one follows.",
            when: When::Once(|world| acknowledged(world, PRODUCER) == 1),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "The leader has written it; its answer is lost on the way.",
            when: When::Once(|world| !travelling(world, ApiKey::Produce, false).is_empty()),
            commands: |world, _| {
                let answers = travelling(world, ApiKey::Produce, false).into_iter();
                answers.map(|message| Command::Drop { message }).collect()
            },
        },
    ],
    rest_ms: 5_000,
    old_claims: &[
        Claim { says: "Two sends were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "The second record is there twice.", holds: |play| play.readable() == ["m1", "m2", "m2"] },
    ],
    present_claims: &[
        Claim { says: "Two sends were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "Each record is there once.", holds: |play| play.readable() == ["m1", "m2"] },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

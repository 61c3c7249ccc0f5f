//! A leader is cut off from everybody but a client, and goes on taking records that it will have to drop.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;

pub const SCENARIO: Scenario = Scenario {
    id: "split-leader",
    name: "A leader who does not know that he is none",
    story: "The network splits; the old leader, alone with a producer, takes a record, while the others have elected \
            another; when the network is whole again its record is cut.",
    old: "acks=1: the old leader acknowledges by itself.",
    present: "acks=all: it must wait for replicas that it cannot reach, and the producer finds the new leader.",
    cluster: |_| cluster(3),
    acts: &[
        TOPIC_ON_THREE,
        Act {
            says: "A first record is sent.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, form| {
                let acks = if form == Form::Old { "1" } else { "all" };
                let config = [("acks", acks), ("request.timeout.ms", "10000")];
                vec![producer(PRODUCER, &config), send(PRODUCER, &["m1"])]
            },
        },
        Act {
            says: "All have it; the leader loses sight of the others and of the controller.",
            when: When::Once(|world| (0..3).all(|broker| high_watermark(world, broker) == 1)),
            commands: |_, _| vec![cut(node(0), node(1)), cut(node(0), node(2)), cut(node(0), CONTROLLER)],
        },
        Act {
            says: "There is another leader, and the old one does not know; the producer does not know either, and \
                   sends to it.",
            when: When::Once(|world| leads(world, 1)),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "Another producer finds the new leader.",
            when: When::After(500),
            commands: |_, _| vec![producer("other", &[]), send("other", &["m3"])],
        },
        Act {
            says: "The network is whole again.",
            when: When::After(5_000),
            commands: |_, _| vec![heal(node(0), node(1)), heal(node(0), node(2)), heal(node(0), CONTROLLER)],
        },
    ],
    rest_ms: 40_000,
    old_claims: &[
        Claim {
            says: "The old leader has acknowledged a record.",
            holds: |play| play.acknowledged().contains(&"m2".into()),
        },
        Claim {
            says: "It is gone, also from its own log.",
            holds: |play| (0..3).all(|broker| play.log(broker) == ["m1", "m3"]),
        },
    ],
    present_claims: &[
        Claim {
            says: "The record was acknowledged by the new leader.",
            holds: |play| play.acknowledged().contains(&"m2".into()),
        },
        Claim { says: "All three have it.", holds: |play| (0..3).all(|broker| play.log(broker) == ["m1", "m3", "m2"]) },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

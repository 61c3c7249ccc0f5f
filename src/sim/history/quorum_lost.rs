//! The controllers have lost their majority: data goes on, and nobody takes over from a leader that dies.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::ids::{ControllerId, NodeId};

fn controller(id: i32) -> NodeId {
    NodeId::Controller(ControllerId(id))
}

pub const SCENARIO: Scenario = Scenario {
    id: "quorum-lost",
    name: "No majority of controllers",
    story: "Two controllers die; records are written and read on, until a leader dies and no other is elected.",
    old: "Three controllers: the one that is left is no majority.",
    present: "Five controllers: three are left.",
    cluster: |form| {
        let mut spec = cluster(2);
        spec.controllers = if form == Form::Old { 3 } else { 5 };
        spec
    },
    acts: &[
        TOPIC_ON_TWO,
        Act {
            says: "A record is sent.",
            when: When::Once(|world| leads(world, 0) && isr(world) == [0, 1]),
            commands: |_, _| vec![producer(PRODUCER, &[]), send(PRODUCER, &["m1"])],
        },
        Act {
            says: "Two controllers die.",
            when: When::Once(|world| acknowledged(world, PRODUCER) == 1),
            commands: |_, _| vec![kill(controller(100)), kill(controller(101))],
        },
        Act {
            says: "Another record is sent all the same.",
            when: When::After(10_000),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "It is acknowledged; the leader of the partition dies, and a third record is sent.",
            when: When::Once(|world| acknowledged(world, PRODUCER) == 2),
            commands: |_, _| vec![kill(node(0)), send(PRODUCER, &["m3"])],
        },
    ],
    rest_ms: 60_000,
    old_claims: &[
        Claim { says: "What came before is acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "Nobody has taken over.", holds: |play| !leads(play.world(), 1) },
    ],
    present_claims: &[
        Claim { says: "All are acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2", "m3"] },
        Claim { says: "The follower leads.", holds: |play| leads(play.world(), 1) },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

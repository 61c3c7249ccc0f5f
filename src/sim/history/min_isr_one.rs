//! acks=all with min.insync.replicas=1: "all" of an ISR of one is one.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::sim::Command;

pub const SCENARIO: Scenario = Scenario {
    id: "min-isr-one",
    name: "All of one",
    story: "Two of three replicas are away, acks=all is acknowledged by the leader alone, and its machine loses its \
            power.",
    old: "min.insync.replicas=1, the default.",
    present: "min.insync.replicas=2: a record that only one replica has is not acknowledged.",
    cluster: |_| cluster(3),
    acts: &[
        Act {
            says: "A topic with three replicas is made.",
            when: When::Once(is_up),
            commands: |_, form| {
                let min_isr = if form == Form::Old { "1" } else { "2" };
                vec![create_topic(&[&[0, 1, 2]], &[("min.insync.replicas", min_isr)])]
            },
        },
        FIRST_RECORD,
        Act {
            says: "All have it, on their disks by now; two followers hang.",
            when: When::After(40_000),
            commands: |_, _| vec![Command::Pause { node: node(1) }, Command::Pause { node: node(2) }],
        },
        Act {
            says: "The leader is alone in sync; a second record is sent.",
            when: When::Once(|world| isr(world) == [0]),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "The leader's machine loses its power.",
            when: When::After(1_000),
            commands: |_, _| vec![Command::LosePower { node: node(0) }],
        },
        Act {
            says: "Everybody comes back.",
            when: When::After(5_000),
            commands: |_, _| vec![start(node(0)), Command::Resume { node: node(1) }, Command::Resume { node: node(2) }],
        },
    ],
    rest_ms: 40_000,
    old_claims: &[
        Claim { says: "Both records were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "The second is lost.", holds: |play| play.readable() == ["m1"] },
    ],
    present_claims: &[
        Claim {
            says: "Both were acknowledged, the second one later.",
            holds: |play| play.acknowledged() == ["m1", "m2"],
        },
        Claim { says: "Both are there.", holds: |play| play.readable() == ["m1", "m2"] },
    ],
    watch: Watch::Everything,
    noticed_by: Some("whoever may lead has everything that was committed"),
};

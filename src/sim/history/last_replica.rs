//! The last replica standing (KIP-966): it leads again whatever it has lost, although others have everything.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::sim::Command;

pub const SCENARIO: Scenario = Scenario {
    id: "last-replica-standing",
    name: "The last replica standing",
    story: "A record is on three replicas; two leave the ISR, the third loses its power and comes back without the \
            record, and leads.",
    old: "No eligible leader replicas (before 4.1): the last member of the ISR alone may lead again.",
    present: "Eligible leader replicas (KIP-966): one that left the ISR below its minimum still has everything, and \
              leads.",
    cluster: |form| {
        let mut spec = cluster(3);
        spec.eligible_leader_replicas = form == Form::Present;
        spec
    },
    acts: &[
        TOPIC_ON_THREE,
        FIRST_RECORD,
        Act {
            says: "It is on all disks by now; a second one follows.",
            when: When::After(40_000),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "All three have both; the two followers hang.",
            when: When::Once(|world| (0..3).all(|broker| high_watermark(world, broker) == 2)),
            commands: |_, _| vec![Command::Pause { node: node(1) }, Command::Pause { node: node(2) }],
        },
        Act {
            says: "The leader is alone in sync, and loses its power.",
            when: When::Once(|world| isr(world) == [0]),
            commands: |_, _| vec![Command::LosePower { node: node(0) }],
        },
        Act {
            says: "It comes back first, without the second record.",
            when: When::After(5_000),
            commands: |_, _| vec![start(node(0))],
        },
        Act {
            says: "The followers go on.",
            when: When::After(5_000),
            commands: |_, _| vec![Command::Resume { node: node(1) }, Command::Resume { node: node(2) }],
        },
    ],
    rest_ms: 20_000,
    old_claims: &[
        Claim { says: "Both records were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim {
            says: "The second is lost, on all three.",
            holds: |play| (0..3).all(|broker| play.log(broker) == ["m1"]),
        },
    ],
    present_claims: &[
        Claim { says: "Both records were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "All three have both.", holds: |play| (0..3).all(|broker| play.log(broker) == ["m1", "m2"]) },
    ],
    watch: Watch::Everything,
    noticed_by: Some("whoever may lead has everything that was committed"),
};

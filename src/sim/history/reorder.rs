//! Two batches are under way, the first one fails, the second does not, and the first is sent again behind it.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::protocol::ApiKey;
use crate::sim::Command;

pub const SCENARIO: Scenario = Scenario {
    id: "reorder",
    name: "The second before the first",
    story: "A batch is refused while too few replicas are in sync, the next one comes when they are back, and the \
            retry of the first lands behind it.",
    old: "enable.idempotence=false with several requests in flight.",
    present: "enable.idempotence=true: the leader refuses a batch whose predecessor it does not have.",
    cluster: |_| cluster(2),
    acts: &[
        Act {
            says: "A topic with two replicas is made, both of which must be in sync.",
            when: When::Once(is_up),
            commands: |_, _| vec![create_topic(&[&[0, 1]], &[("min.insync.replicas", "2")])],
        },
        Act {
            says: "A first record is sent.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, form| {
                let idempotence = if form == Form::Old { "false" } else { "true" };
                let config = [
                    ("enable.idempotence", idempotence),
                    ("linger.ms", "0"),
                    ("retry.backoff.ms", "10000"),
                    ("retry.backoff.max.ms", "10000"),
                ];
                vec![producer(PRODUCER, &config), send(PRODUCER, &["m1"])]
            },
        },
        Act {
            says: "Both have it; the follower hangs.",
            when: When::Once(|world| acknowledged(world, PRODUCER) == 1),
            commands: |_, _| vec![Command::Pause { node: node(1) }],
        },
        Act {
            says: "The leader is alone in sync; a second record is sent.",
            when: When::Once(|world| isr(world) == [0] && leader_knows_isr(world, 1)),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "It is on its way; a third one is sent behind it.",
            when: When::Once(|world| travelling(world, ApiKey::Produce, true).len() == 1),
            commands: |_, _| vec![send(PRODUCER, &["m3"])],
        },
        Act {
            says: "Both are on their way; the later one is held up, and the follower goes on.",
            when: When::Once(|world| travelling(world, ApiKey::Produce, true).len() == 2),
            commands: |world, _| {
                let last = travelling(world, ApiKey::Produce, true).into_iter().next_back();
                let held = last.map(|message| Command::Hold { message });
                held.into_iter().chain([Command::Resume { node: node(1) }]).collect()
            },
        },
        Act {
            says: "Both replicas are in sync again; the message goes on.",
            when: When::Once(|world| isr(world) == [0, 1] && leader_knows_isr(world, 2)),
            commands: |world, _| held(world).into_iter().map(|message| Command::Release { message }).collect(),
        },
    ],
    rest_ms: 40_000,
    old_claims: &[
        Claim { says: "All were acknowledged.", holds: |play| play.acknowledged().len() == 3 },
        Claim { says: "The third record lies before the second.", holds: |play| play.readable() == ["m1", "m3", "m2"] },
    ],
    present_claims: &[
        Claim { says: "All were acknowledged.", holds: |play| play.acknowledged().len() == 3 },
        Claim { says: "They lie in the order of their sending.", holds: |play| play.readable() == ["m1", "m2", "m3"] },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

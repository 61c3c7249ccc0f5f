//! A replica that was left behind is made leader, because nobody else is there.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;

pub const SCENARIO: Scenario = Scenario {
    id: "unclean-election",
    name: "A stale replica leads",
    story: "The only replica in sync dies, and one that lacks an acknowledged record takes over.",
    old: "unclean.leader.election.enable=true: availability before consistency.",
    present: "false, the default: the partition waits for a replica that has everything.",
    cluster: |form| {
        let enable = if form == Form::Old { "true" } else { "false" };
        cluster(2).with("unclean.leader.election.enable", enable)
    },
    acts: &[
        TOPIC_ON_TWO,
        FIRST_RECORD,
        Act {
            says: "Both have it; the follower dies.",
            when: When::Once(|world| high_watermark(world, 1) == 1),
            commands: |_, _| vec![kill(node(1))],
        },
        Act {
            says: "The leader is alone in sync; a second record is sent.",
            when: When::Once(|world| isr(world) == [0]),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "It is acknowledged; the leader dies, and the follower comes back.",
            when: When::Once(|world| acknowledged(world, PRODUCER) == 2),
            commands: |_, _| vec![kill(node(0)), start(node(1))],
        },
        Act {
            says: "Another producer sends a third record to whoever leads.",
            when: When::After(10_000),
            commands: |_, _| vec![producer("other", &[]), send("other", &["m3"])],
        },
        Act { says: "The first leader comes back.", when: When::After(5_000), commands: |_, _| vec![start(node(0))] },
    ],
    rest_ms: 20_000,
    old_claims: &[
        Claim {
            says: "Both records were acknowledged.",
            holds: |play| play.acknowledged().starts_with(&["m1".into(), "m2".into()]),
        },
        Claim { says: "The second is lost, and its offset used again.", holds: |play| play.readable() == ["m1", "m3"] },
    ],
    present_claims: &[Claim {
        says: "Nothing is lost; the third waited for the right leader.",
        holds: |play| play.readable() == ["m1", "m2", "m3"],
    }],
    watch: Watch::Everything,
    noticed_by: Some("whoever may lead has everything that was committed"),
};

//! Two replicas hold different records at the same offset, for good (KIP-101, second scenario).
//!
//! Both replicas crash, and the one that comes back first has lost its last record with its machine's power. It leads
//! and takes another one at the same offset. The other replica comes back and believes its own high watermark, which
//! lies beyond that offset: it cuts nothing.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::setup::Truncation;
use crate::sim::Command;

pub const SCENARIO: Scenario = Scenario {
    id: "truncation-divergence",
    name: "Two records at one offset",
    story: "Two replicas crash, one of them without power, and come back one after the other: at one offset they hold \
            different records.",
    old: "Followers cut their logs to their own high watermark when the leader changes.",
    present: "Followers ask the leader where their last leader epoch ended (KIP-101): the record that only one has is \
              cut.",
    cluster: |form| {
        let mut spec = cluster(2);
        // As it was then: the last member of the ISR leads again, whatever it has lost.
        spec.eligible_leader_replicas = false;
        spec.truncation = match form {
            Form::Old => Truncation::HighWatermark,
            Form::Present => Truncation::LeaderEpoch,
        };
        spec
    },
    acts: &[
        TOPIC_ON_TWO,
        FIRST_RECORD,
        Act {
            says: "The operating systems have written it to their disks; a second one follows.",
            when: When::After(40_000),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "The leader has written down that both are committed, and is killed.",
            when: When::After(6_000),
            commands: |_, _| vec![kill(node(0))],
        },
        Act {
            says: "The other one leads, and loses its power: the second record was only in its page cache.",
            when: When::Once(|world| leads(world, 1)),
            commands: |_, _| vec![Command::LosePower { node: node(1) }],
        },
        Act { says: "It comes back first.", when: When::After(5_000), commands: |_, _| vec![start(node(1))] },
        Act {
            says: "It leads again; another producer sends a third record, which gets the second one's offset.",
            when: When::Once(|world| leads(world, 1)),
            commands: |_, _| vec![producer("other", &[]), send("other", &["m3"])],
        },
        Act {
            says: "The first leader comes back, with the second record.",
            when: When::Once(|world| acknowledged(world, "other") == 1),
            commands: |_, _| vec![start(node(0))],
        },
        Act {
            says: "Both are in sync, and a fourth record is sent.",
            when: When::Once(|world| isr(world) == [0, 1]),
            commands: |_, _| vec![send("other", &["m4"])],
        },
    ],
    rest_ms: 3_000,
    old_claims: &[
        Claim { says: "One replica has the third record.", holds: |play| play.log(1) == ["m1", "m3", "m4"] },
        Claim { says: "The other has the second one in its place.", holds: |play| play.log(0) == ["m1", "m2", "m4"] },
    ],
    present_claims: &[
        Claim { says: "One replica has the third record.", holds: |play| play.log(1) == ["m1", "m3", "m4"] },
        Claim { says: "So has the other.", holds: |play| play.log(0) == ["m1", "m3", "m4"] },
    ],
    // That the second record is lost is excused: there was a loss of power, and there were no eligible leader replicas.
    watch: Watch::Promises,
    noticed_by: Some("offset and leader epoch name one record"),
};

//! A committed record is cut away by a follower that trusts its own high watermark (KIP-101, first scenario).
//!
//! A follower learns one fetch late how far the high watermark has come. Before 0.11 it cut its log to its own whenever
//! the leader changed, and fetched the rest again. If the new leader dies before that, the follower leads without it.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::setup::Truncation;

pub const SCENARIO: Scenario = Scenario {
    id: "truncation-loss",
    name: "A follower cuts what was committed",
    story: "Three replicas hold a record that was acknowledged; two leaders die, one after the other, and the record \
            is gone.",
    old: "Followers cut their logs to their own high watermark when the leader changes.",
    present: "Followers ask the leader where their last leader epoch ended, and cut only what differs (KIP-101).",
    cluster: |form| {
        let mut spec = cluster(3);
        spec.truncation = match form {
            Form::Old => Truncation::HighWatermark,
            Form::Present => Truncation::LeaderEpoch,
        };
        spec
    },
    acts: &[
        Act {
            says: "A topic with three replicas is made.",
            when: When::Once(is_up),
            commands: |_, _| vec![create_topic(&[&[0, 1, 2]], &[])],
        },
        FIRST_RECORD,
        Act {
            says: "Everybody knows that it is committed; a second one follows.",
            when: When::Once(|world| (0..3).all(|broker| high_watermark(world, broker) == 1)),
            commands: |_, _| vec![send(PRODUCER, &["m2"])],
        },
        Act {
            says: "It is acknowledged, and no follower knows that yet: the leader dies, and the other two lose sight \
                   of each other.",
            when: When::Once(|world| acknowledged(world, PRODUCER) == 2),
            commands: |_, _| vec![cut(node(1), node(2)), kill(node(0))],
        },
        Act {
            says: "The next leader dies, too.",
            when: When::Once(|world| leads(world, 1)),
            commands: |_, _| vec![kill(node(1))],
        },
        Act { says: "The last replica leads.", when: When::Once(|world| leads(world, 2)), commands: |_, _| Vec::new() },
    ],
    rest_ms: 2_000,
    old_claims: &[
        Claim { says: "Both records were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "The second one is lost.", holds: |play| play.readable() == ["m1"] },
    ],
    present_claims: &[
        Claim { says: "Both records were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "Both are there.", holds: |play| play.readable() == ["m1", "m2"] },
    ],
    watch: Watch::Promises,
    noticed_by: Some("whoever may lead has everything that was committed"),
};

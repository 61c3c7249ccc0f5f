//! Two of three brokers are down where two must be in sync: Kafka refuses acks=all, and hides what it takes with
//! acks=1.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::client::application::{Application, CommitStyle};

pub const SCENARIO: Scenario = Scenario {
    id: "two-of-three-down",
    name: "Two of three brokers are down",
    story: "One of three replicas is left where two must be in sync: committed records are read on, new ones are \
            refused, or taken and hidden.",
    old: "acks=1: the record is acknowledged, and nobody sees it.",
    present: "acks=all: the record is refused (NOT_ENOUGH_REPLICAS) until a second replica is back.",
    cluster: |_| cluster(3),
    acts: &[
        TOPIC_ON_THREE,
        Act {
            says: "A first record is sent.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, form| {
                let acks = if form == Form::Old { "1" } else { "all" };
                vec![producer(PRODUCER, &[("acks", acks)]), send(PRODUCER, &["m1"])]
            },
        },
        Act {
            says: "All have it; two brokers die.",
            when: When::Once(|world| (0..3).all(|broker| high_watermark(world, broker) == 1)),
            commands: |_, _| vec![kill(node(1)), kill(node(2))],
        },
        Act {
            says: "The leader is alone in sync; a second record is sent, and a consumer begins to read.",
            when: When::Once(|world| isr(world) == [0] && leader_knows_isr(world, 1)),
            commands: |_, _| {
                let application = Application { poll_loop: true, commit: CommitStyle::None, ..Application::default() };
                let mut commands = vec![send(PRODUCER, &["m2"])];
                commands.extend(consumer("reader", &[], application));
                commands
            },
        },
    ],
    rest_ms: 20_000,
    old_claims: &[
        Claim { says: "The second record is acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "It is in the leader's log.", holds: |play| play.readable() == ["m1", "m2"] },
        Claim { says: "Nobody sees it; the first is read.", holds: |play| play.processed() == ["m1"] },
    ],
    present_claims: &[
        Claim { says: "The second record is not acknowledged.", holds: |play| play.acknowledged() == ["m1"] },
        Claim { says: "It is in no log.", holds: |play| play.readable() == ["m1"] },
        Claim { says: "The first is read.", holds: |play| play.processed() == ["m1"] },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

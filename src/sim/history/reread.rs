//! A consumer dies before it has committed what it has processed, and processes it again.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::client::application::{Application, CommitStyle};
use crate::kafka::ids::NodeId;

const READER: &str = "reader";

/// Whether the reader has processed four records.
fn four_are_processed(world: &crate::sim::World) -> bool {
    world.client_named(READER).is_some()
        && world.consumers().any(|(_, consumer)| consumer.position(&partition(0)) >= Some(4))
}

pub const SCENARIO: Scenario = Scenario {
    id: "re-read-after-crash",
    name: "Processed again",
    story: "A consumer processes four records and dies before its next automatic commit; when it is back it processes \
            them again.",
    old: "enable.auto.commit=true: what was processed is committed every 5 s.",
    present: "commitSync() after each record: at most one record can be processed again, so processing must be \
              idempotent all the same.",
    cluster: |_| cluster(1),
    acts: &[
        TOPIC_ON_ONE,
        Act {
            says: "A consumer begins to read.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, form| {
                let (auto, commit) = match form {
                    Form::Old => ("true", CommitStyle::None),
                    Form::Present => ("false", CommitStyle::AfterEachRecord),
                };
                let application = Application { poll_loop: true, commit, ..Application::default() };
                consumer(READER, &[("enable.auto.commit", auto)], application).into()
            },
        },
        Act {
            says: "It is a member of its group by now; four records are sent.",
            when: When::After(6_000),
            commands: |_, _| vec![producer(PRODUCER, &[]), send(PRODUCER, &["m1", "m2", "m3", "m4"])],
        },
        Act {
            says: "It has processed them, and dies.",
            when: When::Once(four_are_processed),
            commands: |_, _| Vec::new(),
        },
        Act {
            says: "The application crashes.",
            when: When::After(500),
            commands: |world, _| world.client_named(READER).into_iter().map(kill).collect(),
        },
        Act {
            says: "It is started again.",
            when: When::After(1_000),
            commands: |world, _| {
                let reader = world.client_named(READER);
                let again = |node: NodeId| [start(node), subscribe(READER)];
                reader.into_iter().flat_map(again).collect()
            },
        },
    ],
    rest_ms: 60_000,
    old_claims: &[Claim {
        says: "Each record was processed twice.",
        holds: |play| play.processed() == ["m1", "m2", "m3", "m4", "m1", "m2", "m3", "m4"],
    }],
    present_claims: &[Claim {
        says: "Each record was processed once.",
        holds: |play| play.processed() == ["m1", "m2", "m3", "m4"],
    }],
    watch: Watch::Everything,
    noticed_by: None,
};

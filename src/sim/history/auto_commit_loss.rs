//! Records are handed to other threads, the next poll() commits them, and the process dies before they are processed.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::client::application::Application;
use crate::kafka::client::call::ConsumerCall;
use crate::kafka::ids::NodeId;
use crate::sim::Command;

const READER: &str = "reader";

fn poll(timeout_ms: u32) -> Command {
    Command::Consumer { name: READER.into(), call: ConsumerCall::Poll { max_records: 3, timeout_ms } }
}

pub const SCENARIO: Scenario = Scenario {
    id: "auto-commit-loss",
    name: "Committed, and never processed",
    story: "An application hands what poll() has given it to other threads and polls again, which commits it; then it \
            crashes.",
    old: "enable.auto.commit=true: poll() takes what it has handed over before for processed.",
    present: "enable.auto.commit=false, and a commit only once a record is processed.",
    cluster: |_| cluster(1),
    acts: &[
        TOPIC_ON_ONE,
        Act {
            says: "Three records are sent, and a consumer asks for them.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, form| {
                let auto = if form == Form::Old { "true" } else { "false" };
                let mut commands = vec![producer(PRODUCER, &[]), send(PRODUCER, &["m1", "m2", "m3"])];
                commands.extend(consumer(READER, &[("enable.auto.commit", auto)], Application::default()));
                commands.push(poll(10_000));
                commands
            },
        },
        Act {
            says: "It has them, and hands them to its threads; 6 s later it polls again.",
            when: When::After(16_000),
            commands: |_, _| vec![poll(1_000)],
        },
        Act {
            says: "It crashes before any thread has come to its end.",
            when: When::After(2_000),
            commands: |world, _| world.client_named(READER).into_iter().map(kill).collect(),
        },
        Act {
            says: "It is started again.",
            when: When::After(1_000),
            commands: |world, _| {
                let again = |node: NodeId| [start(node), subscribe(READER), poll(50_000)];
                world.client_named(READER).into_iter().flat_map(again).collect()
            },
        },
    ],
    rest_ms: 60_000,
    old_claims: &[
        Claim { says: "No record was ever processed.", holds: |play| play.processed().is_empty() },
        Claim { says: "Nor is any handed over again.", holds: |play| play.polled() == ["m1", "m2", "m3"] },
    ],
    present_claims: &[Claim {
        says: "All are handed over again.",
        holds: |play| play.polled() == ["m1", "m2", "m3", "m1", "m2", "m3"],
    }],
    watch: Watch::Everything,
    noticed_by: None,
};

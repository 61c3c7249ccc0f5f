//! A record that can never be processed: the application tries it again and again, and those behind it wait.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::client::application::Application;
use crate::kafka::client::call::{ConsumerCall, SeekTo};
use crate::sim::Command;

const READER: &str = "reader";
/// Offset of the record that nobody can process.
const PILL: i64 = 1;

fn poll() -> Command {
    Command::Consumer { name: READER.into(), call: ConsumerCall::Poll { max_records: 1, timeout_ms: 1_000 } }
}

/// Processing has failed: the old application goes back to the record, the present one writes it off and goes past it.
fn failed(form: Form) -> Vec<Command> {
    let offset = if form == Form::Old { PILL } else { PILL + 1 };
    let seek = ConsumerCall::Seek { partition: partition(0), to: SeekTo::Offset(offset) };
    vec![Command::Consumer { name: READER.into(), call: seek }, poll()]
}

pub const SCENARIO: Scenario = Scenario {
    id: "poison-pill",
    name: "The poison pill",
    story: "The second of three records cannot be processed; the application goes back to it each time, and its lag \
            grows.",
    old: "Try again, for ever.",
    present: "Put it aside (a dead-letter topic) and seek past it.",
    cluster: |_| cluster(1),
    acts: &[
        TOPIC_ON_ONE,
        Act {
            says: "Three records are sent, the second of which nobody can process.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, _| {
                let mut commands = vec![producer(PRODUCER, &[]), send(PRODUCER, &["m1", "pill", "m3"])];
                commands.extend(consumer(READER, &[("max.poll.records", "1")], Application::default()));
                commands
            },
        },
        Act { says: "The first is taken.", when: When::After(10_000), commands: |_, _| vec![poll()] },
        Act { says: "The second is taken.", when: When::After(2_000), commands: |_, _| vec![poll()] },
        Act { says: "It fails.", when: When::After(2_000), commands: |_, form| failed(form) },
        Act {
            says: "The next is taken, or the same again.",
            when: When::After(2_000),
            commands: |_, form| if form == Form::Old { failed(form) } else { Vec::new() },
        },
    ],
    rest_ms: 5_000,
    old_claims: &[
        Claim {
            says: "The record is handed over again and again.",
            holds: |play| play.polled() == ["m1", "pill", "pill", "pill"],
        },
        Claim {
            says: "What lies behind it waits.",
            holds: |play| play.world().consumers().all(|(_, reader)| reader.position(&partition(0)) == Some(2)),
        },
    ],
    present_claims: &[Claim {
        says: "What lies behind it is handed over.",
        holds: |play| play.polled() == ["m1", "pill", "m3"],
    }],
    watch: Watch::Everything,
    noticed_by: None,
};

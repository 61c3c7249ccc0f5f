//! Nearly all records have one key: one partition has all the load, and one consumer is the limit.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::client::application::{Application, CommitStyle};
use crate::sim::Command;

/// Records sent.
const RECORDS: usize = 30;

fn application() -> Application {
    Application { poll_loop: true, processing_us: 1_000_000, commit: CommitStyle::None, ..Application::default() }
}

pub const SCENARIO: Scenario = Scenario {
    id: "hot-partition",
    name: "One key has it all",
    story: "Thirty records, each of which takes a second, are to be read by three consumers; with one key for all, one \
            consumer has all the work.",
    old: "The key is the country, and nearly everybody is from one.",
    present: "The key is the user.",
    cluster: |_| cluster(1),
    acts: &[
        Act {
            says: "A topic with three partitions is made.",
            when: When::Once(is_up),
            commands: |_, _| vec![create_topic(&[&[0], &[0], &[0]], &[])],
        },
        Act {
            says: "Three consumers share it.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, _| {
                let names = ["reader-1", "reader-2", "reader-3"];
                names.into_iter().flat_map(|name| consumer(name, &[], application())).collect()
            },
        },
        Act {
            says: "Thirty records are sent.",
            when: When::After(15_000),
            commands: |_, form| {
                let key = |number: usize| match form {
                    Form::Old => "country-1".to_string(),
                    Form::Present => format!("user-{number}"),
                };
                let sends = (0..RECORDS).map(|number| send_keyed(PRODUCER, &key(number), &format!("m{number}")));
                [producer(PRODUCER, &[])].into_iter().chain(sends).collect::<Vec<Command>>()
            },
        },
    ],
    rest_ms: 18_000,
    old_claims: &[
        Claim {
            says: "All lie in one partition.",
            holds: |play| (0..3).filter(|number| !play.log_of(0, *number).is_empty()).count() == 1,
        },
        Claim { says: "After 18 s not all are processed.", holds: |play| play.processed().len() < 20 },
    ],
    present_claims: &[
        Claim {
            says: "Each partition has some.",
            holds: |play| (0..3).all(|number| !play.log_of(0, number).is_empty()),
        },
        Claim { says: "After 18 s all are processed.", holds: |play| play.processed().len() == RECORDS },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

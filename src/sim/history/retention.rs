//! Records are deleted before a consumer has read them, and it goes on behind them without a word.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::kafka::client::application::{Application, CommitStyle};
use crate::kafka::ids::NodeId;

const READER: &str = "reader";

pub const SCENARIO: Scenario = Scenario {
    id: "retention-overtakes-consumer",
    name: "Deleted before it was read",
    story: "A consumer is away for longer than records are kept; when it is back it stands before the log's start, and \
            is set to the end.",
    old: "retention.ms=5000 and auto.offset.reset=latest.",
    present: "retention.ms of a week, the default: longer than anybody is away, and the lag is watched.",
    cluster: |_| cluster(1).with("log.retention.check.interval.ms", "1000").with("log.initial.task.delay.ms", "1000"),
    acts: &[
        Act {
            says: "A topic is made.",
            when: When::Once(is_up),
            commands: |_, form| {
                let retention_ms = if form == Form::Old { "5000" } else { "604800000" };
                vec![create_topic(&[&[0]], &[("retention.ms", retention_ms)])]
            },
        },
        Act {
            says: "A consumer begins to read.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, _| {
                let commit = CommitStyle::AfterProcessing;
                let application = Application { poll_loop: true, commit, ..Application::default() };
                let config = [("enable.auto.commit", "false"), ("auto.offset.reset", "latest")];
                consumer(READER, &config, application).into()
            },
        },
        Act {
            says: "It is a member of its group by now; a first record is sent.",
            when: When::After(10_000),
            commands: |_, _| vec![producer(PRODUCER, &[]), send(PRODUCER, &["m1"])],
        },
        Act {
            says: "It has processed that, and crashes; a second record is sent.",
            when: When::After(2_000),
            commands: |world, _| {
                let crash = world.client_named(READER).into_iter().map(kill);
                crash.chain([send(PRODUCER, &["m2"])]).collect()
            },
        },
        Act {
            says: "Much later it is started again.",
            when: When::After(60_000),
            commands: |world, _| {
                let again = |node: NodeId| [start(node), subscribe(READER)];
                world.client_named(READER).into_iter().flat_map(again).collect()
            },
        },
        Act {
            says: "A third record is sent.",
            when: When::After(10_000),
            commands: |_, _| vec![send(PRODUCER, &["m3"])],
        },
    ],
    rest_ms: 3_000,
    old_claims: &[
        Claim { says: "All were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2", "m3"] },
        Claim { says: "The second was never processed.", holds: |play| play.processed() == ["m1", "m3"] },
    ],
    present_claims: &[Claim { says: "All were processed.", holds: |play| play.processed() == ["m1", "m2", "m3"] }],
    watch: Watch::Everything,
    noticed_by: None,
};

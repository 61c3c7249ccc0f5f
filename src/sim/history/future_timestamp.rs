//! A producer's clock is ahead, and its record keeps a whole segment from being deleted.

use super::scenario::{Act, Claim, Form, Scenario, Watch, When};
use super::setting::*;
use crate::sim::Command;

pub const SCENARIO: Scenario = Scenario {
    id: "future-timestamp",
    name: "A record from the future",
    story: "A producer's clock is six days ahead; its record's segment, and all that lies in it, outlives its \
            retention.",
    old: "message.timestamp.after.max.ms without bound, as before 4.0: the record is taken as it is.",
    present: "message.timestamp.after.max.ms of an hour, the default: the record is refused (INVALID_TIMESTAMP).",
    cluster: |_| cluster(1).with("log.retention.check.interval.ms", "1000").with("log.initial.task.delay.ms", "1000"),
    acts: &[
        Act {
            says: "A topic is made that keeps records for 5 s.",
            when: When::Once(is_up),
            commands: |_, form| {
                let after_max_ms = if form == Form::Old { "9223372036854775807" } else { "3600000" };
                let configs = [("retention.ms", "5000"), ("message.timestamp.after.max.ms", after_max_ms)];
                vec![create_topic(&[&[0]], &configs)]
            },
        },
        Act {
            says: "A record is sent.",
            when: When::Once(|world| leads(world, 0)),
            commands: |_, _| vec![producer(PRODUCER, &[]), send(PRODUCER, &["m1"])],
        },
        Act { says: "Another producer starts.", when: When::After(500), commands: |_, _| vec![producer("wrong", &[])] },
        Act {
            says: "The clock of its machine is six days ahead; it sends a record.",
            when: When::After(100),
            commands: |world, _| {
                let skew = |node| Command::SkewClock { node, by_ms: 6 * 86_400_000 };
                let wrong = world.client_named("wrong").into_iter().map(skew);
                wrong.chain([send("wrong", &["m2"])]).collect()
            },
        },
    ],
    rest_ms: 60_000,
    old_claims: &[
        Claim { says: "Both were acknowledged.", holds: |play| play.acknowledged() == ["m1", "m2"] },
        Claim { says: "A minute later both are still there.", holds: |play| play.readable() == ["m1", "m2"] },
    ],
    present_claims: &[
        Claim { says: "The second was refused.", holds: |play| play.failed() == ["m2"] },
        Claim { says: "A minute later the first is deleted.", holds: |play| play.readable().is_empty() },
    ],
    watch: Watch::Everything,
    noticed_by: None,
};

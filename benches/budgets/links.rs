//! How long a share link is.

use glassbroker::course::course;
use glassbroker::kafka::client::call::ProducerCall;
use glassbroker::kafka::ids::NodeId;
use glassbroker::sim::{Command, MessageId};
use glassbroker::timeline::link::{Moment, encode};

use super::report::Report;
use super::traffic::record;

/// What learners do, in turn.
fn edit(number: u64) -> Command {
    let node = NodeId::broker((number % 3) as i32);
    let message = MessageId(1_000 + number * 37);
    match number % 10 {
        0 => Command::Kill { node },
        1 => Command::Start { node },
        2 => Command::Pause { node },
        3 => Command::Resume { node },
        4 => Command::Hold { message },
        5 => Command::Release { message },
        6 => Command::Delay { message, by_us: 5_000 },
        7 => Command::Drop { message },
        8 => Command::CutLink { from: node, to: NodeId::controller(100), one_way: false },
        _ => {
            let records = vec![record(Some("123".into()), b"{\"user_id\": 123, \"action\": \"login\"}".to_vec())];
            Command::Producer { name: "web-app".into(), call: ProducerCall::Send(records) }
        }
    }
}

pub fn measure(report: &mut Report) {
    let course = course();
    let example = course.examples().next().expect("the course has an example");
    for edits in [20, 100] {
        let moment = Moment {
            example: example.id.clone(),
            parameters: example.parameters.clone(),
            seed: example.seed,
            commands: (0..edits).map(|number| (2_000 + number * 150, edit(number))).collect(),
            step: 2_000 + edits * 150,
        };
        report.put(&format!("link_{edits}_chars"), encode(&moment).len() as f64);
    }
}

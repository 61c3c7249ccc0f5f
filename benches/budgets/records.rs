//! How many records pass through the cluster: three brokers, every partition on all of them, acks=all, batches of
//! 8 KB with records of 100 bytes, and every CRC computed and checked.

use glassbroker::kafka::client::call::ProducerCall;
use glassbroker::kafka::ids::SimTime;
use glassbroker::sim::{Command, World};
use glassbroker::timeline::{Director, Observation, Timeline};

use super::report::Report;
use super::traffic::{cluster, properties, record};

/// Records of one call of the application.
const RECORDS_PER_CALL: u64 = 10_000;
const RECORD_BYTES: usize = 100;

/// Sends all that is asked for, one call after the other.
#[derive(Clone, Debug)]
pub struct Load {
    started: bool,
    calls: u64,
}

impl Load {
    fn next(&mut self, world: &World) -> Option<Command> {
        let Some((_, producer)) = world.producers().next() else {
            let is_up = world.now() >= SimTime::from_ms(2_000) && !self.started;
            self.started |= is_up;
            let config = properties(&[("acks", "all"), ("batch.size", "8192")]);
            return is_up.then(|| Command::StartProducer { name: "load".into(), config });
        };
        if self.calls == 0 || !producer.is_idle() || producer.identity().is_none() {
            return None;
        }
        self.calls -= 1;
        let records = (0..RECORDS_PER_CALL).map(|number| record(None, vec![number as u8; RECORD_BYTES])).collect();
        Some(Command::Producer { name: "load".into(), call: ProducerCall::Send(records) })
    }
}

impl Director for Load {
    type Mark = ();

    fn observe(&mut self, world: &World) -> Observation<()> {
        let command = self.next(world);
        let is_idle = world.producers().next().is_some_and(|(_, producer)| producer.is_idle());
        let done = command.is_none() && self.calls == 0 && is_idle;
        Observation { mark: None, commands: command.into_iter().collect(), done }
    }
}

fn acknowledged(world: &World) -> u64 {
    world.producers().map(|(_, producer)| producer.results().acknowledged()).sum()
}

/// A cluster that stands ready to take so many records: the topic is made, and the producer has its metadata.
pub fn prepare(records: u64) -> Timeline<Load> {
    let calls = records.div_ceil(RECORDS_PER_CALL);
    let mut timeline = Timeline::new(cluster(), Load { started: false, calls: calls + 1 });
    while acknowledged(timeline.history().head()) < RECORDS_PER_CALL {
        timeline.run_to_end(SimTime(u64::MAX), 1);
    }
    timeline
}

/// Sends the records and waits for the last acknowledgement; returns how many were acknowledged.
pub fn send(timeline: &mut Timeline<Load>, report: &mut Report) -> u64 {
    let before = acknowledged(timeline.history().head());
    timeline.run_to_end(SimTime(u64::MAX), u64::MAX);
    let head = timeline.history().head();
    report.put_text("records_hash", &format!("{:016x}", head.state_hash()));
    acknowledged(head) - before
}

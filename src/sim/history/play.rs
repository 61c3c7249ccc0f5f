//! Plays a scenario, step by step, under the eyes of the guarantees, and keeps what became of its records.

use std::collections::BTreeMap;
use std::fmt;

use super::scenario::{Form, Scenario, Watch, When};
use super::setting::{TOPIC, partition};
use crate::kafka::client::call::ProducerCall;
use crate::kafka::ids::{BrokerId, ClientId, NodeId, Offset, SimTime, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::sends::{SendId, Sends};
use crate::sim::check::{Checker, Violation};
use crate::sim::{Command, EventKind, ProcessState, World};

/// Longest time that an act waits for its moment, milliseconds of virtual time.
const PATIENCE_MS: u64 = 120_000;
/// The same for every run of a scenario: it does not depend on chance.
const SEED: u64 = 20_110_101;

/// Why a scenario could not be played to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    pub scenario: &'static str,
    pub form: Form,
    /// Number of the act, from 0, and its sentence.
    pub act: usize,
    pub says: &'static str,
    pub why: String,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stuck { scenario, form, act, says, why } = self;
        write!(f, "{scenario}, the {form} form, act {act} ({says}): {why}")
    }
}

impl std::error::Error for Stuck {}

/// A scenario being played, or played to its end.
pub struct Play {
    scenario: &'static Scenario,
    form: Form,
    world: World,
    checker: Checker,
    violation: Option<Violation>,
    /// The value of each send.
    values: BTreeMap<(ClientId, SendId), String>,
    acknowledged: Vec<String>,
    failed: Vec<String>,
    /// In the order in which applications have finished them.
    processed: Vec<String>,
    /// As often as poll() has handed them over.
    polled: Vec<String>,
}

impl Play {
    /// Plays one form of a scenario to its end.
    ///
    /// # Errors
    /// An act's moment does not come, or a command cannot be obeyed.
    pub fn of(scenario: &'static Scenario, form: Form) -> Result<Play, Stuck> {
        let stuck = |act: usize, why: String| {
            let says = scenario.acts.get(act).map_or("the cluster is installed", |act| act.says);
            Stuck { scenario: scenario.id, form, act, says, why }
        };
        let world = World::new((scenario.cluster)(form), SEED).map_err(|error| stuck(usize::MAX, error.to_string()))?;
        let mut play = Play {
            scenario,
            form,
            world,
            checker: match scenario.watch {
                Watch::Promises => Checker::all(),
                Watch::Everything => Checker::strict(),
            },
            violation: None,
            values: BTreeMap::new(),
            acknowledged: Vec::new(),
            failed: Vec::new(),
            processed: Vec::new(),
            polled: Vec::new(),
        };
        for (number, act) in scenario.acts.iter().enumerate() {
            let begun = play.world.now();
            match act.when {
                When::After(ms) => play.run_until(begun.plus_ms(ms)),
                When::Once(holds) => {
                    while !holds(&play.world) {
                        if play.world.now().since(begun) > PATIENCE_MS * 1_000 || !play.step() {
                            return Err(stuck(number, "its moment does not come".into()));
                        }
                    }
                }
            }
            for command in (act.commands)(&play.world, form) {
                play.world.apply(&command).map_err(|error| stuck(number, error.to_string()))?;
                play.observe();
            }
        }
        play.run_until(play.world.now().plus_ms(scenario.rest_ms));
        Ok(play)
    }

    fn run_until(&mut self, until: SimTime) {
        while self.world.next_step_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.world.run_until(until);
    }

    fn step(&mut self) -> bool {
        let goes_on = self.world.step();
        if goes_on {
            self.observe();
        }
        goes_on
    }

    /// Looks at the last step. The guarantees are left alone after the first one that is broken: what follows from a
    /// loss is no news.
    fn observe(&mut self) {
        if self.violation.is_none() {
            self.violation = self.checker.check(&self.world).err();
        }
        for event in self.world.events() {
            match &event.kind {
                EventKind::Command(command) => {
                    if let Some((client, first, values)) = sends_of(&self.world, command) {
                        self.values.extend((first..).zip(values).map(|(send, value)| ((client, send), value)));
                    }
                }
                EventKind::Note(Note::RecordsAcknowledged { client, sends, .. }) => {
                    self.acknowledged.extend(values_of(&self.values, *client, sends));
                }
                EventKind::Note(Note::RecordsFailed { client, sends, .. }) => {
                    self.failed.extend(values_of(&self.values, *client, sends));
                }
                EventKind::Note(Note::RecordProcessed { partition, offset, .. }) => {
                    self.processed.extend(value_at(&self.world, partition, *offset));
                }
                EventKind::Note(Note::RecordsPolled { partition, first_offset, last_offset, .. }) => {
                    let values = (*first_offset..=*last_offset).filter_map(|at| value_at(&self.world, partition, at));
                    self.polled.extend(values);
                }
                _ => {}
            }
        }
    }

    // ---- what came of it

    pub fn scenario(&self) -> &'static Scenario {
        self.scenario
    }

    pub fn form(&self) -> Form {
        self.form
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    /// The first guarantee that did not hold, if any.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Values whose sends have succeeded, in that order.
    pub fn acknowledged(&self) -> &[String] {
        &self.acknowledged
    }

    /// Values whose sends have failed.
    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// Values that applications have processed, in that order.
    pub fn processed(&self) -> &[String] {
        &self.processed
    }

    /// Values that were handed over by poll(), in that order.
    pub fn polled(&self) -> &[String] {
        &self.polled
    }

    /// The leader of partition 0, as the controllers have it.
    pub fn leader(&self) -> Option<BrokerId> {
        self.world.active_image()?.partition(TOPIC, 0)?.leader
    }

    /// All values in the log of partition 0 on a broker, oldest first.
    pub fn log(&self, broker: i32) -> Vec<String> {
        self.log_of(broker, 0)
    }

    /// All values in the log of a partition on a broker, oldest first.
    pub fn log_of(&self, broker: i32, number: i32) -> Vec<String> {
        let replica = self.world.broker(BrokerId(broker)).and_then(|broker| broker.partition(&partition(number)));
        let Some(replica) = replica else { return Vec::new() };
        let mut values = Vec::new();
        for data in replica.log().batches().filter_map(|batch| batch.record_data().ok()) {
            values.extend(data.views().flatten().map(|view| text(view.value)));
        }
        values
    }

    /// All values in the leader's log of partition 0.
    pub fn readable(&self) -> Vec<String> {
        self.leader().map(|leader| self.log(leader.0)).unwrap_or_default()
    }
}

fn text(value: Option<&[u8]>) -> String {
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

fn values_of(values: &BTreeMap<(ClientId, SendId), String>, client: ClientId, sends: &Sends) -> Vec<String> {
    sends.iter().filter_map(|send| values.get(&(client, send)).cloned()).collect()
}

/// Client, first send and values of a command that sends.
fn sends_of(world: &World, command: &Command) -> Option<(ClientId, SendId, Vec<String>)> {
    let Command::Producer { name, call: ProducerCall::Send(records) } = command else { return None };
    let node @ NodeId::Client(client) = world.client_named(name)? else { return None };
    let ProcessState::Producer(producer) = &world.process(node)?.state else { return None };
    let first = producer.results().next().saturating_sub(records.len() as u32);
    Some((client, first, records.iter().map(|record| text(record.value.as_deref())).collect()))
}

/// The value at an offset, as the broker has it that leads the partition, or any other that does.
fn value_at(world: &World, partition: &TopicPartition, offset: Offset) -> Option<String> {
    let mut replicas: Vec<_> = world.brokers().filter_map(|(_, broker)| broker.partition(partition)).collect();
    replicas.sort_by_key(|replica| !replica.is_leader());
    replicas.into_iter().find_map(|replica| {
        let batches = replica.log().read(offset, 1, replica.log_end_offset(), true).ok()?;
        let data = batches.first()?.record_data().ok()?;
        data.views().flatten().find(|view| view.offset == offset).map(|view| text(view.value))
    })
}

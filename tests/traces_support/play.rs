//! One playing of a trace on a fresh cluster.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use glassbroker::kafka::ids::{BrokerId, NodeId, TopicPartition};
use glassbroker::sim::Command;
use glassbroker::sim::World;
use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::clock::Clock;
use super::compare;
use super::compressed;
use super::names::Names;
use super::trace::{Step, Trace};
use super::unbuilt;
use super::wire::Connections;
use super::{
    awaits, cluster, configs, consumer_offsets, consumers, features, files, group_admin, groups, metadata_log, offsets,
    producers, random_choices, reassignments, topics, view, wire,
};

/// Every play begins from the same seed.
const SEED: u64 = 4_301;

const BOOT_TIMEOUT_MS: u64 = 120_000;

/// What is said of a step, and is no argument.
const NOT_ARGUMENTS: [&str; 6] = ["expect", "note", "save", "unstable", "in_background", "sort"];

/// What came of playing a trace.
pub enum Verdict {
    Equal,
    /// Each with the step's number, its verb and the JSON path.
    Different(Vec<String>),
    NotYet(String),
}

/// The state of one playing.
pub struct Play {
    pub clock: Clock,
    pub names: RefCell<Names>,
    pub connections: RefCell<Connections>,
    pub producers: RefCell<producers::Producers>,
    pub consumers: RefCell<consumers::Consumers>,
    /// What applications do by themselves, to be taken up by the director.
    spawned: RefCell<Vec<Running<()>>>,
    /// Steps in the background, by name; None: not yet answered.
    background: RefCell<BTreeMap<String, Option<Answer>>>,
    begin_ms: i64,
    next_ticket: Cell<u32>,
    /// Partitions whose leader the administrator's client has found before (`PartitionLeaderCache`).
    pub known_leaders: RefCell<BTreeSet<TopicPartition>>,
}

pub type Running<T> = Pin<Box<dyn Future<Output = T>>>;

/// Plays a trace and compares all answers.
pub fn play(trace: &Trace, verbose: bool) -> Verdict {
    if let Some(reason) = unbuilt::reason(trace) {
        return Verdict::NotYet(reason);
    }
    let played = catch_unwind(AssertUnwindSafe(|| run(trace, verbose)));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        Verdict::Different(vec![format!("panicked: {}", text.unwrap_or_default())])
    })
}

fn run(trace: &Trace, verbose: bool) -> Verdict {
    let world = match World::new(trace.spec.clone(), SEED) {
        Ok(world) => world,
        Err(error) => return Verdict::Different(vec![format!("the cluster does not start: {error}")]),
    };
    let mut director = Director::new(world);
    if let Err(failure) = director.boot(trace) {
        return Verdict::Different(vec![failure]);
    }
    let mut differences = Vec::new();
    for (index, step) in trace.steps.iter().enumerate() {
        let verb = step.get("do").and_then(Value::as_str).unwrap_or_default();
        let at = format!("/steps/{index} {verb}");
        match director.step(step) {
            Ok(mut answer) => {
                if verbose {
                    println!("{at} {:?}", director.play.clock.now());
                    println!("    {}", without_expectation(step));
                    println!("    -> {answer}");
                }
                let found = stable(step, &mut answer).then_some(answer);
                if let (Some(expected), Some(mut found)) = (step.get("expect"), found) {
                    let mut expected = expected.clone();
                    stable(step, &mut expected);
                    compressed::level(&expected, &mut found);
                    random_choices::level(&expected, &mut found);
                    let list = compare::differences(&expected, &found);
                    if verbose {
                        list.iter().for_each(|difference| println!("    != {difference}"));
                    }
                    differences.extend(list.into_iter().map(|difference| format!("{at} {difference}")));
                }
            }
            Err(Failure::NotYet(reason)) => return Verdict::NotYet(reason),
            Err(failure) => {
                differences.push(format!("{at}: {failure:?}"));
                break;
            }
        }
    }
    if differences.is_empty() { Verdict::Equal } else { Verdict::Different(differences) }
}

fn without_expectation(step: &Value) -> Value {
    let mut shown = step.clone();
    compare::remove(&mut shown, "/expect");
    shown
}

/// Takes out what is not compared, and orders what has no order. False: nothing is compared.
fn stable(step: &Value, answer: &mut Value) -> bool {
    let pointers = |field: &str| -> Vec<&str> {
        step.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let compared = pointers("unstable").into_iter().all(|pointer| compare::remove(answer, pointer));
    pointers("sort").into_iter().for_each(|pointer| compare::sort(answer, pointer));
    compared
}

/// Carries steps out, one in front and any number in the background.
struct Director {
    play: Rc<Play>,
    background: Vec<(String, Running<Answer>)>,
    /// What applications do by themselves.
    applications: Vec<Running<()>>,
}

impl Director {
    fn new(world: World) -> Director {
        let begin_ms = world.wall_clock_ms();
        let play = Play {
            clock: Clock::new(world),
            names: RefCell::default(),
            connections: RefCell::default(),
            producers: RefCell::default(),
            consumers: RefCell::default(),
            spawned: RefCell::default(),
            background: RefCell::default(),
            begin_ms,
            next_ticket: Cell::new(0),
            known_leaders: RefCell::default(),
        };
        Director { play: Rc::new(play), background: Vec::new(), applications: Vec::new() }
    }

    /// Runs until all brokers that were started are alive.
    fn boot(&mut self, trace: &Trace) -> Result<(), String> {
        let all: BTreeSet<BrokerId> =
            trace.spec.brokers.iter().filter(|broker| !broker.not_started).map(|broker| BrokerId(broker.id)).collect();
        let play = self.play.clone();
        let boot = async move {
            play.clock
                .until(BOOT_TIMEOUT_MS, async || view::agreed_alive(&play.clock.world()) == Some(all.clone()))
                .await
        };
        match self.drive(Box::pin(boot)) {
            Ok(true) => Ok(()),
            Ok(false) => Err("the brokers did not come up".into()),
            Err(failure) => Err(format!("{failure:?}")),
        }
    }

    fn step(&mut self, json: &Value) -> Answer {
        let mut args = json.as_object().cloned().unwrap_or_default();
        NOT_ARGUMENTS.iter().for_each(|name| drop(args.remove(*name)));
        let step = Step::of(&self.play.names.borrow_mut().resolve(&Value::Object(args))?)?;
        let running = answer(self.play.clone(), step);
        let answer = match json.get("in_background").and_then(Value::as_str) {
            Some(name) => {
                self.play.background.borrow_mut().insert(name.into(), None);
                self.background.push((name.into(), running));
                self.poll_background();
                json!({"started": true})
            }
            None => self.drive(running)??,
        };
        let mut names = self.play.names.borrow_mut();
        if let Some(wanted) = json.get("save") {
            names.save(wanted, &answer)?;
        }
        let now_ms = self.play.clock.world().wall_clock_ms();
        Ok(names.mask(&answer, (self.play.begin_ms, now_ms)))
    }

    /// Lets the world go on until the future is ready.
    fn drive<T>(&mut self, mut running: Running<T>) -> Result<T, Failure> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(value) = running.as_mut().poll(&mut context) {
                return Ok(value);
            }
            self.poll_background();
            if !self.play.clock.go_on() {
                return Err(Failure::scenario("nothing will ever happen again"));
            }
        }
    }

    fn poll_background(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let play = &self.play;
        self.background.retain_mut(|(name, running)| match running.as_mut().poll(&mut context) {
            Poll::Ready(answer) => {
                play.background.borrow_mut().insert(name.clone(), Some(answer));
                false
            }
            Poll::Pending => true,
        });
        self.applications.append(&mut self.play.spawned.borrow_mut());
        self.applications.retain_mut(|running| running.as_mut().poll(&mut context).is_pending());
    }
}

/// Plays a step; what Kafka refuses is an answer, too.
pub fn answer(play: Rc<Play>, step: Step) -> Running<Answer> {
    Box::pin(async move {
        match verb(&play, &step).await {
            Err(Failure::Kafka { error, cause: None }) => Ok(json!({"error": error})),
            Err(Failure::Kafka { error, cause: Some(cause) }) => Ok(json!({"error": error, "cause": cause})),
            answer => answer,
        }
    })
}

async fn verb(play: &Rc<Play>, step: &Step) -> Answer {
    match step.verb() {
        "kill" => cluster::kill(play, step),
        "stop" => cluster::stop(play, step).await,
        "pause" => cluster::pause(play, step),
        "resume" => cluster::resume(play, step),
        "start" => cluster::start(play, step).await,
        "sleep" => cluster::sleep(play, step).await,
        "unregister_broker" => cluster::unregister_broker(play, step).await,
        "describe_features" => features::describe(play, step).await,
        "update_features" => features::update(play, step).await,
        "describe_cluster" => cluster::describe_cluster(play, step).await,
        "describe_quorum" => cluster::describe_quorum(play),
        "result" => result(play, step).await,
        "await" => awaits::wait(play, step).await,
        "create_topic" => topics::create_topic(play, step).await,
        "delete_topic" => topics::delete_topic(play, step).await,
        "create_partitions" => topics::create_partitions(play, step).await,
        "list_topics" => topics::list_topics(play),
        "describe_topic" => topics::describe_topic(play, step).await,
        "elect_leaders" => topics::elect_leaders(play, step).await,
        "reassign" => reassignments::reassign(play, step).await,
        "list_reassignments" => reassignments::list(play, step).await,
        "alter_config" => configs::alter_config(play, step).await,
        "describe_config" => configs::describe_config(play, step),
        "list_offsets" => offsets::list_offsets(play, step).await,
        "delete_records" => offsets::delete_records(play, step).await,
        "partition_spread" => offsets::partition_spread(play, step).await,
        "describe_group" => groups::describe_group(play, step).await,
        "list_group_offsets" => groups::list_group_offsets(play, step).await,
        "alter_group_offsets" => groups::alter_group_offsets(play, step).await,
        "list_groups" => group_admin::list_groups(play, step).await,
        "delete_group" => group_admin::delete_group(play, step).await,
        "delete_group_offsets" => group_admin::delete_group_offsets(play, step).await,
        "remove_members" => group_admin::remove_members(play, step).await,
        "request" => wire::request(play, step).await,
        "raw_produce" => wire::raw_produce(play, step).await,
        "raw_fetch" => wire::raw_fetch(play, step).await,
        "disconnect" => wire::disconnect(play, step),
        "read_log" => files::read_log(play, step),
        "read_index" => files::read_index(play, step),
        "list_files" => files::list_files(play, step),
        "count_records" => files::count_records(play, step),
        "high_watermark_checkpoint" => files::high_watermark_checkpoint(play, step),
        "describe_producers" => files::describe_producers(play, step),
        "read_metadata_log" => metadata_log::read_metadata_log(play, step),
        "partitions_for" => topics::partitions_for(play, step).await,
        "producer_open" => producers::open(play, step),
        "send" => producers::send(play, step).await,
        "send_many" => producers::send_many(play, step).await,
        "flush" => producers::flush(play, step).await,
        "producer_close" => producers::close(play, step).await,
        "producer_abandon" => producers::abandon(play, step),
        "consumer_open" => consumers::open(play, step),
        "subscribe" => consumers::subscribe(play, step).await,
        "unsubscribe" => consumers::unsubscribe(play, step).await,
        "assign" => consumers::assign(play, step).await,
        "poll" => consumers::poll(play, step).await,
        "poll_background" => consumers::poll_background(play, step),
        "assignment" => consumers::assignment(play, step),
        "seek" | "seek_to_beginning" | "seek_to_end" => consumers::seek(play, step).await,
        "pause_partitions" => consumers::pause(play, step, true).await,
        "resume_partitions" => consumers::pause(play, step, false).await,
        "position" => consumer_offsets::position(play, step).await,
        "committed" => consumer_offsets::committed(play, step).await,
        "commit" => consumer_offsets::commit(play, step).await,
        "lag" => consumer_offsets::lag(play, step),
        "offsets_for_times" => consumer_offsets::offsets_for_times(play, step).await,
        "beginning_offsets" => consumer_offsets::log_ends(play, step, true).await,
        "end_offsets" => consumer_offsets::log_ends(play, step, false).await,
        "rebalance_events" => consumers::rebalance_events(play, step),
        "group_metadata" => consumers::group_metadata(play, step),
        "consumer_close" => consumers::close(play, step).await,
        "consumer_abandon" => consumers::abandon(play, step).await,
        verb => Err(Failure::NotYet(format!("the verb {verb}"))),
    }
}

/// The answer of a step that was started in the background.
async fn result(play: &Play, step: &Step) -> Answer {
    let name = step.text("of")?;
    let within_ms = step.number_or("within_ms", step.timeout_ms() as i64).max(0) as u64;
    let look = || match play.background.borrow().get(&name) {
        Some(answer) => answer.clone(),
        None => Some(Err(Failure::scenario(format!("nothing runs in the background as {name}")))),
    };
    play.clock.find(within_ms, look).await.unwrap_or_else(|| Ok(json!({"pending": true})))
}

impl Play {
    pub fn apply(&self, command: &Command) -> Result<(), Failure> {
        self.clock.world_mut().apply(command)?;
        self.clock.rebalances.borrow_mut().look_at(&self.clock.world());
        Ok(())
    }

    /// The node of that id: brokers count from 0, controllers from 100.
    pub fn node(&self, id: i64) -> Result<NodeId, Failure> {
        let world = self.clock.world();
        let id = id as i32;
        [NodeId::broker(id), NodeId::controller(id)]
            .into_iter()
            .find(|node| world.process(*node).is_some())
            .ok_or_else(|| Failure::scenario(format!("there is no node {id}")))
    }

    pub fn broker(&self, id: i64) -> Result<BrokerId, Failure> {
        self.node(id)?.as_broker().ok_or_else(|| Failure::scenario(format!("{id} is no broker")))
    }

    /// Lets an application do something beside the steps.
    pub fn spawn(&self, running: Running<()>) {
        self.spawned.borrow_mut().push(running);
    }

    /// Names a request, so that its answer can be found.
    pub fn ticket(&self) -> u32 {
        self.next_ticket.replace(self.next_ticket.get() + 1)
    }

    pub fn now_ms(&self) -> i64 {
        self.clock.world().wall_clock_ms()
    }
}

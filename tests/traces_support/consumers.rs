//! Consumers, and the application that polls with them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use glassbroker::kafka::client::application::Application;
use glassbroker::kafka::client::call::{ConsumerCall, SeekTo};
use glassbroker::kafka::client::consumer::Consumer;
use glassbroker::kafka::client::consumer::poll::PolledRecord;
use glassbroker::kafka::ids::TopicPartition;
use glassbroker::kafka::protocol::ErrorCode;
use glassbroker::kafka::record::TimestampType;
use glassbroker::sim::{Command, CommandError, ProcessState};
use serde_json::{Value, json};

use super::answer::{Answer, Failure, ok};
use super::groups::partition_names;
use super::play::Play;
use super::trace::{Step, plain, properties};
use super::values;

/// The time-out of each `poll()`.
const POLL_MS: u32 = 50;

/// How long after the death of a process the next step begins.
const AFTER_DEATH_MS: u64 = 50;

/// The consumers that are open, by name.
#[derive(Default)]
pub struct Consumers {
    open: BTreeMap<String, Rc<Client>>,
}

/// What the application around a consumer has. It has one thread: whoever uses the consumer waits for the others.
pub struct Client {
    name: String,
    /// Records that arrived while the application polled by itself, for the next `poll` step.
    arrived: RefCell<Vec<PolledRecord>>,
    /// What `poll()` threw meanwhile.
    failure: RefCell<Option<Failure>>,
    polls_by_itself: Cell<bool>,
    is_in_use: Cell<bool>,
}

pub fn client(play: &Play, step: &Step) -> Result<Rc<Client>, Failure> {
    named(play, &step.text("client")?)
}

fn named(play: &Play, name: &str) -> Result<Rc<Client>, Failure> {
    let found = play.consumers.borrow().open.get(name).cloned();
    found.ok_or_else(|| Failure::scenario(format!("there is no consumer {name}")))
}

/// Reads the consumer's state.
pub fn read<T>(play: &Play, client: &Client, look: impl FnOnce(&Consumer) -> T) -> Result<T, Failure> {
    let world = play.clock.world();
    let process = world.client_named(&client.name).and_then(|node| world.process(node));
    match process.map(|process| &process.state) {
        Some(ProcessState::Consumer(consumer)) => Ok(look(consumer)),
        _ => Err(Failure::scenario(format!("there is no consumer {}", client.name))),
    }
}

pub fn call(play: &Play, client: &Client, call: ConsumerCall) -> Result<(), Failure> {
    play.apply(&Command::Consumer { name: client.name.clone(), call })
}

/// Waits until nobody else uses the consumer, and uses it until dropped.
pub async fn use_alone(play: &Play, client: Rc<Client>) -> InUse {
    while client.is_in_use.replace(true) {
        play.clock.turn().await;
    }
    InUse(client)
}

pub struct InUse(pub Rc<Client>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.is_in_use.set(false);
    }
}

pub fn open(play: &Play, step: &Step) -> Answer {
    let name = step.text("client")?;
    let config = properties(step.get("config"));
    let command = Command::StartConsumer { name: name.clone(), config, application: Application::default() };
    match play.clock.world_mut().apply(&command) {
        Ok(()) => {}
        Err(CommandError::Config(_)) => return Err(Failure::exception("ConfigException")),
        Err(error) => return Err(error.into()),
    }
    let client = Client {
        name: name.clone(),
        arrived: RefCell::default(),
        failure: RefCell::default(),
        polls_by_itself: Cell::new(false),
        is_in_use: Cell::new(false),
    };
    play.consumers.borrow_mut().open.insert(name, Rc::new(client));
    Ok(ok())
}

pub async fn subscribe(play: &Play, step: &Step) -> Answer {
    let topics: Vec<_> = step.texts("topics").into_iter().map(|topic| topic.as_str().into()).collect();
    if !topics.is_empty() {
        group_of(play, &*client(play, step)?)?;
    }
    simple_call(play, step, ConsumerCall::Subscribe(topics)).await
}

pub async fn unsubscribe(play: &Play, step: &Step) -> Answer {
    simple_call(play, step, ConsumerCall::Unsubscribe).await
}

pub async fn assign(play: &Play, step: &Step) -> Answer {
    simple_call(play, step, ConsumerCall::Assign(step.topic_partitions()?)).await
}

async fn simple_call(play: &Play, step: &Step, wanted: ConsumerCall) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    call(play, &using.0, wanted)?;
    Ok(ok())
}

/// One `poll()` of the application.
async fn poll_once(play: &Play, client: &Client) -> Result<(), Failure> {
    let (_, before) = read(play, client, |consumer| (consumer.is_in_poll(), consumer.polls().1))?;
    call(play, client, ConsumerCall::Poll { max_records: 1, timeout_ms: POLL_MS })?;
    let look = || {
        let result =
            read(play, client, |consumer| consumer.polls().0.iter().find(|result| result.number == before).cloned());
        result.transpose()
    };
    let result = play.clock.find(u64::from(POLL_MS) * 2, look).await;
    let result = result.ok_or_else(|| Failure::scenario(format!("poll() of {} does not end", client.name)))??;
    client.arrived.borrow_mut().extend(result.records);
    match result.error {
        Some(error) => Err(Failure::exception(error.name())),
        None => Ok(()),
    }
}

/// Calls `poll()` until it is enough, or the time is over.
pub async fn poll(play: &Play, step: &Step) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    let client = &using.0;
    if let Some(failure) = client.failure.borrow_mut().take() {
        return Err(failure);
    }
    // Neither subscribed nor assigned: poll() throws.
    let has_nothing =
        |consumer: &Consumer| consumer.subscription().topics().is_empty() && consumer.subscription().is_empty();
    if read(play, client, has_nothing)? {
        return Err(Failure::exception("IllegalStateException"));
    }
    let until = step.get("until").cloned().unwrap_or(json!({"records": 1}));
    let start = play.clock.now();
    let mut last = start;
    let mut count = client.arrived.borrow().len();
    let reached = loop {
        let since_last_ms = play.clock.now().since(last) / 1_000;
        if enough(&until, client.arrived.borrow().len(), since_last_ms, &assigned(play, &client.name)?)? {
            break true;
        }
        if play.clock.now().since(start) / 1_000 >= step.timeout_ms() {
            break false;
        }
        poll_once(play, client).await?;
        if client.arrived.borrow().len() > count {
            count = client.arrived.borrow().len();
            last = play.clock.now();
        }
    };
    let mut records = client.arrived.take();
    if !step.flag("keep_order", false) {
        records
            .sort_by(|left, right| (&left.partition, left.record.offset).cmp(&(&right.partition, right.record.offset)));
    }
    let records: Vec<Value> = records.iter().map(record_json).collect();
    let mut answer = json!({"records": records, "assignment": assigned(play, &client.name)?});
    if !reached {
        answer["timed_out"] = json!(true);
    }
    Ok(answer)
}

fn enough(until: &Value, records: usize, since_last_ms: u64, assignment: &[String]) -> Result<bool, Failure> {
    if let Some(wanted) = until.get("records").and_then(Value::as_u64) {
        return Ok(records as u64 >= wanted);
    }
    if let Some(wanted) = until.get("assignment").and_then(Value::as_array) {
        let mut wanted: Vec<String> = wanted.iter().map(plain).collect();
        wanted.sort();
        return Ok(wanted == assignment);
    }
    if let Some(ms) = until.get("nothing_for_ms").and_then(Value::as_u64) {
        return Ok(since_last_ms >= ms);
    }
    Err(Failure::scenario(format!("poll until what? {until}")))
}

fn record_json(polled: &PolledRecord) -> Value {
    let record = &polled.record;
    let mut json = json!({
        "topic": polled.partition.topic,
        "partition": polled.partition.partition,
        "offset": record.offset,
        "leader_epoch": polled.leader_epoch,
        "timestamp": record.timestamp,
        "key": values::json(record.key.as_deref()),
        "value": values::json(record.value.as_deref()),
    });
    if polled.timestamp_type != TimestampType::CreateTime {
        json["timestamp_type"] = json!(polled.timestamp_type.name());
    }
    let headers = record.headers.iter().map(|header| (header.name.as_str(), header.value.as_deref()));
    if !record.headers.is_empty() {
        json["headers"] = values::headers_json(headers);
    }
    json
}

/// The application polls by itself between steps; what arrives is kept for the next `poll`.
pub fn poll_background(play: &Rc<Play>, step: &Step) -> Answer {
    let client = client(play, step)?;
    let on = step.flag("on", true);
    if on && !client.polls_by_itself.replace(on) {
        play.spawn(Box::pin(poll_by_itself(play.clone(), client)));
    } else {
        client.polls_by_itself.set(on);
    }
    Ok(ok())
}

async fn poll_by_itself(play: Rc<Play>, client: Rc<Client>) {
    while client.polls_by_itself.get() {
        let using = use_alone(&play, client.clone()).await;
        if client.polls_by_itself.get()
            && let Err(failure) = poll_once(&play, &client).await
        {
            client.polls_by_itself.set(false);
            *client.failure.borrow_mut() = Some(failure);
        }
        drop(using);
        // Whoever waits for the consumer comes first.
        play.clock.turn().await;
    }
}

/// The partitions that a consumer believes to have, in the order of their names.
pub fn assigned(play: &Play, name: &str) -> Result<Vec<String>, Failure> {
    let partitions = read(play, &*named(play, name)?, Consumer::assignment)?;
    Ok(partition_names(&partitions))
}

pub fn assignment(play: &Play, step: &Step) -> Answer {
    Ok(json!({"assignment": assigned(play, &step.text("client")?)?}))
}

/// A partition must be assigned for this.
pub fn check_assigned(play: &Play, client: &Client, partitions: &[TopicPartition]) -> Result<(), Failure> {
    let assignment = read(play, client, Consumer::assignment)?;
    match partitions.iter().all(|partition| assignment.contains(partition)) {
        true => Ok(()),
        false => Err(Failure::exception("IllegalStateException")),
    }
}

pub async fn seek(play: &Play, step: &Step) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    let to = match step.verb() {
        "seek" => match step.number("offset")? {
            offset if offset < 0 => return Err(Failure::exception("IllegalArgumentException")),
            offset => SeekTo::Offset(offset),
        },
        "seek_to_beginning" => SeekTo::Beginning,
        _ => SeekTo::End,
    };
    let named = step.topic_partitions()?;
    // None named: all.
    let partitions = if named.is_empty() { read(play, &using.0, Consumer::assignment)? } else { named };
    check_assigned(play, &using.0, &partitions)?;
    for partition in partitions {
        call(play, &using.0, ConsumerCall::Seek { partition, to })?;
    }
    Ok(ok())
}

pub async fn pause(play: &Play, step: &Step, is_pause: bool) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    let partitions = step.topic_partitions()?;
    check_assigned(play, &using.0, &partitions)?;
    call(play, &using.0, if is_pause { ConsumerCall::Pause(partitions) } else { ConsumerCall::Resume(partitions) })?;
    Ok(ok())
}

pub fn group_of(play: &Play, client: &Client) -> Result<String, Failure> {
    let group = read(play, client, |consumer| consumer.setup.config.group_id.clone())?;
    group.ok_or(Failure::from(ErrorCode::InvalidGroupId))
}

/// What the consumer's listener was told.
pub fn rebalance_events(play: &Play, step: &Step) -> Answer {
    let client = client(play, step)?;
    let id = read(play, &client, |consumer| consumer.setup.client.id)?;
    Ok(json!({"events": play.clock.rebalances.borrow().of(id)}))
}

/// `allow.auto.create.topics`; None: there is no such consumer.
pub fn may_create_topics(play: &Play, name: &str) -> Option<bool> {
    let client = named(play, name).ok()?;
    read(play, &client, |consumer| consumer.setup.config.allow_auto_create_topics).ok()
}

pub fn group_metadata(play: &Play, step: &Step) -> Answer {
    let client = client(play, step)?;
    let group = group_of(play, &client)?;
    read(play, &client, |consumer| {
        let membership = consumer.membership();
        let mut answer =
            json!({"group": group, "generation": membership.generation, "member_id": membership.member_id});
        if let Some(id) = &consumer.setup.config.group_instance_id {
            answer["instance_id"] = json!(id);
        }
        answer
    })
}

/// Waits until the consumer has left its group and its process has ended.
pub async fn close(play: &Play, step: &Step) -> Answer {
    let client = client(play, step)?;
    client.polls_by_itself.set(false);
    let using = use_alone(play, client).await;
    call(play, &using.0, ConsumerCall::Close)?;
    let node = play.clock.world().client_named(&using.0.name);
    let ended = || node.is_none_or(|node| !play.clock.world().is_running(node)).then_some(());
    if let (None, Some(node)) = (play.clock.find(step.timeout_ms(), ended).await, node) {
        play.apply(&Command::Kill { node })?;
    }
    play.consumers.borrow_mut().open.remove(&using.0.name);
    Ok(ok())
}

/// The process dies: no leaving, no commit.
pub async fn abandon(play: &Play, step: &Step) -> Answer {
    let client = client(play, step)?;
    client.polls_by_itself.set(false);
    let node = play.clock.world().client_named(&client.name);
    if let Some(node) = node {
        play.apply(&Command::Kill { node })?;
    }
    play.consumers.borrow_mut().open.remove(&client.name);
    play.clock.sleep_ms(AFTER_DEATH_MS).await;
    Ok(ok())
}

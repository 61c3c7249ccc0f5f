//! Producers, and the application that sends with them.

use std::collections::BTreeSet;

use glassbroker::kafka::client::call::{ProducerCall, ProducerRecord};
use glassbroker::kafka::client::producer::{Producer, SendResult};
use glassbroker::kafka::ids::NodeId;
use glassbroker::kafka::sends::SendId;
use glassbroker::sim::ProcessState;
use glassbroker::sim::{Command, CommandError};
use serde_json::{Value, json};

use super::answer::{Answer, Failure, ok};
use super::play::Play;
use super::trace::{Step, plain, properties};
use super::values;

/// A blocking call ends by the client's own time-outs; this is only the limit for a play gone wrong.
const MARGIN_MS: u64 = 150_000;

/// The producers that are open, by name.
#[derive(Default)]
pub struct Producers {
    open: BTreeSet<String>,
}

pub fn is_producer(play: &Play, client: &str) -> bool {
    play.producers.borrow().open.contains(client)
}

fn client(play: &Play, step: &Step) -> Result<String, Failure> {
    let name = step.text("client")?;
    if is_producer(play, &name) { Ok(name) } else { Err(Failure::scenario(format!("there is no producer {name}"))) }
}

/// Reads the producer's state.
fn read<T>(play: &Play, name: &str, look: impl FnOnce(&Producer) -> T) -> Result<T, Failure> {
    let world = play.clock.world();
    let process = world.client_named(name).and_then(|node| world.process(node));
    match process.map(|process| &process.state) {
        Some(ProcessState::Producer(producer)) => Ok(look(producer)),
        _ => Err(Failure::scenario(format!("there is no producer {name}"))),
    }
}

fn call(play: &Play, name: &str, call: ProducerCall) -> Result<(), Failure> {
    play.apply(&Command::Producer { name: name.into(), call })
}

pub fn open(play: &Play, step: &Step) -> Answer {
    let name = step.text("client")?;
    let config = properties(step.get("config"));
    let started = play.clock.world_mut().apply(&Command::StartProducer { name: name.clone(), config });
    match started {
        Ok(()) => {
            play.producers.borrow_mut().open.insert(name);
            Ok(ok())
        }
        // This one is thrown in the constructor of the producer, which wraps it.
        Err(CommandError::Config(error))
            if error.name == "delivery.timeout.ms" && error.reason.contains("linger.ms") =>
        {
            Err(Failure::exception("KafkaException"))
        }
        Err(CommandError::Config(_)) => Err(Failure::exception("ConfigException")),
        Err(error) => Err(error.into()),
    }
}

/// What a record does not say is taken from the step. ProducerRecord itself refuses negative partitions and times.
fn record(json: &Value, step: &Step) -> Result<ProducerRecord, Failure> {
    let either = |field: &str| match json.get(field) {
        Some(own) => Some(own.clone()).filter(|value| !value.is_null()),
        None => step.get(field).cloned(),
    };
    let topic =
        either("topic").map(|topic| plain(&topic)).ok_or_else(|| Failure::scenario("a record needs a topic"))?;
    let partition = either("partition").and_then(|value| value.as_i64()).map(|partition| partition as i32);
    let timestamp = either("timestamp").and_then(|value| value.as_i64());
    if partition.is_some_and(|partition| partition < 0) || timestamp.is_some_and(|timestamp| timestamp < 0) {
        return Err(Failure::exception("IllegalArgumentException"));
    }
    Ok(ProducerRecord {
        topic: topic.as_str().into(),
        partition,
        timestamp,
        key: values::bytes(json.get("key"))?,
        value: values::bytes(json.get("value"))?,
        headers: values::headers(json.get("headers"))?,
    })
}

/// Either a list, or `{count, key, value, …}` with `{i}` counting from 0.
fn expanded(records: &Value) -> Vec<Value> {
    let Some(count) = records.get("count").and_then(Value::as_u64) else {
        return records.as_array().cloned().unwrap_or_default();
    };
    let numbered = |index: u64| {
        let mut record = records.clone();
        for field in ["key", "value"] {
            if let Some(text) = records.get(field).and_then(Value::as_str) {
                record[field] = json!(text.replace("{i}", &index.to_string()));
            }
        }
        record
    };
    (0..count).map(numbered).collect()
}

/// Hands all records over, and waits while `send()` blocks, for metadata or memory.
async fn hand_over(
    play: &Play,
    name: &str,
    records: Vec<ProducerRecord>,
    step: &Step,
) -> Result<std::ops::Range<SendId>, Failure> {
    let first = read(play, name, |producer| producer.results().next())?;
    let count = records.len() as SendId;
    call(play, name, ProducerCall::Send(records))?;
    let returned = || read(play, name, |producer| producer.waiting().is_empty()).unwrap_or(true).then_some(());
    match play.clock.find(step.timeout_ms() + MARGIN_MS, returned).await {
        Some(()) => Ok(first..first + count),
        None => Err(Failure::scenario(format!("the producer {name} is still busy"))),
    }
}

/// What became of a send, or that it is pending when the time is over.
async fn outcome(play: &Play, name: &str, send: SendId, timeout_ms: u64) -> Answer {
    let look = || match read(play, name, |producer| producer.result(send).cloned()) {
        Ok(Some(SendResult::Pending)) => None,
        Ok(Some(SendResult::Acknowledged { partition, offset })) => {
            Some(Ok(json!({"partition": partition.partition, "offset": offset})))
        }
        Ok(Some(SendResult::Failed { error, .. })) => Some(Ok(match error.cause() {
            Some(cause) => json!({"error": error.name(), "cause": cause.name()}),
            None => json!({"error": error.name()}),
        })),
        Ok(None) => Some(Err(Failure::scenario(format!("there was no send {send}")))),
        Err(failure) => Some(Err(failure)),
    };
    play.clock.find(timeout_ms, look).await.unwrap_or_else(|| Ok(json!({"pending": true})))
}

/// Sends one record and waits for its outcome.
pub async fn send(play: &Play, step: &Step) -> Answer {
    let name = client(play, step)?;
    let record = record(&step.json(), step)?;
    let sends = hand_over(play, &name, vec![record], step).await?;
    outcome(play, &name, sends.start, step.timeout_ms()).await
}

/// Sends records in one go, flushes, and waits for all.
pub async fn send_many(play: &Play, step: &Step) -> Answer {
    let name = client(play, step)?;
    let records = expanded(step.need("records")?);
    let records = records.iter().map(|json| record(json, step)).collect::<Result<Vec<_>, _>>()?;
    let sends = hand_over(play, &name, records, step).await?;
    if step.flag("flush", true) {
        call(play, &name, ProducerCall::Flush)?;
    }
    let until = play.clock.now().plus_ms(step.timeout_ms());
    let mut results = Vec::new();
    for send in sends {
        let left_ms = until.since(play.clock.now()) / 1_000;
        results.push(outcome(play, &name, send, left_ms).await?);
    }
    Ok(json!({"results": results}))
}

pub async fn flush(play: &Play, step: &Step) -> Answer {
    let name = client(play, step)?;
    call(play, &name, ProducerCall::Flush)?;
    let flushed = || read(play, &name, Producer::is_idle).unwrap_or(true).then_some(());
    match play.clock.find(step.timeout_ms() + MARGIN_MS, flushed).await {
        Some(()) => Ok(ok()),
        None => Err(Failure::scenario(format!("the producer {name} is still busy"))),
    }
}

/// Waits until all is sent and the process has ended.
pub async fn close(play: &Play, step: &Step) -> Answer {
    let name = client(play, step)?;
    call(play, &name, ProducerCall::Close)?;
    let node = play.clock.world().client_named(&name);
    let ended = || node.is_none_or(|node| !play.clock.world().is_running(node)).then_some(());
    let closed = play.clock.find(step.timeout_ms(), ended).await;
    if let (None, Some(node)) = (closed, node) {
        play.apply(&Command::Kill { node })?;
    }
    play.producers.borrow_mut().open.remove(&name);
    Ok(ok())
}

/// The process dies: nothing is sent any more.
pub fn abandon(play: &Play, step: &Step) -> Answer {
    let name = client(play, step)?;
    let node: Option<NodeId> = play.clock.world().client_named(&name);
    if let Some(node) = node {
        play.apply(&Command::Kill { node })?;
    }
    play.producers.borrow_mut().open.remove(&name);
    Ok(ok())
}

//! Waiting until the cluster is in a certain state. `what` names a value, which is read again and again until it fits.

use std::collections::BTreeSet;
use std::rc::Rc;

use glassbroker::kafka::ids::{BrokerId, NodeId};
use glassbroker::kafka::protocol::fetch::IsolationLevel;
use glassbroker::kafka::protocol::list_offsets::OffsetSpec;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Failure, ok};
use super::offsets::Asker;
use super::play::{Play, answer};
use super::trace::{Step, plain};
use super::{cluster, consumers, groups, offsets, view};

pub async fn wait(play: &Rc<Play>, step: &Step) -> Answer {
    let mut last = Value::Null;
    let mut failure = None;
    let fulfilled = play
        .clock
        .until(step.timeout_ms(), async || match value(play, step).await {
            Ok(value) => {
                last = value.clone().unwrap_or(Value::Null);
                value.is_some_and(|value| fits(step, &value))
            }
            // What cannot be told at the moment is asked again.
            Err(Failure::Kafka { .. }) => {
                last = Value::Null;
                false
            }
            Err(other) => {
                failure = Some(other);
                true
            }
        })
        .await;
    match failure {
        Some(failure) => Err(failure),
        None if fulfilled => Ok(ok()),
        None => Ok(json!({"ok": false, "last": last})),
    }
}

fn fits(step: &Step, value: &Value) -> bool {
    let number = |value: &Value| value.as_i64().unwrap_or(0);
    if let Some(unwanted) = step.get("not") {
        return !same(unwanted, value);
    }
    if let Some(bound) = step.get("above") {
        return number(value) > number(bound);
    }
    if let Some(bound) = step.get("at_least") {
        return number(value) >= number(bound);
    }
    if let Ok(wanted) = step.need("equals") {
        return same(wanted, value);
    }
    value.as_bool().unwrap_or(!value.is_null())
}

/// Lists are sets here.
fn same(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Array(left), Value::Array(right)) => {
            let set = |list: &[Value]| list.iter().map(Value::to_string).collect::<BTreeSet<String>>();
            set(left) == set(right)
        }
        _ => wanted == value,
    }
}

/// The value as it is now; None if it cannot be told at the moment.
async fn value(play: &Rc<Play>, step: &Step) -> Result<Option<Value>, Failure> {
    let what = step.text("what")?;
    Ok(match what.as_str() {
        "leader" | "leader_epoch" | "isr" | "elr" | "last_known_elr" | "replicas" => {
            partition(play, step)?.and_then(|partition| partition.get(&what).cloned())
        }
        "topic" => {
            let view = view::agreed_topic(&play.clock.world(), &step.text("topic")?);
            view.map(|view| json!(view.get("partitions").is_some()))
        }
        "registered" => alive(play, step)?.map(|alive| json!(alive)),
        "fenced" => alive(play, step)?.map(|alive| json!(!alive)),
        "controller" => cluster::describe_quorum(play)?.get("leader").cloned(),
        "high_watermark" | "log_start" | "lso" | "log_end" => offset(play, step, &what).await?,
        "caught_up" => caught_up(play, step)?.map(|caught_up| json!(caught_up)),
        "group_state" => Some(json!(groups::find(play, &step.text("group")?).await?.group_state)),
        "group_members" => Some(json!(groups::find(play, &step.text("group")?).await?.members.len())),
        "assignments" => assignments(play, step)?,
        "committed" => {
            let offsets = groups::committed(play, &step.text("group")?).await?;
            let offset = offsets.get(&step.topic_partition()?.to_string()).cloned().flatten();
            offset.map(|offset| json!(offset.offset))
        }
        "answer" => {
            let found = answer(play.clone(), Step::of(step.need("of")?)?).await?;
            found.pointer(&step.text_or("at", "")).cloned()
        }
        other => return Err(Failure::NotYet(format!("awaiting {other}"))),
    })
}

fn partition(play: &Play, step: &Step) -> Result<Option<Value>, Failure> {
    let topic = step.text("topic")?;
    let world = play.clock.world();
    let view = match step.get("node").and_then(Value::as_i64) {
        Some(id) => view::image(&world, play.broker(id)?).map(|image| view::describe(&image, &topic)),
        None => view::agreed_topic(&world, &topic),
    };
    Ok(view.and_then(|view| view.get("partitions")?.get(step.number_or("partition", 0) as usize).cloned()))
}

fn alive(play: &Play, step: &Step) -> Result<Option<bool>, Failure> {
    let node = BrokerId(step.number("node")? as i32);
    Ok(view::agreed_alive(&play.clock.world()).map(|alive| alive.contains(&node)))
}

/// Of one replica (by default the leader) for what only brokers know, else of the leader by request.
async fn offset(play: &Play, step: &Step, what: &str) -> Result<Option<Value>, Failure> {
    let topic_partition = step.topic_partition()?;
    if step.get("node").is_some() || what == "log_end" {
        let broker = match step.get("node").and_then(Value::as_i64) {
            Some(id) => Some(play.broker(id)?),
            None => partition(play, step)?.as_ref().and_then(leader),
        };
        let world = play.clock.world();
        let found = broker.and_then(|broker| view::replica_offsets(&world, broker, &topic_partition));
        return Ok(found.map(|found| match what {
            "high_watermark" => json!(found.high_watermark),
            "log_start" => json!(found.log_start),
            "lso" => json!(found.last_stable),
            _ => json!(found.log_end),
        }));
    }
    let spec = if what == "log_start" { OffsetSpec::Earliest } else { OffsetSpec::Latest };
    let isolation = if what == "lso" { IsolationLevel::ReadCommitted } else { IsolationLevel::ReadUncommitted };
    let found =
        offsets::look_up(play, step.timeout_ms(), &topic_partition, spec, isolation, Asker::Administrator).await?;
    Ok(Some(json!(found.offset)))
}

fn leader(partition: &Value) -> Option<BrokerId> {
    let id = partition.get("leader").and_then(Value::as_i64).filter(|id| *id >= 0)?;
    Some(BrokerId(id as i32))
}

/// Whether all running replicas have the leader's log end, and know that it is committed.
fn caught_up(play: &Play, step: &Step) -> Result<Option<bool>, Failure> {
    let topic_partition = step.topic_partition()?;
    let Some(partition) = partition(play, step)? else { return Ok(None) };
    let world = play.clock.world();
    let Some(of_leader) = leader(&partition).and_then(|id| view::replica_offsets(&world, id, &topic_partition)) else {
        return Ok(None);
    };
    let replicas = partition.get("replicas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64);
    let mut same = of_leader.high_watermark == of_leader.log_end;
    for broker in replicas.map(|id| BrokerId(id as i32)) {
        if same && world.is_running(NodeId::Broker(broker)) {
            let Some(found) = view::replica_offsets(&world, broker, &topic_partition) else { return Ok(None) };
            same = found.log_end == of_leader.log_end && found.high_watermark == of_leader.high_watermark;
        }
    }
    Ok(Some(same))
}

/// Of the clients named in `equals`, as they themselves believe, in the order in which `equals` has the partitions.
fn assignments(play: &Play, step: &Step) -> Result<Option<Value>, Failure> {
    let mut found = Map::new();
    for (client, wanted) in step.need("equals")?.as_object().into_iter().flatten() {
        let own = consumers::assigned(play, client)?;
        let wanted: Vec<String> = wanted.as_array().into_iter().flatten().map(plain).collect();
        let same = own.iter().collect::<BTreeSet<_>>() == wanted.iter().collect::<BTreeSet<_>>();
        found.insert(client.clone(), if same { json!(wanted) } else { json!(own) });
    }
    Ok(Some(Value::Object(found)))
}

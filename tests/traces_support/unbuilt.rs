//! What a trace may use that the simulator cannot do yet. Decided by the trace's steps and configuration alone.

use serde_json::Value;

use super::messages;
use super::trace::{Trace, plain};

/// Why the trace cannot be played; None: it can.
pub fn reason(trace: &Trace) -> Option<String> {
    feature(trace).or_else(|| server_config(trace)).or_else(|| trace.steps.iter().find_map(step))
}

fn feature(trace: &Trace) -> Option<String> {
    let unknown = trace.features.iter().find(|(name, _)| name != "eligible.leader.replicas.version");
    unknown.map(|(name, level)| format!("the feature level {name}={level}"))
}

fn server_config(trace: &Trace) -> Option<String> {
    let of_brokers = trace.spec.brokers.iter().flat_map(|broker| broker.config.iter());
    trace.spec.config.iter().chain(of_brokers).find_map(|(name, _)| server_property(name))
}

/// Server properties that set something in motion which is not built. Others only tune what is there, or what no step
/// uses.
fn server_property(name: &str) -> Option<String> {
    let what = match name {
        "offsets.retention.check.interval.ms" => "expiry of committed offsets",
        _ => return None,
    };
    Some(format!("{what} ({name})"))
}

fn step(step: &Value) -> Option<String> {
    let text = |field: &str| step.get(field).and_then(Value::as_str).unwrap_or_default();
    let verb = text("do");
    let what = match verb {
        "init_transactions"
        | "begin"
        | "abort"
        | "send_offsets"
        | "describe_transaction"
        | "list_transactions"
        | "abort_transaction"
        | "fence_producers"
        | "read_transaction_log" => Some("transactions"),
        _ if verb.starts_with("share_") || verb.contains("_share_group") => Some("share groups"),
        "tool" => Some("the command-line tools"),
        "producer_open" => return producer(step),
        "consumer_open" => return consumer(step),
        "subscribe" if step.get("topics").is_none() => Some("subscriptions by pattern"),
        "alter_config" => return alter_config(step),
        "request" => return request(step),
        "raw_produce" => return raw_produce(step),
        "await" => return awaited(step),
        _ => None,
    };
    what.map(|what| format!("{what} ({verb})"))
}

fn setting<'a>(step: &'a Value, name: &str) -> Option<&'a Value> {
    step.get("config").and_then(|config| config.get(name))
}

fn producer(step: &Value) -> Option<String> {
    if setting(step, "transactional.id").is_some() {
        return Some("transactions (transactional.id)".into());
    }
    None
}

fn consumer(step: &Value) -> Option<String> {
    if step.get("protocol").is_some_and(|protocol| protocol != "classic")
        || setting(step, "group.protocol").is_some_and(|protocol| protocol != "classic")
    {
        return Some("the group protocol of KIP-848".into());
    }
    let assignors = setting(step, "partition.assignment.strategy").map(plain)?;
    let other = assignors.split(',').map(str::trim).find(|name| !name.ends_with("RangeAssignor") && *name != "range");
    other.map(|name| format!("the assignor {}", name.rsplit('.').next().unwrap_or(name)))
}

fn alter_config(step: &Value) -> Option<String> {
    step.get("group").map(|_| "settings of groups".into())
}

fn request(step: &Value) -> Option<String> {
    let api = step.get("api").and_then(Value::as_str).unwrap_or_default();
    if messages::find(api, step.get("version").and_then(Value::as_i64)).is_err() {
        return Some(format!("the request {api}, as a message of its own"));
    }
    let transactional = step.pointer("/body/transactionalId").is_some_and(|id| !id.is_null());
    transactional.then(|| format!("transactions ({api})"))
}

fn raw_produce(step: &Value) -> Option<String> {
    if step.get("transactional_id").is_some_and(|id| !id.is_null()) {
        return Some("transactions (transactional_id)".into());
    }
    let batches = step.get("batches").and_then(Value::as_array)?;
    batches.iter().find_map(|batch| {
        let is_set = |field: &str| batch.get(field).and_then(Value::as_bool) == Some(true);
        if is_set("transactional") || is_set("control") {
            return Some("transactions (raw_produce)".into());
        }
        if batch.get("magic").is_some_and(|magic| magic.as_i64().is_some_and(|magic| magic < 2)) {
            return Some("message formats before magic 2".into());
        }
        None
    })
}

fn awaited(await_step: &Value) -> Option<String> {
    match await_step.get("what").and_then(Value::as_str) {
        Some("transaction_state") => Some("transactions (await)".into()),
        Some("answer") => step(await_step.get("of")?),
        _ => None,
    }
}

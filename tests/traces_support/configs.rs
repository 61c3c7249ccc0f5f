//! Dynamic configuration by the administrator's client.

use glassbroker::kafka::config::TopicConfig;
use glassbroker::kafka::ids::BrokerId;
use glassbroker::kafka::protocol::admin::{ConfigOperation, ConfigResource, IncrementalAlterConfigsRequest};
use glassbroker::kafka::protocol::{ErrorCode, Response};
use serde_json::{Map, Value, json};

use super::admin::{Attempt, ask_any, retry};
use super::answer::{Answer, Failure, ok};
use super::play::Play;
use super::trace::{Step, plain};
use super::view;

/// After a change, so that brokers have acted on it.
const SETTLE_MS: u64 = 100;

fn resource(step: &Step) -> Result<ConfigResource, Failure> {
    if step.get("topic").is_some() {
        return Ok(ConfigResource::Topic(step.text("topic")?.into()));
    }
    if step.get("group").is_some() {
        return Ok(ConfigResource::Group(step.text("group")?));
    }
    let broker = step.text("broker")?;
    match broker.as_str() {
        "" => Ok(ConfigResource::Broker(None)),
        id => match id.parse() {
            Ok(id) => Ok(ConfigResource::Broker(Some(BrokerId(id)))),
            Err(_) => Err(Failure::scenario(format!("no broker: {id}"))),
        },
    }
}

pub async fn alter_config(play: &Play, step: &Step) -> Answer {
    let resource = resource(step)?;
    let mut operations = Vec::new();
    let mut add = |field: &str, operation: fn(String) -> ConfigOperation| {
        for (name, value) in step.get(field).and_then(Value::as_object).into_iter().flatten() {
            operations.push((name.clone(), operation(plain(value))));
        }
    };
    add("set", ConfigOperation::Set);
    add("append", ConfigOperation::Append);
    add("subtract", ConfigOperation::Subtract);
    operations.extend(step.texts("delete").into_iter().map(|name| (name, ConfigOperation::Delete)));
    let validate_only = step.flag("validate_only", false);
    let request = IncrementalAlterConfigsRequest { resources: vec![(resource.clone(), operations)], validate_only };
    retry(play, step.timeout_ms(), async |left_ms| {
        let Some(Response::IncrementalAlterConfigs(response)) = ask_any(play, left_ms, request.clone()).await else {
            return Ok(Attempt::Again);
        };
        match response.resources.first() {
            Some((_, ErrorCode::None, _)) => Ok(Attempt::Done(())),
            Some((_, ErrorCode::NotController, _)) | None => Ok(Attempt::Again),
            Some((_, error, _)) => Err((*error).into()),
        }
    })
    .await?;
    if matches!(resource, ConfigResource::Topic(_)) && !validate_only {
        let wanted = step.get("set").cloned().unwrap_or(Value::Null);
        let look = async || seen_everywhere(play, &resource, &wanted);
        play.clock.until(step.timeout_ms(), look).await;
    }
    play.clock.sleep_ms(SETTLE_MS).await;
    Ok(ok())
}

fn seen_everywhere(play: &Play, resource: &ConfigResource, wanted: &Value) -> bool {
    let world = play.clock.world();
    view::running_brokers(&world).into_iter().all(|broker| {
        let image = view::image(&world, broker);
        let configs = image.as_ref().and_then(|image| image.configs.get(resource));
        let mut wanted = wanted.as_object().into_iter().flatten();
        wanted.all(|(name, value)| configs.and_then(|configs| configs.get(name)) == Some(&plain(value)))
    })
}

/// The keys asked for, or all that do not have Kafka's default, with the place their values come from.
pub fn describe_config(play: &Play, step: &Step) -> Answer {
    let resource = resource(step)?;
    let world = play.clock.world();
    let of_broker = match &resource {
        ConfigResource::Broker(Some(id)) => Some(*id),
        _ => view::running_brokers(&world).into_iter().next(),
    };
    let broker = of_broker.and_then(|id| world.broker(id)).ok_or(Failure::exception("TimeoutException"))?;
    let image = broker.image();
    if let ConfigResource::Topic(name) = &resource
        && image.topic(name).is_none()
    {
        return Err(ErrorCode::UnknownTopicOrPartition.into());
    }
    let keys = step.texts("keys");
    let mut configs = Map::new();
    for entry in TopicConfig::default().entries() {
        let own = image.configs.get(&resource).and_then(|configs| configs.get(entry.name));
        let synonyms = broker_synonyms(entry.name);
        let dynamic = |of| {
            let configs = image.configs.get(&ConfigResource::Broker(of))?;
            synonyms.iter().find_map(|(name, scale)| Some((configs.get(*name)?.as_str(), *scale)))
        };
        let fixed =
            synonyms.iter().find_map(|(name, scale)| Some((broker.setup.properties.get(*name)?.as_str(), *scale)));
        let scaled = |(value, scale): (&str, i64)| scale_by(value, scale);
        let (value, source) = match (own, dynamic(of_broker), dynamic(None), fixed) {
            (Some(own), ..) if matches!(resource, ConfigResource::Topic(_)) => (own.clone(), "DYNAMIC_TOPIC_CONFIG"),
            (_, Some(value), ..) => (scaled(value), "DYNAMIC_BROKER_CONFIG"),
            (_, _, Some(value), _) => (scaled(value), "DYNAMIC_DEFAULT_BROKER_CONFIG"),
            (_, _, _, Some(value)) => (scaled(value), "STATIC_BROKER_CONFIG"),
            _ => (entry.default, "DEFAULT_CONFIG"),
        };
        if if keys.is_empty() { source != "DEFAULT_CONFIG" } else { keys.iter().any(|key| key == entry.name) } {
            configs.insert(entry.name.into(), json!({"value": value, "source": source}));
        }
    }
    if let Some(unknown) = keys.iter().find(|key| !configs.contains_key(*key)) {
        return Err(Failure::NotYet(format!("the setting {unknown}")));
    }
    Ok(json!({"configs": configs}))
}

/// Server properties that give a topic's setting its default, best first, each with the milliseconds of its unit.
fn broker_synonyms(topic_setting: &str) -> Vec<(&'static str, i64)> {
    match topic_setting {
        "cleanup.policy" => vec![("log.cleanup.policy", 1)],
        "compression.type" => vec![("compression.type", 1)],
        "delete.retention.ms" => vec![("log.cleaner.delete.retention.ms", 1)],
        "file.delete.delay.ms" => vec![("log.segment.delete.delay.ms", 1)],
        "index.interval.bytes" => vec![("log.index.interval.bytes", 1)],
        "max.message.bytes" => vec![("message.max.bytes", 1)],
        "message.timestamp.after.max.ms" => vec![("log.message.timestamp.after.max.ms", 1)],
        "message.timestamp.before.max.ms" => vec![("log.message.timestamp.before.max.ms", 1)],
        "message.timestamp.type" => vec![("log.message.timestamp.type", 1)],
        "min.cleanable.dirty.ratio" => vec![("log.cleaner.min.cleanable.ratio", 1)],
        "min.insync.replicas" => vec![("min.insync.replicas", 1)],
        "retention.bytes" => vec![("log.retention.bytes", 1)],
        "retention.ms" => {
            vec![("log.retention.ms", 1), ("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000)]
        }
        "segment.bytes" => vec![("log.segment.bytes", 1)],
        "segment.index.bytes" => vec![("log.index.size.max.bytes", 1)],
        "segment.ms" => vec![("log.roll.ms", 1), ("log.roll.hours", 3_600_000)],
        "unclean.leader.election.enable" => vec![("unclean.leader.election.enable", 1)],
        _ => Vec::new(),
    }
}

fn scale_by(value: &str, scale: i64) -> String {
    value.parse::<i64>().map_or_else(|_| value.into(), |number| (number * scale).to_string())
}

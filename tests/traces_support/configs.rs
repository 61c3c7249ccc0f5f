//! Dynamic configuration by the administrator's client.

use glassbroker::kafka::broker::describe_configs::{ConfigSource, DescribedConfig, describe_broker, describe_topic};
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
    let described = match &resource {
        ConfigResource::Topic(name) => describe_topic(name, image, &broker.setup),
        ConfigResource::Broker(of) => describe_broker(*of, image, &broker.setup),
        ConfigResource::Group(_) => return Err(Failure::NotYet("settings of groups".into())),
    };
    let keys = step.texts("keys");
    if let (Some(unknown), ConfigResource::Broker(Some(_))) =
        (keys.iter().find(|key| !described.contains_key(*key)), &resource)
    {
        return Err(Failure::NotYet(format!("the setting {unknown}")));
    }
    let is_wanted = |name: &String, found: &DescribedConfig| match keys.is_empty() {
        true => found.source != ConfigSource::Default,
        false => keys.contains(name),
    };
    let configs: Map<String, Value> = described
        .into_iter()
        .filter(|(name, found)| is_wanted(name, found))
        .map(|(name, found)| (name, json!({"value": found.value, "source": found.source.name()})))
        .collect();
    Ok(json!({"configs": configs}))
}

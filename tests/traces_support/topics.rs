//! Topics and partitions by the administrator's client.

use std::collections::BTreeMap;

use glassbroker::kafka::ids::BrokerId;
use glassbroker::kafka::protocol::admin::{
    CreatableTopic, CreatePartitionsRequest, CreatePartitionsTopic, CreateTopicsRequest, DeleteTopicsRequest,
    ElectLeadersRequest, ElectionType,
};
use glassbroker::kafka::protocol::metadata::{MetadataRequest, TopicsAsked};
use glassbroker::kafka::protocol::{ErrorCode, Response};
use serde_json::{Map, Value, json};

use super::admin::{Attempt, ask_any, retry};
use super::answer::{Answer, Failure, ok, outcome};
use super::play::Play;
use super::trace::{Step, plain};
use super::{consumers, view};

fn brokers(json: &Value) -> Vec<BrokerId> {
    json.as_array().into_iter().flatten().filter_map(Value::as_i64).map(|id| BrokerId(id as i32)).collect()
}

/// Errors after which the administrator's client asks again.
fn may_pass(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::NotController | ErrorCode::ThrottlingQuotaExceeded)
}

/// Brokers learn of a change a little later than the controller answers.
async fn await_everywhere(play: &Play, step: &Step, topic: &str, seen: impl Fn(&Value) -> bool) {
    let look = async || view::agreed_topic(&play.clock.world(), topic).is_some_and(|view| seen(&view));
    play.clock.until(step.timeout_ms(), look).await;
}

fn partition_count(view: &Value) -> usize {
    view.get("partitions").and_then(Value::as_array).map_or(0, Vec::len)
}

pub async fn create_topic(play: &Play, step: &Step) -> Answer {
    let name = step.text("topic")?;
    if name.is_empty() {
        return Err(ErrorCode::InvalidTopicException.into());
    }
    let assignments = step.list("assignment").iter().enumerate();
    let configs = step.get("config").and_then(Value::as_object).into_iter().flatten();
    let topic = CreatableTopic {
        name: name.as_str().into(),
        num_partitions: step.number_or("partitions", -1) as i32,
        replication_factor: step.number_or("replication_factor", -1) as i16,
        assignments: assignments.map(|(partition, replicas)| (partition as i32, brokers(replicas))).collect(),
        configs: configs.map(|(name, value)| (name.clone(), (!value.is_null()).then(|| plain(value)))).collect(),
    };
    let validate_only = step.flag("validate_only", false);
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: step.timeout_ms() as u32, validate_only };
    let created = retry(play, step.timeout_ms(), async |left_ms| {
        let Some(Response::CreateTopics(response)) = ask_any(play, left_ms, request.clone()).await else {
            return Ok(Attempt::Again);
        };
        match response.topics.into_iter().next() {
            Some(topic) if topic.error.is_none() => Ok(Attempt::Done(topic)),
            Some(topic) if !may_pass(topic.error) => Err(topic.error.into()),
            _ => Ok(Attempt::Again),
        }
    })
    .await?;
    if !validate_only {
        play.names.borrow_mut().topic_id(&created.name, created.topic_id);
        let partitions = created.num_partitions as usize;
        await_everywhere(play, step, &name, |view| partition_count(view) == partitions).await;
    }
    Ok(ok())
}

pub async fn delete_topic(play: &Play, step: &Step) -> Answer {
    let name = step.text("topic")?;
    if name.is_empty() {
        return Err(ErrorCode::InvalidTopicException.into());
    }
    let request = DeleteTopicsRequest { topics: vec![name.as_str().into()] };
    retry(play, step.timeout_ms(), async |left_ms| {
        let Some(Response::DeleteTopics(response)) = ask_any(play, left_ms, request.clone()).await else {
            return Ok(Attempt::Again);
        };
        match response.topics.first() {
            Some((_, ErrorCode::None)) => Ok(Attempt::Done(())),
            Some((_, error)) if !may_pass(*error) => Err((*error).into()),
            _ => Ok(Attempt::Again),
        }
    })
    .await?;
    await_everywhere(play, step, &name, |view| view.get("error").is_some()).await;
    Ok(ok())
}

pub async fn create_partitions(play: &Play, step: &Step) -> Answer {
    let name = step.text("topic")?;
    let count = step.number("count")?;
    let topic = CreatePartitionsTopic {
        name: name.as_str().into(),
        count: count as i32,
        assignments: step.get("assignment").map(|_| step.list("assignment").iter().map(brokers).collect()),
    };
    let request = CreatePartitionsRequest { topics: vec![topic], validate_only: false };
    retry(play, step.timeout_ms(), async |left_ms| {
        let Some(Response::CreatePartitions(response)) = ask_any(play, left_ms, request.clone()).await else {
            return Ok(Attempt::Again);
        };
        match response.topics.first() {
            Some((_, ErrorCode::None, _)) => Ok(Attempt::Done(())),
            Some((_, error, _)) if !may_pass(*error) => Err((*error).into()),
            _ => Ok(Attempt::Again),
        }
    })
    .await?;
    await_everywhere(play, step, &name, |view| partition_count(view) == count as usize).await;
    Ok(ok())
}

pub fn list_topics(play: &Play) -> Answer {
    let world = play.clock.world();
    let broker = view::running_brokers(&world).into_iter().next();
    let image = broker.and_then(|id| view::image(&world, id)).ok_or(Failure::exception("TimeoutException"))?;
    let names: Vec<_> = image.topics.keys().filter(|name| !name.starts_with("__")).collect();
    Ok(json!({"topics": names}))
}

/// As all running brokers see it, once they agree; or as one of them sees it.
/// As a client's `partitionsFor()` tells it, which may create the topic.
pub async fn partitions_for(play: &Play, step: &Step) -> Answer {
    let topic = step.text("topic")?;
    let allow = consumers::may_create_topics(play, &step.text("client")?).unwrap_or(true);
    let found = retry(play, step.timeout_ms(), async |left_ms| {
        let topics = TopicsAsked::Named(vec![topic.as_str().into()]);
        let request = MetadataRequest { topics, allow_auto_topic_creation: allow };
        let Some(Response::Metadata(response)) = ask_any(play, left_ms, request).await else {
            return Ok(Attempt::Again);
        };
        match response.topics.into_iter().next() {
            Some(topic) if topic.error.is_none() => Ok(Attempt::Done(topic)),
            Some(topic) if !topic.error.is_retriable() => Err(topic.error.into()),
            _ => Ok(Attempt::Again),
        }
    });
    let partitions = found.await?.partitions.into_iter().map(|partition| {
        let mut isr = partition.isr;
        isr.sort();
        json!({
            "partition": partition.partition,
            "leader": partition.leader.map_or(-1, |leader| leader.0),
            "replicas": partition.replicas,
            "isr": isr,
            "offline": partition.offline_replicas,
        })
    });
    Ok(json!({"partitions": partitions.collect::<Vec<_>>()}))
}

pub async fn describe_topic(play: &Play, step: &Step) -> Answer {
    let topic = step.text("topic")?;
    if step.get("node").is_some() {
        let world = play.clock.world();
        let image = view::image(&world, play.broker(step.number("node")?)?);
        return image.map(|image| view::describe(&image, &topic)).ok_or(Failure::exception("ConnectException"));
    }
    let look = || view::agreed_topic(&play.clock.world(), &topic);
    let found = play.clock.find(step.timeout_ms(), look).await;
    found.ok_or_else(|| Failure::scenario(format!("the brokers do not agree on {topic}")))
}

pub async fn elect_leaders(play: &Play, step: &Step) -> Answer {
    let election_type = match step.text_or("type", "preferred").as_str() {
        "preferred" => ElectionType::Preferred,
        "unclean" => ElectionType::Unclean,
        other => return Err(Failure::scenario(format!("no such election: {other}"))),
    };
    let partitions = if step.flag("all", false) { None } else { Some(step.topic_partitions()?) };
    let request = ElectLeadersRequest { election_type, partitions };
    let elected = retry(play, step.timeout_ms(), async |left_ms| {
        let Some(Response::ElectLeaders(response)) = ask_any(play, left_ms, request.clone()).await else {
            return Ok(Attempt::Again);
        };
        match response.error {
            ErrorCode::None => Ok(Attempt::Done(response.partitions)),
            error if may_pass(error) => Ok(Attempt::Again),
            error => Err(error.into()),
        }
    })
    .await?;
    let by_name: BTreeMap<String, ErrorCode> =
        elected.into_iter().map(|(partition, error)| (partition.to_string(), error)).collect();
    let outcomes: Map<String, Value> = by_name.into_iter().map(|(name, error)| (name, outcome(error))).collect();
    Ok(Value::Object(outcomes))
}

//! Where a consumer stands, what it commits, and where the logs that it reads begin and end.

use glassbroker::kafka::client::call::ConsumerCall;
use glassbroker::kafka::client::consumer::Consumer;
use glassbroker::kafka::protocol::ErrorCode;
use glassbroker::kafka::protocol::fetch::IsolationLevel;
use glassbroker::kafka::protocol::list_offsets::OffsetSpec;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Failure, error_name, ok};
use super::consumers::{Client, call, check_assigned, client, group_of, read, use_alone};
use super::groups::{self, offset_json};
use super::offsets::{Asker, look_up};
use super::play::Play;
use super::trace::{Step, parse_partition};

/// Waits until the position is known.
pub async fn position(play: &Play, step: &Step) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    let partition = step.topic_partition()?;
    check_assigned(play, &using.0, std::slice::from_ref(&partition))?;
    let look = || read(play, &using.0, |consumer| consumer.position(&partition)).transpose();
    match play.clock.find(step.timeout_ms(), look).await {
        Some(offset) => Ok(json!({"offset": offset?})),
        None => Err(Failure::exception("TimeoutException")),
    }
}

/// What the group has committed, as its coordinator says.
pub async fn committed(play: &Play, step: &Step) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    let offsets = groups::committed(play, &group_of(play, &using.0)?).await?;
    let mut answer = Map::new();
    for partition in step.topic_partitions()? {
        let name = partition.to_string();
        let offset = offsets.get(&name).cloned().flatten();
        answer.insert(name, offset_json(offset.as_ref()));
    }
    Ok(json!({"offsets": answer}))
}

pub async fn commit(play: &Play, step: &Step) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    group_of(play, &using.0)?;
    let offsets = step.get("offsets").map(groups::parse_offsets).transpose()?;
    let asynchronous = step.flag("async", false);
    let number = read(play, &using.0, Consumer::next_commit)?;
    call(play, &using.0, ConsumerCall::Commit { offsets, asynchronous })?;
    let look = || {
        let result = read(play, &using.0, |consumer| {
            consumer.commit_results().iter().find(|result| result.number == number).map(|result| result.error)
        });
        result.transpose()
    };
    match play.clock.find(step.timeout_ms(), look).await.transpose()? {
        Some(ErrorCode::None) => Ok(ok()),
        Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) => {
            Err(Failure::exception("CommitFailedException"))
        }
        Some(error) if asynchronous && error.is_retriable() => Err(Failure::Kafka {
            error: "RetriableCommitFailedException".into(),
            cause: Some(error_name(error).into()),
        }),
        Some(error) => Err(error.into()),
        None if asynchronous => Ok(json!({"pending": true})),
        None => Err(Failure::exception("TimeoutException")),
    }
}

pub fn lag(play: &Play, step: &Step) -> Answer {
    let client = client(play, step)?;
    let partition = step.topic_partition()?;
    check_assigned(play, &client, std::slice::from_ref(&partition))?;
    Ok(json!({"lag": read(play, &client, |consumer| consumer.lag(&partition))?}))
}

fn asker(play: &Play, client: &Client) -> Result<Asker, Failure> {
    let may_create = read(play, client, |consumer| consumer.setup.config.allow_auto_create_topics)?;
    Ok(Asker::Consumer { may_create })
}

pub async fn offsets_for_times(play: &Play, step: &Step) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    let asker = asker(play, &using.0)?;
    let mut answer = Map::new();
    for (name, timestamp) in step.need("timestamps")?.as_object().into_iter().flatten() {
        let timestamp = timestamp.as_i64().unwrap_or_default();
        if timestamp < 0 {
            return Err(Failure::exception("IllegalArgumentException"));
        }
        let spec = OffsetSpec::Timestamp(timestamp);
        let isolation = IsolationLevel::ReadUncommitted;
        let found = look_up(play, step.timeout_ms(), &parse_partition(name)?, spec, isolation, asker).await?;
        let epoch = found.leader_epoch.map_or(-1, |epoch| epoch.0);
        let json = json!({"offset": found.offset, "timestamp": found.timestamp, "leader_epoch": epoch});
        answer.insert(name.clone(), if found.offset < 0 { Value::Null } else { json });
    }
    Ok(Value::Object(answer))
}

/// First offsets, or last ones.
pub async fn log_ends(play: &Play, step: &Step, is_beginning: bool) -> Answer {
    let using = use_alone(play, client(play, step)?).await;
    let asker = asker(play, &using.0)?;
    let spec = if is_beginning { OffsetSpec::Earliest } else { OffsetSpec::Latest };
    let mut answer = Map::new();
    for partition in step.topic_partitions()? {
        let isolation = IsolationLevel::ReadUncommitted;
        let found = look_up(play, step.timeout_ms(), &partition, spec, isolation, asker).await?;
        answer.insert(partition.to_string(), json!(found.offset));
    }
    Ok(Value::Object(answer))
}

//! Offsets of partitions by the administrator's client.

use glassbroker::kafka::ids::{NodeId, TopicPartition};
use glassbroker::kafka::protocol::admin::DeleteRecordsRequest;
use glassbroker::kafka::protocol::fetch::{Fetcher, IsolationLevel};
use glassbroker::kafka::protocol::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, OffsetSpec,
};
use glassbroker::kafka::protocol::{ErrorCode, Response};
use serde_json::{Value, json};

use super::admin::{Attempt, exchange, leader, retry};
use super::answer::{Answer, Failure};
use super::play::Play;
use super::trace::{Step, plain};
use super::view;

/// `delete_records` takes the administrator's own time-out, `default.api.timeout.ms`.
const DEFAULT_API_TIMEOUT_MS: u64 = 60_000;

/// Of ListOffsets, in which the administrator's client asks.
const NEWEST_VERSION: i16 = 11;

pub fn isolation(name: &str) -> IsolationLevel {
    match name {
        "read_committed" => IsolationLevel::ReadCommitted,
        _ => IsolationLevel::ReadUncommitted,
    }
}

fn spec(step: &Step) -> Result<OffsetSpec, Failure> {
    let spec = step.need("spec")?;
    if let Some(timestamp) = spec.get("timestamp").and_then(Value::as_i64) {
        return Ok(OffsetSpec::of_timestamp(timestamp, NEWEST_VERSION));
    }
    match plain(spec).as_str() {
        "earliest" => Ok(OffsetSpec::Earliest),
        "latest" => Ok(OffsetSpec::Latest),
        "max_timestamp" => Ok(OffsetSpec::MaxTimestamp),
        other => Err(Failure::NotYet(format!("the offset {other}"))),
    }
}

/// Who asks for offsets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Gives up at once if there is no such topic, unless its client has found the leader before.
    Administrator,
    /// Waits for a topic that is not there, and may even create it.
    Consumer { may_create: bool },
}

/// Asks the leader, wherever it is.
pub async fn look_up(
    play: &Play,
    timeout_ms: u64,
    partition: &TopicPartition,
    spec: OffsetSpec,
    isolation: IsolationLevel,
    asker: Asker,
) -> Result<ListOffsetsPartitionResponse, Failure> {
    let asked = ListOffsetsPartition { topic_partition: partition.clone(), current_leader_epoch: None, spec };
    let request = ListOffsetsRequest { fetcher: Fetcher::Consumer, isolation, partitions: vec![asked] };
    retry(play, timeout_ms, async |left_ms| {
        let (tolerates_unknown, may_create) = match asker {
            Asker::Administrator => (play.known_leaders.borrow().contains(partition), false),
            Asker::Consumer { may_create } => (true, may_create),
        };
        let found = leader(play, left_ms, partition, tolerates_unknown, may_create).await?;
        let Some(leader) = found else { return Ok(Attempt::Again) };
        if asker == Asker::Administrator {
            play.known_leaders.borrow_mut().insert(partition.clone());
        }
        let to = NodeId::Broker(leader);
        let Some(Response::ListOffsets(response)) = exchange(play, to, left_ms, request.clone().into()).await else {
            return Ok(Attempt::Again);
        };
        match response.partitions.into_iter().next() {
            Some(found) if found.error.is_none() => Ok(Attempt::Done(found)),
            Some(found) if !found.error.is_retriable() => Err(found.error.into()),
            _ => Ok(Attempt::Again),
        }
    })
    .await
}

pub async fn list_offsets(play: &Play, step: &Step) -> Answer {
    let isolation = isolation(&step.text_or("isolation", "read_uncommitted"));
    let found =
        look_up(play, step.timeout_ms(), &step.topic_partition()?, spec(step)?, isolation, Asker::Administrator)
            .await?;
    let mut answer = json!({"offset": found.offset, "timestamp": found.timestamp});
    if let Some(epoch) = found.leader_epoch {
        answer["leader_epoch"] = json!(epoch);
    }
    Ok(answer)
}

pub async fn delete_records(play: &Play, step: &Step) -> Answer {
    let partition = step.topic_partition()?;
    let request = DeleteRecordsRequest {
        partitions: vec![(partition.clone(), step.number("before_offset")?)],
        timeout_ms: DEFAULT_API_TIMEOUT_MS as u32,
    };
    let low_watermark = retry(play, DEFAULT_API_TIMEOUT_MS, async |left_ms| {
        let Some(leader) = leader(play, left_ms, &partition, true, false).await? else { return Ok(Attempt::Again) };
        let to = NodeId::Broker(leader);
        let Some(Response::DeleteRecords(response)) = exchange(play, to, left_ms, request.clone().into()).await else {
            return Ok(Attempt::Again);
        };
        match response.partitions.first() {
            Some((_, low_watermark, ErrorCode::None)) => Ok(Attempt::Done(*low_watermark)),
            Some((_, _, error)) if !error.is_retriable() => Err((*error).into()),
            _ => Ok(Attempt::Again),
        }
    })
    .await?;
    Ok(json!({"low_watermark": low_watermark}))
}

/// How many records each partition got, largest first, without saying which partition: that choice is random.
pub async fn partition_spread(play: &Play, step: &Step) -> Answer {
    let topic = step.text("topic")?;
    let view = view::agreed_topic(&play.clock.world(), &topic);
    let view = view.ok_or_else(|| Failure::scenario(format!("the brokers do not agree on {topic}")))?;
    let mut counts = Vec::new();
    for number in 0..view.get("partitions").and_then(Value::as_array).map_or(0, Vec::len) {
        let partition = TopicPartition::new(topic.as_str(), number as i32);
        let isolation = IsolationLevel::ReadUncommitted;
        let (spec, asker) = (OffsetSpec::Latest, Asker::Administrator);
        counts.push(look_up(play, step.timeout_ms(), &partition, spec, isolation, asker).await?.offset);
    }
    counts.sort_unstable_by(|left, right| right.cmp(left));
    Ok(json!({"records": counts}))
}

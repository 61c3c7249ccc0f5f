//! Consumer groups by the administrator's client.

use std::collections::BTreeMap;

use glassbroker::kafka::ids::{LeaderEpoch, NodeId, TopicPartition};
use glassbroker::kafka::protocol::group::{DescribeGroupsRequest, DescribedGroup};
use glassbroker::kafka::protocol::offsets::{OffsetAndMetadata, OffsetCommitRequest, OffsetFetchRequest};
use glassbroker::kafka::protocol::{ErrorCode, Request, Response};
use serde_json::{Map, Value, json};

use super::admin::{Attempt, coordinator, exchange, retry};
use super::answer::{Answer, Failure, outcome};
use super::play::Play;
use super::trace::{Step, parse_partition, plain};

/// These verbs take the administrator's own time-out, `default.api.timeout.ms`.
const DEFAULT_API_TIMEOUT_MS: u64 = 60_000;

/// Asks a group's coordinator until `read` is content; None from `read`: ask again.
pub async fn ask_coordinator<T>(
    play: &Play,
    group: &str,
    request: Request,
    read: impl Fn(Response) -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    retry(play, DEFAULT_API_TIMEOUT_MS, async |left_ms| {
        let Some(broker) = coordinator(play, left_ms, group).await? else { return Ok(Attempt::Again) };
        match exchange(play, NodeId::Broker(broker), left_ms, request.clone()).await.map(&read).transpose()?.flatten() {
            Some(found) => Ok(Attempt::Done(found)),
            None => Ok(Attempt::Again),
        }
    })
    .await
}

/// Errors after which the coordinator is asked, or looked for, again.
pub fn may_pass(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::CoordinatorLoadInProgress | ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator
    )
}

pub async fn find(play: &Play, group: &str) -> Result<DescribedGroup, Failure> {
    let request = DescribeGroupsRequest { groups: vec![group.into()] };
    ask_coordinator(play, group, request.into(), |response| match response {
        Response::DescribeGroups(response) => match response.groups.into_iter().next() {
            Some(found) if found.error.is_none() => Ok(Some(found)),
            Some(found) if !may_pass(found.error) => Err(found.error.into()),
            _ => Ok(None),
        },
        _ => Ok(None),
    })
    .await
}

pub async fn describe_group(play: &Play, step: &Step) -> Answer {
    let group = step.text("group")?;
    let found = find(play, &group).await?;
    let mut members: Vec<_> = found.members.iter().collect();
    members.sort_by_key(|member| (&member.client_id, &member.group_instance_id));
    let members = members.into_iter().map(|member| {
        let mut json = json!({
            "client_id": member.client_id,
            "assignment": partition_names(&member.assignment.partitions),
        });
        if let Some(id) = &member.group_instance_id {
            json["instance_id"] = json!(id);
        }
        json
    });
    let mut answer = json!({
        "state": found.group_state,
        "type": "Classic",
        "assignor": found.protocol_data,
        "members": members.collect::<Vec<_>>(),
    });
    if step.flag("coordinator", false) {
        let broker = coordinator(play, step.timeout_ms(), &group).await?;
        answer["coordinator"] = json!(broker.map_or(-1, |broker| broker.0));
    }
    Ok(answer)
}

/// Partitions by name, in the order of their names.
pub fn partition_names(partitions: &[TopicPartition]) -> Vec<String> {
    let mut names: Vec<String> = partitions.iter().map(TopicPartition::to_string).collect();
    names.sort();
    names
}

pub fn offset_json(offset: Option<&OffsetAndMetadata>) -> Value {
    let Some(offset) = offset else { return Value::Null };
    let mut json = json!({"offset": offset.offset});
    if let Some(epoch) = offset.leader_epoch {
        json["leader_epoch"] = json!(epoch);
    }
    if !offset.metadata.is_empty() {
        json["metadata"] = json!(offset.metadata);
    }
    json
}

/// All committed offsets of a group.
pub async fn committed(play: &Play, group: &str) -> Result<BTreeMap<String, Option<OffsetAndMetadata>>, Failure> {
    let request = OffsetFetchRequest { group_id: group.into(), partitions: None, require_stable: false };
    ask_coordinator(play, group, request.into(), |response| match response {
        Response::OffsetFetch(response) if response.error.is_none() => {
            let named = response.partitions.into_iter().map(|(partition, offset, _)| (partition.to_string(), offset));
            Ok(Some(named.collect()))
        }
        Response::OffsetFetch(response) if !may_pass(response.error) => Err(response.error.into()),
        _ => Ok(None),
    })
    .await
}

pub async fn list_group_offsets(play: &Play, step: &Step) -> Answer {
    let offsets = committed(play, &step.text("group")?).await?;
    let offsets: Map<String, Value> =
        offsets.iter().map(|(name, offset)| (name.clone(), offset_json(offset.as_ref()))).collect();
    Ok(json!({"offsets": offsets}))
}

/// `{"t-0": 5, "t-1": {"offset": 5, "leader_epoch": 0, "metadata": "…"}}`
pub fn parse_offsets(json: &Value) -> Result<Vec<(TopicPartition, OffsetAndMetadata)>, Failure> {
    let parse = |(name, value): (&String, &Value)| {
        let offset = match value.as_i64() {
            Some(offset) => OffsetAndMetadata { offset, leader_epoch: None, metadata: String::new() },
            None => OffsetAndMetadata {
                offset: value.get("offset").and_then(Value::as_i64).unwrap_or(-1),
                leader_epoch: value.get("leader_epoch").and_then(Value::as_i64).map(|epoch| LeaderEpoch(epoch as i32)),
                metadata: value.get("metadata").map(plain).unwrap_or_default(),
            },
        };
        // OffsetAndMetadata refuses it.
        if offset.offset < 0 {
            return Err(Failure::exception("IllegalArgumentException"));
        }
        Ok((parse_partition(name)?, offset))
    };
    json.as_object().into_iter().flatten().map(parse).collect()
}

pub async fn alter_group_offsets(play: &Play, step: &Step) -> Answer {
    let group = step.text("group")?;
    let request = OffsetCommitRequest {
        group_id: group.clone(),
        generation_id_or_member_epoch: -1,
        member_id: String::new(),
        group_instance_id: None,
        offsets: parse_offsets(step.need("offsets")?)?,
    };
    let outcomes = ask_coordinator(play, &group, request.into(), |response| match response {
        Response::OffsetCommit(response) if !response.partitions.iter().any(|(_, error)| may_pass(*error)) => {
            let outcomes = response.partitions.into_iter().map(|(name, error)| (name.to_string(), outcome(error)));
            Ok(Some(outcomes.collect::<Map<String, Value>>()))
        }
        _ => Ok(None),
    })
    .await?;
    Ok(Value::Object(outcomes))
}

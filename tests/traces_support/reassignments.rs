//! Moves of partitions by the administrator's client.

use std::collections::BTreeMap;

use glassbroker::kafka::ids::BrokerId;
use glassbroker::kafka::protocol::reassignment::{
    AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest,
};
use glassbroker::kafka::protocol::{ErrorCode, Response};
use serde_json::{Map, Value, json};

use super::admin::{Attempt, ask_any, retry};
use super::answer::{Answer, Failure, outcome};
use super::play::Play;
use super::trace::{Step, parse_partition};

/// `to`: the replicas of each partition, or null to take its move back.
pub async fn reassign(play: &Play, step: &Step) -> Answer {
    let mut partitions = Vec::new();
    for (name, target) in step.need("to")?.as_object().into_iter().flatten() {
        if target.as_array().is_some_and(Vec::is_empty) {
            // NewPartitionReassignment takes no move to nowhere.
            return Err(Failure::exception("IllegalArgumentException"));
        }
        let ids = |list: &Vec<Value>| list.iter().filter_map(Value::as_i64).map(|id| BrokerId(id as i32)).collect();
        partitions.push((parse_partition(name)?, target.as_array().map(ids)));
    }
    let request = AlterPartitionReassignmentsRequest { allow_replication_factor_change: true, partitions };
    let altered = retry(play, step.timeout_ms(), async |left_ms| {
        let Some(Response::AlterPartitionReassignments(response)) = ask_any(play, left_ms, request.clone()).await
        else {
            return Ok(Attempt::Again);
        };
        match response.error {
            ErrorCode::None => Ok(Attempt::Done(response.partitions)),
            ErrorCode::NotController => Ok(Attempt::Again),
            error => Err(error.into()),
        }
    })
    .await?;
    let by_name: BTreeMap<String, ErrorCode> =
        altered.into_iter().map(|(partition, error, _)| (partition.to_string(), error)).collect();
    let outcomes: Map<String, Value> = by_name.into_iter().map(|(name, error)| (name, outcome(error))).collect();
    Ok(Value::Object(outcomes))
}

pub async fn list(play: &Play, step: &Step) -> Answer {
    let request = ListPartitionReassignmentsRequest { partitions: None };
    let ongoing = retry(play, step.timeout_ms(), async |left_ms| {
        let Some(Response::ListPartitionReassignments(response)) = ask_any(play, left_ms, request.clone()).await else {
            return Ok(Attempt::Again);
        };
        match response.error {
            ErrorCode::None => Ok(Attempt::Done(response.partitions)),
            ErrorCode::NotController => Ok(Attempt::Again),
            error => Err(error.into()),
        }
    })
    .await?;
    let moves = ongoing.into_iter().map(|found| {
        let json = json!({
            "replicas": found.replicas,
            "adding": found.adding_replicas,
            "removing": found.removing_replicas,
        });
        (found.partition.to_string(), json)
    });
    Ok(Value::Object(moves.collect()))
}

//! What the administrator's client does with groups as a whole.

use std::collections::BTreeMap;

use glassbroker::kafka::ids::NodeId;
use glassbroker::kafka::protocol::group::{LeaveGroupRequest, LeavingMember};
use glassbroker::kafka::protocol::group_admin::{DeleteGroupsRequest, ListGroupsRequest, OffsetDeleteRequest};
use glassbroker::kafka::protocol::{ErrorCode, Response};
use serde_json::{Map, Value, json};

use super::admin::{Attempt, exchange, retry};
use super::answer::{Answer, Failure, ok, outcome};
use super::groups::{ask_coordinator, find, may_pass};
use super::play::Play;
use super::trace::Step;
use super::view;

/// The groups of all brokers, by name.
pub async fn list_groups(play: &Play, step: &Step) -> Answer {
    let brokers = view::running_brokers(&play.clock.world());
    let mut found = BTreeMap::new();
    for broker in brokers {
        let groups = retry(play, step.timeout_ms(), async |left_ms| {
            match exchange(play, NodeId::Broker(broker), left_ms, ListGroupsRequest {}.into()).await {
                Some(Response::ListGroups(response)) if response.error.is_none() => Ok(Attempt::Done(response.groups)),
                Some(Response::ListGroups(response)) if !may_pass(response.error) => Err(response.error.into()),
                _ => Ok(Attempt::Again),
            }
        });
        found.extend(groups.await?.into_iter().map(|group| (group.group_id.clone(), group)));
    }
    let groups = found.into_values().map(|group| {
        json!({
            "group": group.group_id,
            "type": "Classic",
            "protocol": group.protocol_type,
            "state": group.group_state,
        })
    });
    Ok(json!({"groups": groups.collect::<Vec<_>>()}))
}

pub async fn delete_group(play: &Play, step: &Step) -> Answer {
    let group = step.text("group")?;
    let request = DeleteGroupsRequest { groups: vec![group.clone()] };
    ask_coordinator(play, &group, request.into(), |response| match response {
        Response::DeleteGroups(response) => match response.groups.first() {
            Some((_, ErrorCode::None)) => Ok(Some(())),
            Some((_, error)) if !may_pass(*error) => Err((*error).into()),
            _ => Ok(None),
        },
        _ => Ok(None),
    })
    .await?;
    Ok(ok())
}

pub async fn delete_group_offsets(play: &Play, step: &Step) -> Answer {
    let group = step.text("group")?;
    let request = OffsetDeleteRequest { group_id: group.clone(), partitions: step.topic_partitions()? };
    let outcomes = ask_coordinator(play, &group, request.into(), |response| match response {
        Response::OffsetDelete(response) if response.error.is_none() => {
            let outcomes = response.partitions.into_iter().map(|(name, error)| (name.to_string(), outcome(error)));
            Ok(Some(outcomes.collect::<Map<String, Value>>()))
        }
        Response::OffsetDelete(response) if !may_pass(response.error) => Err(response.error.into()),
        _ => Ok(None),
    });
    Ok(Value::Object(outcomes.await?))
}

/// Static members by their instances; without any named, all members.
pub async fn remove_members(play: &Play, step: &Step) -> Answer {
    let group = step.text("group")?;
    let instances = step.texts("instance_ids");
    let members: Vec<LeavingMember> = if instances.is_empty() {
        let all = find(play, &group).await?.members.into_iter().map(|member| match member.group_instance_id {
            Some(instance) => LeavingMember { member_id: String::new(), group_instance_id: Some(instance) },
            None => LeavingMember { member_id: member.member_id, group_instance_id: None },
        });
        all.collect()
    } else {
        let named = |instance| LeavingMember { member_id: String::new(), group_instance_id: Some(instance) };
        instances.into_iter().map(named).collect()
    };
    let request = LeaveGroupRequest { group_id: group.clone(), members };
    ask_coordinator(play, &group, request.into(), |response| match response {
        Response::LeaveGroup(response) if response.error.is_none() => {
            match response.members.iter().map(|(_, error)| *error).find(|error| !error.is_none()) {
                Some(error) => Err(Failure::from(error)),
                None => Ok(Some(())),
            }
        }
        Response::LeaveGroup(response) if !may_pass(response.error) => Err(response.error.into()),
        _ => Ok(None),
    })
    .await?;
    Ok(ok())
}

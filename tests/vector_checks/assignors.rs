//! Assignors: how partitions are divided among the members of a group.

use glassbroker::kafka::sorted::SortedMap;

use glassbroker::kafka::group::assignor::{Assignment, AssignorMember, range};
use glassbroker::kafka::ids::{TopicName, TopicPartition};
use serde_json::Value;

use super::{Check, Verdict, entries, expect_equal, list, text};

pub const CLIENT_SIDE: Check = Check {
    name: "assignors, classic protocol",
    is_built: true,
    knows: |file, case| case.get("assignor").is_some() && !is_server_side(file),
    check: |_, case| match text(case, "assignor")? {
        range::NAME => {
            for (number, step) in list(case, "steps")?.iter().enumerate() {
                check_range(step).map_err(|difference| format!("step {}: {difference}", number + 1))?;
            }
            Ok(Verdict::Equal)
        }
        other => Ok(Verdict::NotYet(format!("assignor {other}"))),
    },
};

pub const SERVER_SIDE: Check = Check {
    name: "assignors, consumer protocol",
    is_built: false,
    knows: |file, case| case.get("assignor").is_some() && is_server_side(file),
    check: |_, case| Ok(Verdict::NotYet(format!("server-side assignor {}", text(case, "assignor")?))),
};

/// Files with the assignors that run on the broker (KIP-848) say how to check `uniform`, which only those have.
fn is_server_side(file: &Value) -> bool {
    file.pointer("/how_to_check/uniform").is_some()
}

fn check_range(step: &Value) -> Result<(), String> {
    let topics: SortedMap<TopicName, i32> = entries(step, "topics")?
        .map(|(topic, count)| Some((TopicName::from(topic.as_str()), count.as_i64()? as i32)))
        .collect::<Option<_>>()
        .ok_or("topics is no list of counts")?;
    let members: Vec<AssignorMember> = list(step, "members")?.iter().map(member).collect::<Result<_, String>>()?;
    let expected: Assignment = entries(step, "expected")?
        .map(|(member, partitions)| Ok((member.clone(), partition_list(partitions)?)))
        .collect::<Result<_, String>>()?;
    expect_equal("assignment", range::assign(&topics, &members), expected)
}

fn member(member: &Value) -> Result<AssignorMember, String> {
    Ok(AssignorMember {
        member_id: text(member, "id")?.to_owned(),
        group_instance_id: member.get("instance").and_then(Value::as_str).map(str::to_owned),
        topics: list(member, "topics")?.iter().filter_map(Value::as_str).map(TopicName::from).collect(),
    })
}

fn partition_list(partitions: &Value) -> Result<Vec<TopicPartition>, String> {
    let partitions = partitions.as_array().ok_or("an assignment is no list")?;
    partitions
        .iter()
        .map(|partition| {
            let (topic, number) = partition.as_str()?.rsplit_once('-')?;
            Some(TopicPartition::new(topic, number.parse().ok()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| "an assignment holds what is no partition".to_owned())
}

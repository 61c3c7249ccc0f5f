//! Topics and configurations as administrators change them.

use serde_json::Value;

use super::{Harness, trace};
use crate::kafka::ids::BrokerId;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::admin::{
    ConfigOperation, ConfigResource, CreatableTopic, CreatePartitionsRequest, CreatePartitionsTopic,
    DeleteTopicsRequest,
};
use crate::kafka::protocol::{ErrorCode, Response};

/// A `create_topic` step of a recording.
fn creatable(step: &Value) -> CreatableTopic {
    let ids = |list: &Value| -> Vec<BrokerId> {
        list.as_array().into_iter().flatten().map(|id| BrokerId(id.as_i64().expect("an id") as i32)).collect()
    };
    let assignments = step["assignment"].as_array().into_iter().flatten().enumerate();
    let configs = step["config"].as_object().into_iter().flatten();
    CreatableTopic {
        name: step["topic"].as_str().expect("a name").into(),
        num_partitions: step["partitions"].as_i64().unwrap_or(-1) as i32,
        replication_factor: step["replication_factor"].as_i64().unwrap_or(-1) as i16,
        assignments: assignments.map(|(number, list)| (number as i32, ids(list))).collect(),
        configs: configs.map(|(name, value)| (name.clone(), value.as_str().map(Into::into))).collect(),
    }
}

fn delete(harness: &mut Harness, topic: &str) -> ErrorCode {
    match harness.ask(DeleteTopicsRequest { topics: vec![topic.into()] }) {
        Response::DeleteTopics(response) => response.topics[0].1,
        other => panic!("{other:?}"),
    }
}

fn grow(harness: &mut Harness, topic: &str, count: i32, assignments: Option<Vec<Vec<BrokerId>>>) -> ErrorCode {
    let topics = vec![CreatePartitionsTopic { name: topic.into(), count, assignments }];
    match harness.ask(CreatePartitionsRequest { topics, validate_only: false }) {
        Response::CreatePartitions(response) => response.topics[0].1,
        other => panic!("{other:?}"),
    }
}

#[test]
fn topics_that_cannot_be_created_are_refused_as_recorded() {
    let mut harness = Harness::with_brokers(1, true, &[]);
    let mut compared = 0;
    for step in trace("topics-that-cannot-be-created") {
        let error = match step["do"].as_str() {
            Some("create_topic") => harness.create_topic(creatable(&step)),
            Some("delete_topic") => delete(&mut harness, step["topic"].as_str().expect("a name")),
            _ => continue,
        };
        assert_eq!(error.name(), step["expect"]["error"].as_str().unwrap_or("NONE"), "{step}");
        compared += 1;
    }
    assert_eq!(compared, 26);
}

#[test]
fn a_topics_life_is_written_record_by_record() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    let end = harness.controller().log_end_offset();
    let min_isr = "min.insync.replicas";
    assert_eq!(harness.create("t", &[&[0, 1], &[1, 0]], &[(min_isr, "2")]), ErrorCode::None);
    let added = Some(vec![vec![BrokerId(1), BrokerId(0)]]);
    assert_eq!(grow(&mut harness, "t", 3, added), ErrorCode::None);
    let t = ConfigResource::Topic("t".into());
    assert_eq!(harness.set(t.clone(), "retention.ms", "3600000"), ErrorCode::None);
    assert_eq!(harness.set(t.clone(), "retention.ms", "3600000"), ErrorCode::None, "unchanged: no record");
    assert_eq!(harness.alter(t, vec![(min_isr.into(), ConfigOperation::Delete)]), ErrorCode::None);
    assert_eq!(harness.create("t", &[&[0]], &[]), ErrorCode::TopicAlreadyExists);
    assert_eq!(delete(&mut harness, "t"), ErrorCode::None);
    let shown: Vec<String> = harness
        .records_from(end)
        .iter()
        .map(|record| match record {
            MetadataRecord::Topic { name, .. } => format!("topic {name}"),
            MetadataRecord::Config { name, value, .. } => format!("{name}={}", value.as_deref().unwrap_or("null")),
            MetadataRecord::ClearElr { topic } => format!("clear {topic:?}"),
            MetadataRecord::Partition { partition, registration, .. } => {
                format!("partition {partition} led by {}", registration.leader.expect("a leader"))
            }
            MetadataRecord::RemoveTopic { .. } => "remove".into(),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = [
        "topic t",
        "min.insync.replicas=2",
        "clear Some(\"t\")",
        "partition 0 led by 0",
        "partition 1 led by 1",
        "partition 2 led by 1",
        "retention.ms=3600000",
        "min.insync.replicas=null",
        "clear Some(\"t\")",
        "remove",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn partitions_can_only_be_added() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    let on = |ids: &[i32]| Some(vec![ids.iter().copied().map(BrokerId).collect::<Vec<_>>()]);
    use ErrorCode::*;
    let cases = [
        ("t", 1, Option::None, InvalidPartitions),
        ("t", 0, Option::None, InvalidPartitions),
        ("nope", 2, Option::None, UnknownTopicOrPartition),
        ("t", 3, on(&[0, 1]), InvalidReplicaAssignment),
        ("t", 2, on(&[0]), InvalidReplicaAssignment),
        ("t", 2, on(&[0, 5]), InvalidReplicaAssignment),
        ("t", 2, on(&[0, 0]), InvalidReplicaAssignment),
        ("t", 2, on(&[1, 0]), None),
        ("t", 4, Option::None, None),
    ];
    for (topic, count, assignment, error) in cases {
        assert_eq!(grow(&mut harness, topic, count, assignment.clone()), error, "{topic} {count} {assignment:?}");
    }
    assert_eq!(harness.partition("t", 3).replicas.len(), 2);
}

#[test]
fn a_topic_wider_than_the_living_brokers_begins_with_those_in_sync() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    harness.kill_broker(BrokerId(1));
    let topic = CreatableTopic {
        name: "t".into(),
        num_partitions: 6,
        replication_factor: 3,
        assignments: vec![],
        configs: vec![],
    };
    assert_eq!(harness.create_topic(topic), ErrorCode::None);
    for number in 0..6 {
        let partition = harness.partition("t", number);
        assert_eq!((partition.replicas.len(), partition.isr.len()), (3, 2));
        assert_ne!(partition.leader, Some(BrokerId(1)));
    }
    assert_eq!(harness.create("dead", &[&[1]], &[]), ErrorCode::InvalidReplicaAssignment);
    assert_eq!(harness.create("half", &[&[1, 2]], &[]), ErrorCode::None);
    assert_eq!(harness.show("half", 0), "leader 2 epoch 0 isr [2] elr [] last []");
}

#[test]
fn configurations_are_checked() {
    let mut harness = Harness::with_brokers(1, true, &[]);
    assert_eq!(harness.create("t", &[&[0]], &[]), ErrorCode::None);
    let (t, cluster) = (ConfigResource::Topic("t".into()), ConfigResource::Broker(None));
    use ErrorCode::{InvalidConfig, InvalidRequest, InvalidTopicException, None as Fine, UnknownTopicOrPartition};
    let cases = [
        (&t, "retention.ms", "soon", InvalidConfig),
        (&t, "retention.ms", "-2", InvalidConfig),
        (&t, "retention.ms", "-1", Fine),
        (&t, "no.such.setting", "1", InvalidConfig),
        (&t, "cleanup.policy", "burn", InvalidConfig),
        (&t, "cleanup.policy", "compact,delete", Fine),
        (&t, "compression.type", "lzw", InvalidConfig),
        (&t, "compression.type", "zstd", Fine),
        (&t, "min.cleanable.dirty.ratio", "1.5", InvalidConfig),
        (&t, "min.cleanable.dirty.ratio", "0.25", Fine),
        (&t, "compression.gzip.level", "0", InvalidConfig),
        (&t, "compression.gzip.level", "9", Fine),
        (&t, "max.compaction.lag.ms", "0", InvalidConfig),
        (&t, "max.compaction.lag.ms", "1000", Fine),
        (&t, "min.compaction.lag.ms", "1001", InvalidConfig),
        (&t, "min.compaction.lag.ms", "1000", Fine),
        (&t, "flush.ms", "100", Fine),
        (&t, "flush.ms", "-1", InvalidConfig),
        (&t, "flush.messages", "0", InvalidConfig),
        (&t, "segment.jitter.ms", "-1", InvalidConfig),
        (&t, "compression.lz4.level", "18", InvalidConfig),
        (&t, "remote.storage.enable", "true", InvalidConfig),
        (&t, "preallocate", "TRUE", Fine),
        (&t, "follower.replication.throttled.replicas", "0:1,1:2", Fine),
        (&t, "leader.replication.throttled.replicas", "*", Fine),
        (&t, "leader.replication.throttled.replicas", "0", InvalidConfig),
        (&cluster, "follower.replication.throttled.rate", "1", Fine),
        (&cluster, "follower.replication.throttled.rate", "-1", InvalidRequest),
        (&cluster, "min.insync.replicas", "0", InvalidRequest),
        (&cluster, "broker.session.timeout.ms", "1000", InvalidRequest),
        (&cluster, "node.id", "1", InvalidRequest),
        (&cluster, "log.segment.bytes", "5", InvalidRequest),
        (&cluster, "log.cleanup.policy", "burn", InvalidRequest),
        (&cluster, "no.such.setting", "1", Fine),
        (&cluster, "log.retention.ms", "1000", Fine),
        (&ConfigResource::Topic("no name".into()), "retention.ms", "1", InvalidTopicException),
        (&ConfigResource::Topic("nope".into()), "retention.ms", "1", UnknownTopicOrPartition),
    ];
    for (resource, name, value, error) in cases {
        assert_eq!(harness.set(resource.clone(), name, value), error, "{name}={value}");
    }
    let subtract = vec![("cleanup.policy".to_string(), ConfigOperation::Subtract("delete".into()))];
    assert_eq!(harness.alter(t.clone(), subtract), Fine);
    assert_eq!(harness.controller().image().topic_config(&"t".into(), "cleanup.policy"), Some("compact"));
    let append = vec![("retention.ms".to_string(), ConfigOperation::Append("1".into()))];
    assert_eq!(harness.alter(t, append), InvalidConfig, "not a list");
}

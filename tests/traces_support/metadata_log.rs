//! The records of `__cluster_metadata`, in the JSON of Kafka's message definitions.

use std::collections::BTreeMap;

use glassbroker::kafka::ids::{BrokerId, ControllerId, NodeId, Offset, TopicId, TopicName};
use glassbroker::kafka::metadata::{MetadataRecord, PartitionChange, PartitionRegistration};
use glassbroker::kafka::protocol::admin::ConfigResource;
use glassbroker::kafka::protocol::broker_lifecycle::LeaderRecoveryState;
use glassbroker::sim::ProcessState;
use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::messages::uuid_text;
use super::play::Play;
use super::trace::Step;

/// `types`: only these; `topic`: only what names this topic; `from`: only what was written later; `end`: where the
/// log ends now.
pub fn read_metadata_log(play: &Play, step: &Step) -> Answer {
    let types = step.texts("types");
    let topic = step.get("topic").and_then(Value::as_str);
    let from = step.number_or("from", 0);
    let mut topics: BTreeMap<TopicId, TopicName> = BTreeMap::new();
    let mut list = Vec::new();
    let (records, end_offset) = records(play, ControllerId(step.number("node")? as i32))?;
    for (offset, record) in &records {
        match record {
            MetadataRecord::Topic { name, topic_id } => {
                topics.insert(*topic_id, name.clone());
                play.names.borrow_mut().topic_id(name, *topic_id);
            }
            MetadataRecord::RegisterBroker { broker, broker_epoch, .. } => {
                play.names.borrow_mut().broker_epoch(*broker, *broker_epoch);
            }
            _ => {}
        }
        let Some((name, json)) = record_json(record) else { continue };
        let is_wanted = *offset >= from
            && (types.is_empty() || types.iter().any(|wanted| wanted == name))
            && topic.is_none_or(|wanted| topic_of(record, &topics).is_some_and(|topic| topic == wanted));
        if is_wanted {
            list.push(json);
        }
    }
    let mut answer = json!({"records": list});
    if step.flag("end", false) {
        answer["end_offset"] = json!(end_offset);
    }
    Ok(answer)
}

fn records(play: &Play, id: ControllerId) -> Result<(Vec<(Offset, MetadataRecord)>, Offset), Failure> {
    let world = play.clock.world();
    let Some(ProcessState::Controller(controller)) =
        world.process(NodeId::Controller(id)).map(|process| &process.state)
    else {
        return Err(Failure::scenario(format!("there is no controller {id}")));
    };
    let numbered = controller.metadata_log().iter().flat_map(|batch| {
        batch.records.iter().enumerate().map(|(index, record)| (batch.base_offset + index as Offset, record.clone()))
    });
    Ok((numbered.collect(), controller.log_end_offset()))
}

/// Type and fields of a record; None for those that say nothing of the cluster.
fn record_json(record: &MetadataRecord) -> Option<(&'static str, Value)> {
    let (name, version, fields) = match record {
        MetadataRecord::LeaderChange { .. } | MetadataRecord::NoOp => return None,
        MetadataRecord::FeatureLevel { name, level } => {
            ("FeatureLevelRecord", 0, json!({"name": name, "featureLevel": level}))
        }
        MetadataRecord::RegisterBroker { broker, broker_epoch, rack, .. } => {
            let fields = json!({
                "brokerId": broker,
                "isMigratingZkBroker": false,
                "brokerEpoch": broker_epoch,
                "rack": rack,
                "fenced": true,
                "inControlledShutdown": false,
            });
            ("RegisterBrokerRecord", 4, fields)
        }
        MetadataRecord::UnregisterBroker { broker, broker_epoch } => {
            ("UnregisterBrokerRecord", 0, json!({"brokerId": broker, "brokerEpoch": broker_epoch}))
        }
        MetadataRecord::BrokerRegistrationChange { broker, broker_epoch, fenced, in_controlled_shutdown } => {
            let mut fields = json!({"brokerId": broker, "brokerEpoch": broker_epoch});
            if let Some(fenced) = fenced {
                fields["fenced"] = json!(if *fenced { 1 } else { -1 });
            }
            if let Some(shutting_down) = in_controlled_shutdown {
                fields["inControlledShutdown"] = json!(i32::from(*shutting_down));
            }
            ("BrokerRegistrationChangeRecord", i16::from(in_controlled_shutdown.is_some()), fields)
        }
        MetadataRecord::Topic { name, topic_id } => {
            ("TopicRecord", 0, json!({"name": name, "topicId": uuid_text(topic_id.0)}))
        }
        MetadataRecord::RemoveTopic { topic_id } => ("RemoveTopicRecord", 0, json!({"topicId": uuid_text(topic_id.0)})),
        MetadataRecord::Partition { topic_id, partition, registration } => {
            ("PartitionRecord", 2, partition_json(*topic_id, *partition, registration))
        }
        MetadataRecord::PartitionChange(change) => ("PartitionChangeRecord", 2, change_json(change)),
        MetadataRecord::Config { resource, name, value } => {
            let (resource_type, resource_name) = match resource {
                ConfigResource::Topic(name) => (2, name.to_string()),
                ConfigResource::Broker(broker) => (4, broker.map_or(String::new(), |broker| broker.to_string())),
                ConfigResource::Group(name) => (32, name.clone()),
            };
            let fields = json!({
                "resourceType": resource_type,
                "resourceName": resource_name,
                "name": name,
                "value": value,
            });
            ("ConfigRecord", 0, fields)
        }
        MetadataRecord::ClearElr { topic } => {
            let topic = topic.as_ref().map(|topic| topic.to_string());
            ("ClearElrRecord", 0, json!({"topicName": topic.unwrap_or_default()}))
        }
        MetadataRecord::ProducerIds { broker, broker_epoch, next_producer_id } => {
            let fields = json!({"brokerId": broker, "brokerEpoch": broker_epoch, "nextProducerId": next_producer_id});
            ("ProducerIdsRecord", 0, fields)
        }
    };
    let mut json = fields;
    json["type"] = json!(name);
    json["version"] = json!(version);
    Some((name, json))
}

fn leader_json(leader: Option<BrokerId>) -> Value {
    json!(leader.map_or(-1, |leader| leader.0))
}

fn recovery_json(state: LeaderRecoveryState) -> Value {
    json!(i32::from(state == LeaderRecoveryState::Recovering))
}

fn partition_json(topic_id: TopicId, partition: i32, registration: &PartitionRegistration) -> Value {
    let mut fields = json!({
        "partitionId": partition,
        "topicId": uuid_text(topic_id.0),
        "replicas": registration.replicas,
        "isr": registration.isr,
        "removingReplicas": registration.removing_replicas,
        "addingReplicas": registration.adding_replicas,
        "leader": leader_json(registration.leader),
        "leaderEpoch": registration.leader_epoch,
        "partitionEpoch": registration.partition_epoch,
    });
    if registration.leader_recovery_state != LeaderRecoveryState::Recovered {
        fields["leaderRecoveryState"] = recovery_json(registration.leader_recovery_state);
    }
    for (name, list) in [("eligibleLeaderReplicas", &registration.elr), ("lastKnownElr", &registration.last_known_elr)]
    {
        if !list.is_empty() {
            fields[name] = json!(list);
        }
    }
    fields
}

/// Only what changes is written.
fn change_json(change: &PartitionChange) -> Value {
    let mut fields = json!({"partitionId": change.partition, "topicId": uuid_text(change.topic_id.0)});
    if let Some(leader) = change.leader {
        fields["leader"] = leader_json(leader);
    }
    if let Some(state) = change.leader_recovery_state {
        fields["leaderRecoveryState"] = recovery_json(state);
    }
    let lists = [
        ("isr", &change.isr),
        ("replicas", &change.replicas),
        ("removingReplicas", &change.removing_replicas),
        ("addingReplicas", &change.adding_replicas),
        ("eligibleLeaderReplicas", &change.eligible_leader_replicas),
        ("lastKnownElr", &change.last_known_elr),
    ];
    for (name, list) in lists {
        if let Some(list) = list {
            fields[name] = json!(list);
        }
    }
    fields
}

fn topic_of(record: &MetadataRecord, topics: &BTreeMap<TopicId, TopicName>) -> Option<String> {
    let by_id = |id: &TopicId| topics.get(id).map(|name| name.to_string());
    match record {
        MetadataRecord::Topic { topic_id, .. }
        | MetadataRecord::RemoveTopic { topic_id }
        | MetadataRecord::Partition { topic_id, .. } => by_id(topic_id),
        MetadataRecord::PartitionChange(change) => by_id(&change.topic_id),
        MetadataRecord::Config { resource: ConfigResource::Topic(name), .. } => Some(name.to_string()),
        MetadataRecord::FeatureLevel { name, .. } => Some(name.clone()),
        _ => None,
    }
}

//! What the records that are committed now mean, as facts.

use crate::kafka::effects::Effects;
use crate::kafka::ids::{BrokerId, TopicId, TopicPartition};
use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionChange, PartitionRegistration};
use crate::kafka::note::Note;

/// Writes down what `record`, just applied, has brought about. `before`: the image without the record's batch,
/// `after`: the image with the record, `batch`: all records of the batch.
pub fn note_record(
    record: &MetadataRecord,
    batch: &[MetadataRecord],
    before: &MetadataImage,
    after: &MetadataImage,
    out: &mut Effects,
) {
    match record {
        MetadataRecord::RegisterBroker { broker, broker_epoch, .. } => {
            out.note(Note::BrokerRegistered { broker: *broker, broker_epoch: *broker_epoch });
        }
        // A broker that has shut down in order is fenced once more when its session ends: no news.
        MetadataRecord::BrokerRegistrationChange { broker, fenced: Some(true), .. }
            if before.brokers.get(broker).is_none_or(|known| !known.fenced) =>
        {
            out.note(Note::BrokerFenced { broker: *broker });
        }
        MetadataRecord::BrokerRegistrationChange { broker, fenced: Some(false), .. } => {
            out.note(Note::BrokerUnfenced { broker: *broker });
        }
        MetadataRecord::UnregisterBroker { broker, .. } => {
            out.note(Note::BrokerUnregistered { broker: *broker });
        }
        MetadataRecord::FeatureLevel { name, level } if before.next_offset > 0 && !before.brokers.is_empty() => {
            out.note(Note::FeatureLevelChanged { name: name.clone(), level: *level });
        }
        MetadataRecord::Config { resource, name, value } => {
            let (resource, name, value) = (resource.clone(), name.clone(), value.clone());
            out.note(Note::SettingChanged { resource, name, value });
        }
        MetadataRecord::Topic { name, topic_id } => {
            let partitions = batch.iter().filter(|record| is_partition_of(record, *topic_id)).count() as i32;
            out.note(Note::TopicCreated { topic: name.to_string(), partitions });
        }
        MetadataRecord::RemoveTopic { topic_id } => {
            if let Some(name) = before.topic_names.get(topic_id) {
                out.note(Note::TopicDeleted { topic: name.to_string() });
            }
        }
        MetadataRecord::Partition { topic_id, partition, registration } => {
            if let Some(name) = after.topic_names.get(topic_id) {
                note_leader(TopicPartition::new(name.clone(), *partition), registration, false, out);
            }
        }
        MetadataRecord::PartitionChange(change) => note_partition_change(change, before, after, out),
        MetadataRecord::ClearElr { topic } => {
            for (partition, _, registration) in before.partitions() {
                let is_meant = topic.as_ref().is_none_or(|only| *only == partition.topic);
                if is_meant && !registration.elr.is_empty() {
                    note_isr(partition, registration.isr.clone(), Vec::new(), out);
                }
            }
        }
        _ => {}
    }
}

fn is_partition_of(record: &MetadataRecord, topic: TopicId) -> bool {
    matches!(record, MetadataRecord::Partition { topic_id, .. } if *topic_id == topic)
}

fn note_partition_change(change: &PartitionChange, before: &MetadataImage, after: &MetadataImage, out: &mut Effects) {
    let Some(topic) = after.topic_by_id(change.topic_id) else {
        return;
    };
    let Some(registration) = topic.partitions.get(&change.partition) else {
        return;
    };
    let partition = TopicPartition::new(topic.name.clone(), change.partition);
    if change.replicas.is_some() || change.adding_replicas.is_some() || change.removing_replicas.is_some() {
        out.note(Note::ReplicasChanged {
            partition: partition.clone(),
            replicas: registration.replicas.clone(),
            adding: registration.adding_replicas.clone(),
            removing: registration.removing_replicas.clone(),
        });
    }
    if change.leader.is_some() {
        let former = before.topic_by_id(change.topic_id).and_then(|topic| topic.partitions.get(&change.partition));
        let unclean = registration.leader.is_some_and(|leader| {
            former.is_none_or(|former| !former.isr.contains(&leader) && !former.elr.contains(&leader))
        });
        note_leader(partition.clone(), registration, unclean, out);
    }
    if change.isr.is_some() || change.eligible_leader_replicas.is_some() {
        note_isr(partition, registration.isr.clone(), registration.elr.clone(), out);
    }
}

fn note_leader(partition: TopicPartition, registration: &PartitionRegistration, unclean: bool, out: &mut Effects) {
    out.note(Note::LeaderElected {
        partition,
        leader: registration.leader,
        leader_epoch: registration.leader_epoch,
        isr: registration.isr.clone(),
        unclean,
    });
}

fn note_isr(partition: TopicPartition, isr: Vec<BrokerId>, elr: Vec<BrokerId>, out: &mut Effects) {
    out.note(Note::IsrChanged { partition, isr, eligible_leader_replicas: elr });
}

//! Which events are about a thing: the newest one is where "why?" begins.

use super::thing::Thing;
use super::words::Concept;
use crate::kafka::ids::{ClientId, TopicPartition};
use crate::kafka::note::Note;
use crate::sim::{Event, EventKind};

/// Whether an event has made the thing what it is: has written the record, moved the flag, ended the process.
pub fn is_about(event: &Event, thing: &Thing) -> bool {
    match thing {
        Thing::Message(id) => matches!(&event.kind, EventKind::MessageSent(message) if message.id.0 == *id),
        Thing::Link(from, to) => match &event.kind {
            EventKind::LinkCut { from: one, to: other }
            | EventKind::LinkHealed { from: one, to: other }
            | EventKind::LinkSlowed { from: one, to: other, .. }
            | EventKind::LinkLossy { from: one, to: other, .. } => {
                (one, other) == (from, to) || (other, one) == (from, to)
            }
            _ => false,
        },
        Thing::Producer(_) | Thing::Consumer(_) | Thing::Tool(_) | Thing::Broker(_) | Thing::Controller(_) => {
            event.node == thing.node() && tells_of_a_process(event)
        }
        _ => event.note().is_some_and(|note| is_noted(note, thing)),
    }
}

/// A fact about a process, and not one of the messages that come and go all the time.
fn tells_of_a_process(event: &Event) -> bool {
    match &event.kind {
        EventKind::Note(note) => !matches!(
            note,
            Note::MetadataReplayed { .. } | Note::MetadataUpdated { .. } | Note::FollowerProgress { .. }
        ),
        EventKind::NodeStarted
        | EventKind::NodeKilled
        | EventKind::NodeStopped
        | EventKind::NodePaused
        | EventKind::NodeResumed
        | EventKind::NodeHalted
        | EventKind::PowerLost
        | EventKind::DiskSlowed { .. }
        | EventKind::DiskFilled
        | EventKind::DiskFreed
        | EventKind::ClockSkewed { .. } => true,
        _ => false,
    }
}

fn is_noted(note: &Note, thing: &Thing) -> bool {
    match thing {
        Thing::Quorum => matches!(note, Note::QuorumLeaderElected { .. }),
        Thing::Partition(of) => decided(note) == Some(of),
        Thing::Replica(at, of) => note.replica() == Some((*at, of)),
        Thing::LogEndOffset(at, of) => {
            matches!(note, Note::RecordsAppended { .. } | Note::LogTruncated { .. } | Note::UnflushedLost { .. })
                && note.replica() == Some((*at, of))
        }
        Thing::HighWatermark(at, of) => {
            matches!(note, Note::HighWatermarkAdvanced { .. }) && note.replica() == Some((*at, of))
        }
        Thing::Record(at, of, offset) => match note {
            Note::RecordsAppended { base_offset, last_offset, .. } => {
                note.replica() == Some((*at, of)) && (base_offset..=last_offset).contains(&offset)
            }
            _ => false,
        },
        Thing::Purgatory(at) => matches!(note, Note::ProduceWaits { broker, .. } if broker == at),
        Thing::Position(client, of) => position(note) == Some((*client, of)),
        Thing::Committed(name, of) => {
            matches!(note, Note::GroupOffsetStored { group, partition, .. } if group == name && partition == of)
        }
        Thing::Group(name) => match note {
            Note::GroupStateChanged { group, .. }
            | Note::MemberJoined { group, .. }
            | Note::MemberRemoved { group, .. }
            | Note::GroupOffsetStored { group, .. } => group == name,
            _ => false,
        },
        Thing::Concept(concept) => is_example(note, *concept),
        Thing::Message(_)
        | Thing::Link(..)
        | Thing::Producer(_)
        | Thing::Consumer(_)
        | Thing::Tool(_)
        | Thing::Broker(_)
        | Thing::Controller(_) => false,
    }
}

/// The partition of a controller's decision.
fn decided(note: &Note) -> Option<&TopicPartition> {
    match note {
        Note::LeaderElected { partition, .. }
        | Note::IsrChanged { partition, .. }
        | Note::ReplicasChanged { partition, .. } => Some(partition),
        _ => None,
    }
}

/// Whose place in which partition has moved.
fn position(note: &Note) -> Option<(ClientId, &TopicPartition)> {
    match note {
        Note::PositionSet { client, partition, .. } | Note::RecordsPolled { client, partition, .. } => {
            Some((*client, partition))
        }
        _ => None,
    }
}

/// The last time that an idea was seen at work.
fn is_example(note: &Note, concept: Concept) -> bool {
    match concept {
        Concept::HighWatermark => matches!(note, Note::HighWatermarkAdvanced { is_leader: true, .. }),
        Concept::Isr => matches!(note, Note::IsrChanged { .. }),
        Concept::Leader | Concept::LeaderEpoch => matches!(note, Note::LeaderElected { .. }),
        Concept::Replica | Concept::Replication | Concept::Follower => {
            matches!(note, Note::RecordsAppended { as_leader: false, .. })
        }
        Concept::Log | Concept::Record | Concept::LogEndOffset => {
            matches!(note, Note::RecordsAppended { as_leader: true, .. })
        }
        Concept::Acks => matches!(note, Note::ProduceAnswered { .. }),
        Concept::Batch => matches!(note, Note::BatchSent { .. }),
        Concept::Partition | Concept::Key => matches!(note, Note::RecordsBuffered { .. }),
        Concept::Position => matches!(note, Note::PositionSet { .. } | Note::RecordsPolled { .. }),
        Concept::Committed | Concept::Offset => matches!(note, Note::OffsetCommitted { .. }),
        Concept::Group => matches!(note, Note::PartitionsAssigned { .. }),
        Concept::Fenced => matches!(note, Note::BrokerFenced { .. }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::ids::{BrokerId, LeaderEpoch, NodeId};

    fn appended(base_offset: i64, last_offset: i64) -> Event {
        let note = Note::RecordsAppended {
            broker: BrokerId(1),
            partition: TopicPartition::new("t", 0),
            base_offset,
            last_offset,
            leader_epoch: LeaderEpoch(0),
            as_leader: true,
            size_bytes: 70,
        };
        Event { id: 7, at: Default::default(), node: Some(NodeId::broker(1)), cause: None, kind: EventKind::Note(note) }
    }

    #[test]
    fn a_record_is_explained_by_the_append_that_wrote_it() {
        let partition = TopicPartition::new("t", 0);
        let record = |broker, offset| Thing::Record(BrokerId(broker), partition.clone(), offset);
        assert!(is_about(&appended(3, 5), &record(1, 4)));
        assert!(!is_about(&appended(3, 5), &record(1, 6)), "another append has written that");
        assert!(!is_about(&appended(3, 5), &record(2, 4)), "another broker's copy");
        assert!(is_about(&appended(3, 5), &Thing::LogEndOffset(BrokerId(1), partition.clone())));
        assert!(!is_about(&appended(3, 5), &Thing::HighWatermark(BrokerId(1), partition)));
        assert!(is_about(&appended(3, 5), &Thing::Broker(BrokerId(1))));
    }
}

//! Facts as sentences: calm, plain, for somebody who meets Kafka for the first time.

use super::frame::Frame;
use super::{trouble, words};
use crate::kafka::ids::{ClientId, NodeId, Offset, TopicPartition};
use crate::kafka::note::{GroupState, MemberRemoval, Note, PartitionChoice, PositionReason, SendBlock, SendOutcome};
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::sends::Sends;
use crate::sim::{Event, EventKind};

/// What a step's events say: the sentence of the fact that matters most.
pub fn of_step(events: &[Event], frame: &Frame) -> Option<String> {
    events
        .iter()
        .enumerate()
        .filter_map(|(index, event)| {
            let (weight, sentence) = of_event(event, frame)?;
            Some((weight, std::cmp::Reverse(index), sentence))
        })
        .max_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)))
        .map(|(_, _, sentence)| sentence)
}

/// An event's sentence with its weight: 9 what a learner must see, 1 what only keeps the cluster going.
pub fn of_event(event: &Event, frame: &Frame) -> Option<(u8, String)> {
    let name = |node: NodeId| capital(&frame.node_name(node));
    let node = event.node.map(name).unwrap_or_else(|| "A process".into());
    Some(match &event.kind {
        EventKind::Note(note) => of_note(note, frame),
        EventKind::NodeKilled => (9, format!("{node} is killed. What it had only in memory is gone; its log stays.")),
        EventKind::NodeStopped => (8, format!("{node} has stopped.")),
        EventKind::NodeStarted => (3, format!("{node} starts.")),
        EventKind::NodePaused => (9, format!("{node} hangs, and knows nothing of it.")),
        EventKind::NodeResumed => (8, format!("{node} goes on as if no time had passed.")),
        EventKind::LinkCut { from, to } => {
            (9, format!("Nothing passes between {} and {} any more.", frame.node_name(*from), frame.node_name(*to)))
        }
        EventKind::LinkHealed { from, to } => {
            (8, format!("{} and {} can hear each other again.", name(*from), frame.node_name(*to)))
        }
        EventKind::MessageDropped(message) => {
            (7, format!("The {} message to {} is lost.", message.api_key().name(), frame.node_name(message.to)))
        }
        EventKind::MessageHeld(message) => {
            (7, format!("The {} message to {} is held.", message.api_key().name(), frame.node_name(message.to)))
        }
        EventKind::MessageReleased(message) => {
            (6, format!("The {} message to {} goes on.", message.api_key().name(), frame.node_name(message.to)))
        }
        EventKind::MessageDelivered(message) => (
            1,
            format!(
                "{} receives {} from {}.",
                name(message.to),
                with_article(message.api_key().name(), message.is_request()),
                frame.node_name(message.from)
            ),
        ),
        EventKind::MessageSent(_)
        | EventKind::TimerFired(_)
        | EventKind::ConnectionBroken { .. }
        | EventKind::Command(_) => return None,
        _ => return trouble::sentence(event, frame),
    })
}

/// Any event in words, also one that is not worth a sentence of its own: a link in a chain of causes.
pub fn describe(event: &Event, frame: &Frame) -> String {
    if let Some((_, sentence)) = of_event(event, frame) {
        return sentence;
    }
    let node = event.node.map_or_else(|| "A process".into(), |node| capital(&frame.node_name(node)));
    match &event.kind {
        EventKind::MessageSent(message) => {
            let what = with_article(message.api_key().name(), message.is_request());
            format!("{node} sends {what} to {}.", frame.node_name(message.to))
        }
        EventKind::TimerFired(timer) => format!("{node} has waited long enough: {}.", words::timer(timer)),
        EventKind::ConnectionBroken { peer, .. } => {
            format!("{node} learns that its connection to {} is gone.", frame.node_name(*peer))
        }
        EventKind::Command(_) => "This was asked for by hand, or by the lesson.".into(),
        _ => format!("Something happens at {node}."),
    }
}

fn with_article(api: &str, is_request: bool) -> String {
    let article = if api.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    format!("{article} {api} {}", if is_request { "request" } else { "answer" })
}

fn capital(text: &str) -> String {
    match text.strip_prefix("broker ").or(text.strip_prefix("controller ")) {
        Some(_) => text[..1].to_uppercase() + &text[1..],
        None => text.into(),
    }
}

fn offsets(first: Offset, last: Offset) -> String {
    if first == last { format!("offset {first}") } else { format!("offsets {first} to {last}") }
}

fn records(sends: &Sends) -> String {
    match sends.count() {
        1 => "the record".into(),
        count => format!("{count} records"),
    }
}

/// What a compaction has found and removed.
fn cleaned(before: u32, removed: u32, tombstones: u32) -> String {
    let records = |count: u32| words::count(u64::from(count), "record", "records");
    let why = match (removed - tombstones.min(removed), tombstones) {
        (0, 0) => return format!("Each of its {} is the last of its key, so all stay.", records(before)),
        (_, 0) => "a later record has the same key".to_string(),
        (0, _) => "a deletion whose time is over".to_string(),
        (_, _) => "a later record has the same key, or it is a deletion whose time is over".to_string(),
    };
    let verb = if removed == 1 { "goes" } else { "go" };
    format!("Of {}, {removed} {verb}: {why}. The others keep their offsets.", records(before))
}

/// A note's sentence with its weight.
pub fn of_note(note: &Note, frame: &Frame) -> (u8, String) {
    let client = |id: ClientId| frame.node_name(NodeId::Client(id));
    let internal = |partition: &TopicPartition| partition.topic.starts_with("__");
    // What concerns Kafka's own topics matters less to the eye.
    let weight = |weight: u8, partition: &TopicPartition| if internal(partition) { 2 } else { weight };
    match note {
        Note::RecordsAppended { broker, partition, base_offset, last_offset, as_leader: true, .. } => (
            weight(9, partition),
            format!(
                "Broker {broker}, the leader, writes {} to its log of {partition} at {}. Nobody but the leader has {} yet.",
                if base_offset == last_offset { "the record" } else { "the records" },
                offsets(*base_offset, *last_offset),
                if base_offset == last_offset { "it" } else { "them" },
            ),
        ),
        Note::RecordsAppended { broker, partition, base_offset, last_offset, as_leader: false, .. } => (
            weight(8, partition),
            format!(
                "Broker {broker}, a follower, copies {} of {partition} into its own log.",
                offsets(*base_offset, *last_offset)
            ),
        ),
        Note::DuplicateBatch { broker, partition, base_offset, .. } => (
            9,
            format!(
                "Broker {broker} already has this batch of {partition}, at offset {base_offset}. The sequence numbers tell; it appends nothing and answers as before."
            ),
        ),
        Note::BatchRefused { broker, partition, error } => {
            (9, format!("Broker {broker} refuses the batch for {partition}: {error}. Nothing is written."))
        }
        Note::HighWatermarkAdvanced { broker, partition, to, is_leader: true, .. } => (
            weight(8, partition),
            format!(
                "Every replica in sync has the records below {to}: broker {broker} moves the high watermark of {partition} to {to}. Consumers may read up to there."
            ),
        ),
        Note::HighWatermarkAdvanced { broker, partition, to, is_leader: false, .. } => (
            weight(4, partition),
            format!("Broker {broker} learns from the leader's answer that the high watermark of {partition} is {to}."),
        ),
        Note::LogTruncated { broker, partition, from, to } => (
            9,
            format!(
                "Broker {broker} cuts its log of {partition} from {from} back to {to}: what it held beyond is not in the leader's log."
            ),
        ),
        Note::UnflushedLost { broker, partition, from, to } => (
            weight(9, partition),
            format!(
                "Of the log of {partition} on broker {broker} the end was only in the page cache: it reaches to {to} now, and not to {from} any more."
            ),
        ),
        Note::LogStartMoved { broker, partition, to } => {
            (5, format!("Broker {broker}: the log of {partition} now begins at offset {to}."))
        }
        Note::LogCleaned { broker, partition, to, records_before, records_removed, tombstones_removed, .. } => {
            let what = cleaned(*records_before, *records_removed, *tombstones_removed);
            (weight(7, partition), format!("Broker {broker} compacts its log of {partition} below offset {to}. {what}"))
        }
        Note::FollowerProgress { leader, partition, follower, log_end_offset } => (
            weight(6, partition),
            format!(
                "Broker {follower} asks for offset {log_end_offset} of {partition}. So broker {leader} learns that it has all before it."
            ),
        ),
        Note::ProduceWaits { broker, last_offset, .. } => (
            5,
            format!(
                "Broker {broker} does not answer yet: acks=all waits until all replicas in sync have offset {last_offset}."
            ),
        ),
        Note::ProduceAnswered { broker, last_offset, error, .. } if error.is_none() => {
            (7, format!("Broker {broker} acknowledges: offset {last_offset} is as safe as acks asked for."))
        }
        Note::ProduceAnswered { broker, error, .. } => {
            (8, format!("Broker {broker} answers the producer with {error}."))
        }
        Note::BecameLeader { broker, partition, leader_epoch, .. } => (
            weight(8, partition),
            format!("Broker {broker} learns that it leads {partition}, in leader epoch {leader_epoch}."),
        ),
        Note::BecameFollower { broker, partition, leader: Some(leader), .. } => (
            weight(5, partition),
            format!("Broker {broker} learns that broker {leader} leads {partition}, and follows it."),
        ),
        Note::BecameFollower { broker, partition, leader: None, .. } => {
            (weight(5, partition), format!("Broker {broker} learns that {partition} has no leader."))
        }
        Note::IsrShrinkAsked { leader, partition, isr } => (
            weight(8, partition),
            format!(
                "A follower of {partition} has been behind for too long. Broker {leader} asks the controller to leave only {} in sync.",
                words::list(isr)
            ),
        ),
        Note::IsrExpandAsked { leader, partition, isr } => (
            weight(7, partition),
            format!(
                "A follower of {partition} has caught up. Broker {leader} asks for {} as the replicas in sync.",
                words::list(isr)
            ),
        ),
        Note::QuorumLeaderElected { controller, epoch } => {
            (8, format!("The controllers have elected {controller} as their leader, for epoch {epoch}."))
        }
        Note::LeaderElected { partition, leader: Some(leader), leader_epoch, unclean, .. } => (
            weight(9, partition),
            format!(
                "The controller makes broker {leader} the leader of {partition}, leader epoch {leader_epoch}{}",
                if *unclean {
                    ". It may lack records that were acknowledged."
                } else {
                    ": the first of the replicas in sync, in the order of the assignment."
                }
            ),
        ),
        Note::LeaderElected { partition, leader: None, .. } => {
            (weight(9, partition), format!("{partition} has no leader now: no replica in sync is alive."))
        }
        Note::IsrChanged { partition, isr, .. } => (
            weight(7, partition),
            format!("The controller notes who is in sync for {partition}: {}.", words::list(isr)),
        ),
        Note::ReplicasChanged { partition, replicas, adding, removing } => (
            weight(8, partition),
            match (adding.is_empty(), removing.is_empty()) {
                (true, true) => format!("{partition} is held by {} now.", words::brokers(replicas)),
                (false, _) => format!(
                    "{partition} moves: {} must copy it before the controller drops anybody.",
                    words::brokers(adding)
                ),
                (true, false) => {
                    format!("{partition} moves: {} will hold it no longer.", words::brokers(removing))
                }
            },
        ),
        Note::SettingChanged { resource, name, value } => {
            let whose = match resource {
                ConfigResource::Topic(topic) => format!("topic {topic}"),
                ConfigResource::Broker(Some(broker)) => format!("broker {broker}"),
                ConfigResource::Broker(None) => "all brokers".into(),
                ConfigResource::Group(group) => format!("group {group}"),
            };
            match value {
                Some(value) => (6, format!("The controller sets {name} of {whose} to {value}.")),
                None => (6, format!("The controller takes {name} of {whose} back to its default.")),
            }
        }
        Note::FeatureLevelChanged { name, level } => {
            (6, format!("The controller sets the cluster's {name} to level {level}."))
        }
        Note::BrokerUnregistered { broker } => (6, format!("The controller forgets broker {broker}.")),
        Note::BrokerRegistered { broker, .. } => (3, format!("The controller registers broker {broker}.")),
        Note::BrokerFenced { broker } => (
            8,
            format!(
                "The controller has not heard from broker {broker} and fences it: it may lead nothing and be in no ISR."
            ),
        ),
        Note::LogDirFailed { broker } => (
            9,
            format!(
                "Broker {broker} cannot write to its disk. Its only log directory is offline, so the process must end."
            ),
        ),
        Note::MetadataLogFailed { controller } => {
            (9, format!("Controller {controller} cannot write to its metadata log, so the process must end."))
        }
        Note::BrokerUnfenced { broker } => (6, format!("The controller lets broker {broker} take part again.")),
        Note::TopicCreated { topic, partitions } => (
            6,
            format!(
                "The controller creates topic {topic} with {}.",
                words::count(*partitions as u64, "partition", "partitions")
            ),
        ),
        Note::TopicDeleted { topic } => (6, format!("The controller deletes topic {topic}.")),
        Note::MetadataReplayed { node, .. } => {
            (2, format!("{} learns what the controller has decided.", capital(&frame.node_name(*node))))
        }
        Note::MetadataUpdated { client: id } => {
            (4, format!("{} learns which broker leads which partition.", client(*id)))
        }
        Note::ProducerIdObtained { client: id, producer_id, .. } => {
            (4, format!("{} gets producer id {producer_id}. From now on its batches are numbered.", client(*id)))
        }
        Note::ProducerEpochBumped { client: id, .. } => (
            6,
            format!(
                "{} has lost a batch for good. It raises its epoch and numbers its batches from 0 again.",
                client(*id)
            ),
        ),
        Note::RecordsBuffered { client: id, sends, partition, choice } => {
            (8, buffered(&client(*id), sends, partition, *choice))
        }
        Note::SendBlocked { client: id, reason, .. } => (
            6,
            match reason {
                SendBlock::Metadata => {
                    format!("{} does not know the topic yet: send() waits for metadata.", client(*id))
                }
                SendBlock::Memory => format!("{} has no memory left for records: send() waits.", client(*id)),
            },
        ),
        Note::StickyPartitionChosen { client: id, partition } => {
            (3, format!("From now on the keyless records of {} go to partition {}.", client(*id), partition.partition))
        }
        Note::BatchSent { client: id, partition, to, sends, attempt, .. } => (
            8,
            match attempt {
                0 | 1 => format!(
                    "{} sends {} for {partition} to broker {to}, the leader as far as it knows.",
                    client(*id),
                    records(sends)
                ),
                _ => format!(
                    "{} sends {} for {partition} again, to broker {to}: attempt {attempt}.",
                    client(*id),
                    records(sends)
                ),
            },
        ),
        Note::BatchRetry { client: id, error, backoff_ms, .. } => {
            (8, format!("{} was answered {error}. It will try again in {backoff_ms} ms.", client(*id)))
        }
        Note::BatchSplit { client: id, batches, .. } => {
            (6, format!("The batch was too large: {} splits it into {batches} and sends them at once.", client(*id)))
        }
        Note::RecordsAcknowledged { client: id, base_offset: -1, .. } => (
            7,
            format!(
                "{} asked for no answer: to it the record counts as sent. Whether it arrived, it does not know.",
                client(*id)
            ),
        ),
        Note::RecordsAcknowledged { client: id, sends, base_offset, partition } => {
            let last = base_offset + Offset::from(sends.count()) - 1;
            (
                9,
                format!(
                    "{} learns that {} is stored at {} of {partition}.",
                    client(*id),
                    records(sends),
                    offsets(*base_offset, last)
                ),
            )
        }
        Note::RecordsFailed { client: id, error, outcome, .. } => (
            9,
            match outcome {
                SendOutcome::NotWritten => {
                    format!("{} gives up: {}. The record is surely in no log.", client(*id), error.name())
                }
                SendOutcome::InDoubt => {
                    format!(
                        "{} gives up: {}. The record may be in the log or not; the producer cannot know.",
                        client(*id),
                        error.name()
                    )
                }
            },
        ),
        Note::CoordinatorFound { client: id, group, coordinator } => {
            (5, format!("{} learns that broker {coordinator} coordinates the group {group}.", client(*id)))
        }
        Note::PartitionsAssigned { client: id, partitions, generation, .. } => (
            8,
            format!(
                "{} is given {} to read, in generation {generation} of its group.",
                client(*id),
                words::list(partitions)
            ),
        ),
        Note::PartitionsRevoked { client: id, partitions, .. } => {
            (7, format!("{} gives back {}.", client(*id), words::list(partitions)))
        }
        Note::PartitionsLost { client: id, partitions, .. } => (
            8,
            format!(
                "{} has lost {}: the group went on without it, and it cannot commit any more.",
                client(*id),
                words::list(partitions)
            ),
        ),
        Note::PositionSet { client: id, partition, offset, reason } => {
            (7, format!("{} will read {partition} from offset {offset} on: {}.", client(*id), position_reason(*reason)))
        }
        Note::RecordsFetched { client: id, partition, first_offset, last_offset } => {
            (6, format!("{} has fetched {} of {partition}.", client(*id), offsets(*first_offset, *last_offset)))
        }
        Note::RecordsPolled { client: id, partition, first_offset, last_offset, .. } => (
            7,
            format!(
                "poll() hands {} of {partition} to the application of {}. The position moves; nothing is committed yet.",
                offsets(*first_offset, *last_offset),
                client(*id)
            ),
        ),
        Note::ProcessingStarted { client: id, offset, .. } => {
            (8, format!("{} processes the record at offset {offset}.", client(*id)))
        }
        Note::RecordProcessed { client: id, offset, .. } => {
            (8, format!("{} is done with the record at offset {offset}.", client(*id)))
        }
        Note::CommitSent { client: id, partition, offset } => (
            7,
            format!(
                "{} asks its coordinator to store {offset} as the next offset to read of {partition}.",
                client(*id)
            ),
        ),
        Note::OffsetCommitted { client: id, partition, offset } => (
            9,
            format!(
                "Offset {offset} of {partition} is committed: after a crash the group of {} goes on from there.",
                client(*id)
            ),
        ),
        Note::CommitFailed { client: id, error } => (8, format!("The commit of {} is refused: {error}.", client(*id))),
        Note::GroupStateChanged { group, to, generation, .. } => (
            5,
            match to {
                GroupState::Stable => format!("Group {group} is stable: generation {generation} is at work."),
                GroupState::PreparingRebalance => format!("Group {group} waits until all its members have joined."),
                GroupState::CompletingRebalance => {
                    format!("All members of {group} have joined; its leader deals out the partitions.")
                }
                GroupState::Empty => format!("Group {group} has no members left."),
                GroupState::Dead => format!("Group {group} is gone."),
            },
        ),
        Note::MemberJoined { broker, group, .. } => (4, format!("Broker {broker} takes a member into group {group}.")),
        Note::MemberRemoved { broker, group, reason, .. } => (
            8,
            match reason {
                MemberRemoval::Left => format!("A member has left group {group}."),
                MemberRemoval::SessionExpired => {
                    format!(
                        "Broker {broker} has not heard from a member of {group} within its session: its partitions go to others."
                    )
                }
                MemberRemoval::RebalanceTimeout => {
                    format!("A member of {group} did not come back in time and is removed.")
                }
                MemberRemoval::Fenced => format!("Another process has taken a member's place in {group}."),
            },
        ),
        Note::GroupOffsetStored { broker, group, partition, offset } => {
            (6, format!("Broker {broker} has stored {offset} as the offset of {group} for {partition}."))
        }
    }
}

fn buffered(client: &str, sends: &Sends, partition: &TopicPartition, choice: PartitionChoice) -> String {
    let record = records(sends);
    let number = partition.partition;
    match choice {
        PartitionChoice::Given => {
            format!("{client} puts {record} into its batch for partition {number}, as it was told.")
        }
        PartitionChoice::Key { murmur2, partitions } => format!(
            "{client} puts {record} into its batch for partition {number}: the key's murmur2 is {murmur2}, without its sign bit {}, and modulo {partitions} that is {number}.",
            murmur2 & 0x7fff_ffff
        ),
        PartitionChoice::Keys { partitions } => {
            format!(
                "{client} puts {record} into its batch for partition {number}: their keys lead there, of {partitions}."
            )
        }
        PartitionChoice::Sticky => {
            format!(
                "{client} puts {record} into its batch for partition {number}, where keyless records go at present."
            )
        }
    }
}

const fn position_reason(reason: PositionReason) -> &'static str {
    match reason {
        PositionReason::Committed => "so its group has committed",
        PositionReason::ResetToEarliest => "nothing usable is committed, and auto.offset.reset says earliest",
        PositionReason::ResetToLatest => "nothing usable is committed, and auto.offset.reset says latest",
        PositionReason::ResetByDuration => "nothing usable is committed, and auto.offset.reset names a time",
        PositionReason::Seek => "it was told to seek",
        PositionReason::Truncated => "the log was cut below its position",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::ids::{BrokerId, LeaderEpoch};

    #[test]
    fn the_fact_that_matters_most_is_told() {
        let partition = TopicPartition::new("user-events", 0);
        let event =
            |id, note| Event { id, at: Default::default(), node: None, cause: None, kind: EventKind::Note(note) };
        let waits = Note::ProduceWaits { broker: BrokerId(0), partition: partition.clone(), last_offset: 42 };
        let appended = Note::RecordsAppended {
            broker: BrokerId(0),
            partition,
            base_offset: 42,
            last_offset: 42,
            leader_epoch: LeaderEpoch(0),
            as_leader: true,
            size_bytes: 98,
        };
        let told = of_step(&[event(0, waits), event(1, appended)], &Frame::default());
        assert_eq!(
            told.as_deref(),
            Some(
                "Broker 0, the leader, writes the record to its log of user-events-0 at offset 42. Nobody but the leader has it yet."
            )
        );
        assert_eq!(of_step(&[], &Frame::default()), None);
    }
}

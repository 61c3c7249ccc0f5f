//! What the inspector shows of a thing: its state in words, its settings, and record batches as annotated bytes.

use serde::{Deserialize, Serialize};

use super::batch_bytes::{BatchBytes, batch_bytes};
use super::fetch_session;
use super::frame::{Frame, Life, ReplicaFrame, SendOutcome};
use super::layout::message_name;
use super::offers::{Offer, offers};
use super::thing::Thing;
use super::words::{self, Concept};
use crate::kafka::config::ConfigEntry;
use crate::kafka::ids::{BrokerId, ClientId, NodeId, Offset, TopicPartition};
use crate::kafka::record::RecordBatch;
use crate::kafka::sorted::SmallSort;
use crate::sim::{MessageId, World};

/// One thing, looked at closely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    pub thing: Thing,
    pub title: String,
    /// What kind of thing this is, for a beginner.
    pub help: String,
    pub facts: Vec<Fact>,
    pub settings: Vec<Setting>,
    pub bytes: Vec<BatchBytes>,
    /// Other things to look at from here, with words for them.
    pub related: Vec<(Thing, String)>,
    /// What can be done to it.
    pub offers: Vec<Offer>,
}

/// One line of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub label: String,
    pub value: String,
    /// May be empty.
    pub help: String,
}

/// One setting, by Kafka's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub name: String,
    pub value: String,
    pub default: String,
    pub help: String,
}

impl Setting {
    pub fn is_changed(&self) -> bool {
        self.value != self.default
    }
}

fn settings(entries: Vec<ConfigEntry>) -> Vec<Setting> {
    let setting = |entry: ConfigEntry| Setting {
        name: entry.name.into(),
        value: entry.value,
        default: entry.default,
        help: entry.help.into(),
    };
    let mut settings: Vec<Setting> = entries.into_iter().map(setting).collect();
    // What differs from the default comes first.
    settings.sort_small_by_key(|setting| !setting.is_changed());
    settings
}

/// Gathers facts.
struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, label: &str, value: impl ToString) -> &mut Facts {
        self.0.push(Fact { label: label.into(), value: value.to_string(), help: String::new() });
        self
    }

    fn helped(&mut self, label: &str, value: impl ToString, help: &str) -> &mut Facts {
        self.0.push(Fact { label: label.into(), value: value.to_string(), help: help.into() });
        self
    }

    fn explained(&mut self, concept: Concept, value: impl ToString) -> &mut Facts {
        self.0.push(Fact { label: concept.title().into(), value: value.to_string(), help: concept.help().into() });
        self
    }
}

/// Looks at a thing; None: it is not there at this moment.
pub fn inspect(world: &World, frame: &Frame, thing: &Thing) -> Option<Inspection> {
    let mut facts = Facts(Vec::new());
    let mut related = Vec::new();
    let mut inspection = Inspection {
        thing: thing.clone(),
        title: String::new(),
        help: String::new(),
        facts: Vec::new(),
        settings: Vec::new(),
        bytes: Vec::new(),
        related: Vec::new(),
        offers: offers(frame, thing),
    };
    match thing {
        Thing::Quorum => {
            inspection.title = "Controller quorum".into();
            inspection.help = Concept::Quorum.help().into();
            for one in &frame.controllers {
                let role = if one.active { "active" } else { "standby" };
                facts.add(
                    &format!("controller {}", one.id),
                    if one.life == Life::Running { role } else { one.life.words() },
                );
                related.push((Thing::Controller(one.id), format!("controller {}", one.id)));
            }
        }
        Thing::Controller(id) => {
            let one = frame.controllers.iter().find(|one| one.id == *id)?;
            inspection.title = format!("Controller {id}");
            inspection.help = Concept::Controller.help().into();
            facts.add("process", one.life.words());
            facts.add("role", if one.active { "active: it decides" } else { "standby: it follows" });
            facts.add("epoch", one.epoch).add("end of its metadata log", one.log_end_offset);
            let (_, controller) = world.controllers().find(|(_, controller)| controller.setup.id == *id)?;
            inspection.settings = settings(controller.setup.config.entries());
        }
        Thing::Broker(id) | Thing::Purgatory(id) => {
            broker(world, frame, *id, &mut inspection, &mut facts, &mut related)?;
            if matches!(thing, Thing::Purgatory(_)) {
                inspection.title = format!("What waits at broker {id}");
                inspection.help = Concept::Purgatory.help().into();
                inspection.settings.clear();
            }
        }
        Thing::Producer(id) => producer(world, frame, *id, &mut inspection, &mut facts)?,
        Thing::Consumer(id) | Thing::Position(id, _) => {
            consumer(world, frame, *id, &mut inspection, &mut facts, &mut related)?;
        }
        Thing::Tool(id) => {
            let tool = frame.tools.iter().find(|tool| tool.id == *id)?;
            inspection.title = tool.name.clone();
            inspection.help = "A tool that sends single requests, as an administrator's command does.".into();
        }
        Thing::Group(name) | Thing::Committed(name, _) => {
            group(frame, name, &mut inspection, &mut facts, &mut related)?
        }
        Thing::Partition(partition) => {
            self::partition(world, frame, partition, &mut inspection, &mut facts, &mut related)?
        }
        Thing::Replica(id, partition) | Thing::HighWatermark(id, partition) | Thing::LogEndOffset(id, partition) => {
            let replica = frame.replica(*id, partition)?;
            inspection.title = format!("{partition} on broker {id}");
            inspection.help = match thing {
                Thing::HighWatermark(..) => Concept::HighWatermark.help(),
                Thing::LogEndOffset(..) => Concept::LogEndOffset.help(),
                _ => Concept::Replica.help(),
            }
            .into();
            self::replica(world, *id, replica, &mut facts);
            inspection.settings = topic_settings(world, partition);
            related.push((Thing::Broker(*id), format!("broker {id}")));
            related.push((Thing::Partition(partition.clone()), partition.to_string()));
        }
        Thing::Record(id, partition, offset) => {
            record(world, frame, *id, partition, *offset, &mut inspection, &mut facts)?;
            related.push((Thing::Replica(*id, partition.clone()), format!("{partition} on broker {id}")));
        }
        Thing::Message(id) => message(world, frame, *id, &mut inspection, &mut facts)?,
        Thing::Link(from, to) => {
            let cut = frame
                .cut_links
                .iter()
                .find(|cut| (cut.from, cut.to) == (*from, *to) || (cut.to, cut.from) == (*from, *to));
            inspection.title = format!("Link between {} and {}", frame.node_name(*from), frame.node_name(*to));
            facts.add(
                "state",
                match cut.map(|cut| cut.both_ways) {
                    Some(true) => "cut: nothing passes",
                    Some(false) => "cut one way",
                    None => "whole",
                },
            );
            for (from, to) in [(*from, *to), (*to, *from)] {
                if let Some(bad) = frame.bad_link(from, to) {
                    facts.add(&format!("to {}", frame.node_name(to)), bad.words());
                }
            }
        }
        Thing::Concept(concept) => {
            inspection.title = concept.title().into();
            inspection.help = concept.help().into();
        }
    }
    if let (Some(node), Thing::Broker(_) | Thing::Controller(_) | Thing::Producer(_) | Thing::Consumer(_)) =
        (thing.node(), thing)
    {
        if let Some(machine) = frame.bad_machine(node) {
            if !matches!(node, NodeId::Client(_)) {
                facts.add("disk", machine.disk_words());
            }
            facts.add("wall clock", machine.clock_words());
        }
        for timer in frame.timers.iter().filter(|timer| timer.node == node && timer.due_us > frame.time_us) {
            facts.add("a wait", format!("{} {}", words::span(timer.due_us - frame.time_us), timer.kind.words()));
        }
    }
    inspection.facts = facts.0;
    inspection.related = related;
    Some(inspection)
}

fn broker(
    world: &World,
    frame: &Frame,
    id: BrokerId,
    inspection: &mut Inspection,
    facts: &mut Facts,
    related: &mut Vec<(Thing, String)>,
) -> Option<()> {
    let one = frame.broker(id)?;
    inspection.title = format!("Broker {id}");
    inspection.help = Concept::Broker.help().into();
    facts.add("process", one.life.words());
    facts.explained(Concept::Fenced, if one.fenced { "yes" } else { "no" });
    if let Some(rack) = &one.rack {
        facts.add("rack", rack);
    }
    facts.add("metadata replayed up to offset", one.metadata_offset);
    if !one.coordinates.is_empty() {
        facts.add("coordinates groups", words::list(&one.coordinates));
    }
    for replica in &one.replicas {
        facts.add(
            &replica.partition.to_string(),
            if one.life == Life::Down { "a copy on disk" } else { replica.role.words() },
        );
        related.push((Thing::Replica(id, replica.partition.clone()), replica.partition.to_string()));
        for waiting in &replica.waiting_produces {
            let value = format!(
                "until the high watermark is {}, at most {} longer",
                waiting.offset,
                left(frame, waiting.due_us)
            );
            facts.add(&format!("a produce of {} waits", frame.node_name(waiting.from)), value);
        }
        for waiting in &replica.waiting_fetches {
            let value = format!("for offset {}, at most {} longer", waiting.offset, left(frame, waiting.due_us));
            facts.add(&format!("a fetch of {} waits", frame.node_name(waiting.from)), value);
        }
    }
    for other in frame.brokers.iter().filter(|other| other.id != id) {
        let (first, second) = (NodeId::Broker(id.min(other.id)), NodeId::Broker(id.max(other.id)));
        related.push((Thing::Link(first, second), format!("link to broker {}", other.id)));
    }
    inspection.settings = settings(world.broker(id)?.setup.config.entries());
    Some(())
}

fn left(frame: &Frame, due_us: u64) -> String {
    words::span(due_us.saturating_sub(frame.time_us))
}

fn producer(world: &World, frame: &Frame, id: ClientId, inspection: &mut Inspection, facts: &mut Facts) -> Option<()> {
    let one = frame.producer(id)?;
    inspection.title = one.name.clone();
    inspection.help = Concept::Producer.help().into();
    facts.add("process", one.life.words());
    facts.explained(Concept::Acks, words::acks(one.acks));
    facts.explained(
        Concept::Idempotence,
        match one.producer_id {
            _ if !one.idempotent => "no".into(),
            Some(producer_id) => format!("yes, producer id {producer_id}"),
            None => "yes, no producer id yet".to_string(),
        },
    );
    for (label, batches) in [("in the buffer", &one.buffered), ("in flight", &one.in_flight)] {
        for batch in batches {
            let sequence = batch.base_sequence.map(|sequence| format!(", sequence {sequence}")).unwrap_or_default();
            let attempts = if batch.attempts > 1 { format!(", attempt {}", batch.attempts) } else { String::new() };
            let records = words::count(batch.records.into(), "record", "records");
            let size = words::bytes(batch.size_bytes.into());
            facts.add(label, format!("{}: {records}, {size}{sequence}{attempts}", batch.partition));
        }
    }
    facts.add("acknowledged", one.acknowledged).add("failed", one.failed);
    for result in one.results.iter().rev().take(4) {
        let partition = result.partition.as_ref().map(|partition| format!(" in {partition}")).unwrap_or_default();
        facts.add(
            "result",
            match &result.outcome {
                SendOutcome::Acknowledged(-1) => format!("sent{partition}, no answer asked"),
                SendOutcome::Acknowledged(offset) => format!("acknowledged at offset {offset}{partition}"),
                SendOutcome::NotWritten(error) => format!("not written: {error}"),
                SendOutcome::InDoubt(error) => format!("in doubt: {error}"),
            },
        );
    }
    for (partition, leader) in one.leaders.iter().filter(|(partition, _)| !partition.topic.starts_with("__")) {
        let leader = leader.map_or("no leader known".into(), |leader| format!("broker {leader}"));
        facts.add(&format!("believes the leader of {partition} to be"), leader);
    }
    let (_, producer) = world.producers().find(|(_, producer)| producer.setup.client.id == id)?;
    inspection.settings = settings(producer.setup.config.entries());
    Some(())
}

fn consumer(
    world: &World,
    frame: &Frame,
    id: ClientId,
    inspection: &mut Inspection,
    facts: &mut Facts,
    related: &mut Vec<(Thing, String)>,
) -> Option<()> {
    let (group, one) = frame.consumer(id)?;
    inspection.title = one.name.clone();
    inspection.help = Concept::Consumer.help().into();
    facts.add("process", one.life.words()).add("does", &one.state);
    if let Some(processing) = &one.processing {
        facts.add("processes", format!("offset {} of {}", processing.offset, processing.partition));
    }
    if one.polled > 0 {
        facts.add("handed over, not yet processed", words::count(one.polled.into(), "record", "records"));
    }
    for assigned in &one.assigned {
        let number = |value: Option<i64>| value.map_or("none".to_string(), |value| value.to_string());
        facts.add("reads", &assigned.partition);
        facts.explained(Concept::Position, number(assigned.position));
        facts.explained(Concept::Committed, number(assigned.committed));
        facts.explained(Concept::Lag, number(assigned.lag.map(|lag| lag as i64)));
    }
    related.push((Thing::Group(group.name.clone()), format!("group {}", group.name)));
    let (_, consumer) = world.consumers().find(|(_, consumer)| consumer.setup.client.id == id)?;
    facts.add("member id", &consumer.membership().member_id);
    inspection.settings = settings(consumer.setup.config.entries());
    Some(())
}

fn group(
    frame: &Frame,
    name: &str,
    inspection: &mut Inspection,
    facts: &mut Facts,
    related: &mut Vec<(Thing, String)>,
) -> Option<()> {
    let group = frame.groups.iter().find(|group| group.name == name)?;
    inspection.title = format!("Group {name}");
    inspection.help = Concept::Group.help().into();
    facts.add("state", if group.state.is_empty() { "no coordinator has heard of it" } else { &group.state });
    facts.add("generation", group.generation);
    if let Some(broker) = group.coordinator {
        facts.add("coordinator", format!("broker {broker}"));
        related.push((Thing::Broker(broker), format!("broker {broker}")));
    }
    if let Some(assignor) = &group.assignor {
        facts.add("partitions are dealt out by", assignor);
    }
    for (partition, offset) in &group.committed {
        facts.explained(Concept::Committed, format!("{offset} of {partition}"));
    }
    for consumer in &group.consumers {
        related.push((Thing::Consumer(consumer.id), consumer.name.clone()));
    }
    Some(())
}

fn partition(
    world: &World,
    frame: &Frame,
    partition: &TopicPartition,
    inspection: &mut Inspection,
    facts: &mut Facts,
    related: &mut Vec<(Thing, String)>,
) -> Option<()> {
    let one = frame.partition(partition)?;
    inspection.title = partition.to_string();
    inspection.help = Concept::Partition.help().into();
    facts.explained(Concept::Leader, one.leader.map_or("none".into(), |leader| format!("broker {leader}")));
    facts.explained(Concept::LeaderEpoch, one.leader_epoch);
    facts.add("replicas, in the order of the assignment", words::list(&one.replicas));
    facts.explained(Concept::Isr, words::list(&one.isr));
    facts.explained(Concept::MinIsr, one.min_insync_replicas);
    if !one.elr.is_empty() {
        facts.add("eligible leader replicas", words::list(&one.elr));
    }
    for broker in &one.replicas {
        related.push((Thing::Replica(*broker, partition.clone()), format!("copy on broker {broker}")));
    }
    inspection.settings = topic_settings(world, partition);
    Some(())
}

fn topic_settings(world: &World, partition: &TopicPartition) -> Vec<Setting> {
    let of = world.brokers().find_map(|(_, broker)| Some(broker.partition(partition)?.settings().topic.clone()));
    of.map(|topic| settings(topic.entries())).unwrap_or_default()
}

fn replica(world: &World, id: BrokerId, replica: &ReplicaFrame, facts: &mut Facts) {
    facts.add("role", replica.role.words());
    facts.explained(Concept::LeaderEpoch, replica.leader_epoch);
    facts.add("log start offset", replica.log_start_offset);
    facts.explained(Concept::HighWatermark, replica.high_watermark);
    facts.explained(Concept::LogEndOffset, replica.log_end_offset);
    if !replica.isr.is_empty() {
        facts.explained(Concept::Isr, words::list(&replica.isr));
    }
    for (follower, end) in &replica.followers {
        facts.add(&format!("broker {follower} is known to have all before"), end);
    }
    facts.add("size", words::bytes(replica.size_bytes));
    facts.explained(
        Concept::PageCache,
        match replica.flushed_offset {
            flushed if flushed >= replica.log_end_offset => "all is on the disk".into(),
            flushed => format!("from offset {flushed} on"),
        },
    );
    let log = world.broker(id).and_then(|broker| broker.partition(&replica.partition)).map(|partition| partition.log());
    for segment in log.into_iter().flat_map(|log| log.segments()) {
        facts.add("segment file", segment.file_name());
    }
}

fn record(
    world: &World,
    frame: &Frame,
    id: BrokerId,
    partition: &TopicPartition,
    offset: Offset,
    inspection: &mut Inspection,
    facts: &mut Facts,
) -> Option<()> {
    let log = world.broker(id)?.partition(partition)?.log();
    let batches = log.read(offset, 1, log.log_end_offset(), true).ok()?;
    let batch = batches.first()?;
    inspection.title = format!("Offset {offset} of {partition} on broker {id}");
    inspection.help = Concept::Record.help().into();
    let views = batch.record_data().ok();
    let place = views.as_ref().and_then(|data| {
        data.views().flatten().zip(0_u32..).find(|(view, _)| view.offset == offset).map(|(view, place)| {
            let text = |bytes: Option<&[u8]>| match bytes {
                None => "null".into(),
                Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            };
            facts.explained(Concept::Key, text(view.key)).add("value", text(view.value));
            facts.add("time", format!("{} ms since 1970", view.timestamp));
            for (name, value) in view.headers() {
                facts.add(&format!("header {name}"), text(value));
            }
            place
        })
    });
    let committed = offset < log.high_watermark();
    facts.explained(
        Concept::HighWatermark,
        match committed {
            true => format!("{}: the record is committed, as far as this broker knows", log.high_watermark()),
            false => format!("{}: not committed yet, as far as this broker knows", log.high_watermark()),
        },
    );
    facts.explained(Concept::LeaderEpoch, batch.leader_epoch());
    let others: Vec<String> = frame
        .brokers
        .iter()
        .filter(|broker| frame.replica(broker.id, partition).is_some_and(|replica| replica.log_end_offset > offset))
        .map(|broker| broker.id.to_string())
        .collect();
    facts.add("brokers whose log reaches so far", words::list(&others));
    inspection.bytes.push(batch_bytes(batch, place));
    Some(())
}

fn message(world: &World, frame: &Frame, id: u64, inspection: &mut Inspection, facts: &mut Facts) -> Option<()> {
    let one = frame.message(id)?;
    inspection.title = format!("{} {}", one.api.name(), if one.is_request { "request" } else { "answer" });
    inspection.help = words::api_help(one.api).into();
    facts.add("from", frame.node_name(one.from)).add("to", frame.node_name(one.to));
    facts.add("state", one.transit.words());
    facts.add("sent at", frame.clock(one.sent_us)).add("arrives at", frame.clock(one.due_us));
    facts.add("size", words::bytes(one.size_bytes));
    if one.retransmissions > 0 {
        let times = words::count(one.retransmissions.into(), "time", "times");
        facts.add("lost on its way, and sent again", times);
    }
    if !one.words.is_empty() {
        facts.add("says", &one.words);
    }
    facts.add("in words", message_name(frame, one));
    let transit = world.transits().get(&MessageId(id))?;
    for (name, value) in fetch_session::facts(world, &transit.message) {
        facts.helped(name, value, Concept::FetchSession.help());
    }
    let batches: Vec<&RecordBatch> = transit.message.batches();
    // A fetch may bring many batches: the first few tell how they are made.
    inspection.bytes = batches.into_iter().take(3).map(|batch| batch_bytes(batch, None)).collect();
    Some(())
}

//! The text view of the state: the same frame as tables, for screen readers, print and programs.

use serde::Serialize;

use super::frame::{Frame, Life};
use super::thing::Thing;
use crate::kafka::ids::{BrokerId, NodeId};

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// What each row is about, for the inspector.
    pub things: Vec<Thing>,
}

impl Table {
    fn new(title: &str, columns: &[&str], rows: impl Iterator<Item = (Thing, Vec<String>)>) -> Table {
        let (things, rows) = rows.unzip();
        Table { title: title.into(), columns: columns.iter().map(ToString::to_string).collect(), rows, things }
    }
}

fn ids(brokers: &[BrokerId]) -> String {
    match brokers {
        [] => "none".into(),
        _ => brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn optional(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "none".into(), |value| value.to_string())
}

const fn life(life: Life) -> &'static str {
    life.words()
}

/// All tables of a frame, each with its heading; empty ones are left out.
pub fn tables(frame: &Frame) -> Vec<Table> {
    let tables = [
        partitions(frame),
        replicas(frame),
        brokers(frame),
        controllers(frame),
        producers(frame),
        consumers(frame),
        messages(frame),
        machines(frame),
        links(frame),
    ];
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

fn partitions(frame: &Frame) -> Table {
    let rows = frame.partitions.iter().map(|partition| {
        let cells = vec![
            partition.partition.to_string(),
            optional(partition.leader),
            partition.leader_epoch.to_string(),
            ids(&partition.replicas),
            ids(&partition.isr),
            ids(&partition.elr),
        ];
        (Thing::Partition(partition.partition.clone()), cells)
    });
    let columns = ["Partition", "Leader", "Leader epoch", "Replicas", "In sync (ISR)", "Eligible (ELR)"];
    Table::new("Partitions, as the controller has registered them", &columns, rows)
}

fn replicas(frame: &Frame) -> Table {
    let rows = frame.brokers.iter().flat_map(|broker| {
        broker.replicas.iter().map(|replica| {
            let cells = vec![
                format!("broker {}", broker.id),
                replica.partition.to_string(),
                format!("{:?}", replica.role).to_lowercase(),
                replica.log_start_offset.to_string(),
                replica.high_watermark.to_string(),
                replica.log_end_offset.to_string(),
                replica.waiting().to_string(),
            ];
            (Thing::Replica(broker.id, replica.partition.clone()), cells)
        })
    });
    let columns = ["Where", "Partition", "Role", "Log start", "High watermark", "Log end", "Requests waiting"];
    Table::new("Replicas", &columns, rows)
}

fn brokers(frame: &Frame) -> Table {
    let rows = frame.brokers.iter().map(|broker| {
        let cells = vec![
            format!("broker {}", broker.id),
            life(broker.life).into(),
            if broker.fenced { "fenced" } else { "active" }.into(),
            broker.metadata_offset.to_string(),
        ];
        (Thing::Broker(broker.id), cells)
    });
    Table::new("Brokers", &["Broker", "Process", "For the controller", "Metadata replayed to"], rows)
}

fn controllers(frame: &Frame) -> Table {
    let rows = frame.controllers.iter().map(|controller| {
        let cells = vec![
            format!("controller {}", controller.id),
            life(controller.life).into(),
            if controller.active { "active" } else { "standby" }.into(),
            controller.epoch.to_string(),
            controller.log_end_offset.to_string(),
        ];
        (Thing::Controller(controller.id), cells)
    });
    Table::new("Controllers", &["Controller", "Process", "Role", "Epoch", "Log end"], rows)
}

fn producers(frame: &Frame) -> Table {
    let rows = frame.producers.iter().map(|producer| {
        let cells = vec![
            producer.name.clone(),
            life(producer.life).into(),
            producer.buffered.len().to_string(),
            producer.in_flight.len().to_string(),
            producer.acknowledged.to_string(),
            producer.failed.to_string(),
        ];
        (Thing::Producer(producer.id), cells)
    });
    let columns = ["Producer", "Process", "Batches buffered", "Batches in flight", "Acknowledged", "Failed"];
    Table::new("Producers", &columns, rows)
}

fn consumers(frame: &Frame) -> Table {
    let rows = frame.groups.iter().flat_map(|group| {
        group.consumers.iter().flat_map(move |consumer| {
            consumer.assigned.iter().map(move |assigned| {
                let cells = vec![
                    group.name.clone(),
                    consumer.name.clone(),
                    assigned.partition.to_string(),
                    optional(assigned.position),
                    optional(assigned.committed),
                    optional(assigned.lag),
                ];
                (Thing::Consumer(consumer.id), cells)
            })
        })
    });
    Table::new("Consumers", &["Group", "Consumer", "Partition", "Position", "Committed", "Lag"], rows)
}

fn messages(frame: &Frame) -> Table {
    let rows = frame.messages.iter().map(|message| {
        let cells = vec![
            message.api.name().into(),
            if message.is_request { "request" } else { "answer" }.into(),
            frame.node_name(message.from),
            frame.node_name(message.to),
            message.words.clone(),
        ];
        (Thing::Message(message.id), cells)
    });
    Table::new("Messages on their way", &["API", "Kind", "From", "To", "Says"], rows)
}

fn machines(frame: &Frame) -> Table {
    let rows = frame.bad_machines.iter().map(|machine| {
        let thing = match machine.node {
            NodeId::Broker(id) => Thing::Broker(id),
            NodeId::Controller(id) => Thing::Controller(id),
            NodeId::Client(id) if frame.consumer(id).is_some() => Thing::Consumer(id),
            NodeId::Client(id) if frame.producer(id).is_some() => Thing::Producer(id),
            NodeId::Client(id) => Thing::Tool(id),
        };
        (thing, vec![frame.node_name(machine.node), machine.disk_words(), machine.clock_words()])
    });
    Table::new("Machines in trouble", &["Machine", "Disk", "Clock"], rows)
}

fn links(frame: &Frame) -> Table {
    let row =
        |from, to, state: String| (Thing::Link(from, to), vec![frame.node_name(from), frame.node_name(to), state]);
    let cut = frame
        .cut_links
        .iter()
        .map(|cut| row(cut.from, cut.to, if cut.both_ways { "cut both ways".into() } else { "cut".into() }));
    let bad = frame.bad_links.iter().map(|link| row(link.from, link.to, link.words()));
    Table::new("Links in trouble", &["From", "To", "State"], cut.chain(bad))
}

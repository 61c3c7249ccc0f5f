//! The text view of the state: the same frame as tables, for screen readers, print and programs.

use serde::Serialize;

use super::frame::{Frame, Life};
use crate::kafka::ids::BrokerId;

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    fn new(title: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Table {
        Table { title: title.into(), columns: columns.iter().map(ToString::to_string).collect(), rows }
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
    ];
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

fn partitions(frame: &Frame) -> Table {
    let rows = frame.partitions.iter().map(|partition| {
        vec![
            partition.partition.to_string(),
            optional(partition.leader),
            partition.leader_epoch.to_string(),
            ids(&partition.replicas),
            ids(&partition.isr),
            ids(&partition.elr),
        ]
    });
    let columns = ["Partition", "Leader", "Leader epoch", "Replicas", "In sync (ISR)", "Eligible (ELR)"];
    Table::new("Partitions, as the controller has registered them", &columns, rows.collect())
}

fn replicas(frame: &Frame) -> Table {
    let rows = frame.brokers.iter().flat_map(|broker| {
        broker.replicas.iter().map(|replica| {
            vec![
                format!("broker {}", broker.id),
                replica.partition.to_string(),
                format!("{:?}", replica.role).to_lowercase(),
                replica.log_start_offset.to_string(),
                replica.high_watermark.to_string(),
                replica.log_end_offset.to_string(),
                replica.waiting().to_string(),
            ]
        })
    });
    let columns = ["Where", "Partition", "Role", "Log start", "High watermark", "Log end", "Requests waiting"];
    Table::new("Replicas", &columns, rows.collect())
}

fn brokers(frame: &Frame) -> Table {
    let rows = frame.brokers.iter().map(|broker| {
        vec![
            format!("broker {}", broker.id),
            life(broker.life).into(),
            if broker.fenced { "fenced" } else { "active" }.into(),
            broker.metadata_offset.to_string(),
        ]
    });
    Table::new("Brokers", &["Broker", "Process", "For the controller", "Metadata replayed to"], rows.collect())
}

fn controllers(frame: &Frame) -> Table {
    let rows = frame.controllers.iter().map(|controller| {
        vec![
            format!("controller {}", controller.id),
            life(controller.life).into(),
            if controller.active { "active" } else { "standby" }.into(),
            controller.epoch.to_string(),
            controller.log_end_offset.to_string(),
        ]
    });
    Table::new("Controllers", &["Controller", "Process", "Role", "Epoch", "Log end"], rows.collect())
}

fn producers(frame: &Frame) -> Table {
    let rows = frame.producers.iter().map(|producer| {
        vec![
            producer.name.clone(),
            life(producer.life).into(),
            producer.buffered.len().to_string(),
            producer.in_flight.len().to_string(),
            producer.acknowledged.to_string(),
            producer.failed.to_string(),
        ]
    });
    let columns = ["Producer", "Process", "Batches buffered", "Batches in flight", "Acknowledged", "Failed"];
    Table::new("Producers", &columns, rows.collect())
}

fn consumers(frame: &Frame) -> Table {
    let rows = frame.groups.iter().flat_map(|group| {
        group.consumers.iter().flat_map(move |consumer| {
            consumer.assigned.iter().map(move |assigned| {
                vec![
                    group.name.clone(),
                    consumer.name.clone(),
                    assigned.partition.to_string(),
                    optional(assigned.position),
                    optional(assigned.committed),
                    optional(assigned.lag),
                ]
            })
        })
    });
    Table::new("Consumers", &["Group", "Consumer", "Partition", "Position", "Committed", "Lag"], rows.collect())
}

fn messages(frame: &Frame) -> Table {
    let rows = frame.messages.iter().map(|message| {
        vec![
            message.api.name().into(),
            if message.is_request { "request" } else { "answer" }.into(),
            frame.node_name(message.from),
            frame.node_name(message.to),
            message.words.clone(),
        ]
    });
    Table::new("Messages on their way", &["API", "Kind", "From", "To", "Says"], rows.collect())
}

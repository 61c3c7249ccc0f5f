//! Cards of producers and of administrators' tools.

use super::lane::small_mark;
use super::pen::{BODY, SMALL, TITLE, decoration, thing};
use super::{Arcs, Style};
use crate::kafka::ids::NodeId;
use crate::stage::frame::{Frame, Life, ProducerFrame, SendOutcome, ToolFrame};
use crate::stage::geometry::{Point, Rect};
use crate::stage::glyphs;
use crate::stage::scene::Item;
use crate::stage::text;
use crate::stage::thing::Thing;
use crate::stage::trouble::MachineFrame;
use crate::stage::words::{self, Concept};

/// Height of every producer's card.
pub const PRODUCER_HEIGHT: f32 = 112.0;
/// Height of a tool's card.
pub const TOOL_HEIGHT: f32 = 38.0;

/// Marks the place of those who have not come yet, so that it is known from the start who stands where.
pub fn nobody(who: &str, at: Point, width: f32, style: &Style, items: &mut Vec<Item>) -> Rect {
    let place = Rect::new(at.x, at.y, width, 52.0);
    let mut item = decoration("nobody");
    item.rect("place", place, 11.0);
    item.text("soft", at.x + style.pad, at.y + 22.0, BODY, who);
    item.text("soft", at.x + style.pad, at.y + 40.0, SMALL, "none yet");
    items.push(item);
    place
}

/// Draws a producer's card.
pub fn producer(
    frame: &Frame,
    producer: &ProducerFrame,
    at: Point,
    width: f32,
    style: &Style,
    items: &mut Vec<Item>,
    arcs: &mut Arcs,
) -> Rect {
    let panel = Rect::new(at.x, at.y, width, PRODUCER_HEIGHT);
    let class = match producer.life {
        Life::Running => "client producer",
        Life::Paused => "client producer paused",
        Life::Down => "client producer down",
    };
    let name = format!(
        "Producer {}, acks={}: {}, {}",
        producer.name,
        words::acks(producer.acks),
        busy(producer),
        result_in_words(producer)
    );
    let mut item = thing(Thing::Producer(producer.id), class, name, panel).stop().shows(&[
        Concept::Producer,
        Concept::Acks,
        Concept::Ack,
        Concept::Idempotence,
        Concept::Retry,
        Concept::Batch,
    ]);
    item.rect("panel", panel, 11.0);
    if producer.life == Life::Down {
        item.rect("hatch", panel, 11.0);
        item.path("cross", glyphs::cross(panel.x + 4.0, panel.y + 4.0, width - 8.0, PRODUCER_HEIGHT - 8.0));
    }
    let x = panel.x + style.pad;
    let right = panel.right() - style.pad;
    let mut room = right - x;
    if let Some(arc) = arcs.of_node(frame, NodeId::Client(producer.id)) {
        arcs.put(arc, Point::new(right - 7.0, panel.y + 17.0));
        room -= 22.0;
    }
    item.bold("name", x, panel.y + 22.0, TITLE, text::fit(&producer.name, TITLE, true, room));
    let acks = words::acks(producer.acks);
    let wordings = match producer.idempotent {
        true => vec![format!("acks={acks}, idempotent"), format!("acks={acks}")],
        false => vec![format!("acks={acks}, not idempotent"), format!("acks={acks}")],
    };
    let machine = frame.bad_machine(NodeId::Client(producer.id)).map(MachineFrame::badge_words);
    let line = match (producer.life, machine) {
        (Life::Running, Some(words)) => text::fit(&words, SMALL, false, right - x),
        (Life::Running, None) => text::first_fit(&wordings, SMALL, false, right - x),
        (life, _) => life.words().into(),
    };
    item.text("soft", x, panel.y + 40.0, SMALL, line);

    let slot = Rect::new(x, panel.y + 49.0, right - x, 28.0);
    item.rect("slot", slot, 6.0);
    let line = slot.y + 18.4;
    let batches: Vec<_> = producer.in_flight.iter().chain(&producer.buffered).collect();
    let marks: Vec<Option<u8>> = batches.iter().flat_map(|batch| batch.marks.iter().copied()).collect();
    if batches.is_empty() {
        item.text("soft", slot.x + 9.0, line, SMALL, text::fit("nothing to send", SMALL, false, slot.width - 14.0));
    } else {
        let shown = marks.len().min(if slot.width > 130.0 { 3 } else { 1 });
        for (index, mark) in marks.iter().take(shown).enumerate() {
            let centre = Point::new(slot.x + 14.0 + 15.0 * index as f32, slot.y + 14.0);
            item.path(small_mark(*mark), glyphs::mark(*mark, centre, 5.5));
        }
        let from = slot.x + 11.0 + 15.0 * shown as f32;
        let (sent, kept) = records(producer);
        let wordings = match (sent, kept) {
            (0, kept) => vec![format!("{kept} in the buffer"), format!("{kept} buffered"), format!("{kept}")],
            (sent, 0) => vec![format!("{sent} in flight"), format!("{sent}")],
            (sent, kept) => vec![
                format!("{sent} in flight, {kept} buffered"),
                format!("{sent} sent, {kept} kept"),
                format!("{sent}+{kept}"),
            ],
        };
        item.text("ink", from, line, SMALL, text::first_fit(&wordings, SMALL, false, slot.right() - 6.0 - from));
    }
    result(&mut item, producer, x, right, panel.y + 97.5);
    items.push(item);
    panel
}

/// Records in flight and in the buffer.
fn records(producer: &ProducerFrame) -> (u32, u32) {
    (
        producer.in_flight.iter().map(|batch| batch.records).sum(),
        producer.buffered.iter().map(|batch| batch.records).sum(),
    )
}

fn busy(producer: &ProducerFrame) -> String {
    match records(producer) {
        (0, 0) => "nothing to send".into(),
        (sent, 0) => format!("{} in flight", words::count(sent.into(), "record", "records")),
        (0, kept) => format!("{} in the buffer", words::count(kept.into(), "record", "records")),
        (sent, kept) => format!("{sent} in flight, {kept} in the buffer"),
    }
}

fn result_in_words(producer: &ProducerFrame) -> String {
    match producer.results.last().map(|result| &result.outcome) {
        None => "no answer yet".into(),
        Some(SendOutcome::Acknowledged(-1)) => "last record handed to the network".into(),
        Some(SendOutcome::Acknowledged(offset)) => format!("last record acknowledged at offset {offset}"),
        Some(SendOutcome::NotWritten(why)) => format!("last record not written: {why}"),
        Some(SendOutcome::InDoubt(why)) => format!("last record in doubt: {why}"),
    }
}

fn result(item: &mut Item, producer: &ProducerFrame, x: f32, right: f32, line: f32) {
    let Some(result) = producer.results.last() else {
        item.text("soft", x, line, SMALL, "no answer yet");
        return;
    };
    let (class, wordings) = match &result.outcome {
        SendOutcome::Acknowledged(-1) => ("soft", vec!["sent, no answer asked".to_string(), "sent".into()]),
        SendOutcome::Acknowledged(offset) => (
            "ink",
            vec![format!("offset {offset} acknowledged"), format!("ack: offset {offset}"), format!("ack {offset}")],
        ),
        SendOutcome::NotWritten(_) => ("ink", vec!["not written".to_string()]),
        SendOutcome::InDoubt(_) => ("ink", vec!["in doubt".to_string()]),
    };
    let good = matches!(result.outcome, SendOutcome::Acknowledged(_));
    let from = Point::new(x + 1.0, line - 4.5);
    match good {
        true => item.path(
            "tick",
            format!(
                "M{} {}l3.4 3.6 6.4 -7.6",
                crate::stage::geometry::number(from.x),
                crate::stage::geometry::number(from.y)
            ),
        ),
        false => item.path("fail", glyphs::cross(from.x, from.y - 4.0, 8.5, 8.5)),
    };
    item.text(class, x + 17.0, line, SMALL, text::first_fit(&wordings, SMALL, false, right - x - 17.0));
}

/// Draws the card of a tool.
pub fn tool(tool: &ToolFrame, at: Point, width: f32, style: &Style, items: &mut Vec<Item>) -> Rect {
    let panel = Rect::new(at.x, at.y, width, TOOL_HEIGHT);
    let mut item = thing(Thing::Tool(tool.id), "client tool", format!("Tool {}", tool.name), panel).stop();
    item.rect("panel", panel, 11.0);
    let name = text::fit(&tool.name, BODY, true, width - 2.0 * style.pad);
    item.bold("name", panel.x + style.pad, panel.y + 24.0, BODY, name);
    items.push(item);
    panel
}

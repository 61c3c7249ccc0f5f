//! Consumer groups: a box each, with a card for every consumer.

use super::lane::small_mark;
use super::pen::{BODY, SMALL, TITLE, thing};
use super::{Arcs, Style};
use crate::kafka::ids::NodeId;
use crate::stage::frame::{AssignedFrame, ConsumerFrame, Frame, GroupFrame, Life};
use crate::stage::geometry::{Point, Rect};
use crate::stage::glyphs;
use crate::stage::scene::{Anchor, Colour, Item};
use crate::stage::text;
use crate::stage::thing::Thing;
use crate::stage::words::Concept;

/// How much of a consumer its card tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Position, committed offset and lag in rows of their own.
    Full,
    /// One row for each partition.
    Brief,
}

const HEAD: f32 = 62.0;
const ROW: f32 = 21.0;
const SLOT: f32 = 27.0;
const GAP: f32 = 8.0;
/// From this width on a card tells position, committed offset and lag in one row.
const ONE_ROW: f32 = 290.0;

/// Height of one consumer's card.
fn card_height(consumer: &ConsumerFrame, width: f32, detail: Detail) -> f32 {
    let rows = match (detail, consumer.assigned.len()) {
        (_, 0) => 1.0,
        (Detail::Full, 1) if width >= ONE_ROW => 2.0,
        (Detail::Full, 1) => 4.0,
        (Detail::Full, partitions) => partitions as f32,
        (Detail::Brief, partitions) => partitions as f32,
    };
    30.0 + rows * ROW + SLOT + 14.0
}

/// How many cards stand side by side in a box of this width.
fn columns(group: &GroupFrame, width: f32) -> usize {
    let fit = ((width - 12.0) / 158.0).max(1.0) as usize;
    fit.min(group.consumers.len()).max(1)
}

fn card_width(group: f32, columns: usize) -> f32 {
    (group - 12.0 - (columns - 1) as f32 * GAP) / columns as f32
}

/// Height of a group's box.
pub fn height(group: &GroupFrame, width: f32, detail: Detail) -> f32 {
    let columns = columns(group, width);
    let card = card_width(width, columns);
    let rows: f32 = group
        .consumers
        .chunks(columns)
        .map(|row| row.iter().map(|consumer| card_height(consumer, card, detail)).fold(0.0, f32::max) + GAP)
        .sum();
    HEAD + rows + 4.0
}

/// Draws a group and returns its box and the card of each consumer.
#[allow(clippy::too_many_arguments, reason = "what a group is made from")]
pub fn draw(
    frame: &Frame,
    index: usize,
    at: Point,
    width: f32,
    detail: Detail,
    style: &Style,
    items: &mut Vec<Item>,
    arcs: &mut Arcs,
) -> (Rect, Vec<(NodeId, Rect)>) {
    let group = &frame.groups[index];
    let colour = Colour::Group(index as u8);
    let panel = Rect::new(at.x, at.y, width, height(group, width, detail));
    let state = if group.state.is_empty() { "no coordinator now" } else { &group.state };
    let mut whole = thing(
        Thing::Group(group.name.clone()),
        "group",
        format!("Consumer group {}, {state}, generation {}", group.name, group.generation),
        panel,
    )
    .stop()
    .shows(&[Concept::Group])
    .coloured(colour);
    whole.rect("group-box", panel, 13.0);
    let x = panel.x + style.pad;
    let room = width - 2.0 * style.pad;
    whole.bold("name", x, panel.y + 22.0, TITLE, text::fit(&group.name, TITLE, true, room));
    let wordings = match group.state.is_empty() {
        true => vec!["group, no coordinator now".to_string(), "no coordinator now".into()],
        false => vec![
            format!("group, {state}, generation {}", group.generation),
            format!("{state} · generation {}", group.generation),
            state.to_string(),
        ],
    };
    whole.text("soft", x, panel.y + 39.0, SMALL, text::first_fit(&wordings, SMALL, false, room));
    let coordinator = match group.coordinator {
        Some(broker) => vec![format!("coordinator: broker {broker}"), format!("coord. broker {broker}")],
        // That there is none has been said already.
        None => vec![String::new()],
    };
    whole.text("soft", x, panel.y + 55.0, SMALL, text::first_fit(&coordinator, SMALL, false, room));
    items.push(whole);

    let columns = columns(group, width);
    let card_width = card_width(width, columns);
    let mut cards = Vec::new();
    let mut y = panel.y + HEAD;
    for row in group.consumers.chunks(columns) {
        let height = row.iter().map(|consumer| card_height(consumer, card_width, detail)).fold(0.0, f32::max);
        for (place, consumer) in row.iter().enumerate() {
            let card = Rect::new(panel.x + 6.0 + place as f32 * (card_width + GAP), y, card_width, height);
            self::card(frame, consumer, colour, &card, detail, style, items, arcs);
            cards.push((NodeId::Client(consumer.id), card));
        }
        y += height + GAP;
    }
    (panel, cards)
}

#[allow(clippy::too_many_arguments, reason = "what a card is made from")]
fn card(
    frame: &Frame,
    consumer: &ConsumerFrame,
    colour: Colour,
    panel: &Rect,
    detail: Detail,
    style: &Style,
    items: &mut Vec<Item>,
    arcs: &mut Arcs,
) {
    let class = match consumer.life {
        Life::Running => "client consumer",
        Life::Paused => "client consumer paused",
        Life::Down => "client consumer down",
    };
    let name = format!("Consumer {}, {}", consumer.name, doing(consumer));
    let mut item = thing(Thing::Consumer(consumer.id), class, name, *panel)
        .stop()
        .shows(&[Concept::Consumer, Concept::Position, Concept::Committed, Concept::Lag])
        .coloured(colour);
    item.rect("panel", *panel, 9.0);
    if consumer.life == Life::Down {
        item.rect("hatch", *panel, 9.0);
        item.path("cross", glyphs::cross(panel.x + 4.0, panel.y + 4.0, panel.width - 8.0, panel.height - 8.0));
    }
    let x = panel.x + style.pad - 1.0;
    let right = panel.right() - style.pad + 1.0;
    let mut room = right - x;
    if let Some(arc) = arcs.of_node(frame, NodeId::Client(consumer.id)) {
        arcs.put(arc, Point::new(right - 7.0, panel.y + 17.0));
        room -= 22.0;
    }
    item.bold("name", x, panel.y + 21.5, 14.0, text::fit(&consumer.name, 14.0, true, room));
    let mut y = panel.y + 30.0;
    match (consumer.assigned.as_slice(), detail) {
        ([], _) => {
            let words = if consumer.life == Life::Down { "its memory is gone" } else { "no partition" };
            item.text("soft", x, y + 14.0, SMALL, text::fit(words, SMALL, false, right - x));
        }
        ([only], Detail::Full) => {
            let reads = text::fit_partition(&only.partition, SMALL, right - x - text::width("reads ", SMALL, false));
            item.text("soft", x, y + 12.0, SMALL, format!("reads {reads}"));
            y += ROW;
            if panel.width >= ONE_ROW {
                in_one_row(&mut item, only, x, right, y);
            } else {
                in_rows(&mut item, only, x, right, y);
            }
        }
        (several, _) => {
            for assigned in several {
                row(&mut item, assigned, x, right, y);
                y += ROW;
            }
        }
    }
    slot(&mut item, frame, consumer, Rect::new(x, panel.bottom() - SLOT - 8.0, right - x, SLOT));
    items.push(item);
}

/// Label, number, and the class of the pin that stands for it in the log.
type Number = (&'static str, String, Option<&'static str>);

fn numbers(assigned: &AssignedFrame) -> [Number; 3] {
    let words = |value: Option<i64>| value.map_or("none".into(), |value| value.to_string());
    [
        ("position", words(assigned.position), Some("drop position")),
        ("committed", words(assigned.committed), Some("drop committed")),
        ("lag", words(assigned.lag.map(|lag| lag as i64)), None),
    ]
}

fn in_rows(item: &mut Item, assigned: &AssignedFrame, x: f32, right: f32, from: f32) {
    for (index, (label, value, pin)) in numbers(assigned).into_iter().enumerate() {
        let y = from + index as f32 * ROW;
        if let Some(class) = pin {
            item.path(class, glyphs::pin(Point::new(x + 5.5, y + 17.0)));
        }
        item.text("soft", x + 18.0, y + 14.5, SMALL, label);
        item.write("number", right, y + 14.5, BODY, true, Anchor::End, value);
    }
}

fn in_one_row(item: &mut Item, assigned: &AssignedFrame, x: f32, right: f32, y: f32) {
    let column = (right - x) / 3.0;
    for (index, (label, value, pin)) in numbers(assigned).into_iter().enumerate() {
        let mut x = x + index as f32 * column;
        let end = x + column;
        if let Some(class) = pin {
            item.path(class, glyphs::pin(Point::new(x + 5.5, y + 17.0)));
            x += 16.0;
        }
        let number = text::width(&value, BODY, true);
        if text::width(label, SMALL, false) + 6.0 + number <= end - x - 4.0 {
            x += item.text("soft", x, y + 14.5, SMALL, label) + 6.0;
        } else if pin.is_none() {
            x = end - number - 4.0;
        }
        item.bold("number", x, y + 14.5, BODY, text::fit(&value, BODY, true, end - x - 2.0));
    }
}

/// One partition in one row: name, position, committed offset and lag, as far as they fit.
fn row(item: &mut Item, assigned: &AssignedFrame, x: f32, right: f32, y: f32) {
    let line = y + 14.5;
    let number = |value: Option<i64>| value.map_or("–".to_string(), |value| value.to_string());
    let (position, committed) = (number(assigned.position), number(assigned.committed));
    let lag = format!("lag {}", assigned.lag.map_or("–".to_string(), |lag| lag.to_string()));
    let pins = 34.0 + text::width(&position, SMALL, false) + text::width(&committed, SMALL, false) + 10.0;
    let lag_width = text::width(&lag, SMALL, false);
    let mut end = right;
    if right - x - pins - lag_width - 10.0 > 24.0 {
        item.text_end("soft", end, line, SMALL, lag);
        end -= lag_width + 10.0;
    }
    end -= item.text_end("ink", end, line, SMALL, committed) + 8.0;
    item.path("drop committed", glyphs::pin(Point::new(end, y + 17.0)));
    end -= 12.0;
    end -= item.text_end("ink", end, line, SMALL, position) + 8.0;
    item.path("drop position", glyphs::pin(Point::new(end, y + 17.0)));
    end -= 12.0;
    item.text("soft", x, line, SMALL, text::fit_partition(&assigned.partition, SMALL, end - x));
}

fn doing(consumer: &ConsumerFrame) -> String {
    match (consumer.life, &consumer.processing) {
        (Life::Running, Some(processing)) => format!("processes offset {}", processing.offset),
        (Life::Running, None) => consumer.state.clone(),
        (life, _) => life.words().into(),
    }
}

/// What the consumer is doing, with the share of processing that is done.
fn slot(item: &mut Item, frame: &Frame, consumer: &ConsumerFrame, slot: Rect) {
    item.rect("slot", slot, 6.0);
    let line = slot.y + 17.8;
    let mut x = slot.x + 9.0;
    if let (Life::Running, Some(processing)) = (consumer.life, &consumer.processing) {
        let whole = processing.due_us.saturating_sub(processing.from_us).max(1) as f32;
        let gone = frame.time_us.clamp(processing.from_us, processing.due_us.max(processing.from_us));
        let share = (gone - processing.from_us) as f32 / whole;
        if share > 0.0 {
            item.rect("progress", Rect::new(slot.x, slot.bottom() - 4.0, slot.width * share, 4.0), 2.0);
        }
        item.path(small_mark(processing.mark), glyphs::mark(processing.mark, Point::new(x + 5.0, slot.y + 12.5), 5.0));
        x += 16.0;
        let wordings = [format!("processes {}", processing.offset), processing.offset.to_string()];
        item.text("ink", x, line - 1.0, SMALL, text::first_fit(&wordings, SMALL, false, slot.right() - 5.0 - x));
        return;
    }
    item.text("soft", x, line, SMALL, text::fit(&doing(consumer), SMALL, false, slot.right() - 5.0 - x));
}

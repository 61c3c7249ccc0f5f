//! One replica's log: rail, cells, the two flags, and the pins of those who read.

use super::Style;
use super::lane;
use super::pen::{SMALL, decoration, thing};
use super::window::{GAP_WIDTH, LogExtent, LogWindow, Slot};
use crate::kafka::ids::{BrokerId, Offset};
use crate::stage::frame::{BrokerFrame, CellFrame, Frame, ReplicaFrame};
use crate::stage::geometry::{Point, Rect};
use crate::stage::glyphs;
use crate::stage::scene::{Anchor, Colour, Item};
use crate::stage::text;
use crate::stage::thing::Thing;
use crate::stage::words::{self, Concept};

/// Height of a flag's label.
const FLAG: f32 = 18.0;

/// Where a log stands: the cells' box; pins above and flags below have their own rows.
pub struct LogPlace {
    pub cells: Rect,
    pub align_end: Offset,
}

/// Width of a cell that holds the largest offset in view. Where records are left out, the cells share the room
/// between them.
fn cell_width(style: &Style, start: Offset, largest: Offset, room: f32) -> f32 {
    let least = (text::width(&largest.to_string(), SMALL, false) + 14.0).max(style.cell_width);
    if (largest - start + 1) as f32 * least <= room {
        return least;
    }
    let number = ((room - GAP_WIDTH) / least).floor().max(1.0);
    ((room - GAP_WIDTH) / number).clamp(least, least * 1.5)
}

/// Room that flags and labels left free in the row below, from and to.
pub type FreeRow = (f32, f32);

/// Draws the log and returns the widest free stretch of the row below it.
pub fn draw(
    frame: &Frame,
    broker: &BrokerFrame,
    replica: &ReplicaFrame,
    place: &LogPlace,
    style: &Style,
    items: &mut Vec<Item>,
) -> FreeRow {
    let LogPlace { cells, align_end } = place;
    let largest = (*align_end).max(replica.log_end_offset);
    let width = cell_width(style, replica.log_start_offset, largest, cells.width);
    let extent = LogExtent {
        start: replica.log_start_offset,
        high_watermark: replica.high_watermark,
        end: replica.log_end_offset,
    };
    let window = LogWindow::new(extent, *align_end, cells.width, width);
    let leads = lane::leads(broker, replica);
    let broker = broker.id;

    let role = if leads { "log leader" } else { "log follower" };
    let mut rail = thing(Thing::Replica(broker, replica.partition.clone()), role, name(broker, replica), *cells)
        .stop()
        .shows(&[Concept::Log, Concept::Replica, Concept::Partition, Concept::Replication]);
    rail.rect("rail", Rect::new(cells.x, cells.y, cells.width, cells.height), 7.0);
    items.push(rail);

    for (x, slot) in &window.slots {
        let x = cells.x + x;
        match slot {
            Slot::Older(count) | Slot::Gap(count) => items.push(left_out(x, cells, *count)),
            Slot::Record(offset) => {
                let box_of = Rect::new(x + 1.5, cells.y + 2.0, width - 3.0, cells.height - 4.0);
                if let Some(cell) = replica.cells.iter().find(|cell| cell.offset == *offset) {
                    items.push(record(broker, replica, cell, box_of, leads, style));
                }
            }
            Slot::Next(offset) => {
                let mut next = decoration("next");
                let box_of = Rect::new(x + 1.5, cells.y + 2.0, width - 3.0, cells.height - 4.0);
                next.rect("ghost", box_of, 5.0);
                next.text_middle("ghost-offset", x + width / 2.0, offset_line(&box_of), SMALL, offset.to_string());
                items.push(next);
            }
        }
    }
    if leads {
        pins(frame, replica, &window, cells, items);
    }
    flags(broker, replica, &window, cells, items)
}

fn name(broker: BrokerId, replica: &ReplicaFrame) -> String {
    format!(
        "{} on broker {broker}, {}: high watermark {}, log end offset {}, leader epoch {}",
        replica.partition,
        replica.role.words(),
        replica.high_watermark,
        replica.log_end_offset,
        replica.leader_epoch
    )
}

fn left_out(x: f32, cells: &Rect, count: u64) -> Item {
    let mut item = decoration("left-out");
    item.name = words::count(count, "record not drawn", "records not drawn");
    for step in [-6.0, 0.0, 6.0] {
        item.circle("dot", Point::new(x + GAP_WIDTH / 2.0 + step, cells.y + cells.height / 2.0), 1.5);
    }
    item
}

/// Baseline of the offset in a cell.
fn offset_line(cell: &Rect) -> f32 {
    cell.bottom() - 10.0
}

fn record(
    broker: BrokerId,
    replica: &ReplicaFrame,
    cell: &CellFrame,
    box_of: Rect,
    leads: bool,
    style: &Style,
) -> Item {
    let mut class = String::from(if leads { "cell leader" } else { "cell follower" });
    if !cell.committed {
        class.push_str(" uncommitted");
    }
    if cell.diverges {
        class.push_str(" diverges");
    }
    let key = match (&cell.key, cell.mark) {
        (Some(key), Some(mark)) => format!("key {key} ({})", glyphs::MARK_NAMES[usize::from(mark % glyphs::MARKS)]),
        _ if cell.control => "control record".into(),
        _ => "no key".into(),
    };
    let name = format!(
        "offset {} on broker {broker}: {key}, leader epoch {}, {}{}",
        cell.offset,
        cell.leader_epoch,
        if cell.committed { "committed" } else { "above the high watermark" },
        if cell.diverges { ", not in the leader's log" } else { "" },
    );
    let thing_of = Thing::Record(broker, replica.partition.clone(), cell.offset);
    let mut item = thing(thing_of, class, name, box_of)
        .shows(&[Concept::Record, Concept::Offset, Concept::Key, Concept::LeaderEpoch, Concept::Batch])
        .coloured(Colour::Key(cell.mark));
    item.rect("box", box_of, 5.0);
    if cell.diverges {
        item.rect("hatch", box_of, 5.0);
    }
    let centre = box_of.centre().x;
    let key_line = style.shows_keys && cell.key.is_some();
    let mark_at = Point::new(centre, box_of.y + if key_line { 13.0 } else { (box_of.height - 18.0) * 0.47 });
    item.path("key", glyphs::mark(cell.mark, mark_at, 6.2));
    if key_line {
        let key = text::fit(cell.key.as_deref().unwrap_or_default(), SMALL, false, box_of.width - 6.0);
        item.text_middle("key-text", centre, box_of.y + 32.0, SMALL, key);
    }
    item.text_middle("offset", centre, offset_line(&box_of), SMALL, cell.offset.to_string());
    // One, two or three strokes: the leader epoch is told by more than its colour.
    let strokes = cell.leader_epoch.0.rem_euclid(3) + 1;
    let whole = box_of.width - 10.0;
    let stroke = (whole - 3.0 * (strokes - 1) as f32) / strokes as f32;
    for index in 0..strokes {
        let x = box_of.x + 5.0 + index as f32 * (stroke + 3.0);
        item.rect(epoch_class(cell.leader_epoch.0), Rect::new(x, box_of.bottom() - 5.5, stroke, 3.0), 1.5);
    }
    item
}

fn epoch_class(epoch: i32) -> &'static str {
    ["epoch e0", "epoch e1", "epoch e2", "epoch e3", "epoch e4"][epoch.rem_euclid(5) as usize]
}

/// HW flies to the left of its pole and LEO to the right of its own: since HW is never above LEO, they never meet.
fn flags(broker: BrokerId, replica: &ReplicaFrame, window: &LogWindow, cells: &Rect, items: &mut Vec<Item>) -> FreeRow {
    let row = cells.bottom() + 5.0;
    let hw_text = format!("HW {}", replica.high_watermark);
    let leo_text = format!("LEO {}", replica.log_end_offset);
    let hw_width = text::width(&hw_text, SMALL, true) + 10.0;
    let leo_width = text::width(&leo_text, SMALL, true) + 10.0;
    let hw_pole = cells.x + window.x_near(replica.high_watermark.min(replica.log_end_offset));
    let leo_pole = cells.x + window.x_near(replica.log_end_offset);
    let mut hw_left = hw_pole - hw_width;
    let mut leo_left = leo_pole;
    if hw_left < cells.x - 6.0 {
        hw_left = hw_pole.max(cells.x);
        leo_left = leo_left.max(hw_left + hw_width + 4.0);
    }
    if leo_left + leo_width > cells.right() + 6.0 {
        leo_left = (cells.right() + 6.0 - leo_width).max(cells.x);
        hw_left = hw_left.min(leo_left - hw_width - 4.0);
    }

    let hit = Rect::new(hw_left, row, hw_width, FLAG);
    let mut hw = thing(
        Thing::HighWatermark(broker, replica.partition.clone()),
        "flag hw",
        format!("high watermark {} on broker {broker}", replica.high_watermark),
        hit,
    )
    .shows(&[Concept::HighWatermark, Concept::MinIsr]);
    // The water line: all below is safe.
    hw.line("water", Point::new(cells.x, cells.bottom() + 1.5), Point::new(hw_pole, cells.bottom() + 1.5));
    hw.line("pole", Point::new(hw_pole, cells.y - 3.0), Point::new(hw_pole, row + 3.0));
    hw.rect("label", hit, 4.0);
    hw.write("flag-text", hit.centre().x, row + 13.3, SMALL, true, Anchor::Middle, hw_text);
    items.push(hw);

    let hit = Rect::new(leo_left, row, leo_width, FLAG);
    let mut leo = thing(
        Thing::LogEndOffset(broker, replica.partition.clone()),
        "flag leo",
        format!("log end offset {} on broker {broker}", replica.log_end_offset),
        hit,
    )
    .shows(&[Concept::LogEndOffset]);
    leo.line("pole", Point::new(leo_pole, cells.y - 3.0), Point::new(leo_pole, row + 3.0));
    if leo_left > leo_pole + 1.0 {
        leo.line("pole", Point::new(leo_pole, row + 3.0), Point::new(leo_left + 2.0, row + 3.0));
    }
    leo.rect("label", hit, 4.0);
    leo.write("flag-text", hit.centre().x, row + 13.3, SMALL, true, Anchor::Middle, leo_text);
    items.push(leo);

    let before = (cells.x, hw_left.min(leo_left) - 8.0);
    let after = ((hw_left + hw_width).max(leo_left + leo_width) + 8.0, cells.right());
    let between = (hw_left + hw_width + 8.0, leo_left - 8.0);
    [after, before, between]
        .into_iter()
        .fold(after, |best, stretch| if stretch.1 - stretch.0 > best.1 - best.0 + 0.5 { stretch } else { best })
}

/// Positions filled, committed offsets hollow, above the record that is read next.
fn pins(frame: &Frame, replica: &ReplicaFrame, window: &LogWindow, cells: &Rect, items: &mut Vec<Item>) {
    let mut taken: Vec<f32> = Vec::new();
    for (index, group) in frame.groups.iter().enumerate() {
        let colour = Colour::Group(index as u8);
        let committed = group.committed.iter().find(|(partition, _)| *partition == replica.partition);
        let mut place = |offset: Offset| {
            let mut x = cells.x + window.x_near(offset) + window.cell_width / 2.0;
            while taken.iter().any(|other| (other - x).abs() < 13.0) {
                x += 13.5;
            }
            let x = x.clamp(cells.x + 6.0, cells.right() - 6.0);
            taken.push(x);
            x
        };
        if let Some((_, offset)) = committed {
            let x = place(*offset);
            let tip = Point::new(x, cells.y - 1.0);
            let name = format!("committed offset {offset} of group {}", group.name);
            let hit = Rect::new(x - 6.0, tip.y - 16.0, 12.0, 16.0);
            let mut pin =
                thing(Thing::Committed(group.name.clone(), replica.partition.clone()), "pin committed", name, hit)
                    .shows(&[Concept::Committed])
                    .coloured(colour);
            pin.path("drop", glyphs::pin(tip));
            items.push(pin);
        }
        for consumer in &group.consumers {
            let assigned = consumer.assigned.iter().find(|assigned| assigned.partition == replica.partition);
            let Some(position) = assigned.and_then(|assigned| assigned.position) else { continue };
            let x = place(position);
            let tip = Point::new(x, cells.y - 1.0);
            let name = format!("{} reads next at offset {position}", consumer.name);
            let hit = Rect::new(x - 6.0, tip.y - 16.0, 12.0, 16.0);
            let mut pin = thing(Thing::Position(consumer.id, replica.partition.clone()), "pin position", name, hit)
                .shows(&[Concept::Position, Concept::Lag])
                .coloured(colour);
            pin.path("drop", glyphs::pin(tip));
            items.push(pin);
        }
    }
}

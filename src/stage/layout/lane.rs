//! A broker's lane: its title, its copy of the partition in focus, and the other copies as strips.

use super::log::{self, LogPlace};
use super::pen::{BODY, SMALL, TITLE, decoration, thing};
use super::streets::Ports;
use super::{Arcs, Style};
use crate::kafka::ids::{NodeId, Offset, TopicPartition};
use crate::stage::frame::{BrokerFrame, Frame, Life, ReplicaFrame, Role};
use crate::stage::geometry::{Point, Rect};
use crate::stage::glyphs;
use crate::stage::scene::{Anchor, Item};
use crate::stage::text;
use crate::stage::thing::Thing;
use crate::stage::trouble::MachineFrame;
use crate::stage::words::{self, Concept};

/// The partition in focus and the largest log end of its copies.
pub struct Focus {
    pub partition: Option<TopicPartition>,
    pub align_end: Offset,
}

impl Focus {
    fn is(&self, replica: &ReplicaFrame) -> bool {
        self.partition.as_ref() == Some(&replica.partition)
    }
}

/// Height of one lane; it depends on what the broker stores, not on how it is.
fn height(broker: &BrokerFrame, focus: &Focus, style: &Style) -> f32 {
    let focused = broker.replicas.iter().any(|replica| focus.is(replica));
    let strips = broker.replicas.len() - usize::from(focused);
    let log = if focused { style.log_height() } else { 0.0 };
    let nothing = if broker.replicas.is_empty() { style.strip_height } else { 0.0 };
    style.title_height + log + strip_rows(strips, style) as f32 * style.strip_height + nothing + style.foot
}

fn strip_rows(strips: usize, style: &Style) -> usize {
    strips.div_ceil(style.strip_columns)
}

/// Draws a lane with its top left corner at `x`, `y` and returns its height.
#[allow(clippy::too_many_arguments, reason = "what a lane is made from")]
pub fn draw(
    frame: &Frame,
    broker: &BrokerFrame,
    focus: &Focus,
    at: Point,
    width: f32,
    style: &Style,
    items: &mut Vec<Item>,
    arcs: &mut Arcs,
    ports: &mut Ports,
) -> f32 {
    let height = height(broker, focus, style);
    let panel = Rect::new(at.x, at.y, width, height);
    items.push(title(frame, broker, focus, &panel, style, arcs));

    let mut y = at.y + style.title_height;
    let inside = Rect::new(at.x + style.pad, y, width - 2.0 * style.pad, 0.0);
    let mut port_y = at.y + height / 2.0;
    if let Some(replica) = broker.replicas.iter().find(|replica| focus.is(replica)) {
        let cells = Rect::new(inside.x, y + style.pin_height, inside.width, style.cell_height);
        let place = LogPlace { cells, align_end: focus.align_end };
        let free = log::draw(frame, broker, replica, &place, style, items);
        waiting(broker, replica, free, cells.bottom() + 5.0, items);
        port_y = cells.centre().y;
        y += style.log_height();
    }
    let others: Vec<&ReplicaFrame> = broker.replicas.iter().filter(|replica| !focus.is(replica)).collect();
    let column = inside.width / style.strip_columns as f32;
    for (index, replica) in others.iter().enumerate() {
        let (row, place) = (index / style.strip_columns, index % style.strip_columns);
        let x = inside.x + place as f32 * column;
        let strip = Rect::new(x, y + row as f32 * style.strip_height, column - 6.0, style.strip_height - 3.0);
        items.push(self::strip(broker, replica, &strip));
    }
    if broker.replicas.is_empty() {
        let mut nothing = decoration("nothing");
        nothing.text("soft", inside.x, y + 14.0, SMALL, "no copy of any partition");
        items.push(nothing);
    }
    ports.place_broker(NodeId::Broker(broker.id), &panel, port_y);
    height
}

fn status(broker: &BrokerFrame) -> Option<&'static str> {
    match (broker.life, broker.fenced) {
        (Life::Down, _) => Some("down"),
        (Life::Paused, true) => Some("paused, fenced"),
        (Life::Paused, false) => Some("paused"),
        (Life::Running, true) => Some("fenced"),
        (Life::Running, false) => None,
    }
}

/// The lane's panel with its title: name, role, and who is in sync.
fn title(frame: &Frame, broker: &BrokerFrame, focus: &Focus, panel: &Rect, style: &Style, arcs: &mut Arcs) -> Item {
    let replica = broker.replicas.iter().find(|replica| focus.is(replica));
    let leads = replica.is_some_and(|replica| leads(broker, replica));
    let mut class = String::from("lane");
    for (on, word) in [
        (broker.life == Life::Down, " down"),
        (broker.life == Life::Paused, " paused"),
        (broker.fenced, " fenced"),
        (leads, " leads"),
    ] {
        if on {
            class.push_str(word);
        }
    }
    let mut name = format!("Broker {}", broker.id);
    if let Some(replica) = replica {
        name.push_str(&format!(", {} of {}", role_words(frame, broker, replica), replica.partition));
    }
    let machine = frame.bad_machine(NodeId::Broker(broker.id));
    for words in status(broker).map(String::from).into_iter().chain(machine.map(MachineFrame::badge_words)) {
        name.push_str(&format!(", {words}"));
    }
    let head = Rect::new(panel.x, panel.y, panel.width, panel.height);
    let mut concepts = vec![Concept::Broker];
    if leads {
        concepts.push(Concept::Leader);
    } else if replica.is_some() {
        concepts.push(Concept::Follower);
    }
    let in_sync = focus
        .partition
        .as_ref()
        .and_then(|partition| frame.partition(partition))
        .is_some_and(|partition| partition.isr.contains(&broker.id));
    if in_sync {
        concepts.push(Concept::Isr);
    }
    if broker.fenced {
        concepts.push(Concept::Fenced);
    }
    let mut item = thing(Thing::Broker(broker.id), class, name, head).stop().shows(&concepts);
    item.rect("panel", *panel, 11.0);
    if broker.life == Life::Down {
        item.rect("hatch", *panel, 11.0);
        item.path("cross", glyphs::cross(panel.x + 4.0, panel.y + 4.0, panel.width - 8.0, panel.height - 8.0));
    }

    let line = panel.y + 20.5;
    let mut x = panel.x + style.pad;
    let mut right = panel.right() - style.pad;
    x += item.bold("name", x, line, TITLE, format!("Broker {}", broker.id)) + 8.0;
    if let Some(arc) = arcs.of_node(frame, NodeId::Broker(broker.id)) {
        arcs.put(arc, Point::new(right - 7.0, panel.y + 16.0));
        right -= 22.0;
    }
    let status = status(broker).map(|words| [words.to_string(), words.to_string()]);
    for badge in status.into_iter().chain(machine.map(MachineFrame::badges).unwrap_or_default()) {
        // What does not fit is in the panel's name, in the inspector and in the tables.
        let width = |words: &str| text::width(words, SMALL, true) + 14.0;
        let Some(words) = badge.into_iter().find(|words| x + width(words) + 8.0 <= right) else { continue };
        let badge = Rect::new(x, panel.y + 7.5, width(&words), 18.0);
        x = badge.right() + 8.0;
        item.rect("badge", badge, 9.0);
        item.write("badge-text", badge.centre().x, line, SMALL, true, Anchor::Middle, words);
    }
    if let Some(replica) = replica {
        let role = role_words(frame, broker, replica);
        if leads {
            let crown = if role == "leader" { "crown" } else { "crown believed" };
            item.path(crown, glyphs::crown(Point::new(x, panel.y + 9.0)));
            x += 24.0;
            let least = text::width(role, BODY, false) + 18.0;
            right -= sync_list(&mut item, frame, replica, right, right - x - least, line);
        }
        // A process that is down knows no epoch.
        let epoch = match broker.life {
            Life::Down => String::new(),
            _ => format!(" · epoch {}", replica.leader_epoch),
        };
        let wordings = [format!("{role} of {}{epoch}", replica.partition), format!("{role}{epoch}"), role.to_string()];
        let role = text::first_fit(&wordings, BODY, false, right - x - 6.0);
        x += item.text("soft", x, line, BODY, role) + 10.0;
    }
    if let Some(rack) = &broker.rack {
        let rack = format!("rack {rack}");
        if text::width(&rack, SMALL, false) < right - x {
            item.text_end("soft", right, line, SMALL, rack);
        }
    }
    item
}

/// Whether the broker acts as the partition's leader, rightly or not.
pub fn leads(broker: &BrokerFrame, replica: &ReplicaFrame) -> bool {
    broker.life == Life::Running && replica.role == Role::Leader
}

/// What the copy is. A broker may believe to lead long after the controller has elected another.
fn role_words(frame: &Frame, broker: &BrokerFrame, replica: &ReplicaFrame) -> &'static str {
    let registered = frame.partition(&replica.partition).is_none_or(|partition| partition.leader == Some(broker.id));
    match (broker.life, replica.role, registered) {
        (Life::Down, _, _) => "copy",
        (_, Role::Leader, false) => "believes to lead",
        (_, role, _) => role.words(),
    }
}

/// Who is in sync, as the leader believes; returns the width it took.
fn sync_list(item: &mut Item, frame: &Frame, replica: &ReplicaFrame, right: f32, room: f32, line: f32) -> f32 {
    if replica.isr.is_empty() {
        return 0.0;
    }
    let ids: Vec<String> = replica.isr.iter().map(ToString::to_string).collect();
    let ids = ids.join(" ");
    let small = frame.partition(&replica.partition).is_some_and(|partition| partition.is_below_min_isr());
    let wordings = match small {
        true => vec![format!("in sync {ids}, below min ISR"), format!("ISR {ids} < min")],
        false => vec![format!("in sync {ids}"), format!("ISR {ids}")],
    };
    let Some(words) = wordings.iter().find(|words| text::width(words, SMALL, small) <= room) else { return 0.0 };
    item.write(if small { "ink" } else { "soft" }, right, line, SMALL, small, Anchor::End, words.clone()) + 12.0
}

/// The purgatory: what waits at the leader, in the free part of the row below the log.
fn waiting(broker: &BrokerFrame, replica: &ReplicaFrame, free: (f32, f32), y: f32, items: &mut Vec<Item>) {
    if replica.waiting() == 0 {
        return;
    }
    let (produces, fetches) = (replica.waiting_produces.len() as u64, replica.waiting_fetches.len() as u64);
    let long = match (produces, fetches) {
        (0, fetches) => format!("{} for data", words::count(fetches, "fetch waits", "fetches wait")),
        (produces, 0) => format!("{} for replicas", words::count(produces, "produce waits", "produces wait")),
        (produces, fetches) => format!(
            "{} for replicas, {}",
            words::count(produces, "produce waits", "produces wait"),
            words::count(fetches, "fetch", "fetches")
        ),
    };
    let short = match (produces, fetches) {
        (0, fetches) => words::count(fetches, "fetch waits", "fetches wait"),
        (produces, 0) => words::count(produces, "produce waits", "produces wait"),
        (produces, _) => words::count(produces, "produce waits", "produces wait"),
    };
    let room = free.1 - free.0 - 24.0;
    let wordings = [long.clone(), short, format!("{} wait", produces + fetches), (produces + fetches).to_string()];
    let Some(words) = wordings.iter().find(|words| text::width(words, SMALL, false) <= room) else { return };
    let width = text::width(words, SMALL, false) + 24.0;
    let chip = Rect::new(free.1 - width, y, width, 18.0);
    let class = if produces > 0 { "waiting produce" } else { "waiting fetch" };
    let mut concepts = vec![Concept::Purgatory];
    if produces > 0 {
        concepts.push(Concept::Acks);
    }
    let name = format!("{long} at broker {}", broker.id);
    let mut item = thing(Thing::Purgatory(broker.id), class, name, chip).stop().shows(&concepts);
    item.rect("chip", chip, 9.0);
    item.path("glass", glyphs::hourglass(Point::new(chip.x + 7.0, chip.y + 3.0)));
    item.text("chip-text", chip.x + 19.5, chip.y + 13.3, SMALL, words.clone());
    items.push(item);
}

/// A copy that is not in focus: its name, its newest records as marks, and its end.
fn strip(broker: &BrokerFrame, replica: &ReplicaFrame, strip: &Rect) -> Item {
    let leads = leads(broker, replica);
    let class = if leads { "strip leader" } else { "strip follower" };
    let name = format!(
        "{} on broker {}, {}: high watermark {}, log end offset {}",
        replica.partition,
        broker.id,
        replica.role.words(),
        replica.high_watermark,
        replica.log_end_offset
    );
    let mut item = thing(Thing::Replica(broker.id, replica.partition.clone()), class, name, *strip)
        .stop()
        .shows(&[Concept::Partition, Concept::Replica]);
    item.rect("strip-box", *strip, 6.0);
    let line = strip.centre().y + 4.5;
    let end = format!("LEO {}", replica.log_end_offset);
    let end_width = text::width(&end, SMALL, false);
    let crown = if leads { 24.0 } else { 0.0 };
    let label =
        text::fit_partition(&replica.partition, SMALL, (strip.width - end_width - crown - 30.0).min(strip.width * 0.5));
    let mut x = strip.x + 7.0;
    x += item.text("strip-name", x, line, SMALL, label) + 7.0;
    if leads {
        item.path("crown", glyphs::crown(Point::new(x, strip.centre().y - 6.5)));
        x += 24.0;
    }
    item.text_end("soft", strip.right() - 7.0, line, SMALL, end);
    let room = strip.right() - 7.0 - end_width - 8.0 - x;
    let fit = (room / 14.0).max(0.0) as usize;
    let newest = replica.cells.len().saturating_sub(fit);
    let mut x = strip.right() - 7.0 - end_width - 8.0 - 14.0 * (replica.cells.len() - newest) as f32;
    for cell in &replica.cells[newest..] {
        let centre = Point::new(x + 7.0, strip.y + strip.height / 2.0);
        item.path(small_mark(cell.mark), glyphs::mark(cell.mark, centre, 4.3));
        x += 14.0;
    }
    item
}

/// The class of a small mark: its colour without an item of its own.
pub fn small_mark(mark: Option<u8>) -> &'static str {
    match mark.map(|mark| mark % glyphs::MARKS) {
        Some(0) => "mark k0",
        Some(1) => "mark k1",
        Some(2) => "mark k2",
        Some(3) => "mark k3",
        Some(4) => "mark k4",
        Some(5) => "mark k5",
        Some(6) => "mark k6",
        Some(_) => "mark k7",
        None => "mark none",
    }
}

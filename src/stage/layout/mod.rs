//! Frame and viewport in, scene out: laid out anew for wide, medium and narrow pictures, never scaled, nothing
//! smaller than 12 pixels.
//!
//! Producers left, controllers above, brokers as lanes in the middle, consumers in their groups right. A medium
//! picture puts producers above and groups below the lanes; a narrow one has a single street. What gives way first:
//! words are shortened, then the log's window gets fewer cells; of several partitions one is in focus and the
//! others are strips.

mod clients;
mod crowds;
mod groups;
mod lane;
mod link_marks;
mod log;
mod pen;
mod quorum;
mod streets;
mod tags;
mod window;

pub use crowds::MOST_TAGS;
pub use lane::small_mark;
pub use tags::{name as message_name, place};

use super::frame::{Frame, Life, Role, TimerFrame, TimerKind};
use super::geometry::{Point, Rect};
use super::scene::{Arc, Scene, Viewport};
use super::words;
use crate::kafka::ids::{NodeId, TopicPartition};
use groups::Detail;
use lane::Focus;
use streets::Ports;

/// From here on producers, lanes and groups stand side by side.
pub const WIDE: f32 = 860.0;
/// From here on there are two streets.
pub const MEDIUM: f32 = 560.0;

/// Measures of one picture.
pub struct Style {
    pub pad: f32,
    pub gap: f32,
    pub cell_width: f32,
    pub cell_height: f32,
    /// The row above the cells, for pins.
    pub pin_height: f32,
    /// The row below the cells, for flags.
    pub flag_row: f32,
    /// A lane's first row.
    pub title_height: f32,
    /// One row of copies that are not in focus.
    pub strip_height: f32,
    /// A lane's lower edge.
    pub foot: f32,
    pub strip_columns: usize,
    /// Keys are written into the cells.
    pub shows_keys: bool,
}

/// Height of a lane with one log and one row of strips, with the gap below it, when there is neither want nor plenty.
const LANE: f32 = 158.0;
/// The same where keys are written into the cells.
const ROOMY_LANE: f32 = 172.0;
/// What stands above the lanes.
const ABOVE: f32 = 72.0;

impl Style {
    /// Measures for a picture of this width that is welcome to be so high: low ones are drawn tight, so that the
    /// sentence and the transport below stay in view; tall ones have room for keys in the cells, and for some air.
    fn new(width: f32, height: f32, brokers: usize) -> Style {
        let lanes = brokers.max(1) as f32;
        let for_each = (height - ABOVE) / lanes;
        let tight = for_each < LANE;
        let roomy = width >= MEDIUM && for_each >= ROOMY_LANE;
        let air = if roomy { ((for_each - ROOMY_LANE) / 3.0).clamp(0.0, 12.0) } else { 0.0 };
        Style {
            pad: if width < MEDIUM { 11.0 } else { 14.0 },
            gap: if tight { 7.0 } else { 9.0 + air },
            cell_width: if width < MEDIUM { 38.0 } else { 46.0 },
            cell_height: match (roomy, tight) {
                (true, _) => 66.0 + air,
                (false, true) => 42.0,
                (false, false) => 48.0,
            },
            pin_height: if tight { 16.0 } else { 17.0 + air / 2.0 },
            flag_row: if tight { 25.0 } else { 26.0 },
            title_height: if tight { 27.0 } else { 29.0 },
            strip_height: if tight { 21.0 } else { 24.0 },
            foot: if tight { 4.0 } else { 6.0 },
            strip_columns: if width < MEDIUM || (WIDE..1_150.0).contains(&width) { 1 } else { 2 },
            shows_keys: roomy,
        }
    }

    /// Height of a log with the rows above and below it.
    pub fn log_height(&self) -> f32 {
        self.pin_height + self.cell_height + self.flag_row
    }
}

/// Arcs drawn so far, and which waits deserve one.
#[derive(Default)]
pub struct Arcs {
    arcs: Vec<Arc>,
}

impl Arcs {
    /// The wait of a node that runs out first, if it is worth a look: a healthy heartbeat is not.
    pub fn of_node<'a>(&self, frame: &'a Frame, node: NodeId) -> Option<&'a TimerFrame> {
        frame
            .timers
            .iter()
            .filter(|timer| timer.node == node && timer.due_us >= frame.time_us)
            .filter(|timer| {
                let whole = timer.due_us.saturating_sub(timer.from_us);
                let left = timer.due_us - frame.time_us;
                match timer.kind {
                    TimerKind::BrokerSession | TimerKind::MemberSession => left * 100 < whole * 72,
                    TimerKind::ReplicaLag => left * 100 < whole * 95,
                    TimerKind::Linger | TimerKind::RetryBackoff | TimerKind::Election => true,
                }
            })
            .min_by_key(|timer| timer.due_us)
    }

    pub fn put(&mut self, timer: &TimerFrame, centre: Point) {
        let left = words::span(timer.due_us.saturating_sub(timer.from_us));
        self.arcs.push(Arc {
            centre,
            radius: 7.0,
            from_us: timer.from_us,
            due_us: timer.due_us,
            name: format!("{left} {}", timer.kind.words()),
        });
    }
}

/// The partition in focus: the one asked for, else the first of a topic that is not Kafka's own.
pub fn focus(frame: &Frame) -> Option<TopicPartition> {
    frame.focus.clone().filter(|asked| frame.partitions.iter().any(|partition| partition.partition == *asked)).or_else(
        || {
            let own = |partition: &TopicPartition| partition.topic.starts_with("__");
            let mut all = frame.partitions.iter().map(|partition| &partition.partition);
            all.clone().find(|partition| !own(partition)).or_else(|| all.next()).cloned()
        },
    )
}

/// Lays out one frame.
pub fn layout(frame: &Frame, viewport: Viewport) -> Scene {
    let width = viewport.width.max(280.0);
    let mut plan = Plan::new(frame, width, viewport.height);
    match width {
        width if width >= WIDE => plan.wide(),
        width if width >= MEDIUM => plan.medium(),
        _ => plan.narrow(),
    }
    plan.finish()
}

struct Plan<'a> {
    frame: &'a Frame,
    width: f32,
    style: Style,
    focus: Focus,
    scene: Scene,
    arcs: Arcs,
    ports: Ports,
    bottom: f32,
    tag_room: f32,
}

impl<'a> Plan<'a> {
    fn new(frame: &'a Frame, width: f32, height: f32) -> Plan<'a> {
        let partition = focus(frame);
        let align_end = partition
            .iter()
            .flat_map(|partition| frame.brokers.iter().filter_map(|broker| frame.replica(broker.id, partition)))
            .map(|replica| replica.log_end_offset)
            .max()
            .unwrap_or(0);
        let style = Style::new(width, height, frame.brokers.len());
        Plan {
            frame,
            width,
            style,
            focus: Focus { partition, align_end },
            scene: Scene::default(),
            arcs: Arcs::default(),
            ports: Ports::default(),
            bottom: 0.0,
            tag_room: 0.0,
        }
    }

    fn wide(&mut self) {
        let side = (self.width * 0.155).clamp(138.0, 190.0);
        let group = (self.width * 0.19).clamp(172.0, 236.0);
        let street = (self.width * 0.118).clamp(104.0, 152.0);
        let lanes_x = side + street;
        let lanes = self.width - side - group - 2.0 * street;
        self.ports.left = Some(side + street / 2.0);
        self.ports.right = self.width - group - street / 2.0;
        self.tag_room = street - 14.0;

        let quorum = self.quorum(Point::new(lanes_x, 2.0), lanes, 0.0);
        let lanes_top = quorum.bottom() + 24.0;
        self.ports.top_gap = quorum.bottom() + 12.0;
        let lanes_bottom = self.lanes(Point::new(lanes_x, lanes_top), lanes);

        let mut y = lanes_top;
        let mut places_bottom = y;
        let items = &mut self.scene.items;
        if self.frame.groups.is_empty() {
            let at = Point::new(self.width - group, y);
            places_bottom = clients::nobody("Consumers", at, group - 1.0, &self.style, items).bottom();
        }
        if self.frame.producers.is_empty() && self.frame.tools.is_empty() {
            let at = Point::new(1.0, y);
            places_bottom = clients::nobody("Producers", at, side - 1.0, &self.style, items).bottom();
        }
        for (node, height) in self.clients() {
            let card = self.client(node, Point::new(1.0, y), side - 1.0);
            self.ports.place_beside(node, &card, card.centre().y);
            y += height + self.style.gap;
        }
        self.bottom = lanes_bottom.max(y).max(places_bottom + 1.0);

        let room = lanes_bottom - lanes_top;
        let tall = |detail| -> f32 {
            self.frame.groups.iter().map(|one| groups::height(one, group, detail) + self.style.gap).sum()
        };
        let detail = if tall(Detail::Full) <= room + 40.0 { Detail::Full } else { Detail::Brief };
        let mut y = lanes_top;
        for index in 0..self.frame.groups.len() {
            let at = Point::new(self.width - group, y);
            let (panel, cards) = self.group(index, at, group - 1.0, detail);
            for (node, card) in cards {
                // The way ends at the group's edge, at the height of the card.
                let edge = Rect::new(panel.x, card.y, panel.width, card.height);
                self.ports.place_beside(node, &edge, card.centre().y);
            }
            y = panel.bottom() + self.style.gap;
        }
        self.bottom = self.bottom.max(y);
    }

    fn medium(&mut self) {
        let street = 96.0;
        let lanes = self.width - 2.0 * street;
        self.ports.left = Some(street / 2.0);
        self.ports.right = self.width - street / 2.0;
        self.tag_room = street - 8.0;
        let half = (self.width - self.style.gap) / 2.0;
        let top = self.top_row(half, half);
        let lanes_bottom = self.lanes(Point::new(street, top + 34.0), lanes);
        self.bottom_row(lanes_bottom, Detail::Full);
    }

    fn narrow(&mut self) {
        let street = 86.0;
        let lanes = self.width - street;
        self.ports.left = None;
        self.ports.right = self.width - street / 2.0;
        self.tag_room = street - 3.0;
        let half = (self.width - self.style.gap) / 2.0;
        let top = self.top_row(half, half);
        let lanes_bottom = self.lanes(Point::new(1.0, top + 34.0), lanes - 1.0);
        self.bottom_row(lanes_bottom, Detail::Full);
    }

    /// Producers and tools to the left, the quorum to the right; returns the lower edge.
    fn top_row(&mut self, left: f32, right: f32) -> f32 {
        let clients = self.clients();
        // Two producers stand side by side where both stay legible.
        let columns = if left >= 300.0 && clients.len() > 1 { 2 } else { 1 };
        let column = (left - (columns - 1) as f32 * self.style.gap) / columns as f32;
        let mut bottom: f32 = 2.0;
        let mut below = vec![2.0_f32; columns];
        let mut last_row: Vec<(NodeId, Rect)> = Vec::new();
        if clients.is_empty() {
            let at = Point::new(1.0, 2.0);
            bottom = clients::nobody("Producers", at, left - 1.0, &self.style, &mut self.scene.items).bottom();
        }
        for (index, (node, _)) in clients.iter().enumerate() {
            let place = index % columns;
            let at = Point::new(1.0 + place as f32 * (column + self.style.gap), below[place]);
            let card = self.client(*node, at, column - 1.0);
            below[place] = card.bottom() + self.style.gap;
            bottom = bottom.max(card.bottom());
            last_row.push((*node, card));
        }
        let x = self.width - right;
        let quorum = self.quorum(Point::new(x, 2.0), right - 1.0, bottom - 2.0);
        bottom = bottom.max(quorum.bottom());
        self.ports.top_gap = bottom + 17.0;
        for (node, card) in last_row {
            self.ports.place_above_gap(node, &card);
        }
        bottom
    }

    fn bottom_row(&mut self, lanes_bottom: f32, detail: Detail) {
        self.bottom = lanes_bottom;
        if self.frame.groups.is_empty() {
            return;
        }
        let mut y = lanes_bottom + 34.0 - self.style.gap;
        self.ports.bottom_gap = lanes_bottom - self.style.gap + 17.0;
        for index in 0..self.frame.groups.len() {
            let (panel, cards) = self.group(index, Point::new(1.0, y), self.width - 2.0, detail);
            for (node, card) in cards {
                self.ports.place_below_gap(node, &card, &panel);
            }
            y = panel.bottom() + self.style.gap;
        }
        self.bottom = y;
    }

    /// Nodes of the producers' column with the height of their cards.
    fn clients(&self) -> Vec<(NodeId, f32)> {
        let producers = self.frame.producers.iter().map(|one| (NodeId::Client(one.id), clients::PRODUCER_HEIGHT));
        let tools = self.frame.tools.iter().map(|one| (NodeId::Client(one.id), clients::TOOL_HEIGHT));
        producers.chain(tools).collect()
    }

    fn client(&mut self, node: NodeId, at: Point, width: f32) -> Rect {
        let NodeId::Client(id) = node else { return Rect::default() };
        let items = &mut self.scene.items;
        if let Some(producer) = self.frame.producer(id) {
            return clients::producer(self.frame, producer, at, width, &self.style, items, &mut self.arcs);
        }
        match self.frame.tools.iter().find(|tool| tool.id == id) {
            Some(tool) => clients::tool(tool, at, width, &self.style, items),
            None => Rect::default(),
        }
    }

    fn quorum(&mut self, at: Point, width: f32, least_height: f32) -> Rect {
        quorum::draw(
            self.frame,
            at,
            width,
            least_height,
            &self.style,
            &mut self.scene.items,
            &mut self.arcs,
            &mut self.ports,
        )
    }

    /// Draws all lanes and returns where the next one would begin.
    fn lanes(&mut self, at: Point, width: f32) -> f32 {
        let mut y = at.y;
        for broker in &self.frame.brokers {
            let height = lane::draw(
                self.frame,
                broker,
                &self.focus,
                Point::new(at.x, y),
                width,
                &self.style,
                &mut self.scene.items,
                &mut self.arcs,
                &mut self.ports,
            );
            y += height + self.style.gap;
        }
        y
    }

    fn group(&mut self, index: usize, at: Point, width: f32, detail: Detail) -> (Rect, Vec<(NodeId, Rect)>) {
        let drawn =
            groups::draw(self.frame, index, at, width, detail, &self.style, &mut self.scene.items, &mut self.arcs);
        for (node, _) in &drawn.1 {
            self.ports.is_consumer(*node);
        }
        drawn
    }

    fn finish(mut self) -> Scene {
        let (wires, above) = self.ports.wires(self.frame);
        self.scene.items.insert(0, wires);
        self.scene.items.extend(above);
        match self.frame.messages.len() > MOST_TAGS {
            true => self.scene.crowds = crowds::crowds(self.frame, &self.ports),
            false => self.scene.tracks = tags::tracks(self.frame, &self.ports, self.tag_room),
        }
        self.scene.arcs = self.arcs.arcs;
        self.scene.width = self.width;
        self.scene.height = self.bottom.ceil();
        self.scene.time_us = self.frame.time_us;
        self.scene.name = summary(self.frame);
        self.scene
    }
}

/// The whole picture in one sentence.
fn summary(frame: &Frame) -> String {
    let running = frame.brokers.iter().filter(|broker| broker.life == Life::Running).count();
    let leader = focus(frame).and_then(|partition| {
        let of = |broker: &super::frame::BrokerFrame| {
            broker.life == Life::Running
                && broker.replicas.iter().any(|one| one.partition == partition && one.role == Role::Leader)
        };
        frame.brokers.iter().find(|broker| of(broker)).map(|broker| (partition.clone(), broker.id))
    });
    let leads = match leader {
        Some((partition, broker)) => format!(" Broker {broker} leads {partition}."),
        None => String::new(),
    };
    format!(
        "Kafka cluster at {}: {running} of {} running.{leads} {} on the way.",
        frame.clock(frame.time_us),
        words::count(frame.brokers.len() as u64, "broker", "brokers"),
        words::count(frame.messages.len() as u64, "message", "messages"),
    )
}

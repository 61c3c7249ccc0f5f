//! The streets between the panels, where all messages travel: what clients write and controllers say to the left of
//! the lanes, what is copied and read to the right. In a narrow picture one street carries all.

use super::link_marks::link_marks;
use super::pen::decoration;
use crate::kafka::ids::NodeId;
use crate::kafka::sorted::SortedMap;
use crate::stage::frame::Frame;
use crate::stage::geometry::{Point, Rect, Way};
use crate::stage::glyphs;
use crate::stage::scene::Item;

/// Where a node's way begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Port {
    /// At the side of its panel that faces the street.
    Side { panel: Rect, y: f32 },
    /// Below its panel, through the gap under the top row.
    Below(Point),
    /// Above its panel, through the gap over the bottom row.
    Above(Point),
}

/// Which street a way takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Street {
    Left,
    Right,
}

/// Where every node meets the streets.
#[derive(Clone, Debug, Default)]
pub struct Ports {
    /// Middle of the left street; None: there is only one.
    pub left: Option<f32>,
    /// Middle of the right street.
    pub right: f32,
    /// Middle of the gap below the top row.
    pub top_gap: f32,
    /// Middle of the gap above the bottom row.
    pub bottom_gap: f32,
    ports: SortedMap<NodeId, Port>,
    /// Where controllers meet the gap below their panel.
    inner: SortedMap<NodeId, Point>,
    consumers: Vec<NodeId>,
}

impl Ports {
    pub fn place_broker(&mut self, node: NodeId, panel: &Rect, y: f32) {
        self.ports.insert(node, Port::Side { panel: *panel, y });
    }

    /// `x`: the middle of its capsule. Beside the left street the way leaves at the side, else below.
    pub fn place_controller(&mut self, node: NodeId, panel: &Rect, x: f32) {
        self.inner.insert(node, Point::new(x, panel.bottom()));
        let port = match self.left {
            Some(left) if left < panel.x && panel.x - left < 110.0 => Port::Side { panel: *panel, y: panel.centre().y },
            _ => Port::Below(Point::new(x, panel.bottom())),
        };
        self.ports.insert(node, port);
    }

    pub fn place_beside(&mut self, node: NodeId, panel: &Rect, y: f32) {
        self.ports.insert(node, Port::Side { panel: *panel, y });
    }

    pub fn place_above_gap(&mut self, node: NodeId, panel: &Rect) {
        self.ports.insert(node, Port::Below(Point::new(panel.centre().x, panel.bottom())));
    }

    /// `group`: the box whose upper edge the way ends at.
    pub fn place_below_gap(&mut self, node: NodeId, card: &Rect, group: &Rect) {
        self.ports.insert(node, Port::Above(Point::new(card.centre().x, group.y)));
    }

    pub fn is_consumer(&mut self, node: NodeId) {
        self.consumers.push(node);
    }

    fn street(&self, from: NodeId, to: NodeId) -> Street {
        let right = |node: NodeId| matches!(node, NodeId::Broker(_)) || self.consumers.contains(&node);
        match self.left {
            Some(_) if !(right(from) && right(to)) => Street::Left,
            _ => Street::Right,
        }
    }

    fn middle(&self, street: Street) -> f32 {
        match (street, self.left) {
            (Street::Left, Some(left)) => left,
            _ => self.right,
        }
    }

    /// From the node's edge to the middle of the street.
    fn approach(&self, node: NodeId, street: Street) -> Option<Vec<Point>> {
        let middle = self.middle(street);
        Some(match self.ports.get(&node)? {
            Port::Side { panel, y } => {
                let edge = if middle > panel.centre().x { panel.right() } else { panel.x };
                vec![Point::new(edge, *y), Point::new(middle, *y)]
            }
            Port::Below(at) => {
                vec![*at, Point::new(at.x, self.top_gap), Point::new(middle, self.top_gap)]
            }
            Port::Above(at) => {
                vec![*at, Point::new(at.x, self.bottom_gap), Point::new(middle, self.bottom_gap)]
            }
        })
    }

    /// The way from one node to another; None: one of them is not in the picture.
    pub fn way(&self, from: NodeId, to: NodeId) -> Option<Way> {
        if let (Some(start), Some(end)) = (self.inner.get(&from), self.inner.get(&to)) {
            let gap = self.top_gap;
            return Some(Way::new([*start, Point::new(start.x, gap), Point::new(end.x, gap), *end]));
        }
        let street = self.street(from, to);
        let mut points = self.approach(from, street)?;
        points.extend(self.approach(to, street)?.into_iter().rev());
        Some(Way::new(points))
    }

    /// The standing wires, to lie below the panels, and the ports and the marks of links, to lie above them.
    pub fn wires(&self, frame: &Frame) -> (Item, Vec<Item>) {
        let mut item = decoration("wires");
        let mut ports = Vec::new();
        let mut spans: SortedMap<Street, (f32, f32)> = SortedMap::new();
        for node in self.ports.keys() {
            for street in [Street::Left, Street::Right] {
                let uses = match (node, self.left) {
                    (NodeId::Broker(_), Some(_)) => true,
                    (NodeId::Broker(_) | NodeId::Controller(_) | NodeId::Client(_), None) => street == Street::Right,
                    (NodeId::Controller(_), Some(_)) => street == Street::Left,
                    (NodeId::Client(_), Some(_)) => (street == Street::Right) == self.consumers.contains(node),
                };
                if !uses {
                    continue;
                }
                let Some(points) = self.approach(*node, street) else { continue };
                if let Some(end) = points.last() {
                    let span = spans.entry(street).or_insert((end.y, end.y));
                    *span = (span.0.min(end.y), span.1.max(end.y));
                }
                ports.push(points[0]);
                item.path("wire", glyphs::bent(&points, 8.0));
            }
        }
        for (street, (from, to)) in spans {
            let middle = self.middle(street);
            item.line("wire trunk", Point::new(middle, from), Point::new(middle, to));
        }
        let mut dots = decoration("ports");
        for port in ports {
            dots.circle("port", port, 3.5);
        }
        let mut above = vec![dots];
        above.extend(link_marks(frame, self));
        (item, above)
    }
}

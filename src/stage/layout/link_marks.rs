//! Marks on the ways between nodes whose link is cut, slow or lossy.

use super::pen::thing;
use super::streets::Ports;
use crate::kafka::ids::NodeId;
use crate::stage::frame::Frame;
use crate::stage::geometry::{Point, Rect, Way};
use crate::stage::glyphs;
use crate::stage::scene::Item;
use crate::stage::thing::Thing;
use crate::stage::words::Concept;

const RADIUS: f32 = 11.0;
/// How far a mark gives way to another one.
const STEP: f32 = 22.0;

/// What is wrong between two nodes, in either direction.
#[derive(Default)]
struct Wrong {
    cut: Option<&'static str>,
    is_slow: bool,
    is_lossy: bool,
    words: Vec<String>,
}

/// One mark for each pair of nodes with something between them: a cross (nothing passes), a clock's hands (slow), a
/// dashed ring (loses packets).
pub fn link_marks(frame: &Frame, ports: &Ports) -> Vec<Item> {
    let mut marks = Vec::new();
    let mut taken: Vec<Point> = Vec::new();
    for ((first, second), wrong) in all_wrong(frame) {
        let Some(way) = ports.way(first, second) else { continue };
        let centre = free_place(&way, &taken);
        taken.push(centre);
        let nodes = format!("Link between {} and {}", frame.node_name(first), frame.node_name(second));
        let name = format!("{nodes}: {}", wrong.words.join("; "));
        let hit = Rect::new(centre.x - 12.0, centre.y - 12.0, 24.0, 24.0);
        let class = if wrong.cut.is_some() { "cut" } else { "bad-link" };
        let mut item = thing(Thing::Link(first, second), class, name, hit).stop().shows(&[Concept::Replication]);
        item.circle(if wrong.is_lossy { "cut-gap lossy" } else { "cut-gap" }, centre, RADIUS);
        if wrong.cut.is_some() {
            item.path("cross", glyphs::cross(centre.x - 5.0, centre.y - 5.0, 10.0, 10.0));
        } else if wrong.is_slow {
            item.path("hands", glyphs::clock_hands(centre));
        } else {
            item.path("hands", glyphs::gap(centre));
        }
        marks.push(item);
    }
    marks
}

/// In the order in which the frame tells of them; a pair stands once, the smaller node first.
fn all_wrong(frame: &Frame) -> Vec<((NodeId, NodeId), Wrong)> {
    let mut all: Vec<((NodeId, NodeId), Wrong)> = Vec::new();
    let mut of = |from: NodeId, to: NodeId, change: &dyn Fn(&mut Wrong)| {
        let pair = (from.min(to), from.max(to));
        let place = all.iter().position(|(other, _)| *other == pair).unwrap_or_else(|| {
            all.push((pair, Wrong::default()));
            all.len() - 1
        });
        change(&mut all[place].1);
    };
    for cut in &frame.cut_links {
        of(cut.from, cut.to, &|wrong| {
            let how = if cut.both_ways { "cut" } else { "cut one way" };
            wrong.cut = Some(how);
            wrong.words.push(how.into());
        });
    }
    for bad in &frame.bad_links {
        of(bad.from, bad.to, &|wrong| {
            wrong.is_slow |= bad.slower_us > 0;
            wrong.is_lossy |= bad.loss_ppm > 0;
            wrong.words.push(format!("to {} {}", frame.node_name(bad.to), bad.words()));
        });
    }
    all
}

/// The middle of the way, or the next place behind it where no mark stands yet.
fn free_place(way: &Way, taken: &[Point]) -> Point {
    let mut along = way.length() / 2.0;
    let mut centre = way.at(along).0;
    while taken.iter().any(|other| (other.x - centre.x).abs() + (other.y - centre.y).abs() < 20.0)
        && along < way.length()
    {
        along += STEP;
        centre = way.at(along).0;
    }
    centre
}

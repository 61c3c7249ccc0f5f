//! What the canvas paints at one moment: tags of messages, arcs of waits, and heat strips where there are too many
//! messages to draw each. A pure function of scene and time.

use super::geometry::{Direction, Point, Rect, number as n};
use super::glyphs;
use super::heat::heat;
use super::layout;
use super::scene::{Scene, Tag, TagKind, Track};
use super::text;

const RADIUS: f32 = 7.0;
const TIP: f32 = 6.0;

/// One thing to paint. Classes name colours; the style sheet knows their values.
#[derive(Clone, Debug, PartialEq)]
pub enum Draw {
    Shape {
        class: &'static str,
        d: String,
    },
    /// 12 pixels, semi-bold, from its baseline's start.
    Text {
        class: &'static str,
        x: f32,
        y: f32,
        text: String,
    },
    Arc {
        centre: Point,
        radius: f32,
        /// 1 to 0.
        left: f32,
    },
}

/// A message's tag where it is now.
struct Placed<'a> {
    track: &'a Track,
    at: Point,
    direction: Direction,
    full: bool,
}

impl Placed<'_> {
    fn bounds(&self) -> Rect {
        let (width, height) = match self.full {
            true => (self.track.tag.width, self.track.tag.height),
            false => (18.0, 18.0),
        };
        Rect::new(self.at.x - width / 2.0, self.at.y - height / 2.0, width, height)
    }
}

pub(super) fn is_here(sent_us: u64, due_us: u64, stopped_at_us: Option<u64>, now_us: u64) -> bool {
    now_us >= sent_us && (now_us <= due_us || stopped_at_us.is_some())
}

/// Tags in the order of painting. Where two would cover each other, the one that matters less becomes a dot with an
/// arrow: records before words, what stands still before what passes, the earlier arrival before the later.
fn placed(scene: &Scene, now_us: u64) -> Vec<Placed<'_>> {
    let mut all: Vec<Placed> = scene
        .tracks
        .iter()
        .filter(|track| is_here(track.sent_us, track.due_us, track.stopped_at_us, now_us))
        .map(|track| {
            let (at, direction) = layout::place(track, now_us);
            // A whole tag stays inside the picture.
            let half = track.tag.width / 2.0 + 1.0;
            let x = at.x.clamp(half.min(scene.width / 2.0), (scene.width - half).max(scene.width / 2.0));
            Placed { track, at: Point::new(x, at.y), direction, full: true }
        })
        .collect();
    all.sort_by_key(|placed| {
        let weight = match (placed.track.tag.kind, placed.track.tag.stopped) {
            (TagKind::Data, _) => 0,
            (TagKind::Error, _) => 1,
            (TagKind::Ask, true) => 2,
            (TagKind::Ask, false) => 3,
        };
        (weight, placed.track.due_us, placed.track.message)
    });
    let mut shown: Vec<Rect> = Vec::new();
    for placed in &mut all {
        let bounds = placed.bounds();
        if shown.iter().any(|other| other.overlaps(&bounds)) {
            placed.full = false;
        } else {
            shown.push(bounds);
        }
    }
    // Dots lie below whole tags.
    all.sort_by_key(|placed| placed.full);
    all
}

/// The message under a point.
pub fn hit(scene: &Scene, now_us: u64, point: Point) -> Option<u64> {
    placed(scene, now_us).iter().rev().find(|placed| placed.bounds().contains(point)).map(|placed| placed.track.message)
}

/// The box of a message's tag, for a focus ring or a tooltip.
pub fn bounds(scene: &Scene, now_us: u64, message: u64) -> Option<Rect> {
    placed(scene, now_us).iter().find(|placed| placed.track.message == message).map(Placed::bounds)
}

/// All that moves, in the order of painting.
pub fn draw_list(scene: &Scene, now_us: u64) -> Vec<Draw> {
    let mut list: Vec<Draw> = scene
        .arcs
        .iter()
        .map(|arc| Draw::Arc { centre: arc.centre, radius: arc.radius, left: arc.left(now_us) })
        .collect();
    heat(&scene.crowds, now_us, &mut list);
    for placed in placed(scene, now_us) {
        match placed.full {
            true => tag(&placed, &mut list),
            false => dot(&placed, &mut list),
        }
    }
    list
}

pub(super) fn body_class(kind: TagKind) -> &'static str {
    match kind {
        TagKind::Ask => "tag ask",
        TagKind::Data => "tag data",
        TagKind::Error => "tag error",
    }
}

pub(super) fn ink_class(kind: TagKind) -> &'static str {
    match kind {
        TagKind::Ask => "tag-ink ask",
        TagKind::Data => "tag-ink data",
        TagKind::Error => "tag-ink error",
    }
}

/// A rounded box with a tip towards where it goes.
pub(super) fn outline(bounds: &Rect, direction: Option<Direction>) -> String {
    let (x, y, right, bottom) = (bounds.x, bounds.y, bounds.right(), bounds.bottom());
    let centre = bounds.centre();
    let r = RADIUS;
    let side = |on: bool, text: String| if on { text } else { String::new() };
    let top = side(
        direction == Some(Direction::Up),
        format!("L{} {}L{} {}L{} {}", n(centre.x - TIP), n(y), n(centre.x), n(y - TIP), n(centre.x + TIP), n(y)),
    );
    let rightwards = side(
        direction == Some(Direction::Right),
        format!(
            "L{} {}L{} {}L{} {}",
            n(right),
            n(centre.y - TIP + 1.0),
            n(right + TIP),
            n(centre.y),
            n(right),
            n(centre.y + TIP - 1.0)
        ),
    );
    let down = side(
        direction == Some(Direction::Down),
        format!(
            "L{} {}L{} {}L{} {}",
            n(centre.x + TIP),
            n(bottom),
            n(centre.x),
            n(bottom + TIP),
            n(centre.x - TIP),
            n(bottom)
        ),
    );
    let leftwards = side(
        direction == Some(Direction::Left),
        format!(
            "L{} {}L{} {}L{} {}",
            n(x),
            n(centre.y + TIP - 1.0),
            n(x - TIP),
            n(centre.y),
            n(x),
            n(centre.y - TIP + 1.0)
        ),
    );
    format!(
        "M{} {}{top}L{} {}Q{} {} {} {}{rightwards}L{} {}Q{} {} {} {}{down}L{} {}Q{} {} {} {}{leftwards}L{} {}Q{} {} {} {}Z",
        n(x + r),
        n(y),
        n(right - r),
        n(y),
        n(right),
        n(y),
        n(right),
        n(y + r),
        n(right),
        n(bottom - r),
        n(right),
        n(bottom),
        n(right - r),
        n(bottom),
        n(x + r),
        n(bottom),
        n(x),
        n(bottom),
        n(x),
        n(bottom - r),
        n(x),
        n(y + r),
        n(x),
        n(y),
        n(x + r),
        n(y)
    )
}

fn tag(placed: &Placed, list: &mut Vec<Draw>) {
    let tag: &Tag = &placed.track.tag;
    let bounds = placed.bounds();
    let direction = (!tag.stopped).then_some(placed.direction);
    list.push(Draw::Shape { class: body_class(tag.kind), d: outline(&bounds, direction) });
    if tag.kind == TagKind::Error {
        list.push(Draw::Shape { class: "tag-inner", d: outline(&bounds.inset(2.5), None) });
    }
    let ink = ink_class(tag.kind);
    let last = tag.lines.len() - 1;
    for (index, line) in tag.lines.iter().enumerate() {
        let baseline = match tag.lines.len() {
            1 => placed.at.y + 4.4,
            _ => placed.at.y - 3.2 + 15.0 * index as f32,
        };
        let extra = match index == last {
            true => tag.marks.len() as f32 * 14.0 + if tag.stopped { 16.0 } else { 0.0 },
            false => 0.0,
        };
        let width = text::width(line, 12.0, true);
        let gap = if extra > 0.0 && !line.is_empty() { 4.0 } else { 0.0 };
        let mut x = placed.at.x - (width + gap + extra) / 2.0;
        if !line.is_empty() {
            list.push(Draw::Text { class: ink, x, y: baseline, text: line.clone() });
        }
        if index == last {
            x += width + gap;
            for mark in &tag.marks {
                let centre = Point::new(x + 7.0, baseline - 4.4);
                list.push(Draw::Shape { class: ink, d: glyphs::mark(*mark, centre, 5.0) });
                x += 14.0;
            }
            if tag.stopped {
                let (left, top) = (n(x + 3.0), n(baseline - 9.5));
                list.push(Draw::Shape { class: ink, d: format!("M{left} {top}h3v10h-3zm6 0h3v10h-3z") });
            }
        }
    }
}

/// A message without room for its words: a dot with an arrow.
fn dot(placed: &Placed, list: &mut Vec<Draw>) {
    let kind = placed.track.tag.kind;
    let (x, y) = (placed.at.x, placed.at.y);
    let d = format!("M{} {}a8 8 0 1 0 16 0a8 8 0 1 0 -16 0Z", n(x - 8.0), n(y));
    list.push(Draw::Shape { class: body_class(kind), d });
    let arrow = match placed.direction {
        _ if placed.track.tag.stopped => format!("M{} {}h2.5v7h-2.5zm4.5 0h2.5v7h-2.5z", n(x - 3.5), n(y - 3.5)),
        Direction::Up => format!("M{} {}l4 6.5h-8z", n(x), n(y - 4.0)),
        Direction::Down => format!("M{} {}l4 -6.5h-8z", n(x), n(y + 4.0)),
        Direction::Left => format!("M{} {}l6.5 -4v8z", n(x - 4.0), n(y)),
        Direction::Right => format!("M{} {}l-6.5 -4v8z", n(x + 4.0), n(y)),
    };
    list.push(Draw::Shape { class: ink_class(kind), d: arrow });
}

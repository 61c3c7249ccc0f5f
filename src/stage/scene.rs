//! A laid-out picture: what stands, as simple shapes with names and hit boxes, and the ways of what moves.
//!
//! Everything is in one flat list in the order of painting, which is also the order of reading; no shape is
//! transformed, so a test can compare any two boxes.

use super::geometry::{Point, Rect, Way};
use super::text;
use super::thing::Thing;
use super::words::Concept;

/// How much room the picture has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// CSS pixels; the picture is exactly so wide.
    pub width: f32,
    /// CSS pixels that are welcome to be filled; the picture may need more.
    pub height: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub class: &'static str,
    pub x: f32,
    /// The baseline.
    pub y: f32,
    pub size: f32,
    pub bold: bool,
    pub anchor: Anchor,
    pub text: String,
}

impl Text {
    /// The box that the text surely lies within.
    pub fn bounds(&self) -> Rect {
        let width = text::width(&self.text, self.size, self.bold);
        let x = match self.anchor {
            Anchor::Start => self.x,
            Anchor::Middle => self.x - width / 2.0,
            Anchor::End => self.x - width,
        };
        Rect::new(x, self.y - self.size * 0.78, width, self.size)
    }
}

/// A simple shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Rect { class: &'static str, rect: Rect, radius: f32 },
    Circle { class: &'static str, centre: Point, radius: f32 },
    Path { class: &'static str, d: String },
    Text(Text),
}

/// Part of the picture: a thing that a person can point at, or decoration.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Item {
    /// None: decoration.
    pub thing: Option<Thing>,
    /// Ideas that this shows: their words in the text light it up.
    pub concepts: Vec<Concept>,
    /// What a screen reader says.
    pub name: String,
    /// Whether Tab stops here; other things are reached by arrow keys.
    pub tab_stop: bool,
    /// Classes, separated by spaces.
    pub class: String,
    /// Index of the colour that `--k` stands for within the item: a key's, a group's or an epoch's.
    pub colour: Option<Colour>,
    pub hit: Rect,
    pub shapes: Vec<Shape>,
}

/// A colour by its role; the style sheet knows its value in each theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// A key's; None: no key.
    Key(Option<u8>),
    Group(u8),
}

impl Colour {
    /// The custom property that holds it.
    pub fn variable(self) -> String {
        match self {
            Colour::Key(None) => "var(--key-none)".into(),
            Colour::Key(Some(mark)) => format!("var(--key{})", mark % 8),
            Colour::Group(index) => format!("var(--group{})", index % 4),
        }
    }
}

/// A message on its way, as the canvas draws it.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    pub message: u64,
    pub way: Way,
    pub sent_us: u64,
    pub due_us: u64,
    /// None: it moves. Else the moment at which it stopped.
    pub stopped_at_us: Option<u64>,
    pub tag: Tag,
}

/// The messages from one node to another, where there are too many to draw each.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    pub way: Way,
    pub messages: Vec<Passing>,
}

/// One message of a crowd.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passing {
    pub sent_us: u64,
    pub due_us: u64,
    /// None: it moves. Else the moment at which it stopped.
    pub stopped_at_us: Option<u64>,
    pub carries_records: bool,
}

/// What a message looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// One or two lines.
    pub lines: Vec<String>,
    /// Marks of the records that it carries, drawn after the last line.
    pub marks: Vec<Option<u8>>,
    /// More records than marks.
    pub more: bool,
    pub kind: TagKind,
    /// It stands still: held by hand, stuck, or not read.
    pub stopped: bool,
    pub width: f32,
    pub height: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// It asks, or answers without records: outlined.
    Ask,
    /// It carries records: filled.
    Data,
    /// It brings bad news: outlined twice.
    Error,
}

/// A wait that runs out, as an arc around a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Arc {
    pub centre: Point,
    pub radius: f32,
    pub from_us: u64,
    pub due_us: u64,
    pub name: String,
}

impl Arc {
    /// The share that is left, 1 to 0.
    pub fn left(&self, now_us: u64) -> f32 {
        let whole = self.due_us.saturating_sub(self.from_us).max(1) as f32;
        (self.due_us.saturating_sub(now_us) as f32 / whole).min(1.0)
    }
}

/// The whole picture of one frame in one size.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Scene {
    pub width: f32,
    pub height: f32,
    /// What a screen reader says first.
    pub name: String,
    pub time_us: u64,
    pub items: Vec<Item>,
    pub tracks: Vec<Track>,
    /// Instead of tracks, where there would be too many.
    pub crowds: Vec<Crowd>,
    pub arcs: Vec<Arc>,
}

impl Scene {
    /// All texts that stand.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.items.iter().flat_map(|item| &item.shapes).filter_map(|shape| match shape {
            Shape::Text(text) => Some(text),
            _ => None,
        })
    }

    /// What is under a point: the last painted first, so the smallest.
    pub fn hit(&self, point: Point) -> Option<&Item> {
        self.items.iter().rev().find(|item| item.thing.is_some() && item.hit.contains(point))
    }
}

//! Short words for building items: each method adds one shape.

use crate::stage::geometry::{Point, Rect};
use crate::stage::glyphs;
use crate::stage::scene::{Anchor, Colour, Item, Shape, Text};
use crate::stage::text;
use crate::stage::thing::Thing;
use crate::stage::words::Concept;

/// Size of headings.
pub const TITLE: f32 = 15.0;
/// Size of what matters most beside them.
pub const BODY: f32 = 13.0;
/// The smallest size there is.
pub const SMALL: f32 = 12.0;

/// Decoration.
pub fn decoration(class: impl Into<String>) -> Item {
    Item { class: class.into(), ..Item::default() }
}

/// A thing with its class, its name for screen readers, and its hit box.
pub fn thing(thing: Thing, class: impl Into<String>, name: impl Into<String>, hit: Rect) -> Item {
    Item { thing: Some(thing), class: class.into(), name: name.into(), hit, ..Item::default() }
}

impl Item {
    pub fn stop(mut self) -> Item {
        self.tab_stop = true;
        self
    }

    pub fn shows(mut self, concepts: &[Concept]) -> Item {
        self.concepts.extend_from_slice(concepts);
        self
    }

    pub fn coloured(mut self, colour: Colour) -> Item {
        self.colour = Some(colour);
        self
    }

    pub fn rect(&mut self, class: &'static str, rect: Rect, radius: f32) -> &mut Item {
        self.shapes.push(Shape::Rect { class, rect, radius });
        self
    }

    pub fn circle(&mut self, class: &'static str, centre: Point, radius: f32) -> &mut Item {
        self.shapes.push(Shape::Circle { class, centre, radius });
        self
    }

    pub fn path(&mut self, class: &'static str, d: String) -> &mut Item {
        self.shapes.push(Shape::Path { class, d });
        self
    }

    pub fn line(&mut self, class: &'static str, from: Point, to: Point) -> &mut Item {
        self.path(class, glyphs::line(from, to))
    }

    /// Adds text and returns its width.
    pub fn text(&mut self, class: &'static str, x: f32, y: f32, size: f32, text: impl Into<String>) -> f32 {
        self.write(class, x, y, size, false, Anchor::Start, text.into())
    }

    pub fn bold(&mut self, class: &'static str, x: f32, y: f32, size: f32, text: impl Into<String>) -> f32 {
        self.write(class, x, y, size, true, Anchor::Start, text.into())
    }

    pub fn text_end(&mut self, class: &'static str, x: f32, y: f32, size: f32, text: impl Into<String>) -> f32 {
        self.write(class, x, y, size, false, Anchor::End, text.into())
    }

    pub fn text_middle(&mut self, class: &'static str, x: f32, y: f32, size: f32, text: impl Into<String>) -> f32 {
        self.write(class, x, y, size, false, Anchor::Middle, text.into())
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one text")]
    pub fn write(
        &mut self,
        class: &'static str,
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        anchor: Anchor,
        text: String,
    ) -> f32 {
        if text.is_empty() {
            return 0.0;
        }
        let width = text::width(&text, size, bold);
        self.shapes.push(Shape::Text(Text { class, x, y, size, bold, anchor, text }));
        width
    }
}

//! The standing picture as a tree of SVG elements: one source for the page and for print.

use super::geometry::number;
use super::scene::{Anchor, Item, Scene, Shape};
use super::thing::Thing;

/// An element with attributes in order, and either children or text.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Element {
    pub tag: &'static str,
    pub attributes: Vec<(&'static str, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    pub fn new(tag: &'static str) -> Element {
        Element { tag, ..Element::default() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Element {
        self.attributes.push((name, value.into()));
        self
    }

    pub fn number(self, name: &'static str, value: f32) -> Element {
        self.with(name, number(value))
    }

    pub fn containing(mut self, text: impl Into<String>) -> Element {
        self.text = text.into();
        self
    }

    pub fn child(mut self, child: Element) -> Element {
        self.children.push(child);
        self
    }
}

/// What is emphasised in a picture.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Emphasis {
    /// Shown in the inspector.
    pub selected: Option<Thing>,
    /// Under the pointer, in focus, or meant by a word of the text.
    pub lit: Option<Thing>,
}

/// Whether pointing at `wanted` lights up this item.
pub fn is_lit(item: &Item, wanted: &Thing) -> bool {
    match wanted {
        Thing::Concept(concept) => item.concepts.contains(concept),
        // A partition lights up all its copies.
        Thing::Partition(partition) => {
            matches!(&item.thing, Some(Thing::Replica(_, of)) if of == partition)
        }
        _ => item.thing.as_ref() == Some(wanted),
    }
}

fn shape(shape: &Shape) -> Element {
    match shape {
        Shape::Rect { class, rect, radius } => Element::new("rect")
            .with("class", *class)
            .number("x", rect.x)
            .number("y", rect.y)
            .number("width", rect.width.max(0.0))
            .number("height", rect.height.max(0.0))
            .number("rx", *radius),
        Shape::Circle { class, centre, radius } => Element::new("circle")
            .with("class", *class)
            .number("cx", centre.x)
            .number("cy", centre.y)
            .number("r", *radius),
        Shape::Path { class, d } => Element::new("path").with("class", *class).with("d", d.clone()),
        Shape::Text(text) => {
            let mut element = Element::new("text").with("class", text.class).number("x", text.x).number("y", text.y);
            if text.anchor != Anchor::Start {
                element = element.with("text-anchor", if text.anchor == Anchor::End { "end" } else { "middle" });
            }
            element
                .number("font-size", text.size)
                .with("font-weight", if text.bold { "650" } else { "400" })
                .containing(text.text.clone())
        }
    }
}

fn item(item: &Item, emphasis: &Emphasis) -> Element {
    let mut class = item.class.clone();
    if item.thing.is_some() {
        class.push_str(" thing");
    }
    if item.thing.is_some() && item.thing == emphasis.selected {
        class.push_str(" selected");
    }
    if emphasis.lit.as_ref().is_some_and(|wanted| is_lit(item, wanted)) {
        class.push_str(" lit");
    }
    let mut group = Element::new("g").with("class", class);
    if let Some(colour) = item.colour {
        group = group.with("style", format!("--k:{}", colour.variable()));
    }
    match &item.thing {
        Some(thing) => {
            group = group
                .with("data-thing", thing.to_string())
                .with("role", "button")
                .with("aria-label", item.name.clone())
                .with("tabindex", if item.tab_stop { "0" } else { "-1" });
        }
        None => group = group.with("aria-hidden", "true"),
    }
    group.children = item.shapes.iter().map(shape).collect();
    group
}

/// Patterns that shapes are filled with.
fn definitions() -> Element {
    let hatch = Element::new("pattern")
        .with("id", "hatch")
        .with("width", "8")
        .with("height", "8")
        .with("patternUnits", "userSpaceOnUse")
        .with("patternTransform", "rotate(45)")
        .child(Element::new("path").with("class", "hatch-line").with("d", "M0 0V8"));
    Element::new("defs").child(hatch)
}

/// The standing picture as one `svg` element.
pub fn picture(scene: &Scene, emphasis: &Emphasis) -> Element {
    let mut svg = Element::new("svg")
        .with("class", "stage")
        .with("xmlns", "http://www.w3.org/2000/svg")
        .number("width", scene.width)
        .number("height", scene.height)
        .with("viewBox", format!("0 0 {} {}", number(scene.width), number(scene.height)))
        .with("role", "group")
        .with("aria-label", scene.name.clone())
        .child(definitions());
    svg.children.extend(scene.items.iter().map(|one| item(one, emphasis)));
    svg
}

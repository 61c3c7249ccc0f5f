//! Elements as text: for print, for pictures in documents, and for looking at a scene without a page.

use super::draw_list::{self, Draw};
use super::element::{self, Element, Emphasis};
use super::geometry::number;
use super::scene::Scene;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// An element and all below it, as markup.
pub fn markup(element: &Element) -> String {
    let mut text = String::new();
    write(element, &mut text);
    text
}

fn write(element: &Element, out: &mut String) {
    out.push('<');
    out.push_str(element.tag);
    for (name, value) in &element.attributes {
        out.push_str(&format!(" {name}=\"{}\"", escaped(value)));
    }
    if element.children.is_empty() && element.text.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    out.push_str(&escaped(&element.text));
    for child in &element.children {
        write(child, out);
    }
    out.push_str(&format!("</{}>", element.tag));
}

/// Standing picture and messages of one moment in a single `svg` element.
pub fn still(scene: &Scene, now_us: u64) -> Element {
    let mut svg = element::picture(scene, &Emphasis::default());
    let moving = draw_list::draw_list(scene, now_us);
    svg.children.push(
        moving.iter().fold(Element::new("g").with("class", "moving"), |group, draw| group.child(moving_element(draw))),
    );
    svg
}

fn moving_element(draw: &Draw) -> Element {
    match draw {
        Draw::Shape { class, d } => Element::new("path").with("class", *class).with("d", d.clone()),
        Draw::Text { class, x, y, text } => Element::new("text")
            .with("class", *class)
            .number("x", *x)
            .number("y", *y)
            .number("font-size", 12.0)
            .with("font-weight", "600")
            .containing(text.clone()),
        Draw::Arc { centre, radius, left } => {
            let ring = Element::new("circle")
                .with("class", "arc-ring")
                .number("cx", centre.x)
                .number("cy", centre.y)
                .number("r", *radius);
            let whole = 2.0 * std::f32::consts::PI * radius;
            let rest = Element::new("circle")
                .with("class", "arc-left")
                .number("cx", centre.x)
                .number("cy", centre.y)
                .number("r", *radius)
                .with("stroke-dasharray", format!("{} {}", number(whole * left), number(whole)))
                .with("transform", format!("rotate(-90 {} {})", number(centre.x), number(centre.y)));
            Element::new("g").child(ring).child(rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_break_the_markup() {
        let element = Element::new("text").with("aria-label", "a\"b").containing("<script>&");
        assert_eq!(markup(&element), "<text aria-label=\"a&quot;b\">&lt;script&gt;&amp;</text>");
    }
}

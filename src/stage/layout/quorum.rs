//! The controllers: one panel, a capsule each, the active one crowned.

use super::pen::{BODY, SMALL, TITLE, thing};
use super::streets::Ports;
use super::{Arcs, Style};
use crate::kafka::ids::NodeId;
use crate::stage::frame::{Frame, Life};
use crate::stage::geometry::{Point, Rect};
use crate::stage::glyphs;
use crate::stage::scene::{Anchor, Item};
use crate::stage::text;
use crate::stage::thing::Thing;
use crate::stage::words::Concept;

const CAPSULE: f32 = 24.0;

/// Draws the quorum in a panel of at least `least_height` and returns the panel.
#[allow(clippy::too_many_arguments, reason = "what a panel is made from")]
pub fn draw(
    frame: &Frame,
    at: Point,
    width: f32,
    least_height: f32,
    style: &Style,
    items: &mut Vec<Item>,
    arcs: &mut Arcs,
    ports: &mut Ports,
) -> Rect {
    let epoch = frame.controllers.iter().map(|controller| controller.epoch).max().unwrap_or(0);
    let active = frame.controllers.iter().find(|controller| controller.active && controller.life == Life::Running);
    let title_width = text::width("Controllers", TITLE, true);
    let inside = width - 2.0 * style.pad;
    let widths: Vec<f32> = frame
        .controllers
        .iter()
        .map(|controller| {
            let crown = if controller.active { 22.0 } else { 0.0 };
            (text::width(&controller.id.to_string(), BODY, false) + 22.0 + crown).max(52.0)
        })
        .collect();
    let row_width: f32 = widths.iter().map(|width| width + 7.0).sum();
    let note = match active {
        Some(_) => format!("epoch {epoch}"),
        None => "no leader".into(),
    };
    let note_width = text::width(&note, SMALL, false);
    let one_row = title_width + 14.0 + row_width + note_width + 6.0 <= inside;
    let height = match one_row {
        true => 44.0_f32.max(least_height),
        false => {
            let mut rows = 1.0;
            let mut x = 0.0;
            for width in &widths {
                if x + width > inside {
                    rows += 1.0;
                    x = 0.0;
                }
                x += width + 7.0;
            }
            (34.0_f32 + rows * (CAPSULE + 7.0) + 5.0).max(least_height)
        }
    };
    let panel = Rect::new(at.x, at.y, width, height);
    let name = match active {
        Some(controller) => format!("Controllers: {} is active, epoch {epoch}", controller.id),
        None => "Controllers: none is active".into(),
    };
    let mut whole = thing(Thing::Quorum, "quorum", name, panel).stop().shows(&[
        Concept::Quorum,
        Concept::Controller,
        Concept::Metadata,
    ]);
    whole.rect("panel", panel, 11.0);
    let first_line = if one_row { at.y + height / 2.0 + 5.3 } else { at.y + 22.0 };
    whole.bold("name", at.x + style.pad, first_line, TITLE, "Controllers");
    if title_width + 10.0 + note_width <= inside {
        whole.text_end("soft", panel.right() - style.pad, first_line, SMALL, note);
    }
    items.push(whole);

    let (mut x, mut y) = match one_row {
        true => (at.x + style.pad + title_width + 14.0, at.y + (height - CAPSULE) / 2.0),
        false => (at.x + style.pad, at.y + 33.0),
    };
    for (controller, width) in frame.controllers.iter().zip(widths) {
        if x + width > panel.right() - style.pad + 0.1 {
            x = at.x + style.pad;
            y += CAPSULE + 7.0;
        }
        let capsule = Rect::new(x, y, width, CAPSULE);
        let leads = controller.active && controller.life == Life::Running;
        let class = match (controller.life, leads) {
            (Life::Down, _) => "controller down",
            (Life::Paused, _) => "controller paused",
            (Life::Running, true) => "controller active",
            (Life::Running, false) => "controller",
        };
        let state = match (controller.life, leads) {
            (Life::Running, true) => "active",
            (Life::Running, false) => "standby",
            (life, _) => life.words(),
        };
        let name = format!("Controller {}, {state}, epoch {}", controller.id, controller.epoch);
        let mut item =
            thing(Thing::Controller(controller.id), class, name, capsule).stop().shows(&[Concept::Controller]);
        item.rect("capsule", capsule, CAPSULE / 2.0);
        let mut middle = capsule.centre().x;
        if controller.active {
            item.path("crown", glyphs::crown(Point::new(capsule.x + 10.0, capsule.y + 6.0)));
            middle += 11.0;
        }
        item.write("capsule-text", middle, capsule.y + 16.5, BODY, false, Anchor::Middle, controller.id.to_string());
        if controller.life == Life::Down {
            item.path("cross", glyphs::cross(capsule.x + 8.0, capsule.y + 3.0, width - 16.0, CAPSULE - 6.0));
        }
        if let Some(arc) = arcs.of_node(frame, NodeId::Controller(controller.id)) {
            arcs.put(arc, Point::new(capsule.right() - 4.0, capsule.y + 2.0));
        }
        ports.place_controller(NodeId::Controller(controller.id), &panel, capsule.centre().x);
        items.push(item);
        x += width + 7.0;
    }
    panel
}

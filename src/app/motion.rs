//! What moves: one canvas, painted by its own frame loop while it plays, and once per change while it stands.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, Path2d};

use super::browser;
use super::player::Player;
use crate::kafka::sorted::SortedMap;
use crate::stage::Scene;
use crate::stage::draw_list::{Draw, draw_list};

/// Fill and stroke of the classes that the draw list names, as the style sheet says.
type Palette = SortedMap<&'static str, (String, String, f64)>;

/// The canvas and what it shows.
#[derive(Default)]
pub struct Motion {
    canvas: Option<HtmlCanvasElement>,
    context: Option<CanvasRenderingContext2d>,
    scene: Rc<Scene>,
    clock: Rc<Cell<u64>>,
    palette: Palette,
    player: Option<Player>,
}

impl Motion {
    /// Shows a scene; `moves`: on every animation frame anew, where the clock stands.
    pub fn show(
        this: &Rc<RefCell<Motion>>,
        canvas: &HtmlCanvasElement,
        scene: Rc<Scene>,
        clock: Rc<Cell<u64>>,
        moves: bool,
    ) {
        {
            let mut motion = this.borrow_mut();
            motion.scene = scene;
            motion.clock = clock;
            motion.attach(canvas);
            motion.palette.clear();
            motion.paint();
        }
        if moves {
            let weak = Rc::downgrade(this);
            let mut motion = this.borrow_mut();
            let player = motion.player.get_or_insert_with(|| {
                Player::new(move |_| {
                    if let Some(motion) = weak.upgrade()
                        && let Ok(mut motion) = motion.try_borrow_mut()
                    {
                        motion.paint();
                    }
                })
            });
            player.start();
        } else {
            Motion::stop(this);
        }
    }

    pub fn stop(this: &Rc<RefCell<Motion>>) {
        if let Some(player) = &this.borrow().player {
            player.stop();
        }
    }

    fn attach(&mut self, canvas: &HtmlCanvasElement) {
        if self.canvas.as_ref() != Some(canvas) {
            self.context = canvas.get_context("2d").ok().flatten().and_then(|context| context.dyn_into().ok());
            self.canvas = Some(canvas.clone());
        }
        let density = browser::window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(1.0, 3.0);
        let (width, height) = (f64::from(self.scene.width), f64::from(self.scene.height));
        let size = ((width * density) as u32, (height * density) as u32);
        if (canvas.width(), canvas.height()) != size {
            canvas.set_width(size.0);
            canvas.set_height(size.1);
            let _ = canvas.set_attribute("style", &format!("width:{width}px;height:{height}px"));
        }
        if let Some(context) = &self.context {
            let _ = context.set_transform(density, 0.0, 0.0, density, 0.0, 0.0);
        }
    }

    fn paint(&mut self) {
        let Some(context) = self.context.clone() else { return };
        context.clear_rect(0.0, 0.0, f64::from(self.scene.width), f64::from(self.scene.height));
        for draw in draw_list(&self.scene, self.clock.get()) {
            match draw {
                Draw::Shape { class, d } => {
                    let (fill, stroke, width) = self.colours(class);
                    let Ok(path) = Path2d::new_with_path_string(&d) else { continue };
                    if fill != "none" {
                        context.set_fill_style_str(&fill);
                        context.fill_with_path_2d(&path);
                    }
                    if stroke != "none" {
                        context.set_stroke_style_str(&stroke);
                        context.set_line_width(width);
                        context.stroke_with_path(&path);
                    }
                }
                Draw::Text { class, x, y, text } => {
                    let (fill, _, _) = self.colours(class);
                    context.set_font("600 12px system-ui, \"Segoe UI\", Roboto, \"DejaVu Sans\", sans-serif");
                    context.set_fill_style_str(&fill);
                    let _ = context.fill_text(&text, f64::from(x), f64::from(y));
                }
                Draw::Arc { centre, radius, left } => {
                    let (_, stroke, width) = self.colours("arc-left");
                    let turn = std::f64::consts::TAU;
                    context.begin_path();
                    let from = -turn / 4.0;
                    let to = from + turn * f64::from(left);
                    if context.arc(f64::from(centre.x), f64::from(centre.y), f64::from(radius), from, to).is_ok() {
                        context.set_stroke_style_str(&stroke);
                        context.set_line_width(width);
                        context.stroke();
                    }
                }
            }
        }
    }

    /// What the style sheet says of a class, read once from an element that has it.
    fn colours(&mut self, class: &'static str) -> (String, String, f64) {
        if let Some(known) = self.palette.get(class) {
            return known.clone();
        }
        let found = self.probe(class).unwrap_or_else(|| ("gray".into(), "none".into(), 1.0));
        self.palette.insert(class, found.clone());
        found
    }

    fn probe(&self, class: &str) -> Option<(String, String, f64)> {
        let document = browser::document()?;
        let svg = self.canvas.as_ref()?.parent_element()?.query_selector("svg.stage").ok()??;
        let group = document.create_element_ns(Some("http://www.w3.org/2000/svg"), "path").ok()?;
        group.set_attribute("class", class).ok()?;
        svg.append_child(&group).ok()?;
        let style = browser::window()?.get_computed_style(&group).ok()??;
        let value = |name: &str| style.get_property_value(name).unwrap_or_default();
        let result =
            (value("fill"), value("stroke"), value("stroke-width").trim_end_matches("px").parse().unwrap_or(1.0));
        group.remove();
        Some(result)
    }
}

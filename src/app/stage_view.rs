//! The picture: what stands as SVG, and one canvas above it for what moves. No message in flight is a DOM node, and
//! nothing is drawn again per frame but the canvas.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use yew::prelude::*;
use yew::virtual_dom::{VNode, VTag};

use super::browser;
use super::motion::Motion;
use super::shared::Shared;
use crate::stage::draw_list;
use crate::stage::element::{Element, Emphasis, picture};
use crate::stage::geometry::Point;
use crate::stage::layout::layout;
use crate::stage::{Concept, Frame, Scene, Thing, Viewport};

/// The window's height where none can be read.
const USUAL_WINDOW_PX: f64 = 800.0;
/// Height that the figure's other parts need, so that all of it is in view at once where the window allows it.
const AROUND_PX: f64 = 372.0;

#[derive(Properties, PartialEq)]
pub struct StageViewProps {
    pub frame: Shared<Frame>,
    pub playing: bool,
    /// Virtual time, microseconds; moves by itself while playing.
    pub clock: Shared<Cell<u64>>,
    /// The same steps without anything gliding between them.
    pub reduced: bool,
    /// In a frame that is made as high as the figure, so that the window's height says nothing.
    pub embedded: bool,
    pub selected: Option<Thing>,
    pub lit: Option<Thing>,
    pub on_select: Callback<Option<Thing>>,
    /// What is pointed at, and the ideas that it shows.
    pub on_hover: Callback<(Option<Thing>, Vec<Concept>)>,
}

pub enum Msg {
    Resized,
    /// The pointer is here, in the window's pixels.
    Moved(i32, i32),
    Clicked(i32, i32, Option<String>),
    Over(Option<String>),
    Key(web_sys::KeyboardEvent),
}

pub struct StageView {
    frame_ref: NodeRef,
    canvas_ref: NodeRef,
    width: f64,
    over_message: bool,
    scene: Rc<Scene>,
    motion: Rc<RefCell<Motion>>,
    _resize: Option<(web_sys::ResizeObserver, Closure<dyn FnMut()>)>,
}

impl Component for StageView {
    type Message = Msg;
    type Properties = StageViewProps;

    fn create(ctx: &Context<StageView>) -> StageView {
        let mut view = StageView {
            frame_ref: NodeRef::default(),
            canvas_ref: NodeRef::default(),
            width: 0.0,
            over_message: false,
            scene: Rc::default(),
            motion: Rc::default(),
            _resize: None,
        };
        view.lay_out(ctx);
        view
    }

    fn changed(&mut self, ctx: &Context<StageView>, old: &StageViewProps) -> bool {
        if ctx.props().frame != old.frame {
            self.lay_out(ctx);
        }
        true
    }

    fn update(&mut self, ctx: &Context<StageView>, msg: Msg) -> bool {
        match msg {
            Msg::Resized => {
                let Some(element) = self.frame_ref.cast::<web_sys::Element>() else { return false };
                let (width, _) = browser::size_of(&element);
                if (width - self.width).abs() < 1.0 {
                    return false;
                }
                self.width = width;
                self.lay_out(ctx);
                true
            }
            Msg::Moved(x, y) => {
                let over = self.message_at(ctx, x, y).is_some();
                std::mem::replace(&mut self.over_message, over) != over
            }
            Msg::Clicked(x, y, thing) => {
                let message = self.message_at(ctx, x, y).map(Thing::Message);
                let thing = message.or_else(|| thing.and_then(|thing| thing.parse().ok()));
                ctx.props().on_select.emit(thing);
                false
            }
            Msg::Over(thing) => {
                let thing: Option<Thing> = thing.and_then(|thing| thing.parse().ok());
                let item = self.scene.items.iter().find(|item| thing.is_some() && item.thing == thing);
                let concepts = item.map(|item| item.concepts.clone()).unwrap_or_default();
                ctx.props().on_hover.emit((thing, concepts));
                false
            }
            Msg::Key(event) => {
                if matches!(event.key().as_str(), "Enter" | " ") {
                    if let Some(thing) = thing_of(event.target()).and_then(|thing| thing.parse().ok()) {
                        event.prevent_default();
                        ctx.props().on_select.emit(Some(thing));
                    }
                } else if let Some(step) = arrow(&event.key()) {
                    event.prevent_default();
                    self.focus_neighbour(event.target(), step);
                }
                false
            }
        }
    }

    fn view(&self, ctx: &Context<StageView>) -> Html {
        let props = ctx.props();
        let emphasis = Emphasis { selected: props.selected.clone(), lit: props.lit.clone() };
        let link = ctx.link();
        let click = link
            .callback(|event: MouseEvent| Msg::Clicked(event.client_x(), event.client_y(), thing_of(event.target())));
        // While it plays, nothing is to be caught with a pointer that stands still.
        let moved =
            (!props.playing).then(|| link.callback(|event: MouseEvent| Msg::Moved(event.client_x(), event.client_y())));
        let over = link.callback(|event: MouseEvent| Msg::Over(thing_of(event.target())));
        let out = link.callback(|_: MouseEvent| Msg::Over(None));
        let focus = link.callback(|event: FocusEvent| Msg::Over(thing_of(event.target())));
        let blur = link.callback(|_: FocusEvent| Msg::Over(None));
        html! {
            <div class={classes!("stage-frame", self.over_message.then_some("over-message"))} ref={self.frame_ref.clone()}
                onclick={click} onmousemove={moved} onmouseover={over} onmouseout={out}
                onfocusin={focus} onfocusout={blur} onkeydown={link.callback(Msg::Key)}>
                if self.width > 0.0 {
                    { to_html(&picture(&self.scene, &emphasis)) }
                    <canvas class="motion" ref={self.canvas_ref.clone()} aria-hidden="true" />
                }
            </div>
        }
    }

    fn rendered(&mut self, ctx: &Context<StageView>, first: bool) {
        if first {
            self.watch_size(ctx);
        }
        let props = ctx.props();
        if let Some(canvas) = self.canvas_ref.cast::<web_sys::HtmlCanvasElement>() {
            let moves = props.playing && !props.reduced;
            Motion::show(&self.motion, &canvas, self.scene.clone(), props.clock.0.clone(), moves);
        }
    }

    fn destroy(&mut self, _ctx: &Context<StageView>) {
        Motion::stop(&self.motion);
        if let Some((observer, _)) = &self._resize {
            observer.disconnect();
        }
    }
}

impl StageView {
    fn lay_out(&mut self, ctx: &Context<StageView>) {
        if self.width > 0.0 {
            let window_height = || browser::window().and_then(|window| window.inner_height().ok()?.as_f64());
            let height = (!ctx.props().embedded).then(window_height).flatten().unwrap_or(USUAL_WINDOW_PX);
            let viewport = Viewport { width: self.width as f32, height: (height - AROUND_PX).max(0.0) as f32 };
            self.scene = Rc::new(layout(&ctx.props().frame, viewport));
        }
    }

    fn watch_size(&mut self, ctx: &Context<StageView>) {
        let resized = ctx.link().callback(|()| Msg::Resized);
        resized.emit(());
        let closure = Closure::<dyn FnMut()>::new(move || resized.emit(()));
        let Some(element) = self.frame_ref.cast::<web_sys::Element>() else { return };
        if let Ok(observer) = web_sys::ResizeObserver::new(closure.as_ref().unchecked_ref()) {
            observer.observe(&element);
            self._resize = Some((observer, closure));
        }
    }

    /// The message under a point of the window; the canvas itself lets the pointer through.
    fn message_at(&self, ctx: &Context<StageView>, client_x: i32, client_y: i32) -> Option<u64> {
        let rect = self.frame_ref.cast::<web_sys::Element>()?.get_bounding_client_rect();
        let at = Point::new((f64::from(client_x) - rect.left()) as f32, (f64::from(client_y) - rect.top()) as f32);
        draw_list::hit(&self.scene, ctx.props().clock.get(), at)
    }

    /// Arrow keys go from thing to thing in the order of reading.
    fn focus_neighbour(&self, from: Option<web_sys::EventTarget>, step: i32) {
        let Some(frame) = self.frame_ref.cast::<web_sys::Element>() else { return };
        let Some(current) = from.and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return };
        let Ok(all) = frame.query_selector_all("[data-thing]") else { return };
        let all: Vec<web_sys::Element> =
            (0..all.length()).filter_map(|index| all.item(index)?.dyn_into().ok()).collect();
        let Some(place) = all.iter().position(|element| *element == current) else { return };
        let next = (place as i32 + step).clamp(0, all.len() as i32 - 1) as usize;
        if let Some(element) = all[next].dyn_ref::<web_sys::SvgElement>() {
            let _ = element.focus();
        }
    }
}

fn arrow(key: &str) -> Option<i32> {
    match key {
        "ArrowRight" | "ArrowDown" => Some(1),
        "ArrowLeft" | "ArrowUp" => Some(-1),
        _ => None,
    }
}

/// The thing that an element of the picture is or belongs to.
fn thing_of(target: Option<web_sys::EventTarget>) -> Option<String> {
    let element: web_sys::Element = target?.dyn_into().ok()?;
    element.closest("[data-thing]").ok()??.get_attribute("data-thing")
}

/// The same tree as elements of the page.
fn to_html(element: &Element) -> Html {
    let mut tag = VTag::new(element.tag);
    for (name, value) in &element.attributes {
        tag.add_attribute(name, value.clone());
    }
    if !element.text.is_empty() {
        tag.add_child(VNode::from(element.text.clone()));
    }
    for child in &element.children {
        tag.add_child(to_html(child));
    }
    tag.into()
}

//! Handlers that live as long as the page: the address, messages of the page around, the keyboard.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use yew::prelude::*;

use super::{Msg, Page};
use crate::app::browser;

/// They end when this is dropped.
pub(super) struct Listeners {
    _hash: Closure<dyn FnMut(web_sys::Event)>,
    _message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _key: Closure<dyn FnMut(web_sys::KeyboardEvent)>,
}

/// Follows the address, messages of the page around, and the keyboard.
pub(super) fn listen(ctx: &Context<Page>) -> Option<Listeners> {
    let window = browser::window()?;
    let route = ctx.link().callback(|()| Msg::RouteChanged);
    let hash = Closure::<dyn FnMut(web_sys::Event)>::new(move |_| route.emit(()));
    let incoming = ctx.link().callback(Msg::Incoming);
    let message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        if browser::is_from_parent(&event) {
            incoming.emit(browser::message_text(&event).unwrap_or_else(|| "null".into()));
        }
    });
    let pressed = ctx.link().callback(|(key, shift)| Msg::Key(key, shift));
    let key = Closure::<dyn FnMut(web_sys::KeyboardEvent)>::new(move |event: web_sys::KeyboardEvent| {
        if is_for_the_page(&event) {
            pressed.emit((event.key(), event.shift_key()));
            if [" ", "ArrowLeft", "ArrowRight", "Home", "End"].contains(&event.key().as_str()) {
                event.prevent_default();
            }
        }
    });
    let add = |name: &str, closure: &JsValue| window.add_event_listener_with_callback(name, closure.unchecked_ref());
    add("hashchange", hash.as_ref()).ok()?;
    add("message", message.as_ref()).ok()?;
    add("keydown", key.as_ref()).ok()?;
    Some(Listeners { _hash: hash, _message: message, _key: key })
}

/// Keys that a field, a button or the picture uses itself are left to it.
fn is_for_the_page(event: &web_sys::KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return false;
    }
    let Some(element) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return true;
    };
    if element.closest("input, textarea, select, [contenteditable]").ok().flatten().is_some() {
        return false;
    }
    if browser::document().is_none_or(|document| document.get_element_by_id("figure").is_none()) {
        return false;
    }
    let in_picture = element.closest("svg.stage").ok().flatten().is_some();
    let on_button = element.closest("button, a, summary, [role=button]").ok().flatten().is_some();
    match event.key().as_str() {
        " " | "Enter" => !on_button,
        "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" => !in_picture,
        _ => true,
    }
}

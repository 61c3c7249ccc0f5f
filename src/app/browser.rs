//! The browser's edges, each behind a function that cannot panic: a denied permission is an answer, not a crash.

use wasm_bindgen::prelude::*;
use web_sys::{Document, Element, Window};

pub fn window() -> Option<Window> {
    web_sys::window()
}

pub fn document() -> Option<Document> {
    window()?.document()
}

/// `localStorage`; None: the browser denies it (sandboxed frames, private windows, settings).
fn storage() -> Option<web_sys::Storage> {
    window()?.local_storage().ok().flatten()
}

/// Whether something written is there afterwards.
pub fn storage_works() -> bool {
    const PROBE: &str = "glassbroker.probe";
    let works = write_stored(PROBE, "1") && read_stored(PROBE).as_deref() == Some("1");
    remove_stored(PROBE);
    works
}

pub fn read_stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// False: it was not written.
pub fn write_stored(key: &str, value: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, value).is_ok())
}

pub fn remove_stored(key: &str) {
    if let Some(storage) = storage() {
        // Nothing is lost when what should go cannot be reached.
        let _ = storage.remove_item(key);
    }
}

/// The address's part from `?` on, without it.
pub fn search() -> String {
    let search = window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    search.trim_start_matches('?').to_string()
}

/// The address's part from `#` on, without it.
pub fn fragment() -> String {
    let hash = window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    hash.trim_start_matches('#').to_string()
}

/// The page's address without its fragment.
pub fn address_without_fragment() -> String {
    let href = window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_string()
}

/// Shows another fragment in the address bar; `replace`: without a new entry in the history.
pub fn show_fragment(fragment: &str, replace: bool) {
    let Some(history) = window().and_then(|window| window.history().ok()) else { return };
    let address = format!("#{fragment}");
    // A sandboxed frame may be forbidden to touch its history: the address then stays as it is.
    let _ = match replace {
        true => history.replace_state_with_url(&JsValue::NULL, "", Some(&address)),
        false => history.push_state_with_url(&JsValue::NULL, "", Some(&address)),
    };
}

/// Milliseconds of the browser's steady clock.
pub fn now_ms() -> f64 {
    window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

/// Whether the person has asked their system for less motion.
pub fn prefers_reduced_motion() -> bool {
    window()
        .and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok().flatten())
        .is_some_and(|query| query.matches())
}

/// Sets an attribute of the root element; None takes it away.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    let Some(root) = document().and_then(|document| document.document_element()) else { return };
    // Both can only fail for names that no element may have.
    let _ = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}

pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Sends a message to the page around. Nothing happens where there is none.
pub fn post_to_parent(message: &str, target_origin: &str) {
    let Some(window) = window() else { return };
    let Some(parent) = window.parent().ok().flatten().filter(|parent| *parent != window) else { return };
    let Ok(message) = js_sys::JSON::parse(message) else { return };
    // An origin that is no origin was refused when the address was read.
    let _ = parent.post_message(&message, target_origin);
}

/// Whether a message comes from the page around.
pub fn is_from_parent(event: &web_sys::MessageEvent) -> bool {
    let Some(window) = window() else { return false };
    let Some(parent) = window.parent().ok().flatten().filter(|parent| *parent != window) else { return false };
    event.source().is_some_and(|source| AsRef::<JsValue>::as_ref(&source) == AsRef::<JsValue>::as_ref(&parent))
}

/// A message's content as JSON text; None: it is nothing that JSON can hold.
pub fn message_text(event: &web_sys::MessageEvent) -> Option<String> {
    js_sys::JSON::stringify(&event.data()).ok().and_then(|text| text.as_string())
}

/// Puts a text on the clipboard; calls back whether that worked.
pub fn copy_text(text: String, done: impl FnOnce(bool) + 'static) {
    let Some(window) = window() else { return done(false) };
    let clipboard = window.navigator().clipboard();
    // In an insecure page or a sandboxed frame there is no clipboard object at all.
    if AsRef::<JsValue>::as_ref(&clipboard).is_undefined() {
        return done(false);
    }
    let promise = clipboard.write_text(&text);
    wasm_bindgen_futures::spawn_local(async move {
        done(wasm_bindgen_futures::JsFuture::from(promise).await.is_ok());
    });
}

/// Moves the keyboard's focus to an element, and nothing on the screen.
pub fn focus_without_scrolling(element: &yew::NodeRef) {
    if let Some(element) = element.cast::<web_sys::HtmlElement>() {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// Moves the focus to a thing of the picture, if it is still there.
pub fn focus_thing(thing: &str) {
    let Some(document) = document() else { return };
    let Ok(all) = document.query_selector_all("svg.stage [data-thing]") else { return };
    let elements = (0..all.length()).filter_map(|index| all.item(index)?.dyn_into::<web_sys::SvgElement>().ok());
    if let Some(element) = elements.into_iter().find(|one| one.get_attribute("data-thing").as_deref() == Some(thing)) {
        let _ = element.focus();
    }
}

/// Lights up the words of the text that mean one of these things. The text is the course's own, made once, so its
/// elements are marked where they stand.
pub fn light_terms(things: &[String]) {
    let Some(document) = document() else { return };
    let Ok(all) = document.query_selector_all(".prose [data-thing]") else { return };
    let terms = (0..all.length()).filter_map(|index| all.item(index)?.dyn_into::<Element>().ok());
    for term in terms {
        let lit = term.get_attribute("data-thing").is_some_and(|thing| things.contains(&thing));
        // Fails only for class names that no element may have.
        let _ = term.class_list().toggle_with_force("lit", lit);
    }
}

/// The element's size in CSS pixels.
pub fn size_of(element: &Element) -> (f64, f64) {
    let rect = element.get_bounding_client_rect();
    (rect.width(), rect.height())
}

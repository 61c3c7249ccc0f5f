//! Tells the page around how high the figure is, whenever that changes: a step, an open hint, another width.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

use super::browser;

/// Watches an element's height as long as it lives.
pub struct HeightWatch {
    observer: ResizeObserver,
    _closure: Closure<dyn FnMut()>,
    _first: Timeout,
}

impl HeightWatch {
    /// Calls back with the height in whole CSS pixels: soon for the first time, then when it has changed.
    /// None: the browser cannot observe sizes.
    pub fn new(element: &Element, on_height: impl Fn(u32) + 'static) -> Option<HeightWatch> {
        let (watched, told) = (element.clone(), Cell::new(None));
        let look = Rc::new(move || {
            let height = browser::size_of(&watched).1.ceil() as u32;
            if told.replace(Some(height)) != Some(height) {
                on_height(height);
            }
        });
        let closure = Closure::<dyn FnMut()>::new({
            let look = look.clone();
            move || look()
        });
        let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        // Browsers observe no sizes in a frame that is off screen, and it should have its height before it is seen.
        let first = Timeout::new(0, move || look());
        Some(HeightWatch { observer, _closure: closure, _first: first })
    }
}

impl Drop for HeightWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

//! The frame loop: while it plays, each animation frame moves virtual time on. Nothing is scheduled while it does not.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::browser;

/// Longest step of the wall clock that counts; after a hidden tab comes back, time goes on where it was.
const MAX_STEP_MS: f64 = 100.0;

/// What the browser calls on an animation frame.
type FrameClosure = Closure<dyn FnMut(f64)>;

struct Inner {
    running: Cell<bool>,
    last_ms: Cell<f64>,
    request: Cell<i32>,
    closure: RefCell<Option<FrameClosure>>,
    on_frame: Box<dyn Fn(f64)>,
}

/// Calls back once per animation frame, with the milliseconds since the one before.
#[derive(Clone)]
pub struct Player(Rc<Inner>);

impl Player {
    pub fn new(on_frame: impl Fn(f64) + 'static) -> Player {
        let inner = Rc::new(Inner {
            running: Cell::new(false),
            last_ms: Cell::new(0.0),
            request: Cell::new(0),
            closure: RefCell::new(None),
            on_frame: Box::new(on_frame),
        });
        let weak = Rc::downgrade(&inner);
        *inner.closure.borrow_mut() = Some(Closure::new(move |now_ms: f64| {
            let Some(inner) = weak.upgrade().filter(|inner| inner.running.get()) else { return };
            let step_ms = (now_ms - inner.last_ms.replace(now_ms)).clamp(0.0, MAX_STEP_MS);
            (inner.on_frame)(step_ms);
            if inner.running.get() {
                request(&inner);
            }
        }));
        Player(inner)
    }

    pub fn start(&self) {
        if !self.0.running.replace(true) {
            self.0.last_ms.set(browser::now_ms());
            request(&self.0);
        }
    }

    pub fn stop(&self) {
        if self.0.running.replace(false)
            && let Some(window) = browser::window()
        {
            // A frame that has already begun cannot be cancelled, and finds that it should not run.
            let _ = window.cancel_animation_frame(self.0.request.get());
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.running.set(false);
    }
}

fn request(inner: &Inner) {
    let closure = inner.closure.borrow();
    if let (Some(window), Some(closure)) = (browser::window(), closure.as_ref())
        && let Ok(id) = window.request_animation_frame(closure.as_ref().unchecked_ref())
    {
        inner.request.set(id);
    }
}

//! What the driving script calls in a browser. It takes the time of what is long itself, for it can tell how long the
//! browser has really worked; of the rest each function gives the lines of its report.

use std::cell::RefCell;

use glassbroker::timeline::Timeline;
use wasm_bindgen::prelude::wasm_bindgen;

use super::records::Load;
use super::report::Report;
use super::traffic::Traffic;
use super::{frames, history, records};

thread_local! {
    static HISTORY: RefCell<Option<Timeline<Traffic>>> = const { RefCell::new(None) };
    static LOAD: RefCell<Option<Timeline<Load>>> = const { RefCell::new(None) };
}

#[wasm_bindgen]
pub fn make_history(events: u32) {
    HISTORY.set(Some(history::make(u64::from(events))));
}

#[wasm_bindgen]
pub fn travel_history(places: u32) -> String {
    let timeline = HISTORY.take().expect("a history was made");
    let mut report = Report::default();
    history::describe(&timeline, &mut report);
    history::travel(timeline, places as usize, &mut report);
    report.into_text()
}

#[wasm_bindgen]
pub fn prepare_records(count: u32) {
    LOAD.set(Some(records::prepare(u64::from(count))));
}

#[wasm_bindgen]
pub fn send_records() -> String {
    let mut timeline = LOAD.take().expect("records were prepared");
    let mut report = Report::default();
    let sent = records::send(&mut timeline, &mut report);
    report.put("records_sent", sent as f64);
    report.into_text()
}

#[wasm_bindgen]
pub fn mount_stage(messages: u32) {
    frames::mount(messages);
}

#[wasm_bindgen]
pub fn advance_stage(with_step: bool) -> u32 {
    frames::advance(with_step) as u32
}

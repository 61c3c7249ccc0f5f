//! The course: modules, examples, predictions, goals and progress. The content is data (Markdown with TOML front
//! matter under `content/`), compiled at build time by `build.rs`; this room gives it life.

pub mod beat;
pub mod director;
pub mod flow;
pub mod goal;
pub mod lesson;
pub mod measured;
pub mod model;
pub mod parameters;
pub mod prediction;
pub mod progress;
pub mod random_schedule;
pub mod script;
mod stage_setting;
pub mod template;

use std::rc::Rc;

pub use director::{Idea, LessonDirector};
pub use lesson::{Answered, Lesson, LessonError};
pub use model::{Course, Example, Module};
pub use parameters::{Parameters, PartitionWish};

thread_local! {
    static COURSE: Rc<Course> = Rc::new(read_content().expect("the build has checked the course's content"));
}

/// By way of a `Value`, as all else that is read from JSON: so the page needs one reader for each type, not two.
fn read_content() -> serde_json::Result<Course> {
    let content: serde_json::Value = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/course.json")))?;
    serde_json::from_value(content)
}

/// What was compared with a real Kafka, and what came out: `docs/fidelity.md` as HTML.
pub const FIDELITY_HTML: &str = include_str!(concat!(env!("OUT_DIR"), "/fidelity.html"));

/// The whole course.
pub fn course() -> Rc<Course> {
    COURSE.with(Rc::clone)
}

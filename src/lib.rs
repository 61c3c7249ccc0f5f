//! Glassbroker: a whole Apache Kafka cluster in one browser tab, shown step by step beside a course.
//!
//! Six rooms; each may use only those above it (a test reads the imports and fails when one reaches up):
//!
//! 1. [`kafka`]: what Kafka is. Pure state machines and formats.
//! 2. [`sim`]: the world Kafka lives in: clock, queue, network, faults, commands, events, guarantees.
//! 3. [`timeline`]: time travel: history, checkpoints, seek, fork and the share link.
//! 4. [`course`]: modules, examples, predictions, goals and progress. The content is data.
//! 5. [`stage`]: what a person sees, still without a browser: words, tables, layout, draw list.
//! 6. `app`: Yew components and the browser's edges (feature `app`).

pub mod course;
pub mod kafka;
pub mod sim;
pub mod stage;
pub mod timeline;

#[cfg(feature = "app")]
pub mod app;

//! What a person sees, still without a browser: one [`frame::Frame`] of plain facts, and from it words, tables,
//! layout, draw list and hit boxes.

pub mod about;
pub mod batch_bytes;
pub mod contract;
pub mod draw_list;
pub mod element;
mod fetch_session;
pub mod frame;
pub mod from_world;
pub mod geometry;
pub mod glyphs;
mod heat;
pub mod inspect;
pub mod layout;
pub mod offers;
pub mod scene;
pub mod sentence;
pub mod svg;
pub mod tables;
pub mod text;
pub mod thing;
pub mod trouble;
pub mod words;

pub use frame::Frame;
pub use from_world::{Watch, frame};
pub use layout::layout;
pub use scene::{Scene, Viewport};
pub use thing::Thing;
pub use words::Concept;

//! The coordinator against recorded answers.

mod classic;
mod harness;
mod records;

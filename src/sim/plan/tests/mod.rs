//! Tests that reach inside.

mod mutations;

//! Measures the budgets of the project: how fast the cluster runs, how fast a place in a long history is reached, how
//! much memory that history takes, how long a frame takes, and how long a share link is.
//!
//! The same program runs natively and, compiled to WebAssembly, in a headless Chromium; `scripts/bench` runs both and
//! prints one table. It only measures and prints: a figure of a shared machine is no reason to fail.
//!
//! Prints a line `where quantity value` for each quantity.

mod clock;
mod history;
mod records;
mod report;
mod traffic;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod frames;
#[cfg(not(target_arch = "wasm32"))]
mod links;
#[cfg(not(target_arch = "wasm32"))]
mod native;

fn main() {
    // In a browser the driving script calls one measurement after the other, each in a page of its own.
    #[cfg(not(target_arch = "wasm32"))]
    native::main();
}

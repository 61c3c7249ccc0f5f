//! What was measured, as lines of a quantity and its value.

use std::fmt::Write;

/// Quantities and their values, in the order in which they were measured.
#[derive(Debug, Default)]
pub struct Report {
    lines: String,
}

impl Report {
    pub fn put(&mut self, quantity: &str, value: f64) {
        writeln!(self.lines, "{quantity} {value}").expect("a string takes every line");
    }

    /// A value that is no number, such as a hash.
    pub fn put_text(&mut self, quantity: &str, value: &str) {
        writeln!(self.lines, "{quantity} {value}").expect("a string takes every line");
    }

    /// Median and 99th percentile of times in milliseconds.
    pub fn put_percentiles(&mut self, quantity: &str, mut times_ms: Vec<f64>) {
        times_ms.sort_by(f64::total_cmp);
        for (name, percent) in [("p50", 50), ("p99", 99)] {
            let place = (times_ms.len() * percent / 100).min(times_ms.len().saturating_sub(1));
            self.put(&format!("{quantity}_{name}_ms"), times_ms.get(place).copied().unwrap_or(f64::NAN));
        }
    }

    pub fn into_text(self) -> String {
        self.lines
    }
}

//! The native run: each measurement in a process of its own, so that none finds the memory of another.

use std::process::Command;

use super::clock::now_ms;
use super::report::Report;
use super::{history, links, records};

/// How much is measured.
struct Size {
    events: u64,
    places: usize,
    records: u64,
}

const FULL: Size = Size { events: 1_000_000, places: 1_000, records: 500_000 };
const QUICK: Size = Size { events: 100_000, places: 200, records: 100_000 };

pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let size = if arguments.iter().any(|argument| argument == "--quick") { QUICK } else { FULL };
    let mut report = Report::default();
    match arguments.iter().find(|argument| !argument.starts_with('-')).map(String::as_str) {
        Some("history") => {
            let before = resident_bytes();
            let (busy_ms, timeline) = busy(|| history::make(size.events));
            if let (Some(before), Some(after)) = (before, resident_bytes()) {
                report.put("history_memory_bytes", after.saturating_sub(before) as f64);
            }
            report.put("events_per_s", timeline.history().head().event_count() as f64 / busy_ms * 1_000.0);
            history::describe(&timeline, &mut report);
            history::travel(timeline, size.places, &mut report);
        }
        Some("records") => {
            let mut timeline = records::prepare(size.records);
            let (busy_ms, sent) = busy(|| records::send(&mut timeline, &mut report));
            report.put("records_per_s", sent as f64 / busy_ms * 1_000.0);
        }
        Some("links") => links::measure(&mut report),
        Some(other) => {
            eprintln!("budgets: there is no measurement named {other}");
            std::process::exit(2);
        }
        None => return run_all(&arguments),
    }
    report.into_text().lines().for_each(|line| println!("native {line}"));
}

/// Does something, and tells how long this program has worked for it, in milliseconds.
fn busy<R>(work: impl FnOnce() -> R) -> (f64, R) {
    let before = worked_ms();
    let start = now_ms();
    let result = work();
    let took_ms = now_ms() - start;
    let busy_ms = before.zip(worked_ms()).map(|(before, after)| after - before);
    (busy_ms.filter(|busy_ms| *busy_ms > 0.0).unwrap_or(took_ms), result)
}

/// How long this thread has had a processor, in milliseconds, to a few of them; None where the system does not tell
/// it this way (Linux does).
fn worked_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e6)
}

fn run_all(arguments: &[String]) {
    let program = std::env::current_exe().expect("a running program has a path");
    for measurement in ["history", "records", "links"] {
        let status = Command::new(&program).arg(measurement).args(arguments).status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("budgets: {measurement} could not be measured");
            std::process::exit(1);
        }
    }
}

/// Memory of this process that is in use; None where the system does not tell it this way (Linux does).
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}

//! Plays random schedules on all cores, and says where a guarantee was broken.
//!
//!     cargo run --release --no-default-features --bin schedules -- --count 100000 --seed 1
//!     cargo run --release --no-default-features --bin schedules -- --only 4711 --events 200
//!
//! Ends with 0 if all guarantees held, with 1 if one did not, and with 2 if it was asked for something that it cannot do.

use std::fmt;
use std::process::ExitCode;

use glassbroker::course::random_schedule::link_to;
use glassbroker::sim::plan::campaign::{self, Campaign};
use glassbroker::sim::plan::{Failure, Run};
use glassbroker::sim::{Event, EventKind, Message};

const USAGE: &str = "schedules [--count N] [--seed S] | --only SEED [--events N]";

/// What is asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    count: u64,
    seed: u64,
    only: Option<u64>,
    events: usize,
}

fn main() -> ExitCode {
    let asked = match parse(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(what) => {
            eprintln!("schedules: {what}\nusage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    campaign::say_where_it_panicked(|seed, step| format!("  replay it with {}", replay(seed, step)));
    let failed = match asked.only {
        Some(seed) => play_one(seed, asked.events),
        None => play_many(asked.seed, asked.count),
    };
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { count: 1_000, seed: 1, only: None, events: 100 };
    while let Some(name) = arguments.next() {
        if !["--count", "--seed", "--only", "--events"].contains(&name.as_str()) {
            return Err(format!("there is no argument {name:?}"));
        }
        let text = arguments.next().ok_or_else(|| format!("{name} needs a number"))?;
        let number: u64 = text.parse().map_err(|_| format!("{name} needs a whole number from 0 on, not {text:?}"))?;
        match name.as_str() {
            "--count" => asked.count = number,
            "--seed" => asked.seed = number,
            "--only" => asked.only = Some(number),
            _ => asked.events = usize::try_from(number).unwrap_or(usize::MAX),
        }
    }
    if asked.count == 0 {
        return Err("--count 0 plays nothing".into());
    }
    Ok(asked)
}

fn play_many(seed: u64, count: u64) -> bool {
    let campaign = Campaign::play(seed, count, &|failure| println!("{}", Told(failure)));
    let seconds = campaign.took.as_secs_f64();
    let per_second = |number: u64| number as f64 / seconds;
    print!("{}", campaign.coverage);
    println!(
        "{count} schedules from seed {seed} on: {} steps, {} events in {seconds:.1} s ({:.0} schedules/s, {:.0} events/s)",
        campaign.steps,
        campaign.events,
        per_second(campaign.schedules),
        per_second(campaign.events),
    );
    println!("{} passed, {} failed", campaign.schedules - campaign.failures.len() as u64, campaign.failures.len());
    !campaign.failures.is_empty()
}

/// Plays one schedule and prints its plan and its last events.
fn play_one(seed: u64, last: usize) -> bool {
    let mut run = Run::new(seed);
    println!("{:#?}", run.schedule().plan());
    let mut lines = std::collections::VecDeque::new();
    let result = loop {
        let result = run.advance();
        for event in run.world().events() {
            lines.push_back(format!("{:>7} {}", run.step(), Line(event)));
            if lines.len() > last {
                lines.pop_front();
            }
        }
        match result {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(violation) => break Err(run.failure(violation)),
        }
    };
    println!("   step    event  virtual time");
    lines.iter().for_each(|line| println!("{line}"));
    match result {
        Ok(()) => println!("seed {seed}: all guarantees held in {} steps; {}", run.step(), replay(seed, run.step())),
        Err(ref failure) => println!("{}", Told(failure)),
    }
    result.is_err()
}

/// Where the page shows that step.
fn replay(seed: u64, step: u64) -> String {
    format!("#/at/{}", link_to(seed, step))
}

/// A failure with its link.
struct Told<'a>(&'a Failure);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  replay it with {}", self.0, replay(self.0.seed, self.0.step))
    }
}

/// One event as a line.
struct Line<'a>(&'a Event);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { id, at, node, kind, .. } = self.0;
        let node = node.map(|node| node.to_string()).unwrap_or_default();
        write!(f, "{id:>8} {:>6}.{:06}  {node:<14} ", at.0 / 1_000_000, at.0 % 1_000_000)?;
        let mut message = |what: &str, message: &Message| {
            let kind = if message.is_request() { "request" } else { "answer" };
            let Message { id, from, to, .. } = message;
            write!(f, "{what} {} {kind} {} from {from} to {to}", message.api_key().name(), id.0)
        };
        match kind {
            EventKind::MessageSent(sent) => {
                message("sends", sent)?;
                write!(f, ": {:?}", sent.body)
            }
            EventKind::MessageDelivered(delivered) => message("gets", delivered),
            EventKind::MessageDropped(lost) => message("lost:", lost),
            EventKind::MessageHeld(held) => message("held:", held),
            EventKind::MessageReleased(released) => message("released:", released),
            EventKind::Note(note) => write!(f, "{note:?}"),
            other => write!(f, "{other:?}"),
        }
    }
}

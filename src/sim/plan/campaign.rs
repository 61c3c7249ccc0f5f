//! Plays many schedules, on all cores.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::coverage::Coverage;
use super::run::{Failure, Outcome, Run};

thread_local! {
    /// Seed and step of the schedule that this thread plays at present.
    static PLAYING: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
}

/// What came out of many schedules.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    pub schedules: u64,
    pub steps: u64,
    pub events: u64,
    pub coverage: Coverage,
    /// By seed.
    pub failures: Vec<Failure>,
    pub took: Duration,
}

impl Campaign {
    /// Plays `count` schedules with the seeds from `first` on. `tell` hears of each failure when it is found.
    ///
    /// # Panics
    /// With the panic of a schedule; [`say_where_it_panicked`] names its seed.
    pub fn play(first: u64, count: u64, tell: &(dyn Fn(&Failure) + Sync)) -> Campaign {
        let begin = Instant::now();
        let next = AtomicU64::new(0);
        let work = || {
            let mut part = Campaign::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return part;
                }
                let outcome = play(first.wrapping_add(number));
                outcome.failure.iter().for_each(tell);
                part.take(outcome);
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut whole = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let parts = workers.into_iter().map(|worker| match worker.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            parts.fold(Campaign::default(), Campaign::merge)
        });
        whole.failures.sort_by_key(|failure| failure.seed);
        whole.took = begin.elapsed();
        whole
    }

    fn take(&mut self, outcome: Outcome) {
        self.schedules += 1;
        self.steps += outcome.steps;
        self.events += outcome.events;
        self.coverage += outcome.coverage;
        self.failures.extend(outcome.failure);
    }

    fn merge(mut self, other: Campaign) -> Campaign {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.events += other.events;
        self.coverage += other.coverage;
        self.failures.extend(other.failures);
        self
    }
}

fn play(seed: u64) -> Outcome {
    let mut run = Run::new(seed);
    loop {
        PLAYING.set(Some((seed, run.step() + 1)));
        match run.advance() {
            Ok(true) => {}
            Ok(false) => return run.outcome(None),
            Err(violation) => return run.outcome(Some(violation)),
        }
    }
}

/// From now on a panic inside a schedule names its seed and step, and adds what `more` says of them.
pub fn say_where_it_panicked(more: impl Fn(u64, u64) -> String + Send + Sync + 'static) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        if let Some((seed, step)) = PLAYING.get() {
            eprintln!("seed {seed} panicked at step {step}\n{}", more(seed, step));
        }
    }));
}

//! Plays many schedules, on all cores.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::coverage::Coverage;
use super::run::{Failure, Outcome, Run};

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
            let parts = workers.into_iter().map(|worker| worker.join().expect("a worker catches what goes wrong"));
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
    Run::new(seed).finish()
}

//! Draws for plans and faults. No floats: a seed means the same on every machine.

use crate::kafka::random::Random;

/// More ways to draw.
pub(super) trait Draw {
    /// One of these, each as likely as any other.
    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T;

    /// True in so many of a hundred cases.
    fn percent(&mut self, percent: u64) -> bool;

    /// Between 1 and `most`, small numbers more often: each doubling is as likely as any other.
    fn spread(&mut self, most: u64) -> u64;
}

impl Draw for Random {
    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn spread(&mut self, most: u64) -> u64 {
        let doublings = u64::from(most.max(1).ilog2()) + 1;
        let magnitude = 1_u64 << self.below(doublings);
        self.between(magnitude, (2 * magnitude - 1).min(most.max(1)))
    }
}

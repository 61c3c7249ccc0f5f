//! Waiting longer after each failure (org.apache.kafka.common.utils.ExponentialBackoff, KIP-580).

use crate::kafka::random::Random;

/// `initial_ms * 2^attempts`, a fifth more or less by chance, never above `max_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExponentialBackoff {
    pub initial_ms: u32,
    pub max_ms: u32,
}

impl ExponentialBackoff {
    /// `reconnect.backoff.ms` and `reconnect.backoff.max.ms` of every client.
    pub const RECONNECT: ExponentialBackoff = ExponentialBackoff { initial_ms: 50, max_ms: 1_000 };

    /// The wait after `attempts` earlier failures (0: the first wait), milliseconds.
    pub fn delay_ms(self, attempts: u32, random: &mut Random) -> u32 {
        if self.max_ms <= self.initial_ms {
            return self.initial_ms.min(self.max_ms);
        }
        let term = (u64::from(self.initial_ms) << attempts.min(31)).min(u64::from(self.max_ms));
        let thousandths = random.between(800, 1_200);
        (term * thousandths / 1_000).min(u64::from(self.max_ms)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_about_double_and_never_above_the_most() {
        let backoff = ExponentialBackoff { initial_ms: 100, max_ms: 1_000 };
        let mut random = Random::stream(7, 1);
        for (attempts, low, high) in [(0, 80, 120), (1, 160, 240), (2, 320, 480), (3, 640, 960), (4, 800, 1_000)] {
            for _ in 0..100 {
                let delay = backoff.delay_ms(attempts, &mut random);
                assert!((low..=high).contains(&delay), "{delay} ms after {attempts} failures");
            }
        }
        assert!((800..=1_000).contains(&backoff.delay_ms(u32::MAX, &mut random)));
    }
}

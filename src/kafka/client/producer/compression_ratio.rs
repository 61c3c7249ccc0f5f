//! What compression is expected to leave of a topic's records (`CompressionRatioEstimator`).

use crate::kafka::record::builder::RATIO_ONE;

/// A batch that came out smaller than expected lowers the expectation by this much at most, in millionths.
const IMPROVING_STEP: u32 = 5_000;
/// One that came out larger raises it by this much at least.
const DETERIORATING_STEP: u32 = 50_000;

/// The expectation for one topic, in millionths of the uncompressed size. A producer has one codec; Kafka keeps an
/// expectation for each, and shares them between all producers of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompressionRatio(u32);

impl Default for CompressionRatio {
    fn default() -> CompressionRatio {
        CompressionRatio(RATIO_ONE)
    }
}

impl CompressionRatio {
    pub fn millionths(self) -> u32 {
        self.0
    }

    /// A batch was compressed: `compressed` of `uncompressed` bytes are left of its records.
    pub fn observe(&mut self, compressed: u64, uncompressed: u64) {
        let observed = ratio(compressed, uncompressed);
        if observed > self.0 {
            self.0 = observed.max(self.0.saturating_add(DETERIORATING_STEP));
        } else if observed < self.0 {
            self.0 = observed.max(self.0.saturating_sub(IMPROVING_STEP));
        }
    }

    /// A batch was too large and had to be split: the next ones count on no compression at all, or on what this one had
    /// if that is worse.
    pub fn reset_after_split(&mut self, compressed: u64, uncompressed: u64) {
        self.0 = ratio(compressed, uncompressed).max(RATIO_ONE);
    }
}

fn ratio(compressed: u64, uncompressed: u64) -> u32 {
    let ratio = compressed * u64::from(RATIO_ONE) / uncompressed.max(1);
    u32::try_from(ratio).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hopes_rise_slowly_and_fall_fast() {
        let mut ratio = CompressionRatio::default();
        ratio.observe(10, 100);
        assert_eq!(ratio.millionths(), 995_000);
        ratio.observe(9_949, 10_000);
        assert_eq!(ratio.millionths(), 994_900);
        ratio.observe(9_950, 10_000);
        assert_eq!(ratio.millionths(), 1_044_900);
        ratio.observe(2, 1);
        assert_eq!(ratio.millionths(), 2_000_000);
        ratio.reset_after_split(10, 100);
        assert_eq!(ratio.millionths(), 1_000_000);
    }
}

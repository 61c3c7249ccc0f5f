//! The high watermark lies within the log.
//!
//! On each replica: log start <= high watermark <= log end.

use super::{CommittedLogs, Guarantee, Violation, notes, replica_of};
use crate::sim::World;

#[derive(Default)]
pub struct HighWatermark;

impl Guarantee for HighWatermark {
    fn name(&self) -> &'static str {
        "the high watermark lies within the log"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for (broker, partition) in notes(world).filter_map(replica_of) {
            let Some(replica) = world.broker(broker).and_then(|broker| broker.partition(partition)) else { continue };
            let (start, end) = (replica.log().log_start_offset(), replica.log_end_offset());
            let high_watermark = replica.high_watermark();
            if high_watermark < start || high_watermark > end {
                return Err(self.violated(format!(
                    "{partition} on broker {broker}: log start {start}, high watermark {high_watermark}, log end {end}"
                )));
            }
        }
        Ok(())
    }
}

//! An idempotent producer's records lie in the log once each, in the order of its sequence numbers.
//!
//! Per partition, producer id and producer epoch the sequence numbers of the committed batches follow each other without
//! gap or repeat; the producer epoch never goes back, and a new one begins with 0. That holds while brokers remember the
//! producer (`producer.id.expiration.ms`, a day).
//!
//! The first batch of a producer may have any number: to a leader that knows nothing of it, none is wrong. That happens
//! when the true first one was refused, for want of replicas in sync, and the one behind it was not. The first one is
//! out of order from then on.

use std::collections::BTreeMap;

use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::ids::{ProducerEpoch, ProducerId, TopicIdPartition};
use crate::kafka::record::sequence::increment_sequence;
use crate::sim::World;

#[derive(Default)]
pub struct Sequences {
    /// Producer epoch and last sequence number so far.
    last: BTreeMap<(TopicIdPartition, ProducerId), (ProducerEpoch, i32)>,
}

impl Guarantee for Sequences {
    fn name(&self) -> &'static str {
        "sequence numbers of an idempotent producer have no gap and no repeat"
    }

    fn check(&mut self, _world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for (id, log, news) in committed.news() {
            for batch in news.iter().map(|committed| &committed.batch) {
                if !batch.has_producer_id() || batch.is_control() {
                    continue;
                }
                let (epoch, first) = (batch.producer_epoch(), batch.base_sequence());
                let before = self.last.insert((id, batch.producer_id()), (epoch, batch.last_sequence()));
                let Some((last_epoch, last)) = before else { continue };
                let expected = if last_epoch == epoch { increment_sequence(last, 1) } else { 0 };
                if first != expected || epoch < last_epoch {
                    let partition = &log.partition;
                    return Err(self.violated(format!(
                        "{batch:?} of {partition} comes after epoch {last_epoch} sequence {last}; sequence {expected} was \
                         expected"
                    )));
                }
            }
        }
        Ok(())
    }
}

//! The log as a whole, case by case. Numbers that look chosen were recorded from a real Kafka 4.3.1 cluster.

mod appending;
mod compacting;
mod compressing;
mod cutting;
mod producers;
mod reading;
mod restarting;
mod segments;

use std::rc::Rc;

use super::{AppendInfo, AppendOrigin, Log, LogConfig, LogError};
use crate::kafka::ids::{LeaderEpoch, ProducerEpoch, ProducerId, TopicPartition};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::record::{ProducerSequence, RecordBatch, RecordBatchBuilder};

/// The broker's clock, and the time of a record stamped 0.
const NOW: i64 = 1_705_314_600_000;

fn new_log() -> Log {
    log_with(|_| {})
}

fn log_with(change: impl FnOnce(&mut LogConfig)) -> Log {
    let mut config = LogConfig::default();
    change(&mut config);
    Log::new(TopicPartition::new("t", 0), Rc::new(config), NOW)
}

/// A batch with a record for each time (relative to [`NOW`]), with a key and a value of so many bytes.
fn batch_of(times: &[i64], key_size: usize, value_size: usize) -> RecordBatch {
    let (key, value) = (vec![b'k'; key_size], vec![b'x'; value_size]);
    let mut builder = RecordBatchBuilder::new(16_384);
    for time in times {
        builder.append(NOW + time, Some(&key), Some(&value), &[]);
    }
    builder.finish(ProducerSequence::NONE)
}

fn batch(times: &[i64]) -> RecordBatch {
    batch_of(times, 1, 1)
}

/// A batch of producer 7.
fn idempotent(epoch: i16, base_sequence: i32, count: usize) -> RecordBatch {
    batch(&vec![0; count]).with_producer(ProducerSequence {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence,
        is_transactional: false,
    })
}

fn append_in_epoch(log: &mut Log, batch: &RecordBatch, epoch: i32) -> Result<AppendInfo, LogError> {
    log.append_as_leader(batch, LeaderEpoch(epoch), AppendOrigin::Client, NOW)
}

/// Appends a client's batch: its first offset, or the error that the client gets.
fn append(log: &mut Log, batch: &RecordBatch) -> Result<i64, ErrorCode> {
    append_in_epoch(log, batch, 0).map(|info| info.first_offset).map_err(|error| error.error_code())
}

/// The same bytes with one field of the header set to something else and a CRC that is right.
fn with_header_field<const N: usize>(batch: &RecordBatch, at: usize, field: [u8; N]) -> RecordBatch {
    let mut bytes = batch.to_bytes();
    bytes[at..at + N].copy_from_slice(&field);
    let crc = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    RecordBatch::parse(&bytes).expect("the frame is whole").remove(0)
}

fn epochs(log: &Log) -> Vec<(i32, i64)> {
    log.leader_epoch_cache().entries().iter().map(|entry| (entry.epoch.0, entry.start_offset)).collect()
}

/// Base offset and size of each segment.
fn segments(log: &Log) -> Vec<(i64, i32)> {
    log.segments().iter().map(|segment| (segment.base_offset(), segment.size_in_bytes())).collect()
}

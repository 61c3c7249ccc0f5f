//! Building a record batch: what a producer does with the records of one partition (`MemoryRecordsBuilder`).

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::batch::{ProducerSequence, RecordBatch, put, seal};
use super::codec::{Compression, Compressor};
use super::header::{self, BODY_START, HEADER_SIZE};
use super::record::RecordHeader;
use super::varint::{MAX_VARINT_BYTES, MAX_VARLONG_BYTES, varint_size, varlong_size, write_varint, write_varlong};
use crate::kafka::ids::LeaderEpoch;

/// Most bytes of a record beside its key, value and headers: length, attributes, timestamp and offset delta
/// (`DefaultRecord.MAX_RECORD_OVERHEAD`).
pub const MAX_RECORD_OVERHEAD: usize = MAX_VARINT_BYTES + 1 + MAX_VARLONG_BYTES + MAX_VARINT_BYTES;

/// A whole, as ratios of compression are counted.
pub const RATIO_ONE: u32 = 1_000_000;

/// Bytes of the key, value and headers with their lengths.
fn content_size(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[RecordHeader]) -> usize {
    let headers = headers.iter().map(|header| (header.name.as_str(), header.value.as_deref()));
    content_size_of(key, value, headers)
}

fn content_size_of<'a>(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
) -> usize {
    let nullable = |part: Option<&[u8]>| match part {
        Some(part) => varint_size(part.len() as i32) + part.len(),
        None => varint_size(-1),
    };
    let (mut count, mut headers_size) = (0, 0);
    for (name, value) in headers {
        headers_size += varint_size(name.len() as i32) + name.len() + nullable(value);
        count += 1;
    }
    nullable(key) + nullable(value) + varint_size(count) + headers_size
}

/// An upper bound of the size of a batch with just this record, header included. The accumulator takes the larger
/// of this and `batch.size` for a batch's room, and `max.request.size` is compared with it
/// (`DefaultRecordBatch.estimateBatchSizeUpperBound`).
pub fn estimate_batch_size_upper_bound(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[RecordHeader]) -> usize {
    HEADER_SIZE + MAX_RECORD_OVERHEAD + content_size(key, value, headers)
}

/// A batch that still grows. Appending allocates only when the buffer does.
///
/// Uncompressed as it grows: its size is exact if it will not be compressed, and else an estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBatchBuilder {
    /// The body, from the magic byte on; the header is written by [`RecordBatchBuilder::finish`].
    body: Vec<u8>,
    write_limit: u32,
    compressor: Compressor,
    /// What compression is expected to leave, in millionths.
    ratio: u32,
    base_timestamp: i64,
    max_timestamp: i64,
    record_count: i32,
}

impl RecordBatchBuilder {
    /// An empty batch that is meant to grow to `write_limit` bytes, header included: the larger of `batch.size` and
    /// the first record's [`estimate_batch_size_upper_bound`].
    pub fn new(write_limit: usize) -> RecordBatchBuilder {
        let write_limit = write_limit.min(u32::MAX as usize);
        let mut body = Vec::with_capacity(write_limit.saturating_sub(BODY_START).min(1 << 20));
        body.resize(HEADER_SIZE - BODY_START, 0);
        RecordBatchBuilder {
            body,
            write_limit: write_limit as u32,
            compressor: Compressor::default(),
            ratio: RATIO_ONE,
            base_timestamp: -1,
            max_timestamp: -1,
            record_count: 0,
        }
    }

    /// The same, to be compressed when it is done. `ratio`: what the codec is expected to leave of the records, in
    /// millionths.
    pub fn compressed(self, compressor: Compressor, ratio: u32) -> RecordBatchBuilder {
        RecordBatchBuilder { compressor, ratio, ..self }
    }

    /// Appends a record and returns its place in the batch, from 0. The limit is not looked at: see
    /// [`RecordBatchBuilder::has_room_for`].
    pub fn append(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader],
    ) -> i32 {
        if self.record_count == 0 {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        }
        let offset_delta = self.record_count;
        let timestamp_delta = timestamp.wrapping_sub(self.base_timestamp);
        let headers = headers.iter().map(|header| (header.name.as_str(), header.value.as_deref()));
        write_record(&mut self.body, offset_delta, timestamp_delta, key, value, headers);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.record_count += 1;
        offset_delta
    }

    /// Whether the record still fits below the limit. A first record always does
    /// (`MemoryRecordsBuilder.hasRoomFor`).
    pub fn has_room_for(
        &self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader],
    ) -> bool {
        if self.record_count == 0 {
            return true;
        }
        let body = body_size(self.record_count, timestamp.wrapping_sub(self.base_timestamp), key, value, headers);
        self.write_limit as usize >= self.size_in_bytes() + varint_size(body as i32) + body
    }

    /// Whether the limit is reached (`MemoryRecordsBuilder.isFull`).
    pub fn is_full(&self) -> bool {
        self.record_count > 0 && self.size_in_bytes() >= self.write_limit as usize
    }

    /// Bytes of the batch as it stands, header included: exact if it will not be compressed, else by the expected
    /// ratio and five per cent more (`MemoryRecordsBuilder.estimatedBytesWritten`).
    pub fn size_in_bytes(&self) -> usize {
        if self.compressor.codec == Compression::None {
            return BODY_START + self.body.len();
        }
        let estimate = self.uncompressed_bytes() * u64::from(self.ratio) / u64::from(RATIO_ONE) * 105 / 100;
        HEADER_SIZE + estimate as usize
    }

    /// Bytes of the records, before compression.
    pub fn uncompressed_bytes(&self) -> u64 {
        (BODY_START + self.body.len() - HEADER_SIZE) as u64
    }

    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// Largest timestamp so far, epoch milliseconds; -1 in an empty batch.
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// The batch as a producer sends it: base offset 0, no leader epoch.
    ///
    /// # Panics
    /// If it is empty: a batch without records is never made by a producer.
    pub fn finish(self, producer: ProducerSequence) -> RecordBatch {
        self.finish_with(producer, 0)
    }

    /// As [`RecordBatchBuilder::finish`], for control records.
    pub(super) fn finish_control(self, producer: ProducerSequence) -> RecordBatch {
        self.finish_with(producer, header::CONTROL_BIT)
    }

    fn finish_with(mut self, producer: ProducerSequence, attributes: i16) -> RecordBatch {
        assert!(self.record_count > 0, "a batch holds a record");
        let transactional = if producer.is_transactional { header::TRANSACTIONAL_BIT } else { 0 };
        if self.compressor.codec != Compression::None {
            let records = self.body.split_off(HEADER_SIZE - BODY_START);
            self.body.extend_from_slice(&self.compressor.compress(&records));
        }
        let attributes = attributes | self.compressor.codec.id();
        let body = &mut self.body;
        put(body, header::MAGIC, header::MAGIC_V2.to_be_bytes());
        put(body, header::ATTRIBUTES, (attributes | transactional).to_be_bytes());
        put(body, header::LAST_OFFSET_DELTA, (self.record_count - 1).to_be_bytes());
        put(body, header::BASE_TIMESTAMP, self.base_timestamp.to_be_bytes());
        put(body, header::MAX_TIMESTAMP, self.max_timestamp.to_be_bytes());
        put(body, header::PRODUCER_ID, producer.producer_id.0.to_be_bytes());
        put(body, header::PRODUCER_EPOCH, producer.producer_epoch.0.to_be_bytes());
        put(body, header::BASE_SEQUENCE, producer.base_sequence.to_be_bytes());
        put(body, header::RECORD_COUNT, self.record_count.to_be_bytes());
        seal(body);
        RecordBatch::from_body(0, LeaderEpoch(-1), Rc::from(self.body))
    }
}

impl Hash for RecordBatchBuilder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.write_limit.hash(state);
        (self.compressor, self.ratio).hash(state);
        self.record_count.hash(state);
        self.base_timestamp.hash(state);
        self.max_timestamp.hash(state);
        crc32c::crc32c(&self.body).hash(state);
    }
}

/// Bytes of a record after its length field.
fn body_size(
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[RecordHeader],
) -> usize {
    1 + varlong_size(timestamp_delta) + varint_size(offset_delta) + content_size(key, value, headers)
}

/// Writes one record as it stands in a batch.
pub(super) fn write_record<'a>(
    out: &mut Vec<u8>,
    offset_delta: i32,
    timestamp_delta: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
) {
    let content = content_size_of(key, value, headers.clone());
    let size = 1 + varlong_size(timestamp_delta) + varint_size(offset_delta) + content;
    out.reserve(MAX_VARINT_BYTES + size);
    write_varint(out, size as i32);
    out.push(0); // attributes: none are defined
    write_varlong(out, timestamp_delta);
    write_varint(out, offset_delta);
    write_nullable(out, key);
    write_nullable(out, value);
    write_varint(out, headers.clone().count() as i32);
    for (name, value) in headers {
        write_nullable(out, Some(name.as_bytes()));
        write_nullable(out, value);
    }
}

fn write_nullable(out: &mut Vec<u8>, part: Option<&[u8]>) {
    match part {
        Some(part) => {
            write_varint(out, part.len() as i32);
            out.extend_from_slice(part);
        }
        None => write_varint(out, -1),
    }
}

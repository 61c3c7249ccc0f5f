//! Batches made from another batch's records: by compaction (`MemoryRecords.filterTo`, KIP-534), and by a leader whose
//! topic wants another codec (`LogValidator.buildRecordsAndAssignOffsets`).

use std::rc::Rc;

use super::batch::{RecordBatch, TimestampType, put, seal};
use super::builder::write_record;
use super::codec::{CODEC_BITS, Compressor};
use super::error::RecordError;
use super::header::{self, BODY_START, HEADER_SIZE};
use super::record::RecordView;

impl RecordBatch {
    /// The same batch with only these of its records, none of which changes its offset or time. Base and last offset
    /// stay, and so do the producer's sequence numbers. With a delete horizon (epoch milliseconds) that becomes the base
    /// timestamp; else the first record's time is. Computes the CRC anew.
    ///
    /// # Errors
    /// The codec of the batch is not known.
    pub fn with_records(
        &self,
        kept: &[RecordView<'_>],
        delete_horizon_ms: Option<i64>,
    ) -> Result<RecordBatch, RecordError> {
        let first_time = kept.first().map_or(-1, |view| view.timestamp);
        let base_timestamp = delete_horizon_ms.unwrap_or(first_time);
        let compressor = Compressor::of(self.compression()?);
        let numbered = kept.iter().map(|view| (view.offset.wrapping_sub(self.base_offset()) as i32, view));
        let body = body_of(numbered, base_timestamp, compressor);
        let max_timestamp = match self.timestamp_type() {
            TimestampType::CreateTime => kept.iter().map(|view| view.timestamp).fold(-1, i64::max),
            TimestampType::LogAppendTime => self.max_timestamp(),
        };
        let horizon = if delete_horizon_ms.is_some() { header::DELETE_HORIZON_BIT } else { 0 };
        let attributes = self.attributes() & !header::DELETE_HORIZON_BIT | horizon;
        Ok(self.with_body(body, attributes, base_timestamp, max_timestamp, kept.len() as i32))
    }

    /// The same records in another codec, numbered anew from the base offset on, stamped as the topic wants it: with
    /// `LogAppendTime` at `now_ms` (epoch milliseconds). Computes the CRC anew.
    pub fn rebuilt(
        &self,
        records: &[RecordView<'_>],
        compressor: Compressor,
        timestamp_type: TimestampType,
        now_ms: i64,
    ) -> RecordBatch {
        let base_timestamp = records.first().map_or(-1, |view| view.timestamp);
        let body = body_of((0..).zip(records), base_timestamp, compressor);
        let (type_bit, max_timestamp) = match timestamp_type {
            TimestampType::CreateTime => (0, records.iter().map(|view| view.timestamp).fold(-1, i64::max)),
            TimestampType::LogAppendTime => (header::TIMESTAMP_TYPE_BIT, now_ms),
        };
        let attributes = self.attributes() & !(header::TIMESTAMP_TYPE_BIT | CODEC_BITS) | type_bit;
        let attributes = attributes | compressor.codec.id();
        self.with_body(body, attributes, base_timestamp, max_timestamp, records.len() as i32)
    }

    /// The same batch without its records: offsets and sequence numbers are left
    /// (`DefaultRecordBatch.writeEmptyHeader`).
    pub fn emptied(&self) -> RecordBatch {
        let kept_bits = header::TIMESTAMP_TYPE_BIT | header::TRANSACTIONAL_BIT | header::CONTROL_BIT;
        let body = vec![0; HEADER_SIZE - BODY_START];
        self.with_body(body, self.attributes() & kept_bits, -1, self.max_timestamp(), 0)
    }

    /// A batch of this one's place and producer with the records that `body` has after its header.
    fn with_body(
        &self,
        mut body: Vec<u8>,
        attributes: i16,
        base_timestamp: i64,
        max_timestamp: i64,
        record_count: i32,
    ) -> RecordBatch {
        let producer = self.producer_sequence();
        put(&mut body, header::MAGIC, header::MAGIC_V2.to_be_bytes());
        put(&mut body, header::ATTRIBUTES, attributes.to_be_bytes());
        put(&mut body, header::LAST_OFFSET_DELTA, self.last_offset_delta().to_be_bytes());
        put(&mut body, header::BASE_TIMESTAMP, base_timestamp.to_be_bytes());
        put(&mut body, header::MAX_TIMESTAMP, max_timestamp.to_be_bytes());
        put(&mut body, header::PRODUCER_ID, producer.producer_id.0.to_be_bytes());
        put(&mut body, header::PRODUCER_EPOCH, producer.producer_epoch.0.to_be_bytes());
        put(&mut body, header::BASE_SEQUENCE, producer.base_sequence.to_be_bytes());
        put(&mut body, header::RECORD_COUNT, record_count.to_be_bytes());
        seal(&mut body);
        RecordBatch::from_body(self.base_offset(), self.leader_epoch(), Rc::from(body))
    }
}

/// Room for a header, and the records after it, each with its place.
fn body_of<'a, 'b: 'a>(
    records: impl Iterator<Item = (i32, &'a RecordView<'b>)>,
    base_timestamp: i64,
    compressor: Compressor,
) -> Vec<u8> {
    let mut plain = Vec::new();
    for (offset_delta, view) in records {
        let timestamp_delta = view.timestamp.wrapping_sub(base_timestamp);
        write_record(&mut plain, offset_delta, timestamp_delta, view.key, view.value, view.headers());
    }
    let mut body = vec![0; HEADER_SIZE - BODY_START];
    body.extend_from_slice(&compressor.compress(&plain));
    body
}

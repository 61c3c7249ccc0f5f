//! Batches made from another batch's records, as compaction does (`MemoryRecords.filterTo`, KIP-534).

use std::rc::Rc;

use super::batch::{RecordBatch, TimestampType, put, seal};
use super::builder::write_record;
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
        let mut body = vec![0; HEADER_SIZE - BODY_START];
        for view in kept {
            let offset_delta = view.offset.wrapping_sub(self.base_offset()) as i32;
            write_record(
                &mut body,
                offset_delta,
                view.timestamp.wrapping_sub(base_timestamp),
                view.key,
                view.value,
                view.headers(),
            );
        }
        let max_timestamp = match self.timestamp_type() {
            TimestampType::CreateTime => kept.iter().map(|view| view.timestamp).fold(-1, i64::max),
            TimestampType::LogAppendTime => self.max_timestamp(),
        };
        let horizon = if delete_horizon_ms.is_some() { header::DELETE_HORIZON_BIT } else { 0 };
        let attributes = self.attributes() & !header::DELETE_HORIZON_BIT | horizon;
        Ok(self.with_body(body, attributes, base_timestamp, max_timestamp, kept.len() as i32))
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

//! A batch as annotated bytes: which bytes are which field, and what they say. For showing.

use std::ops::Range;

use super::batch::RecordBatch;
use super::codec::Compression;
use super::error::RecordError;
use super::header::{self, HEADER_SIZE};
use super::varint::Reader;

/// A stretch of a batch's bytes with one meaning. The fields of a batch follow each other without gap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Kafka's name in the header (`baseOffset`); within a record the name of its part (`key`).
    pub name: &'static str,
    /// Place of the record in the batch, from 0; none in the header.
    pub record: Option<u32>,
    /// First byte and first byte after, counted from the first byte of the batch.
    pub start: u32,
    pub end: u32,
    /// What the bytes say, as text: a number, or UTF-8; none if they are neither, or empty.
    pub value: Option<String>,
}

/// All fields of an uncompressed batch; of a compressed one the header, and the rest as one field `records`.
///
/// # Errors
/// If the records cannot be read; see [`RecordError`].
pub fn describe(batch: &RecordBatch) -> Result<Vec<Field>, RecordError> {
    let bytes = batch.to_bytes();
    let mut walk = Walk { fields: describe_header(batch), record: None, reader: Reader::new(&bytes, HEADER_SIZE) };
    let data = batch.record_data()?;
    if batch.compression()? != Compression::None {
        let size = walk.reader.remaining();
        walk.bytes("records", size)?;
        return Ok(walk.fields);
    }
    for (number, view) in (0..).zip(data.views()) {
        view?;
        walk.record = Some(number);
        walk.describe_record()?;
    }
    Ok(walk.fields)
}

fn describe_header(batch: &RecordBatch) -> Vec<Field> {
    let fields: [(&'static str, usize, String); 13] = [
        ("baseOffset", header::BASE_OFFSET, batch.base_offset().to_string()),
        ("batchLength", header::BATCH_LENGTH, batch.batch_length().to_string()),
        ("partitionLeaderEpoch", header::PARTITION_LEADER_EPOCH, batch.leader_epoch().to_string()),
        ("magic", header::MAGIC, batch.magic().to_string()),
        ("crc", header::CRC, format!("{:08x}", batch.crc())),
        ("attributes", header::ATTRIBUTES, format!("{:#09b}", batch.attributes())),
        ("lastOffsetDelta", header::LAST_OFFSET_DELTA, batch.last_offset_delta().to_string()),
        ("baseTimestamp", header::BASE_TIMESTAMP, batch.base_timestamp().to_string()),
        ("maxTimestamp", header::MAX_TIMESTAMP, batch.max_timestamp().to_string()),
        ("producerId", header::PRODUCER_ID, batch.producer_id().to_string()),
        ("producerEpoch", header::PRODUCER_EPOCH, batch.producer_epoch().to_string()),
        ("baseSequence", header::BASE_SEQUENCE, batch.base_sequence().to_string()),
        ("recordCount", header::RECORD_COUNT, batch.record_count().to_string()),
    ];
    let ends = fields.iter().skip(1).map(|field| field.1).chain([HEADER_SIZE]);
    let ends: Vec<usize> = ends.collect();
    fields.into_iter().zip(ends).map(|((name, start, value), end)| field(name, None, start..end, Some(value))).collect()
}

fn field(name: &'static str, record: Option<u32>, bytes: Range<usize>, value: Option<String>) -> Field {
    Field { name, record, start: bytes.start as u32, end: bytes.end as u32, value }
}

/// A walk over the records' bytes.
struct Walk<'a> {
    fields: Vec<Field>,
    record: Option<u32>,
    reader: Reader<'a>,
}

impl Walk<'_> {
    fn end_field(&mut self, name: &'static str, start: usize, value: Option<String>) {
        self.fields.push(field(name, self.record, start..self.reader.position(), value));
    }

    fn varint(&mut self, name: &'static str) -> Result<i32, RecordError> {
        let start = self.reader.position();
        let value = self.reader.read_varint()?;
        self.end_field(name, start, Some(value.to_string()));
        Ok(value)
    }

    /// Bytes without a length of their own; no field if there are none.
    fn bytes(&mut self, name: &'static str, size: usize) -> Result<(), RecordError> {
        if size > 0 {
            let start = self.reader.position();
            let bytes = self.reader.read_slice(size)?;
            self.end_field(name, start, std::str::from_utf8(bytes).ok().map(str::to_owned));
        }
        Ok(())
    }

    fn describe_record(&mut self) -> Result<(), RecordError> {
        self.varint("length")?;
        let start = self.reader.position();
        let attributes = self.reader.read_u8()?;
        self.end_field("attributes", start, Some(attributes.to_string()));
        let start = self.reader.position();
        let timestamp_delta = self.reader.read_varlong()?;
        self.end_field("timestampDelta", start, Some(timestamp_delta.to_string()));
        self.varint("offsetDelta")?;
        for (length, content) in [("keyLength", "key"), ("valueLength", "value")] {
            let size = self.varint(length)?;
            self.bytes(content, size.max(0) as usize)?;
        }
        for _ in 0..self.varint("headerCount")? {
            for (length, content) in [("headerNameLength", "headerName"), ("headerValueLength", "headerValue")] {
                let size = self.varint(length)?;
                self.bytes(content, size.max(0) as usize)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::record::{Bytes, ProducerSequence, RecordBatchBuilder, RecordHeader};

    #[test]
    fn the_fields_are_all_bytes_in_order() {
        let header =
            |name: &str, value: Option<&str>| RecordHeader { name: name.into(), value: value.map(Bytes::from) };
        let mut builder = RecordBatchBuilder::new(1_000);
        builder.append(1_000, Some(b"user-1"), Some(b"login"), &[header("h", Some("1")), header("none", None)]);
        builder.append(995, None, Some(b""), &[]);
        let batch = builder.finish(ProducerSequence::NONE);
        let fields = describe(&batch).unwrap();
        assert!(fields.iter().all(|field| field.start < field.end));
        let starts: Vec<u32> =
            fields.iter().skip(1).map(|field| field.start).chain([batch.size_in_bytes() as u32]).collect();
        let ends: Vec<u32> = fields.iter().map(|field| field.end).collect();
        assert_eq!((fields[0].start, ends), (0, starts));
        let shown: Vec<(&str, &str)> =
            fields.iter().skip(13).map(|field| (field.name, field.value.as_deref().unwrap_or("?"))).collect();
        assert_eq!(
            shown,
            [
                ("length", "27"),
                ("attributes", "0"),
                ("timestampDelta", "0"),
                ("offsetDelta", "0"),
                ("keyLength", "6"),
                ("key", "user-1"),
                ("valueLength", "5"),
                ("value", "login"),
                ("headerCount", "2"),
                ("headerNameLength", "1"),
                ("headerName", "h"),
                ("headerValueLength", "1"),
                ("headerValue", "1"),
                ("headerNameLength", "4"),
                ("headerName", "none"),
                ("headerValueLength", "-1"),
                ("length", "6"),
                ("attributes", "0"),
                ("timestampDelta", "-5"),
                ("offsetDelta", "1"),
                ("keyLength", "-1"),
                ("valueLength", "0"),
                ("headerCount", "0"),
            ]
        );
    }
}

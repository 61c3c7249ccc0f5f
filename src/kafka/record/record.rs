//! One record, and how it is read out of a batch.

use std::ops::Range;
use std::rc::Rc;

use super::batch::{RecordBatch, TimestampType};
use super::bytes::Bytes;
use super::error::RecordError;
use super::varint::Reader;
use crate::kafka::ids::Offset;

/// A record header (KIP-82): a name, which may occur more than once, and a value or null.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordHeader {
    pub name: String,
    pub value: Option<Bytes>,
}

/// A record as consumers see it. Key and value share the bytes of their batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    pub offset: Offset,
    /// Epoch milliseconds; -1 for none.
    pub timestamp: i64,
    /// `None` is null, which is not the empty key.
    pub key: Option<Bytes>,
    /// `None` is null: in a compacted topic a tombstone.
    pub value: Option<Bytes>,
    pub headers: Vec<RecordHeader>,
}

/// A record where it lies in its batch: nothing is copied, headers are checked but not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    pub offset: Offset,
    /// Epoch milliseconds; -1 for none.
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub header_count: i32,
    /// First and last + 1 byte of the record, its length field included, counted from the first byte of the batch (of
    /// the uncompressed records, if the batch is compressed).
    pub start: usize,
    pub end: usize,
    headers_at: usize,
    bytes: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// The headers, name and value; what was checked when the view was made does not fail here.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone + use<'a> {
        let mut reader = Reader::new(self.bytes, self.headers_at);
        (0..self.header_count).map_while(move |_| read_header(&mut reader).ok())
    }
}

/// The records part of a batch, uncompressed, with what is needed to read it.
#[derive(Clone, Debug)]
pub struct RecordData {
    bytes: Rc<[u8]>,
    start: usize,
    /// Where `bytes` begin in the batch; 0 if they were compressed.
    bytes_at: usize,
    base_offset: Offset,
    base_timestamp: i64,
    /// Counts instead of each record's own timestamp.
    log_append_time: Option<i64>,
    record_count: i32,
}

impl RecordData {
    pub(super) fn new(batch: &RecordBatch, bytes: Rc<[u8]>, start: usize, bytes_at: usize) -> RecordData {
        RecordData {
            bytes,
            start,
            bytes_at,
            base_offset: batch.base_offset(),
            base_timestamp: batch.base_timestamp(),
            log_append_time: (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| batch.max_timestamp()),
            record_count: batch.record_count(),
        }
    }

    /// The records where they lie. After an error there are no more.
    pub fn views(&self) -> RecordViews<'_> {
        RecordViews { data: self, cursor: Cursor { position: self.start, found: 0, done: false } }
    }

    fn slice(&self, part: Option<&[u8]>) -> Option<Bytes> {
        part.map(|part| {
            let start = part.as_ptr() as usize - self.bytes.as_ptr() as usize;
            let range: Range<usize> = start..start + part.len();
            Bytes::slice_of(&self.bytes, range)
        })
    }

    /// The record with bytes of its own right.
    pub fn to_record(&self, view: RecordView<'_>) -> Record {
        Record {
            offset: view.offset,
            timestamp: view.timestamp,
            key: self.slice(view.key),
            value: self.slice(view.value),
            headers: view
                .headers()
                .map(|(name, value)| RecordHeader { name: name.to_owned(), value: self.slice(value) })
                .collect(),
        }
    }

    fn read_at(&self, position: usize) -> Result<RecordView<'_>, RecordError> {
        let mut reader = Reader::new(&self.bytes, position);
        let declared = reader.read_varint()?;
        if declared < 0 {
            return Err(RecordError::NegativeLength { at: position, length: declared });
        }
        let body_at = reader.position();
        if declared as usize > reader.remaining() {
            return Err(RecordError::RecordTruncated { at: position });
        }
        let _attributes = reader.read_u8()?;
        let timestamp_delta = reader.read_varlong()?;
        let offset_delta = reader.read_varint()?;
        let key = reader.read_nullable()?;
        let value = reader.read_nullable()?;
        let header_count_at = reader.position();
        let header_count = reader.read_varint()?;
        if header_count < 0 {
            return Err(RecordError::NegativeLength { at: header_count_at, length: header_count });
        }
        let headers_at = reader.position();
        for _ in 0..header_count {
            read_header(&mut reader)?;
        }
        let read = reader.position() - body_at;
        if read != declared as usize {
            return Err(RecordError::WrongRecordLength { at: position, declared, read });
        }
        Ok(RecordView {
            offset: self.base_offset.wrapping_add(offset_delta as i64),
            timestamp: self.log_append_time.unwrap_or(self.base_timestamp.wrapping_add(timestamp_delta)),
            key,
            value,
            header_count,
            start: self.bytes_at + position,
            end: self.bytes_at + reader.position(),
            headers_at,
            bytes: &self.bytes,
        })
    }
}

fn read_header<'a>(reader: &mut Reader<'a>) -> Result<(&'a str, Option<&'a [u8]>), RecordError> {
    let at = reader.position();
    let name_length = reader.read_varint()?;
    if name_length < 0 {
        return Err(RecordError::NegativeLength { at, length: name_length });
    }
    let name = reader.read_slice(name_length as usize)?;
    let name = std::str::from_utf8(name).map_err(|_| RecordError::HeaderNameNotUtf8 { at })?;
    Ok((name, reader.read_nullable()?))
}

/// How far the records of a batch are read.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    position: usize,
    found: i32,
    done: bool,
}

impl Cursor {
    fn next<'a>(&mut self, data: &'a RecordData) -> Option<Result<RecordView<'a>, RecordError>> {
        if self.done {
            return None;
        }
        let at_end = self.position == data.bytes.len();
        if self.found >= data.record_count.max(0) {
            self.done = true;
            let bytes = data.bytes.len() - self.position;
            let at = data.bytes_at + self.position;
            return (!at_end).then_some(Err(RecordError::TrailingBytes { at, bytes }));
        }
        let next = match at_end {
            true => Err(RecordError::WrongRecordCount { declared: data.record_count, found: self.found }),
            false => data.read_at(self.position).map_err(|error| error.shifted_by(data.bytes_at)),
        };
        match &next {
            Ok(view) => {
                self.position = view.end - data.bytes_at;
                self.found += 1;
            }
            Err(_) => self.done = true,
        }
        Some(next)
    }
}

/// The records of a batch where they lie; see [`RecordData::views`].
#[derive(Clone, Debug)]
pub struct RecordViews<'a> {
    data: &'a RecordData,
    cursor: Cursor,
}

impl<'a> Iterator for RecordViews<'a> {
    type Item = Result<RecordView<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.next(self.data)
    }
}

/// The records of a batch; see [`RecordBatch::records`].
#[derive(Clone, Debug)]
pub struct Records(State);

#[derive(Clone, Debug)]
enum State {
    Reading(RecordData, Cursor),
    Unreadable(RecordError),
    Done,
}

impl Records {
    pub(super) fn new(batch: &RecordBatch) -> Records {
        Records(match batch.record_data() {
            Ok(data) => {
                let cursor = Cursor { position: data.start, found: 0, done: false };
                State::Reading(data, cursor)
            }
            Err(error) => State::Unreadable(error),
        })
    }
}

impl Iterator for Records {
    type Item = Result<Record, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            State::Reading(data, cursor) => cursor.next(data).map(|view| view.map(|view| data.to_record(view))),
            State::Unreadable(error) => {
                let error = error.clone();
                self.0 = State::Done;
                Some(Err(error))
            }
            State::Done => None,
        }
    }
}

//! What can be wrong with the bytes of a record batch, and where.

use std::fmt;

use super::codec::Compression;

/// What is wrong with bytes that should be record batches. Positions (`at`) of what is wrong with a whole batch count
/// from the first byte given, those of what is wrong with a record from the first byte of its batch (of the
/// uncompressed records, if the batch is compressed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// Fewer bytes than the batch says it has, or than a header needs.
    BatchTruncated { at: usize, needed: usize, available: usize },
    /// `batchLength` is smaller than a header.
    BatchLengthTooSmall { at: usize, batch_length: i32 },
    /// Not magic 2.
    WrongMagic { at: usize, magic: i8 },
    /// CRC-32C of the bytes is not the one in the header.
    CorruptCrc { stored: u32, computed: u32 },
    /// Bits 0 to 2 of the attributes name no codec.
    UnknownCompression { id: i16 },
    /// The records are not what their codec writes.
    DamagedCompression { compression: Compression },
    /// The header counts other records than the batch holds.
    WrongRecordCount { declared: i32, found: i32 },
    /// Bytes after the last record.
    TrailingBytes { at: usize, bytes: usize },
    /// A record goes on past its own end or past the batch's.
    RecordTruncated { at: usize },
    /// The record's length field is not the length of what was read.
    WrongRecordLength { at: usize, declared: i32, read: usize },
    /// A variable-length integer of too many bytes.
    VarintTooLong { at: usize },
    /// A negative length or count where there is no null.
    NegativeLength { at: usize, length: i32 },
    /// The name of a record header is not UTF-8.
    HeaderNameNotUtf8 { at: usize },
    /// A control record whose key or value has not the shape of one.
    MalformedControlRecord { what: &'static str },
}

impl RecordError {
    /// The same error of bytes that begin `bytes` further on.
    pub(super) fn shifted_by(self, bytes: usize) -> RecordError {
        match self {
            RecordError::TrailingBytes { at, bytes: trailing } => {
                RecordError::TrailingBytes { at: at + bytes, bytes: trailing }
            }
            RecordError::RecordTruncated { at } => RecordError::RecordTruncated { at: at + bytes },
            RecordError::WrongRecordLength { at, declared, read } => {
                RecordError::WrongRecordLength { at: at + bytes, declared, read }
            }
            RecordError::VarintTooLong { at } => RecordError::VarintTooLong { at: at + bytes },
            RecordError::NegativeLength { at, length } => RecordError::NegativeLength { at: at + bytes, length },
            RecordError::HeaderNameNotUtf8 { at } => RecordError::HeaderNameNotUtf8 { at: at + bytes },
            other => other,
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::BatchTruncated { at, needed, available } => {
                write!(f, "record batch at byte {at} is cut off: it needs {needed} bytes, there are {available}")
            }
            RecordError::BatchLengthTooSmall { at, batch_length } => {
                write!(f, "record batch at byte {at} says its length is {batch_length}, less than a header")
            }
            RecordError::WrongMagic { at, magic } => {
                write!(f, "record batch at byte {at} has magic {magic}; only magic 2 is known")
            }
            RecordError::CorruptCrc { stored, computed } => {
                write!(f, "record batch is corrupt (stored crc = {stored}, computed crc = {computed})")
            }
            RecordError::UnknownCompression { id } => write!(f, "unknown compression id {id} in the attributes"),
            RecordError::DamagedCompression { compression } => {
                write!(f, "the compressed records are no {}", compression.name())
            }
            RecordError::WrongRecordCount { declared, found } => {
                write!(f, "record batch declares {declared} records and holds {found}")
            }
            RecordError::TrailingBytes { at, bytes } => write!(f, "{bytes} bytes after the last record, at byte {at}"),
            RecordError::RecordTruncated { at } => write!(f, "record is cut off at byte {at}"),
            RecordError::WrongRecordLength { at, declared, read } => {
                write!(f, "record at byte {at} declares {declared} bytes, {read} were read")
            }
            RecordError::VarintTooLong { at } => write!(f, "variable-length integer at byte {at} is too long"),
            RecordError::NegativeLength { at, length } => write!(f, "negative length {length} at byte {at}"),
            RecordError::HeaderNameNotUtf8 { at } => write!(f, "name of a record header at byte {at} is not UTF-8"),
            RecordError::MalformedControlRecord { what } => write!(f, "control record with a malformed {what}"),
        }
    }
}

impl std::error::Error for RecordError {}

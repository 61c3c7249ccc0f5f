//! The 61-byte header of a record batch: which field lies where. All integers are big-endian.
//!
//! Base offset, length and partition leader epoch come before the CRC and are not covered by it: the leader writes
//! offset and epoch without computing the CRC again. So the first 16 bytes are kept apart from the rest (the *body*),
//! which all replicas share.

/// Bytes of the header, `RECORD_BATCH_OVERHEAD`.
pub const HEADER_SIZE: usize = 61;
/// Base offset and length: the bytes that `batchLength` does not count, `LOG_OVERHEAD`.
pub const LOG_OVERHEAD: usize = 12;
/// Where the body begins: base offset, length and partition leader epoch come before.
pub const BODY_START: usize = 16;

pub const BASE_OFFSET: usize = 0;
pub const BATCH_LENGTH: usize = 8;
pub const PARTITION_LEADER_EPOCH: usize = 12;
pub const MAGIC: usize = 16;
pub const CRC: usize = 17;
pub const ATTRIBUTES: usize = 21;
pub const LAST_OFFSET_DELTA: usize = 23;
pub const BASE_TIMESTAMP: usize = 27;
pub const MAX_TIMESTAMP: usize = 35;
pub const PRODUCER_ID: usize = 43;
pub const PRODUCER_EPOCH: usize = 51;
pub const BASE_SEQUENCE: usize = 53;
pub const RECORD_COUNT: usize = 57;

/// Attribute bit 3: timestamps are those of the log append.
pub const TIMESTAMP_TYPE_BIT: i16 = 1 << 3;
/// Attribute bit 4: the batch is part of a transaction.
pub const TRANSACTIONAL_BIT: i16 = 1 << 4;
/// Attribute bit 5: the batch holds control records, not data.
pub const CONTROL_BIT: i16 = 1 << 5;
/// Attribute bit 6: the base timestamp is a delete horizon (KIP-534).
pub const DELETE_HORIZON_BIT: i16 = 1 << 6;

/// The only format since Kafka 4.0.
pub const MAGIC_V2: i8 = 2;

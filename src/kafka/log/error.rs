//! Why a log refuses an append or a read.

use std::fmt;

use crate::kafka::ids::{Offset, ProducerEpoch, ProducerId, TopicPartition};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::record::RecordError;

/// One record that failed its batch: `BatchIndexAndErrorMessage` of a Produce answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordIssue {
    /// Place of the record in its batch, from 0.
    pub batch_index: i32,
    pub message: String,
}

/// Why a log refuses. Each is one of Kafka's error codes; the message says what was wrong and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogError {
    /// `CORRUPT_MESSAGE`.
    CorruptMessage { partition: TopicPartition, error: RecordError },
    /// `MESSAGE_TOO_LARGE`: larger than `max.message.bytes`.
    MessageTooLarge { partition: TopicPartition, size: i32, max_message_bytes: i32 },
    /// `RECORD_LIST_TOO_LARGE`: larger than `segment.bytes`.
    RecordListTooLarge { partition: TopicPartition, size: i32, segment_bytes: i32 },
    /// `UNKNOWN_SERVER_ERROR`: the codec is not known, or the compressed records are damaged.
    Undecodable { partition: TopicPartition, error: RecordError },
    /// `UNKNOWN_SERVER_ERROR`: the records of a compressed batch are numbered wrongly, and the batch is not to be
    /// compressed anew, which would number them rightly.
    WrongInnerOffset { partition: TopicPartition, expected: i32, offset: Offset },
    /// `INVALID_RECORD`: the batch as a whole is not what a client may send.
    InvalidRecord { message: String },
    /// `INVALID_RECORD`: single records fail it.
    InvalidRecords { issues: Vec<RecordIssue> },
    /// `INVALID_TIMESTAMP`.
    InvalidTimestamp { issues: Vec<RecordIssue> },
    /// `OUT_OF_ORDER_SEQUENCE_NUMBER`. `expected` is the sequence that would have been taken.
    OutOfOrderSequence {
        partition: TopicPartition,
        producer_id: ProducerId,
        offset: Offset,
        sequence: i32,
        expected: i32,
    },
    /// `INVALID_PRODUCER_EPOCH`.
    InvalidProducerEpoch {
        partition: TopicPartition,
        producer_id: ProducerId,
        offset: Offset,
        epoch: ProducerEpoch,
        last_epoch: ProducerEpoch,
    },
    /// `OFFSET_OUT_OF_RANGE`.
    OffsetOutOfRange { partition: TopicPartition, offset: Offset, log_start_offset: Offset, log_end_offset: Offset },
    /// A follower was given a batch that lies before its log's end (`UnexpectedAppendOffsetException`,
    /// `UNKNOWN_SERVER_ERROR`).
    UnexpectedAppendOffset {
        partition: TopicPartition,
        base_offset: Offset,
        last_offset: Offset,
        log_end_offset: Offset,
    },
}

impl LogError {
    /// The code that a request is answered with.
    pub fn error_code(&self) -> ErrorCode {
        match self {
            LogError::CorruptMessage { .. } => ErrorCode::CorruptMessage,
            LogError::MessageTooLarge { .. } => ErrorCode::MessageTooLarge,
            LogError::RecordListTooLarge { .. } => ErrorCode::RecordListTooLarge,
            LogError::InvalidRecord { .. } | LogError::InvalidRecords { .. } => ErrorCode::InvalidRecord,
            LogError::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
            LogError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
            LogError::InvalidProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
            LogError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
            LogError::UnexpectedAppendOffset { .. }
            | LogError::Undecodable { .. }
            | LogError::WrongInnerOffset { .. } => ErrorCode::Unknown,
        }
    }

    /// The single records that failed their batch; empty if the error is not about single records.
    pub fn record_issues(&self) -> &[RecordIssue] {
        match self {
            LogError::InvalidRecords { issues } | LogError::InvalidTimestamp { issues } => issues,
            _ => &[],
        }
    }

    /// Whether a Produce answer with this error names the log start offset (else -1): Kafka does not for what it
    /// refuses before it looks at the log (`ReplicaManager.appendToLocalLog`).
    pub fn answers_log_start_offset(&self) -> bool {
        !matches!(
            self,
            LogError::CorruptMessage { .. } | LogError::MessageTooLarge { .. } | LogError::RecordListTooLarge { .. }
        )
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogError::CorruptMessage { partition, error } | LogError::Undecodable { partition, error } => {
                write!(f, "{error} in topic partition {partition}")
            }
            LogError::WrongInnerOffset { partition, expected, offset } => {
                write!(f, "Record with offset {offset} where {expected} is expected in topic partition {partition}")
            }
            LogError::MessageTooLarge { partition, size, max_message_bytes } => write!(
                f,
                "The record batch size in the append to {partition} is {size} bytes which exceeds the maximum \
                 configured value of {max_message_bytes}."
            ),
            LogError::RecordListTooLarge { partition, size, segment_bytes } => write!(
                f,
                "Message batch size is {size} bytes in append to partition {partition}, which exceeds the maximum \
                 configured segment size of {segment_bytes}."
            ),
            LogError::InvalidRecord { message } => f.write_str(message),
            LogError::InvalidRecords { issues } => {
                write!(
                    f,
                    "One or more records have been rejected due to {} record errors in total, and only showing the \
                     first three errors at most: [",
                    issues.len()
                )?;
                for (i, issue) in issues.iter().take(3).enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}RecordError(batchIndex={}, message='{}')", issue.batch_index, issue.message)?;
                }
                f.write_str("]")
            }
            LogError::InvalidTimestamp { .. } => {
                f.write_str("One or more records have been rejected due to invalid timestamp")
            }
            LogError::OutOfOrderSequence { partition, producer_id, offset, sequence, expected } => write!(
                f,
                "Out of order sequence number for producer {producer_id} at offset {offset} in partition {partition}: \
                 {sequence} (incoming), {expected} (next)"
            ),
            LogError::InvalidProducerEpoch { partition, producer_id, offset, epoch, last_epoch } => write!(
                f,
                "Epoch of producer {producer_id} at offset {offset} in {partition} is {epoch}, which is smaller than \
                 the last seen epoch {last_epoch}"
            ),
            LogError::OffsetOutOfRange { partition, offset, log_start_offset, log_end_offset } => write!(
                f,
                "Offset {offset} of partition {partition} is out of range: the log has offsets {log_start_offset} up \
                 to {log_end_offset}"
            ),
            LogError::UnexpectedAppendOffset { partition, base_offset, last_offset, log_end_offset } => write!(
                f,
                "Unexpected offset in append to {partition}: offsets {base_offset} to {last_offset}, but the next \
                 offset is {log_end_offset}"
            ),
        }
    }
}

impl std::error::Error for LogError {}

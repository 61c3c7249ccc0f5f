//! What a leader checks before it takes a batch, and what it writes into it (`LogValidator`,
//! `UnifiedLog.analyzeAndValidateRecords`).

use super::append::AppendOrigin;
use super::config::LogConfig;
use super::error::{LogError, RecordIssue};
use crate::kafka::ids::TopicPartition;
use crate::kafka::record::{Compression, Compressor, RecordBatch, RecordError, RecordView, TimestampType};

/// What is checked of the batch as a whole: base offset, size, CRC.
pub(super) fn analyze(
    batch: &RecordBatch,
    origin: AppendOrigin,
    partition: &TopicPartition,
    config: &LogConfig,
) -> Result<(), LogError> {
    if origin == AppendOrigin::Client && batch.base_offset() != 0 {
        let message = format!(
            "The baseOffset of the record batch in the append to {partition} should be 0, but it is {}",
            batch.base_offset()
        );
        return Err(LogError::InvalidRecord { message });
    }
    check_size(batch, partition, config)?;
    check_crc(batch, partition)
}

/// # Errors
/// [`LogError::MessageTooLarge`].
fn check_size(batch: &RecordBatch, partition: &TopicPartition, config: &LogConfig) -> Result<(), LogError> {
    let (size, max_message_bytes) = (batch.size_in_bytes(), config.max_message_bytes);
    if size > max_message_bytes {
        return Err(LogError::MessageTooLarge { partition: partition.clone(), size, max_message_bytes });
    }
    Ok(())
}

/// # Errors
/// [`LogError::CorruptMessage`].
pub(super) fn check_crc(batch: &RecordBatch, partition: &TopicPartition) -> Result<(), LogError> {
    if batch.is_valid() {
        return Ok(());
    }
    let error = match batch.check() {
        Err(error) => error,
        Ok(()) => return Ok(()),
    };
    Err(LogError::CorruptMessage { partition: partition.clone(), error })
}

/// Checks header and records, and returns the batch with the timestamps that the topic wants (the time of the append, or
/// the true largest of the records) and in its codec. A batch that keeps its codec is not compressed anew.
pub(super) fn validate(
    batch: &RecordBatch,
    origin: AppendOrigin,
    partition: &TopicPartition,
    config: &LogConfig,
    now_ms: i64,
) -> Result<RecordBatch, LogError> {
    if origin == AppendOrigin::Client {
        validate_client_batch(batch, partition)?;
    }
    let unreadable = |error: RecordError| match error {
        RecordError::DamagedCompression { .. } | RecordError::UnknownCompression { .. } => {
            LogError::Undecodable { partition: partition.clone(), error }
        }
        error => LogError::InvalidRecord { message: format!("{error} in topic partition {partition}") },
    };
    let source = batch.compression().map_err(unreadable)?;
    let compressor = config.compressor.unwrap_or(Compressor::of(source));
    let data = batch.record_data().map_err(unreadable)?;
    let mut max_timestamp = -1;
    let mut issues = Vec::new();
    let mut is_timestamp_issue = false;
    let mut wrong_offset = None;
    for (batch_index, view) in data.views().enumerate() {
        let view = view.map_err(unreadable)?;
        max_timestamp = max_timestamp.max(view.timestamp);
        if view.offset != batch.base_offset() + batch_index as i64 {
            wrong_offset = wrong_offset.or(Some((batch_index as i32, view.offset)));
        }
        let message = if config.is_compacted && view.key.is_none() {
            Some(format!("Compacted topic cannot accept message without key in topic partition {partition}"))
        } else {
            let message = timestamp_issue(batch, &view, config, now_ms);
            is_timestamp_issue |= message.is_some();
            message
        };
        issues.extend(message.map(|message| RecordIssue { batch_index: batch_index as i32, message }));
    }
    if is_timestamp_issue {
        return Err(LogError::InvalidTimestamp { issues });
    }
    if !issues.is_empty() {
        return Err(LogError::InvalidRecords { issues });
    }
    if source == compressor.codec || (source == Compression::None && batch.is_control()) {
        // Nobody looks at the offsets of records that are not compressed.
        if let Some((expected, offset)) = wrong_offset.filter(|_| source != Compression::None) {
            return Err(LogError::WrongInnerOffset { partition: partition.clone(), expected, offset });
        }
    } else {
        let records: Vec<RecordView<'_>> = data.views().map_while(Result::ok).collect();
        let rebuilt = batch.rebuilt(&records, compressor, config.message_timestamp_type, now_ms);
        check_size(&rebuilt, partition, config)?;
        return Ok(rebuilt);
    }
    Ok(match config.message_timestamp_type {
        TimestampType::LogAppendTime => batch.with_log_append_time(now_ms),
        TimestampType::CreateTime => batch.with_max_timestamp(TimestampType::CreateTime, max_timestamp),
    })
}

fn validate_client_batch(batch: &RecordBatch, partition: &TopicPartition) -> Result<(), LogError> {
    let invalid = |message: String| Err(LogError::InvalidRecord { message });
    let range = format_args!("[{}, {}]", batch.base_offset(), batch.last_offset());
    let count_from_offsets = batch.last_offset_delta() as i64 + 1;
    let count = batch.record_count() as i64;
    if count_from_offsets <= 0 {
        return invalid(format!("Batch has an invalid offset range: {range} in topic partition {partition}"));
    }
    if count <= 0 {
        return invalid(format!("Invalid reported count for record batch: {count} in topic partition {partition}"));
    }
    if count_from_offsets != count {
        return invalid(format!(
            "Inconsistent batch offset range {range} and count of records {count} in topic partition {partition}"
        ));
    }
    if batch.is_control() {
        return invalid(format!("Clients are not allowed to write control records in topic partition {partition}"));
    }
    if batch.has_producer_id() && batch.base_sequence() < 0 {
        return invalid(format!(
            "Invalid sequence number {} in record batch with producerId {} in topic partition {partition}",
            batch.base_sequence(),
            batch.producer_id()
        ));
    }
    Ok(())
}

fn timestamp_issue(batch: &RecordBatch, view: &RecordView<'_>, config: &LogConfig, now_ms: i64) -> Option<String> {
    if config.message_timestamp_type == TimestampType::CreateTime && view.timestamp != -1 {
        let age_ms = now_ms.saturating_sub(view.timestamp);
        let is_out_of_range = age_ms > config.message_timestamp_before_max_ms
            || age_ms.saturating_neg() > config.message_timestamp_after_max_ms;
        return is_out_of_range.then(|| {
            format!(
                "Timestamp {} of message with offset {} is out of range. The timestamp should be within [{}, {}]",
                view.timestamp,
                view.offset,
                now_ms.saturating_sub(config.message_timestamp_before_max_ms),
                now_ms.saturating_add(config.message_timestamp_after_max_ms)
            )
        });
    }
    (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| {
        format!(
            "Invalid timestamp type in message with offset {}. Producer should not set timestamp type to \
             LogAppendTime.",
            view.offset
        )
    })
}

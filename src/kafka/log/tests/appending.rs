//! What a leader takes, what it refuses, and what it writes.

use super::*;
use crate::kafka::log::RecordIssue;
use crate::kafka::record::header;
use crate::kafka::record::{ControlType, EndTransactionMarker, TimestampType};

#[test]
fn a_leader_assigns_offsets_and_epoch_and_shares_the_bytes() {
    let mut log = new_log();
    let sent = batch(&[0, 1, 2]);
    let info = append_in_epoch(&mut log, &sent, 4).unwrap();
    assert_eq!((info.first_offset, info.last_offset, info.log_append_time), (0, 2, -1));
    append_in_epoch(&mut log, &sent, 4).unwrap();
    let stored: Vec<&RecordBatch> = log.batches().collect();
    assert_eq!((stored[1].base_offset(), stored[1].leader_epoch(), log.log_end_offset()), (3, LeaderEpoch(4), 6));
    assert!(stored[1].shares_bytes_with(&sent) && stored[1].is_valid());
}

#[test]
fn a_leader_refuses_what_no_client_may_send() {
    let good = idempotent(0, 0, 3);
    let mut corrupt = good.to_bytes();
    corrupt[70] ^= 1;
    let corrupt = RecordBatch::parse(&corrupt).unwrap().remove(0);
    let marker = EndTransactionMarker { control_type: ControlType::Commit, coordinator_epoch: 0 };
    let cases = [
        (good.with_offset_and_epoch(1, LeaderEpoch(-1)), ErrorCode::InvalidRecord, "should be 0, but it is 1"),
        (corrupt, ErrorCode::CorruptMessage, "stored crc"),
        (batch_of(&[0], 1, 2_000), ErrorCode::MessageTooLarge, "exceeds the maximum configured value of 1000"),
        (
            with_header_field(&good, header::LAST_OFFSET_DELTA, (-1_i32).to_be_bytes()),
            ErrorCode::InvalidRecord,
            "[0, -1]",
        ),
        (with_header_field(&good, header::RECORD_COUNT, 0_i32.to_be_bytes()), ErrorCode::InvalidRecord, "count"),
        (with_header_field(&good, header::RECORD_COUNT, 2_i32.to_be_bytes()), ErrorCode::InvalidRecord, "Inconsistent"),
        (with_header_field(&good, header::BASE_SEQUENCE, (-1_i32).to_be_bytes()), ErrorCode::InvalidRecord, "sequence"),
        (marker.to_batch(ProducerId(7), ProducerEpoch(0), NOW), ErrorCode::InvalidRecord, "control records"),
        (with_header_field(&good, 61, [0x7e]), ErrorCode::InvalidRecord, "cut off at byte 61"),
        (with_header_field(&good, header::ATTRIBUTES, 3_i16.to_be_bytes()), ErrorCode::Unknown, "lz4"),
    ];
    let mut log = log_with(|config| config.max_message_bytes = 1_000);
    for (bad, code, said) in cases {
        let error = append_in_epoch(&mut log, &bad, 0).unwrap_err();
        assert_eq!(error.error_code(), code, "{error}");
        assert!(error.to_string().contains(said), "{error} does not say {said}");
        assert_eq!(log.log_end_offset(), 0, "nothing was appended");
    }
    assert_eq!(append(&mut log, &good), Ok(0));
}

#[test]
fn one_bad_record_fails_its_batch_and_is_named() {
    let mut log = log_with(|config| config.is_compacted = true);
    let mut builder = RecordBatchBuilder::new(1_000);
    for key in [Some(b"k".as_slice()), None, Some(b"")] {
        builder.append(NOW, key, Some(b"v"), &[]);
    }
    let error = append_in_epoch(&mut log, &builder.finish(ProducerSequence::NONE), 0).unwrap_err();
    let message = "Compacted topic cannot accept message without key in topic partition t-0".to_owned();
    assert_eq!(error.record_issues(), [RecordIssue { batch_index: 1, message }]);
    assert_eq!(
        error.to_string(),
        "One or more records have been rejected due to 1 record errors in total, and only showing the first three \
         errors at most: [RecordError(batchIndex=1, message='Compacted topic cannot accept message without key in \
         topic partition t-0')]"
    );
}

#[test]
fn timestamps_too_far_away_are_refused() {
    let hour = 3_600_000;
    let cases = [
        (i64::MAX, hour, -NOW, Ok(0)),
        (i64::MAX, hour, hour, Ok(0)),
        (i64::MAX, hour, hour + 1, Err(ErrorCode::InvalidTimestamp)),
        (i64::MAX, hour, -1 - NOW, Ok(0)),
        (i64::MAX, i64::MAX, 70 * 365 * 24 * hour, Ok(0)),
        (hour, hour, -hour, Ok(0)),
        (hour, hour, -hour - 1, Err(ErrorCode::InvalidTimestamp)),
    ];
    for (before_max_ms, after_max_ms, time, expected) in cases {
        let mut log = log_with(|config| {
            config.message_timestamp_before_max_ms = before_max_ms;
            config.message_timestamp_after_max_ms = after_max_ms;
        });
        assert_eq!(append(&mut log, &batch(&[time])), expected, "{time} within {before_max_ms} and {after_max_ms}");
    }
}

#[test]
fn log_append_time_replaces_the_times_of_all_records() {
    let mut log = log_with(|config| config.message_timestamp_type = TimestampType::LogAppendTime);
    let sent = batch(&[4_000_000_000, 5]);
    let info = append_in_epoch(&mut log, &sent, 0).unwrap();
    assert_eq!((info.log_append_time, info.max_timestamp), (NOW, NOW));
    let stored = log.batches().next().unwrap();
    assert!(stored.is_valid() && !stored.shares_bytes_with(&sent));
    assert_eq!(stored.base_timestamp(), sent.base_timestamp());
    assert!(stored.records().all(|record| record.unwrap().timestamp == NOW));
}

#[test]
fn a_wrong_max_timestamp_is_put_right() {
    let mut log = new_log();
    let lying = with_header_field(&batch(&[0, 9, 5]), header::MAX_TIMESTAMP, (NOW - 1).to_be_bytes());
    append(&mut log, &lying).unwrap();
    let stored = log.batches().next().unwrap();
    assert!(stored.is_valid());
    assert_eq!(stored.max_timestamp(), NOW + 9);
}

#[test]
fn a_follower_takes_offsets_and_epochs_as_they_come() {
    let mut leader = new_log();
    for (times, epoch) in [([0, 1], 0), ([2, 3], 0), ([4, 5], 3)] {
        append_in_epoch(&mut leader, &batch(&times), epoch).unwrap();
    }
    let batches: Vec<RecordBatch> = leader.batches().cloned().collect();
    let mut follower = new_log();
    assert_eq!(follower.append_as_follower(&[], NOW), Ok(None));
    follower.append_as_follower(&batches[..2], NOW).unwrap();
    assert!(follower.append_as_follower(&batches[1..], NOW).is_err(), "offsets it has already");
    assert!(follower.append_as_follower(&[batches[2].clone(), batches[1].clone()], NOW).is_err(), "wrong order");
    assert_eq!(follower.log_end_offset(), 4);
    follower.append_as_follower(&batches[2..], NOW).unwrap();
    assert!(follower.batches().eq(leader.batches()));
    assert!(follower.batches().zip(leader.batches()).all(|(mine, its)| mine.shares_bytes_with(its)));
    assert_eq!(epochs(&follower), [(0, 0), (3, 4)]);
}

#[test]
fn an_empty_follower_may_begin_before_its_log_start() {
    let mut leader = new_log();
    append(&mut leader, &batch(&[0; 5])).unwrap();
    let batches: Vec<RecordBatch> = leader.batches().cloned().collect();
    let mut follower = new_log();
    follower.truncate_fully_and_start_at(3, NOW);
    follower.append_as_follower(&batches, NOW).unwrap();
    assert_eq!((follower.log_start_offset(), follower.log_end_offset()), (0, 5));
    assert_eq!(segments(&follower), segments(&leader));
}

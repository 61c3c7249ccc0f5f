//! When a segment ends, and what its indexes hold.

use super::*;

#[test]
fn a_segment_may_be_full_but_no_fuller() {
    let half = batch_of(&[0], 0, 450);
    let size = half.size_in_bytes();
    let mut log = log_with(|config| config.segment_bytes = 2 * size);
    for _ in 0..2 {
        append(&mut log, &half).unwrap();
    }
    assert_eq!(segments(&log), [(0, 2 * size)]);
    let info = append_in_epoch(&mut log, &batch(&[0]), 0).unwrap();
    assert_eq!(info.rolled_segment, Some(2));
    append(&mut log, &half).unwrap();
    append(&mut log, &half).unwrap();
    let small = batch(&[0]).size_in_bytes();
    assert_eq!(segments(&log), [(0, 2 * size), (2, small + size), (4, size)]);
    assert_eq!(log.active_segment().file_name(), "00000000000000000004.log");
    assert_eq!(log.recovery_point(), 4, "what is closed is flushed");
    let too_large = append(&mut log, &batch_of(&[0], 0, 2_000));
    assert_eq!(too_large, Err(ErrorCode::RecordListTooLarge));
}

#[test]
fn a_segment_rolls_by_record_time() {
    let hour = 3_600_000;
    // Times of a batch, and the base offsets of the segments after it was appended.
    let steps: [(&[i64], &[i64]); 5] = [
        (&[0], &[0]),
        (&[hour], &[0]),
        (&[hour + 1], &[0, 2]),
        (&[-24 * hour], &[0, 2]),
        (&[-24 * hour, 2 * hour + 2], &[0, 2, 4]),
    ];
    let mut log = log_with(|config| {
        config.segment_ms = hour;
        config.message_timestamp_after_max_ms = i64::MAX;
    });
    for (times, expected) in steps {
        append(&mut log, &batch(times)).unwrap();
        let bases: Vec<i64> = log.segments().iter().map(|segment| segment.base_offset()).collect();
        assert_eq!(bases, expected, "after {times:?}");
    }
}

#[test]
fn a_segment_without_times_rolls_by_the_clock() {
    let mut log = log_with(|config| config.segment_ms = 1_000);
    for (after_ms, expected) in [(0, 1), (1_000, 1), (1_001, 2)] {
        let timeless = batch(&[-1 - NOW]);
        log.append_as_leader(&timeless, LeaderEpoch(0), AppendOrigin::Client, NOW + after_ms).unwrap();
        assert_eq!(log.segments().len(), expected, "after {after_ms} ms");
    }
}

#[test]
fn an_index_has_an_entry_only_now_and_then() {
    let mut log = log_with(|config| {
        config.index_interval_bytes = 300;
        config.segment_ms = 100_000;
    });
    let one = |time| batch_of(&[time], 3, 100);
    for batch in [one(0), one(10), one(5), one(40), batch_of(&[41, 90, 50], 1, 60), one(60), one(60), one(95)] {
        append(&mut log, &batch).unwrap();
    }
    let offsets = |log: &Log, at: usize| -> Vec<(i64, i32)> {
        log.segments()[at].offset_index().map(|entry| (entry.offset, entry.position)).collect()
    };
    let times = |log: &Log, at: usize| -> Vec<(i64, i64)> {
        log.segments()[at].time_index().map(|entry| (entry.timestamp - NOW, entry.offset)).collect()
    };
    assert_eq!(offsets(&log, 0), [(2, 346), (6, 692), (8, 1_133)]);
    assert_eq!(times(&log, 0), [(10, 1), (90, 6)]);
    append(&mut log, &one(200_000)).unwrap();
    assert_eq!(times(&log, 0), [(10, 1), (90, 6), (95, 9)], "and once more when the segment closes");
    assert_eq!((offsets(&log, 1), times(&log, 1)), (vec![], vec![]));

    let mut follower = Log::new(log.partition().clone(), Rc::clone(log.config()), NOW);
    let first_segment: Vec<RecordBatch> = log.segments()[0].batches().cloned().collect();
    follower.append_as_follower(&first_segment, NOW).unwrap();
    assert_eq!(offsets(&follower, 0), offsets(&log, 0), "one write or many");

    log.truncate_to(8, NOW);
    assert_eq!((offsets(&log, 0), times(&log, 0)), (vec![(2, 346), (6, 692)], vec![(10, 1), (90, 6)]));
    assert_eq!(log.active_segment().max_timestamp_so_far().timestamp, NOW + 90);
}

#[test]
fn a_full_index_ends_its_segment() {
    let mut log = log_with(|config| {
        config.index_interval_bytes = 0;
        config.segment_index_bytes = 24;
    });
    for i in 0..6 {
        append(&mut log, &batch(&[i])).unwrap();
    }
    let bases: Vec<i64> = log.segments().iter().map(|segment| segment.base_offset()).collect();
    assert_eq!(bases, [0, 2, 4], "24 bytes hold two times, of which one is kept free for the end");
}

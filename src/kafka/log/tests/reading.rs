//! Reading by offset and by time.

use super::*;
use crate::kafka::ids::Offset;

fn base_offsets(log: &Log, from: Offset, max_bytes: i32, bound: Offset, min_one: bool) -> Result<Vec<i64>, ErrorCode> {
    let read = log.read(from, max_bytes, bound, min_one);
    read.map(|batches| batches.iter().map(RecordBatch::base_offset).collect()).map_err(|error| error.error_code())
}

#[test]
fn a_read_gives_whole_batches() {
    let mut log = log_with(|config| config.segment_bytes = 300);
    for times in [&[0, 1, 2][..], &[3, 4], &[5], &[6]] {
        append(&mut log, &batch(times)).unwrap();
    }
    let sizes: Vec<i32> = log.batches().map(RecordBatch::size_in_bytes).collect();
    assert_eq!(segments(&log), [(0, sizes[0] + sizes[1] + sizes[2]), (6, sizes[3])]);
    let all = 1 << 20;
    let cases = [
        ("from the start, to the segment's end", (0, all, 7, true), Ok(vec![0, 3, 5])),
        ("from inside a batch", (1, all, 7, true), Ok(vec![0, 3, 5])),
        ("the next segment", (6, all, 7, true), Ok(vec![6])),
        ("the first even if too large", (0, 1, 7, true), Ok(vec![0])),
        ("not even the first", (0, 1, 7, false), Ok(vec![])),
        ("as many as fit", (0, sizes[0] + sizes[1], 7, true), Ok(vec![0, 3])),
        ("one byte too few", (0, sizes[0] + sizes[1] - 1, 7, true), Ok(vec![0])),
        ("below the bound", (0, all, 5, true), Ok(vec![0, 3])),
        ("at the bound", (5, all, 5, true), Ok(vec![])),
        ("at the end", (7, all, 7, true), Ok(vec![])),
        ("beyond the end", (8, all, 7, true), Err(ErrorCode::OffsetOutOfRange)),
        ("before the start", (-1, all, 7, true), Err(ErrorCode::OffsetOutOfRange)),
    ];
    for (name, (from, max_bytes, bound, min_one), expected) in cases {
        assert_eq!(base_offsets(&log, from, max_bytes, bound, min_one), expected, "{name}");
    }
}

#[test]
fn an_offset_has_a_place_in_the_files() {
    let mut log = log_with(|config| config.segment_bytes = 150);
    for times in [&[0, 1][..], &[2], &[3]] {
        append(&mut log, &batch(times)).unwrap();
    }
    let sizes: Vec<i32> = log.batches().map(RecordBatch::size_in_bytes).collect();
    let place = |offset| log.offset_metadata(offset).map(|place| (place.segment_base_offset, place.relative_position));
    assert_eq!([place(0), place(1), place(2)], [Some((0, 0)), Some((0, 0)), Some((0, sizes[0]))]);
    assert_eq!([place(3), place(4), place(5)], [Some((3, 0)), Some((3, sizes[2])), None]);
}

#[test]
fn a_search_by_time_finds_the_first_record_at_or_after_it() {
    let mut log = new_log();
    for times in [&[100, 200][..], &[300], &[250, 250], &[400, 350]] {
        append(&mut log, &batch(times)).unwrap();
    }
    let find =
        |log: &Log, time: i64| log.offset_for_time(NOW + time).map(|found| (found.offset, found.timestamp - NOW));
    for (time, expected) in [
        (-NOW, Some((0, 100))),
        (100, Some((0, 100))),
        (101, Some((1, 200))),
        (201, Some((2, 300))),
        (250, Some((2, 300))),
        (301, Some((5, 400))),
        (351, Some((5, 400))),
        (400, Some((5, 400))),
        (401, None),
    ] {
        assert_eq!(find(&log, time), expected, "time {time}");
    }
    let largest = |log: &Log| log.offset_of_max_timestamp().map(|found| (found.offset, found.timestamp - NOW));
    assert_eq!(largest(&log), Some((5, 400)));
    log.update_high_watermark(7);
    log.maybe_increment_log_start_offset(6).unwrap();
    assert_eq!((find(&log, 350), find(&log, 400)), (Some((6, 350)), None));
    assert_eq!(largest(&log), Some((5, 400)), "does not heed the log start");
    assert_eq!((find(&new_log(), 0), largest(&new_log())), (None, None));
}

#[test]
fn ten_thousand_batches_are_found_one_by_one() {
    let mut log = log_with(|config| config.segment_bytes = 100_000);
    let pair = batch(&[0, 1]);
    for _ in 0..10_000 {
        append(&mut log, &pair).unwrap();
    }
    assert!(log.segments().len() > 5);
    for offset in 0..20_000 {
        let read = log.read(offset, 1, log.log_end_offset(), true).unwrap();
        assert_eq!(read[0].base_offset(), offset / 2 * 2);
    }
}

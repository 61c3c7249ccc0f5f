//! What compaction keeps of a log, and what it does not touch.

use super::*;
use crate::kafka::log::Shutdown;
use crate::kafka::log::cleaner::log_to_clean::RATIO_ONE;

/// A compacted log in which each batch that is stamped a second later begins a new segment.
fn compacted(change: impl FnOnce(&mut LogConfig)) -> Log {
    log_with(|config| {
        config.is_compacted = true;
        config.is_deleted_by_retention = false;
        config.segment_ms = 500;
        config.delete_retention_ms = 3_000;
        config.message_timestamp_after_max_ms = i64::MAX;
        change(config);
    })
}

/// A batch of keys with values; an empty value is null.
fn keyed(time: i64, records: &[(&str, &str)]) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(16_384);
    for (key, value) in records {
        builder.append(NOW + time, Some(key.as_bytes()), Some(value.as_bytes()).filter(|it| !it.is_empty()), &[]);
    }
    builder.finish(ProducerSequence::NONE)
}

fn write(log: &mut Log, time: i64, records: &[(&str, &str)]) {
    append(log, &keyed(time, records)).unwrap();
    log.update_high_watermark(log.log_end_offset());
}

/// Offset and value of each record.
fn left(log: &Log) -> Vec<(i64, String)> {
    let records = log.batches().flat_map(|batch| batch.records().map(Result::unwrap));
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    records.map(|record| (record.offset, record.value.as_deref().map_or("null".into(), text))).collect()
}

fn values(log: &Log) -> String {
    left(log).into_iter().map(|(offset, value)| format!("{offset}:{value}")).collect::<Vec<_>>().join(" ")
}

fn clean(log: &mut Log, now_ms: i64) -> crate::kafka::log::Cleaning {
    let what = log.to_clean(now_ms);
    log.clean(&what, now_ms)
}

#[test]
fn the_last_record_of_each_key_stays_where_it_was() {
    let mut log = compacted(|_| {});
    write(&mut log, 0, &[("a", "a1"), ("b", "b1"), ("a", "a2")]);
    write(&mut log, 1, &[("c", "c1")]);
    write(&mut log, 1_000, &[("b", "b2"), ("a", "a3")]);
    write(&mut log, 2_000, &[("c", "c2 is active")]);
    let done = clean(&mut log, NOW);
    assert_eq!(values(&log), "3:c1 4:b2 5:a3 6:c2 is active");
    assert_eq!((done.end_offset, done.records_before, done.records_removed, done.tombstones_removed), (6, 6, 3, 0));
    assert_eq!((log.log_start_offset(), log.log_end_offset(), log.cleaner_checkpoint()), (0, 7, Some(6)));
    let bases: Vec<i64> = log.segments().iter().map(|segment| segment.base_offset()).collect();
    assert_eq!(bases, [0, 6], "small segments become one");
    for batch in log.batches() {
        batch.check().unwrap();
    }
    assert_eq!(log.read(0, 1, 7, true).unwrap()[0].base_offset(), 3, "a reader goes on over the gap");
    assert_eq!(log.offset_for_time(NOW + 1_000).unwrap().offset, 4);
    let snapshots: Vec<i64> = log.producer_state().snapshot_offsets().collect();
    assert_eq!(snapshots, [6], "that of the segment which is gone went with it");
    log.restart(Shutdown::Killed, NOW);
    assert_eq!((log.log_end_offset(), values(&log).as_str()), (7, "3:c1 4:b2 5:a3 6:c2 is active"));
    assert!(!log.to_clean(NOW).is_cleanable(0), "nothing is dirty but the active segment");
}

#[test]
fn a_batch_that_loses_records_keeps_its_place_and_times() {
    let mut log = compacted(|_| {});
    let mut builder = RecordBatchBuilder::new(1_000);
    let header = crate::kafka::record::RecordHeader { name: "h".into(), value: None };
    builder.append(NOW + 7, Some(b"a"), Some(b"a1"), &[]);
    builder.append(NOW + 5, Some(b"b"), Some(b"b1"), &[header]);
    builder.append(NOW + 3, Some(b"a"), Some(b"a2"), &[]);
    builder.append(NOW + 9, Some(b"c"), Some(b"c1"), &[]);
    append_in_epoch(&mut log, &builder.finish(ProducerSequence::NONE), 4).unwrap();
    write(&mut log, 900, &[("c", "c2")]);
    write(&mut log, 2_000, &[("d", "d")]);
    let before: Vec<_> = log.batches().flat_map(|batch| batch.records().flatten()).collect();
    clean(&mut log, NOW);
    let batch = log.batches().next().unwrap();
    assert_eq!((batch.base_offset(), batch.last_offset(), batch.record_count()), (0, 3, 2));
    assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (NOW + 5, NOW + 5));
    assert_eq!(batch.leader_epoch(), LeaderEpoch(4));
    assert_eq!(batch.records().flatten().collect::<Vec<_>>(), before[1..3], "headers, too");
}

#[test]
fn a_tombstone_stays_for_its_time() {
    let mut log = compacted(|_| {});
    write(&mut log, 0, &[("a", "a1"), ("b", "b1")]);
    write(&mut log, 1_000, &[("a", ""), ("c", "c1")]);
    write(&mut log, 2_000, &[("d", "d1")]);
    clean(&mut log, NOW + 100);
    assert_eq!(values(&log), "1:b1 2:null 3:c1 4:d1");
    let horizon = |log: &Log| {
        log.batches()
            .find(|batch| batch.has_delete_horizon())
            .map(|batch| (batch.base_timestamp(), batch.max_timestamp()))
    };
    assert_eq!(horizon(&log), Some((NOW + 3_100, NOW + 1_000)));
    let times: Vec<i64> = log.batches().flat_map(|batch| batch.records().flatten()).map(|it| it.timestamp).collect();
    assert_eq!(times, [NOW, NOW + 1_000, NOW + 1_000, NOW + 2_000], "the records' own times are as they were");
    write(&mut log, 3_000, &[("d", "d2")]);
    let done = clean(&mut log, NOW + 3_099);
    assert_eq!((values(&log).as_str(), done.tombstones_removed), ("1:b1 2:null 3:c1 4:d1 5:d2", 0));
    assert_eq!(horizon(&log), Some((NOW + 3_100, NOW + 1_000)), "later cleanings do not put it off");
    write(&mut log, 4_000, &[("e", "e1")]);
    let done = clean(&mut log, NOW + 3_100);
    assert_eq!((values(&log).as_str(), done.tombstones_removed), ("1:b1 3:c1 5:d2 6:e1", 1));
}

#[test]
fn the_last_batch_of_a_producer_and_of_a_round_outlive_their_records() {
    let mut log = compacted(|_| {});
    let producer = |sequence| ProducerSequence {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(0),
        base_sequence: sequence,
        is_transactional: false,
    };
    append(&mut log, &keyed(0, &[("a", "a1"), ("a", "a2")]).with_producer(producer(0))).unwrap();
    append(&mut log, &keyed(1, &[("a", "a3"), ("a", "a4")]).with_producer(producer(2))).unwrap();
    write(&mut log, 2, &[("a", "a5")]);
    write(&mut log, 1_000, &[("a", "")]);
    write(&mut log, 2_000, &[("b", "b1")]);
    clean(&mut log, NOW);
    write(&mut log, 3_000, &[("b", "b2")]);
    clean(&mut log, NOW + 3_000);
    let batches: Vec<_> = log.batches().map(|it| (it.base_offset(), it.last_offset(), it.record_count())).collect();
    assert_eq!(batches, [(2, 3, 0), (6, 6, 1), (7, 7, 1)], "emptied: the producer's last, and none else");
    let emptied = log.batches().next().unwrap();
    assert_eq!((emptied.size_in_bytes(), emptied.base_sequence(), emptied.last_sequence()), (61, 2, 3));
    emptied.check().unwrap();
    log.restart(Shutdown::Killed, NOW);
    let again = keyed(1, &[("a", "a3"), ("a", "a4")]).with_producer(producer(2));
    assert_eq!(append(&mut log, &again), Ok(2), "still a duplicate");
    assert_eq!(
        append(&mut log, &keyed(0, &[("a", "?")]).with_producer(producer(9))),
        Err(ErrorCode::OutOfOrderSequenceNumber)
    );

    let mut log = compacted(|config| config.delete_retention_ms = 0);
    write(&mut log, 0, &[("a", "")]);
    write(&mut log, 1_000, &[("b", "b1")]);
    clean(&mut log, NOW);
    write(&mut log, 2_000, &[("b", "b2")]);
    write(&mut log, 3_000, &[("b", "")]);
    write(&mut log, 4_000, &[("c", "c1")]);
    clean(&mut log, NOW);
    write(&mut log, 5_000, &[("c", "c2")]);
    let what = log.to_clean(NOW);
    let done = log.clean(&what, NOW);
    assert_eq!((what.first_dirty_offset, done.end_offset), (4, 5));
    assert_eq!(values(&log), "4:c1 5:c2");
}

#[test]
fn what_is_young_uncommitted_or_active_is_left_alone() {
    let steps = |log: &mut Log| {
        for i in 0..5 {
            append(log, &keyed(1_000 * i, &[("a", "a")])).unwrap();
        }
    };
    let cases = [("all but the active one", 0, 5, 4), ("committed only", 0, 2, 2), ("old only", 2_500, 5, 2)];
    for (name, min_lag_ms, high_watermark, expected) in cases {
        let mut log = compacted(|config| config.min_compaction_lag_ms = min_lag_ms);
        steps(&mut log);
        log.update_high_watermark(high_watermark);
        let what = log.to_clean(NOW + 3_500);
        assert_eq!((what.first_dirty_offset, what.first_uncleanable_offset), (0, expected), "{name}");
        let done = log.clean(&what, NOW);
        assert_eq!((done.end_offset, left(&log).len() as i64), (expected, 5 - expected + 1), "{name}");
    }
}

#[test]
fn a_log_is_cleaned_when_it_is_dirty_enough_or_has_waited_too_long() {
    let mut log = compacted(|_| {});
    for i in 0..5 {
        write(&mut log, 1_000 * i, &[("a", "a")]);
    }
    let first = log.to_clean(NOW);
    assert_eq!(first.clean_bytes, 0);
    assert!(first.is_cleanable(RATIO_ONE - 1) && !first.is_cleanable(RATIO_ONE), "all of it is dirty, but no more");
    log.clean(&first, NOW);
    write(&mut log, 5_000, &[("b", "b")]);
    let second = log.to_clean(NOW);
    assert_eq!(second.clean_bytes, second.cleanable_bytes);
    assert!(second.is_cleanable(RATIO_ONE / 2 - 1) && !second.is_cleanable(RATIO_ONE / 2));
    assert_eq!(first.cmp_by_dirty_ratio(&second), std::cmp::Ordering::Greater);

    let mut config = LogConfig::clone(log.config());
    config.max_compaction_lag_ms = 100;
    log.set_config(Rc::new(config));
    assert!(!log.to_clean(NOW + 4_100).is_cleanable(RATIO_ONE));
    assert!(log.to_clean(NOW + 4_101).is_cleanable(RATIO_ONE), "the dirty record of 4 s is older than 100 ms");
    write(&mut log, 5_100, &[("b", "b")]);
    assert_eq!(log.active_segment().batch_count(), 2);
    write(&mut log, 5_101, &[("b", "b")]);
    assert_eq!(log.active_segment().batch_count(), 1, "the active segment ends by that age, too");
}

#[test]
fn segments_grow_together_up_to_their_limit_and_a_cut_takes_the_checkpoint_back() {
    let size = keyed(0, &[("a", "1")]).size_in_bytes();
    let mut log = compacted(|config| config.segment_bytes = 2 * size);
    for i in 0..6_u8 {
        let key = (b'a' + i) as char;
        write(&mut log, i64::from(i) * 1_000, &[(&key.to_string(), "1")]);
    }
    clean(&mut log, NOW);
    assert_eq!(segments(&log), [(0, 2 * size), (2, 2 * size), (4, size), (5, size)]);
    log.truncate_to(5, NOW);
    assert_eq!(log.cleaner_checkpoint(), Some(5));
    log.truncate_to(3, NOW);
    assert_eq!(log.cleaner_checkpoint(), Some(2), "the active segment is dirty again");
    log.truncate_fully_and_start_at(1, NOW);
    assert_eq!(log.cleaner_checkpoint(), Some(1));
}

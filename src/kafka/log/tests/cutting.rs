//! High watermark, log start, truncation, and the leader epochs that decide where to cut.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use crate::kafka::log::{LeaderEpochCache, OffsetAndEpoch};

/// Epochs and their start offsets.
type Epochs = &'static [(i32, i64)];

fn cache(entries: &[(i32, i64)]) -> LeaderEpochCache {
    let mut cache = LeaderEpochCache::default();
    for &(epoch, start_offset) in entries {
        cache.assign(LeaderEpoch(epoch), start_offset);
    }
    cache
}

fn entries(cache: &LeaderEpochCache) -> Vec<(i32, i64)> {
    cache.entries().iter().map(|entry| (entry.epoch.0, entry.start_offset)).collect()
}

#[test]
fn an_epoch_keeps_its_first_start_and_one_without_records_leaves_no_trace() {
    let cases: [(Epochs, Epochs); 6] = [
        (&[(0, 0), (0, 5)], &[(0, 0)]),
        (&[(0, 0), (2, 2), (3, 3)], &[(0, 0), (2, 2), (3, 3)]),
        (&[(0, 0), (1, 2), (2, 2)], &[(0, 0), (2, 2)]),
        (&[(0, 0), (3, 4), (2, 6)], &[(0, 0), (2, 6)]),
        (&[(0, 0), (1, 9), (2, 4)], &[(0, 0), (2, 4)]),
        (&[(-1, 0), (0, -1)], &[]),
    ];
    for (assigned, expected) in cases {
        assert_eq!(entries(&cache(assigned)), expected, "{assigned:?}");
    }
}

#[test]
fn the_end_of_an_epoch_is_the_start_of_the_next() {
    let cache = cache(&[(2, 10), (4, 20), (5, 35)]);
    for (epoch, expected) in [
        (-1, None),
        (0, Some((0, 10))),
        (2, Some((2, 20))),
        (3, Some((2, 20))),
        (4, Some((4, 35))),
        (5, Some((5, 50))),
        (6, None),
    ] {
        let expected = expected.map(|(epoch, offset)| OffsetAndEpoch { epoch: LeaderEpoch(epoch), offset });
        assert_eq!(cache.end_offset_for(LeaderEpoch(epoch), 50), expected, "epoch {epoch}");
    }
    assert_eq!(LeaderEpochCache::default().end_offset_for(LeaderEpoch(0), 0), None);
    let epoch_at = |offset| cache.epoch_for_offset(offset).map(|epoch| epoch.0);
    assert_eq!([9, 10, 34, 35, 99].map(epoch_at), [None, Some(2), Some(4), Some(5), Some(5)]);
}

#[test]
fn epochs_are_cut_at_both_ends() {
    let all = [(2, 10), (4, 20), (5, 35)];
    let from_end: [(i64, &[(i32, i64)]); 4] = [(36, &all), (35, &all[..2]), (11, &all[..1]), (10, &[])];
    for (end, expected) in from_end {
        let mut cache = cache(&all);
        cache.truncate_from_end(end);
        assert_eq!(entries(&cache), expected, "to {end}");
    }
    let from_start: [(i64, &[(i32, i64)]); 4] = [(9, &all), (10, &all), (25, &[(4, 25), (5, 35)]), (60, &[(5, 60)])];
    for (start, expected) in from_start {
        let mut cache = cache(&all);
        cache.truncate_from_start(start);
        assert_eq!(entries(&cache), expected, "from {start}");
    }
}

#[test]
fn the_high_watermark_stays_within_the_log() {
    let mut log = new_log();
    append(&mut log, &batch(&[0; 4])).unwrap();
    assert_eq!(log.high_watermark(), 0);
    assert_eq!([log.update_high_watermark(9), log.update_high_watermark(2)], [4, 2]);
    assert_eq!([log.maybe_increment_high_watermark(1), log.maybe_increment_high_watermark(3)], [None, Some(2)]);
    assert_eq!(log.maybe_increment_log_start_offset(4).map_err(|e| e.error_code()), Err(ErrorCode::OffsetOutOfRange));
    assert_eq!(log.maybe_increment_log_start_offset(3), Ok(true));
    assert_eq!(log.maybe_increment_log_start_offset(2), Ok(false));
    assert_eq!([log.log_start_offset(), log.update_high_watermark(0)], [3, 3]);
}

#[test]
fn a_truncation_cuts_batches_epochs_producers_and_watermark() {
    let mut log = log_with(|config| config.segment_bytes = 250);
    for i in 0..8 {
        append_in_epoch(&mut log, &idempotent(0, 2 * i, 2), i / 3).unwrap();
    }
    log.update_high_watermark(12);
    assert_eq!((log.segments().len(), epochs(&log)), (3, vec![(0, 0), (1, 6), (2, 12)]));

    let before = log.clone();
    assert!(!log.truncate_to(16, NOW), "nothing to cut");
    assert!(log.truncate_to(8, NOW));
    assert_eq!((log.log_end_offset(), log.high_watermark()), (8, 8));
    assert_eq!(epochs(&log), [(0, 0), (1, 6)]);
    assert!(log.batches().eq(before.batches().take(4)));
    assert_eq!(append(&mut log.clone(), &idempotent(0, 6, 2)), Ok(6), "the last batch that is left is known");
    assert_eq!(append(&mut log.clone(), &idempotent(0, 10, 2)), Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(append(&mut log, &idempotent(0, 8, 2)), Ok(8), "and the next in sequence follows it");
    assert_eq!(before.log_end_offset(), 16, "the clone is as it was");

    log.truncate_fully_and_start_at(40, NOW);
    assert_eq!((log.log_start_offset(), log.high_watermark(), log.log_end_offset()), (40, 40, 40));
    assert_eq!((segments(&log), epochs(&log)), (vec![(40, 0)], vec![]));
    assert_eq!(append(&mut log, &idempotent(0, 30, 1)), Ok(40), "all producers are forgotten");
    assert!(log.truncate_to(20, NOW), "below the first segment");
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (20, 20));
}

#[test]
fn a_leader_that_wrote_nothing_loses_its_epoch() {
    let mut log = new_log();
    append_in_epoch(&mut log, &batch(&[0]), 1).unwrap();
    log.assign_epoch_start_offset(LeaderEpoch(2), log.log_end_offset());
    assert_eq!(log.latest_epoch(), Some(LeaderEpoch(2)));
    assert!(!log.truncate_to(log.log_end_offset(), NOW));
    assert_eq!(log.latest_epoch(), Some(LeaderEpoch(1)));
}

/// Appends, cuts and clones at random; the log must hold what a plain list holds, and clones must not change.
#[test]
fn a_log_is_a_list_of_batches_whatever_happens() {
    let hash_of = |log: &Log| {
        let mut hasher = DefaultHasher::new();
        log.hash(&mut hasher);
        hasher.finish()
    };
    let mut random = crate::kafka::random::Random::stream(7, 0);
    let mut log = log_with(|config| config.segment_bytes = 2_000);
    let mut model: Vec<RecordBatch> = Vec::new();
    let mut snapshots: Vec<(Log, u64, Vec<RecordBatch>)> = Vec::new();
    for step in 0..4_000 {
        let epoch = step / 100;
        match random.below(100) {
            0..90 => {
                let times: Vec<i64> = (0..=random.below(3) as i64).collect();
                append_in_epoch(&mut log, &batch(&times), epoch).unwrap();
                model.extend(log.batches().last().cloned());
            }
            90..95 => snapshots.push((log.clone(), hash_of(&log), model.clone())),
            _ => {
                let keep = model.len() - random.below(model.len().min(60) as u64 + 1) as usize;
                model.truncate(keep);
                log.truncate_to(model.last().map_or(0, RecordBatch::next_offset), NOW);
            }
        }
        assert_eq!(log.log_end_offset(), model.last().map_or(0, RecordBatch::next_offset));
    }
    assert!(log.batches().eq(&model) && snapshots.len() > 100);
    for (log, hash, model) in &snapshots {
        assert!(log.batches().eq(model));
        assert_eq!(hash_of(log), *hash);
    }
}

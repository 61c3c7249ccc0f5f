//! What is left of a log after its broker was down.

use super::*;
use crate::kafka::ids::SimTime;
use crate::kafka::log::Shutdown;

#[test]
fn only_the_last_batch_of_a_producer_is_known_after_a_restart() {
    for shutdown in [Shutdown::Clean, Shutdown::Killed] {
        let mut log = log_with(|config| config.segment_bytes = 250);
        for i in 0..5 {
            append(&mut log, &idempotent(0, 2 * i, 2)).unwrap();
        }
        log.restart(shutdown, NOW + 1_000);
        assert_eq!(log.log_end_offset(), 10, "the page cache outlives the process");
        assert_eq!(append(&mut log, &idempotent(0, 8, 2)), Ok(8), "{shutdown:?}: the last is a duplicate");
        let older = append(&mut log, &idempotent(0, 6, 2));
        assert_eq!(older, Err(ErrorCode::OutOfOrderSequenceNumber), "{shutdown:?}: the one before is forgotten");
        assert_eq!(append(&mut log, &idempotent(0, 10, 2)), Ok(10));
        assert_eq!(append(&mut log, &idempotent(0, 8, 2)), Ok(8), "known again from here on");
    }
}

#[test]
fn expired_producers_do_not_come_back() {
    for shutdown in [Shutdown::Clean, Shutdown::Killed] {
        let mut log = new_log();
        append(&mut log, &idempotent(0, 0, 2)).unwrap();
        log.restart(shutdown, NOW + 86_400_000);
        assert_eq!(append(&mut log, &idempotent(0, 0, 2)), Ok(2), "{shutdown:?}");
    }
}

#[test]
fn watermark_and_log_start_come_from_their_checkpoints() {
    for (shutdown, high_watermark, log_start) in [(Shutdown::Clean, 6, 3), (Shutdown::Killed, 4, 1)] {
        let mut log = new_log();
        append(&mut log, &batch(&[0; 4])).unwrap();
        log.update_high_watermark(4);
        log.maybe_increment_log_start_offset(1).unwrap();
        log.checkpoint_high_watermark();
        log.checkpoint_log_start_offset();
        append(&mut log, &batch(&[0; 4])).unwrap();
        log.update_high_watermark(6);
        log.maybe_increment_log_start_offset(3).unwrap();
        log.restart(shutdown, NOW);
        assert_eq!(
            (log.high_watermark(), log.log_start_offset(), log.log_end_offset()),
            (high_watermark, log_start, 8)
        );
    }
}

#[test]
fn an_epoch_without_records_is_forgotten() {
    let mut log = new_log();
    append_in_epoch(&mut log, &batch(&[0]), 1).unwrap();
    log.assign_epoch_start_offset(LeaderEpoch(2), 1);
    log.restart(Shutdown::Killed, NOW);
    assert_eq!(epochs(&log), [(1, 0)]);
}

#[test]
fn without_power_only_what_was_flushed_is_left() {
    let mut log = log_with(|config| config.segment_bytes = 250);
    for i in 0..8 {
        append_in_epoch(&mut log, &idempotent(0, 2 * i, 2), i).unwrap();
    }
    log.update_high_watermark(16);
    log.checkpoint_high_watermark();
    let flushed = log.recovery_point();
    assert_eq!(flushed, log.active_segment().base_offset());
    assert_eq!(log.lose_power(SimTime::ZERO, NOW), Some(16));
    log.restart(Shutdown::Killed, NOW);
    assert_eq!((log.log_end_offset(), log.high_watermark()), (flushed, flushed));
    assert_eq!(log.latest_epoch(), Some(LeaderEpoch(flushed as i32 / 2 - 1)));
    assert_eq!(append(&mut log, &idempotent(0, flushed as i32, 2)), Ok(flushed));
}

#[test]
fn the_operating_system_flushes_what_kafka_does_not() {
    let mut log = new_log();
    append(&mut log, &batch(&[0])).unwrap();
    log.wrote(SimTime::from_ms(0), NOW);
    append(&mut log, &batch(&[0])).unwrap();
    log.wrote(SimTime::from_ms(20_000), NOW);
    assert_eq!(log.clone().lose_power(SimTime::from_ms(29_000), NOW), Some(2));
    let at = SimTime::from_ms(31_000);
    assert_eq!((log.on_disk(at), log.recovery_point()), (1, 0), "Kafka knows nothing of it");
    assert_eq!(log.lose_power(at, NOW), Some(2));
    assert_eq!(log.log_end_offset(), 1);
    assert_eq!(log.lose_power(at, NOW), None, "there is nothing left to lose");
}

#[test]
fn a_log_is_flushed_after_so_many_records_or_so_long() {
    let mut log = log_with(|config| config.flush_messages = 3);
    for i in 1..=4 {
        append(&mut log, &batch(&[0])).unwrap();
        log.wrote(SimTime::ZERO, NOW);
        assert_eq!(log.recovery_point(), if i < 3 { 0 } else { 3 });
    }
    let mut log = log_with(|config| config.flush_ms = 1_000);
    assert!(!log.flush_if_due(NOW + 5_000), "nothing is there to be flushed");
    append(&mut log, &batch(&[0])).unwrap();
    assert!(!log.flush_if_due(NOW + 999));
    assert!(log.flush_if_due(NOW + 1_000));
    assert_eq!(log.recovery_point(), 1);
    append(&mut log, &batch(&[0])).unwrap();
    assert!(!log.flush_if_due(NOW + 1_999), "it counts from the last time");
}

#[test]
fn indexes_made_anew_hold_the_same_or_other_entries() {
    let mut log = log_with(|config| config.index_interval_bytes = 150);
    for i in 0..12 {
        append(&mut log, &batch(&[i])).unwrap();
    }
    let offsets = |log: &Log| -> Vec<i64> { log.active_segment().offset_index().map(|entry| entry.offset).collect() };
    let before = offsets(&log);
    log.restart(Shutdown::Clean, NOW);
    assert_eq!(offsets(&log), before);
    log.restart(Shutdown::Killed, NOW);
    let entries: Vec<_> = log.active_segment().offset_index().collect();
    assert!(!entries.is_empty());
    for entry in entries {
        let batch = log.read(entry.offset, 1, 12, true).unwrap().remove(0);
        assert_eq!(batch.last_offset(), entry.offset);
        assert_eq!(log.offset_metadata(entry.offset).unwrap().relative_position, entry.position);
    }
    let largest = log.active_segment().time_index().last().unwrap();
    assert_eq!((largest.timestamp, largest.offset), (NOW + 11, 11), "a recovered segment notes its largest time");
}

#[test]
fn a_killed_broker_knows_only_what_it_has_written_down_as_flushed() {
    let mut log = log_with(|config| config.segment_bytes = 350);
    for i in 0..18 {
        append(&mut log, &batch(&[i])).unwrap();
        if i == 12 {
            log.checkpoint_recovery_point();
        }
    }
    assert_eq!((log.recovery_point(), log.recovery_point_checkpoint()), (15, 10));
    let mut stopped = log.clone();
    stopped.restart(Shutdown::Clean, NOW);
    assert_eq!((stopped.recovery_point(), stopped.recovery_point_checkpoint()), (18, 18));
    log.restart(Shutdown::Killed, NOW);
    assert_eq!(log.recovery_point(), 10);
    log.truncate_to(7, NOW);
    assert_eq!(log.recovery_point_checkpoint(), 7, "a cut is written down at once");
}

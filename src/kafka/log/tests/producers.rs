//! Duplicates and gaps of idempotent producers.

use super::*;
use crate::kafka::log::producer_state::BATCHES_TO_RETAIN;
use crate::kafka::record::{ControlType, EndTransactionMarker};

use ErrorCode::{InvalidProducerEpoch, OutOfOrderSequenceNumber};

/// Epoch and first sequence of a batch, and the offset or error that it is answered with.
type Step = (i16, i32, Result<i64, ErrorCode>);

#[test]
fn a_leader_checks_epoch_and_sequence() {
    let cases: [(&str, &[Step]); 6] = [
        ("in sequence", &[(0, 0, Ok(0)), (0, 2, Ok(2)), (0, 4, Ok(4))]),
        ("a gap, then what was missing", &[(0, 0, Ok(0)), (0, 4, Err(OutOfOrderSequenceNumber)), (0, 2, Ok(2))]),
        (
            "a new epoch begins at 0 and shuts the old one out, duplicates too",
            &[
                (0, 0, Ok(0)),
                (1, 2, Err(OutOfOrderSequenceNumber)),
                (1, 0, Ok(2)),
                (0, 2, Err(InvalidProducerEpoch)),
                (0, 0, Err(InvalidProducerEpoch)),
            ],
        ),
        ("one that is not known begins anywhere", &[(3, 40, Ok(0)), (3, 42, Ok(2)), (3, 40, Ok(0))]),
        ("wrap", &[(0, i32::MAX - 1, Ok(0)), (0, 0, Ok(2)), (0, i32::MAX - 1, Ok(0)), (0, 2, Ok(4))]),
        ("wrap inside a batch", &[(0, i32::MAX, Ok(0)), (0, 1, Ok(2)), (0, i32::MAX, Ok(0))]),
    ];
    for (name, steps) in cases {
        let mut log = new_log();
        for &(epoch, sequence, expected) in steps {
            let answer = append(&mut log, &idempotent(epoch, sequence, 2));
            assert_eq!(answer, expected, "{name}: epoch {epoch}, sequence {sequence}");
        }
    }
}

#[test]
fn the_last_five_batches_are_known() {
    let mut log = new_log();
    for i in 0..7 {
        append(&mut log, &idempotent(0, 2 * i, 2)).unwrap();
    }
    for i in 0..7 {
        let answer = append_in_epoch(&mut log, &idempotent(0, 2 * i, 2), 0);
        if (i as usize) < 7 - BATCHES_TO_RETAIN {
            assert_eq!(answer.unwrap_err().error_code(), OutOfOrderSequenceNumber);
        } else {
            let info = answer.unwrap();
            assert_eq!((info.first_offset, info.last_offset), (2 * i as i64, 2 * i as i64 + 1));
            assert!(info.is_duplicate);
            assert_eq!(info.log_append_time, NOW, "largest time of the batch that was appended");
        }
    }
    assert_eq!(log.log_end_offset(), 14);
    assert_eq!(append(&mut log, &idempotent(0, 12, 1)), Err(OutOfOrderSequenceNumber), "not the same last sequence");
}

#[test]
fn state_outlives_deleted_records_and_ends_by_their_time() {
    let mut log = new_log();
    append(&mut log, &idempotent(0, 0, 2)).unwrap();
    log.update_high_watermark(2);
    log.maybe_increment_log_start_offset(2).unwrap();
    assert_eq!(append(&mut log, &idempotent(0, 0, 2)), Ok(0), "a duplicate with an offset below the log start");
    let day = 86_400_000;
    log.remove_expired_producers(NOW + day - 1);
    assert_eq!(log.producer_state().producers().len(), 1);
    log.remove_expired_producers(NOW + day);
    assert_eq!(append(&mut log, &idempotent(0, 0, 2)), Ok(2), "appended again");
}

#[test]
fn coordinators_are_not_held_to_sequences_but_to_epochs() {
    let mut log = new_log();
    let marker = EndTransactionMarker { control_type: ControlType::Abort, coordinator_epoch: 3 };
    let mut append_marker = |epoch| {
        let batch = marker.to_batch(ProducerId(7), ProducerEpoch(epoch), NOW + 5);
        let info = log.append_as_leader(&batch, LeaderEpoch(0), AppendOrigin::Coordinator, NOW);
        info.map(|info| info.first_offset).map_err(|error| error.error_code())
    };
    assert_eq!([append_marker(4), append_marker(3), append_marker(5)], [Ok(0), Err(InvalidProducerEpoch), Ok(1)]);
    let entry = log.producer_state().entry(ProducerId(7)).unwrap();
    assert_eq!((entry.producer_epoch, entry.coordinator_epoch), (ProducerEpoch(5), 3));
    assert_eq!((entry.last_sequence(), entry.last_timestamp), (-1, NOW + 5));
}

#[test]
fn a_follower_knows_the_producers_of_its_leader() {
    let mut leader = new_log();
    for i in 0..3 {
        append(&mut leader, &idempotent(0, i, 1)).unwrap();
    }
    let mut follower = new_log();
    follower.append_as_follower(&leader.batches().cloned().collect::<Vec<_>>(), NOW).unwrap();
    assert_eq!(follower.producer_state().producers(), leader.producer_state().producers());
    assert_eq!(append(&mut follower, &idempotent(0, 1, 1)), Ok(1));
}

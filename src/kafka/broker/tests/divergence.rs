//! Leader epochs: where logs part, who is fenced, what is cut.

use super::harness::{Ask, Cluster, summary};
use crate::kafka::ids::{BrokerId, LeaderEpoch};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::DivergingEpoch;
use crate::kafka::protocol::produce::{Acks, CurrentLeader};

/// Broker 1 leads in epoch 1, with offsets 0 and 1 of epoch 0, 2 and 3 of epoch 1.
fn two_epochs() -> Cluster {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.produce(0, Acks::All, "a");
    cluster.produce(0, Acks::All, "b");
    cluster.crash(0);
    cluster.elect(1, &[1]);
    cluster.produce(1, Acks::All, "c");
    cluster.produce(1, Acks::All, "d");
    cluster
}

/// Recorded.
#[test]
fn a_fetch_tells_where_the_logs_part() {
    let mut cluster = two_epochs();
    assert_eq!(cluster.replica(1).log().leader_epoch_cache().entries().len(), 2);
    let parts = |epoch, end_offset| Some(DivergingEpoch { epoch: LeaderEpoch(epoch), end_offset });
    for (offset, epoch, diverging, batches) in [
        (2, 0, None, vec![2, 3]),
        (3, 0, parts(0, 2), vec![]),
        (4, 0, parts(0, 2), vec![]),
        (1, 0, None, vec![1, 2, 3]),
        (3, 1, None, vec![3]),
        (4, 1, None, vec![]),
        (1, 1, None, vec![1, 2, 3]),
        (9, 1, parts(1, 4), vec![]),
    ] {
        let ask = Ask { offset, last_fetched_epoch: Some(epoch), ..Ask::default() };
        let answer = cluster.fetch(1, ask);
        assert_eq!(answer.diverging_epoch, diverging, "offset {offset}, epoch {epoch}");
        assert_eq!(summary(&answer), (ErrorCode::None, 4, batches), "offset {offset}, epoch {epoch}");
    }
    let unknown = cluster.fetch(1, Ask { offset: 3, last_fetched_epoch: Some(7), ..Ask::default() });
    assert_eq!(summary(&unknown), (ErrorCode::OffsetOutOfRange, -1, vec![]));
    let beyond = cluster.fetch(1, Ask { offset: 5, ..Ask::default() });
    assert_eq!(beyond.error, ErrorCode::OffsetOutOfRange);
}

/// Recorded.
#[test]
fn a_fetch_is_fenced_by_leader_epoch() {
    let mut cluster = two_epochs();
    let of_epoch = |epoch| Ask { current_leader_epoch: Some(epoch), ..Ask::default() };
    let old = cluster.fetch(1, of_epoch(0));
    assert_eq!(old.error, ErrorCode::FencedLeaderEpoch);
    let leader = CurrentLeader { leader: Some(BrokerId(1)), leader_epoch: LeaderEpoch(1) };
    assert_eq!(old.current_leader, Some(leader));
    assert_eq!(cluster.fetch(1, of_epoch(1)).error, ErrorCode::None);
    let newer = cluster.fetch(1, of_epoch(2));
    assert_eq!((newer.error, newer.current_leader), (ErrorCode::UnknownLeaderEpoch, None));
    assert_eq!(cluster.fetch(1, Ask::default()).error, ErrorCode::None);
    // A follower serves consumers too, up to its own high watermark.
    cluster.start(0);
    cluster.advance(3_000);
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (ErrorCode::None, 4, vec![0, 1, 2, 3]));
    assert_eq!(cluster.fetch(0, of_epoch(0)).error, ErrorCode::FencedLeaderEpoch);
}

/// Recorded: only the suffix that the leader does not have is cut, wherever the high watermark is.
#[test]
fn a_divergent_tail_is_cut_by_leader_epoch() {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[("min.insync.replicas", "2")]);
    for value in ["a", "b", "c"] {
        cluster.produce(0, Acks::All, value);
    }
    cluster.crash(1);
    for value in ["x", "y", "z"] {
        cluster.produce(0, Acks::Leader, value);
    }
    cluster.crash(0);
    cluster.start(1);
    cluster.elect(1, &[1]);
    cluster.advance(100);
    cluster.produce(1, Acks::Leader, "p");
    cluster.produce(1, Acks::Leader, "q");
    cluster.start(0);
    cluster.advance(3_000);
    assert!(
        cluster.notes.iter().any(|note| matches!(note, Note::LogTruncated { broker: BrokerId(0), from: 6, to: 3, .. }))
    );
    let records = |id| cluster.replica(id).log().batches().cloned().collect::<Vec<_>>();
    assert_eq!(records(0).len(), 5);
    assert_eq!(records(0), records(1));
    assert_eq!(cluster.isr(), [0, 1]);
    assert_eq!(cluster.replica(1).high_watermark(), 5);
}

/// KIP-101: a follower that restarts keeps what lies above its high watermark, since it may be committed.
#[test]
fn a_follower_does_not_cut_to_its_high_watermark() {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.produce(0, Acks::All, "a");
    assert_eq!(cluster.replica(1).high_watermark(), 0);
    cluster.crash(1);
    cluster.pause(0);
    cluster.start(1);
    cluster.advance(100);
    assert_eq!((cluster.replica(1).high_watermark(), cluster.replica(1).log_end_offset()), (0, 1));
    cluster.crash(0);
    cluster.elect(1, &[1]);
    assert_eq!(summary(&cluster.fetch(1, Ask::default())), (ErrorCode::None, 1, vec![0]));
}

#[test]
fn a_follower_whose_log_ends_before_the_leaders_begins_starts_anew() {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.produce(0, Acks::All, "a");
    cluster.crash(1);
    cluster.set_fenced(1, true);
    cluster.elect(0, &[0]);
    for value in ["b", "c"] {
        cluster.produce(0, Acks::All, value);
    }
    let partition = crate::kafka::ids::TopicPartition::new("t", 0);
    cluster.ask(
        0,
        crate::kafka::protocol::admin::DeleteRecordsRequest { partitions: vec![(partition, 2)], timeout_ms: 0 },
    );
    cluster.produce(0, Acks::All, "d");
    cluster.start(1);
    cluster.advance(3_000);
    let log = cluster.replica(1).log();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (2, 4));
    assert_eq!(cluster.isr(), [0, 1]);
}

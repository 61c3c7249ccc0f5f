//! High watermark, acknowledgements and in-sync replicas.

use super::harness::{Ask, Cluster, Outcome, batch, summary};
use crate::kafka::ids::BrokerId;
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, OffsetSpec};
use crate::kafka::protocol::produce::Acks;
use crate::kafka::protocol::{Response, fetch};
use crate::kafka::record::ProducerSequence;

fn of_follower(id: i32, offset: i64) -> Ask {
    Ask { follower: Some(id), offset, ..Ask::default() }
}

/// Recorded: handing data to a follower moves nothing; its next fetch does, and is itself answered with the old high
/// watermark.
#[test]
fn it_moves_when_the_follower_asks_for_what_comes_next() {
    let mut cluster = Cluster::new(2, &[("replica.lag.time.max.ms", "60000")]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.advance(1_000);
    cluster.pause(1);
    assert_eq!(cluster.produce(0, Acks::Leader, "a").base_offset, 0);
    let b = cluster.send_batch(0, Acks::All, batch("b", ProducerSequence::NONE), 60_000);
    let none = ErrorCode::None;
    assert_eq!(summary(&cluster.fetch(0, of_follower(1, 0))), (none, 0, vec![0, 1]));
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (none, 0, vec![]), "a consumer sees nothing yet");
    assert_eq!(summary(&cluster.fetch(0, of_follower(1, 1))), (none, 0, vec![1]));
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (none, 1, vec![0]));
    assert_eq!(*cluster.outcome(b), Outcome::Pending);
    assert_eq!(summary(&cluster.fetch(0, of_follower(1, 2))), (none, 1, vec![]));
    assert_eq!((cluster.produced(b).error, cluster.produced(b).base_offset), (none, 1));
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (none, 2, vec![0, 1]));
    assert_eq!(summary(&cluster.fetch(0, of_follower(1, 2))), (none, 2, vec![]));
}

#[test]
fn a_produce_is_copied_by_all_and_then_answered() {
    let mut cluster = Cluster::new(3, &[]);
    cluster.create_topic(&[2, 0, 1], &[]);
    assert_eq!(cluster.produce(2, Acks::All, "a").error, ErrorCode::None);
    cluster.advance(600);
    for id in 0..3 {
        assert_eq!((cluster.replica(id).log_end_offset(), cluster.replica(id).high_watermark()), (1, 1));
    }
    let position = |wanted: fn(&Note) -> bool| cluster.notes.iter().position(wanted);
    let progress = position(|note| matches!(note, Note::FollowerProgress { log_end_offset: 1, .. }));
    let advance = position(|note| matches!(note, Note::HighWatermarkAdvanced { is_leader: true, to: 1, .. }));
    let answer = position(|note| matches!(note, Note::ProduceAnswered { last_offset: 0, .. }));
    assert!(progress.is_some() && progress < advance && advance < answer);
}

/// Recorded: below min ISR acks=all is refused and acks=1 is taken but hidden.
#[test]
fn it_stands_still_below_min_isr() {
    let mut cluster = Cluster::new(3, &[]);
    cluster.create_topic(&[0, 1, 2], &[("min.insync.replicas", "2")]);
    assert_eq!(cluster.produce(0, Acks::All, "committed").error, ErrorCode::None);
    cluster.crash(1);
    cluster.crash(2);
    cluster.set_fenced(1, true);
    cluster.set_fenced(2, true);
    cluster.change(crate::kafka::metadata::PartitionChange { isr: Some(vec![BrokerId(0)]), ..Default::default() });
    cluster.advance(10);
    let refused = cluster.produce(0, Acks::All, "refused");
    assert_eq!((refused.error, refused.base_offset, refused.log_start_offset), (ErrorCode::NotEnoughReplicas, -1, 0));
    assert_eq!(cluster.produce(0, Acks::Leader, "hidden").base_offset, 1);
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (ErrorCode::None, 1, vec![0]));
    assert_eq!(cluster.replica(0).log_end_offset(), 2, "hidden is in the log, refused is not");
    cluster.start(1);
    cluster.advance(5_000);
    assert_eq!(cluster.isr(), [0, 1]);
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (ErrorCode::None, 2, vec![0, 1]));
}

/// Recorded: the ISR falls below its minimum while acks=all waits, and the answer is a time-out.
#[test]
fn isr_below_min_while_acks_all_waits_is_a_time_out() {
    let mut cluster = Cluster::new(3, &[("replica.lag.time.max.ms", "3000"), ("broker.session.timeout.ms", "60000")]);
    cluster.create_topic(&[0, 1, 2], &[("min.insync.replicas", "2")]);
    assert_eq!(cluster.produce(0, Acks::All, "a").error, ErrorCode::None);
    cluster.advance(1_000);
    cluster.pause(1);
    cluster.pause(2);
    let in_doubt = cluster.send_batch(0, Acks::All, batch("in doubt", ProducerSequence::NONE), 12_000);
    cluster.advance(11_900);
    assert_eq!(cluster.isr(), [0]);
    assert_eq!(*cluster.outcome(in_doubt), Outcome::Pending);
    cluster.advance(200);
    let answer = cluster.produced(in_doubt);
    assert_eq!((answer.error, answer.base_offset), (ErrorCode::RequestTimedOut, 1));
    assert_eq!(cluster.produce(0, Acks::All, "refused").error, ErrorCode::NotEnoughReplicas);
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (ErrorCode::None, 1, vec![0]));
    cluster.resume(1);
    cluster.advance(2_000);
    assert_eq!(cluster.isr(), [0, 1]);
    assert_eq!(summary(&cluster.fetch(0, Ask::default())), (ErrorCode::None, 2, vec![0, 1]));
}

/// Recorded: a follower at the leader's end is in sync however long ago it fetched; once it is behind, it holds up
/// acks=all until `replica.lag.time.max.ms` takes it out.
#[test]
fn a_stalled_follower_holds_up_acks_all_until_it_is_taken_out() {
    let mut cluster = Cluster::new(2, &[("replica.lag.time.max.ms", "6000"), ("broker.session.timeout.ms", "60000")]);
    cluster.create_topic(&[0, 1], &[]);
    assert_eq!(cluster.produce(0, Acks::All, "a").error, ErrorCode::None);
    cluster.advance(1_000);
    cluster.pause(1);
    cluster.advance(12_000);
    assert_eq!(cluster.isr(), [0, 1]);
    let d = cluster.send_batch(0, Acks::All, batch("d", ProducerSequence::NONE), 1_000);
    cluster.advance(1_001);
    assert_eq!((cluster.produced(d).error, cluster.produced(d).base_offset), (ErrorCode::RequestTimedOut, 1));
    assert_eq!(cluster.replica(0).high_watermark(), 1);
    cluster.hold_isr_changes = true;
    cluster.advance(9_000);
    let replica = cluster.replica(0);
    assert_eq!(replica.pending_isr().map(|pending| pending.isr.clone()), Some(vec![BrokerId(0)]));
    assert_eq!(replica.high_watermark(), 1, "the one who leaves counts until the controller has agreed");
    cluster.release_isr_changes();
    assert_eq!(cluster.isr(), [0]);
    assert_eq!(cluster.replica(0).high_watermark(), 2);
    cluster.resume(1);
    cluster.advance(2_000);
    assert_eq!(cluster.isr(), [0, 1]);
}

#[test]
fn a_replica_that_is_being_added_counts_at_once() {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.pause(1);
    cluster.change(crate::kafka::metadata::PartitionChange { isr: Some(vec![BrokerId(0)]), ..Default::default() });
    cluster.advance(1);
    assert_eq!(cluster.produce(0, Acks::Leader, "a").error, ErrorCode::None);
    assert_eq!(cluster.replica(0).high_watermark(), 0, "the follower has caught up lately and may join");
    cluster.advance(40_000);
    assert_eq!(cluster.produce(0, Acks::Leader, "b").error, ErrorCode::None);
    assert_eq!(cluster.replica(0).high_watermark(), 2, "it has been away for too long");
    cluster.hold_isr_changes = true;
    cluster.fetch(0, of_follower(1, 2));
    assert_eq!(cluster.replica(0).maximal_isr(), [BrokerId(0), BrokerId(1)]);
    let c = cluster.send_batch(0, Acks::All, batch("c", ProducerSequence::NONE), 30_000);
    assert_eq!(*cluster.outcome(c), Outcome::Pending);
    cluster.fetch(0, of_follower(1, 3));
    assert_eq!(cluster.produced(c).error, ErrorCode::None);
}

#[test]
fn a_refused_isr_change_is_taken_back() {
    let mut cluster = Cluster::new(2, &[("replica.lag.time.max.ms", "1000"), ("broker.session.timeout.ms", "60000")]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.isr_refusal = Some(ErrorCode::IneligibleReplica);
    cluster.advance(600);
    cluster.pause(1);
    cluster.produce(0, Acks::Leader, "a");
    cluster.advance(2_000);
    assert!(cluster.notes.iter().any(|note| matches!(note, Note::IsrShrinkAsked { .. })));
    assert_eq!(cluster.replica(0).pending_isr(), None);
    assert_eq!(cluster.replica(0).isr(), [BrokerId(0), BrokerId(1)]);
}

/// KIP-207: until its high watermark has reached its own epoch a new leader does not name the end.
#[test]
fn a_new_leader_does_not_tell_the_end_before_it_knows_what_is_committed() {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.produce(0, Acks::All, "a");
    assert_eq!(cluster.replica(1).high_watermark(), 0, "the follower learns of it with the next answer");
    cluster.pause(0);
    cluster.elect(1, &[0, 1]);
    let request = || ListOffsetsRequest {
        fetcher: fetch::Fetcher::Consumer,
        isolation: fetch::IsolationLevel::ReadUncommitted,
        partitions: vec![ListOffsetsPartition {
            topic_partition: crate::kafka::ids::TopicPartition::new("t", 0),
            current_leader_epoch: None,
            spec: OffsetSpec::Latest,
        }],
    };
    let latest = |response: Response| match response {
        Response::ListOffsets(response) => (response.partitions[0].error, response.partitions[0].offset),
        other => panic!("unexpected {other:?}"),
    };
    assert_eq!(latest(cluster.ask(1, request())), (ErrorCode::OffsetNotAvailable, -1));
    cluster.resume(0);
    cluster.advance(1_000);
    assert_eq!(latest(cluster.ask(1, request())), (ErrorCode::None, 1));
    assert_eq!(latest(cluster.ask(0, request())), (ErrorCode::NotLeaderOrFollower, -1));
}

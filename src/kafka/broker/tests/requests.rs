//! Single requests: what is refused, what waits, what is answered later.

use super::harness::{Ask, Cluster, Outcome, TOPIC, batch, summary};
use crate::kafka::ids::{BrokerId, LeaderEpoch, ProducerEpoch, ProducerId, TopicId, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::admin::{DeleteRecordsRequest, DeleteTopicsRequest};
use crate::kafka::protocol::metadata::{MetadataRequest, TopicsAsked};
use crate::kafka::protocol::produce::{
    Acks, CurrentLeader, PartitionProduceData, PartitionProduceResponse, ProduceRequest,
};
use crate::kafka::protocol::producer_id::InitProducerIdRequest;
use crate::kafka::protocol::{ErrorCode, Response};
use crate::kafka::record::{ProducerSequence, RecordBatch};

fn two_replicas() -> Cluster {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster
}

fn produce_to(
    cluster: &mut Cluster,
    to: i32,
    acks: Acks,
    topic_id: TopicId,
    partition: i32,
) -> PartitionProduceResponse {
    let batches = vec![batch("v", ProducerSequence::NONE)];
    let partitions = vec![PartitionProduceData { topic_id, partition, batches }];
    match cluster.ask(to, ProduceRequest { acks, timeout_ms: 1_000, partitions }) {
        Response::Produce(response) => response.partitions[0].clone(),
        other => panic!("unexpected {other:?}"),
    }
}

/// Recorded: each mistake has its own error, and nothing of it is written.
#[test]
fn a_bad_produce_request_has_its_own_error() {
    let mut cluster = two_replicas();
    let wrong_broker = produce_to(&mut cluster, 1, Acks::All, TOPIC, 0);
    assert_eq!(wrong_broker.error, ErrorCode::NotLeaderOrFollower);
    assert_eq!((wrong_broker.base_offset, wrong_broker.log_start_offset), (-1, -1));
    let leader = CurrentLeader { leader: Some(BrokerId(0)), leader_epoch: LeaderEpoch(0) };
    assert_eq!(wrong_broker.current_leader, Some(leader));
    for (acks, topic, partition, error) in [
        (Acks::All, TopicId(99), 0, ErrorCode::UnknownTopicId),
        (Acks::All, TOPIC, 5, ErrorCode::UnknownTopicOrPartition),
        (Acks::Invalid(2), TOPIC, 0, ErrorCode::InvalidRequiredAcks),
        (Acks::Invalid(-2), TOPIC, 0, ErrorCode::InvalidRequiredAcks),
    ] {
        let answer = produce_to(&mut cluster, 0, acks, topic, partition);
        assert_eq!((answer.error, answer.base_offset, answer.log_start_offset), (error, -1, -1));
    }
    let mut bytes = batch("v", ProducerSequence::NONE).to_bytes();
    *bytes.last_mut().expect("a batch has bytes") ^= 1;
    let corrupt = RecordBatch::parse(&bytes).expect("the frame is whole").remove(0);
    let ticket = cluster.send_batch(0, Acks::All, corrupt, 1_000);
    let answer = cluster.produced(ticket);
    assert_eq!((answer.error, answer.log_start_offset), (ErrorCode::CorruptMessage, -1));
    assert_eq!(cluster.replica(0).log_end_offset(), 0);
}

#[test]
fn with_acks_0_there_is_no_answer_and_an_error_closes_the_connection() {
    let mut cluster = two_replicas();
    let fine = cluster.send_batch(0, Acks::None, batch("a", ProducerSequence::NONE), 1_000);
    assert_eq!(*cluster.outcome(fine), Outcome::NoAnswer);
    let wrong = cluster.send_batch(1, Acks::None, batch("a", ProducerSequence::NONE), 1_000);
    assert_eq!(*cluster.outcome(wrong), Outcome::Refused);
    assert_eq!(cluster.replica(0).log_end_offset(), 1);
}

#[test]
fn a_duplicate_is_answered_with_its_first_offset_and_waits_for_the_same_replicas() {
    let mut cluster = two_replicas();
    cluster.produce(0, Acks::All, "other");
    cluster.pause(1);
    let sequence = ProducerSequence {
        producer_id: ProducerId(9),
        producer_epoch: ProducerEpoch(0),
        base_sequence: 0,
        is_transactional: false,
    };
    let first = cluster.send_batch(0, Acks::All, batch("a", sequence), 30_000);
    let again = cluster.send_batch(0, Acks::All, batch("a", sequence), 30_000);
    assert_eq!((cluster.outcome(first), cluster.outcome(again)), (&Outcome::Pending, &Outcome::Pending));
    assert_eq!(cluster.replica(0).log_end_offset(), 2);
    cluster.resume(1);
    assert_eq!((cluster.produced(first).base_offset, cluster.produced(again).base_offset), (1, 1));
    assert_eq!(cluster.produced(again).error, ErrorCode::None);
    let third = cluster.send_batch(0, Acks::All, batch("a", sequence), 30_000);
    assert_eq!(cluster.produced(third).base_offset, 1, "committed already, so it does not wait");
    let gap = ProducerSequence { base_sequence: 5, ..sequence };
    let ticket = cluster.send_batch(0, Acks::All, batch("b", gap), 30_000);
    assert_eq!(cluster.produced(ticket).error, ErrorCode::OutOfOrderSequenceNumber);
    assert!(cluster.notes.iter().any(|note| matches!(note, Note::DuplicateBatch { base_offset: 1, .. })));
}

#[test]
fn a_waiting_produce_learns_that_leadership_is_lost() {
    let mut cluster = two_replicas();
    cluster.pause(1);
    let waiting = cluster.send_batch(0, Acks::All, batch("a", ProducerSequence::NONE), 30_000);
    cluster.elect(1, &[0, 1]);
    let answer = cluster.produced(waiting);
    assert_eq!(answer.error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(answer.current_leader.and_then(|known| known.leader), Some(BrokerId(1)));
}

#[test]
fn a_consumers_fetch_waits_for_the_high_watermark_or_its_time() {
    let mut cluster = two_replicas();
    cluster.advance(600);
    let waiting = cluster.send_fetch(0, Ask::default(), 500);
    assert_eq!(*cluster.outcome(waiting), Outcome::Pending);
    assert_eq!(cluster.broker(0).waiting_fetches(cluster.replica(0).id()).count(), 2, "the consumer and the follower");
    cluster.produce(0, Acks::Leader, "a");
    assert_eq!(summary(&cluster.fetched(waiting)), (ErrorCode::None, 1, vec![0]));
    let in_vain = cluster.send_fetch(0, Ask { offset: 1, ..Ask::default() }, 500);
    cluster.advance(499);
    assert_eq!(*cluster.outcome(in_vain), Outcome::Pending);
    cluster.advance(2);
    assert_eq!(summary(&cluster.fetched(in_vain)), (ErrorCode::None, 1, vec![]));
}

/// KIP-392: the leader names a replica in the consumer's rack and sends no records.
#[test]
fn a_consumer_is_sent_to_the_replica_in_its_rack() {
    let selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
    let mut cluster = Cluster::new(2, &[("replica.selector.class", selector)]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.produce(0, Acks::All, "a");
    let answer = cluster.fetch(0, Ask { rack: "rack-1", ..Ask::default() });
    assert_eq!((answer.preferred_read_replica, answer.batches.len()), (Some(BrokerId(1)), 0));
    let near = cluster.fetch(0, Ask { rack: "rack-0", ..Ask::default() });
    assert_eq!((near.preferred_read_replica, near.batches.len()), (None, 1));
    let elsewhere = cluster.fetch(0, Ask { rack: "rack-9", ..Ask::default() });
    assert_eq!((elsewhere.preferred_read_replica, elsewhere.batches.len()), (None, 1));
}

#[test]
fn delete_records_waits_until_the_followers_have_followed() {
    let mut cluster = two_replicas();
    for value in ["a", "b", "c"] {
        cluster.produce(0, Acks::All, value);
    }
    cluster.advance(1_000);
    cluster.pause(1);
    let partition = TopicPartition::new("t", 0);
    let delete = |offset| DeleteRecordsRequest { partitions: vec![(partition.clone(), offset)], timeout_ms: 5_000 };
    let waiting = cluster.send(0, delete(2));
    assert_eq!(*cluster.outcome(waiting), Outcome::Pending);
    assert_eq!(cluster.replica(0).log().log_start_offset(), 2);
    cluster.resume(1);
    cluster.advance(1_100);
    let deleted = |offset, error| {
        Outcome::Answered(Response::DeleteRecords(crate::kafka::protocol::admin::DeleteRecordsResponse {
            partitions: vec![(partition.clone(), offset, error)],
        }))
    };
    assert_eq!(*cluster.outcome(waiting), deleted(2, ErrorCode::None));
    assert_eq!(cluster.replica(1).log().log_start_offset(), 2);
    let beyond = cluster.send(0, delete(4));
    assert_eq!(*cluster.outcome(beyond), deleted(-1, ErrorCode::OffsetOutOfRange));
    let wrong = cluster.send(1, delete(3));
    assert_eq!(*cluster.outcome(wrong), deleted(-1, ErrorCode::NotLeaderOrFollower));
    assert_eq!(cluster.fetch(0, Ask { offset: 1, ..Ask::default() }).error, ErrorCode::OffsetOutOfRange);
}

#[test]
fn metadata_lists_unfenced_brokers_and_offline_replicas() {
    let mut cluster = two_replicas();
    let ask = |cluster: &mut Cluster, topic: &str| {
        let request =
            MetadataRequest { topics: TopicsAsked::Named(vec![topic.into()]), allow_auto_topic_creation: false };
        match cluster.ask(0, request) {
            Response::Metadata(response) => response,
            other => panic!("unexpected {other:?}"),
        }
    };
    cluster.crash(1);
    cluster.set_fenced(1, true);
    cluster.elect(0, &[0]);
    let answer = ask(&mut cluster, "t");
    assert_eq!(answer.brokers.iter().map(|broker| broker.id).collect::<Vec<_>>(), [BrokerId(0)]);
    let partition = &answer.topics[0].partitions[0];
    assert_eq!((partition.leader, partition.leader_epoch), (Some(BrokerId(0)), LeaderEpoch(1)));
    assert_eq!(partition.offline_replicas, [BrokerId(1)]);
    assert_eq!(ask(&mut cluster, "nope").topics[0].error, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(ask(&mut cluster, "not valid").topics[0].error, ErrorCode::InvalidTopicException);
}

#[test]
fn an_administrators_request_is_sent_on_until_the_controller_takes_it() {
    let mut cluster = two_replicas();
    cluster.not_controller = 2;
    let ticket = cluster.send(1, DeleteTopicsRequest { topics: vec!["t".into()] });
    assert_eq!(*cluster.outcome(ticket), Outcome::Pending);
    cluster.advance(200);
    let topics = vec![("t".into(), ErrorCode::None)];
    let response = crate::kafka::protocol::admin::DeleteTopicsResponse { topics };
    assert_eq!(*cluster.outcome(ticket), Outcome::Answered(Response::DeleteTopics(response)));
}

#[test]
fn producer_ids_come_in_blocks() {
    let mut cluster = two_replicas();
    let ask = |cluster: &mut Cluster| {
        let request = InitProducerIdRequest { producer_id: ProducerId(-1), producer_epoch: ProducerEpoch(-1) };
        match cluster.ask(0, request) {
            Response::InitProducerId(response) => (response.error, response.producer_id.0, response.producer_epoch.0),
            other => panic!("unexpected {other:?}"),
        }
    };
    assert_eq!(ask(&mut cluster), (ErrorCode::CoordinatorLoadInProgress, -1, -1));
    assert_eq!(ask(&mut cluster), (ErrorCode::None, 1_000, 0));
    assert_eq!(ask(&mut cluster), (ErrorCode::None, 1_001, 0));
}

//! Start, crash, controlled shutdown: what a broker tells the controller, and what it still knows afterwards.

use super::harness::{Ask, Cluster, Outcome, batch, summary};
use crate::kafka::broker::lifecycle::BrokerState;
use crate::kafka::ids::TopicPartition;
use crate::kafka::metadata::{MetadataRecord, PartitionChange};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::metadata::{MetadataRequest, TopicsAsked};
use crate::kafka::protocol::produce::Acks;
use crate::kafka::record::ProducerSequence;

#[test]
fn a_broker_registers_catches_up_and_is_unfenced() {
    let cluster = Cluster::new(2, &[]);
    for id in 0..2 {
        let lifecycle = cluster.broker(id).lifecycle();
        assert_eq!(lifecycle.state(), BrokerState::Running);
        assert_eq!(lifecycle.broker_epoch(), cluster.broker_epoch(id));
        assert!(!lifecycle.is_fenced());
    }
    assert_eq!(cluster.registrations.len(), 2);
    assert!(cluster.registrations.iter().all(|registration| registration.previous_broker_epoch.is_none()));
    assert_ne!(cluster.registrations[0].incarnation_id, cluster.registrations[1].incarnation_id);
}

/// KIP-966: only a clean shutdown can show at the next registration which epoch it had.
#[test]
fn a_clean_shutdown_presents_its_epoch_and_a_crash_does_not() {
    let mut cluster = Cluster::new(2, &[]);
    let epoch = cluster.broker_epoch(1);
    cluster.shut_down(1);
    assert_eq!(cluster.broker(1).lifecycle().state(), BrokerState::NotRunning);
    cluster.start(1);
    cluster.advance(50);
    assert_eq!(cluster.registrations[2].previous_broker_epoch, epoch);
    assert_ne!(cluster.broker_epoch(1), epoch);
    cluster.crash(1);
    cluster.start(1);
    cluster.advance(50);
    assert_eq!(cluster.registrations[3].previous_broker_epoch, None);
}

#[test]
fn a_crash_leaves_the_log_and_the_high_watermark_written_down_last() {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.produce(0, Acks::All, "a");
    cluster.advance(6_000);
    cluster.produce(0, Acks::All, "b");
    let waiting = cluster.send_fetch(0, Ask { offset: 2, ..Ask::default() }, 500);
    assert_eq!(cluster.replica(0).high_watermark(), 2);
    cluster.crash(0);
    assert_eq!(*cluster.outcome(waiting), Outcome::Pending, "nobody will answer");
    let held = |cluster: &Cluster| {
        let replica = cluster.broker(0).partitions().next().expect("the log is on the disk");
        (replica.is_hosted(), replica.log_end_offset(), replica.high_watermark())
    };
    cluster.elect(1, &[1]);
    cluster.pause(1);
    cluster.start(0);
    assert_eq!(held(&cluster), (true, 2, 1));
    cluster.resume(1);
    cluster.advance(2_000);
    assert_eq!(held(&cluster), (true, 2, 2));
}

#[test]
fn nobody_is_let_in_before_the_broker_has_caught_up() {
    let mut cluster = Cluster::new(1, &[]);
    cluster.crash(0);
    cluster.pause(0);
    cluster.start(0);
    let early = cluster.send(0, MetadataRequest { topics: TopicsAsked::All, allow_auto_topic_creation: false });
    cluster.resume(0);
    cluster.advance(50);
    let late = cluster.send(0, MetadataRequest { topics: TopicsAsked::All, allow_auto_topic_creation: false });
    assert_eq!(*cluster.outcome(early), Outcome::Refused);
    assert!(matches!(cluster.outcome(late), Outcome::Answered(_)));
}

#[test]
fn a_changed_topic_configuration_counts_from_then_on() {
    let mut cluster = Cluster::new(2, &[("log.retention.hours", "2"), ("min.insync.replicas", "2")]);
    cluster.create_topic(&[0, 1], &[("segment.ms", "5000")]);
    let topic = cluster.replica(0).settings().topic.clone();
    assert_eq!((topic.retention_ms, topic.min_insync_replicas, topic.segment_ms), (7_200_000, 2, 5_000));
    cluster.crash(1);
    cluster.change(PartitionChange { isr: Some(vec![crate::kafka::ids::BrokerId(0)]), ..PartitionChange::default() });
    cluster.advance(1);
    assert_eq!(cluster.produce(0, Acks::All, "a").error, ErrorCode::NotEnoughReplicas);
    cluster.write(vec![MetadataRecord::Config {
        resource: crate::kafka::protocol::admin::ConfigResource::Topic("t".into()),
        name: "min.insync.replicas".into(),
        value: Some("1".into()),
    }]);
    cluster.advance(60_000);
    assert_eq!(cluster.produce(0, Acks::All, "a").error, ErrorCode::None);
}

#[test]
fn a_deleted_topic_takes_its_replicas_and_waiting_requests_along() {
    let mut cluster = Cluster::new(2, &[]);
    cluster.create_topic(&[0, 1], &[]);
    cluster.pause(1);
    let waiting = cluster.send_batch(0, Acks::All, batch("a", ProducerSequence::NONE), 30_000);
    cluster.write(vec![MetadataRecord::RemoveTopic { topic_id: super::harness::TOPIC }]);
    cluster.advance(1);
    assert_eq!(cluster.produced(waiting).error, ErrorCode::UnknownTopicOrPartition);
    assert!(cluster.broker(0).partition(&TopicPartition::new("t", 0)).is_none());
    cluster.resume(1);
    assert_eq!(cluster.broker(1).fetchers().count(), 0);
    assert_eq!(summary(&cluster.fetch(0, Ask::default())).0, ErrorCode::UnknownTopicId);
}

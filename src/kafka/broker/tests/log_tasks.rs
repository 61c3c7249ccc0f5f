//! What a broker does with its logs when nobody asks for anything.

use super::harness::{CLOCK, Cluster, batch};
use crate::kafka::ids::{ProducerEpoch, ProducerId, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::DeleteRecordsRequest;
use crate::kafka::protocol::produce::Acks;
use crate::kafka::record::{ProducerSequence, RecordBatch, RecordBatchBuilder};

fn keyed(time: i64, key: &str, value: &str) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(1_024);
    builder.append(CLOCK.start_ms + time, Some(key.as_bytes()), Some(value.as_bytes()), &[]);
    builder.finish(ProducerSequence::NONE)
}

fn write(cluster: &mut Cluster, batch: RecordBatch) {
    let ticket = cluster.send_batch(0, Acks::All, batch, 30_000);
    cluster.advance(1_000);
    assert_eq!(cluster.produced(ticket).error, ErrorCode::None);
}

#[test]
fn idle_producers_are_forgotten_though_nobody_writes() {
    let expiry = [("producer.id.expiration.ms", "5000"), ("producer.id.expiration.check.interval.ms", "1000")];
    let mut cluster = Cluster::new(2, &expiry);
    cluster.create_topic(&[0, 1], &[]);
    let producer_id = ProducerId(7);
    let sequence =
        ProducerSequence { producer_id, producer_epoch: ProducerEpoch(0), base_sequence: 0, is_transactional: false };
    write(&mut cluster, batch("a", sequence));
    for id in 0..2 {
        assert!(cluster.replica(id).log().producer_state().entry(producer_id).is_some(), "broker {id}");
    }
    cluster.advance(6_000);
    for id in 0..2 {
        assert!(cluster.replica(id).log().producer_state().entry(producer_id).is_none(), "broker {id}");
    }
}

#[test]
fn each_replica_is_compacted_by_its_own_broker() {
    for (enabled, removed) in [("true", 2), ("false", 0)] {
        let mut cluster = Cluster::new(2, &[("log.cleaner.backoff.ms", "100"), ("log.cleaner.enable", enabled)]);
        cluster.create_topic(&[0, 1], &[("cleanup.policy", "compact"), ("segment.ms", "10")]);
        for i in 0..4 {
            write(&mut cluster, keyed(100 * i, "k", &i.to_string()));
        }
        for id in 0..2 {
            let offsets: Vec<i64> = cluster.replica(id).log().batches().map(RecordBatch::base_offset).collect();
            assert_eq!(offsets, (0..4).filter(|offset| *offset >= removed).collect::<Vec<_>>(), "broker {id}");
            let is_told = |note: &&Note| {
                matches!(note, Note::LogCleaned { broker, records_removed, .. }
                if broker.0 == id && *records_removed > 0)
            };
            assert_eq!(cluster.notes.iter().filter(is_told).count() > 0, removed > 0);
        }
    }
}

#[test]
fn log_starts_and_flushed_ends_are_written_down_now_and_then() {
    let mut cluster = Cluster::new(1, &[("log.initial.task.delay.ms", "20000")]);
    cluster.create_topic(&[0], &[("segment.ms", "10")]);
    for i in 0..3 {
        write(&mut cluster, keyed(100 * i, "k", "v"));
    }
    let mut in_one_segment = RecordBatchBuilder::new(1_024);
    for _ in 0..2 {
        in_one_segment.append(CLOCK.start_ms + 300, None, Some(b"v"), &[]);
    }
    write(&mut cluster, in_one_segment.finish(ProducerSequence::NONE));
    cluster.send(0, DeleteRecordsRequest { partitions: vec![(TopicPartition::new("t", 0), 4)], timeout_ms: 1_000 });
    let written = |cluster: &Cluster| {
        let log = cluster.replica(0).log();
        (log.log_start_offset_checkpoint(), log.recovery_point_checkpoint())
    };
    assert_eq!(cluster.replica(0).log().log_start_offset(), 4);
    assert_eq!(written(&cluster), (None, 0));
    cluster.advance(20_000);
    assert_eq!(written(&cluster), (Some(4), 4));
    cluster.crash(0);
    cluster.start(0);
    cluster.advance(50);
    assert_eq!((cluster.replica(0).log().log_start_offset(), cluster.replica(0).log().recovery_point()), (4, 4));
}

//! Errors, lost connections, time-outs: retries, sequence numbers, and what remains in doubt.

use super::*;

#[test]
fn a_retry_keeps_its_sequence_and_goes_before_what_came_later() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    let first = bench.expect_produce();
    bench.send(vec![record("one", None, 10)]);
    let second = bench.expect_produce();
    assert_eq!((only_batch(&first.2).0, only_batch(&second.2).0), (0, 1));
    bench.answer(&first, ErrorCode::NotEnoughReplicas, -1);
    bench.answer(&second, ErrorCode::OutOfOrderSequenceNumber, -1);
    bench.send(vec![record("one", None, 10)]);
    assert!(bench.next_produce().is_none(), "nothing overtakes a batch that backs off");
    bench.pass_ms(130);
    let retried = bench.expect_produce();
    assert_eq!(only_batch(&retried.2).0, 0);
    assert_eq!(retried.2.partitions[0].batches[0], first.2.partitions[0].batches[0], "byte for byte");
    assert!(bench.next_produce().is_none(), "retries go one at a time");
    bench.answer(&retried, ErrorCode::None, 0);
    let retried = bench.expect_produce();
    assert_eq!(only_batch(&retried.2).0, 1);
    bench.answer(&retried, ErrorCode::None, 1);
    let third = bench.expect_produce();
    assert_eq!(only_batch(&third.2).0, 2);
    bench.answer(&third, ErrorCode::None, 2);
    assert_eq!([bench.offset(0), bench.offset(1), bench.offset(2)], [Some(0), Some(1), Some(2)]);
    let epoch = bench.producer.identity().map(|identity| identity.producer_epoch);
    assert_eq!(epoch, Some(ProducerEpoch(0)), "no epoch bump");
}

#[test]
fn a_record_that_may_be_in_the_log_ends_in_doubt() {
    let mut bench =
        Bench::ready(&[("delivery.timeout.ms", "3000"), ("request.timeout.ms", "1000"), ("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    bench.expect_produce();
    bench.pass_ms(1000);
    assert_eq!(bench.disconnects, [BrokerId(0)]);
    let retries = |bench: &Bench| {
        let is_retry = |note: &&Note| matches!(note, Note::BatchRetry { error: ErrorCode::RequestTimedOut, .. });
        bench.notes.iter().filter(is_retry).count()
    };
    assert_eq!(retries(&bench), 1);
    bench.pass_ms(1999);
    assert_eq!(bench.producer.result(0), Some(&SendResult::Pending));
    bench.pass_ms(1);
    assert_eq!(bench.failure(0), Some(("TimeoutException", SendOutcome::InDoubt)));
    assert!(bench.producer.is_idle());
}

#[test]
fn a_record_that_was_never_sent_or_always_refused_is_surely_not_written() {
    let settings = [("delivery.timeout.ms", "2000"), ("request.timeout.ms", "1000"), ("linger.ms", "0")];
    let mut bench = Bench::new(&settings);
    bench.topics[1].1 = vec![None];
    bench.producer.metadata.want_topic(&"one".into());
    bench.serve_metadata();
    bench.serve_metadata();
    bench.send(vec![record("one", None, 10)]);
    bench.pass_ms(2000);
    assert!(bench.next_produce().is_none(), "the partition has no leader");
    assert_eq!(bench.failure(0), Some(("TimeoutException", SendOutcome::NotWritten)));

    let mut bench = Bench::ready(&settings, "one");
    bench.send(vec![record("one", None, 10)]);
    while bench.failure(0).is_none() {
        if let Some(sent) = bench.next_produce() {
            bench.answer(&sent, ErrorCode::NotEnoughReplicas, -1);
        }
        bench.pass_ms(10);
    }
    assert_eq!(bench.failure(0), Some(("TimeoutException", SendOutcome::NotWritten)));
}

#[test]
fn a_broken_connection_leaves_doubt_and_the_retry_clears_it() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    bench.expect_produce();
    bench.input(Input::Disconnected { peer: NodeId::broker(0), channel: Channel::Data });
    bench.pass_ms(200);
    assert!(bench.next_produce().is_none(), "first it must be known that the broker is there");
    bench.serve_metadata();
    let again = bench.expect_produce();
    assert_eq!(only_batch(&again.2).0, 0);
    bench.answer(&again, ErrorCode::None, 3);
    assert_eq!(bench.offset(0), Some(3));
}

#[test]
fn a_batch_lost_for_good_raises_the_epoch() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    let first = bench.expect_produce();
    bench.answer(&first, ErrorCode::None, 0);
    bench.send(vec![record("one", None, 10)]);
    let lost = bench.expect_produce();
    bench.send(vec![record("one", None, 10)]);
    let second = bench.expect_produce();
    assert_eq!(only_batch(&second.2).0, 2);
    bench.answer(&lost, ErrorCode::MessageTooLarge, -1);
    assert_eq!(bench.failure(1), Some(("MESSAGE_TOO_LARGE", SendOutcome::NotWritten)));
    bench.answer(&second, ErrorCode::OutOfOrderSequenceNumber, -1);
    bench.pass_ms(130);
    let again = bench.expect_produce();
    let batch = &again.2.partitions[0].batches[0];
    assert_eq!((batch.producer_epoch(), batch.base_sequence()), (ProducerEpoch(1), 0));
    assert_eq!(batch.producer_id(), ProducerId(1_000), "the producer id stays");
    bench.answer(&again, ErrorCode::None, 1);
    assert_eq!(bench.offset(2), Some(1));
    assert!(bench.notes.iter().any(|note| matches!(note, Note::ProducerEpochBumped { .. })));
}

#[test]
fn a_gap_in_the_log_raises_the_epoch_and_the_batch_is_sent_again() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    let first = bench.expect_produce();
    // The leader has lost what it knew of the producer and of its records.
    bench.answer(&first, ErrorCode::None, 0);
    bench.send(vec![record("one", None, 10)]);
    let second = bench.expect_produce();
    bench.answer(&second, ErrorCode::OutOfOrderSequenceNumber, -1);
    bench.pass_ms(130);
    let again = bench.expect_produce();
    let batch = &again.2.partitions[0].batches[0];
    assert_eq!((batch.producer_epoch(), batch.base_sequence()), (ProducerEpoch(1), 0));
}

#[test]
fn a_batch_that_is_too_large_is_split_until_it_fits() {
    let mut bench = Bench::ready(&[("linger.ms", "200")], "one");
    let keyed = |key: &str| record("one", Some(key), 60);
    bench.send(vec![keyed("k0"), keyed("k1"), keyed("k2")]);
    bench.pass_ms(200);
    // Recorded from a real Kafka 4.3.1 cluster: max.message.bytes=200, three batches of 131 bytes.
    let mut offset = 0;
    let mut sizes = Vec::new();
    while let Some(sent) = bench.next_produce() {
        let batch = sent.2.partitions[0].batches[0].clone();
        if batch.size_in_bytes() > 200 {
            bench.answer(&sent, ErrorCode::MessageTooLarge, -1);
        } else {
            sizes.push((batch.size_in_bytes(), batch.base_sequence(), batch.producer_epoch().0));
            bench.answer(&sent, ErrorCode::None, offset);
            offset += i64::from(batch.record_count());
        }
    }
    assert_eq!(sizes, [(131, 0, 0), (131, 1, 0), (131, 2, 0)]);
    assert_eq!([bench.offset(0), bench.offset(1), bench.offset(2)], [Some(0), Some(1), Some(2)]);
    assert_eq!(bench.producer.accumulator().used_bytes(), 0);
}

#[test]
fn a_crash_forgets_everything_and_a_restart_is_another_producer() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    let lost = bench.expect_produce();
    bench.producer.crash();
    bench.timer = None;
    bench.requests.clear();
    assert!(bench.producer.is_idle() && bench.producer.identity().is_none());
    let mut out = Effects::new();
    bench.producer.start(bench.now, &mut out);
    bench.obey(out);
    bench.serve_metadata();
    bench.answer(&lost, ErrorCode::None, 0);
    assert_eq!(bench.producer.result(0), None);
    bench.send(vec![record("one", None, 10)]);
    bench.serve_metadata();
    let sent = bench.expect_produce();
    let batch = &sent.2.partitions[0].batches[0];
    assert_eq!((batch.producer_id(), batch.base_sequence()), (ProducerId(1_001), 0));
    bench.answer(&sent, ErrorCode::None, 5);
    assert_eq!(bench.offset(1), Some(5));
}

#[test]
fn a_new_leader_is_sent_to_without_backoff_when_an_answer_names_it() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    let (broker, correlation, request) = bench.expect_produce();
    let data = &request.partitions[0];
    let answer = PartitionProduceResponse {
        topic_id: data.topic_id,
        partition: data.partition,
        error: ErrorCode::NotLeaderOrFollower,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        record_errors: vec![],
        error_message: None,
        current_leader: Some(crate::kafka::protocol::produce::CurrentLeader {
            leader: Some(BrokerId(2)),
            leader_epoch: LeaderEpoch(1),
        }),
    };
    bench.respond(broker, correlation, ProduceResponse { partitions: vec![answer] });
    let again = bench.expect_produce();
    assert_eq!(again.0, BrokerId(2));
    assert_eq!(only_batch(&again.2).0, 0);
}

#[test]
fn after_a_refused_first_batch_the_others_find_their_way_to_the_log() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 10)]);
    let refused = bench.expect_produce();
    bench.send(vec![record("one", None, 10)]);
    let second = bench.expect_produce();
    bench.answer(&refused, ErrorCode::MessageTooLarge, -1);
    // The leader has never met this producer, so it takes any sequence number.
    bench.answer(&second, ErrorCode::None, 0);
    bench.send(vec![record("one", None, 10)]);
    for _ in 0..100 {
        if let Some(sent) = bench.next_produce() {
            let starts_epoch = only_batch(&sent.2).0 == 0;
            let error = if starts_epoch { ErrorCode::None } else { ErrorCode::OutOfOrderSequenceNumber };
            bench.answer(&sent, error, 1);
        }
        bench.pass_ms(10);
    }
    assert_eq!((bench.offset(1), bench.offset(2)), (Some(0), Some(1)));
}

#[test]
fn what_waits_for_a_broker_that_is_gone_was_never_sent() {
    let mut bench =
        Bench::ready(&[("delivery.timeout.ms", "3000"), ("request.timeout.ms", "1000"), ("linger.ms", "0")], "one");
    bench.input(Input::Disconnected { peer: NodeId::broker(0), channel: Channel::Data });
    bench.send(vec![record("one", None, 10)]);
    let mut handshakes = 0;
    for _ in 0..300 {
        bench.pass_ms(10);
        assert!(bench.next_produce().is_none());
        let before = bench.requests.len();
        bench.requests.retain(|(_, _, request)| !matches!(request, Request::ApiVersions(_)));
        if bench.requests.len() < before {
            handshakes += before - bench.requests.len();
            bench.input(Input::Disconnected { peer: NodeId::broker(0), channel: Channel::Data });
        }
        bench.serve_metadata();
    }
    assert!((4..20).contains(&handshakes), "{handshakes}: each waits longer than the one before");
    assert_eq!(bench.failure(0), Some(("TimeoutException", SendOutcome::NotWritten)));
}

//! What goes out when, in which batch, and what the application hears of it.

use super::*;

#[test]
fn a_batch_lingers_and_goes_out_with_all_that_came_meanwhile() {
    let mut bench = Bench::ready(&[], "one");
    bench.send(vec![record("one", None, 10)]);
    bench.pass_ms(3);
    bench.send(vec![record("one", None, 10)]);
    assert!(bench.next_produce().is_none());
    bench.pass_ms(1);
    assert!(bench.next_produce().is_none(), "linger.ms counts from the batch's first record");
    bench.pass_ms(1);
    let sent = bench.expect_produce();
    assert_eq!(only_batch(&sent.2), (0, 2));
    bench.answer(&sent, ErrorCode::None, 7);
    assert_eq!((bench.offset(0), bench.offset(1)), (Some(7), Some(8)));
    assert!(bench.producer.is_idle());
    assert_eq!(bench.producer.accumulator().used_bytes(), 0);
}

#[test]
fn a_full_batch_goes_out_at_once() {
    let mut bench = Bench::ready(&[("linger.ms", "1000"), ("batch.size", "1000")], "one");
    bench.send((0..12).map(|_| record("one", None, 100)).collect());
    let sent = bench.expect_produce();
    assert_eq!(only_batch(&sent.2).0, 0);
    assert!(sent.2.partitions[0].batches[0].size_in_bytes() <= 1000);
    assert!(bench.next_produce().is_none(), "the rest lingers");
    let full = only_batch(&sent.2).1;
    bench.call(ProducerCall::Flush);
    let rest = bench.expect_produce();
    assert_eq!(only_batch(&rest.2), (full, 12 - full));
    bench.answer(&sent, ErrorCode::None, 0);
    assert!(bench.producer.is_flushing());
    bench.answer(&rest, ErrorCode::None, i64::from(full));
    assert!(!bench.producer.is_flushing());
    assert_eq!(bench.offset(11), Some(11));
}

#[test]
fn one_request_carries_a_batch_of_each_partition_that_the_broker_leads() {
    let mut bench = Bench::new(&[("linger.ms", "5")]);
    bench.topics = vec![("t", vec![Some(0), Some(0), Some(1)])];
    bench.producer.metadata.want_topic(&"t".into());
    bench.serve_metadata();
    bench.serve_metadata();
    let to = |partition| ProducerRecord { partition: Some(partition), ..record("t", None, 10) };
    bench.send(vec![to(0)]);
    bench.pass_ms(2);
    bench.send(vec![to(1), to(2)]);
    bench.pass_ms(3);
    let sent = bench.expect_produce();
    assert_eq!(sent.0, BrokerId(0));
    assert_eq!(sent.2.partitions.len(), 2, "the batch that has lingered for 2 ms goes along");
    assert!(bench.next_produce().is_none());
    bench.pass_ms(2);
    assert_eq!(bench.expect_produce().0, BrokerId(1));
}

#[test]
fn keyless_records_stay_with_one_partition_for_a_batch_and_keys_do_not() {
    let mut bench = Bench::ready(&[("batch.size", "2000"), ("linger.ms", "50")], "t");
    bench.send((0..10).map(|_| record("t", None, 10)).collect());
    let sticky = bench.producer.sticky_partition("t").expect("chosen");
    let partitions: Vec<i32> = bench.producer.buffered_batches().map(|(partition, _)| partition.partition).collect();
    assert_eq!(partitions, [sticky]);
    bench.send((0..300).map(|_| record("t", None, 100)).collect());
    let chosen = bench.notes.iter().filter(|note| matches!(note, Note::StickyPartitionChosen { .. })).count();
    assert!(chosen > 3, "{chosen} choices");
    let mut keyed = Bench::ready(&[("linger.ms", "50")], "t");
    keyed.send((0..20).map(|number| record("t", Some(&format!("customer-{number}")), 10)).collect());
    // Recorded from a real Kafka 4.3.1 cluster: 20 keys, 3 partitions.
    let expected = [1, 0, 2, 1, 1, 0, 1, 1, 2, 2, 0, 2, 2, 1, 1, 1, 1, 1, 0, 0];
    let chosen: Vec<i32> = keyed
        .notes
        .iter()
        .filter_map(|note| match note {
            Note::RecordsBuffered { partition, choice: PartitionChoice::Key { partitions: 3, .. }, .. } => {
                Some(partition.partition)
            }
            _ => None,
        })
        .collect();
    assert_eq!(chosen, expected);
}

#[test]
fn a_large_call_is_told_of_by_partition() {
    let mut bench = Bench::ready(&[("linger.ms", "50")], "t");
    bench.send((0..300).map(|number| record("t", Some(&number.to_string()), 10)).collect());
    let told: Vec<_> = bench
        .notes
        .iter()
        .filter_map(|note| match note {
            Note::RecordsBuffered { sends, choice, .. } => Some((sends.count(), *choice)),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told.iter().map(|(count, _)| count).sum::<u32>(), 300);
    assert!(told.iter().all(|(_, choice)| *choice == PartitionChoice::Keys { partitions: 3 }));
}

#[test]
fn a_connection_carries_no_more_requests_than_allowed() {
    let mut bench = Bench::ready(&[("linger.ms", "0")], "one");
    for _ in 0..8 {
        bench.send(vec![record("one", None, 10)]);
    }
    let sent: Vec<_> = std::iter::from_fn(|| bench.next_produce()).collect();
    assert_eq!(sent.len(), 5);
    assert_eq!(bench.producer.in_flight_batches().count(), 5);
    bench.answer(&sent[0], ErrorCode::None, 0);
    let next = bench.expect_produce();
    assert_eq!(only_batch(&next.2), (5, 3), "what has waited went into one batch");
    assert!(bench.next_produce().is_none());
}

#[test]
fn without_acks_success_comes_at_once_and_knows_no_offset() {
    let mut bench = Bench::ready(&[("acks", "0"), ("linger.ms", "0")], "one");
    assert!(!bench.producer.is_idempotent());
    for send in 0..10 {
        bench.send(vec![record("one", None, 10)]);
        assert_eq!(bench.offset(send), Some(-1));
    }
    assert_eq!(std::iter::from_fn(|| bench.next_produce()).count(), 10, "no window without answers");
    assert!(bench.producer.is_idle());
}

#[test]
fn a_record_larger_than_a_request_is_never_sent() {
    let mut bench = Bench::ready(&[("max.request.size", "500"), ("linger.ms", "0")], "one");
    bench.send(vec![record("one", None, 500), record("one", None, 400)]);
    assert_eq!(bench.failure(0), Some(("MESSAGE_TOO_LARGE", SendOutcome::NotWritten)));
    let sent = bench.expect_produce();
    bench.answer(&sent, ErrorCode::None, 0);
    assert_eq!(bench.offset(1), Some(0));
}

#[test]
fn an_unknown_topic_is_waited_for() {
    let mut bench = Bench::ready(&[("max.block.ms", "1000"), ("linger.ms", "0")], "one");
    bench.send(vec![record("new", None, 10), record("one", None, 10)]);
    assert_eq!(bench.producer.waiting().blocked().map(|blocked| blocked.reason), Some(SendBlock::Metadata));
    let asked = bench.requests.iter().any(|(_, _, request)| match request {
        Request::Metadata(request) => request.topics.names() == ["new".into()] && request.allow_auto_topic_creation,
        _ => false,
    });
    assert!(asked, "the new topic alone, with leave to create it");
    bench.serve_metadata();
    bench.pass_ms(500);
    assert!(bench.next_produce().is_none(), "the second send comes after the first");
    bench.topics.push(("new", vec![Some(2)]));
    for _ in 0..40 {
        bench.serve_metadata();
        bench.pass_ms(10);
    }
    let first = bench.expect_produce();
    let second = bench.expect_produce();
    assert_eq!(bench.producer.waiting().count(), 0);
    bench.answer(&first, ErrorCode::None, 0);
    bench.answer(&second, ErrorCode::None, 0);
    assert_eq!((bench.offset(0), bench.offset(1)), (Some(0), Some(0)));

    bench.send(vec![ProducerRecord { partition: Some(9), ..record("one", None, 10) }, record("one", None, 10)]);
    bench.pass_ms(1000);
    assert_eq!(bench.failure(2), Some(("TimeoutException", SendOutcome::NotWritten)));
    assert!(bench.next_produce().is_some(), "what waited behind it is sent");
}

#[test]
fn when_the_memory_is_used_up_send_waits_for_answers() {
    let settings = [("buffer.memory", "4000"), ("batch.size", "1000"), ("linger.ms", "10000")];
    let mut bench = Bench::ready(&settings, "one");
    bench.send((0..100).map(|_| record("one", None, 100)).collect());
    assert!(bench.producer.waiting().is_out_of_memory());
    let mut answered = 0;
    while let Some(sent) = bench.next_produce() {
        bench.answer(&sent, ErrorCode::None, answered);
        answered += i64::from(sent.2.partitions[0].batches[0].record_count());
        assert!(bench.producer.accumulator().used_bytes() <= 4000);
    }
    assert!(bench.producer.waiting().is_empty());
    bench.call(ProducerCall::Flush);
    while let Some(sent) = bench.next_produce() {
        bench.answer(&sent, ErrorCode::None, answered);
        answered += i64::from(sent.2.partitions[0].batches[0].record_count());
    }
    assert_eq!((answered, bench.producer.results().acknowledged()), (100, 100));
}

#[test]
fn closing_waits_for_the_answers_and_refuses_what_comes_later() {
    let mut bench = Bench::ready(&[("linger.ms", "1000")], "one");
    bench.send(vec![record("one", None, 10)]);
    bench.call(ProducerCall::Close);
    let sent = bench.expect_produce();
    bench.send(vec![record("one", None, 10)]);
    assert_eq!(bench.failure(1), Some((SendError::Closed.name(), SendOutcome::NotWritten)));
    assert!(!bench.exited);
    bench.answer(&sent, ErrorCode::None, 0);
    assert!(bench.exited && bench.producer.is_closed() && bench.timer.is_none());
}

#[test]
fn whole_batches_are_compressed_and_filled_by_what_that_is_expected_to_leave() {
    let settings = [("linger.ms", "1000"), ("batch.size", "2000"), ("compression.type", "gzip")];
    let mut bench = Bench::ready(&settings, "one");
    let mut counts = Vec::new();
    for round in 0..40 {
        bench.send((0..30).map(|_| record("one", None, 100)).collect());
        let mut in_round = 0;
        while let Some(sent) = bench.next_produce() {
            let batch = &sent.2.partitions[0].batches[0];
            assert_eq!(batch.compression(), Ok(Compression::Gzip));
            assert_eq!(batch.records().map_while(Result::ok).count() as i32, batch.record_count());
            assert!(batch.size_in_bytes() < 200, "{} bytes", batch.size_in_bytes());
            counts.push(batch.record_count());
            in_round += batch.record_count();
            bench.answer(&sent, ErrorCode::None, 0);
        }
        assert!(in_round > 0, "round {round}");
    }
    assert!(counts[0] <= 18, "nothing is known of how well these records compress: {}", counts[0]);
    assert!(counts[counts.len() - 1] > counts[0], "later it is: {counts:?}");
}

#[test]
fn a_compressed_batch_that_is_too_large_is_split_into_compressed_ones() {
    let settings = [("linger.ms", "10"), ("batch.size", "400"), ("compression.type", "zstd")];
    let mut bench = Bench::ready(&settings, "one");
    bench.send((0..3).map(|_| record("one", None, 100)).collect());
    bench.pass_ms(10);
    let sent = bench.expect_produce();
    let count = only_batch(&sent.2).1;
    assert!(count > 1);
    bench.answer(&sent, ErrorCode::MessageTooLarge, -1);
    let mut records = 0;
    while let Some(part) = bench.next_produce() {
        let batch = &part.2.partitions[0].batches[0];
        assert_eq!(batch.compression(), Ok(Compression::Zstd));
        records += batch.record_count();
        bench.answer(&part, ErrorCode::None, i64::from(records));
    }
    assert!(records >= count, "{records} of {count}");
    assert!(bench.producer.is_idle());
}

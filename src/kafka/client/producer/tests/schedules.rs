//! Random schedules: brokers that refuse, hang, lose connections and hand leadership around, and what must hold all
//! the same.
//!
//! Even an idempotent producer is left in doubt at times, here and in a real cluster: the answer to a batch is lost
//! after the append, each repetition is refused before the leader looks for duplicates, and meanwhile more than five
//! later batches of the partition are acknowledged. From then on the leader does not know the batch any more and calls
//! it out of order until its time is over. Its records are in the log nevertheless, once.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::kafka::record::RecordBatch;

/// First and last sequence number of a batch, and its base offset.
type CachedBatch = (i32, i32, i64);

/// A partition as all its replicas have it: its records, and what a leader knows of producers.
#[derive(Default)]
struct PartitionLog {
    /// The value of each record is its send.
    sends: Vec<SendId>,
    /// Epoch and the last five batches.
    producers: BTreeMap<ProducerId, (ProducerEpoch, VecDeque<CachedBatch>)>,
}

impl PartitionLog {
    /// Appends a batch by the rules of an idempotent producer.
    fn append(&mut self, batch: &RecordBatch) -> Result<i64, ErrorCode> {
        let base_offset = self.sends.len() as i64;
        if batch.has_producer_id() {
            let (first, last) = (batch.base_sequence(), batch.last_sequence());
            let epoch = batch.producer_epoch();
            let (known, cached) = self.producers.entry(batch.producer_id()).or_insert((epoch, VecDeque::new()));
            if epoch < *known {
                return Err(ErrorCode::InvalidProducerEpoch);
            }
            if epoch > *known {
                cached.clear();
                if first != 0 {
                    return Err(ErrorCode::OutOfOrderSequenceNumber);
                }
                *known = epoch;
            }
            if let Some((_, _, offset)) = cached.iter().find(|(f, l, _)| (*f, *l) == (first, last)) {
                return Ok(*offset);
            }
            if cached.back().is_some_and(|(_, last, _)| first != last + 1) {
                return Err(ErrorCode::OutOfOrderSequenceNumber);
            }
            cached.push_back((first, last, base_offset));
            if cached.len() > 5 {
                cached.pop_front();
            }
        }
        for record in batch.records() {
            let value = record.expect("a batch of the producer is well-formed").value.expect("a value");
            self.sends.push(SendId::from_be_bytes(value[..4].try_into().expect("four bytes")));
        }
        Ok(base_offset)
    }
}

/// How rough the world is.
struct Weather {
    settings: &'static [(&'static str, &'static str)],
    /// Of a thousand steps.
    broken_connections: u64,
    refusals: u64,
    moves: u64,
    hangs: u64,
}

/// One run; returns the bench and the three logs.
fn run(seed: u64, weather: &Weather) -> (Bench, Vec<PartitionLog>) {
    let mut random = Random::stream(seed, 77);
    let mut bench = Bench::new(weather.settings);
    bench.producer.setup.client.random = Random::stream(seed, 78);
    let mut logs: Vec<PartitionLog> = (0..3).map(|_| PartitionLog::default()).collect();
    // One record each in calm weather. A leader that has never met a producer takes any sequence number: if it refused
    // the first batch then and took the second, the first would be out of order for ever.
    let to = |partition: i32| ProducerRecord {
        partition: Some(partition),
        value: Some(partition.to_be_bytes().to_vec()),
        ..record("t", None, 0)
    };
    bench.send((0..3).map(to).collect());
    while !bench.producer.is_idle() {
        bench.serve_metadata();
        bench.pass_ms(5);
        while let Some(sent) = bench.next_produce() {
            for data in &sent.2.partitions {
                assert_eq!(logs[data.partition as usize].append(&data.batches[0]), Ok(0));
            }
            bench.answer(&sent, ErrorCode::None, 0);
        }
    }
    let mut next_send: SendId = 3;
    let mut hanging: Option<BrokerId> = None;
    for step in 0..12_000 {
        if step > 3_000 && bench.producer.is_idle() {
            break;
        }
        let calm = step > 2_500;
        if !calm && random.below(4) == 0 {
            let count = random.between(1, 5);
            let make = |_| {
                let value = next_send.to_be_bytes().to_vec();
                next_send += 1;
                let key = (random.below(2) == 0).then(|| vec![random.below(8) as u8]);
                ProducerRecord { value: Some(value), key, ..record("t", None, 0) }
            };
            let records = (0..count).map(make).collect();
            bench.send(records);
        }
        if !calm && random.below(1_000) < weather.moves {
            bench.leader_epoch += 1;
            let partition = random.below(3) as usize;
            bench.topics[0].1[partition] = (random.below(4) > 0).then(|| random.below(3) as i32);
        }
        if calm {
            hanging = None;
            for leader in bench.topics[0].1.iter_mut() {
                *leader = leader.or(Some(0));
            }
        } else if random.below(1_000) < weather.hangs {
            hanging = (random.below(3) > 0).then(|| BrokerId(random.below(3) as i32));
        }
        if hanging.is_none() || random.below(2) == 0 {
            bench.serve_metadata();
        }
        let breaks = !calm && random.below(1_000) < weather.broken_connections;
        // The head of one connection: brokers take requests in order.
        let broker = BrokerId(random.below(3) as i32);
        let head = bench.requests.iter().position(|(to, _, request)| {
            *to == broker && matches!(request, Request::Produce(_)) && hanging != Some(broker)
        });
        if let Some(at) = head
            && let (_, correlation, Request::Produce(request)) = bench.requests.remove(at)
        {
            let refuses = !calm && random.below(1_000) < weather.refusals;
            let answers = request.partitions.iter().map(|data| {
                let leads = bench.topics[0].1[data.partition as usize] == Some(broker.0);
                let log = &mut logs[data.partition as usize];
                let appended = match (leads, refuses) {
                    (false, _) => Err(ErrorCode::NotLeaderOrFollower),
                    (true, true) => Err(ErrorCode::NotEnoughReplicas),
                    (true, false) => log.append(&data.batches[0]),
                };
                PartitionProduceResponse {
                    topic_id: data.topic_id,
                    partition: data.partition,
                    error: appended.err().unwrap_or_default(),
                    base_offset: appended.unwrap_or(-1),
                    log_append_time_ms: -1,
                    log_start_offset: 0,
                    record_errors: vec![],
                    error_message: None,
                    current_leader: None,
                }
            });
            let partitions: Vec<PartitionProduceResponse> = answers.collect();
            // An answer may be lost with its connection, after the append.
            if !breaks {
                bench.respond(broker, correlation, ProduceResponse { partitions });
            }
        }
        if breaks {
            bench.requests.retain(|(to, _, _)| *to != broker);
            bench.input(Input::Disconnected { peer: NodeId::Broker(broker), channel: Channel::Data });
        }
        bench.pass_ms(if step < 4_000 { random.between(1, 10) } else { 50 });
    }
    assert!(bench.producer.is_idle(), "seed {seed}: all is answered in the end");
    assert_eq!(bench.producer.accumulator().used_bytes(), 0, "seed {seed}: all memory is given back");
    (bench, logs)
}

/// Each result is true: what was acknowledged is in the log at that offset, what was not written is in no log.
fn check_results(seed: u64, bench: &Bench, logs: &[PartitionLog]) {
    for (send, result) in bench.producer.results().iter() {
        match result {
            SendResult::Pending => panic!("seed {seed}: send {send} has no result"),
            SendResult::Acknowledged { partition, offset } => {
                let found = logs[partition.partition as usize].sends.get(*offset as usize);
                assert_eq!(found, Some(&send), "seed {seed}: send {send} at {partition} offset {offset}");
            }
            SendResult::Failed { outcome: SendOutcome::NotWritten, .. } => {
                let written = logs.iter().any(|log| log.sends.contains(&send));
                assert!(!written, "seed {seed}: send {send} is in a log");
            }
            SendResult::Failed { outcome: SendOutcome::InDoubt, .. } => {}
        }
    }
}

#[test]
fn an_idempotent_producer_writes_everything_once_and_in_order() {
    let settings = &[("delivery.timeout.ms", "100000"), ("request.timeout.ms", "500"), ("batch.size", "200")];
    let weather = Weather { settings, broken_connections: 30, refusals: 100, moves: 20, hangs: 20 };
    let (mut acknowledged, mut sent) = (0, 0);
    for seed in 0..50 {
        let (bench, logs) = run(seed, &weather);
        check_results(seed, &bench, &logs);
        for (partition, log) in logs.iter().enumerate() {
            assert!(log.sends.is_sorted_by(|a, b| a < b), "seed {seed}: partition {partition}: {:?}", log.sends);
        }
        acknowledged += bench.producer.results().acknowledged();
        sent += u64::from(bench.producer.results().next());
    }
    assert!(acknowledged * 100 >= sent * 98, "{acknowledged} of {sent} were acknowledged");
}

#[test]
fn results_stay_true_when_time_runs_out() {
    let settings = &[("delivery.timeout.ms", "600"), ("request.timeout.ms", "300"), ("batch.size", "200")];
    let weather = Weather { settings, broken_connections: 50, refusals: 300, moves: 30, hangs: 60 };
    let (mut not_written, mut in_doubt, mut bumped) = (0, 0, 0);
    for seed in 0..40 {
        let (bench, logs) = run(seed, &weather);
        check_results(seed, &bench, &logs);
        not_written += bench.producer.results().not_written();
        in_doubt += bench.producer.results().in_doubt();
        bumped += bench.producer.identity().map_or(0, |identity| identity.producer_epoch.0);
    }
    assert!(not_written > 0 && in_doubt > 0 && bumped > 0, "{not_written} {in_doubt} {bumped}");
}

#[test]
fn without_idempotence_results_are_true_and_a_lost_answer_may_double_a_record() {
    let settings = &[
        ("enable.idempotence", "false"),
        ("delivery.timeout.ms", "100000"),
        ("request.timeout.ms", "500"),
        ("batch.size", "200"),
    ];
    let weather = Weather { settings, broken_connections: 30, refusals: 100, moves: 20, hangs: 20 };
    let (mut doubled, mut reordered) = (0, 0);
    for seed in 0..30 {
        let (bench, logs) = run(seed, &weather);
        check_results(seed, &bench, &logs);
        for log in &logs {
            let mut sorted = log.sends.clone();
            sorted.sort_unstable();
            doubled += sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
            reordered += usize::from(!log.sends.is_sorted());
        }
    }
    assert!(doubled > 0 && reordered > 0, "{doubled} {reordered}");
}

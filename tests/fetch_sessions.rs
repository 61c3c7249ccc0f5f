//! Fetch sessions in a whole cluster: what is left unsaid between brokers and clients, and what a restart does to it.

use glassbroker::kafka::client::application::Application;
use glassbroker::kafka::client::call::ConsumerCall;
use glassbroker::kafka::ids::NodeId;
use glassbroker::kafka::protocol::fetch::{FetchRequest, FetchResponse, Fetcher};
use glassbroker::kafka::protocol::fetch_metadata::FetchMetadata;
use glassbroker::kafka::protocol::{ErrorCode, Request, Response};
use glassbroker::sim::history::setting::*;
use glassbroker::sim::{ClusterSpec, Command, EventKind, MessageBody, World};

const READER: &str = "reader";

/// A world, and all fetches and their answers so far.
struct Bench {
    world: World,
    requests: Vec<FetchRequest>,
    responses: Vec<(NodeId, FetchResponse)>,
}

impl Bench {
    fn new(spec: ClusterSpec, replicas: &[i32]) -> Bench {
        let world = World::new(spec, 7).expect("Kafka takes these properties");
        let mut bench = Bench { world, requests: Vec::new(), responses: Vec::new() };
        bench.until(is_up);
        bench.apply(create_topic(&[replicas], &[]));
        bench.until(|world| leads(world, 0));
        bench.apply(producer(PRODUCER, &[]));
        bench
    }

    fn look(&mut self) {
        for event in self.world.events() {
            let EventKind::MessageSent(message) = &event.kind else { continue };
            match &message.body {
                MessageBody::Request(Request::Fetch(fetch)) => self.requests.push(fetch.clone()),
                MessageBody::Response(Response::Fetch(fetch)) => self.responses.push((message.to, fetch.clone())),
                _ => {}
            }
        }
    }

    fn apply(&mut self, command: Command) {
        self.world.apply(&command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.look();
    }

    fn until(&mut self, holds: impl Fn(&World) -> bool) {
        let until = self.world.now().plus_ms(60_000);
        while !holds(&self.world) {
            assert!(self.world.now() < until && self.world.step(), "it does not happen within a minute");
            self.look();
        }
    }

    fn run_ms(&mut self, ms: u64) {
        let until = self.world.now().plus_ms(ms);
        while self.world.next_step_at().is_some_and(|at| at <= until) {
            self.world.step();
            self.look();
        }
        self.world.run_until(until);
    }

    fn send(&mut self, value: &str) {
        let before = acknowledged(&self.world, PRODUCER);
        self.apply(send(PRODUCER, &[value]));
        self.until(|world| acknowledged(world, PRODUCER) > before);
    }

    fn read(&mut self, call: ConsumerCall) {
        self.apply(Command::Consumer { name: READER.into(), call });
    }

    /// A consumer that reads when it is told to, from the beginning.
    fn reader(&mut self) {
        let config = properties(&[("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")]);
        let application = Application { poll_loop: false, ..Application::default() };
        self.apply(Command::StartConsumer { name: READER.into(), config, application });
        self.read(ConsumerCall::Assign(vec![partition(0)]));
    }

    /// The offsets that one poll hands out.
    fn poll(&mut self) -> Vec<i64> {
        let polls = |world: &World| {
            world.consumers().find(|(_, consumer)| &*consumer.setup.client.name == READER).map(|(_, it)| it.polls().1)
        };
        let before = polls(&self.world);
        self.read(ConsumerCall::Poll { max_records: 1, timeout_ms: 20_000 });
        self.until(|world| polls(world) > before);
        let (_, consumer) = self.world.consumers().next().expect("there is a consumer");
        let last = consumer.polls().0.back().expect("a poll has ended");
        last.records.iter().map(|polled| polled.record.offset).collect()
    }

    fn of_consumer(&self) -> Vec<FetchMetadata> {
        let by_consumer = self.requests.iter().filter(|fetch| fetch.fetcher == Fetcher::Consumer);
        by_consumer.map(|fetch| fetch.session).collect()
    }
}

#[test]
fn followers_that_have_everything_name_nothing_and_are_told_nothing() {
    let mut bench = Bench::new(cluster(3), &[0, 1, 2]);
    bench.send("m1");
    bench.run_ms(2_000);
    bench.requests.clear();
    bench.responses.clear();
    bench.run_ms(10_000);
    assert!(bench.requests.len() > 20, "two followers ask each half second");
    for request in &bench.requests {
        assert!(request.partitions.is_empty() && request.forgotten.is_empty() && !request.session.is_full());
    }
    for (to, response) in &bench.responses {
        assert!(response.error.is_none() && response.partitions.is_empty(), "to {to}: {response:?}");
    }

    bench.requests.clear();
    bench.responses.clear();
    bench.send("m2");
    bench.run_ms(1_000);
    let named: Vec<i64> =
        bench.requests.iter().flat_map(|fetch| &fetch.partitions).map(|one| one.fetch_offset).collect();
    assert_eq!(named, [2, 2], "each follower goes on behind the new record, and says so once");
    let told: usize = bench.responses.iter().map(|(_, fetch)| fetch.partitions.len()).sum();
    assert_eq!(told, 4, "to each the record, and then that it is committed");
}

#[test]
fn after_a_restart_the_broker_knows_no_session_and_a_full_fetch_makes_a_new_one() {
    let mut bench = Bench::new(cluster(1), &[0]);
    bench.send("m1");
    bench.reader();
    assert_eq!(bench.poll(), [0]);
    let sessions = bench.of_consumer();
    assert_eq!(sessions, [FetchMetadata::INITIAL]);
    let session_id =
        bench.responses.iter().find(|(to, _)| matches!(to, NodeId::Client(_))).map(|(_, it)| it.session_id);
    let session_id = session_id.expect("the first fetch was answered");
    assert_ne!(session_id, 0);

    bench.apply(Command::Kill { node: node(0) });
    bench.apply(start(node(0)));
    bench.until(|world| leads(world, 0));
    bench.send("m2");
    let (asked, answered) = (bench.of_consumer().len(), bench.responses.len());
    assert_eq!(bench.poll(), [1], "nothing is lost and nothing comes twice");

    let sessions = bench.of_consumer().split_off(asked);
    assert_eq!(sessions[0], FetchMetadata { session_id, epoch: 1 }, "the consumer does not know yet");
    assert_eq!(sessions[1], FetchMetadata::INITIAL);
    let (_, refusal) = &bench.responses[answered];
    assert_eq!((refusal.error, refusal.session_id), (ErrorCode::FetchSessionIdNotFound, 0));
    assert!(refusal.partitions.is_empty());
    let full = bench.responses[answered + 1].1.clone();
    assert!(full.error.is_none() && full.session_id != 0 && full.session_id != session_id);
    bench.send("m3");
    let asked = bench.of_consumer().len();
    assert_eq!(bench.poll(), [2]);
    let next = bench.of_consumer()[asked];
    assert!(next.session_id == full.session_id && !next.is_full(), "the new session goes on: {next:?}");
}

#[test]
fn a_consumer_whose_fetch_was_cut_off_ends_its_session_with_the_next_one() {
    let mut bench = Bench::new(cluster(1), &[0]);
    bench.send("m1");
    bench.reader();
    assert_eq!(bench.poll(), [0]);
    bench.read(ConsumerCall::Poll { max_records: 1, timeout_ms: 20_000 });
    bench.run_ms(100);
    let known = bench.of_consumer();
    let last = known.last().copied().expect("it has fetched");
    assert!(!last.is_full());
    bench.apply(Command::Kill { node: node(0) });
    bench.apply(start(node(0)));
    bench.until(|world| leads(world, 0));
    bench.send("m2");
    bench.run_ms(5_000);
    let next = bench.of_consumer()[known.len()];
    assert_eq!(next, FetchMetadata { session_id: last.session_id, epoch: 0 });
    let (_, consumer) = bench.world.consumers().next().expect("there is a consumer");
    let last = consumer.polls().0.back().expect("the poll has ended");
    assert_eq!(last.records.iter().map(|polled| polled.record.offset).collect::<Vec<_>>(), [1]);
}

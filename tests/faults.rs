//! Machines and links in trouble: what each command does, and what it is refused for.

use glassbroker::kafka::ids::{BrokerId, ControllerId, NodeId, SimTime, TopicPartition};
use glassbroker::kafka::note::Note;
use glassbroker::kafka::protocol::{ApiKey, ErrorCode};
use glassbroker::sim::history::setting::*;
use glassbroker::sim::{ClusterSpec, Command, Event, EventKind, World};
use glassbroker::stage::from_world::{Watch, frame};
use glassbroker::stage::offers::offers;
use glassbroker::stage::sentence;
use glassbroker::stage::tables::tables;
use glassbroker::stage::thing::Thing;

/// A world with the topic, led by broker 0, and a producer; and all that has happened since then.
struct Bench {
    world: World,
    events: Vec<Event>,
}

impl Bench {
    fn new(spec: ClusterSpec, replicas: &[i32], configs: &[(&str, &str)]) -> Bench {
        let world = World::new(spec, 7).expect("Kafka takes these properties");
        let mut bench = Bench { world, events: Vec::new() };
        bench.until(is_up);
        bench.apply(create_topic(&[replicas], configs));
        bench.until(|world| leads(world, 0));
        bench.apply(producer(PRODUCER, &[]));
        bench.apply(send(PRODUCER, &["m1"]));
        bench.until(|world| acknowledged(world, PRODUCER) == 1);
        bench.events.clear();
        bench
    }

    fn apply(&mut self, command: Command) {
        self.world.apply(&command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.events.extend(self.world.events().iter().cloned());
    }

    fn refused(&mut self, command: Command) -> String {
        self.world.apply(&command).expect_err("it makes no sense").to_string()
    }

    fn until(&mut self, holds: impl Fn(&World) -> bool) {
        let until = self.world.now().plus_ms(60_000);
        while !holds(&self.world) {
            assert!(self.world.now() < until && self.world.step(), "it does not happen within a minute");
            self.events.extend(self.world.events().iter().cloned());
        }
    }

    fn run_ms(&mut self, ms: u64) {
        let until = self.world.now().plus_ms(ms);
        while self.world.next_step_at().is_some_and(|at| at <= until) {
            self.world.step();
            self.events.extend(self.world.events().iter().cloned());
        }
        self.world.run_until(until);
    }

    fn notes(&self) -> impl Iterator<Item = &Note> {
        self.events.iter().filter_map(Event::note)
    }

    fn has(&self, kind: &EventKind) -> bool {
        self.events.iter().any(|event| event.kind == *kind)
    }

    /// How long the producer waits for its next record, microseconds.
    fn round_trip_us(&mut self) -> u64 {
        let (before, known) = (self.world.now(), acknowledged(&self.world, PRODUCER));
        self.apply(send(PRODUCER, &["x"]));
        self.until(|world| acknowledged(world, PRODUCER) > known);
        self.world.now().since(before)
    }

    fn says(&self) -> Vec<String> {
        let frame = frame(&self.world, &Watch::default());
        self.events.iter().filter_map(|event| Some(sentence::of_event(event, &frame)?.1)).collect()
    }

    fn table(&self, title: &str) -> Vec<Vec<String>> {
        let tables = tables(&frame(&self.world, &Watch::default()));
        tables.into_iter().find(|table| table.title == title).map(|table| table.rows).unwrap_or_default()
    }
}

#[test]
fn a_kill_leaves_the_page_cache_and_a_loss_of_power_does_not() {
    for (command, left) in [(Command::Kill { node: node(0) }, 1), (Command::LosePower { node: node(0) }, 0)] {
        let mut bench = Bench::new(cluster(1), &[0], &[]);
        bench.apply(command.clone());
        assert_eq!(log_end(&bench.world, 0), left, "{command:?}");
        bench.apply(start(node(0)));
        bench.until(|world| leads(world, 0));
        assert_eq!(log_end(&bench.world, 0), left, "{command:?}");
    }
}

#[test]
fn what_was_flushed_survives_a_loss_of_power() {
    let lost = |configs: &[(&str, &str)], wait_ms: u64| {
        let spec = cluster(1).with("log.flush.scheduler.interval.ms", "500").with("log.initial.task.delay.ms", "500");
        let mut bench = Bench::new(spec, &[0], configs);
        bench.run_ms(wait_ms);
        bench.apply(Command::LosePower { node: node(0) });
        let partition = TopicPartition::new(TOPIC, 0);
        let note = Note::UnflushedLost { broker: BrokerId(0), partition, from: 1, to: 0 };
        bench.notes().any(|other| *other == note)
    };
    assert!(lost(&[], 20_000), "nobody flushes for 30 s");
    assert!(!lost(&[], 31_000), "the operating system does");
    assert!(!lost(&[("flush.messages", "1")], 0), "Kafka does, after each record");
    assert!(!lost(&[("flush.ms", "1000")], 3_000), "Kafka does, every second");
}

#[test]
fn a_broker_whose_disk_is_full_halts_and_cannot_start_before_it_is_freed() {
    let mut bench = Bench::new(cluster(1), &[0], &[]);
    bench.apply(Command::FillDisk { node: node(0) });
    assert_eq!(bench.refused(Command::FillDisk { node: node(0) }), "the disk of broker 0 is full already");
    bench.run_ms(1_000);
    assert_eq!(bench.table("Machines in trouble"), [["broker 0", "full", "right"]]);
    bench.apply(send(PRODUCER, &["m2"]));
    bench.until(|world| !world.is_running(node(0)));
    assert!(bench.has(&EventKind::NodeHalted));
    assert!(bench.notes().any(|note| *note == Note::LogDirFailed { broker: BrokerId(0) }));
    let refused = |note: &Note| matches!(note, Note::BatchRefused { error: ErrorCode::KafkaStorageError, .. });
    assert!(bench.notes().any(refused), "the producer is told KAFKA_STORAGE_ERROR");
    assert_eq!(log_end(&bench.world, 0), 1);
    bench.events.clear();
    bench.apply(start(node(0)));
    assert!(bench.has(&EventKind::NodeHalted) && !bench.world.is_running(node(0)), "it halts again");
    bench.apply(Command::FreeDisk { node: node(0) });
    bench.apply(start(node(0)));
    bench.until(|world| leads(world, 0) && acknowledged(world, PRODUCER) == 2);
    assert_eq!(log_end(&bench.world, 0), 2, "the producer has tried again");
    assert_eq!(bench.refused(Command::FreeDisk { node: node(0) }), "the disk of broker 0 is not full");
}

#[test]
fn a_follower_whose_disk_is_full_halts_and_the_others_go_on() {
    let mut bench = Bench::new(cluster(3), &[0, 1, 2], &[]);
    bench.apply(Command::FillDisk { node: node(1) });
    bench.apply(send(PRODUCER, &["m2"]));
    bench.until(|world| acknowledged(world, PRODUCER) == 2);
    assert!(!bench.world.is_running(node(1)));
    assert_eq!(isr(&bench.world), [0, 2]);
    assert_eq!(log_end(&bench.world, 1), 1);
}

#[test]
fn a_controller_whose_disk_is_full_halts() {
    let mut bench = Bench::new(ClusterSpec { controllers: 3, ..cluster(1) }, &[0], &[]);
    let follower = bench.world.controllers().find(|(_, controller)| !controller.is_active());
    let id: ControllerId = follower.map(|(_, controller)| controller.setup.id).expect("there are three");
    bench.apply(Command::FillDisk { node: NodeId::Controller(id) });
    bench.run_ms(500);
    assert!(bench.world.is_running(NodeId::Controller(id)), "it has had nothing to write");
    let grown =
        glassbroker::kafka::protocol::admin::CreatePartitionsTopic { name: TOPIC.into(), count: 2, assignments: None };
    let request =
        glassbroker::kafka::protocol::admin::CreatePartitionsRequest { topics: vec![grown], validate_only: false };
    bench.apply(ask(2, 0, request));
    bench.until(|world| !world.is_running(NodeId::Controller(id)));
    assert!(bench.notes().any(|note| *note == Note::MetadataLogFailed { controller: id }));
    bench.until(|world| world.active_image().is_some_and(|image| image.partition(TOPIC, 1).is_some()));
}

#[test]
fn a_slow_disk_holds_up_answers_until_it_is_fast_again() {
    let mut bench = Bench::new(cluster(1), &[0], &[]);
    let usual_us = bench.round_trip_us();
    bench.apply(Command::SlowDisk { node: node(0), latency_us: 50_000 });
    let slow_us = bench.round_trip_us();
    assert!(slow_us.abs_diff(usual_us + 50_000) < 2_000, "{usual_us} µs, then {slow_us} µs");
    bench.apply(Command::SlowDisk { node: node(0), latency_us: 0 });
    assert!(bench.round_trip_us() < usual_us + 2_000);
    let client = bench.world.client_named(PRODUCER).expect("it is there");
    let refused = bench.refused(Command::SlowDisk { node: client, latency_us: 1 });
    assert_eq!(refused, "client 1 is a client: it keeps nothing on a disk");
    let refused = bench.refused(Command::SlowDisk { node: node(0), latency_us: u64::MAX });
    assert!(refused.contains("at most 600000000 µs"), "{refused}");
}

#[test]
fn a_slow_link_delays_what_passes_in_its_direction() {
    let mut bench = Bench::new(cluster(1), &[0], &[]);
    let usual_us = bench.round_trip_us();
    let client = bench.world.client_named(PRODUCER).expect("it is there");
    for (one_way, by_us) in [(true, 80_000), (false, 160_000)] {
        bench.apply(Command::SlowLink { from: client, to: node(0), by_us: 80_000, one_way });
        let slow_us = bench.round_trip_us();
        assert!(slow_us.abs_diff(usual_us + by_us) < 2_000, "{usual_us} µs, then {slow_us} µs");
    }
    assert_eq!(bench.table("Links in trouble").len(), 2);
    bench.apply(Command::SlowLink { from: node(0), to: client, by_us: 0, one_way: false });
    assert!(bench.table("Links in trouble").is_empty());
    bench.run_ms(1_000);
    assert!(bench.round_trip_us() < usual_us + 2_000);
}

#[test]
fn lost_packets_are_sent_again_until_tcp_gives_up() {
    let mut bench = Bench::new(cluster(1), &[0], &[]);
    let client = bench.world.client_named(PRODUCER).expect("it is there");
    bench.apply(Command::LoseOnLink { from: client, to: node(0), loss_ppm: 500_000, one_way: true });
    let times: Vec<u64> = (0..40).map(|_| bench.round_trip_us() / 100_000).collect();
    for delay in [0, 2, 6] {
        assert!(times.contains(&delay), "200 ms for the first loss, 400 ms more for the second: {times:?}");
    }
    // All packets are lost: the request is given up 200 ms + 400 ms + … + 120 s + 120 s later, unless its sender does so
    // before.
    bench.apply(Command::LoseOnLink { from: client, to: node(0), loss_ppm: 1_000_000, one_way: true });
    bench.apply(send(PRODUCER, &["lost"]));
    bench.until(|world| !travelling(world, ApiKey::Produce, true).is_empty());
    let message = travelling(&bench.world, ApiKey::Produce, true)[0];
    let transit = &bench.world.transits()[&message];
    assert_eq!(transit.retransmissions, 15);
    let gives_up_after = transit.due_at.since(transit.departs_at) / 1_000_000;
    assert_eq!(gives_up_after, 924, "seconds, as Linux does with its defaults");
    let refused = bench.refused(Command::LoseOnLink { from: node(0), to: node(0), loss_ppm: 1, one_way: true });
    assert_eq!(refused, "broker 0 has no link to itself");
    let refused = bench.refused(Command::LoseOnLink { from: client, to: node(0), loss_ppm: 1_000_001, one_way: true });
    assert!(refused.contains("1000001 packets in a million"), "{refused}");
}

#[test]
fn a_wrong_clock_stamps_records_and_leaves_timers_alone() {
    let mut bench = Bench::new(cluster(1), &[0], &[]);
    let client = bench.world.client_named(PRODUCER).expect("it is there");
    let usual_us = bench.round_trip_us();
    bench.apply(Command::SkewClock { node: client, by_ms: -60_000 });
    let sent_ms = bench.world.wall_clock_ms() - 60_000;
    assert!(bench.round_trip_us() < usual_us + 2_000, "linger.ms is as long as before");
    let partition = TopicPartition::new(TOPIC, 0);
    let stamp = |world: &World| {
        let log = world.broker(BrokerId(0)).and_then(|it| it.partition(&partition)).expect("it has one").log();
        log.batches().next_back().expect("it is not empty").max_timestamp()
    };
    assert!((sent_ms..sent_ms + 100).contains(&stamp(&bench.world)), "CreateTime is the producer's");
    assert_eq!(bench.table("Machines in trouble"), [[PRODUCER, "as it should be", "1 min behind"]]);
    // More than an hour ahead of the broker's clock: refused.
    bench.apply(Command::SkewClock { node: client, by_ms: 7_200_000 });
    bench.apply(send(PRODUCER, &["future"]));
    bench.run_ms(1_000);
    let refused = |note: &Note| matches!(note, Note::BatchRefused { error: ErrorCode::InvalidTimestamp, .. });
    assert!(bench.notes().any(refused));
    // The broker's own clock is what it is compared with.
    bench.apply(Command::SkewClock { node: node(0), by_ms: 7_200_000 });
    bench.apply(send(PRODUCER, &["present"]));
    let known = acknowledged(&bench.world, PRODUCER);
    bench.until(|world| acknowledged(world, PRODUCER) > known);
    bench.apply(Command::SkewClock { node: client, by_ms: 0 });
    bench.apply(Command::SkewClock { node: node(0), by_ms: 0 });
    assert!(bench.table("Machines in trouble").is_empty());
}

#[test]
fn troubles_are_told_and_can_be_had_and_mended_by_a_click() {
    let mut bench = Bench::new(cluster(2), &[0, 1], &[]);
    let commands = [
        Command::SlowDisk { node: node(0), latency_us: 100_000 },
        Command::SkewClock { node: node(0), by_ms: 7_200_000 },
        Command::FillDisk { node: node(0) },
        Command::SlowLink { from: node(0), to: node(1), by_us: 200_000, one_way: false },
        Command::LoseOnLink { from: node(0), to: node(1), loss_ppm: 100_000, one_way: false },
    ];
    let offered = |bench: &Bench, command: &Command| {
        let frame = frame(&bench.world, &Watch::default());
        let things = [Thing::Broker(BrokerId(0)), Thing::Link(node(0), node(1))];
        things.iter().flat_map(|thing| offers(&frame, thing)).any(|offer| offer.command == *command)
    };
    let mends = [
        Command::SlowDisk { node: node(0), latency_us: 0 },
        Command::SkewClock { node: node(0), by_ms: 0 },
        Command::FreeDisk { node: node(0) },
        Command::SlowLink { from: node(0), to: node(1), by_us: 0, one_way: false },
        Command::LoseOnLink { from: node(0), to: node(1), loss_ppm: 0, one_way: false },
    ];
    for (command, mend) in commands.iter().zip(&mends) {
        assert!(offered(&bench, command) && !offered(&bench, mend), "{command:?}");
        bench.apply(command.clone());
        assert!(offered(&bench, mend) && !offered(&bench, command), "{mend:?}");
    }
    assert!(offered(&bench, &Command::LosePower { node: node(0) }));
    bench.apply(Command::LosePower { node: node(0) });
    let said = bench.says().join("\n");
    for part in
        ["slow: each append", "2 h ahead", "is full", "take 200 ms more", "10 % of the packets", "power of broker 0"]
    {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn troubles_change_the_state_hash_and_survive_a_clone() {
    let bench = Bench::new(cluster(1), &[0], &[]);
    let commands = [
        Command::SlowDisk { node: node(0), latency_us: 1 },
        Command::FillDisk { node: node(0) },
        Command::SkewClock { node: node(0), by_ms: 1 },
        Command::SlowLink { from: CONTROLLER, to: node(0), by_us: 1, one_way: true },
        Command::LoseOnLink { from: CONTROLLER, to: node(0), loss_ppm: 1, one_way: true },
    ];
    let mut hashes: Vec<u64> = commands
        .iter()
        .map(|command| {
            let mut world = bench.world.clone();
            world.apply(command).expect("it makes sense");
            let mut again = world.clone();
            world.run_until(world.now().plus_ms(5_000));
            again.run_until(again.now().plus_ms(5_000));
            assert_eq!(world.state_hash(), again.state_hash(), "{command:?}");
            world.state_hash()
        })
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), commands.len());
    assert!(bench.world.now() > SimTime::ZERO);
}

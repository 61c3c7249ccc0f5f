//! The picture: whatever the state and however wide the page, nothing overlaps, everything is inside, and nothing is
//! too small to read.
//!
//! With `STAGE_PICTURES=<folder>` the fixtures are written there as SVG, to be looked at.

mod stage_fixtures;

use glassbroker::stage::geometry::Rect;
use glassbroker::stage::scene::Scene;
use glassbroker::stage::{Frame, Viewport, draw_list, layout, svg, tables};
use stage_fixtures as fixture;

fn scene(frame: &Frame, width: f32) -> Scene {
    layout(frame, Viewport { width, height: 620.0 })
}

fn check(frame: &Frame, width: f32, case: &str) {
    let scene = scene(frame, width);
    let picture = Rect::new(-0.5, -0.5, scene.width + 1.0, scene.height + 1.0);
    let within = |rect: &Rect| {
        rect.x >= picture.x
            && rect.y >= picture.y
            && rect.right() <= picture.right()
            && rect.bottom() <= picture.bottom()
    };
    let texts: Vec<_> = scene.texts().map(|text| (text, text.bounds())).collect();
    for (text, bounds) in &texts {
        assert!(text.size >= 12.0, "{case}: {:?} is {} pixels high", text.text, text.size);
        assert!(within(bounds), "{case}: {:?} at {bounds:?} leaves the picture", text.text);
    }
    for (index, (text, bounds)) in texts.iter().enumerate() {
        for (other, other_bounds) in &texts[index + 1..] {
            assert!(
                !bounds.overlaps(other_bounds),
                "{case}: {:?} at {bounds:?} covers {:?} at {other_bounds:?}",
                text.text,
                other.text
            );
        }
    }
    for item in scene.items.iter().filter(|item| item.thing.is_some()) {
        assert!(!item.name.is_empty(), "{case}: {:?} has no name", item.thing);
        assert!(within(&item.hit), "{case}: {:?} at {:?} leaves the picture", item.thing, item.hit);
        assert!(item.hit.width > 0.0 && item.hit.height > 0.0, "{case}: {:?} cannot be hit", item.thing);
    }
    let in_crowds: usize = scene.crowds.iter().map(|crowd| crowd.messages.len()).sum();
    assert_eq!(scene.tracks.len() + in_crowds, frame.messages.len(), "{case}: every message has a way");
    for track in &scene.tracks {
        for point in &track.way.points {
            assert!(picture.contains(*point), "{case}: message {} leaves the picture at {point:?}", track.message);
        }
        let bounds = draw_list::bounds(&scene, track.sent_us, track.message);
        if let Some(bounds) = bounds {
            assert!(
                bounds.x >= -1.0 && bounds.right() <= scene.width + 1.0,
                "{case}: message {} at {bounds:?}",
                track.message
            );
        }
    }
}

const WIDTHS: [f32; 12] = [300.0, 320.0, 370.0, 430.0, 559.0, 560.0, 648.0, 859.0, 860.0, 964.0, 1_280.0, 1_600.0];

#[test]
fn nothing_overlaps_in_known_frames() {
    for (name, frame) in fixture::known() {
        for width in WIDTHS {
            check(&frame, width, &format!("{name} at {width}"));
        }
    }
}

#[test]
fn nothing_overlaps_in_any_frame() {
    for seed in 0..150 {
        let frame = fixture::any(seed);
        for width in WIDTHS {
            check(&frame, width, &format!("seed {seed} at {width}"));
        }
    }
}

#[test]
fn an_empty_cluster_is_a_picture_too() {
    for width in WIDTHS {
        check(&Frame::default(), width, &format!("nothing at {width}"));
    }
}

#[test]
fn what_is_wrong_with_links_and_machines_is_marked() {
    let frame = fixture::weather();
    for width in WIDTHS {
        let scene = scene(&frame, width);
        let named = |part: &str| scene.items.iter().filter(|item| item.name.contains(part)).count();
        for words in [
            "to broker 1 500 ms slower; to broker 0 500 ms slower",
            "loses 20 % of the packets",
            "0.5 %",
            "cut one way",
        ] {
            assert_eq!(named(words), 1, "{words} at {width}");
        }
        assert_eq!((named("slow disk"), named("disk full, clock 90 s behind")), (1, 1), "at {width}");
        assert!(scene.texts().any(|text| text.text.starts_with("clock 6")), "the producer's clock at {width}");
    }
}

#[test]
fn ten_thousand_messages_become_strips() {
    let mut frame = fixture::login();
    let template = frame.messages.clone();
    frame.messages = (0..10_000)
        .map(|id| {
            let mut message = template[id as usize % 2].clone();
            message.id = id;
            message.sent_us = 2_412 - id % 300;
            message.due_us = message.sent_us + 300;
            message
        })
        .collect();
    let scene = scene(&frame, 964.0);
    let list = draw_list::draw_list(&scene, frame.time_us);
    assert!(list.len() < 200, "{} things to paint", list.len());
}

#[test]
fn a_message_can_be_pointed_at_where_it_is_drawn() {
    let frame = fixture::login();
    let scene = scene(&frame, 964.0);
    for message in &frame.messages {
        let bounds = draw_list::bounds(&scene, frame.time_us, message.id).expect("it is on its way");
        assert_eq!(draw_list::hit(&scene, frame.time_us, bounds.centre()), Some(message.id));
    }
}

#[test]
fn every_thing_in_a_scene_is_read_back_from_its_name() {
    for item in scene(&fixture::busy(), 964.0).items {
        if let Some(thing) = item.thing {
            assert_eq!(thing.to_string().parse(), Ok(thing));
        }
    }
}

#[test]
fn every_row_of_a_table_has_all_its_cells() {
    for seed in 0..60 {
        for table in tables::tables(&fixture::any(seed)) {
            for row in &table.rows {
                assert_eq!(row.len(), table.columns.len(), "{} of seed {seed}: {row:?}", table.title);
            }
        }
    }
}

#[test]
fn a_frame_survives_its_own_text() {
    let frame = fixture::busy();
    let text = serde_json::to_string(&frame).expect("a frame can be written");
    assert_eq!(serde_json::from_str::<Frame>(&text).expect("and read"), frame);
}

#[test]
fn pictures_for_the_eye() {
    let Ok(folder) = std::env::var("STAGE_PICTURES") else { return };
    for (name, frame) in fixture::known() {
        for width in [964.0_f32, 648.0, 370.0, 1_240.0] {
            let height = if width > 900.0 { 640.0 } else { 560.0 };
            let scene = layout(&frame, Viewport { width, height });
            let markup = svg::markup(&svg::still(&scene, frame.time_us));
            std::fs::write(format!("{folder}/{name}-{width}.svg"), markup).expect("the folder can be written to");
        }
    }
}

mod live {
    //! The same checks on frames of a cluster that really runs.

    use glassbroker::kafka::client::application::{Application, CommitStyle};
    use glassbroker::kafka::client::call::{ConsumerCall, ProducerCall, ProducerRecord, WireCall};
    use glassbroker::kafka::ids::{NodeId, SimTime, TopicName};
    use glassbroker::kafka::protocol::Request;
    use glassbroker::kafka::protocol::admin::{CreatableTopic, CreateTopicsRequest};
    use glassbroker::sim::{ClusterSpec, Command, World};
    use glassbroker::stage::frame::{FlowState, Frame, Life, Role};
    use glassbroker::stage::{Viewport, Watch, frame, layout, svg};

    fn obey(world: &mut World, command: Command) {
        world.apply(&command).expect("the command can be obeyed");
    }

    fn properties(of: &[(&str, &str)]) -> glassbroker::kafka::config::Properties {
        of.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    fn login(user: &str) -> ProducerRecord {
        ProducerRecord {
            topic: "user-events".into(),
            partition: None,
            timestamp: None,
            key: Some(user.into()),
            value: Some(format!("{{\"user_id\": {user}, \"action\": \"login\"}}").into()),
            headers: Vec::new(),
        }
    }

    /// Three brokers, one topic with three copies, a producer and a consumer at rest.
    fn cluster() -> World {
        let mut world = World::new(ClusterSpec::new(3, 3), 7).expect("the specification is sound");
        world.run_until(SimTime::from_ms(8_000));
        let topic = CreatableTopic {
            name: "user-events".into(),
            num_partitions: 1,
            replication_factor: 3,
            assignments: Vec::new(),
            configs: Vec::new(),
        };
        let request =
            Request::CreateTopics(CreateTopicsRequest { topics: vec![topic], timeout_ms: 1_000, validate_only: false });
        let call = WireCall::Send { ticket: 0, to: NodeId::broker(0), connection: 0, request: Box::new(request) };
        obey(&mut world, Command::Wire { call });
        world.run_until(SimTime::from_ms(9_000));
        obey(&mut world, Command::StartProducer { name: "producer-1".into(), config: properties(&[]) });
        let application =
            Application { poll_loop: true, commit: CommitStyle::AfterEachRecord, ..Application::default() };
        let config = properties(&[
            ("group.id", "login-service"),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
        ]);
        obey(&mut world, Command::StartConsumer { name: "consumer-1".into(), config, application });
        let topics: Vec<TopicName> = vec!["user-events".into()];
        obey(&mut world, Command::Consumer { name: "consumer-1".into(), call: ConsumerCall::Subscribe(topics) });
        world.run_until(SimTime::from_ms(20_000));
        for user in ["7", "123", "9", "123"] {
            send(&mut world, user);
            world.run_until(world.now().plus_ms(700));
        }
        world
    }

    fn send(world: &mut World, user: &str) {
        let call = ProducerCall::Send(vec![login(user)]);
        obey(world, Command::Producer { name: "producer-1".into(), call });
    }

    fn look(world: &World) -> Frame {
        frame(world, &Watch::default())
    }

    /// Frames after each step, until nothing is left of the record's journey.
    fn journey(world: &mut World) -> Vec<Frame> {
        let until = world.now().plus_ms(100);
        let mut frames = vec![look(world)];
        while world.next_step_at().is_some_and(|at| at < until) {
            world.step();
            frames.push(look(world));
        }
        frames
    }

    #[test]
    fn a_record_is_seen_on_every_station_of_its_way() {
        let mut world = cluster();
        send(&mut world, "123");
        let frames = journey(&mut world);
        let mut seen: Vec<[FlowState; 8]> = Vec::new();
        for frame in &frames {
            let flow = &frame.flow;
            let now = [
                flow.message,
                flow.persistence,
                flow.disk,
                flow.replication,
                flow.replicas,
                flow.ack,
                flow.processing,
                flow.offset_commit,
            ];
            for (before, after) in seen.last().into_iter().flat_map(|before| before.iter().zip(&now)) {
                let back = *before == FlowState::Done && *after != FlowState::Done;
                assert!(!back, "a station is left again: {before:?} then {after:?} in {flow:?}");
            }
            seen.push(now);
        }
        assert_eq!(seen.last(), Some(&[FlowState::Done; 8]));
        assert!(seen.iter().any(|now| now[3] == FlowState::Now && now[5] == FlowState::Now), "it waits for replicas");
        assert!(frames.iter().any(|frame| {
            frame
                .brokers
                .iter()
                .any(|broker| broker.replicas.iter().any(|replica| !replica.waiting_produces.is_empty()))
        }));
        assert!(frames.iter().any(|frame| frame.messages.iter().any(|message| message.records > 0)));
        let last = frames.last().expect("there are frames");
        let leader = last.partitions.last().and_then(|partition| partition.leader).expect("it has a leader");
        let replica = last.replica(leader, &last.partitions.last().expect("a partition").partition);
        let replica = replica.expect("the leader has a copy");
        assert_eq!((replica.role, replica.high_watermark, replica.log_end_offset), (Role::Leader, 5, 5));
        let marks: Vec<Option<u8>> = replica.cells.iter().map(|cell| cell.mark).collect();
        assert_eq!(marks, [Some(0), Some(1), Some(2), Some(1), Some(1)]);
        assert!(frames.iter().any(|frame| frame.sentence.contains("writes the record to its log of user-events-0")));
    }

    #[test]
    fn every_frame_of_a_journey_with_a_death_is_a_sound_picture() {
        let mut world = cluster();
        send(&mut world, "9");
        let mut frames = journey(&mut world);
        let leader = frames.last().and_then(|frame| frame.partitions.last()?.leader).expect("there is a leader");
        obey(&mut world, Command::Kill { node: NodeId::Broker(leader) });
        send(&mut world, "7");
        frames.push(look(&world));
        frames.extend(journey(&mut world));
        world.run_until(world.now().plus_ms(30_000));
        frames.push(look(&world));
        let last = frames.last().expect("there are frames");
        assert_eq!(last.broker(leader).map(|broker| (broker.life, broker.fenced)), Some((Life::Down, true)));
        assert_ne!(last.partitions.last().and_then(|partition| partition.leader), Some(leader));
        for (index, frame) in frames.iter().enumerate() {
            for width in [340.0, 648.0, 964.0] {
                super::check(frame, width, &format!("frame {index} at {width}: {}", frame.sentence));
            }
        }
    }

    #[test]
    fn pictures_of_a_journey_for_the_eye() {
        let Ok(folder) = std::env::var("STAGE_PICTURES") else { return };
        let mut world = cluster();
        send(&mut world, "123");
        for (index, frame) in journey(&mut world).iter().enumerate() {
            println!("{index}: {} {}", frame.time_us, frame.sentence);
            let scene = layout(frame, Viewport { width: 964.0, height: 640.0 });
            let markup = svg::markup(&svg::still(&scene, frame.time_us));
            std::fs::write(format!("{folder}/live{index}-964.svg"), markup).expect("the folder can be written to");
        }
    }
}

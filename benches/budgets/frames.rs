//! How long a frame takes while many messages are on their way: the stage of the page, on a real canvas.

use std::cell::{Cell, RefCell};

use glassbroker::app::shared::Shared;
use glassbroker::app::stage_view::StageView;
use glassbroker::kafka::client::call::{ProducerCall, WireCall};
use glassbroker::kafka::ids::{NodeId, SimTime, TopicId};
use glassbroker::kafka::protocol::Request;
use glassbroker::kafka::protocol::fetch::{FetchPartition, FetchRequest, Fetcher, IsolationLevel};
use glassbroker::kafka::protocol::fetch_metadata::FetchMetadata;
use glassbroker::kafka::protocol::produce::{Acks, PartitionProduceData, ProduceRequest};
use glassbroker::kafka::record::{ProducerSequence, RecordBatchBuilder};
use glassbroker::sim::{Command, World};
use glassbroker::stage::{Frame, Thing, Watch, frame};
use yew::prelude::*;

use super::traffic::{TOPIC, cluster, properties, record};

/// Virtual time between two frames: the page's default speed at sixty frames a second.
const FRAME_US: u64 = 8;

thread_local! {
    static STAGE: RefCell<Option<yew::AppHandle<Crowd>>> = const { RefCell::new(None) };
}

/// Shows a cluster with so many messages on their way.
pub fn mount(messages: u32) {
    yew::set_event_bubbling(true);
    let root = web_sys::window()
        .and_then(|window| window.document()?.get_element_by_id("app"))
        .expect("the page of the measurements has a place for the stage");
    let handle = yew::Renderer::<Crowd>::with_root_and_props(root, CrowdProps { messages }).render();
    STAGE.with(|stage| *stage.borrow_mut() = Some(handle));
}

/// Moves the clock on by a frame, and first by a step if asked to. Returns how many messages are on their way.
pub fn advance(with_step: bool) -> usize {
    STAGE.with(|stage| {
        let stage = stage.borrow();
        let stage = stage.as_ref().expect("the stage is mounted");
        if with_step {
            stage.send_message(Msg::Step);
        }
        stage.get_component().map_or(0, |crowd| {
            crowd.clock.set(crowd.clock.get() + FRAME_US);
            crowd.world.transits().len()
        })
    })
}

#[derive(Properties, PartialEq, Clone, Copy)]
struct CrowdProps {
    messages: u32,
}

enum Msg {
    Step,
}

/// What the page does with the stage while it plays.
struct Crowd {
    world: World,
    clock: Shared<Cell<u64>>,
    frame: Shared<Frame>,
}

impl Component for Crowd {
    type Message = Msg;
    type Properties = CrowdProps;

    fn create(ctx: &Context<Crowd>) -> Crowd {
        let world = crowded(ctx.props().messages);
        let clock = Cell::new(world.now().0).into();
        let frame = frame(&world, &Watch::default()).into();
        Crowd { world, clock, frame }
    }

    fn update(&mut self, _ctx: &Context<Crowd>, Msg::Step: Msg) -> bool {
        self.world.step();
        self.clock.set(self.world.now().0);
        self.frame = frame(&self.world, &Watch::default()).into();
        true
    }

    fn view(&self, _ctx: &Context<Crowd>) -> Html {
        html! {
            <StageView frame={self.frame.clone()} playing={true} clock={self.clock.clone()} reduced={false} embedded={false}
                selected={None::<Thing>} lit={None::<Thing>} on_select={Callback::noop()} on_hover={Callback::noop()} />
        }
    }
}

/// A cluster at the moment at which so many requests have been sent to its brokers, each on its own connection: every
/// second one writes, the others read.
fn crowded(messages: u32) -> World {
    let mut world = cluster();
    world.run_until(SimTime::from_ms(3_000));
    let producer = "web-app".to_string();
    let call = ProducerCall::Send(vec![record(Some("123".into()), b"login".to_vec())]);
    for command in [
        Command::StartProducer { name: producer.clone(), config: properties(&[]) },
        Command::Producer { name: producer, call },
    ] {
        world.apply(&command).expect("the producer is new");
    }
    world.run_until(SimTime::from_ms(6_000));
    let topic = world.active_image().and_then(|image| image.topic(TOPIC)).map(|topic| topic.topic_id);
    let topic = topic.expect("the producer has made the topic");
    for number in 0..messages {
        let request = if number % 2 == 0 { produce(topic, number) } else { fetch(topic, number) };
        let to = NodeId::broker((number % 3) as i32);
        let call = WireCall::Send { ticket: number, to, connection: number, request: Box::new(request) };
        world.apply(&Command::Wire { call }).expect("the brokers are there");
        // They are sent one after the other, so that they are on all parts of their way.
        let paused = world.next_step_at().filter(|at| *at <= world.now().plus_us(1));
        if number % (messages / 300).max(1) == 0 && paused.is_none() {
            world.run_until(world.now().plus_us(1));
        }
    }
    world
}

fn partition_of(number: u32) -> i32 {
    (number / 3 % 3) as i32
}

fn produce(topic_id: TopicId, number: u32) -> Request {
    let mut builder = RecordBatchBuilder::new(16_384);
    for record in 0..3 {
        let key = ((number + record) % 8).to_string();
        builder.append(1_705_314_600_000, Some(key.as_bytes()), Some(b"login"), &[]);
    }
    let batches = vec![builder.finish(ProducerSequence::NONE)];
    let partitions = vec![PartitionProduceData { topic_id, partition: partition_of(number), batches }];
    Request::Produce(ProduceRequest { acks: Acks::All, timeout_ms: 30_000, partitions })
}

fn fetch(topic_id: TopicId, number: u32) -> Request {
    Request::Fetch(FetchRequest {
        fetcher: Fetcher::Consumer,
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 1_048_576,
        isolation: IsolationLevel::ReadUncommitted,
        rack_id: String::new(),
        partitions: vec![FetchPartition {
            topic_id,
            partition: partition_of(number),
            current_leader_epoch: None,
            fetch_offset: 0,
            last_fetched_epoch: None,
            log_start_offset: -1,
            partition_max_bytes: 1_048_576,
        }],
        session: FetchMetadata::LEGACY,
        forgotten: Vec::new(),
    })
}

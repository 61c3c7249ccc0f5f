//! A cluster with something to do: a producer that sends every few milliseconds, and a group of two that reads.

use glassbroker::kafka::client::application::{Application, CommitStyle};
use glassbroker::kafka::client::call::{ConsumerCall, ProducerCall, ProducerRecord};
use glassbroker::kafka::config::Properties;
use glassbroker::kafka::ids::SimTime;
use glassbroker::sim::{ClusterSpec, Command, World};
use glassbroker::timeline::{Director, Observation};

pub const TOPIC: &str = "user-events";
const SEED: u64 = 20_260_101;
/// Virtual time between two sends, at least: they come with the next thing that happens in the cluster.
const SEND_EVERY_MS: u64 = 20;
/// Virtual time between two idea steps: about as often as in a lesson.
const MARK_EVERY_MS: u64 = 1_000;

/// Three controllers, three brokers, and topics of three partitions with three replicas.
pub fn cluster() -> World {
    let spec = ClusterSpec::new(3, 3).with("num.partitions", "3").with("default.replication.factor", "3");
    World::new(spec, SEED).expect("Kafka takes these properties")
}

pub fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

pub fn record(key: Option<String>, value: Vec<u8>) -> ProducerRecord {
    ProducerRecord {
        topic: TOPIC.into(),
        partition: None,
        timestamp: None,
        key: key.map(String::into_bytes),
        value: Some(value),
        headers: Vec::new(),
    }
}

/// Gives the commands of the traffic, as the director of a lesson gives those of the lesson.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    started: bool,
    sends: u64,
    next_send: SimTime,
    next_mark: SimTime,
}

impl Traffic {
    fn start(&mut self, world: &World) -> Vec<Command> {
        self.started = true;
        self.next_send = world.now().plus_ms(200);
        let consumer = |name: &str| {
            let config = properties(&[
                ("group.id", "login-service"),
                ("auto.offset.reset", "earliest"),
                ("enable.auto.commit", "false"),
            ]);
            let application = Application {
                poll_loop: true,
                poll_timeout_ms: 100,
                processing_us: 500,
                commit: CommitStyle::AfterProcessing,
            };
            let subscribe = ConsumerCall::Subscribe(vec![TOPIC.into()]);
            [
                Command::StartConsumer { name: name.into(), config, application },
                Command::Consumer { name: name.into(), call: subscribe },
            ]
        };
        let mut commands = vec![Command::StartProducer { name: "web-app".into(), config: Properties::new() }];
        commands.extend(consumer("login-service-1"));
        commands.extend(consumer("login-service-2"));
        commands
    }

    fn send(&mut self) -> Command {
        let number = self.sends;
        self.sends += 1;
        let value = format!("{{\"user_id\": {}, \"action\": \"login\", \"number\": {number}}}", number % 97);
        let records = vec![record(Some((number % 97).to_string()), value.into_bytes())];
        Command::Producer { name: "web-app".into(), call: ProducerCall::Send(records) }
    }
}

impl Director for Traffic {
    type Mark = u64;

    fn observe(&mut self, world: &World) -> Observation<u64> {
        let mut observation = Observation::default();
        if !self.started {
            if world.brokers().all(|(_, broker)| broker.is_running()) && world.now() >= SimTime::from_ms(2_000) {
                observation.commands = self.start(world);
            }
        } else if world.now() >= self.next_send {
            self.next_send = world.now().plus_ms(SEND_EVERY_MS);
            observation.commands.push(self.send());
        }
        if world.now() >= self.next_mark {
            self.next_mark = world.now().plus_ms(MARK_EVERY_MS);
            observation.mark = Some(self.sends);
        }
        observation
    }
}

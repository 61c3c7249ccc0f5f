//! What is drawn before a run.

use super::draw::Draw;
use super::fault::Fault;
use crate::kafka::client::application::{Application, CommitStyle};
use crate::kafka::config::Properties;
use crate::kafka::ids::TopicName;
use crate::kafka::random::Random;
use crate::sim::cluster::{ClusterSpec, NetworkSpec};

/// Stream of the draws that make a plan; nodes have streams below a million.
const STREAM: u64 = 1_000_000;

/// The topic that is written and read.
pub const TOPIC: &str = "events";
/// The group that reads it.
pub const GROUP: &str = "readers";

/// One random schedule before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub cluster: ClusterSpec,
    pub topic: TopicPlan,
    pub producers: Vec<ProducerPlan>,
    pub consumers: Vec<ConsumerPlan>,
    pub weather: Weather,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPlan {
    pub partitions: i32,
    pub replication_factor: i16,
    pub min_insync_replicas: i16,
    /// Settings of a compacted topic; None: it is not compacted.
    pub compaction: Option<Properties>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerPlan {
    pub name: String,
    pub config: Properties,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerPlan {
    pub name: String,
    pub config: Properties,
    pub application: Application,
}

/// How rough the safety phase is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Faults that occur in this run, and how often compared with each other.
    pub faults: Vec<(Fault, u64)>,
    /// Acts of the safety phase: sends and faults.
    pub acts: u32,
    /// How many of a hundred acts are sends.
    pub sends_percent: u64,
    /// Most steps, and most virtual milliseconds, from one act to the next.
    pub longest_wait_steps: u64,
    pub longest_wait_ms: u64,
    /// How long a fault lasts at most, virtual milliseconds; some last until everything is mended.
    pub longest_fault_ms: u64,
    /// How many processes of one kind may be away at the same time.
    pub most_brokers_away: usize,
    pub most_controllers_away: usize,
    /// Whether faults begin before the cluster has come up.
    pub from_the_start: bool,
}

fn set(properties: &mut Properties, name: &str, value: impl ToString) {
    properties.insert(name.into(), value.to_string());
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Plan {
        let random = &mut Random::stream(seed, STREAM);
        let brokers: i16 = random.one_of(&[1, 2, 3, 3, 3, 3, 4, 5]);
        let controllers: u32 = random.one_of(&[1, 3, 3, 3, 5]);
        let replication_factor = random.one_of(&[brokers.min(3), brokers.min(3), brokers.min(2), 1, brokers]);
        let topic = TopicPlan {
            partitions: random.one_of(&[1, 1, 2, 3, 4]),
            replication_factor,
            min_insync_replicas: random.between(1, replication_factor.min(3) as u64) as i16,
            compaction: None,
        };
        let mut plan = Plan {
            seed,
            cluster: cluster(brokers, controllers, random),
            topic,
            producers: (1..=random.one_of(&[1, 1, 2, 3])).map(|number| producer(number, random)).collect(),
            consumers: consumers(random),
            weather: Weather::draw(brokers as u64, u64::from(controllers), random),
        };
        if random.percent(15) {
            plan.compact(random);
        }
        for producer in &mut plan.producers {
            if random.percent(15) {
                set(&mut producer.config, "compression.type", random.one_of(&["gzip", "snappy", "lz4", "zstd"]));
            }
        }
        plan
    }

    /// The topic is compacted, in small segments and by cleaners that look often.
    fn compact(&mut self, random: &mut Random) {
        set(&mut self.cluster.config, "log.cleaner.backoff.ms", random.one_of(&[50, 500, 3_000]));
        let mut topic = Properties::new();
        set(&mut topic, "cleanup.policy", "compact");
        set(&mut topic, "segment.ms", random.one_of(&[1, 20, 300]));
        set(&mut topic, "min.cleanable.dirty.ratio", random.one_of(&["0.01", "0.5"]));
        set(&mut topic, "delete.retention.ms", random.one_of(&[0, 100, 2_000]));
        set(&mut topic, "min.compaction.lag.ms", random.one_of(&[0, 0, 500]));
        if random.percent(20) {
            set(&mut topic, "max.compaction.lag.ms", 1_000);
        }
        self.topic.compaction = Some(topic);
    }

    /// The topic's name, shared.
    pub fn topic_name(&self) -> TopicName {
        TOPIC.into()
    }
}

fn cluster(brokers: i16, controllers: u32, random: &mut Random) -> ClusterSpec {
    let mut spec = ClusterSpec::new(controllers, i32::from(brokers));
    let config = &mut spec.config;
    // A topic that is missing is made by the schedule, with the partitions of its plan.
    set(config, "auto.create.topics.enable", false);
    set(config, "offsets.topic.num.partitions", random.one_of(&[1, 1, 2]));
    set(config, "offsets.topic.replication.factor", brokers.min(3));
    set(config, "min.insync.replicas", random.one_of(&[1, 1, 2]));
    set(config, "group.initial.rebalance.delay.ms", random.one_of(&[0, 200, 3_000]));
    set(config, "group.min.session.timeout.ms", 1_000);
    let session_ms = random.one_of(&[1_000, 3_000, 9_000]);
    set(config, "broker.session.timeout.ms", session_ms);
    set(config, "broker.heartbeat.interval.ms", random.one_of(&[session_ms / 9, session_ms / 4]));
    set(config, "replica.lag.time.max.ms", random.one_of(&[1_200, 5_000, 30_000]));
    set(config, "replica.fetch.wait.max.ms", random.one_of(&[100, 500, 500]));
    set(config, "replica.fetch.backoff.ms", random.one_of(&[50, 1_000]));
    set(config, "replica.socket.timeout.ms", random.one_of(&[1_000, 30_000]));
    set(config, "replica.high.watermark.checkpoint.interval.ms", random.one_of(&[200, 5_000]));
    set(config, "request.timeout.ms", random.one_of(&[1_000, 30_000]));
    set(config, "leader.imbalance.check.interval.seconds", random.one_of(&[2, 300]));
    // A broker that finds no controller must not give up: it may be the last process that waits for anything.
    set(config, "initial.broker.registration.timeout.ms", 3_600_000);
    if random.percent(30) {
        set(config, "controller.quorum.fetch.timeout.ms", random.one_of(&[700, 4_000]));
        set(config, "controller.quorum.election.timeout.ms", random.one_of(&[300, 1_000]));
    }
    if random.percent(4) {
        set(config, "unclean.leader.election.enable", true);
    }
    spec.eligible_leader_replicas = random.percent(75);
    let latency_us = random.one_of(&[50, 300, 300, 2_000, 15_000]);
    let jitter_us = random.one_of(&[0, latency_us / 3, latency_us * 4]);
    spec.network = NetworkSpec { latency_us, jitter_us, bytes_per_us: random.one_of(&[1, 125]) };
    spec
}

fn producer(number: u32, random: &mut Random) -> ProducerPlan {
    let mut config = Properties::new();
    let acks = random.one_of(&["all", "all", "all", "1", "0"]);
    set(&mut config, "acks", acks);
    if random.percent(25) {
        set(&mut config, "enable.idempotence", false);
        set(&mut config, "max.in.flight.requests.per.connection", random.one_of(&[1, 5, 8]));
        if random.percent(30) {
            set(&mut config, "retries", random.one_of(&[0, 2]));
        }
    } else if random.percent(30) {
        set(&mut config, "max.in.flight.requests.per.connection", random.one_of(&[1, 2]));
    }
    let linger_ms = random.one_of(&[0, 5, 5, 100]);
    let request_timeout_ms = random.one_of(&[400, 2_000, 30_000]);
    set(&mut config, "linger.ms", linger_ms);
    set(&mut config, "request.timeout.ms", request_timeout_ms);
    let delivery_timeout_ms = linger_ms + request_timeout_ms * random.one_of(&[1, 3, 10]);
    set(&mut config, "delivery.timeout.ms", delivery_timeout_ms.min(60_000));
    set(&mut config, "batch.size", random.one_of(&[90, 200, 16_384]));
    set(&mut config, "max.block.ms", random.one_of(&[500, 60_000]));
    set(&mut config, "retry.backoff.ms", random.one_of(&[10, 100]));
    set(&mut config, "metadata.max.age.ms", random.one_of(&[1_000, 300_000]));
    ProducerPlan { name: format!("producer-{number}"), config }
}

/// The members of the group: all commit alike, or else they promise nothing together.
fn consumers(random: &mut Random) -> Vec<ConsumerPlan> {
    let count = random.one_of(&[0, 1, 1, 2, 2, 3]);
    let auto = random.percent(25);
    let commit = match auto {
        true => CommitStyle::None,
        false => random.one_of(&[
            CommitStyle::AfterProcessing,
            CommitStyle::AfterProcessing,
            CommitStyle::AfterEachRecord,
            CommitStyle::BeforeProcessing,
        ]),
    };
    let reset = random.one_of(&["earliest", "earliest", "earliest", "earliest", "latest"]);
    let session_ms = random.one_of(&[1_500, 6_000, 10_000]);
    (1..=count)
        .map(|number| {
            let mut config = Properties::new();
            set(&mut config, "group.id", GROUP);
            set(&mut config, "enable.auto.commit", auto);
            set(&mut config, "auto.commit.interval.ms", random.one_of(&[200, 1_000, 5_000]));
            set(&mut config, "auto.offset.reset", reset);
            set(&mut config, "session.timeout.ms", session_ms);
            set(&mut config, "heartbeat.interval.ms", session_ms / 4);
            set(&mut config, "max.poll.interval.ms", random.one_of(&[4_000, 20_000]));
            let max_poll_records = random.one_of(&[1, 3, 500]);
            set(&mut config, "fetch.max.wait.ms", random.one_of(&[100, 500]));
            set(&mut config, "request.timeout.ms", random.one_of(&[1_000, 30_000]));
            set(&mut config, "metadata.max.age.ms", random.one_of(&[1_000, 10_000]));
            let processing_us = random.one_of(&[100, 1_000, 50_000]);
            // Who needs longer for a poll than max.poll.interval.ms is thrown out before it commits, again and again: such a
            // group never comes to rest.
            let most = if processing_us == 50_000 { 20 } else { 500 };
            set(&mut config, "max.poll.records", max_poll_records.min(most));
            let application = Application { poll_loop: true, processing_us, commit, ..Application::default() };
            ConsumerPlan { name: format!("consumer-{number}"), config, application }
        })
        .collect()
}

impl Weather {
    fn draw(brokers: u64, controllers: u64, random: &mut Random) -> Weather {
        let on_percent = random.one_of(&[15, 30, 50]);
        let mut faults = Vec::new();
        for fault in Fault::ALL {
            let (percent, most) = if fault.is_rare() { (on_percent / 3, 1) } else { (on_percent, 6) };
            if random.percent(percent) {
                faults.push((*fault, random.between(1, most)));
            }
        }
        Weather {
            faults,
            acts: random.between(15, 70) as u32,
            sends_percent: random.one_of(&[30, 50, 70]),
            longest_wait_steps: random.one_of(&[4, 20, 60]),
            longest_wait_ms: random.one_of(&[5, 50, 500, 3_000]),
            longest_fault_ms: random.one_of(&[100, 2_000, 12_000]),
            most_brokers_away: random.between(1, brokers) as usize,
            most_controllers_away: random.between(1, controllers) as usize,
            from_the_start: random.percent(15),
        }
    }
}

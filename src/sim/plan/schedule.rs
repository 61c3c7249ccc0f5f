//! Gives the commands of a plan, step by step.

use std::rc::Rc;

use super::administrator::{Administrator, is_topic_made};
use super::draw::Draw;
use super::fault::{Fault, Repair, is_going};
use super::mend::Mend;
use super::plan::{Plan, TOPIC};
use super::rest::not_at_rest;
use crate::kafka::broker::Broker;
use crate::kafka::client::call::{ConsumerCall, ProducerCall, ProducerRecord};
use crate::kafka::client::consumer::poll::Loop;
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::random::Random;
use crate::sim::network::TransitState;
use crate::sim::process::{ProcessState, ProcessStatus};
use crate::sim::{Command, World};

/// Stream of the draws that are made while a schedule runs.
const STREAM: u64 = 1_000_001;
/// How often it is looked whether a mended cluster has come to rest.
const LOOK_MS: u64 = 100;
/// How long it may take to come to rest. Longer than every time-out of every plan, several of them in a row.
pub const PATIENCE_MS: u64 = 300_000;
/// How long the cluster may take to come up before clients are started all the same.
const BOOT_MS: u64 = 20_000;
/// Most records of one call.
const MOST_RECORDS: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The cluster comes up and the topic is made.
    Boot,
    /// Load and faults.
    Safety,
    /// Everything is mended, and nothing new happens.
    Liveness,
    Over,
}

/// A moment to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Step(u64),
    Time(SimTime),
}

impl When {
    fn has_come(self, step: u64, now: SimTime) -> bool {
        match self {
            When::Step(at) => at <= step,
            When::Time(at) => at <= now,
        }
    }
}

/// A plan being played. It sees the world after each step and says what to do next; it never changes the world itself.
#[derive(Clone, Debug)]
pub struct Schedule {
    plan: Rc<Plan>,
    random: Random,
    phase: Phase,
    /// Steps seen so far.
    step: u64,
    acts_left: u32,
    next_act: When,
    repairs: Vec<(When, Repair)>,
    administrator: Administrator,
    /// Values sent so far.
    values: u32,
    healed_at: SimTime,
    next_look: SimTime,
    /// Why the mended cluster was not at rest when its time was over.
    restless: Option<String>,
}

impl Schedule {
    pub fn new(plan: Rc<Plan>) -> Schedule {
        Schedule {
            random: Random::stream(plan.seed, STREAM),
            phase: Phase::Boot,
            step: 0,
            acts_left: plan.weather.acts,
            next_act: When::Step(0),
            repairs: Vec::new(),
            administrator: Administrator::default(),
            values: 0,
            healed_at: SimTime::ZERO,
            next_look: SimTime::ZERO,
            restless: None,
            plan,
        }
    }

    pub fn plan(&self) -> &Rc<Plan> {
        &self.plan
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether it has seen no step yet.
    pub fn has_not_begun(&self) -> bool {
        self.step == 0
    }

    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Why the mended cluster did not come to rest in time; None: it did, or its time is not over.
    pub fn restless(&self) -> Option<&str> {
        self.restless.as_deref()
    }

    /// Looks at the world after a step or command; called once for each. The commands are to be given in this order,
    /// each as a step of its own; one that cannot be obeyed is passed over.
    pub fn observe(&mut self, world: &World) -> Vec<Command> {
        self.step += 1;
        match self.phase {
            Phase::Boot => self.boot(world),
            Phase::Safety => self.storm(world),
            Phase::Liveness => self.mend(world),
            Phase::Over => Vec::new(),
        }
    }

    // ---- boot

    fn boot(&mut self, world: &World) -> Vec<Command> {
        if !is_topic_made(world) && world.now() < SimTime::from_ms(BOOT_MS) && !self.plan.weather.from_the_start {
            let is_up = world.active_image().is_some_and(|image| {
                image.brokers.len() == self.plan.cluster.brokers.len()
                    && image.brokers.values().all(|it| it.is_active())
            });
            if !is_up {
                return Vec::new();
            }
            return self.administrator.make_topic(&self.plan, world, &mut self.random).into_iter().collect();
        }
        self.phase = Phase::Safety;
        let producers = self
            .plan
            .producers
            .iter()
            .map(|producer| Command::StartProducer { name: producer.name.clone(), config: producer.config.clone() });
        let consumers = self.plan.consumers.iter().flat_map(|consumer| {
            let start = Command::StartConsumer {
                name: consumer.name.clone(),
                config: consumer.config.clone(),
                application: consumer.application,
            };
            [start, subscribe(&consumer.name)]
        });
        producers.chain(consumers).collect()
    }

    // ---- the safety phase

    fn storm(&mut self, world: &World) -> Vec<Command> {
        if world.next_step_at().is_none() {
            // Two strikes of one moment have left nobody who waits for anything: time would stand still.
            return self.begin_liveness(world);
        }
        let mut commands = self.repairs_due(world);
        commands.extend(self.administrator.make_topic(&self.plan, world, &mut self.random));
        if !self.next_act.has_come(self.step, world.now()) {
            return commands;
        }
        if self.acts_left == 0 {
            return self.begin_liveness(world);
        }
        self.acts_left -= 1;
        commands.extend(self.act(world));
        let weather = &self.plan.weather;
        self.next_act = match self.random.percent(50) {
            true => When::Step(self.step + self.random.spread(weather.longest_wait_steps)),
            false => When::Time(world.now().plus_ms(self.random.spread(weather.longest_wait_ms))),
        };
        commands
    }

    fn act(&mut self, world: &World) -> Vec<Command> {
        let weather = &self.plan.weather;
        let total: u64 = weather.faults.iter().map(|(_, weight)| weight).sum();
        if total == 0 || self.random.percent(weather.sends_percent) {
            return vec![self.send()];
        }
        let mut drawn = self.random.below(total);
        let mut fault = weather.faults[0].0;
        for (candidate, weight) in &weather.faults {
            fault = *candidate;
            match drawn.checked_sub(*weight) {
                Some(rest) => drawn = rest,
                None => break,
            }
        }
        self.strike(fault, world)
    }

    fn strike(&mut self, fault: Fault, world: &World) -> Vec<Command> {
        let plan = self.plan.clone();
        let strike = fault.strike(&plan, world, &mut self.random);
        let mut commands = strike.commands;
        match strike.request {
            Some((request, Some(to))) => commands.push(self.administrator.ask_broker(request, to)),
            Some((request, None)) => commands.extend(self.administrator.ask(request, world, &mut self.random)),
            None => {}
        }
        // All that one strike did ends together. Some faults last until everything is mended.
        if !self.random.percent(20) {
            let when = match self.random.percent(30) {
                true => When::Step(self.step + self.random.spread(200)),
                false => When::Time(world.now().plus_ms(self.random.spread(plan.weather.longest_fault_ms))),
            };
            self.repairs.extend(strike.repairs.into_iter().map(|repair| (when, repair)));
        }
        commands
    }

    /// One producer sends some records, each of a value of its own.
    fn send(&mut self) -> Command {
        let plan = self.plan.clone();
        let producer = self.random.below(plan.producers.len() as u64) as usize;
        let name = plan.producers[producer].name.clone();
        if self.random.percent(4) {
            return Command::Producer { name, call: ProducerCall::Flush };
        }
        let topic = plan.topic_name();
        let records = (0..self.random.spread(MOST_RECORDS))
            .map(|_| {
                self.values += 1;
                let key = self.random.percent(50).then(|| format!("key-{}", self.random.below(4)).into_bytes());
                let partition = self.random.percent(10).then(|| self.random.below(plan.topic.partitions as u64) as i32);
                let mut value = Some(format!("value-{}", self.values).into_bytes());
                // A compacted topic takes no record without a key, and null deletes one.
                if plan.topic.compaction.is_some() {
                    value = value.filter(|_| !self.random.percent(20));
                    let number = self.random.below(4);
                    let key = if self.random.percent(95) { Some(format!("key-{number}").into_bytes()) } else { None };
                    return ProducerRecord {
                        topic: topic.clone(),
                        partition,
                        timestamp: None,
                        key,
                        value,
                        headers: vec![],
                    };
                }
                ProducerRecord { topic: topic.clone(), partition, timestamp: None, key, value, headers: Vec::new() }
            })
            .collect();
        Command::Producer { name, call: ProducerCall::Send(records) }
    }

    fn repairs_due(&mut self, world: &World) -> Vec<Command> {
        let (step, now) = (self.step, world.now());
        let mut commands = Vec::new();
        let mut later = Vec::new();
        for (when, repair) in std::mem::take(&mut self.repairs) {
            if !when.has_come(step, now) {
                later.push((when, repair));
                continue;
            }
            match repair {
                Repair::Start(node) if is_going(node, world) => {
                    later.push((When::Time(now.plus_ms(LOOK_MS)), repair));
                }
                Repair::Start(node) => commands.extend(start(node, world)),
                Repair::Resume(node) => commands.push(Command::Resume { node }),
                Repair::Heal(link) => commands.push(Command::HealLink { from: link.from, to: link.to }),
                Repair::Release(message) => commands.push(Command::Release { message }),
                Repair::Mend(mend) => commands.push(mend.command()),
            }
        }
        self.repairs = later;
        commands
    }

    // ---- the liveness phase

    fn begin_liveness(&mut self, world: &World) -> Vec<Command> {
        self.phase = Phase::Liveness;
        self.healed_at = world.now();
        self.repairs.clear();
        self.repair_all(world)
    }

    /// All links are healed, disks and clocks put right, held messages released, and whoever is away comes back. In this phase somebody watches over
    /// all processes: those that end later, because they were told to before, come back too. A consumer whose poll() has
    /// thrown polls again. And a broker is started anew if a registration that its former life had sent, and that was long
    /// on its way, has taken the place of its own: its heartbeats are refused for ever (STALE_BROKER_EPOCH).
    fn repair_all(&self, world: &World) -> Vec<Command> {
        let mut commands: Vec<Command> =
            world.cut_links().map(|link| Command::HealLink { from: link.from, to: link.to }).collect();
        commands.extend(mends(world).map(Mend::command));
        let held = world.transits().iter().filter(|(_, transit)| transit.state == TransitState::Held);
        commands.extend(held.map(|(message, _)| Command::Release { message: *message }));
        for (node, process) in world.processes() {
            match (process.status, &process.state) {
                (ProcessStatus::Down, _) => commands.extend(start(*node, world)),
                (ProcessStatus::Paused, _) => commands.push(Command::Resume { node: *node }),
                (ProcessStatus::Running, ProcessState::Consumer(consumer))
                    if *consumer.application() == Loop::Stopped && consumer.last_error().is_some() =>
                {
                    let name = process.name.to_string();
                    commands.push(Command::Consumer { name, call: ConsumerCall::PollLoop(true) });
                }
                (ProcessStatus::Running, ProcessState::Broker(broker)) if is_superseded(broker, world) => {
                    commands.push(Command::Kill { node: *node });
                }
                (ProcessStatus::Running, _) => {}
            }
        }
        commands
    }

    fn mend(&mut self, world: &World) -> Vec<Command> {
        let now = world.now();
        if now < self.next_look {
            return Vec::new();
        }
        self.next_look = now.plus_ms(LOOK_MS);
        let mut commands = self.repair_all(world);
        commands.extend(self.administrator.make_topic(&self.plan, world, &mut self.random));
        commands.extend(self.administrator.rescue(world, &mut self.random));
        if !commands.is_empty() {
            return commands;
        }
        match not_at_rest(&self.plan, world) {
            None => self.phase = Phase::Over,
            Some(why) if now.since(self.healed_at) > PATIENCE_MS * 1_000 => {
                self.restless = Some(why);
                self.phase = Phase::Over;
            }
            Some(_) => {}
        }
        Vec::new()
    }
}

/// All that is wrong with machines and links.
fn mends(world: &World) -> impl Iterator<Item = Mend> {
    let links = world.bad_links().flat_map(|(link, quality)| {
        let slow = (quality.slower_us > 0).then_some(Mend::SlowLink(link));
        slow.into_iter().chain((quality.loss_ppm > 0).then_some(Mend::LossyLink(link)))
    });
    let machines = world.processes().keys().flat_map(|node| {
        let disk = world.disk(*node);
        let slow = (disk.latency_us > 0).then_some(Mend::SlowDisk(*node));
        let full = disk.is_full.then_some(Mend::FullDisk(*node));
        let wrong = (world.clock_skew_ms(*node) != 0).then_some(Mend::Clock(*node));
        slow.into_iter().chain(full).chain(wrong)
    });
    links.chain(machines)
}

fn subscribe(name: &str) -> Command {
    Command::Consumer { name: name.into(), call: ConsumerCall::Subscribe(vec![TOPIC.into()]) }
}

fn is_superseded(broker: &Broker, world: &World) -> bool {
    let registration = world.active_image().and_then(|image| image.brokers.get(&broker.id()));
    broker.lifecycle().broker_epoch().zip(registration).is_some_and(|(own, known)| own < known.epoch)
}

/// Starts a process again; a consumer subscribes anew.
fn start(node: NodeId, world: &World) -> Vec<Command> {
    let mut commands = vec![Command::Start { node }];
    if let Some(process) = world.process(node)
        && let ProcessState::Consumer(_) = process.state
    {
        commands.push(subscribe(&process.name));
    }
    commands
}

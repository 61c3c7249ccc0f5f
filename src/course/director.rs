//! The director of a lesson: sets the stage, gives the lesson's commands at their time, names the idea steps, and
//! keeps what goals, flow map and measurements are made from.

use std::rc::Rc;

use super::beat::{Beat, BeatKind, Cast, beat_of};
use super::flow::Flow;
use super::goal::{Judge, Verdict};
use super::measured::{Measured, duration_text};
use super::model::Example;
use super::parameters::Parameters;
use super::script;
use super::stage_setting::Setting;
use super::template::fill;
use crate::kafka::client::call::ProducerCall;
use crate::kafka::ids::{NodeId, Offset, SimTime, TopicPartition};
use crate::kafka::sorted::SmallSort;
use crate::kafka::sorted::{SortedMap, SortedSet};
use crate::sim::plan::Schedule;
use crate::sim::{Command, EventKind, ProcessStatus, World};
use crate::timeline::{Director, Observation};

/// After the last idea step and in a calm cluster, the run is over after so long.
const QUIET_MS: u64 = 4_000;
/// Even a cluster that does not get calm is left alone after so long.
const PATIENCE_MS: u64 = 70_000;

/// One idea step: a moment of the run that is worth a sentence.
#[derive(Clone, Debug)]
pub struct Idea {
    /// The beats that happened in this step and have a sentence; at least one.
    pub beats: Vec<BeatKind>,
    /// The fields of those beats, for looking things up.
    pub fields: SortedMap<&'static str, String>,
    pub sentence: String,
    /// The part of the example, from 1; 0: before the first.
    pub part: u32,
    /// Steps of the parts that are done, by their ids.
    pub ticked: Rc<SortedSet<String>>,
    /// The step that this idea has just done.
    pub ticks: Option<String>,
    pub flow: Rc<Flow>,
    pub measured: Rc<Measured>,
    /// How the example's goals stand, in their order.
    pub verdicts: Rc<Vec<Verdict>>,
    /// Records processed more than once so far.
    pub twice: usize,
    /// Acknowledged records that the leaders do not have.
    pub lost: usize,
    /// Predictions to be asked before this step, by their places in the example.
    pub predictions: Vec<usize>,
    /// Where it happens.
    pub node: Option<NodeId>,
}

impl Idea {
    pub fn has(&self, beat: BeatKind) -> bool {
        self.beats.contains(&beat)
    }

    pub fn goal_reached(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.reached)
    }
}

/// The director of one run of an example.
#[derive(Clone, Debug)]
pub struct LessonDirector {
    example: Rc<Example>,
    parameters: Rc<Parameters>,
    setting: Setting,
    /// Of a random schedule: it takes the place of setting and script.
    schedule: Option<Schedule>,
    cast: Cast,
    /// How often each beat has come.
    counts: SortedMap<BeatKind, u32>,
    /// How often each idea rule was used.
    used: Vec<u32>,
    /// Script rules that wait for their time.
    due: Vec<(SimTime, usize)>,
    part: u32,
    ticked: Rc<SortedSet<String>>,
    asked: SortedSet<usize>,
    flow: Flow,
    measured: Measured,
    judge: Judge,
    last_mark: SimTime,
    /// A member of the group died and is still in it.
    ghost: bool,
    settled_told: bool,
}

impl LessonDirector {
    pub fn new(example: Rc<Example>, parameters: Rc<Parameters>) -> LessonDirector {
        let cast = Cast {
            topic: example.stage.topic.as_str().into(),
            group: example.stage.group.clone(),
            producer: None,
            consumer: None,
        };
        LessonDirector {
            setting: Setting::new(),
            schedule: example.schedule.clone().map(Schedule::new),
            cast,
            counts: SortedMap::new(),
            used: vec![0; example.ideas.len()],
            due: Vec::new(),
            part: 0,
            ticked: Rc::default(),
            asked: SortedSet::new(),
            flow: Flow::default(),
            measured: Measured::default(),
            judge: Judge::new(&parameters, &example.parameters),
            last_mark: SimTime::ZERO,
            ghost: false,
            settled_told: false,
            example,
            parameters,
        }
    }

    pub fn example(&self) -> &Rc<Example> {
        &self.example
    }

    pub fn parameters(&self) -> &Rc<Parameters> {
        &self.parameters
    }

    /// Whether the stage is set and the play has begun.
    pub fn has_begun(&self) -> bool {
        self.setting.is_done()
    }

    fn look_for_cast(&mut self, world: &World) {
        let client = |name: &str| match world.client_named(name) {
            Some(NodeId::Client(id)) => Some(id),
            _ => None,
        };
        if self.cast.producer.is_none() {
            self.cast.producer = client(&self.example.stage.producer);
        }
        if self.cast.consumer.is_none() {
            self.cast.consumer = client(&self.example.stage.consumer);
        }
    }

    /// Counts a beat, moves flow, measurements and judge on, and finds the rules that wait for it.
    fn take_in(&mut self, beat: &Beat, world: &World) {
        let count = self.counts.entry(beat.kind).or_default();
        *count += 1;
        let nth = *count;
        for (place, rule) in self.example.script.iter().enumerate() {
            if rule.after == beat.kind && rule.nth == nth {
                self.due.push((world.now().plus_ms(rule.wait_ms), place));
            }
        }
        if self.measure(beat, world.now()) {
            let replicas = usize::try_from(self.parameters.replication_factor).unwrap_or(1);
            self.flow.advance(beat.kind, replicas);
            self.flow.partition.clone_from(&self.measured.partition);
            self.flow.offset = self.measured.offset;
        }
        self.judge.observe(beat, world);
        match beat.kind {
            BeatKind::ConsumerKilled => self.ghost = self.counts.contains_key(&BeatKind::Assigned),
            BeatKind::MemberRemoved => self.ghost = false,
            _ => {}
        }
    }

    /// Keeps the times of the followed record. False: the beat is about other records.
    fn measure(&mut self, beat: &Beat, now: SimTime) -> bool {
        let at = Some(now);
        let followed = self.measured.partition.is_none() || self.measured.partition == beat.partition;
        let covers = |offset: Option<Offset>| {
            beat.offsets.zip(offset).is_some_and(|((first, last), offset)| (first..=last).contains(&offset))
        };
        let measured = &mut self.measured;
        match beat.kind {
            BeatKind::Buffered => measured.partition.clone_from(&beat.partition),
            BeatKind::BatchSent if followed => measured.departed = measured.departed.or(at),
            BeatKind::ProduceReceived => return measured.departed.is_some() && measured.appended.is_none(),
            BeatKind::LeaderAppended if followed && measured.departed.is_some() && measured.appended.is_none() => {
                measured.appended = at;
                measured.offset = beat.offsets.map(|(_, last)| last);
            }
            BeatKind::FollowerAppended if followed && covers(measured.offset) => {
                if let Some(broker) = beat.node.and_then(NodeId::as_broker)
                    && measured.replicated.iter().all(|(known, _)| *known != broker)
                {
                    measured.replicated.push((broker, now));
                }
            }
            BeatKind::HighWatermark if followed && covers(measured.offset) => measured.committed_in_log = at,
            BeatKind::Answered if followed && covers(measured.offset) => {}
            BeatKind::Acknowledged if followed => measured.acknowledged = measured.acknowledged.or(at),
            BeatKind::Processing if followed && covers(measured.offset) => {}
            BeatKind::Processed if followed && covers(measured.offset) => {
                measured.processed = measured.processed.or(at);
            }
            BeatKind::CommitSent if followed => {}
            BeatKind::Committed if followed => {
                let next = beat.offsets.map(|(next, _)| next);
                if measured.offset.zip(next).is_none_or(|(offset, next)| next <= offset) {
                    return false;
                }
                measured.offset_committed = measured.offset_committed.or(at);
            }
            _ => return false,
        }
        true
    }

    /// The sentence of a beat, if a rule of the content has one; and what it ticks.
    fn rule_for(&mut self, beat: &Beat) -> Option<usize> {
        let place = self.example.ideas.iter().zip(&self.used).position(|(rule, used)| {
            rule.beat == beat.kind && (rule.times == 0 || *used < rule.times) && beat.fits(&rule.with)
        })?;
        self.used[place] += 1;
        Some(place)
    }

    /// Fields of a beat for sentences, with what is known beyond the beat itself.
    fn fields(&self, beat: &Beat, world: &World) -> SortedMap<&'static str, String> {
        let mut fields = beat.fields.clone();
        fields.insert("acks", self.parameters.acks.clone());
        fields.insert("rf", self.parameters.replication_factor.to_string());
        fields.insert("group", self.cast.group.clone());
        fields.insert("nth", self.counts.get(&beat.kind).copied().unwrap_or(0).to_string());
        if let Some(us) = self.measured.since_send_us(Some(world.now())) {
            fields.insert("since_send", duration_text(us));
        }
        if beat.kind == BeatKind::Processed {
            fields.insert("repeated", if self.judge.is_repeated(beat) { "yes" } else { "no" }.into());
        }
        let (twice, lost) = self.judge.tally();
        fields.insert("twice", twice.to_string());
        fields.insert("lost", lost.to_string());
        fields
    }

    /// Makes the idea step of the beats of this step, if any is worth a sentence.
    fn idea(&mut self, beats: &[Beat], world: &World) -> Option<Rc<Idea>> {
        let mut sentences = Vec::new();
        let mut kinds = Vec::new();
        let mut all_fields = SortedMap::new();
        let mut ticks = None;
        let mut node = None;
        let mut predictions = Vec::new();
        for beat in beats {
            let mut known = beat.clone();
            known.fields = self.fields(beat, world);
            let Some(place) = self.rule_for(&known) else { continue };
            let rule = &self.example.ideas[place];
            sentences.push(fill(&rule.say, &known.fields));
            kinds.push(beat.kind);
            self.part = rule.part.unwrap_or(self.part);
            if let Some(id) = &rule.ticks {
                Rc::make_mut(&mut self.ticked).insert(id.clone());
                ticks = Some(id.clone());
            }
            node = beat.node.or(node);
            for (index, prediction) in self.example.predictions.iter().enumerate() {
                if prediction.before == beat.kind && known.fits(&prediction.with) && self.asked.insert(index) {
                    predictions.push(index);
                }
            }
            all_fields.extend(known.fields);
        }
        if sentences.is_empty() {
            return None;
        }
        self.last_mark = world.now();
        let (twice, lost) = self.judge.tally();
        Some(Rc::new(Idea {
            beats: kinds,
            fields: all_fields,
            sentence: sentences.join(" "),
            part: self.part,
            ticked: self.ticked.clone(),
            ticks,
            flow: Rc::new(self.flow.clone()),
            measured: Rc::new(self.measured.clone()),
            verdicts: self.judge.verdicts(self.example.goals.iter().map(|goal| goal.id)),
            twice,
            lost,
            predictions,
            node,
        }))
    }

    /// What happened on the stage in the last step.
    fn beats(&mut self, world: &World) -> Vec<Beat> {
        let mut beats = Vec::new();
        for event in world.events() {
            if let EventKind::Command(command) = &event.kind
                && let Command::Producer { call: ProducerCall::Send(_), .. } = command.as_ref()
            {
                self.measured = Measured { sent: Some(world.now()), ..Measured::default() };
                self.flow = Flow::default();
            }
            if let Some(beat) = beat_of(event, &self.cast, world) {
                self.take_in(&beat, world);
                beats.push(beat);
            }
        }
        beats
    }

    /// A random schedule gives its own commands, and says itself when it is over.
    fn observe_schedule(&mut self, world: &World) -> Observation<Rc<Idea>> {
        let mut observation = Observation::default();
        let mut beats = self.beats(world);
        let Some(schedule) = &mut self.schedule else { return observation };
        if schedule.has_not_begun() {
            beats.push(Beat::new(BeatKind::Ready));
        }
        observation.commands = schedule.observe(world);
        observation.done = schedule.is_over();
        if observation.done {
            let why = schedule.restless().unwrap_or("the cluster is at rest");
            beats.push(Beat::new(BeatKind::Settled).with("why", why));
        }
        observation.mark = self.idea(&beats, world);
        observation
    }

    /// The commands of the lesson whose time has come.
    fn cues(&mut self, world: &World) -> Vec<Command> {
        let now = world.now();
        let (ready, waiting) = std::mem::take(&mut self.due).into_iter().partition(|(at, _)| *at <= now);
        self.due = waiting;
        let ready: Vec<(SimTime, usize)> = ready;
        let rules = ready.iter().map(|(_, place)| &self.example.script[*place]);
        rules
            .filter_map(|rule| script::commands(&rule.commands, &self.example, &self.parameters, world).ok())
            .flatten()
            .collect()
    }

    /// Whether the cluster has come to terms with everything that was done to it.
    fn is_calm(&self, world: &World) -> bool {
        let Some(image) = world.active_image() else { return false };
        let brokers_known = world.brokers().all(|(process, broker)| {
            let fenced = image.brokers.get(&broker.setup.id).is_none_or(|registration| registration.fenced);
            fenced == (process.status != ProcessStatus::Running)
        });
        let in_sync = image.topic(&self.cast.topic).is_some_and(|topic| {
            topic.partitions.values().all(|partition| {
                partition.replicas.iter().all(|id| !image.is_active(*id) || partition.isr.contains(id))
            })
        });
        brokers_known && in_sync && !self.ghost
    }
}

/// The beats of one step as they are told. One decision of the controller is several records: the fencing, which the
/// rest follows from, comes first, and an election tells by itself who is in sync.
fn in_order_of_telling(mut beats: Vec<Beat>) -> Vec<Beat> {
    let elected: Vec<Option<TopicPartition>> =
        beats.iter().filter(|beat| beat.kind == BeatKind::LeaderElected).map(|beat| beat.partition.clone()).collect();
    beats.retain(|beat| beat.kind != BeatKind::IsrChanged || !elected.contains(&beat.partition));
    beats.sort_small_by_key(|beat| beat.kind != BeatKind::BrokerFenced);
    beats
}

impl Director for LessonDirector {
    type Mark = Rc<Idea>;

    fn observe(&mut self, world: &World) -> Observation<Rc<Idea>> {
        let mut observation = Observation::default();
        self.look_for_cast(world);
        if self.schedule.is_some() {
            return self.observe_schedule(world);
        }
        if !self.setting.is_done() {
            observation.commands = self.setting.observe(&self.example, &self.parameters, world);
            if !self.setting.is_done() {
                return observation;
            }
            let ready = Beat::new(BeatKind::Ready);
            self.take_in(&ready, world);
            observation.mark = self.idea(&[ready], world);
            observation.commands.extend(self.cues(world));
            return observation;
        }
        let beats = self.beats(world);
        if !beats.is_empty() {
            self.settled_told = false;
            observation.mark = self.idea(&in_order_of_telling(beats), world);
        }
        observation.commands = self.cues(world);
        let quiet_ms = world.now().since(self.last_mark) / 1_000;
        let over = quiet_ms > PATIENCE_MS || (quiet_ms > QUIET_MS && self.is_calm(world));
        if over && self.due.is_empty() && observation.commands.is_empty() && observation.mark.is_none() {
            observation.done = true;
            if !self.settled_told {
                self.settled_told = true;
                let settled = Beat::new(BeatKind::Settled);
                self.take_in(&settled, world);
                observation.mark = self.idea(&[settled], world);
                observation.commands = self.cues(world);
                observation.done = observation.commands.is_empty() && self.due.is_empty();
            }
        }
        observation
    }
}

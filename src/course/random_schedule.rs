//! A random schedule as something to look at: the scenario of a link to the very step at which a guarantee was broken.
//!
//! It belongs to no module and is not counted. Its cluster, clients, load and faults follow from the seed and the version
//! of plans ([`PLAN_VERSION`]), so a link needs no more than those two; the version stands in the scenario's name.

use std::rc::Rc;

use super::beat::BeatKind;
use super::model::{Example, IdeaRule, Part, StageSetting};
use super::parameters::{Parameters, PartitionWish};
use crate::kafka::config::Properties;
use crate::kafka::sorted::SortedMap;
use crate::sim::plan::plan::{GROUP, TOPIC};
use crate::sim::plan::{PLAN_VERSION, Plan};
use crate::timeline::link::{self, LinkError, Moment};

/// Names of scenarios that are random schedules: this, and the version of their plans.
const ID_PREFIX: &str = "random-schedule-";

/// Which beats are idea steps, and their sentences.
const IDEAS: &[(BeatKind, &str)] = &[
    (BeatKind::Ready, "The cluster starts: nothing is there yet."),
    (BeatKind::BrokerKilled, "Broker {broker} is {how}."),
    (BeatKind::BrokerStarted, "Broker {broker} starts."),
    (BeatKind::BrokerPaused, "Broker {broker} hangs."),
    (BeatKind::BrokerResumed, "Broker {broker} goes on."),
    (BeatKind::BrokerFenced, "The controllers fence broker {broker}."),
    (BeatKind::BrokerUnfenced, "The controllers let broker {broker} in."),
    (BeatKind::LinkCut, "Nothing passes from {from} to {to} any more."),
    (BeatKind::LinkHealed, "Messages pass from {from} to {to} again."),
    (BeatKind::MessageDropped, "A message is lost: {api}."),
    (BeatKind::MessageHeld, "A message is held on its way: {api}."),
    (BeatKind::LeaderElected, "Partition {partition}: leader {leader} in epoch {epoch}, in sync {isr}."),
    (BeatKind::IsrChanged, "Partition {partition}: in sync {isr}."),
    (BeatKind::Truncated, "Partition {partition}: broker {broker} cuts its log from {from} to {to}."),
    (BeatKind::Refused, "Partition {partition}: broker {broker} refuses a batch, {error}."),
    (BeatKind::Duplicate, "Partition {partition}: broker {broker} has this batch already, at {offset}."),
    (BeatKind::Failed, "Sends of the first producer fail: {error}, {outcome}."),
    (BeatKind::Assigned, "The first consumer gets the partitions {partitions} in generation {generation}."),
    (BeatKind::Revoked, "The first consumer gives its partitions back."),
    (BeatKind::MemberRemoved, "A member is out of the group: {reason}."),
    (BeatKind::CommitFailed, "A commit of the first consumer fails: {error}."),
    (BeatKind::Settled, "The schedule is over: {why}."),
];

/// The scenario of a seed.
pub fn example(seed: u64) -> Rc<Example> {
    let plan = Plan::of(seed);
    let acks = plan.producers.first().and_then(|producer| producer.config.get("acks")).cloned();
    let parameters = Parameters {
        value: String::new(),
        wish: PartitionWish::Automatic,
        acks: acks.unwrap_or_else(|| "all".into()),
        replication_factor: plan.topic.replication_factor,
        partitions: plan.topic.partitions,
    };
    let stage = StageSetting {
        topic: TOPIC.into(),
        topic_config: Properties::new(),
        group: GROUP.into(),
        producer: plan.producers.first().map(|producer| producer.name.clone()).unwrap_or_default(),
        consumer: plan.consumers.first().map(|consumer| consumer.name.clone()).unwrap_or_default(),
        producer_config: Properties::new(),
        consumer_config: Properties::new(),
        application: Default::default(),
        earlier: Vec::new(),
    };
    Rc::new(Example {
        id: format!("{ID_PREFIX}{PLAN_VERSION}"),
        module: 0,
        number: 0,
        title: format!("Random schedule {seed}"),
        facts: Vec::new(),
        seed,
        cluster: plan.cluster.clone(),
        parameters,
        editable: Vec::new(),
        stage,
        script: Vec::new(),
        parts: vec![Part { title: "Storm and calm".into(), short: "Schedule".into(), steps: Vec::new() }],
        ideas: IDEAS.iter().map(idea_rule).collect(),
        predictions: Vec::new(),
        goals: Vec::new(),
        acts: Vec::new(),
        solution: Vec::new(),
        wrong: Vec::new(),
        html: html(&plan),
        explanation_html: String::new(),
        schedule: Some(Rc::new(plan)),
    })
}

fn idea_rule((beat, say): &(BeatKind, &str)) -> IdeaRule {
    IdeaRule { beat: *beat, with: SortedMap::new(), say: (*say).into(), times: 0, part: Some(1), ticks: None }
}

fn html(plan: &Plan) -> String {
    let faults: Vec<String> = plan.weather.faults.iter().map(|(fault, _)| fault.to_string()).collect();
    let faults = if faults.is_empty() { "nothing goes wrong".to_string() } else { faults.join(", ") };
    format!(
        "<p>No person has made up this run. A cluster, its clients and what happens to them were drawn from the seed \
         <b>{seed}</b>: {brokers}, {controllers}, {producers}, {consumers}. In this run, {faults}. Then everything is mended, and the cluster has to come to rest.</p>\
         <p>After each step of thousands of such runs a program checks what Kafka guarantees. This page can show each of \
         them, step by step.</p>",
        seed = plan.seed,
        brokers = counted(plan.cluster.brokers.len(), "broker"),
        controllers = counted(plan.cluster.controllers as usize, "controller"),
        producers = counted(plan.producers.len(), "producer"),
        consumers = counted(plan.consumers.len(), "consumer"),
    )
}

/// `1 broker`, `3 brokers`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The place after so many steps of a seed's schedule, for a link.
pub fn moment(seed: u64, step: u64) -> Moment<Parameters> {
    let example = example(seed);
    let parameters = example.parameters.clone();
    Moment { example: example.id.clone(), parameters, seed, commands: Vec::new(), step }
}

/// A link to that place; behind the `#/at/` of the page's address.
pub fn link_to(seed: u64, step: u64) -> String {
    link::encode(&moment(seed, step))
}

/// The scenario that a link names, if it is a random schedule.
///
/// # Errors
/// It is one of another version: this build would play something else.
pub fn of_link(id: &str, seed: u64) -> Result<Option<Rc<Example>>, LinkError> {
    match id.strip_prefix(ID_PREFIX).map(str::parse) {
        Some(Ok(PLAN_VERSION)) => Ok(Some(example(seed))),
        Some(Ok(other)) => Err(LinkError::OtherSchedules(other, PLAN_VERSION)),
        Some(Err(_)) | None => Ok(None),
    }
}

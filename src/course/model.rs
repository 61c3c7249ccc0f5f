//! What the content's front matter may say. A field that is not listed here is refused at build time.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::beat::BeatKind;
use super::goal::GoalKind;
use super::parameters::Parameters;
use super::prediction::PredictionKind;
use crate::kafka::client::application::Application;
use crate::kafka::config::Properties;
use crate::kafka::sorted::SortedMap;
use crate::sim::ClusterSpec;
use crate::sim::plan::Plan;

/// Nine modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    pub modules: Vec<Rc<Module>>,
}

impl Course {
    pub fn module(&self, number: u32) -> Option<&Rc<Module>> {
        self.modules.iter().find(|module| module.number == number)
    }

    pub fn example(&self, id: &str) -> Option<&Rc<Example>> {
        self.modules.iter().flat_map(|module| &module.examples).find(|example| example.id == id)
    }

    /// Examples of the whole course that can be played.
    pub fn examples(&self) -> impl Iterator<Item = &Rc<Example>> {
        self.modules.iter().flat_map(|module| &module.examples)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    pub number: u32,
    pub title: String,
    pub minutes: u32,
    pub level: String,
    /// What the module will be about, in a sentence; shown where there is no content yet.
    pub outline: String,
    /// The module's text, as HTML made from its Markdown; empty: no content yet.
    #[serde(default)]
    pub html: String,
    /// What stands after the examples.
    #[serde(default)]
    pub closing_html: String,
    /// Titles of the examples, also of those to come.
    pub example_titles: Vec<String>,
    #[serde(default)]
    pub examples: Vec<Rc<Example>>,
}

impl Module {
    pub fn has_content(&self) -> bool {
        !self.examples.is_empty()
    }
}

/// One hands-on example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub id: String,
    pub module: u32,
    /// Within its module, from 1.
    pub number: u32,
    pub title: String,
    /// Kafka's rules that it rests on: classes, configurations, KIPs.
    pub facts: Vec<String>,
    pub seed: u64,
    pub cluster: ClusterSpec,
    pub parameters: Parameters,
    /// Which parameters the learner may change.
    pub editable: Vec<String>,
    pub stage: StageSetting,
    #[serde(default)]
    pub script: Vec<ScriptRule>,
    pub parts: Vec<Part>,
    pub ideas: Vec<IdeaRule>,
    #[serde(default)]
    pub predictions: Vec<Prediction>,
    pub goals: Vec<Goal>,
    /// What a learner can do with one click, besides clicking the picture.
    #[serde(default)]
    pub acts: Vec<Act>,
    /// Runs that reach all goals, and runs that must not.
    pub solution: Vec<Play>,
    pub wrong: Vec<Play>,
    /// The text before and after the steps, as HTML.
    #[serde(default)]
    pub html: String,
    #[serde(default)]
    pub explanation_html: String,
    /// A random schedule, which gives its own commands; no example of the course has one.
    #[serde(skip)]
    pub schedule: Option<Rc<Plan>>,
}

/// What stands on the stage before the curtain rises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSetting {
    pub topic: String,
    #[serde(default)]
    pub topic_config: Properties,
    /// The group that reads the topic.
    pub group: String,
    pub producer: String,
    pub consumer: String,
    #[serde(default)]
    pub producer_config: Properties,
    #[serde(default)]
    pub consumer_config: Properties,
    pub application: Application,
    /// Records that are in the log already, and that the group has read.
    #[serde(default)]
    pub earlier: Vec<EarlierRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierRecord {
    #[serde(default)]
    pub key: Option<String>,
    pub value: String,
}

/// After the `nth` beat of a kind, and some time, commands are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptRule {
    pub after: BeatKind,
    #[serde(default = "one")]
    pub nth: u32,
    #[serde(default)]
    pub wait_ms: u64,
    /// Commands as JSON, with `$parameters` in place of values.
    pub commands: Vec<serde_json::Value>,
}

const fn one() -> u32 {
    1
}

/// One of the example's numbered parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub title: String,
    /// Short, for the time bar.
    pub short: String,
    pub steps: Vec<PartStep>,
}

/// A line of a part that is ticked when its beat has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartStep {
    pub id: String,
    /// With terms as `[word](thing)`, compiled to HTML.
    pub text: String,
}

/// When a beat is worth a sentence, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdeaRule {
    pub beat: BeatKind,
    /// Only if the beat's fields have these values.
    #[serde(default)]
    pub with: SortedMap<String, String>,
    /// With `{fields}`.
    pub say: String,
    /// How often at most in one run; 0: always.
    #[serde(default)]
    pub times: u32,
    /// The part that begins or goes on with it, from 1.
    #[serde(default)]
    pub part: Option<u32>,
    /// The step of the part that it ticks.
    #[serde(default)]
    pub ticks: Option<String>,
}

/// A question before the surprising step. Always skippable; nothing depends on the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    pub id: String,
    /// Asked before the first idea step of this beat.
    pub before: BeatKind,
    #[serde(default)]
    pub with: SortedMap<String, String>,
    pub question: String,
    /// How the right answer is found in the run.
    pub right: PredictionKind,
    pub choices: Vec<Choice>,
    /// Whether a broker in the picture may be clicked as the answer.
    #[serde(default)]
    pub in_figure: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub id: String,
    pub text: String,
    /// Said when it was chosen and is wrong.
    pub why_not: String,
}

/// What the learner is to bring about, judged from the simulator's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    pub id: GoalKind,
    pub text: String,
    /// A hint for those who are stuck.
    pub hint: String,
}

/// A button beside the figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub id: String,
    pub label: String,
    pub help: String,
    /// Commands as JSON, with `$parameters` and `$leader`, `$consumer`, `$followers` in place of values.
    pub commands: Vec<serde_json::Value>,
}

/// A run of an example by script: what the learner changes, and what they do when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// Which parameters differ, by name.
    #[serde(default)]
    pub parameters: SortedMap<String, serde_json::Value>,
    /// Each act at the n-th idea step of a beat.
    #[serde(default)]
    pub acts: Vec<PlayAct>,
    /// For wrong runs: words that the verdict must hold.
    #[serde(default)]
    pub because: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayAct {
    pub at: BeatKind,
    #[serde(default = "one")]
    pub nth: u32,
    /// The id of an [`Act`].
    pub act: String,
}

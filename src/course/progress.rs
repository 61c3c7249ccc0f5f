//! "Your progress: examples completed n/m". Counts what the learner brought about, and nothing else.

use serde::{Deserialize, Serialize};

use super::goal::GoalKind;
use super::model::{Course, Example};
use crate::kafka::sorted::{SortedMap, SortedSet};

/// The version of what is stored.
const VERSION: u32 = 1;

/// What a learner has reached. Stored as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    version: u32,
    /// Goals reached, by example.
    goals: SortedMap<String, SortedSet<GoalKind>>,
    /// Predictions answered, by `example/prediction`: whether rightly.
    #[serde(default)]
    predictions: SortedMap<String, bool>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { version: VERSION, goals: SortedMap::new(), predictions: SortedMap::new() }
    }
}

impl Progress {
    /// Reads what was stored.
    ///
    /// # Errors
    /// It is damaged, or from a newer version; in words for the learner. Nothing must be overwritten then.
    pub fn parse(text: &str) -> Result<Progress, String> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("the stored progress cannot be read: {error}"))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version > u64::from(VERSION) => {
                Err(format!("the stored progress is of version {version}, newer than this page ({VERSION})"))
            }
            Some(1) => {
                serde_json::from_value(value).map_err(|error| format!("the stored progress is damaged: {error}"))
            }
            _ => Err("the stored progress does not say its version".into()),
        }
    }

    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("progress has no part that cannot be written")
    }

    /// Notes that a goal was reached. True: that is new.
    pub fn reach(&mut self, example: &str, goal: GoalKind) -> bool {
        self.goals.entry(example.into()).or_default().insert(goal)
    }

    pub fn has_reached(&self, example: &str, goal: GoalKind) -> bool {
        self.goals.get(example).is_some_and(|goals| goals.contains(&goal))
    }

    /// An example is completed when each of its goals was reached, in one run or in several.
    pub fn is_completed(&self, example: &Example) -> bool {
        example.goals.iter().all(|goal| self.has_reached(&example.id, goal.id))
    }

    /// Examples completed, and examples that there are.
    pub fn count(&self, course: &Course) -> (usize, usize) {
        (course.examples().filter(|example| self.is_completed(example)).count(), course.examples().count())
    }

    pub fn answer(&mut self, example: &str, prediction: &str, right: bool) {
        self.predictions.insert(format!("{example}/{prediction}"), right);
    }

    pub fn answered(&self, example: &str, prediction: &str) -> Option<bool> {
        self.predictions.get(&format!("{example}/{prediction}")).copied()
    }
}

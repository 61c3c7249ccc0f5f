//! What a scenario is made of.

use std::fmt;

use super::play::Play;
use crate::sim::{ClusterSpec, Command, World};

/// Which of the two forms of a scenario is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As Kafka was, or as it is set by somebody who does not know better: it goes wrong.
    Old,
    /// As Kafka is now, with the cure: it goes well.
    Present,
}

impl Form {
    pub const BOTH: [Form; 2] = [Form::Old, Form::Present];
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Old => "old",
            Form::Present => "present",
        })
    }
}

/// When an act of a scenario happens.
#[derive(Clone, Copy)]
pub enum When {
    /// So many milliseconds of virtual time after the act before.
    After(u64),
    /// As soon as this holds, looked at after each step; the scenario fails if it does not hold within two minutes.
    Once(fn(&World) -> bool),
}

/// One act: commands that are given together, at a moment.
#[derive(Clone, Copy)]
pub struct Act {
    /// In one sentence.
    pub says: &'static str,
    pub when: When,
    /// They may depend on the world as it is then, and on the form.
    pub commands: fn(&World, Form) -> Vec<Command>,
}

/// Something that is true at the end.
#[derive(Clone, Copy)]
pub struct Claim {
    /// In one sentence.
    pub says: &'static str,
    pub holds: fn(&Play) -> bool,
}

/// How strict the guarantees are that watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// As in random schedules: what Kafka never promised is excused.
    Promises,
    /// Nothing is excused: see [`crate::sim::check::Checker::strict`].
    Everything,
}

/// A failure that Kafka, or somebody who used it, is known for.
pub struct Scenario {
    /// For links and tests: lower case, with hyphens.
    pub id: &'static str,
    pub name: &'static str,
    /// What happens, in one sentence.
    pub story: &'static str,
    /// What the two forms differ in: the old one, and the cure.
    pub old: &'static str,
    pub present: &'static str,
    pub cluster: fn(Form) -> ClusterSpec,
    pub acts: &'static [Act],
    /// How long it goes on after the last act, milliseconds of virtual time.
    pub rest_ms: u64,
    pub old_claims: &'static [Claim],
    pub present_claims: &'static [Claim],
    pub watch: Watch,
    /// The guarantee (see [`crate::sim::check`]) that notices the old form; None: nothing was promised that is broken,
    /// and only the claims tell. The present form is never noticed.
    pub noticed_by: Option<&'static str>,
}

impl Scenario {
    /// What is true at the end of a form.
    pub const fn claims(&self, form: Form) -> &'static [Claim] {
        match form {
            Form::Old => self.old_claims,
            Form::Present => self.present_claims,
        }
    }
}

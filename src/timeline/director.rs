//! Who watches a run: names its idea steps, and gives the commands that belong to the lesson itself.

use crate::sim::{Command, World};

/// What a director says after a step.
#[derive(Clone, Debug)]
pub struct Observation<M> {
    /// The step is worth a sentence: an idea step.
    pub mark: Option<M>,
    /// To be carried out next, each as a step of its own, in this order. One that cannot be obeyed is passed over.
    pub commands: Vec<Command>,
    /// Nothing more is to come by itself: there is no need to run on.
    pub done: bool,
}

impl<M> Default for Observation<M> {
    fn default() -> Observation<M> {
        Observation { mark: None, commands: Vec::new(), done: false }
    }
}

/// Watches a run from its beginning. It is cloned with each checkpoint, so its state must be small.
pub trait Director: Clone + std::fmt::Debug {
    /// What an idea step carries: its sentence, for example.
    type Mark: Clone + std::fmt::Debug;

    /// Called once for every step, in order; [`World::events`] tells what happened in it.
    fn observe(&mut self, world: &World) -> Observation<Self::Mark>;
}

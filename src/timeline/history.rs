//! One line of time: the commands, an index of the steps, and checkpoints to run from.

use std::collections::VecDeque;
use std::rc::Rc;

use super::director::Director;
use super::step_index::StepIndex;
use crate::kafka::ids::SimTime;
use crate::sim::{Command, CommandError, EventId, World};

/// Events between two checkpoints, at first.
const CHECKPOINT_EVENTS: u64 = 2_048;
/// Beyond so many checkpoints every second one is given up, and the spacing doubles.
const MAX_CHECKPOINTS: usize = 640;

/// An idea step.
#[derive(Clone, Debug)]
pub struct Mark<M> {
    /// After this many steps.
    pub step: u64,
    pub at: SimTime,
    pub mark: M,
}

#[derive(Clone, Debug)]
struct Checkpoint<D> {
    step: u64,
    event: EventId,
    world: World,
    director: D,
    /// Commands that the director has asked for and that are not yet carried out.
    pending: VecDeque<Command>,
}

/// A run so far. Step 0 is the beginning; each message delivered, timer fired or command carried out is one step.
#[derive(Clone, Debug)]
pub struct History<D: Director> {
    checkpoints: Vec<Rc<Checkpoint<D>>>,
    spacing_events: u64,
    index: StepIndex,
    /// Commands by the step that they are: the lesson's and the learner's alike.
    commands: Vec<(u64, Rc<Command>)>,
    /// Which of [`History::commands`] the learner gave.
    learner_commands: Vec<(u64, Rc<Command>)>,
    marks: Vec<Mark<D::Mark>>,
    done: bool,
    /// The state at the end.
    head: World,
    director: D,
    pending: VecDeque<Command>,
}

impl<D: Director> History<D> {
    pub fn new(world: World, director: D) -> History<D> {
        let first = Checkpoint {
            step: 0,
            event: 0,
            world: world.clone(),
            director: director.clone(),
            pending: VecDeque::new(),
        };
        History {
            checkpoints: vec![Rc::new(first)],
            spacing_events: CHECKPOINT_EVENTS,
            index: StepIndex::default(),
            commands: Vec::new(),
            learner_commands: Vec::new(),
            marks: Vec::new(),
            done: false,
            head: world,
            director,
            pending: VecDeque::new(),
        }
    }

    /// Number of steps so far.
    pub fn len(&self) -> u64 {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The state at the end.
    pub fn head(&self) -> &World {
        &self.head
    }

    /// The director as it stands at the end.
    pub fn director(&self) -> &D {
        &self.director
    }

    /// Whether the director has said that nothing more is to come by itself.
    pub fn is_done(&self) -> bool {
        self.done
    }

    pub fn marks(&self) -> &[Mark<D::Mark>] {
        &self.marks
    }

    /// The learner's own commands, by step.
    pub fn learner_commands(&self) -> &[(u64, Rc<Command>)] {
        &self.learner_commands
    }

    pub fn time_of(&self, step: u64) -> SimTime {
        self.index.time(step)
    }

    /// The last step at or before that time.
    pub fn step_at(&self, at: SimTime) -> u64 {
        self.index.step_at(at)
    }

    /// The step that an event belongs to.
    pub fn step_of_event(&self, event: EventId) -> Option<u64> {
        (event < self.head.event_count()).then(|| self.index.step_of(event))
    }

    /// First event of a step (counted from 1).
    pub fn first_event(&self, step: u64) -> EventId {
        self.index.first_event(step)
    }

    /// The place of the last idea step at or before `step`.
    pub fn mark_at(&self, step: u64) -> Option<usize> {
        self.marks.partition_point(|mark| mark.step <= step).checked_sub(1)
    }

    /// Runs one step on. False: nothing is left to happen.
    pub fn extend(&mut self) -> bool {
        let first_event = self.head.event_count();
        while let Some(command) = self.pending.pop_front() {
            if self.head.apply(&command).is_ok() {
                self.commands.push((self.len(), Rc::new(command)));
                self.stepped(first_event);
                return true;
            }
        }
        if !self.head.step() {
            return false;
        }
        self.stepped(first_event);
        true
    }

    /// Carries out a learner's command at the end.
    ///
    /// # Errors
    /// It cannot be obeyed; nothing has changed then.
    pub fn command(&mut self, command: Command) -> Result<(), CommandError> {
        let first_event = self.head.event_count();
        self.head.apply(&command)?;
        let command = Rc::new(command);
        self.commands.push((self.len(), command.clone()));
        self.learner_commands.push((self.len(), command));
        self.done = false;
        self.stepped(first_event);
        Ok(())
    }

    fn stepped(&mut self, first_event: EventId) {
        self.index.push(first_event, self.head.now());
        let observation = self.director.observe(&self.head);
        self.done = observation.done;
        self.pending.extend(observation.commands);
        if let Some(mark) = observation.mark {
            self.marks.push(Mark { step: self.len(), at: self.head.now(), mark });
        }
        let last = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.event);
        if self.head.event_count() - last >= self.spacing_events {
            self.checkpoints.push(Rc::new(self.checkpoint()));
            self.thin_out();
        }
    }

    fn checkpoint(&self) -> Checkpoint<D> {
        Checkpoint {
            step: self.len(),
            event: self.head.event_count(),
            world: self.head.clone(),
            director: self.director.clone(),
            pending: self.pending.clone(),
        }
    }

    fn thin_out(&mut self) {
        if self.checkpoints.len() > MAX_CHECKPOINTS {
            let mut keep = false;
            self.checkpoints.retain(|_| {
                keep = !keep;
                keep
            });
            self.spacing_events *= 2;
        }
    }

    /// The nearest checkpoint at or before a step.
    fn checkpoint_before(&self, step: u64) -> &Rc<Checkpoint<D>> {
        let after = self.checkpoints.partition_point(|checkpoint| checkpoint.step <= step);
        &self.checkpoints[after - 1]
    }

    /// Runs `world`, which stands after `step` steps, one step on along this history.
    pub(super) fn replay_step(&self, world: &mut World, step: u64) {
        let next = self.commands.partition_point(|(at, _)| *at < step);
        match self.commands.get(next) {
            Some((at, command)) if *at == step => {
                world.apply(command).expect("a command that was obeyed once is obeyed again at the same step");
            }
            _ => assert!(world.step(), "the history has a step {} and the world does not", step + 1),
        }
    }

    /// The state after `step` steps, found from the nearest checkpoint. [`World::events`] has that step's events.
    pub fn world_at(&self, step: u64) -> World {
        let step = step.min(self.len());
        if step == self.len() {
            return self.head.clone();
        }
        // From one step before, so that the events of the step itself are there.
        let checkpoint = self.checkpoint_before(step.saturating_sub(1));
        let mut world = checkpoint.world.clone();
        for at in checkpoint.step..step {
            self.replay_step(&mut world, at);
        }
        world
    }

    /// The steps from a checkpoint to the next, for looking up many events at once: `(first step, last step)`.
    pub(super) fn page_of(&self, step: u64) -> (u64, u64) {
        let after = self.checkpoints.partition_point(|checkpoint| checkpoint.step < step);
        let first = self.checkpoints[after - 1].step;
        let last = self.checkpoints.get(after).map_or(self.len(), |checkpoint| checkpoint.step);
        (first, last)
    }

    /// The same history cut off after `step` steps, to go another way from there.
    pub fn fork(&self, step: u64) -> History<D> {
        let step = step.min(self.len());
        let kept = self.checkpoints.partition_point(|checkpoint| checkpoint.step <= step);
        let from = &self.checkpoints[kept - 1];
        let mut fork = History {
            checkpoints: self.checkpoints[..kept].to_vec(),
            spacing_events: self.spacing_events,
            index: self.index.clone(),
            commands: Vec::new(),
            learner_commands: self.learner_commands.iter().filter(|(at, _)| *at < step).cloned().collect(),
            marks: self.marks.iter().filter(|mark| mark.step <= from.step).cloned().collect(),
            done: false,
            head: from.world.clone(),
            director: from.director.clone(),
            pending: from.pending.clone(),
        };
        fork.index.truncate(from.step);
        // The director sees these steps again, so that it stands where it stood.
        let learner = &self.learner_commands;
        fork.commands = self.commands.iter().filter(|(at, _)| *at < from.step).cloned().collect();
        let mut next_learner = learner.partition_point(|(at, _)| *at < from.step);
        while fork.len() < step {
            match learner.get(next_learner) {
                Some((at, command)) if *at == fork.len() => {
                    next_learner += 1;
                    let first_event = fork.head.event_count();
                    fork.head.apply(command).expect("a command that was obeyed once is obeyed again");
                    fork.commands.push((fork.len(), command.clone()));
                    fork.stepped(first_event);
                }
                _ => assert!(fork.extend(), "a fork repeats its past"),
            }
        }
        fork
    }

    /// Bytes of the index (the checkpoints share most of theirs).
    pub fn index_size_bytes(&self) -> usize {
        self.index.size_bytes()
    }
}

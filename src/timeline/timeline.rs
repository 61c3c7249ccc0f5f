//! A person's way through time: branches, and a place on one of them.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::causes::EventPages;
use super::director::Director;
use super::history::{History, Mark};
use crate::kafka::ids::SimTime;
use crate::sim::{Command, CommandError, Event, EventId, World};

/// Number of a branch; the first is 0.
pub type BranchId = usize;

/// The three sizes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Up to the next thing worth a sentence.
    Idea,
    /// Up to the next message delivered or timer fired.
    Message,
    /// The next fact; several facts of one message step share one state.
    Event,
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first idea step.
    Start,
    /// The end of what has been run.
    End,
    Idea(usize),
    Step(u64),
    Time(SimTime),
    Event(EventId),
}

/// A branch as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchInfo {
    pub id: BranchId,
    /// Which branch it left, and after which step.
    pub parent: Option<(BranchId, u64)>,
    pub steps: u64,
    pub ends_at: SimTime,
    pub ideas: usize,
}

#[derive(Clone, Debug)]
struct Branch<D: Director> {
    parent: Option<(BranchId, u64)>,
    history: History<D>,
}

/// Branches of one scenario, and the place where the person stands.
#[derive(Debug)]
pub struct Timeline<D: Director> {
    branches: Vec<Branch<D>>,
    current: BranchId,
    step: u64,
    /// Which event of the step is looked at; None: the step as a whole.
    event: Option<EventId>,
    here: World,
    pages: RefCell<EventPages>,
}

impl<D: Director> Timeline<D> {
    pub fn new(world: World, director: D) -> Timeline<D> {
        let here = world.clone();
        let branch = Branch { parent: None, history: History::new(world, director) };
        Timeline { branches: vec![branch], current: 0, step: 0, event: None, here, pages: RefCell::default() }
    }

    // ---- reading

    pub fn history(&self) -> &History<D> {
        &self.branches[self.current].history
    }

    fn history_mut(&mut self) -> &mut History<D> {
        &mut self.branches[self.current].history
    }

    /// The state where the person stands.
    pub fn world(&self) -> &World {
        &self.here
    }

    pub fn step(&self) -> u64 {
        self.step
    }

    pub fn now(&self) -> SimTime {
        self.here.now()
    }

    /// The event looked at, when going event by event; else the last of the step.
    pub fn event(&self) -> Option<&Event> {
        match self.event {
            Some(id) => self.here.events().iter().find(|event| event.id == id),
            None => self.here.events().last(),
        }
    }

    /// The idea step at or before the place.
    pub fn idea(&self) -> Option<(usize, &Mark<D::Mark>)> {
        let index = self.history().mark_at(self.step)?;
        Some((index, &self.history().marks()[index]))
    }

    /// Whether the place is the end of what has been run.
    pub fn is_at_end(&self) -> bool {
        self.step == self.history().len()
    }

    pub fn current_branch(&self) -> BranchId {
        self.current
    }

    pub fn branches(&self) -> Vec<BranchInfo> {
        let info = |(id, branch): (BranchId, &Branch<D>)| BranchInfo {
            id,
            parent: branch.parent,
            steps: branch.history.len(),
            ends_at: branch.history.head().now(),
            ideas: branch.history.marks().len(),
        };
        self.branches.iter().enumerate().map(info).collect()
    }

    /// The event and the chain of its causes, nearest first.
    pub fn why(&self, event: EventId, limit: usize) -> Vec<Event> {
        self.pages.borrow_mut().why(self.history(), event, limit)
    }

    /// The newest event up to the present moment for which `wanted` holds; None: there is none, or it is very long ago.
    pub fn latest(&self, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        self.pages.borrow_mut().latest(self.history(), self.step, wanted)
    }

    // ---- running on

    /// Runs on at the end of the branch until the director is done, or `until`, or `max_steps` more steps.
    /// The place stays. True: the director is done or nothing is left to happen.
    pub fn run_to_end(&mut self, until: SimTime, max_steps: u64) -> bool {
        let history = self.history_mut();
        for _ in 0..max_steps {
            if history.is_done() || history.head().next_step_at().is_none() {
                return true;
            }
            if history.head().next_step_at().is_some_and(|at| at > until) {
                return false;
            }
            history.extend();
        }
        history.is_done()
    }

    // ---- going

    /// Goes to a place on the present branch, as far as it has been run.
    pub fn go(&mut self, place: Place) {
        let history = self.history();
        let (step, event) = match place {
            Place::Start => (history.marks().first().map_or(0, |mark| mark.step), None),
            Place::End => (history.len(), None),
            Place::Idea(index) => {
                let last = history.marks().len().saturating_sub(1);
                (history.marks().get(index.min(last)).map_or(0, |mark| mark.step), None)
            }
            Place::Step(step) => (step.min(history.len()), None),
            Place::Time(at) => (history.step_at(at), None),
            Place::Event(id) => match history.step_of_event(id) {
                Some(step) => (step, Some(id)),
                None => (history.len(), None),
            },
        };
        self.stand_at(step);
        self.event = event;
    }

    fn stand_at(&mut self, step: u64) {
        self.event = None;
        if step == self.step {
            return;
        }
        let history = &self.branches[self.current].history;
        // A short way forward is run; any other way starts from a checkpoint.
        if step > self.step && step - self.step <= 64 && step < history.len() {
            for at in self.step..step {
                history.replay_step(&mut self.here, at);
            }
        } else {
            self.here = history.world_at(step);
        }
        self.step = step;
    }

    /// Goes `count` steps of a size, back if negative. At the end, message and event steps run on.
    /// Returns whether the place has changed.
    pub fn advance(&mut self, unit: Unit, count: i64) -> bool {
        let before = (self.step, self.event);
        for _ in 0..count.unsigned_abs().min(1_000_000) {
            let moved = match (unit, count > 0) {
                (Unit::Idea, true) => self.next_idea(),
                (Unit::Idea, false) => self.previous_idea(),
                (Unit::Message, forward) => self.one_step(forward),
                (Unit::Event, forward) => self.one_event(forward),
            };
            if !moved {
                break;
            }
        }
        (self.step, self.event) != before
    }

    fn next_idea(&mut self) -> bool {
        let marks = self.history().marks();
        let next = marks.partition_point(|mark| mark.step <= self.step);
        match marks.get(next).map(|mark| mark.step) {
            Some(step) => {
                self.stand_at(step);
                true
            }
            None => false,
        }
    }

    fn previous_idea(&mut self) -> bool {
        let marks = self.history().marks();
        let next = marks.partition_point(|mark| mark.step < self.step);
        match next.checked_sub(1).map(|index| marks[index].step) {
            Some(step) => {
                self.stand_at(step);
                true
            }
            None => false,
        }
    }

    fn one_step(&mut self, forward: bool) -> bool {
        if !forward {
            let start = self.history().marks().first().map_or(0, |mark| mark.step);
            if self.step <= start {
                return false;
            }
            self.stand_at(self.step - 1);
            return true;
        }
        if self.is_at_end() && !self.history_mut().extend() {
            return false;
        }
        self.stand_at(self.step + 1);
        true
    }

    fn one_event(&mut self, forward: bool) -> bool {
        let events = self.here.events();
        let current = self.event.or_else(|| events.last().map(|event| event.id));
        let target = current.and_then(|id| if forward { Some(id + 1) } else { id.checked_sub(1) });
        match target.filter(|id| events.iter().any(|event| event.id == *id)) {
            Some(id) => {
                self.event = Some(id);
                true
            }
            None => {
                let moved = self.one_step(forward);
                if moved {
                    let events = self.here.events();
                    let event = if forward { events.first() } else { events.last() };
                    self.event = event.map(|event| event.id);
                }
                moved
            }
        }
    }

    // ---- changing

    /// Carries out a command where the person stands. At the end of the branch it is simply added; earlier, it
    /// forks: the present future stays as a branch of its own.
    ///
    /// # Errors
    /// It cannot be obeyed; nothing has changed then.
    pub fn command(&mut self, command: Command) -> Result<(), CommandError> {
        if self.is_at_end() {
            self.history_mut().command(command)?;
        } else {
            let mut history = self.history().fork(self.step);
            history.command(command)?;
            self.branches.push(Branch { parent: Some((self.current, self.step)), history });
            self.current = self.branches.len() - 1;
            self.pages.borrow_mut().clear();
        }
        self.event = None;
        self.step = self.history().len();
        self.here = self.history().head().clone();
        Ok(())
    }

    /// Changes to another branch, to the same step if both have it in common, else to the end of the shared past.
    /// False: there is no such branch.
    pub fn switch_branch(&mut self, branch: BranchId) -> bool {
        if branch >= self.branches.len() {
            return false;
        }
        let shared = self.shared_steps(self.current, branch);
        let step = self.step.min(shared);
        self.current = branch;
        self.pages.borrow_mut().clear();
        self.event = None;
        self.here = self.history().world_at(step);
        self.step = step;
        true
    }

    /// Gives up all branches but the present one, which becomes the first.
    pub fn keep_only_current(&mut self) {
        let mut branch = self.branches.swap_remove(self.current);
        branch.parent = None;
        self.branches = vec![branch];
        self.current = 0;
    }

    /// Steps that two branches have in common.
    pub fn shared_steps(&self, one: BranchId, other: BranchId) -> u64 {
        // The way up from a branch to the first: each ancestor with how much of it is shared.
        let way = |mut id: BranchId| {
            let mut limit = self.branches[id].history.len();
            let mut way = vec![(id, limit)];
            while let Some((parent, step)) = self.branches[id].parent {
                limit = limit.min(step);
                id = parent;
                way.push((id, limit));
            }
            way
        };
        let (first, second) = (way(one), way(other));
        first
            .iter()
            .find_map(|(id, limit)| {
                second.iter().find(|(candidate, _)| candidate == id).map(|(_, other)| *limit.min(other))
            })
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::ids::NodeId;
    use crate::sim::ClusterSpec;
    use crate::timeline::Observation;

    /// Marks every tenth step.
    #[derive(Clone, Debug, Default)]
    struct EveryTenth(u64);

    impl Director for EveryTenth {
        type Mark = u64;

        fn observe(&mut self, _world: &World) -> Observation<u64> {
            self.0 += 1;
            Observation { mark: self.0.is_multiple_of(10).then_some(self.0), ..Observation::default() }
        }
    }

    fn timeline(seed: u64) -> Timeline<EveryTenth> {
        let world = World::new(ClusterSpec::new(3, 3), seed).expect("defaults are valid");
        Timeline::new(world, EveryTenth::default())
    }

    fn pause(broker: i32) -> Command {
        Command::Pause { node: NodeId::broker(broker) }
    }

    #[test]
    fn back_and_forth_gives_the_same_hash_at_each_step() {
        let mut timeline = timeline(7);
        timeline.run_to_end(SimTime::from_ms(20_000), 6_000);
        let steps = timeline.history().len();
        assert!(steps > 1_000, "the cluster must have something to do, but there are {steps} steps");
        let mut hashes = Vec::new();
        for step in 0..=steps {
            timeline.go(Place::Step(step));
            hashes.push(timeline.world().state_hash());
        }
        for step in (0..=steps).rev().step_by(37) {
            timeline.go(Place::Step(step));
            assert_eq!(timeline.world().state_hash(), hashes[step as usize], "step {step}");
        }
        let mut again = super::tests::timeline(7);
        again.run_to_end(SimTime::from_ms(20_000), 6_000);
        assert_eq!(again.history().head().state_hash(), hashes[steps as usize], "the same seed, run twice");
        let mut other = super::tests::timeline(8);
        other.run_to_end(SimTime::from_ms(20_000), 6_000);
        assert_ne!(other.history().head().state_hash(), hashes[steps as usize], "another seed");
    }

    #[test]
    fn a_command_in_the_past_forks_and_the_old_future_stays() {
        let mut timeline = timeline(1);
        timeline.run_to_end(SimTime::from_ms(20_000), 3_000);
        let (steps, hash) = (timeline.history().len(), timeline.history().head().state_hash());
        timeline.go(Place::Step(steps / 2));
        let middle = timeline.world().state_hash();
        timeline.command(pause(1)).expect("broker 1 runs");
        assert_eq!(timeline.branches().len(), 2);
        timeline.run_to_end(SimTime::from_ms(20_000), 3_000);
        assert_ne!(timeline.history().head().state_hash(), hash);
        timeline.go(Place::Step(steps / 2));
        assert_eq!(timeline.world().state_hash(), middle, "the past of the fork is the same past");
        assert!(timeline.switch_branch(0));
        timeline.go(Place::End);
        assert_eq!(timeline.world().state_hash(), hash, "the old future can be returned to");
        assert_eq!(timeline.shared_steps(0, 1), steps / 2);
    }

    #[test]
    fn a_command_that_cannot_be_obeyed_changes_nothing() {
        let mut timeline = timeline(1);
        timeline.run_to_end(SimTime::from_ms(1_000), 500);
        timeline.go(Place::Step(100));
        let before = timeline.world().state_hash();
        assert!(timeline.command(pause(99)).is_err());
        assert_eq!((timeline.branches().len(), timeline.step()), (1, 100));
        assert_eq!(timeline.world().state_hash(), before);
    }

    #[test]
    fn causes_lead_back_to_the_beginning() {
        let mut timeline = timeline(3);
        timeline.run_to_end(SimTime::from_ms(20_000), 2_000);
        let last = timeline.history().head().event_count() - 1;
        let chain = timeline.why(last, 10_000);
        assert!(chain.windows(2).all(|pair| pair[0].cause == Some(pair[1].id) && pair[1].id < pair[0].id));
        assert_eq!(chain.last().and_then(|event| event.cause), None, "the chain ends where something began by itself");
    }
}

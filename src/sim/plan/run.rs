//! Plays one schedule under the eyes of the guarantees.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::coverage::Coverage;
use super::plan::Plan;
use super::schedule::{Phase, Schedule};
use crate::kafka::ids::SimTime;
use crate::sim::check::{Checker, Violation};
use crate::sim::{Command, EventId, World};

/// A schedule that takes more steps than this runs in circles.
const MAX_STEPS: u64 = 400_000;

/// The guarantee of the liveness phase.
pub const COMES_TO_REST: &str = "a mended cluster comes to rest";

/// One run under way. It goes exactly as a timeline goes that has a [`Schedule`] for its director: the n-th step here is
/// the n-th step there.
pub struct Run {
    world: World,
    schedule: Schedule,
    checker: Checker,
    /// Commands to be given next.
    pending: VecDeque<Command>,
    step: u64,
    coverage: Coverage,
}

/// A guarantee that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub seed: u64,
    pub violation: Violation,
    /// After so many steps.
    pub step: u64,
    /// Events before, those of the failing step included.
    pub event: EventId,
    pub at: SimTime,
    pub phase: Phase,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, violation, step, event, at, phase } = self;
        let (seconds, us) = (at.0 / 1_000_000, at.0 % 1_000_000);
        write!(
            f,
            "seed {seed}: {violation}\n  at step {step}, event {event}, {seconds}.{us:06} s of virtual time, in the \
             {phase:?} phase"
        )
    }
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub seed: u64,
    pub steps: u64,
    pub events: u64,
    pub at: SimTime,
    pub coverage: Coverage,
    pub failure: Option<Failure>,
}

impl Run {
    /// The schedule of a seed, before its first step.
    pub fn new(seed: u64) -> Run {
        Run::of(Plan::of(seed))
    }

    pub fn of(plan: Plan) -> Run {
        let world = World::new(plan.cluster.clone(), plan.seed).expect("a plan has settings that Kafka takes");
        Run {
            world,
            schedule: Schedule::new(Rc::new(plan)),
            checker: Checker::all(),
            pending: VecDeque::new(),
            step: 0,
            coverage: Coverage::default(),
        }
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Steps so far.
    pub fn step(&self) -> u64 {
        self.step
    }

    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// One step on: the next command, or what happens next by itself. False: the schedule is over.
    ///
    /// # Errors
    /// A guarantee does not hold any more.
    pub fn advance(&mut self) -> Result<bool, Violation> {
        if self.schedule.is_over() {
            return Ok(false);
        }
        self.go_on()?;
        self.step += 1;
        self.coverage.observe(&self.world);
        self.checker.check(&self.world)?;
        self.pending.extend(self.schedule.observe(&self.world));
        let restless = |what: String| Violation { guarantee: COMES_TO_REST, what };
        if let Some(why) = self.schedule.restless() {
            return Err(restless(format!("long after everything was mended, {why}")));
        }
        if self.step >= MAX_STEPS {
            return Err(restless(format!("there is no end after {MAX_STEPS} steps")));
        }
        Ok(true)
    }

    /// Gives the next command that can be obeyed; those that cannot are passed over.
    fn go_on(&mut self) -> Result<(), Violation> {
        while let Some(command) = self.pending.pop_front() {
            if self.world.apply(&command).is_ok() {
                return Ok(());
            }
        }
        match self.world.step() {
            true => Ok(()),
            false => Err(Violation { guarantee: COMES_TO_REST, what: "nothing is left to happen".into() }),
        }
    }

    /// Goes to the end, or to the first guarantee that does not hold.
    pub fn finish(mut self) -> Outcome {
        loop {
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return self.outcome(None),
                Err(violation) => return self.outcome(Some(violation)),
            }
        }
    }

    /// How it went, if it is over now.
    pub fn outcome(&self, violation: Option<Violation>) -> Outcome {
        Outcome {
            seed: self.schedule.plan().seed,
            steps: self.step,
            events: self.world.event_count(),
            at: self.world.now(),
            coverage: self.coverage,
            failure: violation.map(|violation| self.failure(violation)),
        }
    }

    /// A violation, with its place in this run.
    pub fn failure(&self, violation: Violation) -> Failure {
        Failure {
            seed: self.schedule.plan().seed,
            violation,
            step: self.step,
            event: self.world.event_count(),
            at: self.world.now(),
            phase: self.schedule.phase(),
        }
    }
}

//! A learner at an example: the run, the place in it, the questions asked, the goals reached. All that the page and
//! the embedding contract need, without a browser.

use std::rc::Rc;

use super::director::{Idea, LessonDirector};
use super::goal::{GoalKind, Verdict};
use super::model::{Course, Example, Prediction};
use super::parameters::Parameters;
use super::prediction::right_answer;
use super::{random_schedule, script};
use crate::kafka::ids::SimTime;
use crate::kafka::sorted::{SortedMap, SortedSet};
use crate::sim::{Command, CommandError, World};
use crate::timeline::link::{LinkError, Moment};
use crate::timeline::{Mark, Place, Timeline, Unit};

/// Virtual time that a run may go on after the last command.
const HORIZON_MS: u64 = 600_000;
/// Steps that a run may take beyond what is there.
const MAX_STEPS: u64 = 600_000;

/// What became of an answer to a prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub choice: String,
    pub right: bool,
    /// The choice that the run proves right.
    pub right_choice: String,
    /// Why the choice was wrong; None: it was right.
    pub why_not: Option<String>,
}

/// Why an example cannot be opened or run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonError(pub String);

impl std::fmt::Display for LessonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LessonError {}

/// An example being played.
#[derive(Debug)]
pub struct Lesson {
    example: Rc<Example>,
    parameters: Rc<Parameters>,
    seed: u64,
    timeline: Timeline<LessonDirector>,
    /// Predictions answered in this run, by their place in the example.
    answers: SortedMap<usize, Answered>,
    skipped: SortedSet<usize>,
}

impl Lesson {
    /// Opens an example and runs it to its end; the place is its first idea step.
    ///
    /// # Errors
    /// The parameters make no sense, or the cluster cannot be built; in words.
    pub fn open(example: Rc<Example>, parameters: Parameters, seed: u64) -> Result<Lesson, LessonError> {
        parameters.check(example.cluster.brokers.len()).map_err(|errors| {
            LessonError(errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join(" "))
        })?;
        let world = World::new(example.cluster.clone(), seed).map_err(|error| LessonError(error.to_string()))?;
        let parameters = Rc::new(parameters);
        let director = LessonDirector::new(example.clone(), parameters.clone());
        let timeline = Timeline::new(world, director);
        let mut lesson =
            Lesson { example, parameters, seed, timeline, answers: SortedMap::new(), skipped: SortedSet::new() };
        lesson.run_on();
        lesson.timeline.go(Place::Start);
        Ok(lesson)
    }

    /// Opens the moment of a share link.
    ///
    /// # Errors
    /// The example does not exist, or a command cannot be obeyed.
    pub fn open_moment(course: &Course, moment: Moment<Parameters>) -> Result<Lesson, LinkError> {
        let example = match random_schedule::of_link(&moment.example, moment.seed)? {
            Some(schedule) => schedule,
            None => course.example(&moment.example).cloned().ok_or(LinkError::UnknownExample(moment.example))?,
        };
        let mut lesson = Lesson::open(example, moment.parameters, moment.seed)
            .map_err(|error| LinkError::Malformed(error.to_string()))?;
        for (index, (step, command)) in moment.commands.into_iter().enumerate() {
            lesson.timeline.go(Place::Step(step));
            if lesson.timeline.step() != step {
                return Err(LinkError::Command(index, format!("the run has no step {step}")));
            }
            lesson.timeline.command(command).map_err(|error| LinkError::Command(index, error.to_string()))?;
            lesson.run_on();
        }
        // What led to the moment is its past, not a future that somebody left.
        lesson.timeline.keep_only_current();
        lesson.timeline.go(Place::Step(moment.step));
        Ok(lesson)
    }

    /// What a share link to the present moment holds.
    pub fn moment(&self) -> Moment<Parameters> {
        // Commands after the present step are part of the future that the link shows, so they are kept.
        let commands =
            self.timeline.history().learner_commands().iter().map(|(step, command)| (*step, (**command).clone()));
        Moment {
            example: self.example.id.clone(),
            parameters: (*self.parameters).clone(),
            seed: self.seed,
            commands: commands.collect(),
            step: self.timeline.step(),
        }
    }

    fn run_on(&mut self) {
        let until = self.timeline.history().head().now().plus_ms(HORIZON_MS);
        self.timeline.run_to_end(until, MAX_STEPS);
    }

    // ---- reading

    pub fn example(&self) -> &Rc<Example> {
        &self.example
    }

    pub fn parameters(&self) -> &Rc<Parameters> {
        &self.parameters
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn timeline(&self) -> &Timeline<LessonDirector> {
        &self.timeline
    }

    pub fn world(&self) -> &World {
        self.timeline.world()
    }

    /// Idea steps of the present branch.
    pub fn ideas(&self) -> &[Mark<Rc<Idea>>] {
        self.timeline.history().marks()
    }

    /// Number of the present idea step, from 0.
    pub fn idea_index(&self) -> usize {
        self.timeline.idea().map_or(0, |(index, _)| index)
    }

    /// The present idea step; None: before the first.
    pub fn idea(&self) -> Option<&Rc<Idea>> {
        self.timeline.idea().map(|(_, mark)| &mark.mark)
    }

    /// How the goals stand at the present moment.
    pub fn verdicts(&self) -> Rc<Vec<Verdict>> {
        self.idea().map(|idea| idea.verdicts.clone()).unwrap_or_default()
    }

    /// Goals that are reached at the present moment.
    pub fn goals_reached(&self) -> Vec<GoalKind> {
        self.verdicts().iter().filter(|verdict| verdict.reached).map(|verdict| verdict.goal).collect()
    }

    // ---- predictions

    /// The question that stands before the next idea step, unless it was answered or skipped.
    pub fn question(&self) -> Option<(usize, &Prediction)> {
        let next = self.timeline.history().mark_at(self.timeline.step()).map_or(0, |index| index + 1);
        let idea = &self.ideas().get(next)?.mark;
        let index =
            idea.predictions.iter().find(|index| !self.answers.contains_key(index) && !self.skipped.contains(index))?;
        Some((*index, self.example.predictions.get(*index)?))
    }

    /// Answers a prediction. None: there is no such question or choice, or the run does not tell.
    pub fn answer(&mut self, index: usize, choice: &str) -> Option<Answered> {
        let prediction = self.example.predictions.get(index)?;
        let chosen = prediction.choices.iter().find(|candidate| candidate.id == choice)?;
        let right_choice = right_answer(prediction.right, &self.parameters, self.ideas(), self.idea_index())?;
        let right = right_choice == choice;
        let answered =
            Answered { choice: choice.into(), right, right_choice, why_not: (!right).then(|| chosen.why_not.clone()) };
        self.answers.insert(index, answered.clone());
        Some(answered)
    }

    pub fn skip(&mut self, index: usize) {
        self.skipped.insert(index);
    }

    pub fn answers(&self) -> &SortedMap<usize, Answered> {
        &self.answers
    }

    // ---- going and changing

    /// Goes to a place; questions on the way are not asked.
    pub fn go(&mut self, place: Place) {
        self.timeline.go(place);
    }

    /// Goes some steps. An idea step forward stops before a question that is still open. True: the place changed.
    pub fn advance(&mut self, unit: Unit, count: i64) -> bool {
        if unit != Unit::Idea || count <= 0 {
            return self.timeline.advance(unit, count);
        }
        let mut moved = false;
        for _ in 0..count.min(100_000) {
            if self.question().is_some() || !self.timeline.advance(unit, 1) {
                break;
            }
            moved = true;
        }
        moved
    }

    /// Carries out a command at the present moment, and runs the new future to its end.
    ///
    /// # Errors
    /// It cannot be obeyed; nothing has changed then.
    pub fn command(&mut self, command: Command) -> Result<(), CommandError> {
        self.timeline.command(command)?;
        self.run_on();
        Ok(())
    }

    /// Does one of the example's acts at the present moment.
    ///
    /// # Errors
    /// It cannot be done at present; in words.
    pub fn act(&mut self, id: &str) -> Result<(), String> {
        let act = self
            .example
            .acts
            .iter()
            .find(|act| act.id == id)
            .ok_or_else(|| format!("the example has no act named {id}"))?;
        let commands = script::act(act, &self.example, &self.parameters, self.world())?;
        for command in commands {
            self.timeline.command(command).map_err(|error| error.to_string())?;
        }
        self.run_on();
        Ok(())
    }

    /// Whether an act could be done now; the error says why not.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn can_act(&self, id: &str) -> Result<(), String> {
        let act = self.example.acts.iter().find(|act| act.id == id).ok_or("there is no such act")?;
        let commands = script::act(act, &self.example, &self.parameters, self.world())?;
        // The first alone: those after it may rest on what it does.
        match commands.first() {
            Some(first) => self.world().clone().apply(first).map_err(|error| error.to_string()),
            None => Err("there is nothing to do it to".into()),
        }
    }

    /// Goes to another branch.
    pub fn switch_branch(&mut self, branch: usize) -> bool {
        self.timeline.switch_branch(branch)
    }

    /// Moves along while playing: to the last step at or before `at`, but not beyond an open question.
    /// True: a question has stopped it, or the end is reached.
    pub fn play_to(&mut self, at: SimTime) -> bool {
        let next = self.timeline.history().mark_at(self.timeline.step()).map_or(0, |index| index + 1);
        let stop = self.ideas().iter().skip(next).find(|mark| {
            let open = |index: &usize| !self.answers.contains_key(index) && !self.skipped.contains(index);
            mark.at <= at && mark.mark.predictions.iter().any(open)
        });
        let limit = stop.map_or(u64::MAX, |mark| mark.step - 1);
        let step = self.timeline.history().step_at(at).min(limit);
        if step > self.timeline.step() {
            self.timeline.go(Place::Step(step));
        }
        limit != u64::MAX || self.timeline.is_at_end()
    }
}

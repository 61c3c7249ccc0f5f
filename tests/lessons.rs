//! Every example of the course is played: its solution reaches the goals, its wrong runs do not and are told why, and
//! pressing "next" to the end completes nothing.

use std::collections::BTreeSet;
use std::rc::Rc;

use glassbroker::course::beat::BeatKind;
use glassbroker::course::goal::GoalKind;
use glassbroker::course::model::{Example, Play};
use glassbroker::course::progress::Progress;
use glassbroker::course::{Lesson, course};
use glassbroker::timeline::{Place, Unit, link};

fn examples() -> Vec<Rc<Example>> {
    let examples: Vec<Rc<Example>> = course().examples().cloned().collect();
    assert!(!examples.is_empty(), "the course has no example");
    examples
}

fn open(example: &Rc<Example>, play: &Play) -> Lesson {
    let parameters = example.parameters.with(&play.parameters).expect("a play changes parameters that exist");
    Lesson::open(example.clone(), parameters, example.seed).expect("an example opens")
}

/// Presses "next" to the end, skipping questions. Returns the goals that were reached on the way.
fn next_to_the_end(lesson: &mut Lesson) -> BTreeSet<GoalKind> {
    let mut reached = BTreeSet::new();
    for _ in 0..10_000 {
        reached.extend(lesson.goals_reached());
        if let Some((index, _)) = lesson.question() {
            lesson.skip(index);
        }
        if !lesson.advance(Unit::Idea, 1) {
            return reached;
        }
    }
    panic!("{} has no end", lesson.example().id);
}

/// Does what a play says: at the n-th idea step of a beat, an act.
fn play(lesson: &mut Lesson, play: &Play) -> BTreeSet<GoalKind> {
    for act in &play.acts {
        let place = nth_idea(lesson, act.at, act.nth).unwrap_or_else(|| {
            let said: Vec<&str> = lesson.ideas().iter().map(|mark| mark.mark.sentence.as_str()).collect();
            panic!("{}: there is no {:?} number {} in {said:#?}", lesson.example().id, act.at, act.nth)
        });
        lesson.go(Place::Idea(place));
        lesson.act(&act.act).unwrap_or_else(|why| panic!("{}: {}: {why}", lesson.example().id, act.act));
    }
    next_to_the_end(lesson)
}

fn nth_idea(lesson: &Lesson, beat: BeatKind, nth: u32) -> Option<usize> {
    let places = lesson.ideas().iter().enumerate().filter(|(_, mark)| mark.mark.has(beat));
    places.map(|(place, _)| place).nth(nth as usize - 1)
}

#[test]
fn the_solution_reaches_every_goal() {
    for example in examples() {
        let mut progress = Progress::default();
        for solution in &example.solution {
            let mut lesson = open(&example, solution);
            for goal in play(&mut lesson, solution) {
                progress.reach(&example.id, goal);
            }
        }
        let missing: Vec<GoalKind> =
            example.goals.iter().map(|goal| goal.id).filter(|goal| !progress.has_reached(&example.id, *goal)).collect();
        assert!(missing.is_empty(), "{}: the solution does not reach {missing:?}", example.id);
        assert!(progress.is_completed(&example));
    }
}

#[test]
fn a_wrong_run_is_told_why() {
    for example in examples() {
        assert!(!example.wrong.is_empty(), "{} has no wrong run", example.id);
        for (number, wrong) in example.wrong.iter().enumerate() {
            let mut lesson = open(&example, wrong);
            let reached = play(&mut lesson, wrong);
            assert!(reached.len() < example.goals.len(), "{}: wrong run {number} reaches all goals", example.id);
            let why: Vec<String> = lesson.verdicts().iter().map(|verdict| verdict.why.clone()).collect();
            let told = why.iter().any(|why| why.contains(&wrong.because));
            assert!(told, "{}: wrong run {number} is told {why:#?}, not that {:?}", example.id, wrong.because);
        }
    }
}

#[test]
fn pressing_next_to_the_end_reaches_no_goal() {
    for example in examples() {
        let mut lesson = open(&example, &Play { parameters: Default::default(), acts: vec![], because: String::new() });
        assert!(next_to_the_end(&mut lesson).is_empty(), "{} completes itself", example.id);
        let parts: BTreeSet<u32> = lesson.ideas().iter().map(|mark| mark.mark.part).collect();
        assert!(lesson.ideas().len() >= 8, "{} has only {} idea steps", example.id, lesson.ideas().len());
        assert!(parts.contains(&1), "{}: {parts:?}", example.id);
        let end = lesson.ideas().last().expect("there are idea steps");
        assert!(end.mark.has(BeatKind::Settled), "{} does not come to rest: {}", example.id, end.mark.sentence);
    }
}

#[test]
fn message_flow_ticks_every_step_of_its_parts() {
    let course = course();
    let example = course.example("message-flow").expect("the example is there");
    let lesson = Lesson::open(example.clone(), example.parameters.clone(), example.seed).expect("it opens");
    let end = lesson.ideas().last().expect("there are idea steps").mark.clone();
    for step in example.parts.iter().flat_map(|part| &part.steps) {
        assert!(end.ticked.contains(&step.id), "{} is never ticked", step.id);
    }
    for (line, time) in end.measured.lines() {
        assert!(time.is_some(), "nothing was measured for: {line}");
    }
}

#[test]
fn the_solutions_tick_every_step_of_the_parts() {
    for example in examples() {
        let mut ticked = BTreeSet::new();
        for solution in &example.solution {
            let mut lesson = open(&example, solution);
            play(&mut lesson, solution);
            ticked.extend(lesson.ideas().iter().flat_map(|mark| mark.mark.ticked.iter().cloned()));
        }
        for step in example.parts.iter().flat_map(|part| &part.steps) {
            assert!(ticked.contains(&step.id), "{}: no solution ticks {}", example.id, step.id);
        }
    }
}

#[test]
fn no_sentence_has_a_hole() {
    for example in examples() {
        let nothing = Play { parameters: Default::default(), acts: vec![], because: String::new() };
        for run in example.solution.iter().chain(&example.wrong).chain([&nothing]) {
            let mut lesson = open(&example, run);
            play(&mut lesson, run);
            for mark in lesson.ideas() {
                assert!(!mark.mark.sentence.contains('{'), "{}: {}", example.id, mark.mark.sentence);
            }
        }
    }
}

#[test]
fn every_prediction_is_asked_and_has_a_right_answer() {
    for example in examples() {
        let mut asked = BTreeSet::new();
        for solution in &example.solution {
            let mut lesson = open(&example, solution);
            for act in &solution.acts {
                let place = nth_idea(&lesson, act.at, act.nth).expect("the solution can be played");
                lesson.go(Place::Idea(place));
                lesson.act(&act.act).expect("the solution can be played");
            }
            lesson.go(Place::Start);
            for _ in 0..10_000 {
                while let Some((index, prediction)) = lesson.question() {
                    let choices: Vec<String> = prediction.choices.iter().map(|choice| choice.id.clone()).collect();
                    let id = prediction.id.clone();
                    let right =
                        lesson.answer(index, &choices[0]).unwrap_or_else(|| panic!("{id}: no answer")).right_choice;
                    assert!(choices.contains(&right), "{id}: {right} is none of {choices:?}");
                    asked.insert(id);
                }
                if !lesson.advance(Unit::Idea, 1) {
                    break;
                }
            }
        }
        for prediction in &example.predictions {
            assert!(asked.contains(&prediction.id), "{}: {} is never asked", example.id, prediction.id);
        }
    }
}

#[test]
fn back_and_forth_over_all_idea_steps_gives_the_same_hashes() {
    for example in examples() {
        let mut lesson = Lesson::open(example.clone(), example.parameters.clone(), example.seed).expect("it opens");
        let count = lesson.ideas().len();
        let mut hashes = Vec::new();
        for place in 0..count {
            lesson.go(Place::Idea(place));
            hashes.push(lesson.world().state_hash());
        }
        assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), count, "{}: two idea steps are one state", example.id);
        for place in (0..count).rev() {
            lesson.go(Place::Idea(place));
            assert_eq!(lesson.world().state_hash(), hashes[place], "{} at idea step {place}", example.id);
        }
    }
}

#[test]
fn a_link_restores_commands_and_the_very_moment() {
    for example in examples() {
        for solution in &example.solution {
            let mut lesson = open(&example, solution);
            play(&mut lesson, solution);
            lesson.go(Place::Idea(lesson.ideas().len() / 2));
            let text = link::encode(&lesson.moment());
            assert!(text.len() < 1_000, "{}: the link has {} characters", example.id, text.len());
            let again =
                Lesson::open_moment(&course(), link::decode(&text).expect("the link is whole")).expect("it opens");
            assert_eq!(again.world().state_hash(), lesson.world().state_hash());
            assert_eq!(again.idea_index(), lesson.idea_index());
            let (mut one, mut other) = (lesson, again);
            one.go(Place::End);
            other.go(Place::End);
            assert_eq!(one.world().state_hash(), other.world().state_hash(), "the future is the same too");
        }
    }
}

//! What a person does: answers, acts, commands, selections, keys, links.

use yew::prelude::*;

use super::{Msg, Page};
use crate::app::address::Route;
use crate::app::browser;
use crate::course::{Lesson, Parameters};
use crate::kafka::ids::NodeId;
use crate::sim::Command;
use crate::stage::Thing;
use crate::stage::contract::Outgoing;
use crate::timeline::{Place, Unit, link};

impl Page {
    pub(super) fn answer(&mut self, index: usize, choice: &str) {
        self.stop();
        let Some(lesson) = &mut self.lesson else { return };
        let Some(answered) = lesson.answer(index, choice) else { return };
        let example = lesson.example().clone();
        if let Some(prediction) = example.predictions.get(index) {
            self.progress.answer(&example.id, &prediction.id, answered.right);
            self.say(&Outgoing::Prediction {
                id: prediction.id.clone(),
                answer: choice.to_string(),
                right: answered.right,
            });
        }
        self.keep_progress();
        self.answered = Some((index, answered));
        self.refresh();
    }

    pub(super) fn act(&mut self, id: &str) {
        self.stop();
        let Some(lesson) = &mut self.lesson else { return };
        if let Err(why) = lesson.act(id) {
            self.notice = Some(format!("That cannot be done now: {why}."));
        }
        self.answered = None;
        self.moved();
    }

    pub(super) fn command(&mut self, command: Command) {
        self.stop();
        let Some(lesson) = &mut self.lesson else { return };
        if let Err(why) = lesson.command(command) {
            self.notice = Some(format!("That cannot be done now: {why}."));
            self.say(&Outgoing::Error { r#where: "command".into(), message: why.to_string() });
        }
        self.answered = None;
        self.moved();
    }

    /// A click: it answers an open question about a broker, else it pauses and opens the inspector.
    pub(super) fn select(&mut self, thing: Option<Thing>) {
        let asked = self.lesson.as_ref().and_then(Lesson::question).filter(|(_, prediction)| prediction.in_figure);
        if let (Some((index, prediction)), Some(NodeId::Broker(broker))) = (asked, thing.as_ref().and_then(Thing::node))
        {
            let choice = broker.to_string();
            if prediction.choices.iter().any(|candidate| candidate.id == choice) {
                return self.answer(index, &choice);
            }
        }
        self.stop();
        if let (Some(closed), None) = (&self.selected, &thing) {
            browser::focus_thing(&closed.to_string());
        }
        self.selected = thing;
    }

    pub(super) fn run(&mut self, parameters: Parameters) {
        let Some(lesson) = &self.lesson else { return };
        match Lesson::open(lesson.example().clone(), parameters, lesson.seed()) {
            Ok(lesson) => self.show_lesson(lesson),
            Err(why) => self.notice = Some(format!("This cannot be run: {why}")),
        }
    }

    pub(super) fn reset(&mut self) {
        let Some(lesson) = &self.lesson else { return };
        self.run((**lesson.parameters()).clone());
    }

    /// Notes goals that are reached at the present moment.
    pub(super) fn judge(&mut self) {
        let Some(lesson) = &self.lesson else { return };
        let example = lesson.example().clone();
        let mut new = false;
        for goal in lesson.goals_reached() {
            new |= self.progress.reach(&example.id, goal);
        }
        if new {
            self.keep_progress();
            if self.progress.is_completed(&example) && !self.told_complete.contains(&example.id) {
                self.told_complete.push(example.id.clone());
                self.say(&Outgoing::ExampleComplete { example: example.id.clone() });
                let (completed, total) = self.progress.count(&self.course);
                self.say(&Outgoing::Progress { completed, total });
            }
        }
    }

    pub(super) fn key(&mut self, ctx: &Context<Page>, key: &str, shift: bool) -> bool {
        let unit = if shift { Unit::Message } else { Unit::Idea };
        let msg = match key {
            "ArrowRight" => Msg::Advance(unit, 1),
            "ArrowLeft" => Msg::Advance(unit, -1),
            "Home" => Msg::Go(Place::Start),
            "End" => Msg::Go(Place::Idea(usize::MAX)),
            " " => Msg::TogglePlay,
            "[" => Msg::SetSpeed(self.speed.slower()),
            "]" => Msg::SetSpeed(self.speed.faster()),
            "Escape" if self.selected.is_some() => Msg::Select(None),
            _ => return false,
        };
        Component::update(self, ctx, msg)
    }

    pub(super) fn copy_link(&mut self, ctx: &Context<Page>) {
        let fragment = match &self.lesson {
            Some(lesson) if self.route != Route::Fidelity => Route::Link(link::encode(&lesson.moment())),
            _ => self.route.clone(),
        }
        .to_fragment();
        browser::show_fragment(&fragment, true);
        let address = format!("{}#{fragment}", browser::address_without_fragment());
        let done = ctx.link().callback(Msg::Copied);
        browser::copy_text(address, move |worked| done.emit(worked));
    }
}

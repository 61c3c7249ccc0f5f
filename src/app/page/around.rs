//! The page around an embedded figure: what it is told, and what it asks for.

use serde_json::Value;
use yew::prelude::*;

use super::{Msg, Page};
use crate::app::browser;
use crate::app::size::HeightWatch;
use crate::stage::contract::{self, Incoming, Outgoing};
use crate::timeline::Unit;

impl Page {
    pub(super) fn say(&self, message: &Outgoing) {
        if self.query.embed {
            let text = message.to_json(self.query.id.as_deref()).to_string();
            browser::post_to_parent(&text, &self.query.parent_origin);
        }
    }

    pub(super) fn say_ready(&mut self) {
        let Some(lesson) = &self.lesson else { return };
        self.is_ready = true;
        self.say(&Outgoing::Ready {
            example: lesson.example().id.clone(),
            step: lesson.idea_index(),
            steps: lesson.ideas().len(),
            hash: lesson.world().state_hash(),
        });
        for (name, why) in &self.query.warnings {
            self.say(&Outgoing::Warning { r#where: name.clone(), message: why.clone() });
        }
    }

    pub(super) fn watch_height(&mut self, ctx: &Context<Page>) {
        let tell = ctx.link().callback(Msg::Height);
        let root = browser::document().and_then(|document| document.get_element_by_id("app"));
        self._height = root.and_then(|root| HeightWatch::new(&root, move |height| tell.emit(height)));
    }

    pub(super) fn say_step(&self) {
        let Some(lesson) = self.lesson.as_ref().filter(|_| self.is_ready) else { return };
        self.say(&Outgoing::Step {
            step: lesson.idea_index(),
            steps: lesson.ideas().len(),
            time_us: lesson.timeline().now().0,
            hash: lesson.world().state_hash(),
            sentence: lesson.idea().map(|idea| idea.sentence.clone()).unwrap_or_default(),
        });
    }

    pub(super) fn incoming(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        match contract::parse(&message) {
            Err(error) => self.say(&Outgoing::Error { r#where: error.r#where, message: error.message }),
            Ok(Incoming::Step { unit, count }) => self.step_from_outside(unit, count),
            Ok(Incoming::Goto(place)) => self.change(|lesson| lesson.go(place)),
            Ok(Incoming::Play) => {
                if !self.playing {
                    self.toggle_play();
                }
            }
            Ok(Incoming::Pause) => self.stop(),
            Ok(Incoming::Reset) => self.reset(),
            Ok(Incoming::GetState) => self.say_state(),
            Ok(Incoming::Command(command)) => self.command(*command),
            Ok(Incoming::SetTheme(theme)) => {
                self.theme = theme;
                self.apply_theme();
            }
        }
    }

    /// A page that steps by program is not held up by questions to a person.
    pub(super) fn step_from_outside(&mut self, unit: Unit, count: i64) {
        self.change(|lesson| {
            let mut left = count;
            while left != 0 {
                if let Some((index, _)) = lesson.question() {
                    lesson.skip(index);
                }
                let one = if unit == Unit::Idea { left.signum() } else { left };
                if !lesson.advance(unit, one) {
                    break;
                }
                left -= one;
            }
        });
    }

    pub(super) fn say_state(&self) {
        let Some(lesson) = &self.lesson else { return };
        self.say(&Outgoing::State {
            step: lesson.idea_index(),
            time_us: lesson.timeline().now().0,
            hash: lesson.world().state_hash(),
            tables: serde_json::to_value(crate::stage::tables::tables(&self.frame_of(lesson))).unwrap_or_default(),
        });
    }
}

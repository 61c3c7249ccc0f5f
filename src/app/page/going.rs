//! Going through the lesson: steps, play and pause.

use super::Page;
use crate::course::Lesson;
use crate::kafka::ids::SimTime;
use crate::timeline::{Place, Unit};

/// While playing, nothing is waited for longer than this, milliseconds of the wall.
const LONGEST_WAIT_MS: f64 = 2_500.0;
/// Less virtual time than this is not jumped over, however slowly it plays: messages are on their way, microseconds.
const SHORTEST_JUMP_US: f64 = 2_000.0;
/// How long before the next idea step a jump ends, milliseconds of the wall.
const LEAD_IN_MS: f64 = 1_200.0;

impl Page {
    /// Does something to the lesson, and shows what came of it.
    pub(super) fn change(&mut self, act: impl FnOnce(&mut Lesson)) {
        self.stop();
        if let Some(lesson) = &mut self.lesson {
            act(lesson);
        }
        self.answered = None;
        self.moved();
    }

    pub(super) fn advance(&mut self, unit: Unit, count: i64) {
        self.change(|lesson| {
            lesson.advance(unit, count);
        });
    }

    /// The place has changed: clock, goals, and the page around are told.
    pub(super) fn moved(&mut self) {
        if let Some(lesson) = &self.lesson {
            let now = lesson.timeline().now().0;
            self.now_us = now as f64;
            self.clock.set(now);
        }
        self.judge();
        self.refresh();
        self.say_step();
    }

    pub(super) fn toggle_play(&mut self) {
        if self.playing {
            self.stop();
            return;
        }
        let Some(lesson) = &mut self.lesson else { return };
        if lesson.timeline().is_at_end() {
            lesson.go(Place::Start);
            self.moved();
        }
        self.playing = true;
        self.answered = None;
        self.player.start();
    }

    pub(super) fn stop(&mut self) {
        self.playing = false;
        self.player.stop();
    }

    /// One animation frame while playing. True: something other than the canvas has changed.
    pub(super) fn frame(&mut self, ms: f64) -> bool {
        let Some(lesson) = &mut self.lesson else { return false };
        let rate = self.speed.us_per_ms();
        let next = lesson.ideas().get(lesson.idea_index() + 1).map(|mark| mark.at.0 as f64);
        self.now_us += ms * rate;
        if let Some(next) = next
            && next - self.now_us > (LONGEST_WAIT_MS * rate).max(SHORTEST_JUMP_US)
        {
            self.now_us = next - LEAD_IN_MS * rate;
        }
        let before = lesson.timeline().step();
        let idea_before = lesson.idea_index();
        let stopped = lesson.play_to(SimTime(self.now_us as u64));
        let step = lesson.timeline().step();
        self.clock.set(self.now_us as u64);
        let over = next.is_none() && lesson.idea_index() + 1 == lesson.ideas().len();
        if stopped || over {
            self.stop();
        }
        if step == before && !stopped && !over {
            return false;
        }
        if self.lesson.as_ref().map(Lesson::idea_index) != Some(idea_before) {
            self.judge();
            self.refresh();
            self.say_step();
        }
        true
    }
}

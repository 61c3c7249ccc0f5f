//! "Why?": the chain of events that led to one.

use std::rc::Rc;

use super::director::Director;
use super::history::History;
use crate::sim::{Event, EventId};

/// Events of the part of a history between two checkpoints.
#[derive(Clone, Debug)]
pub(super) struct EventPage {
    first: EventId,
    events: Rc<Vec<Event>>,
}

impl EventPage {
    fn get(&self, id: EventId) -> Option<Event> {
        self.events.get(id.checked_sub(self.first)? as usize).cloned()
    }

    fn holds(&self, id: EventId) -> bool {
        id.checked_sub(self.first).is_some_and(|index| index < self.events.len() as u64)
    }
}

/// A few parts of a history whose events were asked for lately.
#[derive(Clone, Debug, Default)]
pub(super) struct EventPages {
    pages: Vec<EventPage>,
}

const MAX_PAGES: usize = 8;
/// How far back the newest event about a thing is looked for.
const MAX_LOOK_BACK: EventId = 100_000;

impl EventPages {
    pub fn clear(&mut self) {
        self.pages.clear();
    }

    /// An event by its number.
    pub fn event<D: Director>(&mut self, history: &History<D>, id: EventId) -> Option<Event> {
        let in_page = |page: &EventPage| page.get(id);
        if let Some(event) = self.pages.iter().find_map(in_page) {
            return Some(event);
        }
        let page = self.read(history, history.step_of_event(id)?)?;
        in_page(&page)
    }

    /// Runs the page that a step lies in once more, for its events.
    fn read<D: Director>(&mut self, history: &History<D>, step: u64) -> Option<EventPage> {
        let (first_step, last_step) = history.page_of(step);
        let mut world = history.world_at(first_step);
        let mut events = Vec::new();
        for at in first_step..last_step {
            history.replay_step(&mut world, at);
            events.extend_from_slice(world.events());
        }
        let page = EventPage { first: events.first()?.id, events: Rc::new(events) };
        if self.pages.len() == MAX_PAGES {
            self.pages.remove(0);
        }
        self.pages.push(page.clone());
        Some(page)
    }

    /// The newest event of the steps up to `step` for which `wanted` holds, looked for in at most [`MAX_LOOK_BACK`]
    /// events.
    pub fn latest<D: Director>(
        &mut self,
        history: &History<D>,
        step: u64,
        wanted: impl Fn(&Event) -> bool,
    ) -> Option<Event> {
        let end = if step < history.len() { history.first_event(step + 1) } else { history.head().event_count() };
        let mut next = end.checked_sub(1)?;
        let last = end.saturating_sub(MAX_LOOK_BACK);
        loop {
            let page = match self.pages.iter().find(|page| page.holds(next)) {
                Some(page) => page.clone(),
                None => self.read(history, history.step_of_event(next)?)?,
            };
            let found = page.events.iter().rev().find(|event| event.id <= next && wanted(event));
            if let Some(event) = found {
                return Some(event.clone());
            }
            next = page.first.checked_sub(1).filter(|next| *next >= last)?;
        }
    }

    /// The event, what caused it, what caused that, and so on, at most `limit` events.
    pub fn why<D: Director>(&mut self, history: &History<D>, id: EventId, limit: usize) -> Vec<Event> {
        let mut chain = Vec::new();
        let mut next = Some(id);
        while let Some(event) = next.filter(|_| chain.len() < limit).and_then(|id| self.event(history, id)) {
            next = event.cause;
            chain.push(event);
        }
        chain
    }
}

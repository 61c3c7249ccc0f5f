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

/// A few parts of a history whose events were asked for lately.
#[derive(Clone, Debug, Default)]
pub(super) struct EventPages {
    pages: Vec<EventPage>,
}

const MAX_PAGES: usize = 8;

impl EventPages {
    pub fn clear(&mut self) {
        self.pages.clear();
    }

    /// An event by its number.
    pub fn event<D: Director>(&mut self, history: &History<D>, id: EventId) -> Option<Event> {
        let in_page = |page: &EventPage| {
            let index = id.checked_sub(page.first)?;
            page.events.get(index as usize).cloned()
        };
        if let Some(event) = self.pages.iter().find_map(in_page) {
            return Some(event);
        }
        let step = history.step_of_event(id)?;
        let (first_step, last_step) = history.page_of(step);
        let mut world = history.world_at(first_step);
        let mut events = Vec::new();
        for at in first_step..last_step {
            history.replay_step(&mut world, at);
            events.extend_from_slice(world.events());
        }
        let page = EventPage { first: events.first()?.id, events: Rc::new(events) };
        let found = in_page(&page);
        if self.pages.len() == MAX_PAGES {
            self.pages.remove(0);
        }
        self.pages.push(page);
        found
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

//! Where each step begins: event number and time, compact.

use crate::kafka::ids::SimTime;
use crate::sim::EventId;

/// One entry a step: the number of events before it, and its time. Twelve bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct StepIndex {
    first_events: Vec<u32>,
    times_us: Vec<u64>,
}

impl StepIndex {
    pub fn push(&mut self, first_event: EventId, at: SimTime) {
        let first_event = u32::try_from(first_event).unwrap_or(u32::MAX);
        self.first_events.push(first_event);
        self.times_us.push(at.0);
    }

    pub fn len(&self) -> u64 {
        self.times_us.len() as u64
    }

    pub fn truncate(&mut self, steps: u64) {
        self.first_events.truncate(steps as usize);
        self.times_us.truncate(steps as usize);
    }

    /// Time of step `step` (counted from 1; 0 is the beginning).
    pub fn time(&self, step: u64) -> SimTime {
        match step {
            0 => SimTime::ZERO,
            _ => SimTime(self.times_us[step as usize - 1]),
        }
    }

    /// The last step at or before that time; 0 is the beginning.
    pub fn step_at(&self, at: SimTime) -> u64 {
        self.times_us.partition_point(|time| *time <= at.0) as u64
    }

    /// The step that this event belongs to; 0 if there is no such event before the end.
    pub fn step_of(&self, event: EventId) -> u64 {
        self.first_events.partition_point(|first| EventId::from(*first) <= event) as u64
    }

    /// The first event of a step (counted from 1).
    pub fn first_event(&self, step: u64) -> EventId {
        EventId::from(self.first_events[step as usize - 1])
    }

    pub fn size_bytes(&self) -> usize {
        self.first_events.capacity() * 4 + self.times_us.capacity() * 8
    }
}

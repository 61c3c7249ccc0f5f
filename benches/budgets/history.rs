//! A long history: making it, and going to any place in it.

use std::cell::RefCell;

use glassbroker::kafka::ids::SimTime;
use glassbroker::kafka::random::Random;
use glassbroker::timeline::{Place, Timeline, Unit};

use super::clock::shortest_ms;
use super::report::Report;
use super::traffic::{Traffic, cluster};

/// How often the same way is gone.
const TRIES: usize = 3;

/// Runs the traffic until so many events have happened.
pub fn make(events: u64) -> Timeline<Traffic> {
    let mut timeline = Timeline::new(cluster(), Traffic::default());
    while timeline.history().head().event_count() < events {
        timeline.run_to_end(SimTime(u64::MAX), 64);
    }
    timeline
}

/// What the history is.
pub fn describe(timeline: &Timeline<Traffic>, report: &mut Report) {
    let head = timeline.history().head();
    report.put("history_events", head.event_count() as f64);
    report.put("history_steps", timeline.history().len() as f64);
    report.put_text("history_hash", &format!("{:016x}", head.state_hash()));
}

/// Goes to random places, and from each one step forward and one step back.
pub fn travel(timeline: Timeline<Traffic>, places: usize, report: &mut Report) {
    let steps = timeline.history().len();
    let timeline = RefCell::new(timeline);
    let go = |step| timeline.borrow_mut().go(Place::Step(step));
    let advance = |count| timeline.borrow_mut().advance(Unit::Message, count);
    let mut random = Random::stream(7, 7);
    let (mut seeks, mut forward, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..places {
        let place = 2 + random.below(steps - 4);
        // From the beginning, so that no place is near.
        seeks.push(shortest_ms(TRIES, || go(0), |()| go(place)));
        forward.push(shortest_ms(TRIES, || go(place), |()| assert!(advance(1))));
        back.push(shortest_ms(TRIES, || [0, place].map(go), |_| assert!(advance(-1))));
    }
    report.put_percentiles("seek", seeks);
    report.put_percentiles("step_forward", forward);
    report.put_percentiles("step_back", back);
}

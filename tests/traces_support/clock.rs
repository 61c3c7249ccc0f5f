//! Waiting in virtual time. Steps are futures; whenever something has happened in the world, all that wait look again.
//! There is one thread, and no clock but the world's.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::task::Poll;

use glassbroker::kafka::ids::SimTime;
use glassbroker::sim::World;

use super::rebalances::Rebalances;

/// How long to wait before a condition is looked at again.
const PAUSE_MS: u64 = 40;

/// The world, and the moments at which somebody wants to be woken.
pub struct Clock {
    world: RefCell<World>,
    alarms: RefCell<BTreeSet<SimTime>>,
    pub rebalances: RefCell<Rebalances>,
}

impl Clock {
    pub fn new(world: World) -> Clock {
        Clock { world: RefCell::new(world), alarms: RefCell::default(), rebalances: RefCell::default() }
    }

    /// Reads the world. Not to be kept over an `await`.
    pub fn world(&self) -> std::cell::Ref<'_, World> {
        self.world.borrow()
    }

    pub fn world_mut(&self) -> std::cell::RefMut<'_, World> {
        self.world.borrow_mut()
    }

    pub fn now(&self) -> SimTime {
        self.world().now()
    }

    /// Goes on to the next thing that happens, but not past the next alarm. False: nothing will ever happen again.
    pub fn go_on(&self) -> bool {
        let mut world = self.world_mut();
        let mut alarms = self.alarms.borrow_mut();
        while alarms.first().is_some_and(|alarm| *alarm <= world.now()) {
            alarms.pop_first();
        }
        let goes_on = match (alarms.first().copied(), world.next_step_at()) {
            (Some(alarm), Some(next)) if next <= alarm => world.step(),
            (Some(alarm), _) => {
                world.run_until(alarm);
                return true;
            }
            (None, _) => world.step(),
        };
        self.rebalances.borrow_mut().look_at(&world);
        goes_on
    }

    /// Waits until something has happened.
    pub fn turn(&self) -> impl Future<Output = ()> {
        let mut waited = false;
        poll_fn(move |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending })
    }

    pub async fn sleep_ms(&self, ms: u64) {
        let until = self.now().plus_ms(ms);
        self.alarms.borrow_mut().insert(until);
        while self.now() < until {
            self.turn().await;
        }
    }

    /// Waits until `look` finds something, at most `timeout_ms`; looks whenever something has happened.
    pub async fn find<T>(&self, timeout_ms: u64, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let until = self.now().plus_ms(timeout_ms);
        self.alarms.borrow_mut().insert(until);
        loop {
            match look() {
                Some(found) => return Some(found),
                None if self.now() >= until => return None,
                None => self.turn().await,
            }
        }
    }

    /// Asks again and again, with a pause in between, until the answer is yes, at most `timeout_ms`.
    pub async fn until(&self, timeout_ms: u64, mut ask: impl AsyncFnMut() -> bool) -> bool {
        let until = self.now().plus_ms(timeout_ms);
        loop {
            if ask().await {
                return true;
            }
            if self.now() >= until {
                return false;
            }
            self.sleep_ms(PAUSE_MS).await;
        }
    }
}

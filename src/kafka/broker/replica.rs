//! What a leader knows of a follower (`Replica`, `ReplicaState`).

use crate::kafka::ids::{BrokerEpoch, Offset, SimTime};

/// State of one follower, as its fetches have told it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    /// -1: it has not fetched yet.
    pub log_end_offset: Offset,
    /// -1: it has not fetched yet.
    pub log_start_offset: Offset,
    /// The leader's log end at the follower's last fetch.
    pub last_fetch_leader_log_end_offset: Offset,
    pub last_fetch_at: Option<SimTime>,
    /// When it last had everything the leader had; None: never.
    pub last_caught_up_at: Option<SimTime>,
    /// As in its last fetch (KIP-903).
    pub broker_epoch: Option<BrokerEpoch>,
    /// It has everything, and each of its fetches since the last one noted here came from the log end: see
    /// [`super::quiet_followers`].
    pub is_quiet: bool,
}

impl Default for Replica {
    fn default() -> Replica {
        Replica {
            log_end_offset: -1,
            log_start_offset: -1,
            last_fetch_leader_log_end_offset: -1,
            last_fetch_at: None,
            last_caught_up_at: None,
            broker_epoch: None,
            is_quiet: false,
        }
    }
}

impl Replica {
    /// A leader begins its epoch (`resetReplicaState`). `is_new_leader`: it was not the leader before, so it knows
    /// nothing of the follower.
    pub fn reset(&mut self, now: SimTime, leader_log_end_offset: Offset, is_new_leader: bool, is_in_isr: bool) {
        if is_new_leader {
            *self = Replica::default();
        } else {
            self.last_fetch_leader_log_end_offset = leader_log_end_offset;
            self.last_fetch_at = is_in_isr.then_some(now);
        }
        self.last_caught_up_at = is_in_isr.then_some(now);
        self.is_quiet = false;
    }

    /// The follower has fetched from `fetch_offset` while the leader's log ended at `leader_log_end_offset`
    /// (`updateFetchStateOrThrow`).
    pub fn fetched(
        &mut self,
        fetch_offset: Offset,
        log_start_offset: Offset,
        leader_log_end_offset: Offset,
        broker_epoch: Option<BrokerEpoch>,
        now: SimTime,
    ) {
        if fetch_offset >= leader_log_end_offset {
            self.last_caught_up_at = self.last_caught_up_at.max(Some(now));
        } else if fetch_offset >= self.last_fetch_leader_log_end_offset {
            self.last_caught_up_at = self.last_caught_up_at.max(self.last_fetch_at);
        }
        self.log_end_offset = fetch_offset;
        self.log_start_offset = log_start_offset;
        self.last_fetch_leader_log_end_offset = self.last_fetch_leader_log_end_offset.max(leader_log_end_offset);
        self.last_fetch_at = Some(now);
        self.broker_epoch = broker_epoch;
    }

    /// When it last had everything, if it last fetched in its session at `session_fetch`.
    pub fn caught_up_at(&self, session_fetch: Option<SimTime>) -> Option<SimTime> {
        self.last_caught_up_at.max(session_fetch.filter(|_| self.is_quiet))
    }

    /// Whether it has all that the leader has, or had it at most `replica.lag.time.max.ms` ago.
    pub fn is_caught_up(
        &self,
        leader_log_end_offset: Offset,
        session_fetch: Option<SimTime>,
        now: SimTime,
        lag_time_max_ms: u32,
    ) -> bool {
        self.log_end_offset == leader_log_end_offset
            || self.caught_up_at(session_fetch).is_some_and(|at| now.since(at) <= u64::from(lag_time_max_ms) * 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_that_reaches_the_end_of_the_fetch_before_was_caught_up_then() {
        let mut replica = Replica::default();
        replica.fetched(0, 0, 5, None, SimTime::from_ms(10));
        assert_eq!(replica.last_caught_up_at, None, "behind, and nothing known of an earlier fetch");
        replica.fetched(5, 0, 9, None, SimTime::from_ms(20));
        assert_eq!(replica.last_caught_up_at, Some(SimTime::from_ms(10)), "it has what the leader had at 10 ms");
        replica.fetched(9, 0, 9, None, SimTime::from_ms(30));
        assert_eq!(replica.last_caught_up_at, Some(SimTime::from_ms(30)));
        assert!(replica.is_caught_up(12, None, SimTime::from_ms(130), 100));
        assert!(!replica.is_caught_up(12, None, SimTime::from_ms(131), 100));
        assert!(replica.is_caught_up(9, None, SimTime::from_ms(9_999), 100), "the leader's end is in sync at any time");
        let session_fetch = Some(SimTime::from_ms(50));
        assert!(!replica.is_caught_up(12, session_fetch, SimTime::from_ms(150), 100), "it was not quiet there");
        replica.is_quiet = true;
        assert!(replica.is_caught_up(12, session_fetch, SimTime::from_ms(150), 100));
        assert!(!replica.is_caught_up(12, session_fetch, SimTime::from_ms(151), 100));
    }
}

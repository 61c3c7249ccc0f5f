//! A client's connections: how many requests each carries, and when a broken one may be opened again
//! (NetworkClient, ClusterConnectionStates).

use super::backoff::ExponentialBackoff;
use crate::kafka::effects::Channel;
use crate::kafka::ids::{BrokerId, SimTime};
use crate::kafka::random::Random;
use crate::kafka::sorted::SortedMap;

/// Added to the load of a broker whose connection is lost.
const LOST_CONNECTION_LOAD: u32 = 1 << 16;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Connection {
    in_flight: u32,
    /// Breaks since the last answer.
    failures: u32,
    /// Not before this time is it opened again.
    reconnect_at: SimTime,
}

/// The connections by broker and channel. A connection that was never used counts as ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Connections {
    connections: SortedMap<(BrokerId, Channel), Connection>,
}

impl Connections {
    /// Whether a request may be handed to the connection: it is not waiting to be opened again.
    pub fn is_ready(&self, broker: BrokerId, channel: Channel, now: SimTime) -> bool {
        self.ready_at(broker, channel) <= now
    }

    /// When a broken connection may be opened again; 0 for all others.
    pub fn ready_at(&self, broker: BrokerId, channel: Channel) -> SimTime {
        self.connections.get(&(broker, channel)).map_or(SimTime::ZERO, |connection| connection.reconnect_at)
    }

    /// Requests without an answer so far.
    pub fn in_flight(&self, broker: BrokerId, channel: Channel) -> u32 {
        self.connections.get(&(broker, channel)).map_or(0, |connection| connection.in_flight)
    }

    /// Whether the connection broke and nothing was answered since: nobody knows whether the broker is there.
    pub fn is_lost(&self, broker: BrokerId, channel: Channel) -> bool {
        self.connections.get(&(broker, channel)).is_some_and(|connection| connection.failures > 0)
    }

    /// How busy a broker is, for [`super::metadata::ClientMetadata::next_request`]: None while it must not be asked.
    /// A connection that is lost comes after all others.
    pub fn load(&self, broker: BrokerId, channel: Channel, now: SimTime) -> Option<u32> {
        let penalty = if self.is_lost(broker, channel) { LOST_CONNECTION_LOAD } else { 0 };
        self.is_ready(broker, channel, now).then(|| self.in_flight(broker, channel).saturating_add(penalty))
    }

    /// A request that will be answered was sent.
    pub fn sent(&mut self, broker: BrokerId, channel: Channel) {
        self.connections.entry((broker, channel)).or_default().in_flight += 1;
    }

    /// One request was answered: the connection is in order.
    pub fn answered(&mut self, broker: BrokerId, channel: Channel) {
        let connection = self.connections.entry((broker, channel)).or_default();
        connection.in_flight = connection.in_flight.saturating_sub(1);
        connection.failures = 0;
    }

    /// The connection broke, with all requests it carried. Returns when it may be opened again.
    pub fn disconnected(&mut self, broker: BrokerId, channel: Channel, now: SimTime, random: &mut Random) -> SimTime {
        let connection = self.connections.entry((broker, channel)).or_default();
        connection.in_flight = 0;
        connection.reconnect_at =
            now.plus_ms(u64::from(ExponentialBackoff::RECONNECT.delay_ms(connection.failures, random)));
        connection.failures = connection.failures.saturating_add(1);
        connection.reconnect_at
    }

    /// The earliest time after `now` at which a broken connection may be opened again.
    pub fn next_reconnect(&self, now: SimTime) -> Option<SimTime> {
        self.connections.values().map(|connection| connection.reconnect_at).filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_waits_longer_each_time_until_it_is_answered_again() {
        let mut connections = Connections::default();
        let mut random = Random::stream(1, 1);
        let (broker, channel) = (BrokerId(2), Channel::Data);
        connections.sent(broker, channel);
        assert_eq!(connections.load(broker, channel, SimTime::ZERO), Some(1));

        let first = connections.disconnected(broker, channel, SimTime::ZERO, &mut random);
        assert!((40..=60).contains(&first.as_ms()));
        assert_eq!(connections.load(broker, channel, SimTime::ZERO), None);
        assert_eq!(connections.load(broker, channel, first), Some(LOST_CONNECTION_LOAD));

        let second = connections.disconnected(broker, channel, first, &mut random);
        assert!((80..=120).contains(&(second.as_ms() - first.as_ms())));
        connections.answered(broker, channel);
        let third = connections.disconnected(broker, channel, second, &mut random);
        assert!((40..=60).contains(&(third.as_ms() - second.as_ms())));
        assert_eq!(connections.next_reconnect(second), Some(third));
    }
}

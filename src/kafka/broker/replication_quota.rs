//! Limits of the bytes that replication may take (`ReplicationQuotaManager`, KIP-73): a topic lists which of its
//! replicas are throttled, a rate of the broker says how far. One in sync is never held up.

use std::collections::VecDeque;

use super::context::Context;
use super::partition::Partition;
use crate::kafka::ids::{BrokerId, SimTime, TopicName};
use crate::kafka::metadata::MetadataImage;

/// `replication.quota.window.size.seconds`, in milliseconds.
const WINDOW_MS: u64 = 1_000;
/// `replication.quota.window.num`.
const WINDOWS: usize = 11;
const MEMORY_MS: u64 = WINDOW_MS * WINDOWS as u64;

/// Whether a replica is throttled as the leader, which sends, or as a follower, which fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Leader,
    Follower,
}

impl Side {
    const fn replicas_config(self) -> &'static str {
        match self {
            Side::Leader => "leader.replication.throttled.replicas",
            Side::Follower => "follower.replication.throttled.replicas",
        }
    }

    const fn rate_config(self) -> &'static str {
        match self {
            Side::Leader => "leader.replication.throttled.rate",
            Side::Follower => "follower.replication.throttled.rate",
        }
    }
}

/// Which replicas of a topic are throttled on one broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum ThrottledReplicas {
    #[default]
    None,
    All,
    /// Of these partitions.
    Of(Vec<i32>),
}

impl ThrottledReplicas {
    /// `*`, or a list of `partition:broker`.
    fn parse(text: &str, broker: BrokerId) -> ThrottledReplicas {
        if text.trim() == "*" {
            return ThrottledReplicas::All;
        }
        let here = |entry: &str| {
            let (partition, replica) = entry.trim().split_once(':')?;
            (replica.parse() == Ok(broker.0)).then(|| partition.parse().ok()).flatten()
        };
        let partitions: Vec<i32> = text.split(',').filter_map(here).collect();
        if partitions.is_empty() { ThrottledReplicas::None } else { ThrottledReplicas::Of(partitions) }
    }

    fn contains(&self, partition: i32) -> bool {
        match self {
            ThrottledReplicas::None => false,
            ThrottledReplicas::All => true,
            ThrottledReplicas::Of(partitions) => partitions.contains(&partition),
        }
    }
}

/// A topic's throttled replicas on one broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Throttles {
    leader: ThrottledReplicas,
    follower: ThrottledReplicas,
}

impl Throttles {
    pub(super) fn of(topic: &TopicName, image: &MetadataImage, broker: BrokerId) -> Throttles {
        let replicas = |side: Side| {
            let text = image.topic_config(topic, side.replicas_config()).unwrap_or_default();
            ThrottledReplicas::parse(text, broker)
        };
        Throttles { leader: replicas(Side::Leader), follower: replicas(Side::Follower) }
    }
}

/// The bytes that have gone through in the last seconds, window by window (`SimpleRate`, `SampledStat`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ReplicationQuota {
    windows: VecDeque<Window>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Window {
    begins_at: SimTime,
    last_at: SimTime,
    bytes: u64,
}

impl Window {
    fn counts(&self, now: SimTime) -> bool {
        now < self.last_at.plus_ms(MEMORY_MS)
    }
}

impl ReplicationQuota {
    pub(super) fn record(&mut self, bytes: u64, now: SimTime) {
        self.windows.retain(|window| window.counts(now));
        match self.windows.back_mut().filter(|window| now < window.begins_at.plus_ms(WINDOW_MS)) {
            Some(window) => {
                window.bytes += bytes;
                window.last_at = now;
            }
            None => {
                self.windows.push_back(Window { begins_at: now, last_at: now, bytes });
                if self.windows.len() > WINDOWS + 1 {
                    self.windows.pop_front();
                }
            }
        }
    }

    /// Whether more than `bytes_per_second` have gone through, over the time since the oldest window began, but at
    /// least one window.
    fn exceeds(&self, bytes_per_second: u64, now: SimTime) -> bool {
        let mut counted = self.windows.iter().filter(|window| window.counts(now)).peekable();
        let Some(oldest) = counted.peek() else { return false };
        let elapsed_ms = (now.since(oldest.begins_at) / 1_000).max(WINDOW_MS);
        let bytes: u64 = counted.map(|window| window.bytes).sum();
        u128::from(bytes) * 1_000 > u128::from(bytes_per_second) * u128::from(elapsed_ms)
    }

    /// Whether the rate that the broker's configuration sets is exceeded; without one it never is.
    pub(super) fn is_exceeded(&self, side: Side, cx: &Context<'_>) -> bool {
        let rate = cx.image.broker_config(Some(cx.id()), side.rate_config()).and_then(|rate| rate.trim().parse().ok());
        rate.is_some_and(|rate| self.exceeds(rate, cx.now))
    }
}

impl Partition {
    pub(super) fn is_throttled(&self, side: Side) -> bool {
        let replicas = match side {
            Side::Leader => &self.settings.throttles.leader,
            Side::Follower => &self.settings.throttles.follower,
        };
        replicas.contains(self.id.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_listed_by_partition_and_broker() {
        let parse = |text| ThrottledReplicas::parse(text, BrokerId(1));
        assert_eq!(parse(""), ThrottledReplicas::None);
        assert_eq!(parse("*"), ThrottledReplicas::All);
        assert_eq!(parse("0:2,3:12"), ThrottledReplicas::None);
        assert_eq!(parse("0:1,0:2,7:1"), ThrottledReplicas::Of(vec![0, 7]));
        assert!(parse("0:1,7:1").contains(7) && !parse("0:1,7:1").contains(1) && parse("*").contains(5));
    }

    #[test]
    fn a_rate_is_measured_over_eleven_windows_of_a_second() {
        let at = SimTime::from_ms;
        let mut quota = ReplicationQuota::default();
        assert!(!quota.exceeds(0, at(0)), "nothing went through");
        quota.record(1_000, at(10_000));
        assert!(quota.exceeds(999, at(10_000)) && !quota.exceeds(1_000, at(10_000)), "the first window is a whole one");
        assert!(quota.exceeds(499, at(12_000)) && !quota.exceeds(500, at(12_000)));
        quota.record(1_000, at(12_000));
        assert!(quota.exceeds(999, at(12_000)) && !quota.exceeds(1_000, at(12_000)));
        assert!(quota.exceeds(1, at(20_999)));
        // The first window is forgotten: what counts is that of 12 s.
        assert!(quota.exceeds(111, at(21_000)) && !quota.exceeds(112, at(21_000)));
        assert!(!quota.exceeds(0, at(23_000)));
    }
}

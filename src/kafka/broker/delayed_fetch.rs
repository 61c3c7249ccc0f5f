//! Fetches that wait for enough bytes (`DelayedFetch`): when they can be answered, and when their time is over.

use super::BrokerTimer;
use super::context::Context;
use super::fetch::asked_partitions;
use super::fetch_session_cache::FetchContext;
use super::replica_manager::ReplicaManager;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::TopicIdPartition;
use crate::kafka::protocol::fetch::{FetchPartition, FetchRequest, Fetcher};

/// A fetch that waits for enough bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DelayedFetch {
    pub request: RequestId,
    pub fetch: FetchRequest,
    pub context: FetchContext,
}

impl DelayedFetch {
    /// All that it asks for, named in the request or known from the session.
    pub fn partitions(&self) -> impl Iterator<Item = &FetchPartition> {
        asked_partitions(&self.fetch, &self.context).map(|(asked, _)| asked)
    }

    /// How it asks for a partition, if it does.
    pub fn asks_for(&self, id: TopicIdPartition) -> Option<&FetchPartition> {
        self.partitions().find(|asked| asked.id() == id)
    }
}

/// Whether a waiting fetch could be answered, as one of its partitions has it.
enum Readiness {
    /// At once: an error, a divergence, or an older segment.
    Now,
    /// That many bytes are there.
    Bytes(i64),
}

impl ReplicaManager {
    pub(super) fn complete_delayed_fetches(&mut self, id: TopicIdPartition, cx: &mut Context<'_>) {
        let mut from = 0;
        while let Some((number, delayed)) = self.fetches.next(from) {
            if self.is_fetch_ready(delayed, id, cx) {
                self.finish_fetch(number, cx);
            }
            from = number + 1;
        }
    }

    /// Whether a waiting fetch can be answered, after a change of one of its partitions, which is looked at first.
    fn is_fetch_ready(&self, delayed: &DelayedFetch, changed: TopicIdPartition, cx: &Context<'_>) -> bool {
        let Some(first) = delayed.asks_for(changed) else { return false };
        let min_bytes = i64::from(delayed.fetch.min_bytes);
        let mut bytes = 0;
        let others = delayed.partitions().filter(|asked| asked.id() != changed);
        for asked in std::iter::once(first).chain(others) {
            match self.readiness(delayed.fetch.fetcher, asked, cx) {
                Readiness::Now => return true,
                Readiness::Bytes(more) => bytes += more,
            }
            if bytes >= min_bytes {
                return true;
            }
        }
        false
    }

    fn readiness(&self, fetcher: Fetcher, asked: &FetchPartition, cx: &Context<'_>) -> Readiness {
        let Ok(partition) = self.hosted(asked.id(), cx.image) else { return Readiness::Now };
        let (is_follower, is_throttled) = match fetcher {
            Fetcher::Consumer | Fetcher::Debugging => (false, false),
            Fetcher::Follower { replica, .. } => (true, self.is_leader_throttled(partition, replica, cx)),
        };
        if partition.check_epoch(asked.current_leader_epoch, is_follower).is_err() {
            return Readiness::Now;
        }
        let log = &partition.log;
        let end = if fetcher == Fetcher::Consumer { log.high_watermark() } else { log.log_end_offset() };
        if partition.is_at_end(asked, end) {
            return Readiness::Bytes(0);
        }
        let mut bytes = 0;
        if end != asked.fetch_offset && !is_throttled {
            let (Some(from), Some(to)) = (log.offset_metadata(asked.fetch_offset), log.offset_metadata(end)) else {
                return Readiness::Now;
            };
            if from.segment_base_offset != to.segment_base_offset {
                return Readiness::Now;
            }
            if asked.fetch_offset < end {
                let there = i64::from(to.relative_position) - i64::from(from.relative_position);
                bytes = there.min(i64::from(asked.partition_max_bytes));
            }
        }
        match partition.divergence(asked) {
            Ok(None) => Readiness::Bytes(bytes),
            Ok(Some(_)) | Err(_) => Readiness::Now,
        }
    }

    pub(super) fn fetch_timed_out(&mut self, number: u64, cx: &mut Context<'_>) {
        cx.cost_us += cx.setup.timing.request_us;
        self.finish_fetch(number, cx);
    }

    fn finish_fetch(&mut self, number: u64, cx: &mut Context<'_>) {
        let Some(delayed) = self.fetches.remove(number, |_| Vec::new()) else { return };
        cx.out.cancel_timer(BrokerTimer::Fetch(number));
        let data = self.read_all(&delayed.fetch, &delayed.context, false, cx);
        self.answer_fetch(delayed, data, cx);
    }
}

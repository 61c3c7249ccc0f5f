//! The broker as an observer of the quorum: it copies the metadata log and replays what is committed
//! (`KafkaRaftClient` as observer, `MetadataLoader`).

use std::collections::VecDeque;
use std::rc::Rc;

use super::BrokerTimer;
use super::context::Context;
use super::roles::MetadataDelta;
use crate::kafka::effects::Channel;
use crate::kafka::ids::{ControllerId, NodeId, Offset};
use crate::kafka::metadata::{MetadataBatch, MetadataImage};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::protocol::quorum::{FetchMetadataLogRequest, FetchMetadataLogResponse, QuorumEpoch};

/// How long the active controller may hold a fetch that finds nothing (`KafkaRaftClient.MAX_FETCH_WAIT_MS`).
const MAX_FETCH_WAIT_MS: u32 = 500;
/// `controller.quorum.retry.backoff.ms`.
const RETRY_BACKOFF_MS: u64 = 20;
/// Longest wait between two attempts to connect.
const RECONNECT_BACKOFF_MAX_MS: u64 = 500;

/// The copy of the metadata log. What is replayed lives in the image; here is what is not committed yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct MetadataFetcher {
    /// On disk: fetched, but not known to be committed.
    tail: VecDeque<Rc<MetadataBatch>>,
    /// On disk: quorum epoch of the last batch replayed.
    last_epoch: QuorumEpoch,
    leader: Option<ControllerId>,
    leader_epoch: QuorumEpoch,
    in_flight: Option<(ControllerId, u32)>,
    /// Whom to ask while no leader is known: counts through the controllers.
    next_voter: u32,
    failures: u32,
    /// The image was handed to the rest of the broker, at first when it had caught up with the high watermark.
    published: bool,
}

impl MetadataFetcher {
    /// The active controller, as far as this broker knows.
    pub fn leader(&self) -> Option<ControllerId> {
        self.leader
    }

    pub fn leader_epoch(&self) -> QuorumEpoch {
        self.leader_epoch
    }

    /// Whether the rest of the broker acts on the metadata.
    pub fn is_published(&self) -> bool {
        self.published
    }

    /// Batches that are fetched but not committed, as far as is known here.
    pub fn uncommitted(&self) -> impl Iterator<Item = &Rc<MetadataBatch>> {
        self.tail.iter()
    }

    /// End of what was fetched.
    pub fn log_end_offset(&self, image: &MetadataImage) -> Offset {
        self.tail.back().map_or(image.next_offset, |batch| batch.end_offset())
    }

    /// The process is gone; the log stays.
    pub(super) fn forget(&mut self) {
        *self = MetadataFetcher {
            tail: std::mem::take(&mut self.tail),
            last_epoch: self.last_epoch,
            ..MetadataFetcher::default()
        };
    }

    /// Asks the leader, or the next controller while none is known, for what comes next.
    pub(super) fn fetch(&mut self, cx: &mut Context<'_>) {
        if self.in_flight.is_some() {
            return;
        }
        let controllers = &cx.setup.controllers;
        let Some(any) = controllers.get(self.next_voter as usize % controllers.len().max(1)).copied() else { return };
        let to = self.leader.unwrap_or(any);
        let correlation = cx.next_correlation();
        let request = FetchMetadataLogRequest {
            replica: NodeId::Broker(cx.id()),
            current_leader_epoch: self.leader_epoch,
            fetch_offset: self.log_end_offset(cx.image),
            last_fetched_epoch: self.tail.back().map_or(self.last_epoch, |batch| batch.epoch),
            max_wait_ms: MAX_FETCH_WAIT_MS,
        };
        cx.out.send(NodeId::Controller(to), Channel::Raft, correlation, request);
        self.in_flight = Some((to, correlation));
        let timeout_ms = u64::from(cx.setup.config.controller_quorum_request_timeout_ms);
        cx.out.set_timer(BrokerTimer::MetadataFetchTimeout, cx.now.plus_ms(timeout_ms));
    }

    /// No answer: it may be another's turn to lead.
    pub(super) fn failed(&mut self, cx: &mut Context<'_>) {
        if self.in_flight.take().is_none() {
            return;
        }
        cx.out.cancel_timer(BrokerTimer::MetadataFetchTimeout);
        self.leader = None;
        self.next_voter = self.next_voter.wrapping_add(1);
        let backoff_ms = RECONNECT_BACKOFF_MAX_MS.min(50 << self.failures.min(4));
        self.failures += 1;
        cx.out.set_timer(BrokerTimer::MetadataFetch, cx.now.plus_ms(backoff_ms));
    }

    pub(super) fn timed_out(&mut self, cx: &mut Context<'_>) {
        if let Some((to, _)) = self.in_flight {
            cx.out.disconnect(NodeId::Controller(to), Channel::Raft);
        }
        self.failed(cx);
    }

    /// Whether the answer is the one that is awaited.
    pub(super) fn take_in_flight(&mut self, correlation: u32) -> Option<ControllerId> {
        self.in_flight.take_if(|(_, awaited)| *awaited == correlation).map(|(from, _)| from)
    }

    /// Learns who leads, copies what came, and replays what is committed into `image`. Returns what was touched, if
    /// the rest of the broker should act.
    pub(super) fn answered(
        &mut self,
        from: ControllerId,
        response: &FetchMetadataLogResponse,
        image: &mut Rc<MetadataImage>,
    ) -> Option<MetadataDelta> {
        if response.leader_epoch > self.leader_epoch {
            self.leader_epoch = response.leader_epoch;
            self.leader = response.leader;
        } else if response.leader_epoch == self.leader_epoch {
            self.leader = response.leader.or(self.leader.filter(|leader| *leader != from));
        }
        if !response.error.is_none() {
            return None;
        }
        self.failures = 0;
        if let Some(diverging) = response.diverging_epoch {
            assert!(
                diverging.end_offset >= image.next_offset,
                "the metadata log parts at {}, before the end {} of what was committed",
                diverging.end_offset,
                image.next_offset
            );
            self.tail.retain(|batch| batch.base_offset < diverging.end_offset);
            return None;
        }
        for batch in &response.batches {
            if batch.base_offset == self.log_end_offset(image) {
                self.tail.push_back(Rc::clone(batch));
            }
        }
        let mut delta = MetadataDelta::default();
        let mut has_replayed = false;
        let committed = if breaks(Mutation::UncommittedMetadata) { Offset::MAX } else { response.high_watermark };
        while let Some(batch) = self.tail.pop_front_if(|batch| batch.end_offset() <= committed) {
            delta.add(&batch, image);
            Rc::make_mut(image).apply_batch(&batch);
            self.last_epoch = batch.epoch;
            has_replayed = true;
        }
        let is_caught_up = response.high_watermark >= 0 && image.next_offset >= response.high_watermark;
        if !self.published && is_caught_up {
            self.published = true;
            return Some(MetadataDelta::whole(image));
        }
        (self.published && has_replayed).then_some(delta)
    }

    /// The next fetch: at once after progress or when the leader is newly known, else after a pause.
    pub(super) fn fetch_on(&mut self, from: ControllerId, had_error: bool, cx: &mut Context<'_>) {
        if had_error && self.leader.is_none_or(|leader| leader == from) {
            self.next_voter = self.next_voter.wrapping_add(1);
            cx.out.set_timer(BrokerTimer::MetadataFetch, cx.now.plus_ms(RETRY_BACKOFF_MS));
        } else {
            self.fetch(cx);
        }
    }
}

//! The connections to the other voters: one request in flight on each (`RequestManager`).

use super::{Quorum, QuorumRole};
use crate::kafka::controller::ControllerTimer;
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{ControllerId, NodeId, SimTime};
use crate::kafka::protocol::Request;
use crate::kafka::protocol::quorum::{
    BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchMetadataLogRequest, VoteRequest,
};
use crate::kafka::sorted::SmallSort;

/// First wait after a failure (`controller.quorum.retry.backoff.ms`); it doubles with each further one.
const RETRY_BACKOFF_MS: u64 = 20;
/// Longest wait after a failure.
const RETRY_BACKOFF_MAX_MS: u64 = 1_000;
/// How long a leader may hold a voter's fetch that finds nothing new (`KafkaRaftClient.MAX_FETCH_WAIT_MS`).
const MAX_FETCH_WAIT_MS: u32 = 500;

/// The connection to one other voter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Peer {
    /// Correlation of the request that waits for its answer.
    pub in_flight: Option<u32>,
    /// After a failure: nothing is sent until the timer fires.
    pub is_backing_off: bool,
    pub failures: u32,
}

impl Quorum {
    /// Sends to each voter what the present role has for it, where the connection is free.
    pub(super) fn pump(&mut self, now: SimTime, out: &mut Effects) {
        for voter in self.others() {
            let peer = self.peers.entry(voter).or_default();
            if peer.in_flight.is_some() || peer.is_backing_off {
                continue;
            }
            if let Some(request) = self.request_for(voter) {
                self.next_correlation = self.next_correlation.wrapping_add(1);
                let correlation = self.next_correlation;
                self.peers.entry(voter).or_default().in_flight = Some(correlation);
                let timeout_ms = u64::from(self.config.controller_quorum_request_timeout_ms);
                out.set_timer(ControllerTimer::RequestTimeout(voter), now.plus_ms(timeout_ms));
                out.send(NodeId::Controller(voter), Channel::Raft, correlation, request);
            }
        }
    }

    fn request_for(&self, voter: ControllerId) -> Option<Request> {
        let epoch = self.election.epoch;
        match &self.role {
            QuorumRole::Unattached => None,
            QuorumRole::Prospective { votes, .. } if !votes.has_answered(voter) => Some(self.vote_request(true)),
            QuorumRole::Candidate { votes } if !votes.has_answered(voter) => Some(self.vote_request(false)),
            QuorumRole::Prospective { .. } | QuorumRole::Candidate { .. } => None,
            QuorumRole::Follower { leader, hears_leader } if *leader == voter => Some(
                FetchMetadataLogRequest {
                    replica: NodeId::Controller(self.id),
                    current_leader_epoch: epoch,
                    fetch_offset: self.log.end_offset(),
                    last_fetched_epoch: self.log.last_epoch(),
                    // The first one is answered at once: it brings the high watermark.
                    max_wait_ms: if *hears_leader { MAX_FETCH_WAIT_MS } else { 0 },
                }
                .into(),
            ),
            QuorumRole::Follower { .. } => None,
            QuorumRole::Leader(leader) => {
                let pending = leader.voters.get(&voter).is_some_and(|progress| progress.begin_pending);
                pending.then(|| BeginQuorumEpochRequest { leader: self.id, leader_epoch: epoch }.into())
            }
            QuorumRole::Resigned { end_pending } => {
                end_pending.contains(&voter).then(|| self.end_quorum_epoch(Vec::new()).into())
            }
        }
    }

    fn vote_request(&self, pre_vote: bool) -> Request {
        VoteRequest {
            candidate: self.id,
            candidate_epoch: self.election.epoch,
            pre_vote,
            last_epoch: self.log.last_epoch(),
            last_epoch_end_offset: self.log.end_offset(),
        }
        .into()
    }

    fn end_quorum_epoch(&self, preferred_candidates: Vec<ControllerId>) -> EndQuorumEpochRequest {
        EndQuorumEpochRequest { leader: self.id, leader_epoch: self.election.epoch, preferred_candidates }
    }

    /// The process stops: a leader tells all voters, best successor first, and waits for no answer.
    pub fn shut_down(&mut self, out: &mut Effects) {
        let QuorumRole::Leader(leader) = &self.role else {
            return;
        };
        let mut successors: Vec<_> = leader.voters.iter().map(|(id, progress)| (progress.end_offset, *id)).collect();
        successors.sort_small_by_key(|(end_offset, id)| (std::cmp::Reverse(*end_offset), *id));
        let preferred: Vec<ControllerId> = successors.into_iter().map(|(_, id)| id).collect();
        for voter in self.others() {
            self.next_correlation = self.next_correlation.wrapping_add(1);
            let request = self.end_quorum_epoch(preferred.clone());
            out.send(NodeId::Controller(voter), Channel::Raft, self.next_correlation, request);
        }
    }

    /// Whether the answer with this correlation is awaited; then the connection is free again.
    pub(super) fn take_answer(&mut self, from: ControllerId, correlation: u32, out: &mut Effects) -> bool {
        let Some(peer) = self.peers.get_mut(&from) else {
            return false;
        };
        if peer.in_flight != Some(correlation) {
            return false;
        }
        peer.in_flight = None;
        peer.failures = 0;
        out.cancel_timer(ControllerTimer::RequestTimeout(from));
        true
    }

    /// The connection to `voter` failed, or an answer was of no use: nothing is sent to it for a while.
    pub(super) fn back_off(&mut self, voter: ControllerId, now: SimTime, out: &mut Effects) {
        let peer = self.peers.entry(voter).or_default();
        if peer.in_flight.take().is_some() {
            out.cancel_timer(ControllerTimer::RequestTimeout(voter));
        }
        let backoff_ms = (RETRY_BACKOFF_MS << peer.failures.min(10)).min(RETRY_BACKOFF_MAX_MS);
        peer.failures = peer.failures.saturating_add(1);
        peer.is_backing_off = true;
        out.set_timer(ControllerTimer::Retry(voter), now.plus_ms(backoff_ms));
    }

    pub fn disconnected(&mut self, voter: ControllerId, now: SimTime, out: &mut Effects) {
        if self.peers.get(&voter).is_some_and(|peer| peer.in_flight.is_some()) {
            self.back_off(voter, now, out);
            self.pump(now, out);
        }
    }

    pub fn request_timed_out(&mut self, voter: ControllerId, now: SimTime, out: &mut Effects) {
        if self.peers.get(&voter).is_some_and(|peer| peer.in_flight.is_some()) {
            out.disconnect(NodeId::Controller(voter), Channel::Raft);
            self.back_off(voter, now, out);
            self.pump(now, out);
        }
    }

    pub fn retry(&mut self, voter: ControllerId, now: SimTime, out: &mut Effects) {
        if let Some(peer) = self.peers.get_mut(&voter) {
            peer.is_backing_off = false;
        }
        self.pump(now, out);
    }

    /// Whoever stands for election does not wait for answers that were meant for another role: it closes the
    /// connections on which such a request is open, and asks anew.
    pub(super) fn forget_requests(&mut self, out: &mut Effects) {
        for (voter, peer) in &mut self.peers {
            if peer.in_flight.take().is_some() {
                out.cancel_timer(ControllerTimer::RequestTimeout(*voter));
                out.disconnect(NodeId::Controller(*voter), Channel::Raft);
            }
        }
    }
}

//! How a leader is found: Vote with pre-vote, BeginQuorumEpoch, EndQuorumEpoch.

use super::{Quorum, QuorumRole};
use crate::kafka::controller::ControllerTimer;
use crate::kafka::effects::{Effects, RequestId};
use crate::kafka::ids::{ControllerId, SimTime};
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::quorum::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest, EndQuorumEpochResponse, QuorumEpoch,
    VoteRequest, VoteResponse,
};
use crate::kafka::sorted::SmallSort;

/// First wait after a lost round of votes; it doubles with each further one.
const ELECTION_BACKOFF_MS: u64 = 50;

impl Quorum {
    /// The election time-out of a voter without leader has run out.
    pub fn election_timed_out(&mut self, now: SimTime, out: &mut Effects) {
        match &self.role {
            QuorumRole::Unattached | QuorumRole::Candidate { .. } | QuorumRole::Resigned { .. } => {
                self.become_prospective(now, out);
            }
            QuorumRole::Prospective { leader, .. } => match *leader {
                Some(leader) => self.become_follower(self.election.epoch, leader, now, out),
                None => self.become_prospective(now, out),
            },
            QuorumRole::Follower { .. } | QuorumRole::Leader(_) => {}
        }
        self.pump(now, out);
    }

    /// A follower has not heard from its leader for `controller.quorum.fetch.timeout.ms`.
    pub fn fetch_timed_out(&mut self, now: SimTime, out: &mut Effects) {
        if matches!(self.role, QuorumRole::Follower { .. }) {
            self.become_prospective(now, out);
            self.pump(now, out);
        }
    }

    /// A leader that no majority follows any more resigns: another may have been elected already.
    pub fn check_quorum(&mut self, now: SimTime, out: &mut Effects) {
        let needed = self.majority() - 1;
        let window_us = self.check_quorum_ms() * 1_000;
        let QuorumRole::Leader(leader) = &self.role else {
            return;
        };
        let mut fetches: Vec<SimTime> = leader.voters.values().filter_map(|voter| voter.last_fetch).collect();
        fetches.sort_small_by_key(|time| std::cmp::Reverse(*time));
        match needed.checked_sub(1).and_then(|last| fetches.get(last)) {
            Some(oldest) if now.since(*oldest) < window_us => {
                out.set_timer(ControllerTimer::CheckQuorum, oldest.plus_us(window_us));
            }
            _ => self.resign(now, out),
        }
        self.pump(now, out);
    }

    /// Tells voters that do not fetch, again, who leads.
    pub fn begin_again(&mut self, now: SimTime, out: &mut Effects) {
        let silence_us = self.begin_again_ms() * 1_000;
        let QuorumRole::Leader(leader) = &mut self.role else {
            return;
        };
        for voter in leader.voters.values_mut() {
            if voter.last_fetch.is_none_or(|time| now.since(time) >= silence_us) {
                voter.begin_pending = true;
            }
        }
        out.set_timer(ControllerTimer::BeginQuorumEpoch, now.plus_us(silence_us));
        self.pump(now, out);
    }

    pub fn handle_vote(&mut self, id: RequestId, request: &VoteRequest, now: SimTime, out: &mut Effects) {
        if request.candidate_epoch < self.election.epoch || !self.is_voter(request.candidate) {
            let error = if self.is_voter(request.candidate) {
                ErrorCode::FencedLeaderEpoch
            } else {
                ErrorCode::InconsistentVoterSet
            };
            return self.answer_vote(id, error, false, out);
        }
        if request.candidate_epoch > self.election.epoch {
            self.become_unattached(request.candidate_epoch, now, out);
        }
        let own_log = (self.log.last_epoch(), self.log.end_offset());
        let is_up_to_date = (request.last_epoch, request.last_epoch_end_offset) >= own_log;
        let granted = is_up_to_date && self.may_grant(request.candidate, request.pre_vote);
        if granted && !request.pre_vote {
            self.election.voted = Some(request.candidate);
            // Whoever has voted gives the candidate time, and does not stand itself meanwhile.
            self.become_unattached(self.election.epoch, now, out);
        }
        self.answer_vote(id, ErrorCode::None, granted, out);
        self.pump(now, out);
    }

    /// Whether the role allows the vote, the log set aside. One vote an epoch; none where a leader is known.
    fn may_grant(&self, candidate: ControllerId, pre_vote: bool) -> bool {
        let has_free_vote = match self.election.voted {
            _ if breaks(Mutation::EveryVoteGranted) => true,
            Some(voted) => voted == candidate,
            None => self.election.leader.is_none(),
        };
        match (&self.role, pre_vote) {
            (QuorumRole::Leader(_), _) => false,
            (QuorumRole::Follower { hears_leader, .. }, true) => !hears_leader,
            (_, true) => true,
            (QuorumRole::Unattached | QuorumRole::Prospective { .. }, false) => has_free_vote,
            (QuorumRole::Follower { .. } | QuorumRole::Candidate { .. } | QuorumRole::Resigned { .. }, false) => false,
        }
    }

    fn answer_vote(&self, id: RequestId, error: ErrorCode, vote_granted: bool, out: &mut Effects) {
        let response = VoteResponse { error, leader: self.leader(), leader_epoch: self.election.epoch, vote_granted };
        out.respond_after(self.timing.request_us, id, response);
    }

    pub fn handle_vote_response(
        &mut self,
        from: ControllerId,
        correlation: u32,
        response: &VoteResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        if !self.take_answer(from, correlation, out) {
            return;
        }
        self.learn_leader(response.leader_epoch, response.leader, now, out);
        if !response.error.is_none() {
            self.back_off(from, now, out);
        } else if response.leader_epoch == self.election.epoch {
            // The answer to a pre-vote names the epoch before the candidate's, and is not taken for a vote.
            self.count_vote(from, response.vote_granted, now, out);
        }
        self.pump(now, out);
    }

    fn count_vote(&mut self, from: ControllerId, granted: bool, now: SimTime, out: &mut Effects) {
        let majority = self.majority();
        let enough_to_lose = self.voters.len() - majority + 1;
        let (votes, is_pre_vote, leader) = match &mut self.role {
            QuorumRole::Prospective { votes, leader } => (votes, true, *leader),
            QuorumRole::Candidate { votes } => (votes, false, None),
            _ => return,
        };
        if votes.has_answered(from) {
            return;
        }
        if granted { &mut votes.granted } else { &mut votes.rejected }.insert(from);
        if votes.granted.len() >= majority {
            if is_pre_vote {
                self.become_candidate(now, out);
            } else {
                self.become_leader(now, out);
            }
        } else if !granted && votes.rejected.len() == enough_to_lose {
            match leader {
                Some(leader) => self.become_follower(self.election.epoch, leader, now, out),
                None => self.back_off_election(now, out),
            }
        }
    }

    /// The round is lost: the next begins after a random wait.
    fn back_off_election(&mut self, now: SimTime, out: &mut Effects) {
        let max_ms = u64::from(self.config.controller_quorum_election_backoff_max_ms);
        let bound_ms = (ELECTION_BACKOFF_MS << self.lost_rounds.min(10)).min(max_ms);
        self.lost_rounds = self.lost_rounds.saturating_add(1);
        let wait_us = self.random.between(0, bound_ms * 1_000);
        out.set_timer(ControllerTimer::Election, now.plus_us(wait_us));
    }

    /// What an answer says of epoch and leader.
    pub(super) fn learn_leader(
        &mut self,
        epoch: QuorumEpoch,
        leader: Option<ControllerId>,
        now: SimTime,
        out: &mut Effects,
    ) {
        let leader = leader.filter(|leader| *leader != self.id && self.is_voter(*leader));
        let is_without_leader = matches!(
            self.role,
            QuorumRole::Unattached | QuorumRole::Prospective { leader: None, .. } | QuorumRole::Candidate { .. }
        );
        if epoch > self.election.epoch {
            match leader {
                Some(leader) => self.become_follower(epoch, leader, now, out),
                None => self.become_unattached(epoch, now, out),
            }
        } else if let Some(leader) = leader.filter(|_| epoch == self.election.epoch && is_without_leader) {
            self.become_follower(epoch, leader, now, out);
        }
    }

    pub fn handle_begin_quorum_epoch(
        &mut self,
        id: RequestId,
        request: &BeginQuorumEpochRequest,
        now: SimTime,
        out: &mut Effects,
    ) {
        let error = if !self.is_voter(request.leader) {
            ErrorCode::InconsistentVoterSet
        } else if request.leader_epoch < self.election.epoch {
            ErrorCode::FencedLeaderEpoch
        } else {
            let is_known = matches!(self.role, QuorumRole::Follower { leader, .. } if leader == request.leader);
            if request.leader_epoch > self.election.epoch || !is_known {
                assert!(
                    request.leader_epoch > self.election.epoch
                        || self.election.leader.is_none_or(|known| known == request.leader),
                    "two leaders in quorum epoch {}",
                    request.leader_epoch
                );
                self.become_follower(request.leader_epoch, request.leader, now, out);
            }
            ErrorCode::None
        };
        let response = BeginQuorumEpochResponse { error, leader: self.leader(), leader_epoch: self.election.epoch };
        out.respond_after(self.timing.request_us, id, response);
        self.pump(now, out);
    }

    pub fn handle_begin_quorum_epoch_response(
        &mut self,
        from: ControllerId,
        correlation: u32,
        response: &BeginQuorumEpochResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        if !self.take_answer(from, correlation, out) {
            return;
        }
        if let QuorumRole::Leader(leader) = &mut self.role
            && let Some(voter) = leader.voters.get_mut(&from)
        {
            voter.begin_pending = false;
        }
        self.learn_leader(response.leader_epoch, response.leader, now, out);
        self.pump(now, out);
    }

    /// The leader goes. The best successor stands at once, the others a little later.
    pub fn handle_end_quorum_epoch(
        &mut self,
        id: RequestId,
        request: &EndQuorumEpochRequest,
        now: SimTime,
        out: &mut Effects,
    ) {
        let error = if request.leader_epoch < self.election.epoch {
            ErrorCode::FencedLeaderEpoch
        } else {
            if request.leader_epoch > self.election.epoch && self.is_voter(request.leader) {
                self.become_follower(request.leader_epoch, request.leader, now, out);
            }
            self.leader_goes(request, now, out);
            ErrorCode::None
        };
        let response = EndQuorumEpochResponse { error, leader: self.leader(), leader_epoch: self.election.epoch };
        out.respond_after(self.timing.request_us, id, response);
        self.pump(now, out);
    }

    fn leader_goes(&mut self, request: &EndQuorumEpochRequest, now: SimTime, out: &mut Effects) {
        let QuorumRole::Follower { leader, hears_leader } = &mut self.role else {
            return;
        };
        if *leader != request.leader {
            return;
        }
        *hears_leader = false;
        let max_ms = u64::from(self.config.controller_quorum_election_backoff_max_ms);
        let position = request.preferred_candidates.iter().position(|voter| *voter == self.id);
        let wait_us = match position {
            Some(0) => 0,
            Some(position) => {
                let bound_ms = (ELECTION_BACKOFF_MS << position.min(10)).min(max_ms);
                self.random.between(bound_ms * 500, bound_ms * 1_000)
            }
            None => self.random.between(0, max_ms * 1_000),
        };
        out.set_timer(ControllerTimer::FetchTimeout, now.plus_us(wait_us));
    }

    pub fn handle_end_quorum_epoch_response(
        &mut self,
        from: ControllerId,
        correlation: u32,
        response: &EndQuorumEpochResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        if !self.take_answer(from, correlation, out) {
            return;
        }
        if let QuorumRole::Resigned { end_pending } = &mut self.role {
            end_pending.remove(&from);
        }
        self.learn_leader(response.leader_epoch, response.leader, now, out);
        self.pump(now, out);
    }
}

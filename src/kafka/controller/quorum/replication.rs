//! How the log spreads: FetchMetadataLog of voters and observers, the high watermark, truncation.

use super::{ParkedFetch, Quorum, QuorumRole};
use crate::kafka::controller::ControllerTimer;
use crate::kafka::effects::{Effects, RequestId};
use crate::kafka::ids::{ControllerId, NodeId, Offset, SimTime};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::DivergingEpoch;
use crate::kafka::protocol::quorum::{FetchMetadataLogRequest, FetchMetadataLogResponse};
use crate::kafka::sorted::{SmallSort, SortedMap};

impl Quorum {
    pub fn handle_fetch(&mut self, id: RequestId, request: &FetchMetadataLogRequest, now: SimTime, out: &mut Effects) {
        let QuorumRole::Leader(leader) = &mut self.role else {
            return self.refuse_fetch(id, ErrorCode::NotLeaderOrFollower, out);
        };
        if request.current_leader_epoch != self.election.epoch {
            let error = if request.current_leader_epoch < self.election.epoch {
                ErrorCode::FencedLeaderEpoch
            } else {
                ErrorCode::UnknownLeaderEpoch
            };
            return self.refuse_fetch(id, error, out);
        }
        // A replica has one fetch at a time: an older one belongs to a connection that is gone.
        if let Some(former) = leader.parked.remove(&request.replica) {
            self.refuse_fetch(former.request, ErrorCode::None, out);
        }
        if let Some(diverging) = self.log.divergence(request.fetch_offset, request.last_fetched_epoch) {
            return self.answer_fetch(id, request.replica, request.fetch_offset, Some(diverging), out);
        }
        self.note_progress(request, now);
        if self.advance_high_watermark() {
            self.answer_parked(out);
        }
        if self.has_news(request.replica, request.fetch_offset) || request.max_wait_ms == 0 {
            self.answer_fetch(id, request.replica, request.fetch_offset, None, out);
        } else if let QuorumRole::Leader(leader) = &mut self.role {
            let parked = ParkedFetch { request: id, fetch_offset: request.fetch_offset };
            leader.parked.insert(request.replica, parked);
            let at = now.plus_ms(u64::from(request.max_wait_ms));
            out.set_timer(ControllerTimer::ParkedFetch(request.replica), at);
        }
    }

    fn note_progress(&mut self, request: &FetchMetadataLogRequest, now: SimTime) {
        if let (QuorumRole::Leader(leader), NodeId::Controller(voter)) = (&mut self.role, request.replica)
            && let Some(progress) = leader.voters.get_mut(&voter)
        {
            progress.end_offset = Some(request.fetch_offset);
            progress.last_fetch = Some(now);
            progress.begin_pending = false;
        }
    }

    /// Records beyond the fetch offset, or a high watermark that the replica was not told yet.
    fn has_news(&self, replica: NodeId, fetch_offset: Offset) -> bool {
        let QuorumRole::Leader(leader) = &self.role else {
            return false;
        };
        fetch_offset < self.log.end_offset() || leader.high_watermark > leader.told.get(&replica).copied()
    }

    fn answer_fetch(
        &mut self,
        id: RequestId,
        replica: NodeId,
        fetch_offset: Offset,
        diverging_epoch: Option<DivergingEpoch>,
        out: &mut Effects,
    ) {
        let QuorumRole::Leader(leader) = &mut self.role else {
            return;
        };
        if let Some(high_watermark) = leader.high_watermark {
            leader.told.insert(replica, high_watermark);
        }
        let batches = match diverging_epoch {
            Some(_) => Vec::new(),
            None => self.log.from_offset(fetch_offset).cloned().collect(),
        };
        let response = FetchMetadataLogResponse {
            error: ErrorCode::None,
            leader: Some(self.id),
            leader_epoch: self.election.epoch,
            high_watermark: leader.high_watermark.unwrap_or(-1),
            diverging_epoch,
            batches,
        };
        out.respond_after(self.timing.request_us, id, response);
    }

    fn refuse_fetch(&self, id: RequestId, error: ErrorCode, out: &mut Effects) {
        let response = FetchMetadataLogResponse {
            error,
            leader: self.leader(),
            leader_epoch: self.election.epoch,
            high_watermark: -1,
            diverging_epoch: None,
            batches: Vec::new(),
        };
        out.respond_after(self.timing.request_us, id, response);
    }

    /// The leadership is over: all who wait are sent to look for the next leader.
    pub(super) fn refuse_parked(&self, parked: SortedMap<NodeId, ParkedFetch>, out: &mut Effects) {
        for (replica, fetch) in parked {
            out.cancel_timer(ControllerTimer::ParkedFetch(replica));
            let response = FetchMetadataLogResponse {
                error: ErrorCode::NotLeaderOrFollower,
                leader: None,
                leader_epoch: self.election.epoch,
                high_watermark: -1,
                diverging_epoch: None,
                batches: Vec::new(),
            };
            out.respond_after(self.timing.request_us, fetch.request, response);
        }
    }

    /// Answers the waiting fetches for which there is something new now.
    pub(super) fn answer_parked(&mut self, out: &mut Effects) {
        let QuorumRole::Leader(leader) = &self.role else {
            return;
        };
        let ready: Vec<(NodeId, ParkedFetch)> = leader
            .parked
            .iter()
            .filter(|(replica, fetch)| self.has_news(**replica, fetch.fetch_offset))
            .map(|(replica, fetch)| (*replica, fetch.clone()))
            .collect();
        for (replica, fetch) in ready {
            self.unpark(replica, &fetch, out);
        }
    }

    fn unpark(&mut self, replica: NodeId, fetch: &ParkedFetch, out: &mut Effects) {
        if let QuorumRole::Leader(leader) = &mut self.role {
            leader.parked.remove(&replica);
        }
        out.cancel_timer(ControllerTimer::ParkedFetch(replica));
        self.answer_fetch(fetch.request, replica, fetch.fetch_offset, None, out);
    }

    /// A fetch has waited as long as it may.
    pub fn parked_fetch_timed_out(&mut self, replica: NodeId, out: &mut Effects) {
        let fetch = match &self.role {
            QuorumRole::Leader(leader) => leader.parked.get(&replica).cloned(),
            _ => None,
        };
        if let Some(fetch) = fetch {
            self.unpark(replica, &fetch, out);
        }
    }

    /// Moves the high watermark to what a majority holds, once that includes a record of the present epoch. True: it
    /// has moved.
    pub(super) fn advance_high_watermark(&mut self) -> bool {
        let majority = self.majority();
        let QuorumRole::Leader(leader) = &mut self.role else {
            return false;
        };
        let mut ends: Vec<Offset> = leader.voters.values().map(|voter| voter.end_offset.unwrap_or(-1)).collect();
        ends.push(self.log.end_offset());
        ends.sort_small_by_key(|end| std::cmp::Reverse(*end));
        let held_by_majority = ends[majority - 1];
        if held_by_majority <= leader.epoch_start_offset || leader.high_watermark >= Some(held_by_majority) {
            return false;
        }
        leader.high_watermark = Some(held_by_majority);
        assert!(held_by_majority >= self.high_watermark, "the metadata high watermark never falls");
        self.high_watermark = held_by_majority;
        true
    }

    pub fn handle_fetch_response(
        &mut self,
        from: ControllerId,
        correlation: u32,
        response: &FetchMetadataLogResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        if !self.take_answer(from, correlation, out) {
            return;
        }
        let follows_sender = matches!(self.role, QuorumRole::Follower { leader, .. } if leader == from);
        if response.error.is_none() && follows_sender && response.leader_epoch == self.election.epoch {
            self.take_batches(response, now, out);
        } else {
            let before = (self.election.epoch, self.leader());
            self.learn_leader(response.leader_epoch, response.leader, now, out);
            if before == (self.election.epoch, self.leader()) {
                self.back_off(from, now, out);
            }
        }
        self.pump(now, out);
    }

    fn take_batches(&mut self, response: &FetchMetadataLogResponse, now: SimTime, out: &mut Effects) {
        if let QuorumRole::Follower { hears_leader, .. } = &mut self.role {
            *hears_leader = true;
        }
        self.restart_fetch_timeout(now, out);
        if let Some(diverging) = response.diverging_epoch {
            let (_, own_end) = self.log.end_of_epoch(diverging.epoch.0);
            let to = own_end.min(diverging.end_offset);
            assert!(to >= self.high_watermark, "committed metadata records are never truncated");
            self.log.truncate(to);
            return;
        }
        for batch in &response.batches {
            if batch.base_offset == self.log.end_offset() {
                self.log.append(batch.clone());
            }
        }
        let known = response.high_watermark.min(self.log.end_offset());
        self.high_watermark = self.high_watermark.max(known);
    }
}

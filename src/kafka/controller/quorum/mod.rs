//! The Raft quorum of the metadata log, with pull: voters fetch from their leader (KIP-595, KIP-996;
//! `KafkaRaftClient`, `QuorumState`).

mod election;
mod log;
mod peers;
mod replication;
mod state;

use std::rc::Rc;

pub use log::MetadataLog;
use peers::Peer;
pub use state::{ElectionState, LeaderState, ParkedFetch, QuorumRole, VoterProgress, Votes};

use super::ControllerTimer;
use crate::kafka::config::BrokerConfig;
use crate::kafka::effects::Effects;
use crate::kafka::ids::{ControllerId, Offset, SimTime};
use crate::kafka::metadata::{MetadataBatch, MetadataRecord};
use crate::kafka::note::Note;
use crate::kafka::protocol::quorum::QuorumEpoch;
use crate::kafka::random::Random;
use crate::kafka::setup::{ControllerSetup, Timing};
use crate::kafka::sorted::{SortedMap, SortedSet};

/// One voter of the quorum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quorum {
    id: ControllerId,
    voters: Rc<[ControllerId]>,
    config: Rc<BrokerConfig>,
    timing: Timing,
    random: Random,
    /// On disk.
    election: ElectionState,
    /// On disk.
    log: MetadataLog,
    role: QuorumRole,
    /// End of what is known to be committed; falls to 0 when the process starts anew.
    high_watermark: Offset,
    peers: SortedMap<ControllerId, Peer>,
    next_correlation: u32,
    /// Rounds of votes lost in a row: the wait before the next grows with them.
    lost_rounds: u32,
}

impl Quorum {
    pub fn new(setup: &mut ControllerSetup) -> Quorum {
        Quorum {
            id: setup.id,
            voters: setup.voters.clone(),
            config: setup.config.clone(),
            timing: setup.timing,
            random: Random::stream(setup.random.next_u64(), 0),
            election: ElectionState::default(),
            log: MetadataLog::new(),
            role: QuorumRole::Unattached,
            high_watermark: 0,
            peers: SortedMap::new(),
            next_correlation: 0,
            lost_rounds: 0,
        }
    }

    /// Forgets what is only in memory.
    pub fn crash(&mut self) {
        self.role = QuorumRole::Unattached;
        self.high_watermark = 0;
        self.peers.clear();
        self.lost_rounds = 0;
    }

    /// Takes up the role that the disk allows: follower of the leader it knew, else unattached. A quorum of one has
    /// its leader at once.
    pub fn start(&mut self, now: SimTime, out: &mut Effects) {
        self.crash();
        match self.election.leader {
            Some(leader) if leader != self.id => self.become_follower(self.election.epoch, leader, now, out),
            _ if self.voters.len() == 1 => self.become_candidate(now, out),
            _ => self.wait_for_election(now, out),
        }
        self.pump(now, out);
    }

    pub fn id(&self) -> ControllerId {
        self.id
    }

    pub fn voters(&self) -> &[ControllerId] {
        &self.voters
    }

    pub fn epoch(&self) -> QuorumEpoch {
        self.election.epoch
    }

    pub fn election(&self) -> &ElectionState {
        &self.election
    }

    pub fn role(&self) -> &QuorumRole {
        &self.role
    }

    pub fn log(&self) -> &MetadataLog {
        &self.log
    }

    /// The leader of the present epoch, if this voter knows it.
    pub fn leader(&self) -> Option<ControllerId> {
        match &self.role {
            QuorumRole::Resigned { .. } => None,
            QuorumRole::Prospective { leader, .. } => *leader,
            _ => self.election.leader,
        }
    }

    /// End of what is known to be committed.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Whether this voter leads and a majority holds the beginning of its epoch: only then does it know all that was
    /// committed before, and may decide.
    pub fn leads_with_all_committed(&self) -> bool {
        matches!(&self.role, QuorumRole::Leader(leader) if leader.high_watermark.is_some())
    }

    fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    fn is_voter(&self, id: ControllerId) -> bool {
        self.voters.contains(&id)
    }

    fn others(&self) -> impl Iterator<Item = ControllerId> + use<> {
        let own = self.id;
        let voters = self.voters.clone();
        (0..voters.len()).map(move |i| voters[i]).filter(move |voter| *voter != own)
    }

    // ---- transitions

    fn leave_role(&mut self, out: &mut Effects) {
        match &self.role {
            QuorumRole::Leader(_) => {
                out.cancel_timer(ControllerTimer::CheckQuorum);
                out.cancel_timer(ControllerTimer::BeginQuorumEpoch);
            }
            QuorumRole::Follower { .. } => out.cancel_timer(ControllerTimer::FetchTimeout),
            _ => out.cancel_timer(ControllerTimer::Election),
        }
        if let QuorumRole::Leader(leader) = std::mem::replace(&mut self.role, QuorumRole::Unattached) {
            self.refuse_parked(leader.parked, out);
        }
    }

    /// Enters a later epoch, in which nothing is known yet.
    fn enter_epoch(&mut self, epoch: QuorumEpoch) {
        if epoch > self.election.epoch {
            self.election = ElectionState { epoch, voted: None, leader: None };
        }
    }

    fn become_unattached(&mut self, epoch: QuorumEpoch, now: SimTime, out: &mut Effects) {
        self.leave_role(out);
        self.enter_epoch(epoch);
        self.role = QuorumRole::Unattached;
        self.wait_for_election(now, out);
    }

    fn become_follower(&mut self, epoch: QuorumEpoch, leader: ControllerId, now: SimTime, out: &mut Effects) {
        self.leave_role(out);
        self.enter_epoch(epoch);
        self.election.leader = Some(leader);
        self.lost_rounds = 0;
        self.role = QuorumRole::Follower { leader, hears_leader: false };
        self.restart_fetch_timeout(now, out);
    }

    fn become_prospective(&mut self, now: SimTime, out: &mut Effects) {
        let leader = match &self.role {
            QuorumRole::Follower { leader, .. } => Some(*leader),
            _ => None,
        };
        self.leave_role(out);
        self.role = QuorumRole::Prospective { votes: Votes::of(self.id), leader };
        self.wait_for_election(now, out);
        self.forget_requests(out);
    }

    fn become_candidate(&mut self, now: SimTime, out: &mut Effects) {
        self.leave_role(out);
        let epoch = self.election.epoch + 1;
        self.election = ElectionState { epoch, voted: Some(self.id), leader: None };
        self.role = QuorumRole::Candidate { votes: Votes::of(self.id) };
        if self.majority() == 1 {
            self.become_leader(now, out);
        } else {
            self.wait_for_election(now, out);
        }
    }

    fn become_leader(&mut self, now: SimTime, out: &mut Effects) {
        self.leave_role(out);
        self.election.leader = Some(self.id);
        self.lost_rounds = 0;
        let unheard = VoterProgress { end_offset: None, last_fetch: None, begin_pending: true };
        self.role = QuorumRole::Leader(LeaderState {
            epoch_start_offset: self.log.end_offset(),
            high_watermark: None,
            voters: self.others().map(|voter| (voter, unheard.clone())).collect(),
            parked: SortedMap::new(),
            told: SortedMap::new(),
        });
        let note = out.note(Note::QuorumLeaderElected { controller: self.id, epoch: self.election.epoch });
        out.because_of(Some(note));
        if self.voters.len() > 1 {
            out.set_timer(ControllerTimer::CheckQuorum, now.plus_ms(self.check_quorum_ms()));
            out.set_timer(ControllerTimer::BeginQuorumEpoch, now.plus_ms(self.begin_again_ms()));
        }
        let leader_change = MetadataRecord::LeaderChange { leader: self.id, voters: self.voters.to_vec() };
        self.append(vec![leader_change], out);
        self.pump(now, out);
        out.because_of(None);
    }

    /// Gives up the leadership: the others are told, and do not wait for their fetch time-out.
    fn resign(&mut self, now: SimTime, out: &mut Effects) {
        self.leave_role(out);
        let end_pending: SortedSet<ControllerId> = self.others().collect();
        self.role = QuorumRole::Resigned { end_pending };
        self.wait_for_election(now, out);
    }

    // ---- times

    /// `controller.quorum.election.timeout.ms`, and up to as much again, so that voters do not all wake at once.
    fn wait_for_election(&mut self, now: SimTime, out: &mut Effects) {
        let timeout_ms = u64::from(self.config.controller_quorum_election_timeout_ms);
        let random_us = self.random.below(timeout_ms * 1_000);
        out.set_timer(ControllerTimer::Election, now.plus_ms(timeout_ms).plus_us(random_us));
    }

    fn restart_fetch_timeout(&mut self, now: SimTime, out: &mut Effects) {
        let at = now.plus_ms(u64::from(self.config.controller_quorum_fetch_timeout_ms));
        out.set_timer(ControllerTimer::FetchTimeout, at);
    }

    /// One and a half fetch time-outs (`LeaderState.CHECK_QUORUM_TIMEOUT_FACTOR`).
    fn check_quorum_ms(&self) -> u64 {
        u64::from(self.config.controller_quorum_fetch_timeout_ms) * 3 / 2
    }

    /// Half a fetch time-out: a voter that does not fetch hears of its leader again.
    fn begin_again_ms(&self) -> u64 {
        u64::from(self.config.controller_quorum_fetch_timeout_ms) / 2
    }

    /// A batch at the end of the log, in the present epoch. For the leader only.
    pub fn append(&mut self, records: Vec<MetadataRecord>, out: &mut Effects) {
        let QuorumRole::Leader(_) = self.role else {
            panic!("only the leader of the quorum appends records");
        };
        let batch = MetadataBatch { base_offset: self.log.end_offset(), epoch: self.election.epoch, records };
        self.log.append(Rc::new(batch));
        self.advance_high_watermark();
        self.answer_parked(out);
    }
}

//! What a voter of the quorum is at present (`QuorumState` and its `EpochState`s).

use crate::kafka::effects::RequestId;
use crate::kafka::ids::{ControllerId, NodeId, Offset, SimTime};
use crate::kafka::protocol::quorum::QuorumEpoch;
use crate::kafka::sorted::{SortedMap, SortedSet};

/// What survives a crash beside the log (the file `quorum-state`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ElectionState {
    pub epoch: QuorumEpoch,
    /// Whom this voter gave its one vote of the epoch.
    pub voted: Option<ControllerId>,
    /// The leader of the epoch, as soon as it is known.
    pub leader: Option<ControllerId>,
}

/// The answers to a round of Vote requests. The candidate's own vote is in `granted`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Votes {
    pub granted: SortedSet<ControllerId>,
    pub rejected: SortedSet<ControllerId>,
}

impl Votes {
    /// A round that begins with the voter's own vote.
    pub fn of(own: ControllerId) -> Votes {
        Votes { granted: SortedSet::from([own]), rejected: SortedSet::new() }
    }

    pub fn has_answered(&self, voter: ControllerId) -> bool {
        self.granted.contains(&voter) || self.rejected.contains(&voter)
    }
}

/// What the leader knows of another voter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VoterProgress {
    /// End of that voter's log; None: it has not fetched in this epoch yet.
    pub end_offset: Option<Offset>,
    pub last_fetch: Option<SimTime>,
    /// BeginQuorumEpoch is still to be sent to it, or sent again.
    pub begin_pending: bool,
}

/// A fetch that found nothing new and waits at the leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParkedFetch {
    pub request: RequestId,
    pub fetch_offset: Offset,
}

/// A leader's own state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaderState {
    /// Offset of the LeaderChange record. The high watermark is known as soon as it lies beyond.
    pub epoch_start_offset: Offset,
    /// End of what a majority holds; None: not known in this epoch yet.
    pub high_watermark: Option<Offset>,
    /// The other voters.
    pub voters: SortedMap<ControllerId, VoterProgress>,
    /// Waiting fetches, by replica.
    pub parked: SortedMap<NodeId, ParkedFetch>,
    /// The high watermark that each replica was last told (KIP-1166).
    pub told: SortedMap<NodeId, Offset>,
}

/// The role of a voter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QuorumRole {
    /// Knows no leader; waits for one, or for its election time-out.
    Unattached,
    /// Asks whether it would be elected, without raising the epoch (pre-vote, KIP-996).
    Prospective {
        votes: Votes,
        leader: Option<ControllerId>,
    },
    /// Has raised the epoch, voted for itself and asks the others.
    Candidate {
        votes: Votes,
    },
    Follower {
        leader: ControllerId,
        /// A follower that hears from its leader denies others their pre-vote.
        hears_leader: bool,
    },
    Leader(LeaderState),
    /// Was leader of this epoch and gave it up.
    Resigned {
        end_pending: SortedSet<ControllerId>,
    },
}

impl QuorumRole {
    /// The role's name, for people.
    pub const fn name(&self) -> &'static str {
        match self {
            QuorumRole::Unattached => "unattached",
            QuorumRole::Prospective { .. } => "prospective",
            QuorumRole::Candidate { .. } => "candidate",
            QuorumRole::Follower { .. } => "follower",
            QuorumRole::Leader(_) => "leader",
            QuorumRole::Resigned { .. } => "resigned",
        }
    }
}

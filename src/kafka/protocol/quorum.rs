//! The KRaft quorum of the metadata log (KIP-595, KIP-996): Vote, BeginQuorumEpoch, EndQuorumEpoch, and Fetch of
//! `__cluster_metadata-0` by voters (controllers) and observers (brokers).

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use super::fetch::DivergingEpoch;
use crate::kafka::ids::{ControllerId, NodeId, Offset};
use crate::kafka::metadata::MetadataBatch;

/// Epoch of the quorum (`kafka.raft` leader epoch).
pub type QuorumEpoch = i32;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoteRequest {
    pub candidate: ControllerId,
    pub candidate_epoch: QuorumEpoch,
    /// KIP-996: asks whether it would get the vote, and raises no epoch.
    pub pre_vote: bool,
    pub last_epoch: QuorumEpoch,
    /// The candidate's log end.
    pub last_epoch_end_offset: Offset,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoteResponse {
    pub error: ErrorCode,
    pub leader: Option<ControllerId>,
    pub leader_epoch: QuorumEpoch,
    pub vote_granted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BeginQuorumEpochRequest {
    pub leader: ControllerId,
    pub leader_epoch: QuorumEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BeginQuorumEpochResponse {
    pub error: ErrorCode,
    pub leader: Option<ControllerId>,
    pub leader_epoch: QuorumEpoch,
}

/// Sent by a leader that resigns, so that nobody waits for the fetch time-out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EndQuorumEpochRequest {
    pub leader: ControllerId,
    pub leader_epoch: QuorumEpoch,
    /// Best successor first.
    pub preferred_candidates: Vec<ControllerId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EndQuorumEpochResponse {
    pub error: ErrorCode,
    pub leader: Option<ControllerId>,
    pub leader_epoch: QuorumEpoch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchMetadataLogRequest {
    /// Controllers fetch as voters, brokers as observers.
    pub replica: NodeId,
    pub current_leader_epoch: QuorumEpoch,
    pub fetch_offset: Offset,
    pub last_fetched_epoch: QuorumEpoch,
    /// How long the leader may hold the request when there is nothing new.
    pub max_wait_ms: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FetchMetadataLogResponse {
    /// NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH …
    pub error: ErrorCode,
    pub leader: Option<ControllerId>,
    pub leader_epoch: QuorumEpoch,
    /// End of what a majority holds; -1: not known yet.
    pub high_watermark: Offset,
    pub diverging_epoch: Option<DivergingEpoch>,
    pub batches: Vec<Rc<MetadataBatch>>,
}

//! A member of a classic group (`ClassicGroupMember`).

use crate::kafka::effects::RequestId;
use crate::kafka::protocol::group::{Assignment, JoinGroupRequest, Subscription};

/// One member, as the coordinator knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    pub member_id: String,
    /// `group.instance.id` of a static member (KIP-345).
    pub group_instance_id: Option<String>,
    pub client_id: String,
    /// `max.poll.interval.ms` of the member.
    pub rebalance_timeout_ms: u32,
    pub session_timeout_ms: u32,
    /// Assignors in order of preference, each with the member's metadata for it.
    pub protocols: Vec<(String, Subscription)>,
    /// What the group's leader gave it; None: nothing so far (no bytes in the log and on the wire).
    pub assignment: Option<Assignment>,
    /// Its JoinGroup waits for the end of the join phase.
    pub awaiting_join: Option<RequestId>,
    /// Its SyncGroup waits for the assignment.
    pub awaiting_sync: Option<RequestId>,
    /// It has not heard of any generation: unlike others it may expire while its JoinGroup waits.
    pub is_new: bool,
}

impl Member {
    /// A member that asks to join.
    pub fn joining(request: &JoinGroupRequest, member_id: String, join: RequestId) -> Member {
        Member {
            member_id,
            group_instance_id: request.group_instance_id.clone(),
            client_id: request.client_id.clone(),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols.clone(),
            assignment: None,
            awaiting_join: Some(join),
            awaiting_sync: None,
            is_new: true,
        }
    }

    pub fn is_static(&self) -> bool {
        self.group_instance_id.is_some()
    }

    pub fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// What the member said about itself for this assignor.
    pub fn subscription(&self, protocol: &str) -> Option<&Subscription> {
        self.protocols.iter().find(|(name, _)| name == protocol).map(|(_, subscription)| subscription)
    }

    /// Whether a session timeout does not count now: its request lies with the coordinator.
    pub fn is_excused(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }
}

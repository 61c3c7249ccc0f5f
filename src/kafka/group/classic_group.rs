//! A group of the classic protocol (`ClassicGroup`): members, generation, vote, leader.

use super::member::Member;
use crate::kafka::ids::TopicName;
use crate::kafka::note::GroupState;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group::{JoinGroupMember, JoinGroupRequest};
use crate::kafka::sorted::{SortedMap, SortedSet};

/// The protocol type of consumers.
pub const CONSUMER_PROTOCOL: &str = "consumer";

/// How long an empty group still waits for more members before its first rebalance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InitialDelay {
    /// The part that runs now.
    pub delay_ms: u32,
    /// What may be added after it, if more members come.
    pub remaining_ms: u32,
}

/// A group. Only its coordinator changes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClassicGroup {
    pub group_id: String,
    /// Of `__consumer_offsets`.
    pub partition: i32,
    pub state: GroupState,
    pub previous_state: GroupState,
    /// Epoch milliseconds at which the group came into its state.
    pub state_timestamp_ms: i64,
    pub generation: i32,
    /// None: a group that only stores offsets.
    pub protocol_type: Option<String>,
    /// The assignor that the members voted for.
    pub protocol_name: Option<String>,
    /// Member id of the leader, who computes the assignment.
    pub leader: Option<String>,
    /// By member id.
    pub members: SortedMap<String, Member>,
    /// Member ids by `group.instance.id`.
    pub static_members: SortedMap<String, String>,
    /// Ids that were given out (MEMBER_ID_REQUIRED) and have not come back yet.
    pub pending_join: SortedSet<String>,
    /// Members of this generation that have not sent SyncGroup yet.
    pub pending_sync: SortedSet<String>,
    /// Topics of all members, as far as the coordinator understands their metadata.
    pub subscribed_topics: Option<SortedSet<TopicName>>,
    /// A member came while the first rebalance was held back.
    pub new_member_added: bool,
    /// Set while the first rebalance is held back.
    pub initial_delay: Option<InitialDelay>,
    /// Whether `__consumer_offsets` knows of the group; until then nobody else does.
    pub persisted: bool,
}

impl ClassicGroup {
    /// A group without members.
    pub fn new(group_id: &str, partition: i32, now_ms: i64) -> ClassicGroup {
        ClassicGroup {
            group_id: group_id.to_owned(),
            partition,
            state: GroupState::Empty,
            previous_state: GroupState::Dead,
            state_timestamp_ms: now_ms,
            generation: 0,
            protocol_type: None,
            protocol_name: None,
            leader: None,
            members: SortedMap::new(),
            static_members: SortedMap::new(),
            pending_join: SortedSet::new(),
            pending_sync: SortedSet::new(),
            subscribed_topics: None,
            new_member_added: false,
            initial_delay: None,
            persisted: false,
        }
    }

    pub fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    /// Members whose JoinGroup waits.
    pub fn awaiting_join_count(&self) -> usize {
        self.members.values().filter(|member| member.awaiting_join.is_some()).count()
    }

    /// Whether nobody is missing: all members have rejoined and no id that was given out is outstanding.
    pub fn has_all_members_joined(&self) -> bool {
        self.pending_join.is_empty() && self.members.values().all(|member| member.awaiting_join.is_some())
    }

    /// The longest rebalance timeout of any member.
    pub fn rebalance_timeout_ms(&self) -> u32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }

    /// Whether a rebalance may begin.
    pub fn can_rebalance(&self) -> bool {
        matches!(self.state, GroupState::Empty | GroupState::CompletingRebalance | GroupState::Stable)
    }

    /// Whether a JoinGroup names the group's protocol type and an assignor that all members support; any will do for an
    /// empty group.
    pub fn supports_protocols(&self, request: &JoinGroupRequest) -> bool {
        if self.state == GroupState::Empty {
            return !request.protocol_type.is_empty() && !request.protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(&request.protocol_type)
            && request.protocols.iter().any(|(name, _)| self.members.values().all(|member| member.supports(name)))
    }

    /// Whether a joining member finds room (`group.max.size`).
    pub fn accepts(&self, member_id: &str, max_size: u32) -> bool {
        let has_room = |count: usize| u32::try_from(count).is_ok_and(|count| count < max_size);
        match self.state {
            GroupState::Empty | GroupState::Dead => true,
            GroupState::PreparingRebalance => {
                self.members.get(member_id).is_some_and(|member| member.awaiting_join.is_some())
                    || has_room(self.awaiting_join_count())
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.members.contains_key(member_id) || has_room(self.members.len())
            }
        }
    }

    /// Whether a request comes from a member, and a static one is not fenced by another process.
    ///
    /// # Errors
    /// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID.
    pub fn validate_member(&self, member_id: &str, group_instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = group_instance_id {
            match self.static_members.get(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(current) if current != member_id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Takes a member in. The first one decides the protocol type and becomes the leader.
    pub fn add(&mut self, member: Member, protocol_type: &str) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        if let Some(instance) = &member.group_instance_id {
            self.static_members.insert(instance.clone(), member.member_id.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(member.member_id.clone());
        }
        self.pending_join.remove(&member.member_id);
        self.members.insert(member.member_id.clone(), member);
    }

    /// Takes a member (or an id that was given out) from the group. If it led, another member leads.
    pub fn remove(&mut self, member_id: &str) -> Option<Member> {
        let removed = self.members.remove(member_id);
        if let Some(instance) = removed.as_ref().and_then(|member| member.group_instance_id.as_ref()) {
            self.static_members.remove(instance);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending_join.remove(member_id);
        self.pending_sync.remove(member_id);
        removed
    }

    /// Gives a static member's place to a new member id; leader and assignment stay with the place. Returns the
    /// former holder.
    pub fn replace_static_member(&mut self, instance: &str, new_member_id: &str) -> Option<Member> {
        let old_id = self.static_members.get(instance)?.clone();
        let old = self.members.remove(&old_id)?;
        let new = Member {
            member_id: new_member_id.to_owned(),
            awaiting_join: None,
            awaiting_sync: None,
            is_new: false,
            ..old.clone()
        };
        self.members.insert(new_member_id.to_owned(), new);
        if self.is_leader(&old_id) {
            self.leader = Some(new_member_id.to_owned());
        }
        self.static_members.insert(instance.to_owned(), new_member_id.to_owned());
        Some(old)
    }

    /// If the leader has not rejoined, another member that has becomes the leader. False: nobody has rejoined.
    pub fn elect_joined_leader(&mut self) -> bool {
        let Some(leader) = self.leader.as_ref().and_then(|id| self.members.get(id)) else {
            return false;
        };
        if leader.awaiting_join.is_some() {
            return true;
        }
        match self.members.values().find(|member| member.awaiting_join.is_some()) {
            Some(member) => {
                self.leader = Some(member.member_id.clone());
                true
            }
            None => false,
        }
    }

    /// The assignor for the next generation: each member votes for its first one that all support; most votes win,
    /// the first in name order among equals.
    pub fn select_protocol(&self) -> Option<String> {
        let mut votes: SortedMap<&str, u32> = SortedMap::new();
        for member in self.members.values() {
            let common = |name: &String| self.members.values().all(|other| other.supports(name));
            if let Some((name, _)) = member.protocols.iter().find(|(name, _)| common(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.to_owned())
    }

    /// Begins the next generation: with members the join phase is over, without any the group is empty. Returns the
    /// state that follows; the coordinator makes the change.
    pub fn init_next_generation(&mut self) -> GroupState {
        self.generation = self.generation.saturating_add(1);
        self.pending_sync.clear();
        self.protocol_name = self.select_protocol();
        self.compute_subscribed_topics();
        if self.members.is_empty() { GroupState::Empty } else { GroupState::CompletingRebalance }
    }

    /// Finds out to which topics the members are subscribed.
    pub fn compute_subscribed_topics(&mut self) {
        let is_consumer = self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL);
        self.subscribed_topics = match &self.protocol_name {
            _ if !is_consumer => None,
            None if self.members.is_empty() => Some(SortedSet::new()),
            None => None,
            Some(protocol) => {
                let subscriptions = self.members.values().filter_map(|member| member.subscription(protocol));
                Some(subscriptions.flat_map(|subscription| subscription.topics.iter().cloned()).collect())
            }
        };
    }

    /// Whether offsets of this topic are in use by the group; in doubt they are.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic),
            None => self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL),
        }
    }

    /// All members with their metadata, for the leader.
    pub fn join_members(&self) -> Vec<JoinGroupMember> {
        let Some(protocol) = &self.protocol_name else { return Vec::new() };
        let describe = |member: &Member| JoinGroupMember {
            member_id: member.member_id.clone(),
            group_instance_id: member.group_instance_id.clone(),
            subscription: member.subscription(protocol).cloned().unwrap_or_default(),
        };
        self.members.values().map(describe).collect()
    }
}

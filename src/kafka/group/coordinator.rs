//! The group coordinator of a broker (`GroupCoordinatorService`, `GroupCoordinatorShard`).
//!
//! It holds the groups of those partitions of `__consumer_offsets` that this broker leads. What must survive it is
//! written there first: an answer that promises something is given when the write is replicated.

use std::rc::Rc;

use super::OFFSETS_TOPIC;
use super::classic_group::ClassicGroup;
use super::offset_store::{GroupOffsets, OffsetStore};
use super::records::{self, CoordinatorRecord};
use super::timer::GroupTimer;
use super::write::PendingWrite;
use crate::kafka::broker::BrokerTimer;
use crate::kafka::config::BrokerConfig;
use crate::kafka::effects::{Effects, RequestId};
use crate::kafka::hash::java_string_hash::coordinator_partition;
use crate::kafka::ids::{BrokerId, LeaderEpoch, SimTime, TopicPartition};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::{GroupState, Note};
use crate::kafka::protocol::group::{
    DescribeGroupsResponse, DescribedGroup, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, SyncGroupResponse,
};
use crate::kafka::protocol::offsets::{OffsetCommitResponse, OffsetFetchResponse};
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::kafka::random::Random;
use crate::kafka::record::RecordBatch;
use crate::kafka::setup::WallClock;
use crate::kafka::sorted::SortedMap;

/// Records that the broker appends to a partition of `__consumer_offsets`, with acks=all. Once the high watermark
/// has passed them, or they are lost, it calls [`GroupCoordinator::written`] with the same number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CoordinatorWrite {
    pub write: u64,
    pub partition: i32,
    pub batch: RecordBatch,
}

/// One input being worked on.
pub(super) struct Turn<'a> {
    pub now: SimTime,
    pub out: &'a mut Effects,
    pub writes: Vec<CoordinatorWrite>,
}

impl Turn<'_> {
    pub fn set_timer(&mut self, timer: GroupTimer, at: SimTime) {
        self.out.set_timer(BrokerTimer::Group(timer), at);
    }

    pub fn cancel_timer(&mut self, timer: GroupTimer) {
        self.out.cancel_timer(BrokerTimer::Group(timer));
    }
}

/// A partition of `__consumer_offsets` that this broker leads and has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct LoadedPartition {
    leader_epoch: LeaderEpoch,
    loaded_at: SimTime,
}

/// The coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupCoordinator {
    pub(super) broker: BrokerId,
    pub(super) config: Rc<BrokerConfig>,
    pub(super) clock: WallClock,
    pub(super) random: Random,
    partitions: SortedMap<i32, LoadedPartition>,
    pub(super) groups: SortedMap<String, Rc<ClassicGroup>>,
    pub(super) offsets: OffsetStore,
    pub(super) pending_writes: SortedMap<u64, PendingWrite>,
    pub(super) next_write: u64,
}

impl GroupCoordinator {
    /// The machine's clock was set.
    pub fn set_clock(&mut self, clock: WallClock) {
        self.clock = clock;
    }

    pub fn new(broker: BrokerId, config: Rc<BrokerConfig>, clock: WallClock, random: Random) -> GroupCoordinator {
        GroupCoordinator {
            broker,
            config,
            clock,
            random,
            partitions: SortedMap::new(),
            groups: SortedMap::new(),
            offsets: OffsetStore::default(),
            pending_writes: SortedMap::new(),
            next_write: 0,
        }
    }

    // ---- what is known, for views

    /// The groups of this coordinator, by id.
    pub fn groups(&self) -> impl Iterator<Item = &ClassicGroup> {
        self.groups.values().map(Rc::as_ref)
    }

    pub fn group(&self, group_id: &str) -> Option<&ClassicGroup> {
        self.groups.get(group_id).map(Rc::as_ref)
    }

    /// The committed offsets of a group; None: it has none.
    pub fn offsets(&self, group_id: &str) -> Option<&GroupOffsets> {
        self.offsets.group(group_id)
    }

    /// The partitions of `__consumer_offsets` that are loaded, with the leader epoch of each.
    pub fn loaded_partitions(&self) -> impl Iterator<Item = (i32, LeaderEpoch)> {
        self.partitions.iter().map(|(partition, loaded)| (*partition, loaded.leader_epoch))
    }

    pub(super) fn group_mut(&mut self, group_id: &str) -> Option<&mut ClassicGroup> {
        self.groups.get_mut(group_id).map(Rc::make_mut)
    }

    /// The group, made if it does not exist.
    pub(super) fn group_or_new(&mut self, group_id: &str, partition: i32, turn: &mut Turn<'_>) -> &mut ClassicGroup {
        if !self.groups.contains_key(group_id) {
            let group = ClassicGroup::new(group_id, partition, self.clock.now_ms(turn.now));
            self.insert_group(group, turn);
        }
        self.group_mut(group_id).expect("the group was just made")
    }

    fn insert_group(&mut self, group: ClassicGroup, turn: &mut Turn<'_>) {
        let partition = group.partition;
        let first_of_partition = self.groups.values().all(|other| other.partition != partition);
        self.groups.insert(group.group_id.clone(), Rc::new(group));
        if first_of_partition {
            self.schedule_expiration(partition, turn);
        }
    }

    /// Sets the timer of the next look for expired offsets: whole intervals after the partition was loaded.
    pub(super) fn schedule_expiration(&self, partition: i32, turn: &mut Turn<'_>) {
        let Some(loaded) = self.partitions.get(&partition) else {
            return;
        };
        let interval_us = u64::from(self.config.offsets_retention_check_interval_ms) * 1_000;
        let intervals = turn.now.since(loaded.loaded_at) / interval_us + 1;
        let at = loaded.loaded_at.plus_us(intervals * interval_us);
        turn.set_timer(GroupTimer::OffsetsExpiration { partition }, at);
    }

    // ---- the doors

    /// Answers JoinGroup, SyncGroup, Heartbeat, LeaveGroup, OffsetCommit and OffsetFetch, and what tools ask, now or
    /// later. Other requests are not for the coordinator and stay unanswered.
    pub fn handle(
        &mut self,
        request: Request,
        id: RequestId,
        now: SimTime,
        image: &MetadataImage,
        out: &mut Effects,
    ) -> Vec<CoordinatorWrite> {
        let before = out.cause();
        let mut turn = Turn { now, out, writes: Vec::new() };
        match request {
            Request::JoinGroup(request) => match self.place(&request.group_id, image) {
                Ok(partition) => self.join(partition, request, id, &mut turn),
                Err(error) => turn.out.respond(id, join_error(error, "")),
            },
            Request::SyncGroup(request) => match self.place(&request.group_id, image) {
                Ok(_) => self.sync(request, id, &mut turn),
                Err(error) => turn.out.respond(id, sync_error(error)),
            },
            Request::Heartbeat(request) => match self.place(&request.group_id, image) {
                Ok(partition) => self.heartbeat(partition, &request, id, &mut turn),
                // While a group is being loaded nobody shall think that it is gone.
                Err(ErrorCode::CoordinatorLoadInProgress) => {
                    turn.out.respond(id, HeartbeatResponse { error: ErrorCode::None });
                }
                Err(error) => turn.out.respond(id, HeartbeatResponse { error }),
            },
            Request::LeaveGroup(request) => match self.place(&request.group_id, image) {
                Ok(partition) => self.leave(partition, request, id, &mut turn),
                Err(error) => turn.out.respond(id, LeaveGroupResponse { error, members: Vec::new() }),
            },
            Request::DescribeGroups(request) => {
                let describe = |group_id: &String| match self.place(group_id, image) {
                    Ok(_) => self.describe(group_id),
                    Err(error) => described_error(group_id, error, ""),
                };
                let groups = request.groups.iter().map(describe).collect();
                turn.out.respond(id, DescribeGroupsResponse { groups });
            }
            Request::OffsetCommit(request) => {
                let place = self.place_of_offsets(&request.group_id, image);
                self.commit(place, request, id, image, &mut turn);
            }
            Request::OffsetFetch(request) => match self.place_of_offsets(&request.group_id, image) {
                Ok(_) => {
                    let response = self.fetch_offsets(&request);
                    turn.out.respond(id, response);
                }
                Err(error) => turn.out.respond(id, OffsetFetchResponse { error, partitions: Vec::new() }),
            },
            Request::ListGroups(_) => turn.out.respond(id, self.list_groups()),
            Request::DeleteGroups(request) => self.delete_groups(request, id, image, &mut turn),
            Request::OffsetDelete(request) => self.delete_offsets(request, id, image, &mut turn),
            _ => {}
        }
        let writes = turn.writes;
        out.because_of(before);
        writes
    }

    /// Whether this broker coordinates the group: the partition of `__consumer_offsets`.
    ///
    /// # Errors
    /// INVALID_GROUP_ID, NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS.
    pub(super) fn place(&self, group_id: &str, image: &MetadataImage) -> Result<i32, ErrorCode> {
        if group_id.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        self.place_of_offsets(group_id, image)
    }

    /// As [`GroupCoordinator::place`]; offsets may also be stored for the group of the empty name.
    fn place_of_offsets(&self, group_id: &str, image: &MetadataImage) -> Result<i32, ErrorCode> {
        let topic = image.topic(OFFSETS_TOPIC).filter(|topic| !topic.partitions.is_empty());
        let Some(topic) = topic else {
            return Err(ErrorCode::NotCoordinator);
        };
        let partition = coordinator_partition(group_id, topic.partitions.len() as i32);
        let leads = topic.partitions.get(&partition).is_some_and(|known| known.leader == Some(self.broker));
        match (self.partitions.contains_key(&partition), leads) {
            (true, _) => Ok(partition),
            (false, true) => Err(ErrorCode::CoordinatorLoadInProgress),
            (false, false) => Err(ErrorCode::NotCoordinator),
        }
    }

    /// What became of a [`CoordinatorWrite`]: NONE once the high watermark has passed it, else why it failed. The
    /// time-out (`offsets.commit.timeout.ms`) is the coordinator's own.
    pub fn written(
        &mut self,
        write: u64,
        result: ErrorCode,
        now: SimTime,
        _image: &MetadataImage,
        out: &mut Effects,
    ) -> Vec<CoordinatorWrite> {
        let mut turn = Turn { now, out, writes: Vec::new() };
        self.complete_write(write, result, &mut turn);
        turn.writes
    }

    /// This broker leads a partition of `__consumer_offsets` now: reads groups and offsets from its log.
    pub fn elected<'a>(
        &mut self,
        partition: i32,
        leader_epoch: LeaderEpoch,
        batches: impl IntoIterator<Item = &'a RecordBatch>,
        now: SimTime,
        out: &mut Effects,
    ) {
        if let Some(loaded) = self.partitions.get_mut(&partition) {
            loaded.leader_epoch = leader_epoch;
            return;
        }
        let mut turn = Turn { now, out, writes: Vec::new() };
        self.partitions.insert(partition, LoadedPartition { leader_epoch, loaded_at: now });
        for batch in batches {
            if batch.is_control() {
                continue;
            }
            // Records that cannot be read are passed over, as Kafka's loader does with unknown ones.
            for record in batch.records().map_while(Result::ok) {
                if let Ok(record) = records::decode(&record) {
                    self.replay(partition, record, &mut turn);
                }
            }
        }
        let loaded: Vec<(String, Vec<String>)> = self
            .groups()
            .filter(|group| group.partition == partition)
            .map(|group| (group.group_id.clone(), group.members.keys().cloned().collect()))
            .collect();
        for (group_id, members) in loaded {
            for member_id in &members {
                self.expect_heartbeat(&group_id, member_id, &mut turn);
            }
            if members.len() > self.config.group_max_size as usize {
                self.prepare_rebalance(&group_id, &mut turn);
            }
        }
        assert!(turn.writes.is_empty(), "loading a group writes nothing");
    }

    fn replay(&mut self, partition: i32, record: CoordinatorRecord, turn: &mut Turn<'_>) {
        match record {
            CoordinatorRecord::Offset { group, partition: of, value } => {
                if value.is_some() {
                    self.group_or_new(&group, partition, turn).persisted = true;
                }
                self.offsets.put(&group, of, value.filter(|_| !breaks(Mutation::OffsetsForgotten)));
            }
            CoordinatorRecord::Group { group, value: Some(value) } => {
                self.insert_group(value.into_group(&group, partition), turn);
            }
            CoordinatorRecord::Group { group, value: None } => {
                self.groups.remove(&group);
            }
            CoordinatorRecord::Other => {}
        }
    }

    /// This broker does not lead the partition any longer: forgets its groups, and sends those who wait to the next
    /// coordinator.
    pub fn resigned(&mut self, partition: i32, now: SimTime, out: &mut Effects) {
        if self.partitions.remove(&partition).is_none() {
            return;
        }
        let mut turn = Turn { now, out, writes: Vec::new() };
        turn.cancel_timer(GroupTimer::OffsetsExpiration { partition });
        let lost: Vec<u64> = self
            .pending_writes
            .iter()
            .filter(|(_, pending)| pending.partition == partition)
            .map(|(id, _)| *id)
            .collect();
        for write in lost {
            turn.cancel_timer(GroupTimer::Write { write });
            if let Some(mut pending) = self.pending_writes.remove(&write) {
                pending.meaning = None;
                self.pending_writes.insert(write, pending);
                self.complete_write(write, ErrorCode::NotLeaderOrFollower, &mut turn);
            }
        }
        let gone: Vec<String> =
            self.groups().filter(|group| group.partition == partition).map(|group| group.group_id.clone()).collect();
        for group_id in gone {
            self.unload(&group_id, &mut turn);
        }
    }

    fn unload(&mut self, group_id: &str, turn: &mut Turn<'_>) {
        self.offsets.remove_group(group_id);
        let Some(group) = self.groups.remove(group_id) else {
            return;
        };
        turn.cancel_timer(GroupTimer::Join { group: group_id.to_owned() });
        turn.cancel_timer(GroupTimer::Sync { group: group_id.to_owned() });
        for member_id in group.members.keys().chain(&group.pending_join) {
            turn.cancel_timer(GroupTimer::Session { group: group_id.to_owned(), member_id: member_id.clone() });
        }
        for member in group.members.values() {
            if let Some(id) = member.awaiting_join {
                turn.out.respond(id, join_error(ErrorCode::NotCoordinator, &member.member_id));
            }
            if let Some(id) = member.awaiting_sync {
                turn.out.respond(id, sync_error(ErrorCode::NotCoordinator));
            }
        }
    }

    /// A timer of the coordinator fires.
    pub fn timer(
        &mut self,
        timer: GroupTimer,
        now: SimTime,
        _image: &MetadataImage,
        out: &mut Effects,
    ) -> Vec<CoordinatorWrite> {
        let before = out.cause();
        let mut turn = Turn { now, out, writes: Vec::new() };
        match timer {
            GroupTimer::Session { group, member_id } => self.session_expired(&group, &member_id, &mut turn),
            GroupTimer::Join { group } => self.join_phase_expired(&group, &mut turn),
            GroupTimer::Sync { group } => self.sync_phase_expired(&group, &mut turn),
            GroupTimer::OffsetsExpiration { partition } => self.expire_offsets(partition, &mut turn),
            GroupTimer::Write { write } => self.time_out_write(write, &mut turn),
        }
        let writes = turn.writes;
        out.because_of(before);
        writes
    }

    /// Partitions were deleted with their topic: so are their offsets.
    pub fn partitions_deleted(
        &mut self,
        deleted: &[TopicPartition],
        now: SimTime,
        out: &mut Effects,
    ) -> Vec<CoordinatorWrite> {
        let mut turn = Turn { now, out, writes: Vec::new() };
        self.remove_offsets_of(deleted, &mut turn);
        turn.writes
    }

    /// The group comes into a state; writes the note. Returns the note, for what it causes.
    pub(super) fn transition(&mut self, group_id: &str, to: GroupState, turn: &mut Turn<'_>) -> Option<u32> {
        let now_ms = self.clock.now_ms(turn.now);
        let broker = self.broker;
        let group = self.group_mut(group_id)?;
        let from = group.state;
        group.previous_state = from;
        group.state = to;
        group.state_timestamp_ms = now_ms;
        let generation = group.generation;
        let note = turn.out.note(Note::GroupStateChanged { broker, group: group_id.to_owned(), from, to, generation });
        turn.out.because_of(Some(note));
        Some(note)
    }
}

/// A JoinGroup that was refused.
pub(super) fn join_error(error: ErrorCode, member_id: &str) -> JoinGroupResponse {
    JoinGroupResponse {
        error,
        generation_id: -1,
        protocol_type: None,
        protocol_name: None,
        leader: String::new(),
        member_id: member_id.to_owned(),
        skip_assignment: false,
        members: Vec::new(),
    }
}

/// A SyncGroup that was refused.
pub(super) fn sync_error(error: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error, protocol_type: None, protocol_name: None, assignment: Default::default() }
}

/// A group that cannot be described.
pub(super) fn described_error(group_id: &str, error: ErrorCode, group_state: &str) -> DescribedGroup {
    DescribedGroup {
        error,
        group_id: group_id.to_owned(),
        group_state: group_state.to_owned(),
        protocol_type: String::new(),
        protocol_data: String::new(),
        members: Vec::new(),
    }
}

/// A commit of which all partitions, but those that have an error already, fail alike.
pub(super) fn commit_error(partitions: Vec<(TopicPartition, ErrorCode)>, error: ErrorCode) -> OffsetCommitResponse {
    let fail = |(partition, own): (TopicPartition, ErrorCode)| (partition, if own.is_none() { error } else { own });
    OffsetCommitResponse { partitions: partitions.into_iter().map(fail).collect() }
}

/// What is answered is a response of the protocol.
pub(super) fn as_response(response: impl Into<Response>) -> Response {
    response.into()
}

//! A coordinator driven by hand: the answers are those recorded from a real Kafka 4.3.1 cluster.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::classic_group::ClassicGroup;
use super::offset_store::StoredOffset;
use super::records::{self, CoordinatorRecord};
use super::timer::GroupTimer;
use super::{CoordinatorWrite, GroupCoordinator, OFFSETS_TOPIC};
use crate::kafka::broker::BrokerTimer;
use crate::kafka::config::BrokerConfig;
use crate::kafka::effects::{Effect, Effects, RequestId};
use crate::kafka::ids::{BrokerId, LeaderEpoch, SimTime, TopicId, TopicPartition};
use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionRegistration};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode::{self, *};
use crate::kafka::protocol::group::*;
use crate::kafka::protocol::offsets::*;
use crate::kafka::protocol::{Request, Response};
use crate::kafka::random::Random;
use crate::kafka::record::RecordBatch;
use crate::kafka::setup::WallClock;
use crate::kafka::timer::Timer;

const ME: BrokerId = BrokerId(0);

struct Harness {
    coordinator: GroupCoordinator,
    image: MetadataImage,
    now: SimTime,
    next_request: u64,
    answers: BTreeMap<u64, Option<Response>>,
    timers: BTreeMap<GroupTimer, SimTime>,
    log: Vec<RecordBatch>,
    /// Whether writes are replicated at once.
    replicates: bool,
    unreplicated: Vec<u64>,
    notes: Vec<Note>,
}

impl Harness {
    fn new(settings: &[(&str, &str)]) -> Harness {
        let mut config = BrokerConfig { group_initial_rebalance_delay_ms: 0, ..BrokerConfig::default() };
        for (name, value) in settings {
            assert_eq!(config.set(name, value), Ok(true), "{name}");
        }
        let mut image = MetadataImage::default();
        for (id, name, partitions) in [(TopicId(1), OFFSETS_TOPIC, 1), (TopicId(2), "orders", 2)] {
            image.apply(&MetadataRecord::Topic { name: name.into(), topic_id: id });
            for partition in 0..partitions {
                let registration = PartitionRegistration {
                    replicas: vec![ME],
                    isr: vec![ME],
                    leader: Some(ME),
                    ..PartitionRegistration::default()
                };
                image.apply(&MetadataRecord::Partition { topic_id: id, partition, registration });
            }
        }
        let clock = WallClock::new(1_700_000_000_000);
        let mut harness = Harness {
            coordinator: GroupCoordinator::new(ME, Rc::new(config), clock, Random::stream(1, 2)),
            image,
            now: SimTime::ZERO,
            next_request: 0,
            answers: BTreeMap::new(),
            timers: BTreeMap::new(),
            log: Vec::new(),
            replicates: true,
            unreplicated: Vec::new(),
            notes: Vec::new(),
        };
        harness.elect();
        harness
    }

    fn elect(&mut self) {
        let mut out = Effects::new();
        self.coordinator.elected(0, LeaderEpoch(0), &self.log, self.now, &mut out);
        self.carry_out(out, Vec::new());
    }

    fn carry_out(&mut self, out: Effects, writes: Vec<CoordinatorWrite>) {
        for (_, effect) in out.list {
            match effect {
                Effect::Respond { to, response, .. } => {
                    let answer = self.answers.get_mut(&to.0).expect("an answer to a request");
                    assert!(answer.replace(response).is_none(), "answered twice");
                }
                Effect::SetTimer { timer: Timer::Broker(BrokerTimer::Group(timer)), at_us } => {
                    self.timers.insert(timer, SimTime(at_us));
                }
                Effect::CancelTimer { timer: Timer::Broker(BrokerTimer::Group(timer)) } => {
                    self.timers.remove(&timer);
                }
                Effect::Note(note) => self.notes.push(note),
                _ => {}
            }
        }
        for write in writes {
            self.log.push(write.batch);
            self.unreplicated.push(write.write);
        }
        if self.replicates {
            self.replicate(None);
        }
    }

    fn replicate(&mut self, error: ErrorCode) {
        for write in std::mem::take(&mut self.unreplicated) {
            let mut out = Effects::new();
            let writes = self.coordinator.written(write, error, self.now, &self.image, &mut out);
            self.carry_out(out, writes);
        }
        self.fire_due();
    }

    fn fire_due(&mut self) {
        while let Some(timer) = self.timers.iter().find(|(_, at)| **at <= self.now).map(|(timer, _)| timer.clone()) {
            self.timers.remove(&timer);
            let mut out = Effects::new();
            let writes = self.coordinator.timer(timer, self.now, &self.image, &mut out);
            self.carry_out(out, writes);
        }
    }

    fn wait_ms(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        while let Some(next) = self.timers.values().copied().filter(|at| *at <= end).min() {
            self.now = self.now.max(next);
            self.fire_due();
        }
        self.now = end;
    }

    fn start(&mut self, request: impl Into<Request>) -> u64 {
        let id = self.next_request;
        self.next_request += 1;
        self.answers.insert(id, Option::None);
        let mut out = Effects::new();
        let writes = self.coordinator.handle(request.into(), RequestId(id), self.now, &self.image, &mut out);
        self.carry_out(out, writes);
        self.fire_due();
        id
    }

    fn answer(&self, id: u64) -> Option<&Response> {
        self.answers.get(&id).and_then(Option::as_ref)
    }

    fn ask(&mut self, request: impl Into<Request>) -> Response {
        let id = self.start(request);
        self.answer(id).cloned().expect("answered at once")
    }

    fn join(&mut self, request: JoinGroupRequest) -> JoinGroupResponse {
        match self.ask(request) {
            Response::JoinGroup(response) => response,
            other => panic!("{other:?}"),
        }
    }

    fn sync(&mut self, request: SyncGroupRequest) -> SyncGroupResponse {
        match self.ask(request) {
            Response::SyncGroup(response) => response,
            other => panic!("{other:?}"),
        }
    }

    fn heartbeat(&mut self, generation_id: i32, member_id: &str, instance: Option<&str>) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: "g".into(),
            generation_id,
            member_id: member_id.into(),
            group_instance_id: instance.map(str::to_owned),
        };
        match self.ask(request) {
            Response::Heartbeat(response) => response.error,
            other => panic!("{other:?}"),
        }
    }

    fn leave(&mut self, member_id: &str, instance: Option<&str>) -> ErrorCode {
        let member = LeavingMember { member_id: member_id.into(), group_instance_id: instance.map(str::to_owned) };
        match self.ask(LeaveGroupRequest { group_id: "g".into(), members: vec![member] }) {
            Response::LeaveGroup(response) => response.members[0].1,
            other => panic!("{other:?}"),
        }
    }

    fn commit(&mut self, generation: i32, member_id: &str, offsets: &[(&str, i32, i64, &str)]) -> Vec<ErrorCode> {
        match self.ask(commit_request(generation, member_id, offsets)) {
            Response::OffsetCommit(response) => response.partitions.into_iter().map(|(_, error)| error).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn committed(&mut self) -> Vec<(TopicPartition, OffsetAndMetadata)> {
        let request = OffsetFetchRequest { group_id: "g".into(), partitions: Option::None, require_stable: true };
        match self.ask(request) {
            Response::OffsetFetch(response) => {
                response.partitions.into_iter().filter_map(|(of, stored, _)| Some((of, stored?))).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn committed_offset(&mut self) -> Option<i64> {
        self.committed().first().map(|(_, stored)| stored.offset)
    }

    fn describe(&mut self) -> DescribedGroup {
        match self.ask(DescribeGroupsRequest { groups: vec!["g".into()] }) {
            Response::DescribeGroups(mut response) => response.groups.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn state(&mut self) -> String {
        self.describe().group_state
    }

    /// A member on its own, in a stable group.
    fn stable_member(&mut self) -> String {
        let member_id = self.join(join_request("")).member_id;
        let joined = self.join(join_request(&member_id));
        let sync = self.sync(sync_request(joined.generation_id, &member_id, &[(&member_id, 0)]));
        assert_eq!(sync.error, None);
        member_id
    }

    fn records(&self) -> Vec<CoordinatorRecord> {
        let records = self.log.iter().flat_map(|batch| batch.records());
        records.map(|record| records::decode(&record.expect("a record")).expect("a known record")).collect()
    }
}

fn join_request(member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.into(),
        group_instance_id: Option::None,
        protocol_type: "consumer".into(),
        protocols: vec![("range".into(), subscription())],
        requires_known_member_id: true,
        client_id: "app".into(),
    }
}

fn static_join(instance: &str, member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest { group_instance_id: Some(instance.into()), ..join_request(member_id) }
}

fn subscription() -> Subscription {
    Subscription { topics: vec!["orders".into()], generation: -1, ..Subscription::default() }
}

fn part(partition: i32) -> Assignment {
    Assignment { partitions: vec![TopicPartition::new("orders", partition)] }
}

fn sync_request(generation_id: i32, member_id: &str, assignments: &[(&str, i32)]) -> SyncGroupRequest {
    SyncGroupRequest {
        group_id: "g".into(),
        generation_id,
        member_id: member_id.into(),
        group_instance_id: Option::None,
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: assignments.iter().map(|(id, partition)| (id.to_string(), part(*partition))).collect(),
    }
}

fn commit_request(generation: i32, member_id: &str, offsets: &[(&str, i32, i64, &str)]) -> OffsetCommitRequest {
    let offset = |(topic, partition, offset, metadata): &(&str, i32, i64, &str)| {
        let told = OffsetAndMetadata { offset: *offset, leader_epoch: Option::None, metadata: metadata.to_string() };
        (TopicPartition::new(*topic, *partition), told)
    };
    OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: generation,
        member_id: member_id.into(),
        group_instance_id: Option::None,
        offsets: offsets.iter().map(offset).collect(),
    }
}

const FIVE: &[(&str, i32, i64, &str)] = &[("orders", 0, 5, "")];

#[test]
fn a_classic_group_state_by_state() {
    let mut h = Harness::new(&[]);
    assert_eq!((h.describe().error, h.state().as_str()), (GroupIdNotFound, "Dead"));

    let first = h.join(join_request(""));
    assert_eq!((first.error, first.generation_id, first.leader.as_str()), (MemberIdRequired, -1, ""));
    let m1 = first.member_id;
    assert!(m1.starts_with("app-") && m1.len() == "app-".len() + 36, "{m1}");
    assert_eq!((h.state().as_str(), h.describe().protocol_type.as_str()), ("Empty", ""));
    let joined = h.join(join_request(&m1));
    assert_eq!((joined.error, joined.generation_id, joined.members.len()), (None, 1, 1));
    assert_eq!((&joined.leader, joined.protocol_name.as_deref()), (&m1, Some("range")));

    assert_eq!(h.state(), "CompletingRebalance");
    assert_eq!(h.heartbeat(1, &m1, Option::None), None);
    assert_eq!(h.commit(1, &m1, FIVE), [RebalanceInProgress]);
    assert_eq!(h.heartbeat(0, &m1, Option::None), IllegalGeneration);
    assert_eq!(h.heartbeat(1, "ghost", Option::None), UnknownMemberId);
    assert_eq!(h.sync(sync_request(7, &m1, &[(&m1, 0)])).error, IllegalGeneration);
    let other = SyncGroupRequest { protocol_name: Some("sticky".into()), ..sync_request(1, &m1, &[(&m1, 0)]) };
    assert_eq!(h.sync(other).error, InconsistentGroupProtocol);
    assert_eq!(h.sync(sync_request(1, &m1, &[(&m1, 0)])).assignment, part(0));

    let described = h.describe();
    assert_eq!((described.group_state.as_str(), described.protocol_data.as_str()), ("Stable", "range"));
    assert_eq!(described.members[0].subscription, subscription());
    assert_eq!(h.heartbeat(1, &m1, Option::None), None);
    assert_eq!(h.commit(1, &m1, FIVE), [None]);
    assert_eq!(h.sync(sync_request(1, &m1, &[])).assignment, part(0), "again in Stable: the same assignment");

    let m2 = h.join(join_request("")).member_id;
    assert_eq!(h.state(), "Stable");
    let j2 = h.start(join_request(&m2));
    assert_eq!(h.state(), "PreparingRebalance");
    assert_eq!(h.heartbeat(1, &m1, Option::None), RebalanceInProgress);
    assert_eq!(h.commit(1, &m1, &[("orders", 0, 6, "")]), [None], "the last chance to commit");
    assert_eq!(h.sync(sync_request(1, &m1, &[])).error, RebalanceInProgress);
    let again = h.join(join_request(&m1));
    assert_eq!((again.generation_id, &again.leader, again.members.len()), (2, &m1, 2));
    match h.answer(j2) {
        Some(Response::JoinGroup(response)) => {
            assert_eq!((response.generation_id, &response.leader, response.members.len()), (2, &m1, 0));
        }
        other => panic!("{other:?}"),
    }
    let described = h.describe();
    assert_eq!((described.group_state.as_str(), described.protocol_data.as_str()), ("CompletingRebalance", ""));
    let of_m1 = described.members.iter().find(|member| member.member_id == m1).expect("a member");
    assert_eq!((&of_m1.assignment, &of_m1.subscription), (&part(0), &Subscription::default()));
    assert_eq!(h.commit(1, &m1, FIVE), [IllegalGeneration]);
    assert_eq!(h.commit(2, &m1, FIVE), [RebalanceInProgress]);
    let s2 = h.start(sync_request(2, &m2, &[]));
    assert_eq!(h.sync(sync_request(2, &m1, &[(&m1, 0), (&m2, 1)])).assignment, part(0));
    match h.answer(s2) {
        Some(Response::SyncGroup(response)) => assert_eq!(response.assignment, part(1)),
        other => panic!("{other:?}"),
    }

    assert_eq!(h.leave(&m2, Option::None), None);
    assert_eq!(h.state(), "PreparingRebalance");
    assert_eq!(h.heartbeat(2, &m1, Option::None), RebalanceInProgress);
    assert_eq!(h.heartbeat(2, &m2, Option::None), UnknownMemberId);
    assert_eq!(h.leave(&m1, Option::None), None);
    assert_eq!((h.state().as_str(), h.describe().protocol_type.as_str()), ("Empty", "consumer"));
    assert_eq!(h.committed_offset(), Some(6));
}

#[test]
fn a_commit_is_checked_against_member_and_generation() {
    let mut h = Harness::new(&[("offset.metadata.max.bytes", "10")]);
    assert_eq!(h.commit(3, "ghost", FIVE), [GroupIdNotFound]);
    assert_eq!(h.commit(-1, "", &[("orders", 0, 10, "by hand")]), [None]);
    assert_eq!((h.state().as_str(), h.describe().protocol_type.as_str()), ("Empty", ""));
    assert_eq!(h.committed()[0].1.metadata, "by hand");
    let m1 = h.stable_member();
    assert_eq!(h.commit(-1, "", FIVE), [UnknownMemberId]);
    assert_eq!(h.commit(1, "ghost", FIVE), [UnknownMemberId]);
    assert_eq!(h.commit(0, &m1, FIVE), [IllegalGeneration]);
    assert_eq!(h.commit(2, &m1, FIVE), [IllegalGeneration]);
    assert_eq!(h.commit(1, &m1, FIVE), [None]);
    let both = [("orders", 0, 20, "0123456789"), ("orders", 1, 21, "0123456789x")];
    assert_eq!(h.commit(1, &m1, &both), [None, OffsetMetadataTooLarge]);
    assert_eq!(h.commit(1, &m1, &[("no-such-topic", 0, 5, "")]), [UnknownTopicOrPartition]);
    assert_eq!(h.commit(1, &m1, &[("orders", 9, 5, "")]), [UnknownTopicOrPartition]);
    assert_eq!((h.committed().len(), h.committed_offset()), (1, Some(20)));
    assert_eq!(h.leave(&m1, Option::None), None);
    assert_eq!(h.commit(1, &m1, FIVE), [UnknownMemberId]);
    assert_eq!(h.commit(-1, "", &[("orders", 0, 31, "")]), [None]);
    assert_eq!(h.committed_offset(), Some(31));
}

#[test]
fn a_join_is_refused_with_the_error_that_tells_the_client_what_to_do() {
    let mut h = Harness::new(&[("group.min.session.timeout.ms", "1000")]);
    let of = |h: &mut Harness, request: JoinGroupRequest| {
        let response = h.join(request);
        (response.error, response.member_id)
    };
    let no_group = JoinGroupRequest { group_id: String::new(), ..join_request("") };
    assert_eq!(of(&mut h, no_group), (InvalidGroupId, String::new()));
    let short = JoinGroupRequest { session_timeout_ms: 100, ..join_request("") };
    assert_eq!(of(&mut h, short), (InvalidSessionTimeout, String::new()));
    assert_eq!(of(&mut h, join_request("ghost")), (UnknownMemberId, "ghost".into()));
    let none = JoinGroupRequest { protocols: vec![], ..join_request("") };
    assert_eq!(of(&mut h, none), (InconsistentGroupProtocol, String::new()));
    let m1 = h.stable_member();
    let connect = |id: &str| JoinGroupRequest { protocol_type: "connect".into(), ..join_request(id) };
    assert_eq!(of(&mut h, connect(&m1)), (InconsistentGroupProtocol, m1.clone()));
    let dealt = JoinGroupRequest { protocols: vec![("roundrobin".into(), subscription())], ..join_request(&m1) };
    assert_eq!(of(&mut h, dealt), (InconsistentGroupProtocol, m1.clone()));
    assert_eq!(h.heartbeat(1, &m1, Option::None), None);
    assert_eq!(of(&mut h, connect("")), (InconsistentGroupProtocol, String::new()));
}

#[test]
fn a_full_group_refuses_one_more_member() {
    let mut h = Harness::new(&[("group.max.size", "1")]);
    let m1 = h.stable_member();
    let refused = h.join(join_request(""));
    assert_eq!((refused.error, refused.member_id.as_str()), (GroupMaxSizeReached, ""));
    assert_eq!((h.state().as_str(), h.heartbeat(1, &m1, Option::None)), ("Stable", None));
}

#[test]
fn the_first_rebalance_waits_for_more_members() {
    let mut h = Harness::new(&[("group.initial.rebalance.delay.ms", "3000")]);
    let m1 = h.join(join_request("")).member_id;
    let j1 = h.start(join_request(&m1));
    h.wait_ms(2_000);
    let m2 = h.join(join_request("")).member_id;
    let j2 = h.start(join_request(&m2));
    h.wait_ms(1_500);
    assert!(h.answer(j1).is_none(), "a member came: three more seconds");
    h.wait_ms(2_500);
    for (join, members) in [(j1, 2), (j2, 0)] {
        match h.answer(join) {
            Some(Response::JoinGroup(response)) => {
                assert_eq!((response.generation_id, response.members.len()), (1, members));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_silent_member_loses_its_place_when_its_session_ends() {
    let mut h = Harness::new(&[]);
    let m1 = h.stable_member();
    h.wait_ms(9_999);
    assert_eq!(h.heartbeat(1, &m1, Option::None), None);
    h.wait_ms(9_999);
    assert_eq!(h.state(), "Stable");
    h.wait_ms(1);
    assert_eq!((h.state().as_str(), h.heartbeat(1, &m1, Option::None)), ("Empty", UnknownMemberId));
    assert!(h.notes.iter().any(|note| matches!(note, Note::MemberRemoved { member_id, .. } if *member_id == m1)));
}

#[test]
fn members_that_do_not_rejoin_are_out_after_the_rebalance_timeout() {
    let mut h = Harness::new(&[]);
    let m1 = h.stable_member();
    let m2 = h.join(join_request("")).member_id;
    let j2 = h.start(join_request(&m2));
    for _ in 0..10 {
        h.wait_ms(5_900);
        assert_eq!(h.heartbeat(1, &m1, Option::None), RebalanceInProgress, "its heartbeats go on");
    }
    assert!(h.answer(j2).is_none());
    h.wait_ms(1_000);
    match h.answer(j2) {
        Some(Response::JoinGroup(response)) => assert_eq!((response.generation_id, &response.leader), (2, &m2)),
        other => panic!("{other:?}"),
    }
    assert_eq!(h.heartbeat(1, &m1, Option::None), UnknownMemberId);
    h.wait_ms(60_000);
    assert_eq!(h.state(), "Empty", "who joins and does not sync is out, too");
}

#[test]
fn a_second_process_with_the_same_instance_fences_the_first() {
    let mut h = Harness::new(&[]);
    let with = |id: &str, assign: &[(&str, i32)]| SyncGroupRequest {
        group_instance_id: Some("i1".into()),
        ..sync_request(1, id, assign)
    };
    let first = h.join(static_join("i1", ""));
    assert_eq!((first.error, first.generation_id, first.skip_assignment), (None, 1, false));
    let m1 = first.member_id;
    assert!(m1.starts_with("i1-"), "{m1}");
    assert_eq!(h.sync(with(&m1, &[(&m1, 1)])).assignment, part(1));
    let second = h.join(static_join("i1", ""));
    assert_eq!((second.error, second.generation_id, second.skip_assignment), (None, 1, true));
    let m2 = second.member_id;
    assert_eq!((&second.leader, second.members.len(), h.state().as_str()), (&m2, 1, "Stable"));
    assert_eq!(h.sync(with(&m2, &[])).assignment, part(1));
    assert_eq!(h.heartbeat(1, &m2, Some("i1")), None);
    assert_eq!(h.heartbeat(1, &m1, Some("i1")), FencedInstanceId);
    assert_eq!(h.heartbeat(1, &m1, Option::None), UnknownMemberId);
    assert_eq!(h.sync(with(&m1, &[])).error, FencedInstanceId);
    let rejoined = h.join(static_join("i1", &m1));
    assert_eq!((rejoined.error, &rejoined.member_id), (FencedInstanceId, &m1));
    assert_eq!(h.leave(&m1, Some("i1")), FencedInstanceId);
    assert_eq!(h.heartbeat(1, &m2, Some("i2")), UnknownMemberId);
    assert_eq!((h.leave("", Some("i2")), h.leave("", Some("i1"))), (UnknownMemberId, None));
    assert_eq!(h.state(), "Empty");
}

#[test]
fn answers_wait_for_the_log() {
    let mut h = Harness::new(&[]);
    let m1 = h.stable_member();
    h.replicates = false;
    let commit = h.start(commit_request(1, &m1, FIVE));
    assert!(h.answer(commit).is_none());
    assert_eq!(h.committed_offset(), Option::None, "nobody sees it before it is replicated");
    h.replicate(None);
    assert!(matches!(h.answer(commit), Some(Response::OffsetCommit(response)) if response.partitions[0].1 == None));
    assert_eq!(h.committed_offset(), Some(5));

    let refused = h.start(commit_request(1, &m1, &[("orders", 0, 9, "")]));
    h.replicate(NotEnoughReplicas);
    let error = |h: &Harness, id| match h.answer(id) {
        Some(Response::OffsetCommit(response)) => response.partitions[0].1,
        other => panic!("{other:?}"),
    };
    assert_eq!((error(&h, refused), h.committed_offset()), (CoordinatorNotAvailable, Some(5)));

    // Out of time: the client hears so, but the record may still count.
    let slow = h.start(commit_request(1, &m1, &[("orders", 0, 7, "")]));
    h.wait_ms(5_000);
    assert_eq!((error(&h, slow), h.committed_offset()), (CoordinatorNotAvailable, Some(5)));
    h.replicate(None);
    assert_eq!(h.committed_offset(), Some(7));
}

#[test]
fn a_generation_whose_assignment_cannot_be_written_starts_again() {
    let mut h = Harness::new(&[]);
    let m1 = h.join(join_request("")).member_id;
    h.join(join_request(&m1));
    h.replicates = false;
    let sync = h.start(sync_request(1, &m1, &[(&m1, 0)]));
    assert_eq!(h.state(), "CompletingRebalance");
    h.replicate(NotEnoughReplicas);
    match h.answer(sync) {
        Some(Response::SyncGroup(response)) => assert_eq!(response.error, CoordinatorNotAvailable),
        other => panic!("{other:?}"),
    }
    assert_eq!(h.state(), "PreparingRebalance");
}

#[test]
fn the_next_coordinator_finds_groups_and_offsets_in_the_log() {
    let mut h = Harness::new(&[]);
    let m1 = h.stable_member();
    h.commit(1, &m1, FIVE);
    let m2 = h.join(join_request("")).member_id;
    let j2 = h.start(join_request(&m2));
    let mut out = Effects::new();
    h.coordinator.resigned(0, h.now, &mut out);
    h.carry_out(out, Vec::new());
    assert!(matches!(h.answer(j2), Some(Response::JoinGroup(response)) if response.error == NotCoordinator));
    assert_eq!(h.heartbeat(1, &m1, Option::None), None, "it leads still, and is about to load");
    assert_eq!(h.describe().error, CoordinatorLoadInProgress);
    h.elect();
    assert_eq!((h.state().as_str(), h.committed_offset()), ("Stable", Some(5)));
    assert_eq!(h.describe().members[0].assignment, part(0));
    assert_eq!(h.heartbeat(1, &m1, Option::None), None);
    assert_eq!(h.sync(sync_request(1, &m1, &[])).assignment, part(0));
    h.wait_ms(10_000);
    assert_eq!(h.state(), "Empty", "sessions begin anew with the load");
}

#[test]
fn offsets_expire_some_days_after_the_group_became_empty() {
    let mut h = Harness::new(&[]);
    let m1 = h.stable_member();
    h.commit(1, &m1, FIVE);
    h.leave(&m1, Option::None);
    let week_ms = 10_080 * 60_000;
    h.wait_ms(week_ms - 600_000);
    assert_eq!(h.committed_offset(), Some(5));
    h.wait_ms(1_200_000);
    assert_eq!((h.committed_offset(), h.describe().error), (Option::None, GroupIdNotFound));
    let of = TopicPartition::new("orders", 0);
    let last: Vec<_> = h.records().split_off(h.records().len() - 2);
    assert_eq!(
        last,
        [
            CoordinatorRecord::Offset { group: "g".into(), partition: of, value: Option::None },
            CoordinatorRecord::Group { group: "g".into(), value: Option::None },
        ]
    );
    assert!(h.timers.is_empty(), "nothing is left to wait for: {:?}", h.timers);
}

#[test]
fn offsets_of_deleted_partitions_are_taken_away() {
    let mut h = Harness::new(&[]);
    h.commit(-1, "", FIVE);
    let mut out = Effects::new();
    let writes = h.coordinator.partitions_deleted(&[TopicPartition::new("orders", 0)], h.now, &mut out);
    h.carry_out(out, writes);
    assert_eq!(h.committed_offset(), Option::None);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the bytes are those that were recorded, where a dot stands for half a byte that differs in every play.
fn fits(bytes: &[u8], recorded: &str) -> bool {
    let bytes = hex(bytes);
    bytes.len() == recorded.len() && bytes.chars().zip(recorded.chars()).all(|(own, real)| real == '.' || own == real)
}

#[test]
fn records_have_the_bytes_that_kafka_writes() {
    let stored = StoredOffset {
        offset: 3,
        leader_epoch: Option::None,
        metadata: String::new(),
        commit_timestamp_ms: 1_700_000_000_000,
        topic_id: Some(TopicId(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10)),
    };
    let orders = TopicPartition::new("orders", 0);
    let (key, value) = records::offset_commit("billing", &orders, Some(&stored));
    assert_eq!(hex(&key), "0001000762696c6c696e6700066f726465727300000000");
    let recorded = "00040000000000000003ffffffff01................010010................................";
    assert!(fits(&value.expect("no tombstone"), recorded));

    let mut group = ClassicGroup::new("billing", 9, 1_700_000_000_000);
    let member_id = "i-a-0c5a1b2e-6f0b-4d5c-8a3f-1b2c3d4e5f60";
    let mut request = static_join("i-a", member_id);
    (request.client_id, request.rebalance_timeout_ms, request.session_timeout_ms) = ("c-a".into(), 300_000, 30_000);
    let mut member = super::member::Member::joining(&request, member_id.into(), RequestId(0));
    member.awaiting_join = Option::None;
    member.is_new = false;
    member.assignment = Some(Assignment { partitions: vec![orders, TopicPartition::new("orders", 1)] });
    group.add(member, "consumer");
    group.init_next_generation();
    let (key, value) = records::group_metadata(&group, |member| member.assignment.clone());
    assert_eq!(hex(&key), "0002000762696c6c696e67");
    let recorded = concat!(
        "00030008636f6e73756d657200000001000572616e67650028692d612d..................................................",
        "......................................000000010028692d612d..................................................",
        "......................0003692d610003632d61000a2f3132372e302e302e31000493e0000075300000001c000300000001000",
        "66f7264657273ffffffff00000000ffffffffffff0000001e00030000000100066f7264657273000000020000000000000001ffffffff"
    );
    let value = value.expect("no tombstone");
    assert!(fits(&value, recorded), "{}", hex(&value));

    let batch = records::batch(&[(key, Some(value))], 0);
    let record = batch.records().next().expect("one record").expect("a whole record");
    match records::decode(&record) {
        Ok(CoordinatorRecord::Group { value: Some(value), .. }) => {
            let read = value.into_group("billing", 9);
            assert_eq!((&read.members, read.generation), (&group.members, 1));
        }
        other => panic!("{other:?}"),
    }

    let mut empty = ClassicGroup::new("billing", 9, 0);
    (empty.protocol_type, empty.generation) = (Some("consumer".into()), 2);
    let (_, value) = records::group_metadata(&empty, |_| Option::None);
    assert!(fits(&value.expect("no tombstone"), "00030008636f6e73756d657200000002ffffffff................00000000"));
}

#[test]
fn damaged_records_are_errors_and_are_passed_over() {
    let (key, value) = records::offset_commit("g", &TopicPartition::new("orders", 0), Option::None);
    assert!(value.is_none());
    for length in 0..key.len() {
        let batch = records::batch(&[(key[..length].to_vec(), Option::None)], 0);
        let record = batch.records().next().expect("one record").expect("a whole record");
        assert!(records::decode(&record).is_err(), "{length} bytes of a key");
    }
    let mut h = Harness::new(&[]);
    let mut out = Effects::new();
    h.coordinator.resigned(0, h.now, &mut out);
    h.log = vec![records::batch(&[(key[..5].to_vec(), Option::None)], 0)];
    h.elect();
    assert_eq!(h.describe().error, GroupIdNotFound);
}

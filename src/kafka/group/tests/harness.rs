//! A coordinator driven by hand.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::records;
use super::super::records::CoordinatorRecord;
use super::super::timer::GroupTimer;
use super::super::{CoordinatorWrite, GroupCoordinator, OFFSETS_TOPIC};
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

pub const ME: BrokerId = BrokerId(0);

pub struct Harness {
    pub coordinator: GroupCoordinator,
    pub image: MetadataImage,
    pub now: SimTime,
    pub next_request: u64,
    pub answers: BTreeMap<u64, Option<Response>>,
    pub timers: BTreeMap<GroupTimer, SimTime>,
    pub log: Vec<RecordBatch>,
    /// Whether writes are replicated at once.
    pub replicates: bool,
    pub unreplicated: Vec<u64>,
    pub notes: Vec<Note>,
}

impl Harness {
    pub fn new(settings: &[(&str, &str)]) -> Harness {
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

    pub fn elect(&mut self) {
        let mut out = Effects::new();
        self.coordinator.elected(0, LeaderEpoch(0), &self.log, self.now, &mut out);
        self.carry_out(out, Vec::new());
    }

    pub fn carry_out(&mut self, out: Effects, writes: Vec<CoordinatorWrite>) {
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

    pub fn replicate(&mut self, error: ErrorCode) {
        for write in std::mem::take(&mut self.unreplicated) {
            let mut out = Effects::new();
            let writes = self.coordinator.written(write, error, self.now, &self.image, &mut out);
            self.carry_out(out, writes);
        }
        self.fire_due();
    }

    pub fn fire_due(&mut self) {
        while let Some(timer) = self.timers.iter().find(|(_, at)| **at <= self.now).map(|(timer, _)| timer.clone()) {
            self.timers.remove(&timer);
            let mut out = Effects::new();
            let writes = self.coordinator.timer(timer, self.now, &self.image, &mut out);
            self.carry_out(out, writes);
        }
    }

    pub fn wait_ms(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        while let Some(next) = self.timers.values().copied().filter(|at| *at <= end).min() {
            self.now = self.now.max(next);
            self.fire_due();
        }
        self.now = end;
    }

    pub fn start(&mut self, request: impl Into<Request>) -> u64 {
        let id = self.next_request;
        self.next_request += 1;
        self.answers.insert(id, Option::None);
        let mut out = Effects::new();
        let writes = self.coordinator.handle(request.into(), RequestId(id), self.now, &self.image, &mut out);
        self.carry_out(out, writes);
        self.fire_due();
        id
    }

    pub fn answer(&self, id: u64) -> Option<&Response> {
        self.answers.get(&id).and_then(Option::as_ref)
    }

    pub fn ask(&mut self, request: impl Into<Request>) -> Response {
        let id = self.start(request);
        self.answer(id).cloned().expect("answered at once")
    }

    pub fn join(&mut self, request: JoinGroupRequest) -> JoinGroupResponse {
        match self.ask(request) {
            Response::JoinGroup(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub fn sync(&mut self, request: SyncGroupRequest) -> SyncGroupResponse {
        match self.ask(request) {
            Response::SyncGroup(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub fn heartbeat(&mut self, generation_id: i32, member_id: &str, instance: Option<&str>) -> ErrorCode {
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

    pub fn leave(&mut self, member_id: &str, instance: Option<&str>) -> ErrorCode {
        let member = LeavingMember { member_id: member_id.into(), group_instance_id: instance.map(str::to_owned) };
        match self.ask(LeaveGroupRequest { group_id: "g".into(), members: vec![member] }) {
            Response::LeaveGroup(response) => response.members[0].1,
            other => panic!("{other:?}"),
        }
    }

    pub fn commit(&mut self, generation: i32, member_id: &str, offsets: &[(&str, i32, i64, &str)]) -> Vec<ErrorCode> {
        match self.ask(commit_request(generation, member_id, offsets)) {
            Response::OffsetCommit(response) => response.partitions.into_iter().map(|(_, error)| error).collect(),
            other => panic!("{other:?}"),
        }
    }

    pub fn committed(&mut self) -> Vec<(TopicPartition, OffsetAndMetadata)> {
        let request = OffsetFetchRequest { group_id: "g".into(), partitions: Option::None, require_stable: true };
        match self.ask(request) {
            Response::OffsetFetch(response) => {
                response.partitions.into_iter().filter_map(|(of, stored, _)| Some((of, stored?))).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn committed_offset(&mut self) -> Option<i64> {
        self.committed().first().map(|(_, stored)| stored.offset)
    }

    pub fn describe(&mut self) -> DescribedGroup {
        match self.ask(DescribeGroupsRequest { groups: vec!["g".into()] }) {
            Response::DescribeGroups(mut response) => response.groups.remove(0),
            other => panic!("{other:?}"),
        }
    }

    pub fn state(&mut self) -> String {
        self.describe().group_state
    }

    /// A member on its own, in a stable group.
    pub fn stable_member(&mut self) -> String {
        let member_id = self.join(join_request("")).member_id;
        let joined = self.join(join_request(&member_id));
        let sync = self.sync(sync_request(joined.generation_id, &member_id, &[(&member_id, 0)]));
        assert_eq!(sync.error, None);
        member_id
    }

    pub fn records(&self) -> Vec<CoordinatorRecord> {
        let records = self.log.iter().flat_map(|batch| batch.records());
        records.map(|record| records::decode(&record.expect("a record")).expect("a known record")).collect()
    }
}

pub fn join_request(member_id: &str) -> JoinGroupRequest {
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

pub fn static_join(instance: &str, member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest { group_instance_id: Some(instance.into()), ..join_request(member_id) }
}

pub fn subscription() -> Subscription {
    Subscription { topics: vec!["orders".into()], generation: -1, ..Subscription::default() }
}

pub fn part(partition: i32) -> Assignment {
    Assignment { partitions: vec![TopicPartition::new("orders", partition)] }
}

pub fn sync_request(generation_id: i32, member_id: &str, assignments: &[(&str, i32)]) -> SyncGroupRequest {
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

pub fn commit_request(generation: i32, member_id: &str, offsets: &[(&str, i32, i64, &str)]) -> OffsetCommitRequest {
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

pub const FIVE: &[(&str, i32, i64, &str)] = &[("orders", 0, 5, "")];

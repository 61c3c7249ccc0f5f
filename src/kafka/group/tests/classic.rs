//! Classic groups, as recorded from a real Kafka 4.3.1 cluster.

use super::super::records::CoordinatorRecord;
use super::harness::*;
use crate::kafka::effects::Effects;
use crate::kafka::ids::TopicPartition;
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode::*;
use crate::kafka::protocol::Response;
use crate::kafka::protocol::group::*;

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

//! Partitions move to other brokers.

use super::Harness;
use crate::kafka::controller::reassignment::{CompletedReassignment, Reassignment};
use crate::kafka::ids::{BrokerId, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::reassignment::{
    AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest, OngoingPartitionReassignment,
};
use crate::kafka::protocol::{ErrorCode, Response};

fn ids(numbers: &[i32]) -> Vec<BrokerId> {
    numbers.iter().copied().map(BrokerId).collect()
}

fn reassign(harness: &mut Harness, topic: &str, to: Option<&[i32]>, may_resize: bool) -> ErrorCode {
    let partitions = vec![(TopicPartition::new(topic, 0), to.map(ids))];
    match harness.ask(AlterPartitionReassignmentsRequest { allow_replication_factor_change: may_resize, partitions }) {
        Response::AlterPartitionReassignments(response) => response.partitions[0].1,
        other => panic!("{other:?}"),
    }
}

fn ongoing(harness: &mut Harness) -> Vec<OngoingPartitionReassignment> {
    match harness.ask(ListPartitionReassignmentsRequest { partitions: None }) {
        Response::ListPartitionReassignments(response) => response.partitions,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_change_that_lets_the_last_new_replica_in_drops_the_old_ones() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    assert_eq!(reassign(&mut harness, "t", Some(&[1, 2]), true), ErrorCode::None);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0, 1] elr [] last []");
    let expected = OngoingPartitionReassignment {
        partition: TopicPartition::new("t", 0),
        replicas: ids(&[1, 2, 0]),
        adding_replicas: ids(&[2]),
        removing_replicas: ids(&[0]),
    };
    assert_eq!(ongoing(&mut harness), [expected]);
    // The leader that asks is dropped itself.
    assert_eq!(harness.ask_for_isr(BrokerId(0), "t", 0, &[0, 1, 2]), ErrorCode::NewLeaderElected);
    assert_eq!(harness.show("t", 0), "leader 1 epoch 1 isr [1, 2] elr [] last []");
    assert_eq!(harness.partition("t", 0).replicas, ids(&[1, 2]));
    assert_eq!(ongoing(&mut harness), []);
    let told: Vec<_> = harness
        .notes
        .iter()
        .filter_map(|(_, note)| match note {
            Note::ReplicasChanged { replicas, adding, removing, .. } => {
                Some((replicas.clone(), adding.clone(), removing.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [(ids(&[1, 2, 0]), ids(&[2]), ids(&[0])), (ids(&[1, 2]), vec![], vec![])]);
}

#[test]
fn a_leader_that_stays_gets_a_new_epoch_when_another_replica_is_dropped() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    assert_eq!(reassign(&mut harness, "t", Some(&[0, 2]), true), ErrorCode::None);
    harness.expand(BrokerId(0), "t", 0, &[0, 1, 2]);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 1 isr [0, 2] elr [] last []");
}

#[test]
fn another_order_of_the_same_replicas_needs_no_waiting() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    assert_eq!(reassign(&mut harness, "t", Some(&[1, 0]), true), ErrorCode::None);
    assert_eq!(ongoing(&mut harness), []);
    assert_eq!(harness.partition("t", 0).replicas, ids(&[1, 0]));
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0, 1] elr [] last []");
    let preferred = crate::kafka::protocol::admin::ElectionType::Preferred;
    assert_eq!(harness.elect(preferred, &[("t", 0)]), [ErrorCode::None]);
    assert_eq!(harness.show("t", 0), "leader 1 epoch 1 isr [0, 1] elr [] last []");
}

#[test]
fn a_move_that_is_taken_back_keeps_the_order_and_raises_the_epoch() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    assert_eq!(reassign(&mut harness, "t", Some(&[2, 1, 0]), true), ErrorCode::None);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0, 1] elr [] last []");
    assert_eq!(reassign(&mut harness, "t", None, true), ErrorCode::None);
    assert_eq!(harness.partition("t", 0).replicas, ids(&[1, 0]));
    assert_eq!(harness.show("t", 0), "leader 0 epoch 1 isr [0, 1] elr [] last []");
}

#[test]
fn moves_that_cannot_be_are_refused() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    harness.kill_broker(BrokerId(2));
    use ErrorCode::{
        InvalidReplicaAssignment, InvalidReplicationFactor, NoReassignmentInProgress, None as Fine,
        UnknownTopicOrPartition,
    };
    let cases: [(&str, Option<&[i32]>, bool, ErrorCode); 8] = [
        ("nope", Some(&[0]), true, UnknownTopicOrPartition),
        ("t", None, true, NoReassignmentInProgress),
        ("t", Some(&[]), true, InvalidReplicaAssignment),
        ("t", Some(&[1, 1]), true, InvalidReplicaAssignment),
        ("t", Some(&[1, 9]), true, InvalidReplicaAssignment),
        ("t", Some(&[0, 1, 2]), false, InvalidReplicationFactor),
        ("t", Some(&[2]), true, Fine),
        // The two replicas are still meant to become one.
        ("t", Some(&[0, 1]), false, InvalidReplicationFactor),
    ];
    for (topic, to, may_resize, error) in cases {
        assert_eq!(reassign(&mut harness, topic, to, may_resize), error, "{topic} {to:?} {may_resize}");
    }
}

#[test]
fn a_move_is_over_when_all_that_come_are_in_sync() {
    // Replicas, adding, removing, ISR, and what is left: replicas and ISR.
    type Case<'a> = (&'a [i32], &'a [i32], &'a [i32], &'a [i32], Option<(&'a [i32], &'a [i32])>);
    let cases: [Case; 8] = [
        (&[0, 1], &[], &[], &[0, 1], None),
        (&[1, 2, 0], &[2], &[0], &[0, 1], None),
        (&[1, 2, 0], &[2], &[0], &[0, 1, 2], Some((&[1, 2], &[1, 2]))),
        // One that was there before may be behind as long as no replica is saved …
        (&[1, 2, 0], &[2], &[0], &[0, 2], Some((&[1, 2], &[2]))),
        // … but not if there will be fewer.
        (&[1, 2, 0], &[], &[0], &[0, 1], None),
        (&[1, 2, 0], &[], &[0], &[1, 2], Some((&[1, 2], &[1, 2]))),
        (&[1, 2, 0], &[], &[0], &[0], None),
        (&[0, 1, 2], &[2], &[], &[0, 1, 2], Some((&[0, 1, 2], &[0, 1, 2]))),
    ];
    for (replicas, adding, removing, isr, left) in cases {
        let reassignment = Reassignment { replicas: ids(replicas), adding: ids(adding), removing: ids(removing) };
        let expected = left.map(|(replicas, isr)| CompletedReassignment { replicas: ids(replicas), isr: ids(isr) });
        assert_eq!(reassignment.complete(&ids(isr)), expected, "{reassignment:?} with ISR {isr:?}");
    }
}

//! What becomes of partitions when brokers die, stop and return. Expected states and records were recorded from a
//! real Kafka 4.3.1 cluster.

use super::Harness;
use crate::kafka::ids::BrokerId;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::{ConfigOperation, ConfigResource, ElectionType};

const MIN_ISR: &str = "min.insync.replicas";
const UNCLEAN: &str = "unclean.leader.election.enable";
const B0: BrokerId = BrokerId(0);
const B1: BrokerId = BrokerId(1);
const B2: BrokerId = BrokerId(2);

#[test]
fn a_kill_and_a_return_write_these_records() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("alone", &[&[0]], &[]), ErrorCode::None);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    let end = harness.controller().log_end_offset();
    harness.kill_broker(B0);
    let records = harness.records_from(end);
    let MetadataRecord::PartitionChange(alone) = &records[0] else { panic!("{records:?}") };
    assert_eq!(alone.isr, Some(vec![]));
    assert_eq!(alone.leader, Some(None));
    assert_eq!(alone.eligible_leader_replicas, Some(vec![B0]));
    assert_eq!(alone.last_known_elr, Some(vec![B0]));
    let MetadataRecord::PartitionChange(t) = &records[1] else { panic!("{records:?}") };
    assert_eq!((t.isr.clone(), t.leader), (Some(vec![B1]), Some(Some(B1))));
    assert_eq!((&t.eligible_leader_replicas, &t.last_known_elr), (&None, &None));
    assert!(matches!(records[2], MetadataRecord::BrokerRegistrationChange { broker: B0, fenced: Some(true), .. }));
    assert_eq!(records.len(), 3);

    let start = harness.controller().log_end_offset();
    let epoch = harness.join(B0, None);
    let records = harness.records_from(start);
    let MetadataRecord::PartitionChange(struck) = &records[0] else { panic!("{records:?}") };
    assert_eq!(struck.eligible_leader_replicas, Some(vec![]));
    assert_eq!((&struck.isr, &struck.leader), (&None, &None));
    assert!(matches!(records[1], MetadataRecord::RegisterBroker { broker: B0, .. }));
    assert_eq!(epoch.0, start + 1, "the broker epoch is the offset of the registration");
    assert!(matches!(records[2], MetadataRecord::BrokerRegistrationChange { fenced: Some(false), .. }));
    let MetadataRecord::PartitionChange(elected) = &records[3] else { panic!("{records:?}") };
    assert_eq!((elected.isr.clone(), elected.leader), (Some(vec![B0]), Some(Some(B0))));
    assert_eq!(elected.last_known_elr, Some(vec![]));
    assert!(elected.leader_recovery_state.is_some());
    assert_eq!(records.len(), 4);
}

#[test]
fn eligible_leader_takes_over() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1, 2]], &[("min.insync.replicas", "2")]), ErrorCode::None);
    let epoch_2 = harness.stop_broker(B2);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0, 1] elr [] last []");
    let epoch_1 = harness.stop_broker(B1);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0] elr [1] last []");
    harness.kill_broker(B0);
    harness.join(B2, Some(epoch_2));
    assert_eq!(harness.show("t", 0), "leader -1 epoch 1 isr [] elr [0, 1] last [0]");
    harness.join(B1, Some(epoch_1));
    assert_eq!(harness.show("t", 0), "leader 1 epoch 2 isr [1] elr [0] last []");
}

#[test]
fn without_eligible_leaders_the_last_member_stays_in_the_isr_and_only_it_returns_as_leader() {
    let mut harness = Harness::with_brokers(2, false, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    harness.kill_broker(B1);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0] elr [] last []");
    harness.kill_broker(B0);
    assert_eq!(harness.show("t", 0), "leader -1 epoch 1 isr [0] elr [] last []");
    harness.join(B1, None);
    assert_eq!(harness.show("t", 0), "leader -1 epoch 1 isr [0] elr [] last []");
    harness.join(B0, None);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 2 isr [0] elr [] last []");
}

#[test]
fn the_killed_last_member_returns_as_last_known_leader() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    harness.kill_broker(B1);
    harness.kill_broker(B0);
    harness.join(B1, None);
    assert_eq!(harness.show("t", 0), "leader -1 epoch 1 isr [] elr [0] last [0]");
    harness.join(B0, None);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 2 isr [0] elr [] last []");
}

#[test]
fn the_next_leader_is_the_first_of_the_assignment_that_is_in_sync() {
    let cases: [(&[i32], &[i32], i32); 5] = [
        (&[2, 0, 1], &[2], 0),
        (&[2, 1, 0], &[2], 1),
        (&[2, 1, 0], &[1, 2], 0),
        (&[0, 2, 1], &[1], 0),
        (&[1, 2, 0], &[2, 1], 0),
    ];
    for (assignment, kills, leader) in cases {
        let mut harness = Harness::with_brokers(3, true, &[]);
        assert_eq!(harness.create("t", &[assignment], &[]), ErrorCode::None);
        for broker in kills {
            harness.kill_broker(BrokerId(*broker));
        }
        assert_eq!(harness.partition("t", 0).leader, Some(BrokerId(leader)), "{assignment:?} without {kills:?}");
    }
}

#[test]
fn a_controlled_shutdown_hands_leadership_over_first() {
    let mut harness = Harness::with_brokers(3, true, &[("broker.session.timeout.ms", "20000")]);
    assert_eq!(harness.create("t", &[&[0, 1, 2], &[1, 0, 2]], &[]), ErrorCode::None);
    assert_eq!(harness.create("alone", &[&[0]], &[]), ErrorCode::None);
    let epoch = harness.stop_broker(B0);
    assert_eq!(harness.show("t", 0), "leader 1 epoch 1 isr [1, 2] elr [] last []");
    assert_eq!(harness.show("t", 1), "leader 1 epoch 0 isr [1, 2] elr [] last []");
    assert_eq!(harness.show("alone", 0), "leader -1 epoch 1 isr [] elr [0] last [0]");
    // Its session goes on; when that ends it is fenced once more, which changes nothing, and it may come back.
    let fencings = |harness: &Harness| {
        let all = harness.controller().image().next_offset;
        (all, harness.notes.iter().filter(|(_, note)| matches!(note, Note::BrokerFenced { .. })).count())
    };
    let before = fencings(&harness);
    assert_eq!(harness.register(B0, 1_000, Some(epoch)).error, ErrorCode::DuplicateBrokerRegistration);
    harness.run_ms(20_000);
    assert_eq!(fencings(&harness), (before.0 + 1, before.1), "one record, and no news");
    harness.join(B0, Some(epoch));
    assert_eq!(harness.show("alone", 0), "leader 0 epoch 2 isr [0] elr [] last []");
}

#[test]
fn an_unclean_election_needs_leave_and_takes_whoever_lives() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("may", &[&[0, 1]], &[("unclean.leader.election.enable", "true")]), ErrorCode::None);
    assert_eq!(harness.create("late", &[&[0, 1]], &[]), ErrorCode::None);
    harness.kill_broker(B1);
    harness.kill_broker(B0);
    harness.join(B1, None);
    assert_eq!(harness.show("may", 0), "leader 1 epoch 2 isr [1] elr [] last []");
    assert_eq!(harness.show("late", 0), "leader -1 epoch 1 isr [] elr [0] last [0]");
    // Allowed later, it happens at once.
    assert_eq!(harness.set(ConfigResource::Topic("late".into()), UNCLEAN, "true"), ErrorCode::None);
    assert_eq!(harness.show("late", 0), "leader 1 epoch 2 isr [1] elr [] last []");
}

#[test]
fn preferred_and_unclean_elections_by_hand() {
    let mut harness = Harness::with_brokers(2, true, &[("auto.leader.rebalance.enable", "false")]);
    assert_eq!(harness.create("t", &[&[1, 0], &[0, 1]], &[]), ErrorCode::None);
    use ErrorCode::{
        ElectionNotNeeded, EligibleLeadersNotAvailable, None as Fine, PreferredLeaderNotAvailable,
        UnknownTopicOrPartition,
    };
    let preferred = ElectionType::Preferred;
    assert_eq!(harness.elect(preferred, &[("t", 0), ("t", 1)]), [ElectionNotNeeded, ElectionNotNeeded]);
    harness.kill_broker(B1);
    assert_eq!(harness.elect(preferred, &[("t", 0), ("t", 1)]), [PreferredLeaderNotAvailable, ElectionNotNeeded]);
    harness.join(B1, None);
    harness.expand(B0, "t", 0, &[0, 1]);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 1 isr [0, 1] elr [] last []");
    assert_eq!(
        harness.elect(preferred, &[("t", 0), ("t", 1), ("t", 7), ("nope", 0)]),
        [Fine, ElectionNotNeeded, UnknownTopicOrPartition, UnknownTopicOrPartition]
    );
    assert_eq!(harness.show("t", 0), "leader 1 epoch 2 isr [0, 1] elr [] last []");
    assert_eq!(harness.elect(ElectionType::Unclean, &[("t", 0)]), [ElectionNotNeeded]);
    harness.kill_broker(B1);
    harness.kill_broker(B0);
    assert_eq!(harness.elect(ElectionType::Unclean, &[("t", 0)]), [EligibleLeadersNotAvailable]);
    harness.join(B1, None);
    assert_eq!(harness.elect(ElectionType::Unclean, &[("t", 0)]), [Fine]);
    assert_eq!(harness.show("t", 0), "leader 1 epoch 5 isr [1] elr [] last []");
}

#[test]
fn leadership_goes_back_to_the_preferred_replica_by_itself() {
    let mut harness = Harness::with_brokers(2, true, &[("leader.imbalance.check.interval.seconds", "60")]);
    assert_eq!(harness.create("t", &[&[1, 0]], &[]), ErrorCode::None);
    harness.kill_broker(B1);
    harness.join(B1, None);
    harness.run_ms(60_000);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 1 isr [0] elr [] last []", "not while it is out of sync");
    harness.expand(B0, "t", 0, &[0, 1]);
    harness.run_ms(60_000);
    assert_eq!(harness.show("t", 0), "leader 1 epoch 2 isr [0, 1] elr [] last []");
}

#[test]
fn any_change_of_min_isr_empties_the_eligible_list() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1, 2]], &[(MIN_ISR, "2")]), ErrorCode::None);
    assert_eq!(harness.create("u", &[&[0, 1, 2]], &[]), ErrorCode::None);
    let (t, cluster) = (ConfigResource::Topic("t".into()), ConfigResource::Broker(None));
    assert_eq!(harness.set(ConfigResource::Broker(Some(B0)), MIN_ISR, "2"), ErrorCode::InvalidConfig);
    let delete = vec![(MIN_ISR.to_string(), ConfigOperation::Delete)];
    assert_eq!(harness.alter(cluster.clone(), delete), ErrorCode::InvalidConfig);
    assert_eq!(harness.set(cluster.clone(), MIN_ISR, "2"), ErrorCode::None);
    harness.stop_broker(B2);
    harness.stop_broker(B1);
    let listed = "leader 0 epoch 0 isr [0] elr [1] last []";
    let empty = "leader 0 epoch 0 isr [0] elr [] last []";
    assert_eq!((harness.show("t", 0), harness.show("u", 0)), (listed.into(), listed.into()));
    assert_eq!(harness.set(t.clone(), "retention.ms", "99000000000"), ErrorCode::None);
    assert_eq!(harness.show("t", 0), listed);
    assert_eq!(harness.set(t, MIN_ISR, "3"), ErrorCode::None);
    assert_eq!((harness.show("t", 0), harness.show("u", 0)), (empty.into(), listed.into()));
    assert_eq!(harness.set(cluster, MIN_ISR, "1"), ErrorCode::None);
    assert_eq!(harness.show("u", 0), empty);
}

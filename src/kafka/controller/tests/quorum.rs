//! Election, replication and loss of the quorum's leader.

use super::Harness;
use crate::kafka::features::supported_features;
use crate::kafka::ids::{BrokerId, ControllerId, NodeId, ProducerId};
use crate::kafka::note::Note;
use crate::kafka::protocol::broker_lifecycle::BrokerRegistrationRequest;
use crate::kafka::protocol::producer_id::AllocateProducerIdsRequest;
use crate::kafka::protocol::quorum::FetchMetadataLogRequest;
use crate::kafka::protocol::{ErrorCode, Response};
use crate::kafka::random::Random;
use crate::kafka::setup::CLUSTER_ID;

#[test]
fn quorums_of_one_three_and_five_elect_one_leader() {
    for controllers in [1, 3, 5] {
        for seed in 0..20 {
            let mut harness = Harness::new(controllers, seed, true, &[]);
            harness.run_ms(10_000);
            let active = harness.active().expect("a leader after 10 s");
            let elected: Vec<_> =
                harness.notes.iter().filter(|(_, note)| matches!(note, Note::QuorumLeaderElected { .. })).collect();
            assert!(!elected.is_empty(), "{controllers} controllers, seed {seed}");
            for controller in harness.controllers.values() {
                assert_eq!(controller.quorum().leader(), Some(active));
                assert_eq!(controller.image().features["metadata.version"], 30);
                assert_eq!(controller.image(), harness.controllers[&active].image());
            }
        }
    }
}

#[test]
fn a_topic_is_made_by_a_quorum_of_three() {
    let mut harness = Harness::new(3, 1, true, &[]);
    harness.run_ms(10_000);
    for broker in 0..3 {
        harness.join(BrokerId(broker), None);
    }
    assert_eq!(harness.create("t", &[&[0, 1, 2]], &[]), ErrorCode::None);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0, 1, 2] elr [] last []");
    harness.kill_broker(BrokerId(0));
    assert_eq!(harness.show("t", 0), "leader 1 epoch 1 isr [1, 2] elr [] last []");
}

#[test]
fn when_the_leader_dies_another_is_elected_and_knows_all() {
    for seed in 0..20 {
        let mut harness = Harness::new(3, seed, true, &[]);
        harness.run_ms(10_000);
        harness.join(BrokerId(0), None);
        assert_eq!(harness.create("t", &[&[0]], &[]), ErrorCode::None);
        let first = harness.active().expect("a leader");
        harness.kill(first);
        harness.run_ms(10_000);
        let second = harness.active().expect("another leader");
        assert_ne!(first, second);
        assert!(harness.controller().image().topics.contains_key("t"), "seed {seed}");
        harness.start(first);
        harness.run_ms(5_000);
        assert_eq!(harness.active(), Some(second), "the old one follows, seed {seed}");
        assert_eq!(harness.controllers[&first].image(), harness.controllers[&second].image());
    }
}

#[test]
fn without_a_majority_nothing_is_committed() {
    let mut harness = Harness::new(3, 3, true, &[]);
    harness.run_ms(10_000);
    harness.join(BrokerId(0), None);
    let leader = harness.active().expect("a leader");
    let others: Vec<ControllerId> = harness.controllers.keys().copied().filter(|id| *id != leader).collect();
    for other in &others {
        harness.kill(*other);
    }
    let before = harness.controllers[&leader].high_watermark();
    let request = AllocateProducerIdsRequest { broker: BrokerId(0), broker_epoch: harness.beating[&BrokerId(0)] };
    assert_eq!(harness.ask_of(leader, request), None, "no answer");
    harness.run_ms(10_000);
    assert_eq!(harness.controllers[&leader].high_watermark(), before);
    assert_eq!(harness.active(), None, "it has resigned");
    harness.start(others[0]);
    harness.run_ms(10_000);
    assert!(harness.active().is_some(), "two of three are enough");
}

#[test]
fn a_leader_that_stops_is_replaced_long_before_the_fetch_time_out() {
    for seed in 0..10 {
        let mut harness = Harness::new(3, seed, true, &[]);
        harness.run_ms(10_000);
        let first = harness.active().expect("a leader");
        harness.stop(first);
        harness.run_ms(300);
        assert_ne!(harness.active().expect("a successor after 300 ms"), first, "seed {seed}");
    }
}

#[test]
fn a_leader_that_is_cut_off_is_replaced_and_its_tail_is_cut() {
    for seed in 0..10 {
        let mut harness = Harness::new(3, seed, true, &[]);
        harness.run_ms(10_000);
        harness.join(BrokerId(0), None);
        let epoch = harness.beating.remove(&BrokerId(0)).expect("a broker");
        let first = harness.active().expect("a leader");
        let others: Vec<ControllerId> = harness.controllers.keys().copied().filter(|id| *id != first).collect();
        for other in others {
            harness.cut.insert((first, other));
            harness.cut.insert((other, first));
        }
        // It still believes to be active, and writes what will never be committed.
        let request = AllocateProducerIdsRequest { broker: BrokerId(0), broker_epoch: epoch };
        assert_eq!(harness.ask_of(first, request), None);
        let end = harness.controllers[&first].log_end_offset();
        assert!(end > harness.controllers[&first].high_watermark());
        harness.run_ms(10_000);
        let second = harness.active().expect("a leader of the majority");
        assert_ne!(second, first);
        harness.cut.clear();
        harness.run_ms(5_000);
        let (old, new) = (&harness.controllers[&first], &harness.controllers[&second]);
        assert_eq!(old.metadata_log(), new.metadata_log());
        assert_eq!(old.image().next_producer_id, ProducerId(0), "the block was never given away");
    }
}

#[test]
fn an_observer_gets_records_at_once_and_then_hears_that_they_are_committed() {
    let mut harness = Harness::new(3, 5, true, &[]);
    harness.run_ms(10_000);
    let fetch = |harness: &Harness, offset: i64| FetchMetadataLogRequest {
        replica: NodeId::broker(8),
        current_leader_epoch: harness.controller().epoch(),
        fetch_offset: offset,
        last_fetched_epoch: if offset == 0 { 0 } else { harness.controller().epoch() },
        max_wait_ms: 500,
    };
    let request = fetch(&harness, 0);
    let Response::FetchMetadataLog(all) = harness.ask(request) else { panic!("a fetch is answered") };
    let end = harness.controller().log_end_offset();
    assert_eq!(all.high_watermark, end);
    assert_eq!(all.batches.last().map(|batch| batch.end_offset()), Some(end));

    // Nothing new: the leader holds the fetch as long as it may.
    let before = harness.now;
    let request = fetch(&harness, end);
    let Response::FetchMetadataLog(nothing) = harness.ask(request) else { panic!("a fetch is answered") };
    assert!(nothing.batches.is_empty() && nothing.error.is_none());
    assert!(harness.now.since(before) >= 500_000);

    // Of another epoch, or sent to a follower.
    let request = FetchMetadataLogRequest { current_leader_epoch: 0, ..fetch(&harness, end) };
    let Response::FetchMetadataLog(fenced) = harness.ask(request) else { panic!("a fetch is answered") };
    assert_eq!((fenced.error, fenced.leader), (ErrorCode::FencedLeaderEpoch, harness.active()));
    let follower = *harness.controllers.keys().find(|id| Some(**id) != harness.active()).expect("a follower");
    let request = fetch(&harness, end);
    let Some(Response::FetchMetadataLog(refused)) = harness.ask_of(follower, request) else { panic!("an answer") };
    assert_eq!((refused.error, refused.leader), (ErrorCode::NotLeaderOrFollower, harness.active()));

    // A log that the leader does not know.
    let request = FetchMetadataLogRequest { last_fetched_epoch: 0, ..fetch(&harness, end) };
    let Response::FetchMetadataLog(parted) = harness.ask(request) else { panic!("a fetch is answered") };
    assert!(parted.diverging_epoch.is_some() && parted.batches.is_empty());
}

#[test]
fn under_any_schedule_of_faults_the_quorum_is_safe_and_recovers() {
    for seed in 0..60 {
        let controllers = if seed % 2 == 0 { 3 } else { 5 };
        let mut harness = Harness::new(controllers, seed, true, &[]);
        let mut random = Random::stream(seed, 77);
        for round in 0..40 {
            harness.run_ms(random.between(10, 3_000));
            let mut any = || ControllerId(100 + random.below(controllers as u64) as i32);
            let (a, b) = (any(), any());
            match random.below(6) {
                0 if !harness.dead.contains(&a) => harness.kill(a),
                1 | 2 if harness.dead.contains(&a) => harness.start(a),
                3 if a != b => {
                    harness.cut.insert((a, b));
                }
                4 => harness.cut.clear(),
                _ => {
                    if let Some(active) = harness.active() {
                        let brokers = BrokerRegistrationRequest {
                            broker: BrokerId(round),
                            cluster_id: CLUSTER_ID.into(),
                            incarnation_id: 1,
                            rack: None,
                            features: supported_features(),
                            previous_broker_epoch: None,
                        };
                        harness.ask_of(active, brokers);
                    }
                }
            }
        }
        harness.cut.clear();
        for dead in harness.dead.clone() {
            harness.start(dead);
        }
        harness.run_ms(15_000);
        let image = harness.controller().image().clone();
        for controller in harness.controllers.values() {
            assert_eq!(*controller.image(), image, "seed {seed}");
        }
    }
}

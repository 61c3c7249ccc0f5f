//! Registration, heartbeats, fencing. As recorded from a real Kafka 4.3.1 cluster.

use std::rc::Rc;

use super::Harness;
use crate::kafka::features::{VersionRange, supported_features};
use crate::kafka::ids::{BrokerEpoch, BrokerId, ProducerId};
use crate::kafka::note::Note;
use crate::kafka::protocol::broker_lifecycle::{BrokerRegistrationRequest, UnregisterBrokerRequest};
use crate::kafka::protocol::producer_id::AllocateProducerIdsRequest;
use crate::kafka::protocol::{ErrorCode, Response};
use crate::kafka::setup::CLUSTER_ID;

const SEVEN: BrokerId = BrokerId(7);

#[test]
fn a_broker_registers_fenced_and_lives_by_heartbeats() {
    let mut harness = Harness::with_brokers(1, true, &[("broker.session.timeout.ms", "5000")]);
    let fenced = |harness: &Harness| harness.controller().image().brokers[&SEVEN].fenced;
    let refused = harness.register(BrokerId(0), 0x77, None);
    assert_eq!(refused.error, ErrorCode::DuplicateBrokerRegistration, "broker 0 lives");
    assert_eq!(refused.broker_epoch, BrokerEpoch(-1));

    let first = harness.register(SEVEN, 0x77, None).broker_epoch;
    assert!(fenced(&harness));
    let early = harness.heartbeat(SEVEN, first, 0, false);
    assert_eq!((early.error, early.is_caught_up, early.is_fenced), (ErrorCode::None, false, true));
    assert!(fenced(&harness));
    let caught_up = harness.heartbeat(SEVEN, first, first.0, false);
    assert_eq!((caught_up.error, caught_up.is_caught_up, caught_up.is_fenced), (ErrorCode::None, true, false));
    assert!(!fenced(&harness));
    assert_eq!(harness.register(SEVEN, 0x79, None).error, ErrorCode::DuplicateBrokerRegistration);

    assert_eq!(harness.create("t", &[&[7, 0]], &[]), ErrorCode::None);
    assert_eq!(harness.show("t", 0), "leader 7 epoch 0 isr [0, 7] elr [] last []");
    harness.run_ms(5_100);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 1 isr [0] elr [] last []");
    assert!(fenced(&harness));

    // It was only late: same epoch, unfenced again.
    assert!(!harness.heartbeat(SEVEN, first, first.0, false).is_fenced);
    assert!(!fenced(&harness));
    harness.run_ms(5_100);
    assert!(fenced(&harness));

    let second = harness.register(SEVEN, 0x79, None);
    assert_eq!(second.error, ErrorCode::None);
    assert!(second.broker_epoch > first);
    for (broker, epoch) in [(SEVEN, first), (BrokerId(9), BrokerEpoch(5))] {
        let stale = harness.heartbeat(broker, epoch, second.broker_epoch.0, false);
        assert_eq!((stale.error, stale.is_caught_up, stale.is_fenced), (ErrorCode::StaleBrokerEpoch, false, true));
    }
}

#[test]
fn facts_are_written_when_records_are_committed() {
    let mut harness = Harness::with_brokers(1, true, &[]);
    harness.kill_broker(BrokerId(0));
    let life: Vec<&Note> = harness
        .notes
        .iter()
        .map(|(_, note)| note)
        .filter(|note| {
            matches!(note, Note::BrokerRegistered { .. } | Note::BrokerUnfenced { .. } | Note::BrokerFenced { .. })
        })
        .collect();
    let registration = &harness.controller().image().brokers[&BrokerId(0)];
    let broker = BrokerId(0);
    assert_eq!(
        life,
        [
            &Note::BrokerRegistered { broker, broker_epoch: registration.epoch },
            &Note::BrokerUnfenced { broker },
            &Note::BrokerFenced { broker }
        ]
    );
}

#[test]
fn a_broker_in_controlled_shutdown_goes_when_the_others_know() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    let epoch = harness.beating.remove(&BrokerId(0)).expect("a living broker");
    let other = harness.beating.remove(&BrokerId(1)).expect("a living broker");
    let offset = harness.controller().high_watermark() - 1;
    assert!(!harness.heartbeat(BrokerId(0), epoch, offset, true).should_shut_down, "it leads");
    assert_eq!(harness.show("t", 0), "leader 1 epoch 1 isr [1] elr [] last []");
    assert!(!harness.heartbeat(BrokerId(0), epoch, offset, true).should_shut_down, "1 may not know yet");
    let offset = harness.controller().high_watermark() - 1;
    harness.heartbeat(BrokerId(1), other, offset, false);
    let answer = harness.heartbeat(BrokerId(0), epoch, offset, true);
    assert!(answer.should_shut_down && answer.is_fenced);
}

#[test]
fn producer_ids_come_in_blocks_of_a_thousand() {
    let mut harness = Harness::with_brokers(1, true, &[]);
    let broker_epoch = harness.beating[&BrokerId(0)];
    for start in [0, 1_000, 2_000] {
        let request = AllocateProducerIdsRequest { broker: BrokerId(0), broker_epoch };
        let Response::AllocateProducerIds(block) = harness.ask(request) else { panic!("a block") };
        assert_eq!((block.producer_id_start, block.producer_id_len), (ProducerId(start), 1_000));
    }
    let stale = AllocateProducerIdsRequest { broker: BrokerId(0), broker_epoch: BrokerEpoch(0) };
    let Response::AllocateProducerIds(refused) = harness.ask(stale) else { panic!("an answer") };
    assert_eq!(refused.error, ErrorCode::StaleBrokerEpoch);
}

#[test]
fn a_broker_must_be_of_this_cluster_and_able_to_work_at_its_levels() {
    let mut harness = Harness::with_brokers(1, true, &[]);
    let with = |name: &str, range: Option<(i16, i16)>| {
        let mut features = (*supported_features()).clone();
        match range {
            Some((min, max)) => features.insert(name.into(), VersionRange { min, max }),
            None => features.remove(name),
        };
        Rc::new(features)
    };
    let fine = supported_features();
    let old_metadata = with("metadata.version", Some((7, 29)));
    let no_metadata = with("metadata.version", None);
    let no_share = with("share.version", None);
    let one_more = with("new.version", Some((0, 3)));
    use ErrorCode::{InconsistentClusterId, InvalidRegistration, None as Fine, UnsupportedVersion};
    let cases = [
        ("another-cluster", &fine, InconsistentClusterId),
        (CLUSTER_ID, &old_metadata, UnsupportedVersion),
        (CLUSTER_ID, &no_metadata, InvalidRegistration),
        (CLUSTER_ID, &no_share, UnsupportedVersion),
        (CLUSTER_ID, &one_more, Fine),
    ];
    for (cluster_id, features, error) in cases {
        let response = harness.register_as(BrokerRegistrationRequest {
            broker: SEVEN,
            cluster_id: cluster_id.into(),
            incarnation_id: 1,
            rack: None,
            features: Rc::clone(features),
            previous_broker_epoch: None,
        });
        assert_eq!(response.error, error, "{cluster_id} {features:?}");
        assert_eq!(harness.controller().image().brokers.contains_key(&SEVEN), error.is_none());
    }
}

fn unregister(harness: &mut Harness, broker: BrokerId) -> ErrorCode {
    match harness.ask(UnregisterBrokerRequest { broker }) {
        Response::UnregisterBroker(response) => response.error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unregistered_broker_leads_nothing_and_is_unknown_until_it_registers_again() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1]], &[]), ErrorCode::None);
    assert_eq!(unregister(&mut harness, BrokerId(9)), ErrorCode::BrokerIdNotRegistered);
    let epoch = harness.beating.remove(&BrokerId(0)).expect("broker 0 lives");
    assert_eq!(unregister(&mut harness, BrokerId(0)), ErrorCode::None);
    assert_eq!(harness.show("t", 0), "leader 1 epoch 1 isr [1] elr [] last []");
    assert_eq!(harness.partition("t", 0).replicas, [BrokerId(0), BrokerId(1)], "assignments stay");
    assert_eq!(harness.heartbeat(BrokerId(0), epoch, epoch.0, false).error, ErrorCode::StaleBrokerEpoch);
    assert_eq!(unregister(&mut harness, BrokerId(0)), ErrorCode::BrokerIdNotRegistered);
    harness.run_ms(20_000);
    assert!(!harness.notes.iter().any(|(_, note)| matches!(note, Note::BrokerFenced { .. })), "it has no session");
    harness.join(BrokerId(0), None);
    harness.expand(BrokerId(1), "t", 0, &[0, 1]);
    assert_eq!(harness.show("t", 0), "leader 1 epoch 1 isr [0, 1] elr [] last []");
}

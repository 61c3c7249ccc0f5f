//! Registration, heartbeats, fencing. As recorded from a real Kafka 4.3.1 cluster.

use super::Harness;
use crate::kafka::ids::{BrokerEpoch, BrokerId, ProducerId};
use crate::kafka::note::Note;
use crate::kafka::protocol::producer_id::AllocateProducerIdsRequest;
use crate::kafka::protocol::{ErrorCode, Response};

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

//! AlterPartition: each refusal has its own error. Steps and answers are those recorded from a real Kafka 4.3.1
//! cluster (`controller-checks-every-isr-change-of-a-leader`).

use serde_json::Value;

use super::{Harness, trace};
use crate::kafka::ids::{BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, TopicId, TopicIdPartition};
use crate::kafka::protocol::broker_lifecycle::{
    AlterPartitionData, AlterPartitionRequest, AlterPartitionResponse, LeaderRecoveryState,
};
use crate::kafka::protocol::{ErrorCode, Response};

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is a number"))
}

/// `$broker_epoch:0`, or a number; -1 is none.
fn broker_epoch(harness: &Harness, value: &Value) -> Option<BrokerEpoch> {
    match value.as_str().and_then(|text| text.strip_prefix("$broker_epoch:")) {
        Some(id) => {
            let id = BrokerId(id.parse().expect("an id"));
            Some(harness.controller().image().brokers[&id].epoch)
        }
        None => Some(BrokerEpoch(number(value))).filter(|epoch| epoch.0 != -1),
    }
}

fn request(harness: &Harness, body: &Value) -> AlterPartitionRequest {
    let topic = &body["topics"][0];
    let data = &topic["partitions"][0];
    let topic_id = match topic["topicId"].as_str() {
        Some("$topic_id:t") => harness.controller().image().topic("t").expect("t").topic_id,
        _ => TopicId(100),
    };
    let member =
        |member: &Value| (BrokerId(number(&member["brokerId"]) as i32), broker_epoch(harness, &member["brokerEpoch"]));
    AlterPartitionRequest {
        broker: BrokerId(number(&body["brokerId"]) as i32),
        broker_epoch: broker_epoch(harness, &body["brokerEpoch"]).expect("an epoch"),
        partitions: vec![AlterPartitionData {
            partition: TopicIdPartition { topic_id, partition: number(&data["partitionIndex"]) as i32 },
            leader_epoch: LeaderEpoch(number(&data["leaderEpoch"]) as i32),
            partition_epoch: PartitionEpoch(number(&data["partitionEpoch"]) as i32),
            new_isr: data["newIsrWithEpochs"].as_array().expect("a list").iter().map(member).collect(),
            leader_recovery_state: LeaderRecoveryState::Recovered,
        }],
    }
}

fn alter(harness: &mut Harness, request: AlterPartitionRequest) -> AlterPartitionResponse {
    match harness.ask(request) {
        Response::AlterPartition(response) => response,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_isr_change_is_checked_as_recorded() {
    let mut harness = Harness::with_brokers(3, true, &[]);
    assert_eq!(harness.create("t", &[&[0, 1, 2]], &[]), ErrorCode::None);
    harness.kill_broker(BrokerId(2));
    let mut compared = 0;
    for step in trace("controller-checks-every-isr-change-of-a-leader") {
        if step["do"] != "request" {
            continue;
        }
        let asked = request(&harness, &step["body"]);
        let response = alter(&mut harness, asked);
        let expected = &step["expect"];
        assert_eq!(response.error.name(), expected["errorCode"], "{}", step["note"]);
        let expected = &expected["topics"][0]["partitions"][0];
        let Some(result) = response.partitions.first() else {
            assert!(expected.is_null(), "{}", step["note"]);
            continue;
        };
        assert_eq!(result.error.name(), expected["errorCode"], "{}", step["note"]);
        let isr: Vec<i64> = result.isr.iter().map(|broker| i64::from(broker.0)).collect();
        assert_eq!(serde_json::json!(isr), expected["isr"]);
        assert_eq!(result.leader.map_or(-1, |leader| leader.0), number(&expected["leaderId"]) as i32);
        assert_eq!(result.leader_epoch.0, number(&expected["leaderEpoch"]) as i32);
        assert_eq!(result.partition_epoch.0, number(&expected["partitionEpoch"]) as i32);
        compared += 1;
    }
    assert_eq!(compared, 11);
    assert_eq!(harness.show("t", 0), "leader 0 epoch 0 isr [0] elr [] last []");
}

#[test]
fn an_older_leader_epoch_is_fenced() {
    let mut harness = Harness::with_brokers(2, true, &[]);
    assert_eq!(harness.create("t", &[&[1, 0]], &[]), ErrorCode::None);
    harness.kill_broker(BrokerId(1));
    let image = harness.controller().image();
    let asked = AlterPartitionRequest {
        broker: BrokerId(0),
        broker_epoch: image.brokers[&BrokerId(0)].epoch,
        partitions: vec![AlterPartitionData {
            partition: TopicIdPartition { topic_id: image.topic("t").expect("t").topic_id, partition: 0 },
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(1),
            new_isr: vec![(BrokerId(0), None)],
            leader_recovery_state: LeaderRecoveryState::Recovered,
        }],
    };
    assert_eq!(alter(&mut harness, asked).partitions[0].error, ErrorCode::FencedLeaderEpoch);
}

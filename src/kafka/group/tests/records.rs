//! The records of `__consumer_offsets`, byte by byte as recorded from a real Kafka 4.3.1 cluster.

use super::super::classic_group::ClassicGroup;
use super::super::offset_store::StoredOffset;
use super::super::records;
use super::super::records::CoordinatorRecord;
use super::harness::*;
use crate::kafka::effects::{Effects, RequestId};
use crate::kafka::ids::{TopicId, TopicPartition};
use crate::kafka::protocol::ErrorCode::*;
use crate::kafka::protocol::group::*;

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
    let mut member = super::super::member::Member::joining(&request, member_id.into(), RequestId(0));
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

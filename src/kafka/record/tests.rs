//! Batches as a whole. That every byte is as Kafka writes it, the vectors check (`tests/vectors.rs`).

use std::hash::{DefaultHasher, Hash, Hasher};

use super::builder::estimate_batch_size_upper_bound;
use super::*;
use crate::kafka::ids::{LeaderEpoch, ProducerEpoch, ProducerId};

fn build(values: &[&str], producer: ProducerSequence) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(16_384);
    for (i, value) in values.iter().enumerate() {
        builder.append(1_000 + i as i64, Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.finish(producer)
}

fn hash_of(batch: &RecordBatch) -> u64 {
    let mut hasher = DefaultHasher::new();
    batch.hash(&mut hasher);
    hasher.finish()
}

const PRODUCER: ProducerSequence = ProducerSequence {
    producer_id: ProducerId(9),
    producer_epoch: ProducerEpoch(2),
    base_sequence: i32::MAX,
    is_transactional: true,
};

#[test]
fn a_batch_equals_one_with_the_same_bytes_and_no_other() {
    let batch = build(&["a", "b"], ProducerSequence::NONE);
    let same = RecordBatch::parse(&batch.to_bytes()).unwrap().remove(0);
    assert!(batch == same && hash_of(&batch) == hash_of(&same) && !batch.shares_bytes_with(&same));
    assert!(same.is_valid());
    assert_eq!(hash_of(&same), hash_of(&batch), "what was checked is no part of it");
    let placed = batch.with_offset_and_epoch(7, LeaderEpoch(3));
    for other in [&placed, &build(&["a", "c"], ProducerSequence::NONE), &batch.with_producer(PRODUCER)] {
        assert!(batch != *other && hash_of(&batch) != hash_of(other), "{other:?}");
    }
}

#[test]
fn a_producer_is_written_into_a_batch_later() {
    let plain = build(&["a", "b", "c"], ProducerSequence::NONE);
    let batch = plain.with_producer(PRODUCER);
    assert_eq!(batch.to_bytes(), build(&["a", "b", "c"], PRODUCER).to_bytes());
    assert_eq!((batch.producer_sequence(), batch.last_sequence()), (PRODUCER, 1));
    assert_eq!(batch.with_producer(ProducerSequence::NONE).to_bytes(), plain.to_bytes());
}

#[test]
fn several_batches_are_told_apart_and_damage_is_located() {
    let batches = [build(&["a"], ProducerSequence::NONE), build(&["b", "c"], PRODUCER)];
    let bytes: Vec<u8> = batches.iter().flat_map(RecordBatch::to_bytes).collect();
    assert_eq!(RecordBatch::parse(&bytes), Ok(batches.to_vec()));
    assert_eq!(RecordBatch::parse(&[]), Ok(vec![]));

    let at = batches[0].size_in_bytes() as usize;
    let damage = |place: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = byte;
        RecordBatch::parse(&bytes)
    };
    let needed = batches[1].size_in_bytes() as usize;
    let cases = [
        (damage(at + header::MAGIC, 1), RecordError::WrongMagic { at, magic: 1 }),
        (damage(at + 11, 9), RecordError::BatchLengthTooSmall { at, batch_length: 9 }),
        (damage(at + 11, 255), RecordError::BatchTruncated { at, needed: 12 + 255, available: needed }),
        (RecordBatch::parse(&bytes[..at + 5]), RecordError::BatchTruncated { at, needed: 61, available: 5 }),
    ];
    for (found, expected) in cases {
        assert_eq!(found, Err(expected));
    }
    let damaged = damage(at + 70, 1).unwrap().remove(1);
    assert!(matches!(damaged.check(), Err(RecordError::CorruptCrc { .. })));
}

/// Whatever byte is changed, reading the records ends in an error or in records, never in a panic.
#[test]
fn no_damage_panics() {
    let header = RecordHeader { name: "h".into(), value: Some(Bytes::from("v")) };
    let mut builder = RecordBatchBuilder::new(1_000);
    for i in 0..3 {
        builder.append(i, Some(b"key"), None, std::slice::from_ref(&header));
    }
    let bytes = builder.finish(PRODUCER).to_bytes();
    for place in 0..bytes.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[place] = byte;
            for batch in RecordBatch::parse(&bytes).unwrap_or_default() {
                assert!(batch.records().count() <= 4);
                let _ = (batch.check(), batch.last_offset(), batch.last_sequence(), layout::describe(&batch));
            }
        }
    }
}

#[test]
fn records_are_counted_and_read_to_the_end() {
    let batch = build(&["a", "b"], ProducerSequence::NONE);
    let with_count = |count: i32| {
        let mut bytes = batch.to_bytes();
        bytes[header::RECORD_COUNT..header::RECORD_COUNT + 4].copy_from_slice(&count.to_be_bytes());
        let batch = RecordBatch::parse(&bytes).unwrap().remove(0);
        batch.records().find_map(Result::err)
    };
    let size = batch.size_in_bytes() as usize;
    let record = (size - 61) / 2;
    assert_eq!(with_count(2), None);
    assert_eq!(with_count(3), Some(RecordError::WrongRecordCount { declared: 3, found: 2 }));
    assert_eq!(with_count(1), Some(RecordError::TrailingBytes { at: 61 + record, bytes: record }));
}

#[test]
fn a_builder_knows_its_size_and_its_room() {
    let (key, value) = (Some(b"key".as_slice()), Some([0; 100].as_slice()));
    let header = [RecordHeader { name: "name".into(), value: None }];
    let mut builder = RecordBatchBuilder::new(400);
    assert!(builder.has_room_for(0, key, Some(&[0; 1_000]), &[]), "the first always");
    let mut sizes = vec![builder.size_in_bytes()];
    while builder.has_room_for(i64::MAX, key, value, &header) {
        assert!(!builder.is_full());
        assert_eq!(
            builder.append(if builder.is_empty() { 0 } else { i64::MAX }, key, value, &header),
            sizes.len() as i32 - 1
        );
        sizes.push(builder.size_in_bytes());
    }
    // Length, attributes, time, offset, key, value and one header; a time of ten bytes from the second record on.
    let record = |time: usize| 2 + 1 + time + 1 + (1 + 3) + (2 + 100) + (1 + 1 + 4 + 1);
    assert_eq!(sizes, [61, 61 + record(1), 61 + record(1) + record(10)]);
    assert!(estimate_batch_size_upper_bound(key, value, &header) >= 61 + record(10));
    assert_eq!(estimate_batch_size_upper_bound(key, value, &header), 61 + 21 + (1 + 3) + (2 + 100) + (1 + 1 + 4 + 1));
    let size = builder.size_in_bytes();
    assert_eq!(builder.finish(ProducerSequence::NONE).size_in_bytes() as usize, size);
}

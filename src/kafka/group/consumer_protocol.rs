//! What members tell each other through the coordinator, as bytes (`ConsumerProtocolSubscription` and
//! `ConsumerProtocolAssignment`, version 3), as the Java client writes them.

use crate::kafka::ids::{TopicName, TopicPartition};
use crate::kafka::protocol::group::{Assignment, Subscription};

use super::records::{Decoder, RecordDecodeError, put_nullable_string, put_string};

const VERSION: i16 = 3;

/// A subscription as bytes.
pub fn encode_subscription(subscription: &Subscription) -> Vec<u8> {
    let mut out = VERSION.to_be_bytes().to_vec();
    put_count(&mut out, subscription.topics.len());
    for topic in &subscription.topics {
        put_string(&mut out, topic);
    }
    out.extend_from_slice(&(-1_i32).to_be_bytes()); // user data: none
    put_partitions(&mut out, &subscription.owned_partitions);
    out.extend_from_slice(&subscription.generation.to_be_bytes());
    put_nullable_string(&mut out, subscription.rack.as_deref());
    out
}

/// Reads what [`encode_subscription`], or an older version of it, has written.
///
/// # Errors
/// The bytes end too early, or a text is not UTF-8.
pub fn decode_subscription(bytes: &[u8]) -> Result<Subscription, RecordDecodeError> {
    let mut decoder = Decoder::new(bytes);
    let version = decoder.i16()?;
    let mut subscription = Subscription { generation: -1, ..Subscription::default() };
    for _ in 0..decoder.i32()? {
        subscription.topics.push(decoder.string()?.into());
    }
    decoder.nullable_bytes()?;
    if version >= 1 {
        subscription.owned_partitions = partitions(&mut decoder)?;
    }
    if version >= 2 {
        subscription.generation = decoder.i32()?;
    }
    if version >= 3 {
        subscription.rack = decoder.nullable_string()?;
    }
    Ok(subscription)
}

/// An assignment as bytes.
pub fn encode_assignment(assignment: &Assignment) -> Vec<u8> {
    let mut out = VERSION.to_be_bytes().to_vec();
    put_partitions(&mut out, &assignment.partitions);
    out.extend_from_slice(&(-1_i32).to_be_bytes()); // user data: none
    out
}

/// Reads what [`encode_assignment`] has written.
///
/// # Errors
/// The bytes end too early, or a text is not UTF-8.
pub fn decode_assignment(bytes: &[u8]) -> Result<Assignment, RecordDecodeError> {
    let mut decoder = Decoder::new(bytes);
    decoder.i16()?;
    Ok(Assignment { partitions: partitions(&mut decoder)? })
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as i32).to_be_bytes());
}

/// Partitions grouped by topic, the topics in the order in which they come first.
fn put_partitions(out: &mut Vec<u8>, partitions: &[TopicPartition]) {
    let mut topics: Vec<(&TopicName, Vec<i32>)> = Vec::new();
    for partition in partitions {
        match topics.iter_mut().find(|(topic, _)| **topic == partition.topic) {
            Some((_, numbers)) => numbers.push(partition.partition),
            None => topics.push((&partition.topic, vec![partition.partition])),
        }
    }
    put_count(out, topics.len());
    for (topic, numbers) in topics {
        put_string(out, topic);
        put_count(out, numbers.len());
        for number in numbers {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

fn partitions(decoder: &mut Decoder<'_>) -> Result<Vec<TopicPartition>, RecordDecodeError> {
    let mut partitions = Vec::new();
    for _ in 0..decoder.i32()? {
        let topic: TopicName = decoder.string()?.into();
        for _ in 0..decoder.i32()? {
            partitions.push(TopicPartition::new(topic.clone(), decoder.i32()?));
        }
    }
    Ok(partitions)
}

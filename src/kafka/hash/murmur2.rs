//! Which partition a record with a key goes to: murmur2 of the serialised key (`Utils.murmur2`,
//! `BuiltInPartitioner.partitionForKey`).

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
const SHIFT: u32 = 24;

/// murmur2, 32 bits, with Kafka's seed; signed, as Java shows it. The empty key has a hash, too.
pub fn murmur2(key: &[u8]) -> i32 {
    let mut hash = SEED ^ key.len() as u32;
    let (words, tail) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        k ^= k >> SHIFT;
        hash = hash.wrapping_mul(MULTIPLIER) ^ k.wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        for (i, &byte) in tail.iter().enumerate() {
            hash ^= (byte as u32) << (8 * i);
        }
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    (hash ^ (hash >> 15)) as i32
}

/// How a key became a partition, to be shown step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyPartition {
    /// murmur2 of the key, signed.
    pub hash: i32,
    /// The hash without its sign bit, `hash & 0x7fffffff`: not its absolute value.
    pub positive: i32,
    /// Partitions of the topic, all of them, with a leader or not.
    pub partition_count: i32,
    /// `positive % partition_count`.
    pub partition: i32,
}

/// The partition of a key, with the arithmetic that leads there.
///
/// # Panics
/// If the topic has no partition: no topic is without.
pub fn explain_partition_for_key(key: &[u8], partition_count: i32) -> KeyPartition {
    assert!(partition_count > 0, "a topic has at least one partition, not {partition_count}");
    let hash = murmur2(key);
    let positive = hash & i32::MAX;
    KeyPartition { hash, positive, partition_count, partition: positive % partition_count }
}

/// The partition of a key.
///
/// # Panics
/// As [`explain_partition_for_key`].
pub fn partition_for_key(key: &[u8], partition_count: i32) -> i32 {
    explain_partition_for_key(key, partition_count).partition
}

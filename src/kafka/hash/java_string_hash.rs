//! Which partition of an internal topic a name belongs to, and so which broker coordinates it: the hash of a Java
//! string (`GroupCoordinatorService.partitionFor`, `TransactionStateManager.partitionFor`).

use crate::kafka::sorted::SmallSort;

/// `String.hashCode` over the UTF-16 code units.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit as i32))
}

/// The partition of `__consumer_offsets` that holds a group, or of `__transaction_state` that holds a transactional
/// id: the hash's absolute value (0 for the smallest integer, which has none) modulo the number of partitions.
///
/// # Panics
/// If the topic has no partition.
pub fn coordinator_partition(name: &str, partition_count: i32) -> i32 {
    assert!(partition_count > 0, "a topic has at least one partition, not {partition_count}");
    java_string_hash(name).checked_abs().unwrap_or(0) % partition_count
}

/// The order in which a Java `HashMap` with these hash codes, put in in this order, hands out its keys: by bucket,
/// and within one as they came. Returns indexes into `hashes`. Needed where Kafka's answers follow that order.
pub fn java_hash_map_order(hashes: &[i32]) -> Vec<usize> {
    let buckets = (hashes.len() * 4).div_ceil(3).next_power_of_two().max(16) as u32;
    let bucket = |hash: i32| (hash as u32 ^ (hash as u32 >> 16)) & (buckets - 1);
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_small_by_key(|&i| bucket(hashes[i]));
    order
}

//! Which partition of an internal topic a name belongs to, and so which broker coordinates it: the hash of a Java
//! string (`GroupCoordinatorService.partitionFor`, `TransactionStateManager.partitionFor`).

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

//! The order in which a Java `HashMap` hands out its keys. Needed where what Kafka does follows it.

use super::java_string_hash::java_string_hash;
use crate::kafka::ids::TopicPartition;
use crate::kafka::sorted::SmallSort;

/// What `new HashMap()` begins with.
const DEFAULT_CAPACITY: u32 = 16;

/// The order of keys with these hash codes, put in in this order: by bucket, and within one as they came. Returns
/// indexes into `hashes`.
pub fn java_hash_map_order(hashes: &[i32]) -> Vec<usize> {
    order(hashes, DEFAULT_CAPACITY)
}

/// The same for `new HashMap(capacity)`.
pub fn java_hash_map_order_from(hashes: &[i32], capacity: usize) -> Vec<usize> {
    order(hashes, u32::try_from(capacity).unwrap_or(u32::MAX >> 2).max(1).next_power_of_two())
}

/// A map doubles its buckets as soon as it has more keys than three quarters of them.
fn order(hashes: &[i32], capacity: u32) -> Vec<usize> {
    let mut buckets = capacity;
    while hashes.len() as u64 > u64::from(buckets) * 3 / 4 {
        buckets *= 2;
    }
    let bucket = |hash: i32| (hash as u32 ^ (hash as u32 >> 16)) & (buckets - 1);
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_small_by_key(|&i| bucket(hashes[i]));
    order
}

/// `TopicPartition.hashCode`.
pub fn java_partition_hash(partition: &TopicPartition) -> i32 {
    let of_number = 31_i32.wrapping_add(partition.partition);
    of_number.wrapping_mul(31).wrapping_add(java_string_hash(&partition.topic))
}

/// `Long.hashCode`.
pub fn java_long_hash(number: i64) -> i32 {
    (number ^ (number as u64 >> 32) as i64) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_come_by_bucket() {
        let hashes = |count: i32| -> Vec<i32> {
            (0..count).map(|number| java_partition_hash(&TopicPartition::new("t", number))).collect()
        };
        assert_eq!(java_hash_map_order(&hashes(2)), [1, 0]);
        // 1077, 1108, 1139 in four buckets, then in eight.
        assert_eq!(java_hash_map_order_from(&hashes(3), 3), [1, 0, 2]);
        assert_eq!(java_hash_map_order_from(&hashes(1), 1), [0]);
        assert!(java_hash_map_order_from(&[], 0).is_empty());
    }

    #[test]
    fn long_hashes_fold_the_upper_half_in() {
        assert_eq!(java_long_hash(7_002), 7_002);
        assert_eq!(java_long_hash(1 << 32 | 5), 4);
        assert_eq!(java_long_hash(-1), 0);
    }
}

//! murmur2 and the partition of a key; the partition that holds a group.

use glassbroker::kafka::hash::java_string_hash::{coordinator_partition, java_string_hash};
use glassbroker::kafka::hash::murmur2::{explain_partition_for_key, murmur2, partition_for_key};
use serde_json::Value;

use super::{Check, Verdict, bytes_of_hex, entries, expect_equal, integer, text};

pub const MURMUR2: Check = Check {
    name: "murmur2",
    is_built: true,
    knows: |_, case| case.get("murmur2").is_some(),
    check: |_, case| {
        let key = bytes_of_hex(text(case, "key_hex")?)?;
        expect_equal("murmur2", murmur2(&key) as i64, integer(case, "murmur2")?)?;
        for (count, partition) in partitions(case)? {
            expect_equal(&format!("partition of {count}"), partition_for_key(&key, count), partition)?;
            let shown = explain_partition_for_key(&key, count);
            expect_equal("hash & 0x7fffffff", shown.positive as i64, shown.hash as u32 as i64 & 0x7fff_ffff)?;
            expect_equal("positive % partitions", shown.positive % shown.partition_count, partition)?;
        }
        Ok(Verdict::Equal)
    },
};

pub const GROUP_COORDINATOR: Check = Check {
    name: "group coordinator partition",
    is_built: true,
    knows: |_, case| case.get("java_hash_code").is_some(),
    check: |_, case| {
        let group = text(case, "group_id")?;
        expect_equal("hashCode", java_string_hash(group) as i64, integer(case, "java_hash_code")?)?;
        for (count, partition) in partitions(case)? {
            expect_equal(&format!("partition of {count}"), coordinator_partition(group, count), partition)?;
        }
        Ok(Verdict::Equal)
    },
};

/// The field `partition`: for each number of partitions the one that is right.
fn partitions(case: &Value) -> Result<Vec<(i32, i32)>, String> {
    let pairs: Result<Vec<(i32, i32)>, String> = entries(case, "partition")?
        .map(|(count, partition)| {
            let count = count.parse().map_err(|error| format!("partition count {count}: {error}"))?;
            let partition = partition.as_i64().ok_or("a partition is no integer")?;
            Ok((count, partition as i32))
        })
        .collect();
    match pairs {
        Ok(pairs) if pairs.is_empty() => Err("no partition is given".to_owned()),
        pairs => pairs,
    }
}

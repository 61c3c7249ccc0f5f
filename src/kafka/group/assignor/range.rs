//! Range: each topic by itself, in contiguous ranges (`RangeAssignor`). The default, together with cooperative sticky.
//!
//! Topics with the same subscribers and as many partitions are co-partitioned: partition 3 of each goes to the same
//! member. Topics with few partitions all burden the first members. The order of topics in a member's list is that of a
//! Java hash map, from which the assignor takes them. Preference for replicas in the member's own rack
//! (KIP-881) is not part of it.

use super::{Assignment, AssignorMember, compare_members};
use crate::kafka::hash::java_hash_map::java_hash_map_order;
use crate::kafka::hash::java_string_hash::java_string_hash;
use crate::kafka::ids::{TopicName, TopicPartition};
use crate::kafka::sorted::{SmallSort, SortedMap};

/// The name by which members vote for it.
pub const NAME: &str = "range";

/// Divides the partitions. `partitions_per_topic` holds the topics that exist; a topic of a subscription that is not
/// in it is passed over. With `n` partitions and `m` subscribed members each gets `n / m`, the first `n % m` one more.
pub fn assign(partitions_per_topic: &SortedMap<TopicName, i32>, members: &[AssignorMember]) -> Assignment {
    let mut assignment: Assignment = members.iter().map(|member| (member.member_id.clone(), Vec::new())).collect();
    let mut members: Vec<&AssignorMember> = members.iter().collect();
    members.sort_small_by(|a, b| compare_members(a, b));
    let topics: Vec<(&TopicName, i32)> = partitions_per_topic.iter().map(|(topic, &count)| (topic, count)).collect();
    let hashes: Vec<i32> = topics.iter().map(|(topic, _)| java_string_hash(topic)).collect();
    for (topic, partition_count) in java_hash_map_order(&hashes).into_iter().map(|i| topics[i]) {
        let subscribed: Vec<_> = members.iter().filter(|member| member.topics.contains(topic)).collect();
        let member_count = subscribed.len() as i32;
        let mut next = 0;
        for (i, member) in (0..).zip(subscribed) {
            let count = partition_count / member_count + i32::from(i < partition_count % member_count);
            let range = (next..next + count).map(|partition| TopicPartition::new(topic.clone(), partition));
            assignment.entry(member.member_id.clone()).or_default().extend(range);
            next += count;
        }
    }
    assignment
}

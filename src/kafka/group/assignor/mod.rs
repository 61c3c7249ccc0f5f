//! How the partitions of the subscribed topics are divided among the members of a group. In the classic protocol the
//! group's leader, a consumer, does it.

pub mod range;

use std::cmp::Ordering;

use crate::kafka::ids::{TopicName, TopicPartition};
use crate::kafka::sorted::SortedMap;

/// A member of the group, as far as an assignment depends on it (`AbstractPartitionAssignor.MemberInfo`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssignorMember {
    pub member_id: String,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<String>,
    pub topics: Vec<TopicName>,
}

/// What each member gets, by member id. Every member is in it; the order of the partitions is the assignor's.
pub type Assignment = SortedMap<String, Vec<TopicPartition>>;

/// The order of members in every assignor: static ones first, by `group.instance.id`; then dynamic ones by member
/// id.
pub fn compare_members(a: &AssignorMember, b: &AssignorMember) -> Ordering {
    match (&a.group_instance_id, &b.group_instance_id) {
        (Some(a), Some(b)) => compare_java_strings(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => compare_java_strings(&a.member_id, &b.member_id),
    }
}

/// `String.compareTo`: by UTF-16 code units.
fn compare_java_strings(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

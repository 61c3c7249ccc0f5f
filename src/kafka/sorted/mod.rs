//! Maps and sets in the order of their keys, for the state of simulated processes; and sorting of short lists.
//!
//! A [`SortedMap`] is one vector, and looks as `BTreeMap` does to its user. The maps of a process are small, there are
//! many of them, and each checkpoint copies those of the processes that have changed: one allocation of the exact
//! size is what they need, where a tree takes nodes of eleven places. In the page the code of one vector is also
//! several times smaller than that of one tree, for each pair of types. An insertion moves what comes after it; what
//! can hold thousands of entries, and is not filled in order, stays a `BTreeMap`.

mod map;
mod set;
mod small_sort;

use std::ops::{Bound, Range, RangeBounds};

pub use map::{Entry, Iter, IterMut, SortedMap};
pub use set::SortedSet;
pub use small_sort::SmallSort;

/// Where those entries stand whose keys lie in a range of keys.
fn span<T, Q: Ord + ?Sized>(entries: &[T], key_of: impl Fn(&T) -> &Q, keys: impl RangeBounds<Q>) -> Range<usize> {
    let before = |key: &Q| entries.partition_point(|entry| key_of(entry) < key);
    let through = |key: &Q| entries.partition_point(|entry| key_of(entry) <= key);
    let start = match keys.start_bound() {
        Bound::Included(key) => before(key),
        Bound::Excluded(key) => through(key),
        Bound::Unbounded => 0,
    };
    let end = match keys.end_bound() {
        Bound::Included(key) => through(key),
        Bound::Excluded(key) => before(key),
        Bound::Unbounded => entries.len(),
    };
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::hash::{DefaultHasher, Hash, Hasher};

    use super::{SmallSort, SortedMap, SortedSet};
    use crate::kafka::random::Random;

    /// Random operations on a sorted map and on a `BTreeMap`: the answers and the contents are the same.
    #[test]
    fn a_sorted_map_is_what_a_tree_is() {
        let mut random = Random::stream(7, 1);
        let (mut sorted, mut tree) = (SortedMap::new(), BTreeMap::new());
        for round in 0..20_000_u32 {
            let key = random.below(40) as u32;
            match random.below(11) {
                0..=2 => assert_eq!(sorted.insert(key, round), tree.insert(key, round)),
                3 => assert_eq!(sorted.remove(&key), tree.remove(&key)),
                4 => {
                    *sorted.entry(key).and_modify(|it| *it += 1).or_insert(round) += 2;
                    *tree.entry(key).and_modify(|it| *it += 1).or_insert(round) += 2;
                }
                5 => assert_eq!(sorted.pop_first(), tree.pop_first()),
                6 => assert_eq!(sorted.get(&key), tree.get(&key)),
                7 => assert!(sorted.range(key..key + 9).eq(tree.range(key..key + 9))),
                8 => assert!(sorted.range(..=key).rev().eq(tree.range(..=key).rev())),
                9 => assert_eq!(sorted.last_key_value(), tree.last_key_value()),
                _ => {
                    sorted.retain(|other, _| other % 17 != key % 17);
                    tree.retain(|other, _| other % 17 != key % 17);
                }
            }
            assert!(sorted.iter().eq(&tree));
        }
    }

    #[test]
    fn a_sorted_set_is_what_a_tree_is() {
        let mut random = Random::stream(7, 2);
        let (mut sorted, mut tree) = (SortedSet::new(), BTreeSet::new());
        for _ in 0..20_000 {
            let element = random.below(40) as u32;
            match random.below(6) {
                0 | 1 => assert_eq!(sorted.insert(element), tree.insert(element)),
                2 => assert_eq!(sorted.remove(&element), tree.remove(&element)),
                3 => assert_eq!(sorted.contains(&element), tree.contains(&element)),
                4 => assert_eq!(sorted.pop_first(), tree.pop_first()),
                _ => assert!(sorted.range(element..).eq(tree.range(element..))),
            }
            assert!(sorted.iter().eq(&tree));
        }
    }

    #[test]
    fn short_lists_are_sorted_and_equals_stay_in_order() {
        let mut random = Random::stream(7, 3);
        for length in 0..60 {
            let mut list: Vec<(u64, usize)> = (0..length).map(|place| (random.below(12), place)).collect();
            let mut expected = list.clone();
            expected.sort();
            list.sort_small_by_key(|(key, _)| *key);
            assert_eq!(list, expected);
        }
    }

    /// Hashes of states, and links, do not depend on which of the two is used.
    #[test]
    fn both_hash_and_serialize_alike() {
        let hash = |it: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            it(&mut hasher);
            hasher.finish()
        };
        let entries = [(3_u32, "c"), (1, "a"), (2, "b")];
        let (sorted, tree) = (SortedMap::from(entries), BTreeMap::from(entries));
        assert_eq!(hash(&|hasher| sorted.hash(hasher)), hash(&|hasher| tree.hash(hasher)));
        assert_eq!(serde_json::to_string(&sorted).ok(), serde_json::to_string(&tree).ok());
        let elements = entries.map(|(key, _)| key);
        let (sorted, tree) = (SortedSet::from(elements), BTreeSet::from(elements));
        assert_eq!(hash(&|hasher| sorted.hash(hasher)), hash(&|hasher| tree.hash(hasher)));
        assert_eq!(serde_json::to_string(&sorted).ok(), serde_json::to_string(&tree).ok());
        assert_eq!(serde_json::from_str::<SortedSet<u32>>("[3,1,2,1]").ok(), Some(sorted));
        let text = r#"{"b":1,"a":2,"b":3}"#;
        let read: SortedMap<String, u8> = serde_json::from_str(text).expect("a map");
        assert_eq!(read, SortedMap::from([("a".into(), 2), ("b".into(), 3)]), "the last one of a name counts");
    }
}

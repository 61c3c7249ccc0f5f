//! Requests that cannot be answered yet (`DelayedOperationPurgatory`).

use crate::kafka::ids::TopicIdPartition;
use crate::kafka::sorted::{SortedMap, SortedSet};

/// Operations by number, and for each partition those that wait for something to happen to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Purgatory<T> {
    operations: SortedMap<u64, T>,
    watchers: SortedSet<(TopicIdPartition, u64)>,
    next: u64,
}

impl<T> Default for Purgatory<T> {
    fn default() -> Purgatory<T> {
        Purgatory { operations: SortedMap::new(), watchers: SortedSet::new(), next: 0 }
    }
}

impl<T> Purgatory<T> {
    /// Takes an operation in, to be looked at whenever one of the partitions changes. Returns its number.
    pub fn watch(&mut self, operation: T, partitions: impl Iterator<Item = TopicIdPartition>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.watchers.extend(partitions.map(|partition| (partition, number)));
        self.operations.insert(number, operation);
        number
    }

    /// Takes an operation out. `partitions`: those it was watching.
    pub fn remove(&mut self, number: u64, partitions: impl Fn(&T) -> Vec<TopicIdPartition>) -> Option<T> {
        let operation = self.operations.remove(&number)?;
        for partition in partitions(&operation) {
            self.watchers.remove(&(partition, number));
        }
        Some(operation)
    }

    pub fn get(&self, number: u64) -> Option<&T> {
        self.operations.get(&number)
    }

    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.operations.get_mut(&number)
    }

    /// The first operation with a number of at least `from`, whatever it watches.
    pub fn next(&self, from: u64) -> Option<(u64, &T)> {
        self.operations.range(from..).next().map(|(number, operation)| (*number, operation))
    }

    /// The first operation with a number of at least `from` that watches the partition.
    pub fn next_watching(&self, partition: TopicIdPartition, from: u64) -> Option<u64> {
        self.watchers.range((partition, from)..=(partition, u64::MAX)).next().map(|(_, number)| *number)
    }

    /// Operations that wait for the partition, oldest first.
    pub fn watching(&self, partition: TopicIdPartition) -> impl Iterator<Item = (u64, &T)> {
        self.watchers
            .range((partition, 0)..=(partition, u64::MAX))
            .filter_map(|(_, number)| Some((*number, self.operations.get(number)?)))
    }

    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.operations.iter().map(|(number, operation)| (*number, operation))
    }

    pub fn len(&self) -> usize {
        self.operations.len()
    }

    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Forgets everything; numbers go on, so that no late timer meets another operation.
    pub fn clear(&mut self) {
        self.operations.clear();
        self.watchers.clear();
    }
}

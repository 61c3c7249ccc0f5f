//! Which colour and shape a key has: by the order in which keys first appeared, so that few keys never share one.

use std::collections::BTreeMap;

use crate::kafka::ids::Offset;
use crate::kafka::log::Log;
use crate::kafka::record::RecordBatch;
use crate::sim::World;
use crate::stage::glyphs::MARKS;

/// Records of a log that are looked through for its first keys.
const LOOKED_THROUGH: Offset = 512;

/// Marks by key.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    marks: BTreeMap<Vec<u8>, u8>,
}

impl Keys {
    /// The first keys of all logs, and of what is on its way, by the time of their first record.
    pub fn of(world: &World) -> Keys {
        let mut first_seen: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        let mut look = |batch: &RecordBatch| {
            let Ok(data) = batch.record_data() else { return };
            for view in data.views().flatten() {
                if let Some(key) = view.key {
                    match first_seen.get_mut(key) {
                        Some(time) => *time = (*time).min(view.timestamp),
                        None => {
                            first_seen.insert(key.to_vec(), view.timestamp);
                        }
                    }
                }
            }
        };
        let mut logs: BTreeMap<_, &Log> = BTreeMap::new();
        for (_, broker) in world.brokers() {
            for partition in broker.partitions().filter(|one| !super::is_internal(&one.topic_partition().topic)) {
                let log = partition.log();
                let longest = logs.entry(partition.topic_partition().clone()).or_insert(log);
                if log.log_end_offset() > longest.log_end_offset() {
                    *longest = log;
                }
            }
        }
        for log in logs.values() {
            let until = log.log_start_offset() + LOOKED_THROUGH;
            log.batches().take_while(|batch| batch.base_offset() < until).for_each(&mut look);
        }
        for (_, producer) in world.producers() {
            for (_, batch) in producer.buffered_batches().chain(producer.in_flight_batches()) {
                look(&batch.clone().encode());
            }
        }
        let mut keys: Vec<(i64, Vec<u8>)> = first_seen.into_iter().map(|(key, time)| (time, key)).collect();
        keys.sort();
        Keys {
            marks: keys
                .into_iter()
                .zip(0..)
                .map(|((_, key), number): (_, u32)| (key, (number % u32::from(MARKS)) as u8))
                .collect(),
        }
    }

    /// The mark of a key; a key that appeared late shares one by its bytes.
    pub fn mark(&self, key: Option<&[u8]>) -> Option<u8> {
        let key = key?;
        let by_bytes = || key.iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte)) % MARKS;
        Some(self.marks.get(key).copied().unwrap_or_else(by_bytes))
    }

    /// Marks of the first records of batches, and how many records there are.
    pub fn marks_of<'a>(
        &self,
        batches: impl IntoIterator<Item = &'a RecordBatch>,
        most: usize,
    ) -> (Vec<Option<u8>>, u32) {
        let mut marks = Vec::new();
        let mut records = 0;
        for batch in batches {
            records += batch.record_count().max(0) as u32;
            if let Ok(data) = batch.record_data() {
                let room = most - marks.len();
                marks.extend(data.views().flatten().take(room).map(|view| self.mark(view.key)));
            }
        }
        (marks, records)
    }
}

/// Bytes as a person reads them: text, or the first of them in hex.
pub fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn few_keys_never_share_a_mark() {
        let marks = (0..8_u8).map(|number| (vec![number], number)).collect();
        let keys = Keys { marks };
        let all: BTreeSet<Option<u8>> = (0..8_u8).map(|number| keys.mark(Some(&[number]))).collect();
        assert_eq!(all.len(), 8);
        assert_eq!(keys.mark(None), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_hex() {
        assert_eq!(text(b"user-1"), "user-1");
        assert_eq!(text(&[0xff, 0x00]), "ff00");
    }
}

//! Which log a broker compacts next (`LogCleaner`, `LogCleanerManager.grabFilthiestCompactedLog`).

use std::rc::Rc;

use super::context::Context;
use super::replica_manager::ReplicaManager;
use crate::kafka::ids::TopicIdPartition;
use crate::kafka::log::LogToClean;
use crate::kafka::note::Note;

impl ReplicaManager {
    /// Cleans logs, the dirtiest first, until there is nothing to clean, and deletes the old segments of those that are
    /// deleted from as well. Leaders and followers alike: each broker cleans for itself.
    pub(super) fn clean_logs(&mut self, cx: &mut Context<'_>) {
        while let Some((id, what)) = self.filthiest_log(cx.now_ms()) {
            self.clean_log(id, &what, cx);
        }
        self.delete_old_segments(true, cx);
    }

    /// The compacted log of which the largest share is dirty, among those that are dirty enough. Of two that are equally
    /// dirty Kafka takes any.
    fn filthiest_log(&self, now_ms: i64) -> Option<(TopicIdPartition, LogToClean)> {
        let compacted = self.partitions.iter().filter(|(_, partition)| partition.log.config().is_compacted);
        let cleanable = compacted.filter_map(|(id, partition)| {
            let what = partition.log.to_clean(now_ms);
            what.is_cleanable(partition.log.config().min_cleanable_dirty_ratio).then_some((*id, what))
        });
        cleanable.max_by(|(_, one), (_, other)| one.cmp_by_dirty_ratio(other))
    }

    fn clean_log(&mut self, id: TopicIdPartition, what: &LogToClean, cx: &mut Context<'_>) {
        let now_ms = cx.now_ms();
        let Some(partition) = self.partitions.get_mut(&id).map(Rc::make_mut) else { return };
        let bytes_before = partition.log.size_in_bytes();
        let done = partition.log.clean(what, now_ms);
        cx.out.note(Note::LogCleaned {
            broker: cx.setup.id,
            partition: partition.topic_partition.clone(),
            from: what.first_dirty_offset,
            to: done.end_offset,
            records_before: done.records_before,
            records_removed: done.records_removed,
            tombstones_removed: done.tombstones_removed,
            bytes_removed: bytes_before - partition.log.size_in_bytes(),
        });
    }
}

//! The log directory of a broker: what happens when nothing can be written to it any more, and when the machine loses
//! its power (`LogDirFailureChannel`, `ReplicaManager.handleLogDirFailure`, `LogManager`).
//!
//! Each broker here has one log directory, which holds the metadata log, too. The first write that fails marks it offline:
//! from then on every partition answers KAFKA_STORAGE_ERROR. A thread that waits for such news (`LogDirFailureHandler`)
//! then finds that no directory is left and halts the process. What was written before stays in the page cache.

use std::rc::Rc;

use super::BrokerTimer;
use super::context::Context;
use super::replica_manager::ReplicaManager;
use crate::kafka::effects::Effects;
use crate::kafka::ids::{BrokerId, SimTime};
use crate::kafka::note::Note;

/// How long the thread takes from the news to the halt, microseconds. Answers that are on their way get out meanwhile.
const HALT_AFTER_US: u64 = 1_000;

impl ReplicaManager {
    /// Whether something can be written now. If not, the directory is offline from now on.
    pub(super) fn can_write(&mut self, cx: &mut Context<'_>) -> bool {
        if cx.setup.disk.is_full && !self.is_log_dir_offline {
            self.is_log_dir_offline = true;
            let note = Note::LogDirFailed { broker: cx.id() };
            cx.note_then(note, |cx| cx.out.set_timer(BrokerTimer::LogDirFailure, cx.now.plus_us(HALT_AFTER_US)));
        }
        !self.is_log_dir_offline
    }

    /// Flushes the logs whose `flush.ms` is over.
    pub(super) fn flush_dirty_logs(&mut self, now_ms: i64) {
        for partition in self.partitions.values_mut() {
            let log = &partition.log;
            if log.recovery_point() < log.log_end_offset() {
                Rc::make_mut(partition).log.flush_if_due(now_ms);
            }
        }
    }

    /// The machine has lost its power, and the process is gone: every log is cut to what was on the disk.
    pub(super) fn lose_power(&mut self, broker: BrokerId, now: SimTime, now_ms: i64, out: &mut Effects) {
        for partition in self.partitions.values_mut() {
            if partition.log.on_disk(now) == partition.log.log_end_offset() {
                continue;
            }
            let partition = Rc::make_mut(partition);
            if let Some(from) = partition.log.lose_power(now, now_ms) {
                let to = partition.log.log_end_offset();
                out.note(Note::UnflushedLost { broker, partition: partition.topic_partition.clone(), from, to });
            }
        }
    }
}

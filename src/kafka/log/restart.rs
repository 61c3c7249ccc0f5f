//! What is left of a log when its broker goes down, and how it is opened again (`LogLoader`).

use std::rc::Rc;

use super::log::Log;
use crate::kafka::ids::{Offset, SimTime};
use crate::kafka::record::RecordBatch;

/// How a broker went down, as far as its logs are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// Everything was flushed and every checkpoint written.
    Clean,
    /// The process ended at once: what is in the page cache stays. If the machine has lost its power, too, see
    /// [`Log::lose_power`].
    Killed,
}

impl Log {
    /// Everything written so far is on the disk.
    pub fn flush(&mut self, now_ms: i64) {
        self.recovery_point = self.log_end_offset;
        self.last_flushed_ms = now_ms;
        self.page_cache.flushed();
    }

    /// Something was appended at this moment: it lies in the page cache from now on. With `flush.messages` it is flushed
    /// at once if so many records wait for that. The caller of an append tells it, for the log itself does not know
    /// virtual time.
    pub fn wrote(&mut self, now: SimTime, now_ms: i64) {
        if self.log_end_offset - self.recovery_point >= self.config.flush_messages {
            self.flush(now_ms);
        } else {
            self.page_cache.wrote(self.log_end_offset, now);
        }
    }

    /// Flushes the log if the last time was `flush.ms` ago, and says whether there was anything to flush. Brokers look
    /// every `log.flush.scheduler.interval.ms`, which is never by default (`LogManager.flushDirtyLogs`).
    pub fn flush_if_due(&mut self, now_ms: i64) -> bool {
        let is_due = self.recovery_point < self.log_end_offset
            && now_ms.saturating_sub(self.last_flushed_ms) >= self.config.flush_ms;
        if is_due {
            self.flush(now_ms);
        }
        is_due
    }

    /// Everything below survives a loss of power at this moment: flushed by Kafka, or written back by the operating
    /// system.
    pub fn on_disk(&self, now: SimTime) -> Offset {
        self.recovery_point.max(self.page_cache.written_back(now)).min(self.log_end_offset)
    }

    /// The machine loses its power: what was only in the page cache is gone. Checkpoints are flushed as they are written
    /// (`CheckpointFile`), so they stay; one that names more than is left is corrected when the log is opened again.
    /// Returns the former end of the log if it has become shorter.
    pub fn lose_power(&mut self, now: SimTime, now_ms: i64) -> Option<Offset> {
        let before = self.log_end_offset;
        let on_disk = self.on_disk(now).max(self.segments[0].base_offset());
        self.truncate_to(on_disk, now_ms).then_some(before)
    }

    /// Writes the high watermark down; the broker does so every `replica.high.watermark.checkpoint.interval.ms`.
    pub fn checkpoint_high_watermark(&mut self) {
        self.high_watermark_checkpoint = self.high_watermark;
    }

    /// What a killed broker will begin with.
    pub fn high_watermark_checkpoint(&self) -> Offset {
        self.high_watermark_checkpoint
    }

    /// Writes the log start down, if it lies inside a segment; the broker does so every
    /// `log.flush.start.offset.checkpoint.interval.ms` (60000).
    pub fn checkpoint_log_start_offset(&mut self) {
        self.log_start_offset_checkpoint =
            (self.log_start_offset > self.segments[0].base_offset()).then_some(self.log_start_offset);
    }

    /// The log start that was written down last, if any.
    pub fn log_start_offset_checkpoint(&self) -> Option<Offset> {
        self.log_start_offset_checkpoint
    }

    /// Writes down how far the log was flushed; the broker does so every `log.flush.offset.checkpoint.interval.ms`
    /// (60000), and when it cuts a log.
    pub fn checkpoint_recovery_point(&mut self) {
        self.recovery_point_checkpoint = self.recovery_point;
    }

    /// From here on a broker that was killed will read the log again, and make its indexes anew.
    pub fn recovery_point_checkpoint(&self) -> Offset {
        self.recovery_point_checkpoint
    }

    /// The broker went down and opens the log again: only what was on disk is left. The high watermark is the one
    /// written down last, the log start likewise; epochs without records are forgotten; of each producer only the
    /// last batch is known; after anything but a clean stop the indexes are made anew from the segment on that holds the
    /// recovery point written down last.
    pub fn restart(&mut self, shutdown: Shutdown, now_ms: i64) {
        match shutdown {
            Shutdown::Clean => {
                self.flush(now_ms);
                self.checkpoint_high_watermark();
                self.checkpoint_log_start_offset();
                self.checkpoint_recovery_point();
                self.active_segment_mut().become_inactive();
                self.producers.take_snapshot();
            }
            Shutdown::Killed => {}
        }
        self.last_flushed_ms = now_ms;
        for segment in &mut self.segments {
            Rc::make_mut(segment).reopen(now_ms);
        }
        let active = self.active_segment();
        self.log_end_offset = active.last_batch().map_or(active.base_offset(), RecordBatch::next_offset);
        let log_start_offset_checkpoint = self.log_start_offset_checkpoint.unwrap_or(0);
        self.log_start_offset =
            log_start_offset_checkpoint.max(self.segments[0].base_offset()).min(self.log_end_offset);
        self.recovery_point = self.recovery_point_checkpoint.min(self.log_end_offset);
        if shutdown != Shutdown::Clean {
            self.recover(now_ms);
        }
        self.leader_epochs.truncate_from_end(self.log_end_offset);
        self.leader_epochs.truncate_from_start(log_start_offset_checkpoint);
        let base_offsets: Vec<Offset> = self.segments.iter().map(|segment| segment.base_offset()).collect();
        self.producers.remove_stray_snapshots(&base_offsets);
        self.producers.forget();
        self.rebuild_producer_state(now_ms);
        self.update_high_watermark(self.high_watermark_checkpoint);
    }

    /// Reads what may not have been flushed, from the segment of the recovery point on: its indexes are made anew, its
    /// producers are read from the snapshot before it and the log, and get a snapshot at its end.
    fn recover(&mut self, now_ms: i64) {
        let after = self.segments.partition_point(|segment| segment.base_offset() <= self.recovery_point);
        let first = after.saturating_sub(1);
        let index_interval_bytes = self.config.index_interval_bytes;
        for segment in &mut self.segments[first..] {
            Rc::make_mut(segment).recover(index_interval_bytes);
        }
        let expiration_ms = self.config.producer_id_expiration_ms;
        let known_to = self.segments[first].base_offset();
        self.producers.forget();
        self.producers.truncate_and_reload(self.log_start_offset, known_to, now_ms, expiration_ms);
        self.replay_producers();
        self.producers.set_map_end_offset(self.log_end_offset);
        self.producers.take_snapshot();
    }
}

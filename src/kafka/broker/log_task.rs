//! What a broker does with its logs now and then, whether anybody asks or not (`LogManager.startup`).

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::BrokerTimer;
use super::context::Context;
use super::replica_manager::ReplicaManager;
use crate::kafka::log::Log;
use crate::kafka::note::Note;

/// A task that comes again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LogTask {
    /// `log.retention.check.interval.ms`: which segments are too old?
    Retention,
    /// `log.flush.start.offset.checkpoint.interval.ms`: log starts are written down.
    StartOffsetCheckpoint,
    /// `log.flush.offset.checkpoint.interval.ms`: it is written down how far logs were flushed.
    RecoveryPointCheckpoint,
    /// `producer.id.expiration.check.interval.ms`: which producers have written nothing for long?
    ProducerExpiry,
    /// `log.cleaner.backoff.ms`: is there anything to compact?
    Cleaner,
}

impl LogTask {
    const ALL: [LogTask; 5] = [
        LogTask::Retention,
        LogTask::StartOffsetCheckpoint,
        LogTask::RecoveryPointCheckpoint,
        LogTask::ProducerExpiry,
        LogTask::Cleaner,
    ];

    /// From the start of the process to the first time, milliseconds. Kafka counts the expiry of producers for each log
    /// from the moment at which it was opened; here all logs have one beat, from the start of the broker.
    fn first_delay_ms(self, cx: &Context<'_>) -> u64 {
        match self {
            LogTask::Retention | LogTask::StartOffsetCheckpoint | LogTask::RecoveryPointCheckpoint => {
                cx.setup.config.log_initial_task_delay_ms
            }
            LogTask::ProducerExpiry | LogTask::Cleaner => self.interval_ms(cx),
        }
    }

    fn interval_ms(self, cx: &Context<'_>) -> u64 {
        let config = &cx.setup.config;
        match self {
            LogTask::Retention => config.log_retention_check_interval_ms,
            LogTask::StartOffsetCheckpoint => u64::from(config.log_flush_start_offset_checkpoint_interval_ms),
            LogTask::RecoveryPointCheckpoint => u64::from(config.log_flush_offset_checkpoint_interval_ms),
            LogTask::ProducerExpiry => u64::from(config.producer_id_expiration_check_interval_ms),
            LogTask::Cleaner => config.log_cleaner_backoff_ms,
        }
    }
}

/// The process starts: each task has its first time.
pub(super) fn schedule_all(cx: &mut Context<'_>) {
    let has_cleaner = cx.setup.config.log_cleaner_enable;
    for task in LogTask::ALL.into_iter().filter(|task| has_cleaner || *task != LogTask::Cleaner) {
        cx.out.set_timer(BrokerTimer::Log(task), cx.now.plus_ms(task.first_delay_ms(cx)));
    }
}

impl ReplicaManager {
    /// Does a task whose time has come, and sets its next time.
    pub(super) fn log_task(&mut self, task: LogTask, cx: &mut Context<'_>) {
        let now_ms = cx.now_ms();
        match task {
            LogTask::Retention => self.delete_old_segments(false, cx),
            LogTask::StartOffsetCheckpoint => self.change_logs(Log::checkpoint_log_start_offset),
            LogTask::RecoveryPointCheckpoint => self.change_logs(Log::checkpoint_recovery_point),
            LogTask::Cleaner => self.clean_logs(cx),
            LogTask::ProducerExpiry => self.change_logs(|log| log.remove_expired_producers(now_ms)),
        }
        // An interval of 0 must not stop the clock.
        cx.out.set_timer(BrokerTimer::Log(task), cx.now.plus_ms(task.interval_ms(cx).max(1)));
    }

    /// Does something with each log; those that it leaves as they are stay shared with older states.
    fn change_logs(&mut self, change: impl Fn(&mut Log)) {
        for partition in self.partitions.values_mut() {
            let mut log = partition.log.clone();
            change(&mut log);
            if log != partition.log {
                Rc::make_mut(partition).log = log;
            }
        }
    }

    /// Deletes old segments of all logs that are compacted, or of all that are not (`LogManager.cleanupLogs`): of the
    /// former the cleaner takes care.
    pub(super) fn delete_old_segments(&mut self, compacted: bool, cx: &mut Context<'_>) {
        let now_ms = cx.setup.clock.now_ms(cx.now);
        for partition in
            self.partitions.values_mut().filter(|partition| partition.log.config().is_compacted == compacted)
        {
            let mut log = partition.log.clone();
            if !log.delete_old_segments(now_ms) {
                continue;
            }
            let (from, to) = (partition.log.log_start_offset(), log.log_start_offset());
            Rc::make_mut(partition).log = log;
            if from != to {
                let partition = partition.topic_partition.clone();
                cx.out.note(Note::LogStartMoved { broker: cx.setup.id, partition, to });
            }
        }
    }
}

//! What happened in a run, counted: to know that schedules get where guarantees are put to the test.

use std::fmt;
use std::ops::AddAssign;

use crate::kafka::note::{GroupState, Note, SendOutcome};
use crate::kafka::protocol::ErrorCode;
use crate::sim::{EventKind, World};

/// Things worth counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    Killed,
    Stopped,
    Paused,
    LinkCut,
    MessageLost,
    MessageHeld,
    PowerLost,
    UnflushedLost,
    Halted,
    DiskSlowed,
    LinkSlowed,
    LinkLossy,
    ClockSkewed,
    TimestampRefused,
    QuorumElection,
    LeaderElection,
    Leaderless,
    IsrChange,
    Truncation,
    CommittedRecord,
    Acknowledged,
    NotWritten,
    InDoubt,
    Retry,
    Duplicate,
    NotEnoughReplicas,
    OutOfOrder,
    EpochBump,
    Rebalance,
    Processed,
    Commit,
    CommitFailed,
    LogStartMoved,
    RecordCompacted,
    TombstoneRemoved,
}

impl Seen {
    pub const ALL: [Seen; 35] = [
        Seen::Killed,
        Seen::Stopped,
        Seen::Paused,
        Seen::LinkCut,
        Seen::MessageLost,
        Seen::MessageHeld,
        Seen::PowerLost,
        Seen::UnflushedLost,
        Seen::Halted,
        Seen::DiskSlowed,
        Seen::LinkSlowed,
        Seen::LinkLossy,
        Seen::ClockSkewed,
        Seen::TimestampRefused,
        Seen::QuorumElection,
        Seen::LeaderElection,
        Seen::Leaderless,
        Seen::IsrChange,
        Seen::Truncation,
        Seen::CommittedRecord,
        Seen::Acknowledged,
        Seen::NotWritten,
        Seen::InDoubt,
        Seen::Retry,
        Seen::Duplicate,
        Seen::NotEnoughReplicas,
        Seen::OutOfOrder,
        Seen::EpochBump,
        Seen::Rebalance,
        Seen::Processed,
        Seen::Commit,
        Seen::CommitFailed,
        Seen::LogStartMoved,
        Seen::RecordCompacted,
        Seen::TombstoneRemoved,
    ];

    /// In words, for many of them.
    pub const fn name(self) -> &'static str {
        match self {
            Seen::Killed => "processes killed",
            Seen::Stopped => "processes stopped",
            Seen::Paused => "processes paused",
            Seen::LinkCut => "links cut",
            Seen::MessageLost => "messages lost",
            Seen::MessageHeld => "messages held",
            Seen::PowerLost => "machines without power",
            Seen::UnflushedLost => "logs that lost their end with it",
            Seen::Halted => "processes halted by a full disk",
            Seen::DiskSlowed => "disks slowed",
            Seen::LinkSlowed => "links slowed",
            Seen::LinkLossy => "links made lossy",
            Seen::ClockSkewed => "clocks put wrong",
            Seen::TimestampRefused => "batches refused for their time",
            Seen::QuorumElection => "quorum elections",
            Seen::LeaderElection => "leader elections",
            Seen::Leaderless => "partitions without leader",
            Seen::IsrChange => "ISR changes",
            Seen::Truncation => "truncations",
            Seen::CommittedRecord => "records committed",
            Seen::Acknowledged => "sends acknowledged",
            Seen::NotWritten => "sends failed, not written",
            Seen::InDoubt => "sends failed, in doubt",
            Seen::Retry => "batches sent again",
            Seen::Duplicate => "duplicates recognised",
            Seen::NotEnoughReplicas => "batches refused below min ISR",
            Seen::OutOfOrder => "batches refused out of order",
            Seen::EpochBump => "producer epochs raised",
            Seen::Rebalance => "generations of the group",
            Seen::Processed => "records processed",
            Seen::Commit => "offsets committed",
            Seen::CommitFailed => "commits failed",
            Seen::LogStartMoved => "log starts moved",
            Seen::RecordCompacted => "records compacted away",
            Seen::TombstoneRemoved => "tombstones removed",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    counts: [u64; Seen::ALL.len()],
}

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage { counts: [0; Seen::ALL.len()] }
    }
}

impl Coverage {
    pub fn of(&self, seen: Seen) -> u64 {
        self.counts[seen as usize]
    }

    fn add(&mut self, seen: Seen, count: u64) {
        self.counts[seen as usize] += count;
    }

    /// Counts what the last step of a world brought.
    pub fn observe(&mut self, world: &World) {
        for event in world.events() {
            match &event.kind {
                EventKind::Note(note) => self.note(note),
                EventKind::NodeKilled => self.add(Seen::Killed, 1),
                EventKind::NodeStopped => self.add(Seen::Stopped, 1),
                EventKind::NodePaused => self.add(Seen::Paused, 1),
                EventKind::LinkCut { .. } => self.add(Seen::LinkCut, 1),
                EventKind::MessageDropped(_) => self.add(Seen::MessageLost, 1),
                EventKind::MessageHeld(_) => self.add(Seen::MessageHeld, 1),
                EventKind::PowerLost => self.add(Seen::PowerLost, 1),
                EventKind::NodeHalted => self.add(Seen::Halted, 1),
                EventKind::DiskSlowed { latency_us: 1.. } => self.add(Seen::DiskSlowed, 1),
                EventKind::LinkSlowed { by_us: 1.., .. } => self.add(Seen::LinkSlowed, 1),
                EventKind::LinkLossy { loss_ppm: 1.., .. } => self.add(Seen::LinkLossy, 1),
                EventKind::ClockSkewed { by_ms } if *by_ms != 0 => self.add(Seen::ClockSkewed, 1),
                _ => {}
            }
        }
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::QuorumLeaderElected { .. } => self.add(Seen::QuorumElection, 1),
            Note::LeaderElected { leader: Some(_), .. } => self.add(Seen::LeaderElection, 1),
            Note::LeaderElected { leader: None, .. } => self.add(Seen::Leaderless, 1),
            Note::IsrChanged { .. } => self.add(Seen::IsrChange, 1),
            Note::LogTruncated { .. } => self.add(Seen::Truncation, 1),
            Note::UnflushedLost { .. } => self.add(Seen::UnflushedLost, 1),
            Note::BatchRefused { error: ErrorCode::InvalidTimestamp, .. } => self.add(Seen::TimestampRefused, 1),
            Note::LogStartMoved { .. } => self.add(Seen::LogStartMoved, 1),
            Note::LogCleaned { records_removed, tombstones_removed, .. } => {
                self.add(Seen::RecordCompacted, u64::from(*records_removed));
                self.add(Seen::TombstoneRemoved, u64::from(*tombstones_removed));
            }
            Note::HighWatermarkAdvanced { from, to, is_leader: true, .. } => {
                self.add(Seen::CommittedRecord, (to - from).max(0) as u64);
            }
            Note::RecordsAcknowledged { sends, .. } => self.add(Seen::Acknowledged, u64::from(sends.count())),
            Note::RecordsFailed { sends, outcome, .. } => {
                let seen = match outcome {
                    SendOutcome::NotWritten => Seen::NotWritten,
                    SendOutcome::InDoubt => Seen::InDoubt,
                };
                self.add(seen, u64::from(sends.count()));
            }
            Note::BatchRetry { .. } => self.add(Seen::Retry, 1),
            Note::DuplicateBatch { .. } => self.add(Seen::Duplicate, 1),
            Note::BatchRefused { error: ErrorCode::NotEnoughReplicas, .. } => self.add(Seen::NotEnoughReplicas, 1),
            Note::BatchRefused { error: ErrorCode::OutOfOrderSequenceNumber, .. } => self.add(Seen::OutOfOrder, 1),
            Note::ProducerEpochBumped { .. } => self.add(Seen::EpochBump, 1),
            Note::GroupStateChanged { to: GroupState::Stable, .. } => self.add(Seen::Rebalance, 1),
            Note::RecordProcessed { .. } => self.add(Seen::Processed, 1),
            Note::OffsetCommitted { .. } => self.add(Seen::Commit, 1),
            Note::CommitFailed { .. } => self.add(Seen::CommitFailed, 1),
            _ => {}
        }
    }
}

impl AddAssign for Coverage {
    fn add_assign(&mut self, other: Coverage) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
    }
}

/// One line for each thing.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Seen::ALL.iter().try_for_each(|seen| writeln!(f, "{:>12} {}", self.of(*seen), seen.name()))
    }
}

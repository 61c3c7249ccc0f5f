//! The machines that processes run on: their power, their disks and their clocks.

use super::command::{Command, CommandError};
use super::event::{EventId, EventKind};
use super::world::World;
use crate::kafka::effects::Effects;
use crate::kafka::ids::NodeId;
use crate::kafka::setup::Disk;

/// Slowest disk, and slowest link, that can be asked for: ten minutes, longer than every time-out of Kafka's that counts.
const MAX_SLOWER_US: u64 = 600_000_000;
/// Wrongest clock that can be asked for, either way: a hundred years, so that sums of times stay far from any limit.
const MAX_SKEW_MS: i64 = 100 * 365 * 86_400_000;
/// All packets.
const MILLION: u32 = 1_000_000;

impl World {
    /// Whether the numbers of a command about machines and links make sense.
    pub(super) fn check_measures(&self, command: &Command) -> Result<(), CommandError> {
        let disk = |node: &NodeId| {
            let disk = self.process(*node).and_then(super::process::Process::disk);
            disk.ok_or_else(|| CommandError::Invalid(format!("{node} is a client: it keeps nothing on a disk")))
        };
        let at_most = |what: &str, value: u64, most: u64, unit: &str| match value <= most {
            true => Ok(()),
            false => Err(CommandError::Invalid(format!("{what} of {value} {unit}; at most {most} {unit}"))),
        };
        match command {
            Command::SlowDisk { node, latency_us } => {
                disk(node)?;
                at_most("a disk latency", *latency_us, MAX_SLOWER_US, "µs")
            }
            Command::FillDisk { node } if disk(node)?.is_full => Err(CommandError::DiskIs(*node, "full already")),
            Command::FreeDisk { node } if !disk(node)?.is_full => Err(CommandError::DiskIs(*node, "not full")),
            Command::SlowLink { by_us, .. } => at_most("a delay", *by_us, MAX_SLOWER_US, "µs"),
            Command::LoseOnLink { loss_ppm, .. } => {
                at_most("a loss", u64::from(*loss_ppm), u64::from(MILLION), "packets in a million")
            }
            Command::SkewClock { by_ms, .. } => {
                at_most("a skew", by_ms.unsigned_abs(), MAX_SKEW_MS.unsigned_abs(), "ms")
            }
            _ => Ok(()),
        }
    }

    /// The process ends, and with it goes what was only in the page cache.
    pub(super) fn lose_power(&mut self, node: NodeId, root: EventId) {
        let event = self.record(Some(node), Some(root), EventKind::PowerLost);
        self.end_process(node, event);
        let now = self.now();
        let mut out = Effects::new();
        if let Some(process) = self.processes.get_mut(&node) {
            process.lose_power(now, &mut out);
        }
        self.carry_out(node, event, out);
    }

    /// How much slower than usual the disk of a server is, and whether it is full. A client has none.
    pub fn disk(&self, node: NodeId) -> Disk {
        self.process(node).and_then(super::process::Process::disk).unwrap_or_default()
    }

    /// How far a machine's wall clock is ahead of the true time, milliseconds.
    pub fn clock_skew_ms(&self, node: NodeId) -> i64 {
        self.process(node).map_or(0, |process| process.clock().skew_ms)
    }

    fn set_disk(&mut self, node: NodeId, disk: Disk) {
        if let Some(process) = self.processes.get_mut(&node) {
            process.set_disk(disk);
        }
    }

    pub(super) fn slow_disk(&mut self, node: NodeId, latency_us: u64, root: EventId) {
        let disk = Disk { latency_us, ..self.disk(node) };
        self.set_disk(node, disk);
        self.record(Some(node), Some(root), EventKind::DiskSlowed { latency_us });
    }

    pub(super) fn fill_disk(&mut self, node: NodeId, is_full: bool, root: EventId) {
        let disk = Disk { is_full, ..self.disk(node) };
        self.set_disk(node, disk);
        let kind = if is_full { EventKind::DiskFilled } else { EventKind::DiskFreed };
        self.record(Some(node), Some(root), kind);
    }

    pub(super) fn skew_clock(&mut self, node: NodeId, by_ms: i64, root: EventId) {
        let mut clock = self.clock();
        clock.skew_ms = by_ms;
        if let Some(process) = self.processes.get_mut(&node) {
            process.set_clock(clock);
        }
        self.record(Some(node), Some(root), EventKind::ClockSkewed { by_ms });
    }
}

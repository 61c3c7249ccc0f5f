//! Machines and links that are not as they should be: their state, and what is said when it changes.

use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::words;
use crate::kafka::ids::NodeId;
use crate::sim::{Event, EventKind, Link, LinkQuality, World};

/// A machine with a bad disk or a wrong clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineFrame {
    pub node: NodeId,
    /// What each append and each read takes besides.
    pub disk_latency_us: u64,
    pub disk_is_full: bool,
    /// How far the wall clock is ahead of the true time; below 0: behind it.
    pub clock_skew_ms: i64,
}

/// One way of a link that is slower than the network, or loses packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLinkFrame {
    pub from: NodeId,
    pub to: NodeId,
    pub slower_us: u64,
    /// Packets lost of a million.
    pub loss_ppm: u32,
}

/// All machines that have something wrong with them.
pub fn machines(world: &World) -> Vec<MachineFrame> {
    let machine = |node: &NodeId| {
        let disk = world.disk(*node);
        MachineFrame {
            node: *node,
            disk_latency_us: disk.latency_us,
            disk_is_full: disk.is_full,
            clock_skew_ms: world.clock_skew_ms(*node),
        }
    };
    world.processes().keys().map(machine).filter(MachineFrame::is_bad).collect()
}

/// All links that have something wrong with them, those that are cut left out.
pub fn bad_links(world: &World) -> Vec<BadLinkFrame> {
    let bad = |(link, LinkQuality { slower_us, loss_ppm }): (Link, LinkQuality)| BadLinkFrame {
        from: link.from,
        to: link.to,
        slower_us,
        loss_ppm,
    };
    world.bad_links().map(bad).collect()
}

impl MachineFrame {
    fn is_bad(&self) -> bool {
        self.disk_is_full || self.disk_latency_us > 0 || self.clock_skew_ms != 0
    }

    /// What is wrong, each in a few words and in one: `disk full` and `disk`, `clock 6 days ahead` and `clock`.
    pub fn badges(&self) -> Vec<[String; 2]> {
        let disk = match (self.disk_is_full, self.disk_latency_us) {
            (false, 0) => None,
            (true, _) => Some("disk full"),
            (false, _) => Some("slow disk"),
        };
        let disk = disk.map(|words| [words.into(), "disk".into()]);
        let clock = (self.clock_skew_ms != 0).then(|| [format!("clock {}", self.clock_words()), "clock".into()]);
        disk.into_iter().chain(clock).collect()
    }

    /// All that is wrong, as a list; empty: nothing is.
    pub fn badge_words(&self) -> String {
        self.badges().iter().map(|[words, _]| words.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// `full, 100 ms slower`; `as it should be`.
    pub fn disk_words(&self) -> String {
        match (self.disk_is_full, self.disk_latency_us) {
            (false, 0) => "as it should be".into(),
            (true, 0) => "full".into(),
            (false, us) => format!("{} slower", words::span(us)),
            (true, us) => format!("full, {} slower", words::span(us)),
        }
    }

    /// `10 min ahead`; `right`.
    pub fn clock_words(&self) -> String {
        skew_words(self.clock_skew_ms)
    }
}

impl BadLinkFrame {
    /// `200 ms slower, loses 10 % of the packets`.
    pub fn words(&self) -> String {
        let slower = (self.slower_us > 0).then(|| format!("{} slower", words::span(self.slower_us)));
        let lossy = (self.loss_ppm > 0).then(|| format!("loses {} of the packets", percent(self.loss_ppm)));
        slower.into_iter().chain(lossy).collect::<Vec<_>>().join(", ")
    }
}

/// `10 %`, `0.5 %`, `0.0001 %`.
fn percent(ppm: u32) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    match rest {
        0 => format!("{whole} %"),
        _ => format!("{whole}.{} %", format!("{rest:04}").trim_end_matches('0')),
    }
}

fn skew_words(by_ms: i64) -> String {
    let span = match by_ms.unsigned_abs() {
        0 => return "right".into(),
        ms if ms % 86_400_000 == 0 => words::count(ms / 86_400_000, "day", "days"),
        ms if ms % 3_600_000 == 0 => format!("{} h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms => words::span(ms.saturating_mul(1_000)),
    };
    format!("{span} {}", if by_ms > 0 { "ahead" } else { "behind" })
}

/// The sentence of an event that is about a machine or a link, with its weight (see [`super::sentence`]); None: it is
/// about something else.
pub fn sentence(event: &Event, frame: &Frame) -> Option<(u8, String)> {
    let node = event.node.map_or_else(|| "a process".into(), |node| frame.node_name(node));
    let link = |from: &NodeId, to: &NodeId| format!("from {} to {}", frame.node_name(*from), frame.node_name(*to));
    Some(match &event.kind {
        EventKind::PowerLost => {
            (9, format!("The power of {node} is cut: the process ends, and what was not on the disk yet is lost."))
        }
        EventKind::NodeHalted => (9, format!("There is no way to go on for {node}: it halts.")),
        EventKind::DiskSlowed { latency_us: 0 } => (8, format!("The disk of {node} is as fast as before.")),
        EventKind::DiskSlowed { latency_us } => {
            (9, format!("The disk of {node} is slow: each append and read takes {} more.", words::span(*latency_us)))
        }
        EventKind::DiskFilled => (9, format!("The disk of {node} is full: the next write will fail.")),
        EventKind::DiskFreed => (8, format!("The disk of {node} has space again.")),
        EventKind::LinkSlowed { from, to, by_us: 0 } => {
            (8, format!("Messages {} are as fast as before.", link(from, to)))
        }
        EventKind::LinkSlowed { from, to, by_us } => {
            (9, format!("Messages {} take {} more.", link(from, to), words::span(*by_us)))
        }
        EventKind::LinkLossy { from, to, loss_ppm: 0 } => {
            (8, format!("No packet {} is lost any more.", link(from, to)))
        }
        EventKind::LinkLossy { from, to, loss_ppm } => (
            9,
            format!(
                "{} of the packets {} are lost from now on. TCP sends them again, so messages come late.",
                percent(*loss_ppm),
                link(from, to)
            ),
        ),
        EventKind::ClockSkewed { by_ms: 0 } => (8, format!("The clock of {node} is right again.")),
        EventKind::ClockSkewed { by_ms } => (9, format!("The clock of {node} is {} now.", skew_words(*by_ms))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_read_like_speech() {
        for (ppm, words) in [(100_000, "10 %"), (5_000, "0.5 %"), (1, "0.0001 %"), (1_000_000, "100 %")] {
            assert_eq!(percent(ppm), words);
        }
        for (ms, words) in
            [(600_000, "10 min ahead"), (-7_200_000, "2 h behind"), (1_500, "1.5 s ahead"), (86_400_000, "1 day ahead")]
        {
            assert_eq!(skew_words(ms), words);
        }
        let link =
            BadLinkFrame { from: NodeId::broker(0), to: NodeId::broker(1), slower_us: 200_000, loss_ppm: 10_000 };
        assert_eq!(link.words(), "200 ms slower, loses 1 % of the packets");
        let machine =
            MachineFrame { node: NodeId::broker(0), disk_latency_us: 1_000, disk_is_full: true, clock_skew_ms: 0 };
        assert_eq!((machine.disk_words().as_str(), machine.clock_words().as_str()), ("full, 1.0 ms slower", "right"));
    }
}

//! What can go wrong with machines and links in a schedule, and what puts it right.

use super::draw::Draw;
use super::fault::{Repair, Role, Strike, all_nodes, any_link, away};
use super::plan::Plan;
use crate::kafka::ids::NodeId;
use crate::kafka::random::Random;
use crate::sim::network::Link;
use crate::sim::{Command, World};

/// What is wrong with a machine or a link, and can be put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    SlowDisk(NodeId),
    FullDisk(NodeId),
    SlowLink(Link),
    LossyLink(Link),
    Clock(NodeId),
}

impl Mend {
    pub fn command(self) -> Command {
        match self {
            Mend::SlowDisk(node) => Command::SlowDisk { node, latency_us: 0 },
            Mend::FullDisk(node) => Command::FreeDisk { node },
            Mend::SlowLink(Link { from, to }) => Command::SlowLink { from, to, by_us: 0, one_way: false },
            Mend::LossyLink(Link { from, to }) => Command::LoseOnLink { from, to, loss_ppm: 0, one_way: false },
            Mend::Clock(node) => Command::SkewClock { node, by_ms: 0 },
        }
    }
}

/// Slowest disk of a schedule: a write that takes longer than this is a broken disk.
const SLOWEST_DISK_US: u64 = 1_000_000;
/// Slowest link of a schedule.
const SLOWEST_LINK_US: u64 = 5_000_000;
/// Most packets lost of a million.
const MOST_LOSS_PPM: u64 = 500_000;
/// Wrongest clock, either way: beyond `message.timestamp.after.max.ms`, and far from any retention.
const MOST_SKEW_MS: u64 = 7_200_000;

/// A broker or a controller finds no space on its disk, and will halt at its next write: it counts as one that is away.
pub(super) fn fill_disk(plan: &Plan, world: &World, random: &mut Random) -> Strike {
    let role = if random.percent(75) { Role::Broker } else { Role::Controller };
    let mut strike = away(role, plan, world, random, |node| (Command::FillDisk { node }, Repair::Start(node)));
    if let [Repair::Start(node)] = strike.repairs[..] {
        strike.repairs.insert(0, Repair::Mend(Mend::FullDisk(node)));
    }
    strike
}

/// Something goes wrong with one machine; `is_server`: only brokers and controllers have a disk.
fn on_machine(
    world: &World,
    random: &mut Random,
    is_server: bool,
    how: impl FnOnce(NodeId, &mut Random) -> (Command, Mend),
) -> Strike {
    let mut nodes = all_nodes(world);
    nodes.retain(|node| !is_server || !matches!(node, NodeId::Client(_)));
    if nodes.is_empty() {
        return Strike::default();
    }
    let node = random.one_of(&nodes);
    let (command, mend) = how(node, random);
    Strike { commands: vec![command], repairs: vec![Repair::Mend(mend)], ..Strike::default() }
}

/// Something goes wrong with one link.
fn on_link(world: &World, random: &mut Random, how: impl FnOnce(Link, &mut Random) -> (Command, Mend)) -> Strike {
    let Some(link) = any_link(world, random) else { return Strike::default() };
    let (command, mend) = how(link, random);
    Strike { commands: vec![command], repairs: vec![Repair::Mend(mend)], ..Strike::default() }
}

/// A disk takes its time.
pub(super) fn slow_disk(world: &World, random: &mut Random) -> Strike {
    on_machine(world, random, true, |node, random| {
        (Command::SlowDisk { node, latency_us: random.spread(SLOWEST_DISK_US) }, Mend::SlowDisk(node))
    })
}

/// A clock is ahead, or behind.
pub(super) fn skew_clock(world: &World, random: &mut Random) -> Strike {
    on_machine(world, random, false, |node, random| {
        let by_ms = random.spread(MOST_SKEW_MS) as i64;
        let by_ms = if random.percent(50) { by_ms } else { -by_ms };
        (Command::SkewClock { node, by_ms }, Mend::Clock(node))
    })
}

/// A link takes its time, one way or both.
pub(super) fn slow_link(world: &World, random: &mut Random) -> Strike {
    on_link(world, random, |Link { from, to }, random| {
        let (by_us, one_way) = (random.spread(SLOWEST_LINK_US), random.percent(50));
        (Command::SlowLink { from, to, by_us, one_way }, Mend::SlowLink(Link { from, to }))
    })
}

/// A link loses packets, one way or both.
pub(super) fn lossy_link(world: &World, random: &mut Random) -> Strike {
    on_link(world, random, |Link { from, to }, random| {
        let (loss_ppm, one_way) = (random.spread(MOST_LOSS_PPM) as u32, random.percent(50));
        (Command::LoseOnLink { from, to, loss_ppm, one_way }, Mend::LossyLink(Link { from, to }))
    })
}

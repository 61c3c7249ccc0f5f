//! What a person can do to a thing: commands with words for them. A click on one makes that command and nothing else.

use serde::{Deserialize, Serialize};

use super::frame::{Frame, Life, Transit};
use super::thing::Thing;
use super::trouble::BadLinkFrame;
use crate::kafka::ids::NodeId;
use crate::sim::{Command, MessageId};

/// Something that can be done now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub label: String,
    pub help: String,
    pub command: Command,
}

fn offer(label: impl Into<String>, help: impl Into<String>, command: Command) -> Offer {
    Offer { label: label.into(), help: help.into(), command }
}

/// What can be done to a thing at this moment.
pub fn offers(frame: &Frame, thing: &Thing) -> Vec<Offer> {
    match thing {
        Thing::Message(id) => message(frame, *id),
        Thing::Link(from, to) => {
            let mut offers = vec![link(frame, *from, *to)];
            offers.extend(link_weather(frame, *from, *to));
            offers
        }
        Thing::Controller(_) | Thing::Broker(_) | Thing::Producer(_) | Thing::Consumer(_) => {
            thing.node().map(|node| process(frame, node)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn life(frame: &Frame, node: NodeId) -> Option<Life> {
    match node {
        NodeId::Broker(id) => frame.broker(id).map(|broker| broker.life),
        NodeId::Controller(id) => frame.controllers.iter().find(|one| one.id == id).map(|one| one.life),
        NodeId::Client(id) => {
            frame.producer(id).map(|producer| producer.life).or(frame.consumer(id).map(|(_, consumer)| consumer.life))
        }
    }
}

fn process(frame: &Frame, node: NodeId) -> Vec<Offer> {
    let server = !matches!(node, NodeId::Client(_));
    let kill = if server { "Kill" } else { "Crash" };
    let kill =
        offer(kill, "The process ends at once (SIGKILL). What it had only in memory is gone.", Command::Kill { node });
    let lose_power = || {
        let help = "The process ends at once, and what was only in the page cache is lost, too.";
        offer("Cut the power", help, Command::LosePower { node })
    };
    let mut offers = match life(frame, node) {
        None => return Vec::new(),
        Some(Life::Down) => {
            let help =
                if server { "The process starts again, with the files it left." } else { "The process starts again." };
            let mut offers = vec![offer("Start again", help, Command::Start { node })];
            offers.extend(machine(frame, node));
            return offers;
        }
        Some(Life::Paused) => {
            vec![
                offer(
                    "Let it go on",
                    "The process goes on as if no time had passed (SIGCONT).",
                    Command::Resume { node },
                ),
                kill,
            ]
        }
        Some(Life::Running) => {
            let pause =
                offer("Pause", "The process hangs, and knows nothing of it (SIGSTOP).", Command::Pause { node });
            let stop = offer(
                "Stop in good order",
                "It hands over what it leads, then ends (SIGTERM).",
                Command::Stop { node },
            );
            if server { vec![kill, pause, stop, lose_power()] } else { vec![kill, pause] }
        }
    };
    offers.extend(machine(frame, node));
    if let NodeId::Broker(own) = node {
        let others = frame.brokers.iter().filter(|broker| broker.id != own);
        offers.extend(others.map(|broker| link(frame, node, NodeId::Broker(broker.id))));
    }
    offers
}

fn link(frame: &Frame, from: NodeId, to: NodeId) -> Offer {
    let cut = frame.cut_links.iter().any(|cut| (cut.from, cut.to) == (from, to) || (cut.to, cut.from) == (from, to));
    let names = format!("{} and {}", frame.node_name(from), frame.node_name(to));
    match cut {
        true => offer(
            format!("Heal the link to {}", frame.node_name(to)),
            format!("What waits between {names} goes on."),
            Command::HealLink { from, to },
        ),
        false => offer(
            format!("Cut the link to {}", frame.node_name(to)),
            format!("Nothing passes between {names} until it is healed."),
            Command::CutLink { from, to, one_way: false },
        ),
    }
}

/// What can be done to the machine of a process: to its disk, if it keeps anything there, and to its clock.
fn machine(frame: &Frame, node: NodeId) -> Vec<Offer> {
    let bad = frame.bad_machine(node);
    let mut offers = Vec::new();
    if !matches!(node, NodeId::Client(_)) {
        offers.push(match bad.is_some_and(|machine| machine.disk_is_full) {
            true => offer("Free the disk", "There is space again.", Command::FreeDisk { node }),
            false => offer("Fill the disk", "The next write fails, and the process halts.", Command::FillDisk { node }),
        });
        offers.push(match bad.is_some_and(|machine| machine.disk_latency_us > 0) {
            true => offer(
                "Make the disk fast again",
                "Appends and reads take as long as before.",
                Command::SlowDisk { node, latency_us: 0 },
            ),
            false => offer(
                "Slow the disk by 100 ms",
                "Each append and each read takes 100 ms more.",
                Command::SlowDisk { node, latency_us: 100_000 },
            ),
        });
    }
    offers.push(match bad.is_some_and(|machine| machine.clock_skew_ms != 0) {
        true => offer("Set the clock right", "Its wall clock is right again.", Command::SkewClock { node, by_ms: 0 }),
        false => offer(
            "Set the clock 2 h ahead",
            "Times that it stamps or compares are wrong; its timers are not.",
            Command::SkewClock { node, by_ms: 7_200_000 },
        ),
    });
    offers
}

/// How a link can be made worse than the network, and good again.
fn link_weather(frame: &Frame, from: NodeId, to: NodeId) -> [Offer; 2] {
    let either = |is: fn(&BadLinkFrame) -> bool| {
        [(from, to), (to, from)].iter().any(|(from, to)| frame.bad_link(*from, *to).is_some_and(is))
    };
    [
        match either(|link| link.slower_us > 0) {
            true => offer(
                "Make the link fast again",
                "Messages take as long as before.",
                Command::SlowLink { from, to, by_us: 0, one_way: false },
            ),
            false => offer(
                "Slow the link by 200 ms",
                "Each message takes 200 ms more, both ways.",
                Command::SlowLink { from, to, by_us: 200_000, one_way: false },
            ),
        },
        match either(|link| link.loss_ppm > 0) {
            true => offer(
                "Lose no packets any more",
                "Messages come without delay again.",
                Command::LoseOnLink { from, to, loss_ppm: 0, one_way: false },
            ),
            false => offer(
                "Lose every tenth packet",
                "TCP sends lost packets again after 200 ms and more, so messages come late.",
                Command::LoseOnLink { from, to, loss_ppm: 100_000, one_way: false },
            ),
        },
    ]
}

fn message(frame: &Frame, id: u64) -> Vec<Offer> {
    let Some(one) = frame.message(id) else { return Vec::new() };
    let message = MessageId(id);
    let drop =
        offer("Drop", "The connection breaks: this message and all others on it are lost.", Command::Drop { message });
    match one.transit {
        Transit::Held => vec![offer("Release", "The message goes on.", Command::Release { message }), drop],
        Transit::Travelling => vec![
            offer("Hold", "The message stops, and those behind it on its connection wait.", Command::Hold { message }),
            offer("Delay by 10 ms", "The message arrives later.", Command::Delay { message, by_us: 10_000 }),
            drop,
        ],
        Transit::Stalled | Transit::Waiting => vec![drop],
    }
}

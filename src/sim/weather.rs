//! Links that are slower than the network, or lose packets.
//!
//! TCP hides a lost packet: it is sent again after a retransmission time-out, and what was sent behind it waits. So loss
//! is seen as delay. The first time-out is 200 ms and doubles each time (RFC 6298; Linux `TCP_RTO_MIN`, `TCP_RTO_MAX`,
//! `net.ipv4.tcp_retries2`); after fifteen in vain TCP gives up and the connection breaks. A message counts as one packet,
//! and fast retransmission, which needs packets behind the lost one, is left out: requests and answers are short.

use super::event::{EventId, EventKind};
use super::network::{ConnectionId, Link, LinkQuality, MessageId};
use super::world::World;
use crate::kafka::ids::NodeId;

/// First retransmission time-out.
const RTO_MIN_US: u64 = 200_000;
/// Longest retransmission time-out.
const RTO_MAX_US: u64 = 120_000_000;
/// How many times a packet is sent again.
const RETRIES: u32 = 15;
/// All packets.
const MILLION: u64 = 1_000_000;

/// How a message gets over a bad link.
pub(super) struct Passage {
    /// What it takes besides, microseconds.
    pub delay_us: u64,
    pub retransmissions: u32,
    /// TCP gives up after the delay.
    pub is_given_up: bool,
}

impl World {
    /// How a link is worse than the network; None: it is not.
    pub fn link_quality(&self, from: NodeId, to: NodeId) -> Option<LinkQuality> {
        match self.bad_links.is_empty() {
            true => None,
            false => self.bad_links.get(&Link { from, to }).copied(),
        }
    }

    /// All links that are worse than the network.
    pub fn bad_links(&self) -> impl Iterator<Item = (Link, LinkQuality)> {
        self.bad_links.iter().map(|(link, quality)| (*link, *quality))
    }

    /// Draws how often a message is lost on this link.
    pub(super) fn passage(&mut self, quality: LinkQuality) -> Passage {
        let mut passage = Passage { delay_us: quality.slower_us, retransmissions: 0, is_given_up: false };
        let mut timeout_us = RTO_MIN_US;
        while quality.loss_ppm > 0 && self.network_random.below(MILLION) < u64::from(quality.loss_ppm) {
            passage.delay_us += timeout_us;
            if passage.retransmissions == RETRIES {
                passage.is_given_up = true;
                break;
            }
            passage.retransmissions += 1;
            timeout_us = (2 * timeout_us).min(RTO_MAX_US);
        }
        passage
    }

    /// A message was sent in vain too many times: it is lost, and its connection breaks.
    pub(super) fn give_up(&mut self, id: MessageId, connection: ConnectionId, generation: u32) {
        let event = self.lose(id);
        if self.connections.get(&connection).is_some_and(|entry| entry.generation == generation) {
            self.break_connection(connection, event);
        }
    }

    fn change_link(&mut self, link: Link, change: impl FnOnce(&mut LinkQuality)) {
        let quality = self.bad_links.entry(link).or_default();
        change(quality);
        if *quality == LinkQuality::default() {
            self.bad_links.remove(&link);
        }
    }

    /// What is on its way already arrives as it would have; what is sent from now on does not overtake it.
    pub(super) fn slow_link(&mut self, from: NodeId, to: NodeId, by_us: u64, root: EventId) {
        self.change_link(Link { from, to }, |quality| quality.slower_us = by_us);
        self.record(None, Some(root), EventKind::LinkSlowed { from, to, by_us });
    }

    pub(super) fn lose_on_link(&mut self, from: NodeId, to: NodeId, loss_ppm: u32, root: EventId) {
        self.change_link(Link { from, to }, |quality| quality.loss_ppm = loss_ppm);
        self.record(None, Some(root), EventKind::LinkLossy { from, to, loss_ppm });
    }
}

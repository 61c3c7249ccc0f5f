//! Which brokers live, as the active controller sees it (`BrokerHeartbeatManager`, `BrokerHeartbeatTracker`). Volatile: a
//! new active controller begins with the session of every unfenced broker fresh.

use crate::kafka::ids::{BrokerId, Offset, SimTime};
use crate::kafka::metadata::{BrokerRegistration, MetadataImage};
use crate::kafka::sorted::SortedMap;

/// What the last heartbeat of one broker said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerHeartbeat {
    /// When this incarnation was heard of last; None: never, or its session has ended since.
    pub last_contact: Option<SimTime>,
    /// The highest offset of the metadata log that the broker has replayed; -1: not known.
    pub metadata_offset: Offset,
    pub fenced: bool,
    /// Offset of the last record of the batch by which the broker's leaderships were taken: the others must have
    /// replayed it before the broker may go.
    pub controlled_shutdown_offset: Option<Offset>,
}

/// Where a broker stands, or will stand (`BrokerControlState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BrokerControlState {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl BrokerControlState {
    pub const fn is_fenced(self) -> bool {
        matches!(self, BrokerControlState::Fenced | BrokerControlState::ShutdownNow)
    }
}

/// What a heartbeat asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub fence: bool,
    pub shut_down: bool,
    /// Whether the broker has replayed its own registration.
    pub is_caught_up: bool,
    /// Whether it leads any partition.
    pub has_leaderships: bool,
}

/// The heartbeats of all registered brokers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct BrokerHeartbeats {
    brokers: SortedMap<BrokerId, BrokerHeartbeat>,
}

impl BrokerHeartbeats {
    /// What a new active controller begins with.
    pub fn of_image(image: &MetadataImage, now: SimTime) -> BrokerHeartbeats {
        let fresh = |registration: &BrokerRegistration| BrokerHeartbeat {
            last_contact: (!registration.fenced).then_some(now),
            metadata_offset: -1,
            fenced: registration.fenced,
            controlled_shutdown_offset: None,
        };
        BrokerHeartbeats { brokers: image.brokers.values().map(|broker| (broker.broker, fresh(broker))).collect() }
    }

    pub fn get(&self, broker: BrokerId) -> Option<&BrokerHeartbeat> {
        self.brokers.get(&broker)
    }

    /// A new incarnation: fenced, and nothing is known of it.
    pub fn register(&mut self, broker: BrokerId) {
        let heartbeat =
            BrokerHeartbeat { last_contact: None, metadata_offset: -1, fenced: true, controlled_shutdown_offset: None };
        self.brokers.insert(broker, heartbeat);
    }

    /// The broker is no longer registered.
    pub fn remove(&mut self, broker: BrokerId) {
        self.brokers.remove(&broker);
    }

    /// A heartbeat has come; `fenced`: as the broker stands after it.
    pub fn touch(&mut self, broker: BrokerId, fenced: bool, metadata_offset: Offset, now: SimTime) {
        if let Some(heartbeat) = self.brokers.get_mut(&broker) {
            heartbeat.last_contact = Some(now);
            heartbeat.metadata_offset = metadata_offset;
            heartbeat.fenced = fenced;
            if fenced {
                heartbeat.controlled_shutdown_offset = None;
            }
        }
    }

    /// The broker's session has ended.
    pub fn end_session(&mut self, broker: BrokerId) {
        if let Some(heartbeat) = self.brokers.get_mut(&broker) {
            heartbeat.last_contact = None;
            heartbeat.fenced = true;
            heartbeat.controlled_shutdown_offset = None;
        }
    }

    /// The broker has entered its controlled shutdown with the batch that ends with `offset`.
    pub fn begin_controlled_shutdown(&mut self, broker: BrokerId, offset: Offset) {
        if let Some(heartbeat) = self.brokers.get_mut(&broker) {
            heartbeat.controlled_shutdown_offset.get_or_insert(offset);
        }
    }

    /// Whether this incarnation of the broker was heard of within the session time-out, be it fenced or not: one that
    /// has shut down in order has a session until it would have been missed.
    pub fn has_valid_session(&self, broker: BrokerId, session_timeout_ms: u32, now: SimTime) -> bool {
        let last_contact = self.brokers.get(&broker).and_then(|heartbeat| heartbeat.last_contact);
        last_contact.is_some_and(|at| now < at.plus_ms(u64::from(session_timeout_ms)))
    }

    /// Whether the broker's session has run out, and nobody has noticed so far (`maybeRemoveExpired`).
    pub fn is_expired(&self, broker: BrokerId, session_timeout_ms: u32, now: SimTime) -> bool {
        self.brokers.get(&broker).is_some_and(|heartbeat| heartbeat.last_contact.is_some())
            && !self.has_valid_session(broker, session_timeout_ms, now)
    }

    pub fn is_shutting_down(&self, broker: BrokerId) -> bool {
        self.brokers.get(&broker).is_some_and(|heartbeat| heartbeat.controlled_shutdown_offset.is_some())
    }

    /// The lowest metadata offset that an active broker has replayed; None: no broker is active.
    fn lowest_active_offset(&self) -> Option<Offset> {
        let active = |heartbeat: &&BrokerHeartbeat| !heartbeat.fenced && heartbeat.controlled_shutdown_offset.is_none();
        self.brokers.values().filter(active).map(|heartbeat| heartbeat.metadata_offset).min()
    }

    /// Where the broker stands now and after a heartbeat with this wish (`calculateNextBrokerState`).
    pub fn next_state(&self, broker: BrokerId, wish: Wish) -> (BrokerControlState, BrokerControlState) {
        use BrokerControlState::*;
        let Some(heartbeat) = self.brokers.get(&broker) else {
            return (Fenced, Fenced);
        };
        match heartbeat.controlled_shutdown_offset {
            Some(offset) => {
                let everybody_knows = self.lowest_active_offset().is_none_or(|lowest| offset <= lowest);
                let may_go = !wish.has_leaderships && everybody_knows;
                (ControlledShutdown, if may_go { ShutdownNow } else { ControlledShutdown })
            }
            None if heartbeat.fenced => {
                let next = match wish {
                    Wish { shut_down: true, .. } => ShutdownNow,
                    Wish { fence: false, is_caught_up: true, .. } => Unfenced,
                    _ => Fenced,
                };
                (Fenced, next)
            }
            None => {
                let next = match wish {
                    Wish { fence: true, shut_down: true, .. } => ShutdownNow,
                    Wish { fence: true, .. } => Fenced,
                    Wish { shut_down: true, has_leaderships: true, .. } => ControlledShutdown,
                    Wish { shut_down: true, .. } => ShutdownNow,
                    _ => Unfenced,
                };
                (Unfenced, next)
            }
        }
    }
}

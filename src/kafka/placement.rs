//! On which brokers the replicas of a new topic are placed (`StripedReplicaPlacer`).
//!
//! Partitions walk over the racks, and in each rack over its brokers, so that leaders and replicas are spread evenly.
//! Where the walk begins is drawn at random, once for each rack's brokers and once for the racks.

use std::fmt;

use crate::kafka::hash::java_hash_map::java_hash_map_order;
use crate::kafka::hash::java_string_hash::java_string_hash;
use crate::kafka::ids::BrokerId;
use crate::kafka::sorted::SmallSort;

/// A registered broker, as the placer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UsableBroker {
    pub id: BrokerId,
    /// `broker.rack`.
    pub rack: Option<String>,
    pub fenced: bool,
}

/// Why replicas cannot be placed; all are `INVALID_REPLICATION_FACTOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlacementError {
    NonPositive { replication_factor: i32 },
    AllFenced,
    TooFewBrokers { replication_factor: i32, registered: i32 },
}

impl fmt::Display for PlacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlacementError::NonPositive { replication_factor } => {
                write!(f, "Invalid replication factor {replication_factor}: the replication factor must be positive.")
            }
            PlacementError::AllFenced => {
                f.write_str("All brokers are currently fenced, or have all their log directories cordoned.")
            }
            PlacementError::TooFewBrokers { replication_factor, registered } => write!(
                f,
                "The target replication factor of {replication_factor} cannot be reached because only {registered} \
                 broker(s) are registered or some brokers have all their log directories cordoned."
            ),
        }
    }
}

impl std::error::Error for PlacementError {}

/// Places the replicas of `partition_count` partitions. Each list begins with the preferred leader, which is never
/// fenced; a fenced broker is used only when its rack has no other left.
///
/// `next_int(bound)` draws from `0..bound`; a value outside is taken modulo the bound.
///
/// # Errors
/// [`PlacementError`]; the draws that Kafka makes before it notices are made.
pub fn place_replicas(
    brokers: &[UsableBroker],
    partition_count: i32,
    replication_factor: i32,
    next_int: &mut dyn FnMut(u32) -> u32,
) -> Result<Vec<Vec<BrokerId>>, PlacementError> {
    let mut racks = RackList::new(brokers, next_int);
    if replication_factor <= 0 {
        return Err(PlacementError::NonPositive { replication_factor });
    }
    if racks.unfenced_count == 0 {
        return Err(PlacementError::AllFenced);
    }
    if replication_factor as usize > brokers.len() {
        return Err(PlacementError::TooFewBrokers { replication_factor, registered: brokers.len() as i32 });
    }
    Ok((0..partition_count).map(|_| racks.place(replication_factor as usize, next_int)).collect())
}

/// Draws below `bound`; a list of one element costs a draw, too.
fn draw(next_int: &mut dyn FnMut(u32) -> u32, bound: usize) -> usize {
    next_int(bound as u32) as usize % bound
}

/// Fisher-Yates from the end, as `java.util.Collections.shuffle`.
fn shuffle<T>(list: &mut [T], next_int: &mut dyn FnMut(u32) -> u32) {
    for i in (2..=list.len()).rev() {
        list.swap(i - 1, draw(next_int, i));
    }
}

/// Brokers that are handed out in a circle, each once in an epoch; each epoch begins one further.
#[derive(Default)]
struct BrokerList {
    brokers: Vec<BrokerId>,
    given: usize,
    offset: usize,
    epoch: usize,
}

impl BrokerList {
    fn initialize(&mut self, next_int: &mut dyn FnMut(u32) -> u32) {
        if !self.brokers.is_empty() {
            self.brokers.sort_small();
            self.offset = draw(next_int, self.brokers.len());
        }
    }

    fn next(&mut self, epoch: usize) -> Option<BrokerId> {
        let count = self.brokers.len();
        if count > 0 && self.epoch != epoch {
            self.epoch = epoch;
            self.given = 0;
            self.offset = (self.offset + 1) % count;
        }
        (self.given < count).then(|| {
            let broker = self.brokers[(self.given + self.offset) % count];
            self.given += 1;
            broker
        })
    }
}

#[derive(Default)]
struct Rack {
    fenced: BrokerList,
    unfenced: BrokerList,
}

impl Rack {
    fn next(&mut self, epoch: usize) -> Option<BrokerId> {
        self.unfenced.next(epoch).or_else(|| self.fenced.next(epoch))
    }
}

struct RackList {
    /// In the order in which they draw.
    racks: Vec<Rack>,
    /// Indexes into `racks`, by the racks' names until they are shuffled.
    order: Vec<usize>,
    unfenced_count: usize,
    epoch: usize,
    offset: usize,
}

impl RackList {
    fn new(brokers: &[UsableBroker], next_int: &mut dyn FnMut(u32) -> u32) -> RackList {
        let mut names: Vec<Option<&str>> = Vec::new();
        for broker in brokers {
            if !names.contains(&broker.rack.as_deref()) {
                names.push(broker.rack.as_deref());
            }
        }
        // Kafka keeps the racks in a hash map and lets them draw in the map's order.
        let hashes: Vec<i32> = names.iter().map(|name| name.map_or(0, java_string_hash)).collect();
        let names: Vec<Option<&str>> = java_hash_map_order(&hashes).into_iter().map(|i| names[i]).collect();

        let mut racks: Vec<Rack> = names.iter().map(|_| Rack::default()).collect();
        for broker in brokers {
            if let Some(at) = names.iter().position(|name| *name == broker.rack.as_deref()) {
                let list = if broker.fenced { &mut racks[at].fenced } else { &mut racks[at].unfenced };
                list.brokers.push(broker.id);
            }
        }
        for rack in &mut racks {
            rack.fenced.initialize(next_int);
            rack.unfenced.initialize(next_int);
        }
        let mut order: Vec<usize> = (0..racks.len()).collect();
        order.sort_small_by_key(|&i| names[i]);
        let offset = if order.is_empty() { 0 } else { draw(next_int, order.len()) };
        let unfenced_count = brokers.iter().filter(|broker| !broker.fenced).count();
        RackList { racks, order, unfenced_count, epoch: 0, offset }
    }

    /// The replicas of the next partition. There is an unfenced broker, and there are `replication_factor` brokers;
    /// enough of them are left in this epoch, since those used in the one before begin anew.
    fn place(&mut self, replication_factor: usize, next_int: &mut dyn FnMut(u32) -> u32) -> Vec<BrokerId> {
        if self.epoch == self.unfenced_count && self.unfenced_count > 1 {
            // All combinations were used: others from here on, so as not to repeat them.
            self.shuffle(next_int);
            self.epoch = 0;
        }
        let count = self.order.len();
        self.offset %= count;

        let mut replicas = Vec::with_capacity(replication_factor);
        let mut leader_rack = None;
        for step in 0..count {
            let at = (self.offset + step) % count;
            if let Some(leader) = self.racks[self.order[at]].unfenced.next(self.epoch) {
                replicas.push(leader);
                leader_rack = Some(at);
                break;
            }
        }
        let mut at = self.offset;
        while replicas.len() < replication_factor {
            // The rack of the leader is passed over the first time.
            if leader_rack == Some(at) {
                leader_rack = None;
            } else {
                replicas.extend(self.racks[self.order[at]].next(self.epoch));
            }
            at = (at + 1) % count;
        }
        self.epoch += 1;
        self.offset += 1;
        replicas
    }

    fn shuffle(&mut self, next_int: &mut dyn FnMut(u32) -> u32) {
        shuffle(&mut self.order, next_int);
        for rack in &mut self.racks {
            shuffle(&mut rack.fenced.brokers, next_int);
            shuffle(&mut rack.unfenced.brokers, next_int);
        }
    }
}

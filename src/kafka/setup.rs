//! What a process is told when it is installed: who it is, whom it knows, and how fast its machine is.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::config::{BrokerConfig, ConsumerConfig, ProducerConfig, Properties};
use super::ids::{BrokerId, ClientId, ControllerId, SimTime};
use super::mutation::{Mutation, breaks};
use super::random::Random;

/// The id that `kafka-storage format` has written into the log directories of all nodes. A simulation has one cluster.
pub const CLUSTER_ID: &str = "Glass-broker-cluster-A";

/// Turns virtual time into the epoch milliseconds that stamp records (`System.currentTimeMillis`). Timers and time-outs
/// never ask it: they go by virtual time itself, as a machine's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WallClock {
    /// Epoch milliseconds at virtual time 0.
    pub start_ms: i64,
    /// How far this machine's clock is ahead of the true time, milliseconds; below 0: behind it.
    pub skew_ms: i64,
}

impl WallClock {
    /// A clock that is right.
    pub const fn new(start_ms: i64) -> WallClock {
        WallClock { start_ms, skew_ms: 0 }
    }

    pub fn now_ms(self, now: SimTime) -> i64 {
        self.start_ms + now.as_ms() as i64 + self.skew_ms
    }
}

/// The disk of a server's machine, as far as it can be worse than [`Timing`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Disk {
    /// What each append and each read takes besides, microseconds.
    pub latency_us: u64,
    /// No space is left: whatever is to be written next fails.
    pub is_full: bool,
}

/// How long a process takes for its work, microseconds of virtual time. Believable values for one data centre, not
/// measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// Reading, checking and queueing one request, on any server.
    pub request_us: u64,
    /// Appending a batch to a log (page cache).
    pub append_us: u64,
    /// A client making a request out of its batches, or taking an answer apart.
    pub client_us: u64,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { request_us: 60, append_us: 40, client_us: 30 }
    }
}

/// How a follower finds out what to cut from its log when the leader changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// It asks the leader where its last epoch ended (KIP-101, since 0.11).
    #[default]
    LeaderEpoch,
    /// It cuts to its own high watermark, as Kafka did before 0.11, and goes on from there without asking.
    HighWatermark,
    /// It asks once, and takes the offset where a larger epoch than its own last one begins at the leader (KIP-101 before
    /// KIP-279, 0.11 to 1.1). It does not learn which epoch the two share.
    NextEpochOfLeader,
}

/// A broker's place in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerSetup {
    pub id: BrokerId,
    pub rack: Option<String>,
    pub config: Rc<BrokerConfig>,
    /// server.properties as given: for topic defaults and DescribeConfigs.
    pub properties: Rc<Properties>,
    pub controllers: Rc<[ControllerId]>,
    pub clock: WallClock,
    pub timing: Timing,
    pub disk: Disk,
    pub truncation: Truncation,
    pub random: Random,
}

impl BrokerSetup {
    /// The rule that followers obey.
    pub(super) fn truncation_rule(&self) -> Truncation {
        if breaks(Mutation::TruncationToHighWatermark) { Truncation::HighWatermark } else { self.truncation }
    }
}

/// A controller's place in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ControllerSetup {
    pub id: ControllerId,
    pub config: Rc<BrokerConfig>,
    pub properties: Rc<Properties>,
    /// All voters, this one included.
    pub voters: Rc<[ControllerId]>,
    /// Whether eligible leader replicas are kept (`eligible.leader.replicas.version` 1, KIP-966).
    pub eligible_leader_replicas: bool,
    pub clock: WallClock,
    pub timing: Timing,
    pub disk: Disk,
    pub random: Random,
}

/// What every client knows at its start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientSetup {
    pub id: ClientId,
    /// `client.id`.
    pub name: Rc<str>,
    /// `bootstrap.servers`.
    pub bootstrap: Rc<[BrokerId]>,
    pub clock: WallClock,
    pub timing: Timing,
    pub random: Random,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProducerSetup {
    pub client: ClientSetup,
    pub config: ProducerConfig,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerSetup {
    pub client: ClientSetup,
    pub config: ConsumerConfig,
    pub application: super::client::application::Application,
}

//! What a process is told when it is installed: who it is, whom it knows, and how fast its machine is.

use std::rc::Rc;

use super::config::{BrokerConfig, ConsumerConfig, ProducerConfig, Properties};
use super::ids::{BrokerId, ClientId, ControllerId, SimTime};
use super::random::Random;

/// The id that `kafka-storage format` has written into the log directories of all nodes. A simulation has one cluster.
pub const CLUSTER_ID: &str = "Glass-broker-cluster-A";

/// Turns virtual time into the epoch milliseconds that stamp records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WallClock {
    /// Epoch milliseconds at virtual time 0.
    pub start_ms: i64,
}

impl WallClock {
    pub fn now_ms(self, now: SimTime) -> i64 {
        self.start_ms + now.as_ms() as i64
    }
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
    pub random: Random,
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

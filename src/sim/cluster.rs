//! A cluster as it is installed: which processes there are and how they are configured.

use serde::{Deserialize, Serialize};

use crate::kafka::config::Properties;
use crate::kafka::setup::Truncation;

/// One broker of a [`ClusterSpec`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerSpec {
    pub id: i32,
    /// `broker.rack`.
    #[serde(default)]
    pub rack: Option<String>,
    /// server.properties of this broker alone.
    #[serde(default)]
    pub config: Properties,
    /// Whether a command starts it later.
    #[serde(default)]
    pub not_started: bool,
}

/// Delay of the network between any two processes: `latency_us` plus up to `jitter_us`, plus the time that the
/// bytes take at `bytes_per_us`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    pub latency_us: u64,
    pub jitter_us: u64,
    pub bytes_per_us: u64,
}

impl Default for NetworkSpec {
    /// One data centre, 1 Gbit/s.
    fn default() -> NetworkSpec {
        NetworkSpec { latency_us: 300, jitter_us: 100, bytes_per_us: 125 }
    }
}

/// What a simulation starts from. With a seed, all that follows is determined.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSpec {
    /// Controllers have the ids 100, 101, …
    pub controllers: u32,
    pub brokers: Vec<BrokerSpec>,
    /// server.properties of all brokers and controllers.
    #[serde(default)]
    pub config: Properties,
    /// Epoch milliseconds at virtual time 0.
    #[serde(default = "default_wall_clock")]
    pub wall_clock_start_ms: i64,
    /// KIP-966; on in newly formatted clusters since 4.1.
    #[serde(default = "default_true")]
    pub eligible_leader_replicas: bool,
    #[serde(default)]
    pub network: NetworkSpec,
    /// How followers cut their logs.
    #[serde(default)]
    pub truncation: Truncation,
}

/// 2024-01-15T10:30:00Z, when the login of Module 3 happens.
const fn default_wall_clock() -> i64 {
    1_705_314_600_000
}

const fn default_true() -> bool {
    true
}

impl ClusterSpec {
    /// `brokers` brokers with ids from 0, without racks, and `controllers` controllers; all else by default.
    pub fn new(controllers: u32, brokers: i32) -> ClusterSpec {
        let brokers = (0..brokers)
            .map(|id| BrokerSpec { id, rack: None, config: Properties::new(), not_started: false })
            .collect();
        ClusterSpec {
            controllers,
            brokers,
            config: Properties::new(),
            wall_clock_start_ms: default_wall_clock(),
            eligible_leader_replicas: true,
            network: NetworkSpec::default(),
            truncation: Truncation::default(),
        }
    }

    /// The same with one more property of all brokers and controllers.
    pub fn with(mut self, name: &str, value: &str) -> ClusterSpec {
        self.config.insert(name.into(), value.into());
        self
    }
}

//! Feature levels: what the whole cluster may do, raised by the operator once all nodes know it (KIP-584, KIP-1022).

use std::rc::Rc;

use crate::kafka::sorted::SortedMap;

use serde::{Deserialize, Serialize};

pub const METADATA_VERSION: &str = "metadata.version";
pub const KRAFT_VERSION: &str = "kraft.version";
/// Says whether eligible leader replicas are kept (KIP-966).
pub const ELIGIBLE_LEADER_REPLICAS: &str = "eligible.leader.replicas.version";

/// The levels of a feature that a node can work at, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionRange {
    pub min: i16,
    pub max: i16,
}

impl VersionRange {
    /// Of a feature that the node does not know.
    pub const DISABLED: VersionRange = VersionRange { min: 0, max: 0 };

    pub const fn contains(self, level: i16) -> bool {
        self.min <= level && level <= self.max
    }
}

/// By the feature's name.
pub type SupportedFeatures = Rc<SortedMap<String, VersionRange>>;

/// What Kafka 4.3 knows (`QuorumFeatures.defaultSupportedFeatureMap`, `BrokerFeatures`). metadata.version 7 is
/// 3.3-IV3, 30 is 4.3-IV0.
const SUPPORTED: [(&str, i16, i16); 7] = [
    (METADATA_VERSION, 7, 30),
    (KRAFT_VERSION, 0, 1),
    ("transaction.version", 0, 2),
    ("group.version", 0, 1),
    (ELIGIBLE_LEADER_REPLICAS, 0, 1),
    ("share.version", 0, 1),
    ("streams.version", 0, 1),
];

/// What every node of this cluster supports.
pub fn supported_features() -> SupportedFeatures {
    Rc::new(SUPPORTED.iter().map(|(name, min, max)| ((*name).into(), VersionRange { min: *min, max: *max })).collect())
}

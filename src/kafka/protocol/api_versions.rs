//! ApiVersions (API key 18): the first request on every new connection of a real client.
//!
//! Here it is left out where a connection simply works. Only a client whose connection was lost sends it, to find out
//! whether the broker is there again, before it hands over anything of value.

use serde::{Deserialize, Serialize};

use super::ErrorCode;
use crate::kafka::features::SupportedFeatures;
use crate::kafka::sorted::SortedMap;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApiVersionsRequest {}

/// The versions themselves are left out: all nodes speak the newest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApiVersionsResponse {
    pub error: ErrorCode,
    /// Levels that this broker can work at.
    pub supported_features: SupportedFeatures,
    /// Levels at which the cluster works, as far as this broker has replayed the metadata.
    pub finalized_features: SortedMap<String, i16>,
}

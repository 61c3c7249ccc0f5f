//! ApiVersions (API key 18): the first request on every new connection of a real client.
//!
//! Here it is left out where a connection simply works. Only a client whose connection was lost sends it, to find out
//! whether the broker is there again, before it hands over anything of value.

use serde::{Deserialize, Serialize};

use super::ErrorCode;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApiVersionsRequest {}

/// The versions themselves are left out: all nodes speak the newest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApiVersionsResponse {
    pub error: ErrorCode,
}

//! Changing what the whole cluster may do: UpdateFeatures (57, KIP-584). What it may do at present is in the answer to
//! [ApiVersions](super::api_versions).

use serde::{Deserialize, Serialize};

use super::ErrorCode;

/// What an administrator is ready for (`FeatureUpdate.UpgradeType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum UpgradeType {
    Upgrade,
    /// Only if nothing is lost.
    SafeDowngrade,
    UnsafeDowngrade,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UpdateFeaturesRequest {
    pub updates: Vec<FeatureUpdate>,
    pub validate_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FeatureUpdate {
    pub feature: String,
    /// 0: the feature is switched off.
    pub max_version_level: i16,
    pub upgrade_type: UpgradeType,
}

/// All updates are carried out, or none is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UpdateFeaturesResponse {
    pub error: ErrorCode,
    pub error_message: Option<String>,
}

//! Feature levels (`FeatureControlManager`, KIP-584).

use super::decision::{Decision, MIN_INSYNC_REPLICAS, View};
use super::topic_control::ApiError;
use crate::kafka::features::{
    ELIGIBLE_LEADER_REPLICAS, KRAFT_VERSION, METADATA_VERSION, VersionRange, supported_features,
};
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::protocol::features::{FeatureUpdate, UpdateFeaturesRequest, UpdateFeaturesResponse, UpgradeType};

impl View<'_> {
    /// Changes feature levels: all that are asked, or none.
    pub fn update_features(&self, request: &UpdateFeaturesRequest) -> Decision {
        let mut records = Vec::new();
        for update in &request.updates {
            match self.update_feature(update) {
                Ok(changes) => records.extend(changes),
                Err((error, message)) => {
                    return Decision::answer(UpdateFeaturesResponse { error, error_message: Some(message) });
                }
            }
        }
        if request.validate_only {
            records.clear();
        }
        Decision::new(records, UpdateFeaturesResponse { error: ErrorCode::None, error_message: None })
    }

    fn update_feature(&self, update: &FeatureUpdate) -> Result<Vec<MetadataRecord>, ApiError> {
        let (name, level) = (update.feature.as_str(), update.max_version_level);
        let refuse = |reason: &str| {
            let message = format!("Invalid update version {level} for feature {name}. {reason}");
            Err((ErrorCode::InvalidUpdateVersion, message))
        };
        let current = self.image.features.get(name).copied().unwrap_or(0);
        if level < 0 {
            return refuse("A feature version cannot be less than 0.");
        }
        if let Some(reason) = self.reason_not_supported(name, level) {
            return refuse(&reason);
        }
        let is_upgrade = update.upgrade_type == UpgradeType::Upgrade;
        if level < current && is_upgrade {
            return refuse(
                "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe \
                 downgrade.",
            );
        }
        if level > current && !is_upgrade {
            return refuse("Can't downgrade to a newer version.");
        }
        match name {
            // Each level of metadata.version has changed the records, so none can be left behind.
            METADATA_VERSION if level < current && update.upgrade_type == UpgradeType::UnsafeDowngrade => {
                return refuse("Unsafe metadata downgrade is not supported in this version.");
            }
            METADATA_VERSION if level < current => {
                return refuse(
                    "Refusing to perform the requested downgrade because it might delete metadata information.",
                );
            }
            KRAFT_VERSION if level < current => return refuse("Can't downgrade the version of this feature."),
            // The level of the quorum itself is no business of the controller's records.
            KRAFT_VERSION => return Ok(if is_upgrade { vec![MetadataRecord::NoOp] } else { Vec::new() }),
            _ => {}
        }
        let mut records = vec![MetadataRecord::FeatureLevel { name: name.into(), level }];
        if name == ELIGIBLE_LEADER_REPLICAS && level > 0 {
            records.extend(self.cluster_min_isr());
        }
        Ok(records)
    }

    /// Where eligible leader replicas are kept, `min.insync.replicas` is the cluster's, and no broker's
    /// (`maybeGenerateElrSafetyRecords`).
    fn cluster_min_isr(&self) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        if self.image.broker_config(None, MIN_INSYNC_REPLICAS).is_none() {
            records.push(MetadataRecord::Config {
                resource: ConfigResource::Broker(None),
                name: MIN_INSYNC_REPLICAS.into(),
                value: Some(self.setup.config.min_insync_replicas.to_string()),
            });
        }
        let of_brokers = self.image.configs.iter().filter(|(resource, configs)| {
            matches!(resource, ConfigResource::Broker(Some(_))) && configs.contains_key(MIN_INSYNC_REPLICAS)
        });
        records.extend(of_brokers.map(|(resource, _)| MetadataRecord::Config {
            resource: resource.clone(),
            name: MIN_INSYNC_REPLICAS.into(),
            value: None,
        }));
        records
    }

    /// Every controller and every registered broker must be able to work at a level, fenced ones too.
    fn reason_not_supported(&self, name: &str, level: i16) -> Option<String> {
        let own = (format!("Local controller {}", self.setup.id), supported_features());
        let brokers = self.image.brokers.values();
        let brokers = brokers.map(|broker| (format!("Broker {}", broker.broker), broker.features.clone()));
        let unable = std::iter::once(own).chain(brokers).find_map(|(node, features)| {
            let range = features.get(name).copied().unwrap_or(VersionRange::DISABLED);
            (!range.contains(level)).then_some((node, range))
        });
        unable.map(|(node, range)| match range.max {
            0 => format!("{node} does not support this feature."),
            _ => format!("{node} only supports versions {}-{}", range.min, range.max),
        })
    }
}

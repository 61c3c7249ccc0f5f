//! The first records of a new cluster (`kafka-storage format`, `ActivationRecordsGenerator`).

use super::decision::MIN_INSYNC_REPLICAS;
use crate::kafka::features::{ELIGIBLE_LEADER_REPLICAS, KRAFT_VERSION, METADATA_VERSION};
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::setup::ControllerSetup;

/// Feature levels of a cluster formatted with 4.3 (metadata.version 4.3-IV0 is level 30).
const FEATURE_LEVELS: [(&str, i16); 6] = [
    (METADATA_VERSION, 30),
    (KRAFT_VERSION, 1),
    ("transaction.version", 2),
    ("group.version", 1),
    ("share.version", 1),
    ("streams.version", 1),
];

/// What the first leader of an empty log writes.
pub fn bootstrap_records(setup: &ControllerSetup) -> Vec<MetadataRecord> {
    let feature = |name: &str, level| MetadataRecord::FeatureLevel { name: name.into(), level };
    let mut records: Vec<MetadataRecord> = FEATURE_LEVELS.map(|(name, level)| feature(name, level)).into();
    if setup.eligible_leader_replicas {
        records.push(feature(ELIGIBLE_LEADER_REPLICAS, 1));
        // With eligible leader replicas the setting must be the same for all brokers: it is the cluster's.
        records.push(MetadataRecord::Config {
            resource: ConfigResource::Broker(None),
            name: MIN_INSYNC_REPLICAS.into(),
            value: Some(setup.config.min_insync_replicas.to_string()),
        });
    }
    records
}

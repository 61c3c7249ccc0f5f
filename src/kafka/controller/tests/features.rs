//! Feature levels.

use super::{Harness, trace};
use crate::kafka::controller::decision::MIN_INSYNC_REPLICAS;
use crate::kafka::features::ELIGIBLE_LEADER_REPLICAS;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::features::{FeatureUpdate, UpdateFeaturesRequest, UpgradeType};
use crate::kafka::protocol::{ErrorCode, Response};

fn update(harness: &mut Harness, updates: &[(&str, i16, UpgradeType)], validate_only: bool) -> ErrorCode {
    let updates = updates.iter().map(|(feature, level, upgrade_type)| FeatureUpdate {
        feature: (*feature).into(),
        max_version_level: *level,
        upgrade_type: *upgrade_type,
    });
    match harness.ask(UpdateFeaturesRequest { updates: updates.collect(), validate_only }) {
        Response::UpdateFeatures(response) => response.error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn updates_are_refused_as_recorded() {
    let mut harness = Harness::with_brokers(1, true, &[]);
    let mut compared = 0;
    for step in trace("feature-levels-and-what-update-refuses") {
        if step["do"] != "update_features" {
            continue;
        }
        for (feature, wanted) in step["updates"].as_object().expect("updates") {
            let upgrade_type = match wanted["type"].as_str() {
                Some("safe_downgrade") => UpgradeType::SafeDowngrade,
                Some("unsafe_downgrade") => UpgradeType::UnsafeDowngrade,
                _ => UpgradeType::Upgrade,
            };
            let level = wanted["level"].as_i64().expect("a level") as i16;
            let error = update(&mut harness, &[(feature, level, upgrade_type)], false);
            assert_eq!(error.name(), step["expect"]["error"].as_str().unwrap_or("NONE"), "{step}");
            compared += 1;
        }
    }
    assert_eq!(compared, 10);
    let features = &harness.controller().image().features;
    assert_eq!((features["share.version"], features["transaction.version"]), (1, 1));
}

#[test]
fn all_updates_are_carried_out_or_none() {
    let mut harness = Harness::with_brokers(1, true, &[]);
    use UpgradeType::{SafeDowngrade, Upgrade};
    let both = [("share.version", 0, SafeDowngrade), ("group.version", 9, Upgrade)];
    assert_eq!(update(&mut harness, &both, false), ErrorCode::InvalidUpdateVersion);
    assert_eq!(update(&mut harness, &both[..1], true), ErrorCode::None);
    assert_eq!(harness.controller().image().features["share.version"], 1);
    assert_eq!(update(&mut harness, &both[..1], false), ErrorCode::None);
    assert!(!harness.controller().image().features.contains_key("share.version"), "level 0 is no level");
    let kraft = [("kraft.version", 0, SafeDowngrade)];
    assert_eq!(update(&mut harness, &kraft, false), ErrorCode::InvalidUpdateVersion);
}

#[test]
fn eligible_leader_replicas_bring_a_min_isr_of_the_cluster() {
    let mut harness = Harness::with_brokers(1, false, &[(MIN_INSYNC_REPLICAS, "2")]);
    let end = harness.controller().log_end_offset();
    let on = [(ELIGIBLE_LEADER_REPLICAS, 1, UpgradeType::Upgrade)];
    assert_eq!(update(&mut harness, &on, false), ErrorCode::None);
    let records = harness.records_from(end);
    assert!(matches!(&records[0], MetadataRecord::FeatureLevel { level: 1, .. }));
    assert!(matches!(&records[1], MetadataRecord::Config { value: Some(value), .. } if value == "2"));
    assert_eq!(records.len(), 2);
}

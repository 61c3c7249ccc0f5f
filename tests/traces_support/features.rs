//! Feature levels by the administrator's client.

use glassbroker::kafka::protocol::api_versions::ApiVersionsRequest;
use glassbroker::kafka::protocol::features::{FeatureUpdate, UpdateFeaturesRequest, UpgradeType};
use glassbroker::kafka::protocol::{ErrorCode, Response};
use serde_json::{Map, Value, json};

use super::admin::{Attempt, ask_any, retry};
use super::answer::{Answer, Failure, ok};
use super::play::Play;
use super::trace::Step;

/// As any broker tells it in its answer to ApiVersions.
pub async fn describe(play: &Play, step: &Step) -> Answer {
    let versions =
        retry(play, step.timeout_ms(), async |left_ms| match ask_any(play, left_ms, ApiVersionsRequest {}).await {
            Some(Response::ApiVersions(response)) if response.error.is_none() => Ok(Attempt::Done(response)),
            _ => Ok(Attempt::Again),
        })
        .await?;
    let supported =
        versions.supported_features.iter().map(|(name, range)| (name.clone(), json!([range.min, range.max])));
    Ok(json!({"finalized": versions.finalized_features, "supported": supported.collect::<Map<String, Value>>()}))
}

/// `updates`: by name, the level and what the administrator is ready for.
pub async fn update(play: &Play, step: &Step) -> Answer {
    let mut updates = Vec::new();
    for (feature, wanted) in step.need("updates")?.as_object().into_iter().flatten() {
        let upgrade_type = match wanted.get("type").and_then(Value::as_str).unwrap_or("upgrade") {
            "upgrade" => UpgradeType::Upgrade,
            "safe_downgrade" => UpgradeType::SafeDowngrade,
            "unsafe_downgrade" => UpgradeType::UnsafeDowngrade,
            other => return Err(Failure::scenario(format!("no such type of an update: {other}"))),
        };
        let level = wanted.get("level").and_then(Value::as_i64).unwrap_or(0);
        // The client refuses these by itself (FeatureUpdate, KafkaAdminClient.updateFeatures).
        if level < 0 || feature.is_empty() || (level == 0 && upgrade_type == UpgradeType::Upgrade) {
            return Err(Failure::exception("IllegalArgumentException"));
        }
        updates.push(FeatureUpdate { feature: feature.clone(), max_version_level: level as i16, upgrade_type });
    }
    if updates.is_empty() {
        return Err(Failure::exception("IllegalArgumentException"));
    }
    let request = UpdateFeaturesRequest { updates, validate_only: step.flag("validate_only", false) };
    let answered =
        retry(play, step.timeout_ms(), async |left_ms| match ask_any(play, left_ms, request.clone()).await {
            Some(Response::UpdateFeatures(response)) if response.error != ErrorCode::NotController => {
                Ok(Attempt::Done(response.error))
            }
            _ => Ok(Attempt::Again),
        });
    match answered.await? {
        ErrorCode::None => Ok(ok()),
        error => Err(error.into()),
    }
}

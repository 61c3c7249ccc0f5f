//! Where the replicas of a new topic are placed, with Kafka's own random draws fed in.

use glassbroker::kafka::ids::BrokerId;
use glassbroker::kafka::placement::{UsableBroker, place_replicas};
use serde_json::Value;

use super::{Check, Verdict, boolean, expect_equal, integer, list, text};

pub const REPLICA_PLACEMENT: Check = Check {
    name: "replica placement",
    is_built: true,
    knows: |_, case| case.get("random_calls").is_some(),
    check: |_, case| {
        let brokers: Vec<UsableBroker> =
            list(case, "brokers")?.iter().map(usable_broker).collect::<Result<_, String>>()?;
        let calls: Vec<(u32, u32)> = list(case, "random_calls")?
            .iter()
            .map(|call| Some((call.get(0)?.as_u64()? as u32, call.get(1)?.as_u64()? as u32)))
            .collect::<Option<_>>()
            .ok_or("random_calls is no list of pairs")?;
        let mut bounds = Vec::new();
        let placed = place_replicas(
            &brokers,
            integer(case, "partitions")? as i32,
            integer(case, "replication_factor")? as i32,
            &mut |bound| {
                bounds.push(bound);
                calls.get(bounds.len() - 1).map_or(0, |&(_, value)| value)
            },
        );
        match (placed, case.get("assignment")) {
            (Ok(placed), Some(_)) => {
                let expected: Vec<Vec<BrokerId>> = list(case, "assignment")?.iter().map(broker_ids).collect();
                expect_equal("assignment", placed, expected)?;
            }
            (Err(error), None) => {
                expect_equal("error", "InvalidReplicationFactorException", text(case, "error")?)?;
                expect_equal("message", error.to_string().as_str(), text(case, "message")?)?;
            }
            (Ok(placed), None) => return Err(format!("placed {placed:?}, expected an error")),
            (Err(error), Some(_)) => return Err(format!("error {error}, expected an assignment")),
        }
        expect_equal("bounds of the draws", bounds, calls.iter().map(|&(bound, _)| bound).collect())?;
        Ok(Verdict::Equal)
    },
};

fn usable_broker(broker: &Value) -> Result<UsableBroker, String> {
    Ok(UsableBroker {
        id: BrokerId(integer(broker, "id")? as i32),
        rack: broker.get("rack").and_then(Value::as_str).map(str::to_owned),
        fenced: boolean(broker, "fenced")?,
    })
}

fn broker_ids(replicas: &Value) -> Vec<BrokerId> {
    replicas.as_array().into_iter().flatten().filter_map(Value::as_i64).map(|id| BrokerId(id as i32)).collect()
}

//! A recording, and the arguments of its steps.

use glassbroker::kafka::config::Properties;
use glassbroker::kafka::ids::TopicPartition;
use glassbroker::sim::{BrokerSpec, ClusterSpec};
use serde_json::{Map, Value};

use super::answer::Failure;

/// How long a step may take, unless it says so.
const DEFAULT_TIMEOUT_MS: u64 = 30_000;

/// Epoch milliseconds at which every play begins, 2025-11-01T08:00:00Z: later than all times in recordings, so that
/// the time of the play can be told from them.
const PLAY_BEGINS_MS: i64 = 1_761_984_000_000;

/// A scenario with the answers of a real cluster.
pub struct Trace {
    pub name: String,
    pub family: String,
    pub spec: ClusterSpec,
    /// Feature levels at formatting that differ from those of a new cluster.
    pub features: Vec<(String, String)>,
    pub steps: Vec<Value>,
}

impl Trace {
    pub fn parse(json: &Value) -> Result<Trace, String> {
        let text = |field: &str| json.get(field).and_then(Value::as_str).map(str::to_string);
        let cluster = json.get("cluster").ok_or("has no cluster")?;
        let features: Vec<(String, String)> = properties(cluster.get("features")).into_iter().collect();
        Ok(Trace {
            name: text("name").ok_or("has no name")?,
            family: text("family").unwrap_or_default(),
            spec: cluster_spec(cluster, &features)?,
            features,
            steps: json.get("steps").and_then(Value::as_array).ok_or("has no steps")?.clone(),
        })
    }
}

fn cluster_spec(cluster: &Value, features: &[(String, String)]) -> Result<ClusterSpec, String> {
    let ids = |field: &str| -> Vec<i32> {
        let list = cluster.get(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_i64).map(|id| id as i32).collect()
    };
    let of_node = |field: &str, id: i32| cluster.get(field).and_then(|map| map.get(id.to_string()));
    let controllers = cluster.get("controllers").and_then(Value::as_u64).unwrap_or(1) as u32;
    let not_started = ids("not_started");
    let mut spec = ClusterSpec::new(controllers, 0);
    spec.config = properties(cluster.get("config"));
    spec.wall_clock_start_ms = PLAY_BEGINS_MS;
    spec.brokers = ids("brokers")
        .into_iter()
        .map(|id| BrokerSpec {
            id,
            rack: of_node("racks", id).and_then(Value::as_str).map(str::to_string),
            config: properties(of_node("broker_config", id)),
            not_started: not_started.contains(&id),
        })
        .collect();
    spec.eligible_leader_replicas =
        !features.iter().any(|(name, level)| name == "eligible.leader.replicas.version" && level == "0");
    if spec.brokers.is_empty() {
        return Err("has no brokers".into());
    }
    Ok(spec)
}

/// `{"a": 1, "b": true}` as text, the way configurations are given.
pub fn properties(json: Option<&Value>) -> Properties {
    let entries = json.and_then(Value::as_object);
    entries.into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect()
}

/// A text as it is, anything else as JSON.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// One step, its names replaced by their values.
#[derive(Clone)]
pub struct Step {
    args: Map<String, Value>,
}

impl Step {
    pub fn new(args: Map<String, Value>) -> Step {
        Step { args }
    }

    pub fn of(json: &Value) -> Result<Step, Failure> {
        let args = json.as_object().ok_or_else(|| Failure::scenario(format!("{json} is no step")))?;
        Ok(Step::new(args.clone()))
    }

    pub fn verb(&self) -> &str {
        self.args.get("do").and_then(Value::as_str).unwrap_or_default()
    }

    /// An argument that is there and not null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.args.get(name).filter(|value| !value.is_null())
    }

    pub fn need(&self, name: &str) -> Result<&Value, Failure> {
        self.args.get(name).ok_or_else(|| Failure::scenario(format!("{} needs \"{name}\"", self.verb())))
    }

    pub fn json(&self) -> Value {
        Value::Object(self.args.clone())
    }

    pub fn timeout_ms(&self) -> u64 {
        self.number_or("timeout_ms", DEFAULT_TIMEOUT_MS as i64).max(0) as u64
    }

    pub fn text(&self, name: &str) -> Result<String, Failure> {
        self.need(name).map(plain)
    }

    pub fn text_or(&self, name: &str, otherwise: &str) -> String {
        self.get(name).map_or_else(|| otherwise.to_string(), plain)
    }

    pub fn number(&self, name: &str) -> Result<i64, Failure> {
        let value = self.need(name)?;
        value.as_i64().ok_or_else(|| Failure::scenario(format!("{}: \"{name}\" is no number: {value}", self.verb())))
    }

    pub fn number_or(&self, name: &str, otherwise: i64) -> i64 {
        self.get(name).and_then(Value::as_i64).unwrap_or(otherwise)
    }

    pub fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(otherwise)
    }

    /// A list; one that is not there is empty.
    pub fn list(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().map(plain).collect()
    }

    pub fn topic_partition(&self) -> Result<TopicPartition, Failure> {
        Ok(TopicPartition::new(self.text("topic")?, self.number_or("partition", 0) as i32))
    }

    /// `["t-0", …]`, or the one named by `topic` and `partition`.
    pub fn topic_partitions(&self) -> Result<Vec<TopicPartition>, Failure> {
        match self.get("partitions").and_then(Value::as_array) {
            Some(names) => names.iter().map(|name| parse_partition(&plain(name))).collect(),
            None => Ok(vec![self.topic_partition()?]),
        }
    }
}

/// `user-events-0`: the topic user-events, partition 0.
pub fn parse_partition(text: &str) -> Result<TopicPartition, Failure> {
    text.rsplit_once('-')
        .and_then(|(topic, partition)| Some(TopicPartition::new(topic, partition.parse().ok()?)))
        .ok_or_else(|| Failure::scenario(format!("not a topic-partition: {text}")))
}

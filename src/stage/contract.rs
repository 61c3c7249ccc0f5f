//! What an embedded figure says to the page around it, and what it obeys (`postMessage`).
//!
//! Every message is `{"glassbroker": 1, "id": <the id parameter or null>, "type": …}` and more fields by type. What is
//! unknown or malformed is answered with `error`, and never obeyed in part.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::kafka::ids::SimTime;
use crate::sim::Command;
use crate::timeline::{Place, Unit};

/// The version of the contract.
pub const VERSION: u64 = 1;

/// Most steps of one message.
const MAX_COUNT: i64 = 1_000_000;

/// What a page may ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Goes `count` steps of a size; negative: back.
    Step {
        unit: Unit,
        count: i64,
    },
    Goto(Place),
    Play,
    Pause,
    Reset,
    GetState,
    Command(Box<Command>),
    SetTheme(Theme),
}

/// How the page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system is set.
    #[default]
    Auto,
    Light,
    Dark,
    Contrast,
}

impl Theme {
    pub const ALL: [Theme; 4] = [Theme::Auto, Theme::Light, Theme::Dark, Theme::Contrast];

    pub const fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Contrast => "contrast",
        }
    }

    pub fn from_name(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// What is wrong with a message: which field, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractError {
    pub r#where: String,
    pub message: String,
}

fn wrong(place: &str, message: impl Into<String>) -> ContractError {
    ContractError { r#where: place.into(), message: message.into() }
}

/// Reads a message of the page around.
///
/// # Errors
/// Which field is wrong, and how.
pub fn parse(message: &Value) -> Result<Incoming, ContractError> {
    let fields = message.as_object().ok_or_else(|| wrong("message", "a message is an object"))?;
    match fields.get("glassbroker") {
        Some(version) if version.as_u64() == Some(VERSION) => {}
        Some(version) => {
            return Err(wrong("glassbroker", format!("version {version} is not known; this is {VERSION}")));
        }
        None => return Err(wrong("glassbroker", "the field is missing")),
    }
    let kind = fields.get("type").and_then(Value::as_str).ok_or_else(|| wrong("type", "a text is expected"))?;
    let (allowed, incoming): (&[&str], _) = match kind {
        "step" => (&["unit", "count"], step(fields)),
        "goto" => (&["step", "time_us"], goto(fields)),
        "play" => (&[], Ok(Incoming::Play)),
        "pause" => (&[], Ok(Incoming::Pause)),
        "reset" => (&[], Ok(Incoming::Reset)),
        "get-state" => (&[], Ok(Incoming::GetState)),
        "command" => (&["command"], command(fields)),
        "set-theme" => (&["theme"], theme(fields)),
        other => return Err(wrong("type", format!("{other:?} is not known"))),
    };
    let known =
        |name: &String| ["glassbroker", "id", "type"].contains(&name.as_str()) || allowed.contains(&name.as_str());
    if let Some(unknown) = fields.keys().find(|name| !known(name)) {
        return Err(wrong(unknown, format!("{kind} has no such field")));
    }
    incoming
}

fn step(fields: &Map<String, Value>) -> Result<Incoming, ContractError> {
    let unit = match fields.get("unit") {
        None => Unit::Idea,
        Some(unit) => serde_json::from_value(unit.clone())
            .map_err(|_| wrong("unit", format!("{unit} is none of \"idea\", \"message\", \"event\"")))?,
    };
    let count = match fields.get("count") {
        None => 1,
        Some(count) => count
            .as_i64()
            .filter(|count| count.abs() <= MAX_COUNT)
            .ok_or_else(|| wrong("count", format!("{count} is no whole number within ±{MAX_COUNT}")))?,
    };
    Ok(Incoming::Step { unit, count })
}

fn goto(fields: &Map<String, Value>) -> Result<Incoming, ContractError> {
    let number = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_u64().map(Some).ok_or_else(|| wrong(name, format!("{value} is no whole number from 0 on")))
        }
    };
    match (number("step")?, number("time_us")?) {
        (Some(step), None) => Ok(Incoming::Goto(Place::Idea(usize::try_from(step).unwrap_or(usize::MAX)))),
        (None, Some(time_us)) => Ok(Incoming::Goto(Place::Time(SimTime(time_us)))),
        _ => Err(wrong("goto", "exactly one of step and time_us is expected")),
    }
}

fn command(fields: &Map<String, Value>) -> Result<Incoming, ContractError> {
    let command = fields.get("command").ok_or_else(|| wrong("command", "the field is missing"))?;
    let command: Command =
        serde_json::from_value(command.clone()).map_err(|error| wrong("command", error.to_string()))?;
    Ok(Incoming::Command(Box::new(command)))
}

fn theme(fields: &Map<String, Value>) -> Result<Incoming, ContractError> {
    let name = fields.get("theme").and_then(Value::as_str).unwrap_or_default();
    let theme = Theme::from_name(name)
        .ok_or_else(|| wrong("theme", "one of \"auto\", \"light\", \"dark\", \"contrast\" is expected"))?;
    Ok(Incoming::SetTheme(theme))
}

/// What the figure tells the page around it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    Ready { example: String, step: usize, steps: usize, hash: u64 },
    Resize { height: u32 },
    Step { step: usize, steps: usize, time_us: u64, hash: u64, sentence: String },
    Prediction { id: String, answer: String, right: bool },
    ExampleComplete { example: String },
    Progress { completed: usize, total: usize },
    State { step: usize, time_us: u64, hash: u64, tables: Value },
    Warning { r#where: String, message: String },
    Error { r#where: String, message: String },
}

/// A state hash as the contract writes it.
pub fn hash_text(hash: u64) -> String {
    format!("{hash:016x}")
}

impl Outgoing {
    /// The message as JSON; `id`: the figure's own.
    pub fn to_json(&self, id: Option<&str>) -> Value {
        let (kind, fields) = match self {
            Outgoing::Ready { example, step, steps, hash } => {
                ("ready", json!({"example": example, "step": step, "steps": steps, "hash": hash_text(*hash)}))
            }
            Outgoing::Resize { height } => ("resize", json!({"height": height})),
            Outgoing::Step { step, steps, time_us, hash, sentence } => (
                "step",
                json!({
                    "step": step, "steps": steps, "time_us": time_us, "hash": hash_text(*hash), "sentence": sentence,
                }),
            ),
            Outgoing::Prediction { id, answer, right } => {
                // The field `id` is the figure's; the question's stands under its own name too.
                ("prediction", json!({"prediction": id, "answer": answer, "right": right}))
            }
            Outgoing::ExampleComplete { example } => ("example-complete", json!({"example": example})),
            Outgoing::Progress { completed, total } => ("progress", json!({"completed": completed, "total": total})),
            Outgoing::State { step, time_us, hash, tables } => {
                ("state", json!({"step": step, "time_us": time_us, "hash": hash_text(*hash), "tables": tables}))
            }
            Outgoing::Warning { r#where, message } => ("warning", json!({"where": r#where, "message": message})),
            Outgoing::Error { r#where, message } => ("error", json!({"where": r#where, "message": message})),
        };
        let mut message = Map::new();
        message.insert("glassbroker".into(), json!(VERSION));
        message.insert("id".into(), json!(id));
        message.insert("type".into(), json!(kind));
        if let Value::Object(fields) = fields {
            message.extend(fields);
        }
        Value::Object(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::ids::NodeId;

    #[track_caller]
    fn check(message: Value, expect: Result<Incoming, &str>) {
        assert_eq!(parse(&message).map_err(|error| error.r#where), expect.map_err(String::from), "{message}");
    }

    #[test]
    fn messages_are_obeyed_whole_or_not_at_all() {
        let g = |mut message: Value| {
            message["glassbroker"] = json!(1);
            message["id"] = json!(null);
            message
        };
        check(
            g(json!({"type": "step", "unit": "message", "count": -3})),
            Ok(Incoming::Step { unit: Unit::Message, count: -3 }),
        );
        check(
            g(json!({"type": "step", "unit": "idea", "count": 1})),
            Ok(Incoming::Step { unit: Unit::Idea, count: 1 }),
        );
        check(g(json!({"type": "goto", "step": 4})), Ok(Incoming::Goto(Place::Idea(4))));
        check(g(json!({"type": "goto", "time_us": 12})), Ok(Incoming::Goto(Place::Time(SimTime(12)))));
        check(g(json!({"type": "get-state"})), Ok(Incoming::GetState));
        check(g(json!({"type": "set-theme", "theme": "dark"})), Ok(Incoming::SetTheme(Theme::Dark)));
        let kill = Command::Kill { node: NodeId::broker(1) };
        check(
            g(json!({"type": "command", "command": {"kill": {"node": {"broker": 1}}}})),
            Ok(Incoming::Command(Box::new(kill))),
        );
        check(json!("step"), Err("message"));
        check(json!({"type": "play"}), Err("glassbroker"));
        check(json!({"glassbroker": 2, "type": "play"}), Err("glassbroker"));
        check(g(json!({})), Err("type"));
        check(g(json!({"type": "explode"})), Err("type"));
        check(g(json!({"type": "step", "unit": "mile"})), Err("unit"));
        check(g(json!({"type": "step", "count": 1.5})), Err("count"));
        check(g(json!({"type": "goto"})), Err("goto"));
        check(g(json!({"type": "goto", "step": 1, "time_us": 1})), Err("goto"));
        check(g(json!({"type": "goto", "step": -1})), Err("step"));
        check(g(json!({"type": "play", "speed": 3})), Err("speed"));
        check(
            g(json!({"type": "command", "command": {"kill": {"node": {"broker": 1}, "twice": true}}})),
            Err("command"),
        );
        check(g(json!({"type": "command"})), Err("command"));
        check(g(json!({"type": "set-theme", "theme": "pink"})), Err("theme"));
    }

    #[test]
    fn every_message_out_says_version_id_and_type() {
        let message =
            Outgoing::Ready { example: "message-flow".into(), step: 0, steps: 9, hash: 255 }.to_json(Some("a"));
        let expect = json!({
            "glassbroker": 1, "id": "a", "type": "ready",
            "example": "message-flow", "step": 0, "steps": 9, "hash": "00000000000000ff",
        });
        assert_eq!(message, expect);
        assert_eq!(Outgoing::Resize { height: 4 }.to_json(None)["id"], Value::Null);
    }
}

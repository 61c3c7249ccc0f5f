//! Links that were given away must open for ever. `tests/links.json` holds moments and their links, and no link that stands
//! there may ever change: what is added to commands is added at the end of its enum, and gets a moment of its own here.

use std::collections::BTreeSet;
use std::path::Path;

use glassbroker::course::Parameters;
use glassbroker::kafka::client::call::{ConsumerCall, ProducerCall};
use glassbroker::sim::Command;
use glassbroker::timeline::link::{self, Moment};
use serde_json::Value;

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/links.json")
}

fn golden() -> Vec<Value> {
    let text = std::fs::read_to_string(path()).expect("tests/links.json can be read");
    serde_json::from_str(&text).expect("tests/links.json is a list of moments")
}

fn moment(entry: &Value) -> Moment<Parameters> {
    serde_json::from_value(entry["moment"].clone()).unwrap_or_else(|error| panic!("{}: {error}", entry["name"]))
}

/// `LINKS=write cargo test --no-default-features --test links` writes the links of new moments; it changes none.
#[test]
fn links_that_were_given_away_open_where_they_did() {
    let mut entries = golden();
    let may_write = std::env::var("LINKS").is_ok_and(|value| value == "write");
    for entry in &mut entries {
        let moment = moment(entry);
        if may_write && entry["link"].is_null() {
            entry["link"] = link::encode(&moment).into();
        }
        let link = entry["link"].as_str().unwrap_or_else(|| panic!("{} has no link yet: LINKS=write", entry["name"]));
        assert_eq!(link::decode::<Parameters>(link).as_ref(), Ok(&moment), "{}", entry["name"]);
        assert_eq!(link::encode(&moment), link, "{}", entry["name"]);
    }
    if may_write {
        let text = serde_json::to_string_pretty(&entries).expect("moments are plain data");
        std::fs::write(path(), text + "\n").expect("tests/links.json can be written");
    }
}

/// The name of a command as JSON, with the name of its call: `consumer seek`.
fn kind(command: &Command) -> String {
    let value = serde_json::to_value(command).expect("a command is plain data");
    let name = |value: &Value| match value {
        Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
        other => other.as_str().unwrap_or_default().to_string(),
    };
    let outer = name(&value);
    match value[&outer].get("call") {
        Some(call) => format!("{outer} {}", name(call)),
        None => outer,
    }
}

/// What serde knows of a variant: it names all of them when it meets one that does not exist.
fn variants<T: for<'de> serde::Deserialize<'de>>() -> Vec<String> {
    let error = serde_json::from_str::<T>("\"no such\"").err().expect("there is no such variant").to_string();
    let (_, list) = error.split_once("expected one of").expect("the error names the variants");
    list.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

#[test]
fn every_command_stands_in_a_link() {
    let seen: BTreeSet<String> =
        golden().iter().flat_map(|entry| moment(entry).commands).map(|(_, command)| kind(&command)).collect();
    let mut all = BTreeSet::new();
    for command in variants::<Command>() {
        match command.as_str() {
            "producer" => all.extend(variants::<ProducerCall>().iter().map(|call| format!("producer {call}"))),
            "consumer" => all.extend(variants::<ConsumerCall>().iter().map(|call| format!("consumer {call}"))),
            // A single request is not accepted from outside.
            "wire" => all.extend(["wire disconnect".to_string()]),
            _ => all.extend([command]),
        }
    }
    assert!(all.len() > 20, "{all:?}");
    assert_eq!(seen, all, "commands in tests/links.json, and commands there are");
}

//! Keys and values as JSON: a text, or `{"hex": "…"}` for bytes that are none; compact forms (links) write bytes.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Readable {
    Text(String),
    Bytes { hex: String },
}

fn to_readable(bytes: &[u8]) -> Readable {
    match std::str::from_utf8(bytes) {
        Ok(text) => Readable::Text(text.into()),
        Err(_) => Readable::Bytes { hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect() },
    }
}

fn from_readable(readable: Readable) -> Result<Vec<u8>, String> {
    let hex = match readable {
        Readable::Text(text) => return Ok(text.into_bytes()),
        Readable::Bytes { hex } => hex,
    };
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return Err(format!("hex needs two digits a byte, and {hex:?} has not"));
    }
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| format!("{:?} is no hex", &hex[at..at + 2])))
        .collect()
}

/// For `#[serde(with = …)]` on `Option<Vec<u8>>`.
pub mod option {
    use super::{Deserialize, Deserializer, Error, Readable, Serialize, Serializer, from_readable, to_readable};

    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            bytes.as_deref().map(to_readable).serialize(serializer)
        } else {
            bytes.serialize(serializer)
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        if deserializer.is_human_readable() {
            Option::<Readable>::deserialize(deserializer)?.map(from_readable).transpose().map_err(D::Error::custom)
        } else {
            Option::<Vec<u8>>::deserialize(deserializer)
        }
    }
}

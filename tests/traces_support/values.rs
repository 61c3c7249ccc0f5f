//! Keys, values and headers: text is UTF-8, `{"hex": "…"}` any bytes, `{"bytes": N}` is N times `x`.

use glassbroker::kafka::record::RecordHeader;
use serde_json::{Value, json};

use super::answer::Failure;
use super::trace::plain;

/// From here on, answers write bytes that are all `x` by their number.
const LONG: usize = 64;

/// The bytes that a key or value stands for; None: null.
pub fn bytes(json: Option<&Value>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(json) = json.filter(|json| !json.is_null()) else { return Ok(None) };
    if let Some(hex) = json.get("hex") {
        return from_hex(&plain(hex)).map(Some);
    }
    if let Some(count) = json.get("bytes").and_then(Value::as_u64) {
        return Ok(Some(vec![b'x'; count as usize]));
    }
    match json {
        Value::Object(_) | Value::Array(_) => Err(Failure::scenario(format!("no key or value: {json}"))),
        json => Ok(Some(plain(json).into_bytes())),
    }
}

/// How a key or value is written in answers.
pub fn json(bytes: Option<&[u8]>) -> Value {
    let Some(bytes) = bytes else { return Value::Null };
    if bytes.len() >= LONG && bytes.iter().all(|byte| *byte == b'x') {
        return json!({"bytes": bytes.len()});
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| c >= ' ' || matches!(c, '\n' | '\t' | '\r')) => json!(text),
        _ => json!({"hex": hex(bytes)}),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn from_hex(hex: &str) -> Result<Vec<u8>, Failure> {
    let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()),
        _ => Err(Failure::scenario(format!("not hexadecimal: {hex}"))),
    }
}

/// Names and values; a list, because names may repeat.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// Written `[["name", value], …]`.
pub fn headers(json: Option<&Value>) -> Result<Headers, Failure> {
    let list = json.and_then(Value::as_array);
    list.into_iter().flatten().map(|pair| Ok((plain(&pair[0]), bytes(pair.get(1))?))).collect()
}

/// The same as a record batch holds them.
pub fn record_headers(json: Option<&Value>) -> Result<Vec<RecordHeader>, Failure> {
    let headers = headers(json)?;
    Ok(headers.into_iter().map(|(name, value)| RecordHeader { name, value: value.map(Into::into) }).collect())
}

/// Headers in an answer; null for none.
pub fn headers_json<'a>(headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) -> Value {
    let list: Vec<Value> = headers.map(|(name, value)| json!([name, json(value)])).collect();
    if list.is_empty() { Value::Null } else { Value::Array(list) }
}

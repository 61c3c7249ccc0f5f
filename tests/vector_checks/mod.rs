//! One file for each kind of vectors, and what they share.

mod assignors;
pub mod folder;
mod hashes;
mod placement;
mod record_batch;

use std::fmt::Debug;

use serde_json::Value;

/// What a check found; a difference is an error that says which.
pub enum Verdict {
    Equal,
    /// Needs what is not built, and what that is.
    NotYet(String),
}

/// How one kind of vectors is recognised and checked. Both functions get the file (without its cases) and the case.
pub struct Check {
    pub name: &'static str,
    /// Whether some of it is built, so that it must have cases.
    pub is_built: bool,
    pub knows: fn(file: &Value, case: &Value) -> bool,
    pub check: fn(file: &Value, case: &Value) -> Result<Verdict, String>,
}

pub const CHECKS: &[Check] = &[
    hashes::MURMUR2,
    hashes::GROUP_COORDINATOR,
    record_batch::RECORD_BATCH,
    placement::REPLICA_PLACEMENT,
    assignors::CLIENT_SIDE,
    assignors::SERVER_SIDE,
];

/// An error that names what differs, unless both are equal.
pub fn expect_equal<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what} is {found:?}, expected {expected:?}")),
    }
}

pub fn text<'a>(case: &'a Value, field: &str) -> Result<&'a str, String> {
    case.get(field).and_then(Value::as_str).ok_or_else(|| format!("field {field} is no text"))
}

pub fn integer(case: &Value, field: &str) -> Result<i64, String> {
    case.get(field).and_then(Value::as_i64).ok_or_else(|| format!("field {field} is no integer"))
}

pub fn boolean(case: &Value, field: &str) -> Result<bool, String> {
    case.get(field).and_then(Value::as_bool).ok_or_else(|| format!("field {field} is no boolean"))
}

pub fn list<'a>(case: &'a Value, field: &str) -> Result<&'a Vec<Value>, String> {
    case.get(field).and_then(Value::as_array).ok_or_else(|| format!("field {field} is no list"))
}

/// The fields of an object, as pairs.
pub fn entries<'a>(case: &'a Value, field: &str) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, String> {
    let object = case.get(field).and_then(Value::as_object);
    object.map(|object| object.iter()).ok_or_else(|| format!("field {field} is no object"))
}

pub fn bytes_of_hex(hex: &str) -> Result<Vec<u8>, String> {
    let digits = hex.as_bytes();
    if !hex.is_ascii() || !digits.len().is_multiple_of(2) {
        return Err(format!("no hex: {hex:.20}"));
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).map_err(|error| format!("no hex: {error}")))
        .collect()
}

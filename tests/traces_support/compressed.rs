//! What cannot be the same when another compressor is at work.
//!
//! A real broker compresses with Java's libraries, the simulator with Rust's: both write what the other can read, but not
//! the same bytes. So of a compressed batch, in any trace, the header and the records are compared, and its size only as a
//! property: it is of the order of the recorded one, and a segment's size is the sum of its batches'. So are the positions in
//! the offset index of a segment that has compressed batches: they grow, and are of the order of the recorded ones.
//! Uncompressed batches, and everything else, must be equal to the last byte.

use glassbroker::kafka::record::Compression;
use glassbroker::kafka::record::codec::decompress;
use serde_json::Value;

use super::values;

/// Marks the offset index of a segment that has compressed batches. No answer of Kafka's has it.
pub const MARK: &str = "of compressed batches";

/// Where the header of a batch ends, and what of it depends on the compressed bytes: the length and the CRC.
const HEADER: usize = 61;
const LENGTH: std::ops::Range<usize> = 8..12;
const CRC: std::ops::Range<usize> = 17..21;
const ATTRIBUTES: std::ops::Range<usize> = 21..23;
/// By so many bytes more than twice the size another compressor may do better or worse.
const SLACK: i64 = 64;

/// Puts the expected size or bytes of compressed batches in the place of those that were found, wherever the latter have
/// the properties that they must have.
pub fn level(expected: &Value, found: &mut Value) {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            if let (Some(Value::Array(one)), Some(Value::Array(other))) = (left.get("batches"), right.get("batches")) {
                let has_compressed = one.iter().any(|batch| batch.get("compression").is_some());
                let is_sum = |total: Option<&Value>, batches: &[Value]| total == Some(&Value::from(sum(batches)));
                let sizes_fit = is_sum(left.get("size"), one) && is_sum(right.get("size"), other);
                let bytes_fit =
                    match (left.get("hex").and_then(Value::as_str), right.get("hex").and_then(Value::as_str)) {
                        (Some(one), Some(other)) => mean_the_same(one, other).unwrap_or(false),
                        _ => false,
                    };
                for (field, fits) in [("size", sizes_fit), ("hex", bytes_fit)] {
                    if let Some(value) = left.get(field).filter(|_| has_compressed && fits) {
                        right.insert(field.into(), value.clone());
                    }
                }
            }
            if right.remove(MARK).is_some() {
                level_positions(left.get("entries"), right.get_mut("entries"));
            }
            if left.contains_key("compression")
                && let (Some(one), Some(other)) = (size(left.get("size")), size(right.get("size")))
                && are_near(one, other)
            {
                right.insert("size".into(), one.into());
            }
            for (name, value) in right.iter_mut() {
                left.get(name).into_iter().for_each(|expected| level(expected, value));
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            left.iter().zip(right).for_each(|(expected, found)| level(expected, found));
        }
        _ => {}
    }
}

/// Whether entries stand where the recorded ones do is told by their offsets.
fn level_positions(expected: Option<&Value>, found: Option<&mut Value>) {
    let (Some(Value::Array(left)), Some(Value::Array(right))) = (expected, found) else { return };
    let position = |entry: &Value| size(entry.get("position"));
    let grows = right.windows(2).all(|pair| position(&pair[0]) < position(&pair[1]));
    for (one, other) in left.iter().zip(right) {
        if let (Some(wanted), Some(there)) = (position(one), position(other))
            && grows
            && are_near(wanted, there)
        {
            other["position"] = wanted.into();
        }
    }
}

fn are_near(one: i64, other: i64) -> bool {
    one.max(other) <= 2 * one.min(other) + SLACK
}

fn size(value: Option<&Value>) -> Option<i64> {
    value.and_then(Value::as_i64)
}

fn sum(batches: &[Value]) -> i64 {
    batches.iter().filter_map(|batch| size(batch.get("size"))).sum()
}

/// Whether two rows of batches, in hexadecimal and with underscores for what is not compared, say the same. None: one of
/// them cannot be read.
fn mean_the_same(one: &str, other: &str) -> Option<bool> {
    let (one, other) = (split(one)?, split(other)?);
    let pairs = one.iter().zip(&other).map(|(one, other)| {
        let codec = i16::from_str_radix(part(one, ATTRIBUTES), 16).ok()? & 0x07;
        if codec == 0 {
            return Some(one == other);
        }
        let kept = [0..LENGTH.start, LENGTH.end..CRC.start, CRC.end..HEADER];
        let same_header = kept.into_iter().all(|range| part(one, range.clone()) == part(other, range));
        Some(same_header && records(one, codec)? == records(other, codec)?)
    });
    let equal: Option<Vec<bool>> = pairs.collect();
    Some(one.len() == other.len() && equal?.into_iter().all(|equal| equal))
}

fn part(hex: &str, bytes: std::ops::Range<usize>) -> &str {
    &hex[bytes.start * 2..bytes.end * 2]
}

/// The batches of a file, each by the length in its header.
fn split(mut hex: &str) -> Option<Vec<&str>> {
    let mut batches = Vec::new();
    while !hex.is_empty() {
        let length = hex.get(LENGTH.start * 2..LENGTH.end * 2)?;
        let bytes = LENGTH.end + usize::from_str_radix(length, 16).ok()?;
        let (batch, rest) = hex.split_at_checked(bytes.max(HEADER) * 2)?;
        batches.push(batch);
        hex = rest;
    }
    Some(batches)
}

fn records(batch: &str, codec: i16) -> Option<Vec<u8>> {
    let bytes = values::from_hex(&batch[HEADER * 2..]).ok()?;
    decompress(Compression::of_attributes(codec).ok()?, &bytes).ok().map(std::borrow::Cow::into_owned)
}

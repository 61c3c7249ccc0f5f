//! A record batch as annotated bytes: which bytes are which field, what they say, and what the field is for.

use serde::{Deserialize, Serialize};

use crate::kafka::record::RecordBatch;
use crate::kafka::record::layout;

/// Bytes of one field that are written out; of a longer one the rest is counted.
const WRITTEN_OUT: usize = 24;

/// One field of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteField {
    /// Kafka's name, for example `baseOffset`.
    pub name: String,
    /// Place of the record in its batch; None: in the batch's header.
    pub record: Option<u32>,
    /// First byte, and first byte after, counted from the first byte of the batch.
    pub start: u32,
    pub end: u32,
    /// The bytes in hex, with spaces; long ones are cut.
    pub hex: String,
    pub value: String,
    pub meaning: String,
}

/// A whole batch, or its header and one of its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchBytes {
    pub caption: String,
    pub size_bytes: u32,
    pub fields: Vec<ByteField>,
    /// Why the records cannot be read, if they cannot.
    pub problem: Option<String>,
}

/// The bytes of a batch. `record`: show only this one, by its place in the batch, beside the header.
pub fn batch_bytes(batch: &RecordBatch, record: Option<u32>) -> BatchBytes {
    let bytes = batch.to_bytes();
    let size_bytes = bytes.len() as u32;
    let records = batch.record_count();
    let caption = format!(
        "Record batch: {} in {size_bytes} bytes{}",
        super::words::count(records.max(0) as u64, "record", "records"),
        match record {
            Some(number) if records > 1 => format!(", record {number} shown"),
            _ => String::new(),
        }
    );
    match layout::describe(batch) {
        Ok(fields) => {
            let shown =
                fields.into_iter().filter(|field| record.is_none() || field.record.is_none() || field.record == record);
            let fields = shown.map(|field| {
                let part = bytes.get(field.start as usize..field.end as usize).unwrap_or_default();
                ByteField {
                    name: field.name.into(),
                    record: field.record,
                    start: field.start,
                    end: field.end,
                    hex: hex(part),
                    value: value(field.name, field.record, field.value),
                    meaning: meaning(field.name, field.record.is_some()).into(),
                }
            });
            BatchBytes { caption, size_bytes, fields: fields.collect(), problem: None }
        }
        Err(error) => BatchBytes { caption, size_bytes, fields: Vec::new(), problem: Some(error.to_string()) },
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text: Vec<String> = bytes.iter().take(WRITTEN_OUT).map(|byte| format!("{byte:02x}")).collect();
    if bytes.len() > WRITTEN_OUT {
        text.push(format!("… {} more", bytes.len() - WRITTEN_OUT));
    }
    text.join(" ")
}

fn value(name: &str, record: Option<u32>, value: Option<String>) -> String {
    match (name, record, value) {
        (_, _, None) => "not text".into(),
        ("attributes", None, Some(bits)) => format!("{bits} in binary"),
        ("keyLength" | "valueLength" | "headerValueLength", _, Some(length)) if length == "-1" => "-1: null".into(),
        ("key" | "value" | "headerName" | "headerValue", _, Some(text)) => format!("{text:?}"),
        (_, _, Some(text)) => text,
    }
}

fn meaning(name: &str, in_record: bool) -> &'static str {
    match (name, in_record) {
        ("baseOffset", _) => "Offset of the first record. The leader writes it; a producer sends 0.",
        ("batchLength", _) => "How many bytes follow this field.",
        ("partitionLeaderEpoch", _) => "Under which leader the batch was written. The leader writes it.",
        ("magic", _) => "Version of the format: 2 since Kafka 0.11.",
        ("crc", _) => {
            "CRC-32C of all bytes after it. Offset and epoch come before, so the leader need not compute it anew."
        }
        ("attributes", false) => "Bits: compression, kind of timestamp, transactional, control.",
        ("lastOffsetDelta", _) => "Offset of the last record, less that of the first.",
        ("baseTimestamp", _) => "Time of the first record, milliseconds since 1970.",
        ("maxTimestamp", _) => "Largest time of the records, milliseconds since 1970.",
        ("producerId", _) => "Who wrote it, if the producer is idempotent; -1 if not.",
        ("producerEpoch", _) => "Which life of the producer; -1 if it is not idempotent.",
        ("baseSequence", _) => "The producer's own number of the first record: a repeat is known by it.",
        ("recordCount", _) => "How many records follow.",
        ("length", true) => "How many bytes of this record follow.",
        ("attributes", true) => "Not used yet: 0.",
        ("timestampDelta", _) => "Time of the record, less the batch's base.",
        ("offsetDelta", _) => "Offset of the record, less the batch's base.",
        ("keyLength", _) => "Bytes of the key; -1 for no key.",
        ("key", _) => "The key. Records with the same key go to the same partition.",
        ("valueLength", _) => "Bytes of the value; -1 for none, which a compacted topic takes as: delete this key.",
        ("value", _) => "What the application has sent.",
        ("headerCount", _) => "How many headers follow.",
        ("headerNameLength", _) => "Bytes of the header's name.",
        ("headerName", _) => "The header's name.",
        ("headerValueLength", _) => "Bytes of the header's value; -1 for none.",
        ("headerValue", _) => "The header's value.",
        ("records", _) => "All records, compressed together.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::record::{ProducerSequence, RecordBatchBuilder};

    fn batch() -> RecordBatch {
        let mut builder = RecordBatchBuilder::new(1_000);
        builder.append(1_705_314_600_000, Some(b"123"), Some(b"{\"user_id\": 123}"), &[]);
        builder.append(1_705_314_600_001, None, None, &[]);
        builder.finish(ProducerSequence::NONE)
    }

    #[test]
    fn every_field_of_a_batch_is_explained() {
        let shown = batch_bytes(&batch(), None);
        assert_eq!(shown.problem, None);
        for field in &shown.fields {
            assert!(!field.meaning.is_empty() && !field.hex.is_empty(), "{field:?}");
        }
        let value = shown.fields.iter().find(|field| field.name == "value").expect("the batch has a value");
        assert_eq!(value.value, "\"{\\\"user_id\\\": 123}\"");
        assert_eq!(&value.hex[..8], "7b 22 75");
    }

    #[test]
    fn one_record_can_be_shown_alone() {
        let shown = batch_bytes(&batch(), Some(1));
        assert!(shown.fields.iter().all(|field| field.record.is_none_or(|record| record == 1)));
        assert!(shown.fields.iter().any(|field| field.name == "keyLength" && field.value == "-1: null"));
    }
}

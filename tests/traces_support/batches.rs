//! Record batches from JSON and to JSON.

use glassbroker::kafka::ids::{LeaderEpoch, ProducerEpoch, ProducerId};
use glassbroker::kafka::record::builder::RATIO_ONE;
use glassbroker::kafka::record::{
    Compression, Compressor, ControlType, EndTransactionMarker, ProducerSequence, RecordBatch, RecordBatchBuilder,
    TimestampType,
};
use serde_json::{Map, Value, json};

use super::answer::Failure;
use super::names::Names;
use super::trace::plain;
use super::values;

/// Where the format, the CRC and the producer id lie in a batch's bytes.
const MAGIC: usize = 16;
const CRC: std::ops::Range<usize> = 17..21;
/// Offset, size, leader epoch and magic.
const SHORTEST: usize = 17;
const PRODUCER_ID: std::ops::Range<usize> = 43..51;

/// Batches one after another, as they stand in a Produce request. `now_ms` stamps records that have no time.
pub fn build(batches: &[Value], now_ms: i64) -> Result<Vec<RecordBatch>, Failure> {
    let mut list = Vec::new();
    for json in batches {
        let mut bytes = match json.get("hex") {
            Some(hex) => values::from_hex(&plain(hex))?,
            None => match one(json, now_ms)? {
                Some(batch) => batch.to_bytes(),
                None => continue,
            },
        };
        // A rest that is too short to hold a batch's size and format is no batch (ByteBufferLogInputStream).
        if bytes.len() < SHORTEST {
            continue;
        }
        if json.get("corrupt_crc").and_then(Value::as_bool) == Some(true) {
            bytes[CRC.start] = !bytes[CRC.start];
        }
        if let Some(magic) = json.get("magic").and_then(Value::as_i64) {
            bytes[MAGIC] = magic as u8;
        }
        let parsed = RecordBatch::parse_sent(&bytes);
        list.extend(parsed.map_err(|error| Failure::NotYet(format!("bytes that are no batch: {error:?}")))?);
    }
    Ok(list)
}

/// None: a batch without records is none. What the builder of the recordings refused (MemoryRecordsBuilder) is refused here.
fn one(json: &Value, now_ms: i64) -> Result<Option<RecordBatch>, Failure> {
    let number = |field: &str, otherwise: i64| json.get(field).and_then(Value::as_i64).unwrap_or(otherwise);
    let flag = |field: &str| json.get(field).and_then(Value::as_bool).unwrap_or(false);
    let producer = ProducerSequence {
        producer_id: ProducerId(number("producer_id", -1)),
        producer_epoch: ProducerEpoch(number("producer_epoch", -1) as i16),
        base_sequence: number("base_sequence", -1) as i32,
        is_transactional: flag("transactional"),
    };
    let records = json.get("records").and_then(Value::as_array).cloned().unwrap_or_default();
    let timestamp = |record: &Value| record.get("timestamp").and_then(Value::as_i64).unwrap_or(now_ms);
    let is_refused = records.iter().any(|record| timestamp(record) < -1)
        || (producer.producer_id.0 >= 0
            && (producer.producer_epoch.0 < 0 || producer.base_sequence < 0)
            && !flag("control"));
    if is_refused {
        return Err(Failure::exception("IllegalArgumentException"));
    }
    if records.is_empty() {
        return Ok(None);
    }
    let batch = match records.first() {
        Some(record) if flag("control") => {
            let coordinator_epoch = record.get("coordinator_epoch").and_then(Value::as_i64).unwrap_or(0) as i32;
            let control_type = match record.get("marker").and_then(Value::as_str) {
                Some("commit") => ControlType::Commit,
                _ => ControlType::Abort,
            };
            let marker = EndTransactionMarker { control_type, coordinator_epoch };
            marker.to_batch(producer.producer_id, producer.producer_epoch, timestamp(record))
        }
        _ => {
            let name = json.get("compression").and_then(Value::as_str).unwrap_or("none");
            let codec = Compression::named(name);
            let codec = codec.ok_or_else(|| Failure::scenario(format!("there is no codec {name}")))?;
            let mut builder = RecordBatchBuilder::new(1024).compressed(Compressor::of(codec), RATIO_ONE);
            for record in &records {
                let key = values::bytes(record.get("key"))?;
                let value = values::bytes(record.get("value"))?;
                let headers = values::record_headers(record.get("headers"))?;
                builder.append(timestamp(record), key.as_deref(), value.as_deref(), &headers);
            }
            builder.finish(producer)
        }
    };
    let leader_epoch = LeaderEpoch(number("partition_leader_epoch", -1) as i32);
    Ok(Some(batch.with_offset_and_epoch(number("base_offset", 0), leader_epoch)))
}

pub fn list_json(batches: &[RecordBatch], with_records: bool) -> Value {
    Value::Array(batches.iter().map(|batch| json(batch, with_records)).collect())
}

/// A batch as answers write it; fields without meaning are left out.
pub fn json(batch: &RecordBatch, with_records: bool) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.into(), value));
    put("base_offset", json!(batch.base_offset()));
    put("last_offset", json!(batch.last_offset()));
    put("leader_epoch", json!(batch.leader_epoch()));
    put("size", json!(batch.size_in_bytes()));
    if batch.has_producer_id() {
        put("producer_id", json!(batch.producer_id()));
        put("producer_epoch", json!(batch.producer_epoch()));
        put("base_sequence", json!(batch.base_sequence()));
    }
    if batch.is_transactional() {
        put("transactional", json!(true));
    }
    if batch.is_control() {
        put("control", json!(true));
    }
    match batch.compression() {
        Ok(Compression::None) => {}
        Ok(compression) => put("compression", json!(compression.name())),
        Err(error) => put("compression", json!(format!("{error:?}"))),
    }
    if batch.timestamp_type() != TimestampType::CreateTime {
        put("timestamp_type", json!(batch.timestamp_type().name()));
    }
    put("max_timestamp", json!(batch.max_timestamp()));
    if batch.has_delete_horizon() {
        put("delete_horizon_timestamp", json!(batch.base_timestamp()));
    }
    if with_records {
        put("records", records_json(batch));
    } else {
        put("count", json!(batch.record_count()));
    }
    Value::Object(fields)
}

fn records_json(batch: &RecordBatch) -> Value {
    let data = match batch.record_data() {
        Ok(data) => data,
        Err(error) => return json!(format!("unreadable: {error:?}")),
    };
    let mut list = Vec::new();
    for view in data.views() {
        let view = match view {
            Ok(view) => view,
            Err(error) => return json!(format!("unreadable: {error:?}")),
        };
        let mut record = json!({"offset": view.offset, "timestamp": view.timestamp});
        if batch.is_control() {
            match EndTransactionMarker::read(view) {
                Ok(marker) => {
                    let commit = marker.control_type == ControlType::Commit;
                    record["control_type"] = json!(if commit { "COMMIT" } else { "ABORT" });
                    record["coordinator_epoch"] = json!(marker.coordinator_epoch);
                }
                Err(error) => record["control_type"] = json!(format!("{error:?}")),
            }
        } else {
            record["key"] = values::json(view.key);
            record["value"] = values::json(view.value);
            if view.header_count > 0 {
                record["headers"] = values::headers_json(view.headers());
            }
        }
        list.push(record);
    }
    Value::Array(list)
}

/// The bytes of batches. A producer id that Kafka chose may be another one in every play: it and the CRC, which covers
/// it, are written as underscores.
pub fn hex<'a>(batches: impl Iterator<Item = &'a RecordBatch>, names: &Names) -> String {
    let mut text = String::new();
    for batch in batches {
        let mut hex = values::hex(&batch.to_bytes());
        if batch.has_producer_id() && !names.is_literal_producer_id(batch.producer_id().0) {
            for range in [CRC, PRODUCER_ID] {
                hex.replace_range(range.start * 2..range.end * 2, &"_".repeat(range.len() * 2));
            }
        }
        text.push_str(&hex);
    }
    text
}

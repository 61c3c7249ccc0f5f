//! Record batches: read, and built anew byte for byte.

use glassbroker::kafka::ids::{LeaderEpoch, ProducerEpoch, ProducerId};
use glassbroker::kafka::record::builder::RATIO_ONE;
use glassbroker::kafka::record::codec::decompress;
use glassbroker::kafka::record::{
    Bytes, Compression, Compressor, ControlType, EndTransactionMarker, ProducerSequence, Record, RecordBatch,
    RecordBatchBuilder, RecordError, RecordHeader, TimestampType,
};
use serde_json::Value;

use super::{Check, Verdict, boolean, bytes_of_hex, expect_equal, integer, list, text};

pub const RECORD_BATCH: Check = Check {
    name: "record batch",
    is_built: true,
    knows: |_, case| case.get("header").is_some() && case.get("hex").is_some(),
    check: |_, case| {
        for field in ["hex", "hex_kafka_python"] {
            if case.get(field).is_some() {
                check_header(case, text(case, field)?, field == "hex")?;
            }
        }
        if let Some(Value::String(hex)) = case.get("hex_kafka_python") {
            let batch = parse_one(&bytes_of_hex(hex)?)?;
            expect_equal("records of kafka-python", read_records(&batch)?, given_records(case, &batch)?)?;
        }
        let batch = parse_one(&bytes_of_hex(text(case, "hex")?)?)?;
        let compression = batch.compression().map_err(|error| error.to_string())?;
        expect_equal("compression", compression.name(), text(case, "compression")?)?;
        batch.check().map_err(|error| error.to_string())?;
        check_damage(&batch)?;
        if boolean(case, "control")? {
            check_markers(case, &batch)?;
        } else {
            check_records(case, &batch)?;
        }
        Ok(Verdict::Equal)
    },
};

fn parse_one(bytes: &[u8]) -> Result<RecordBatch, String> {
    match RecordBatch::parse(bytes).map_err(|error| error.to_string())?.as_slice() {
        [batch] => Ok(batch.clone()),
        batches => Err(format!("{} batches, expected one", batches.len())),
    }
}

/// Every field of the header. `is_whole`: the compressed size, and so the CRC, is the one that the case gives.
fn check_header(case: &Value, hex: &str, is_whole: bool) -> Result<(), String> {
    let bytes = bytes_of_hex(hex)?;
    let batch = parse_one(&bytes)?;
    expect_equal("CRC", batch.is_valid(), true)?;
    expect_equal("bytes", batch.to_bytes() == bytes, true)?;
    expect_equal("base offset", batch.base_offset(), integer(case, "base_offset")?)?;
    expect_equal("leader epoch", batch.leader_epoch().0 as i64, integer(case, "partition_leader_epoch")?)?;
    expect_equal("magic", batch.magic(), 2)?;
    expect_equal("timestamp type", batch.timestamp_type().name(), text(case, "timestamp_type")?)?;
    expect_equal("transactional", batch.is_transactional(), boolean(case, "transactional")?)?;
    expect_equal("control", batch.is_control(), boolean(case, "control")?)?;
    expect_equal("producer id", batch.producer_id().0, integer(case, "producer_id")?)?;
    expect_equal("producer epoch", batch.producer_epoch().0 as i64, integer(case, "producer_epoch")?)?;
    expect_equal("base sequence", batch.base_sequence() as i64, integer(case, "base_sequence")?)?;
    let header = &case["header"];
    if is_whole {
        expect_equal("size", batch.size_in_bytes() as i64, integer(case, "size")?)?;
        expect_equal("batch length", batch.batch_length() as i64, integer(header, "batch_length")?)?;
        expect_equal("crc", batch.crc() as i64, integer(header, "crc")?)?;
    }
    // kafka-python leaves a batch uncompressed if compression would not make it smaller.
    let codec_bits = if is_whole { 0 } else { 0x07 };
    let attributes = integer(header, "attributes")? & !codec_bits;
    expect_equal("attributes", batch.attributes() as i64 & !codec_bits, attributes)?;
    expect_equal("last offset delta", batch.last_offset_delta() as i64, integer(header, "last_offset_delta")?)?;
    expect_equal("base timestamp", batch.base_timestamp(), integer(header, "base_timestamp")?)?;
    expect_equal("max timestamp", batch.max_timestamp(), integer(header, "max_timestamp")?)?;
    expect_equal("record count", batch.record_count() as i64, integer(header, "record_count")?)
}

/// One changed byte after the CRC, or a missing one at the end, is noticed.
fn check_damage(batch: &RecordBatch) -> Result<(), String> {
    let mut bytes = batch.to_bytes();
    if RecordBatch::parse(&bytes[..bytes.len() - 1]).is_ok() {
        return Err("a batch without its last byte is taken".to_owned());
    }
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    expect_equal("CRC of a damaged batch", parse_one(&bytes)?.is_valid(), false)
}

fn check_records(case: &Value, batch: &RecordBatch) -> Result<(), String> {
    let log_append_time = case.get("log_append_time").and_then(Value::as_i64);
    let given = given_records(case, batch)?;
    let expected: Vec<Record> = given
        .iter()
        .map(|record| Record { timestamp: log_append_time.unwrap_or(record.timestamp), ..record.clone() })
        .collect();
    expect_equal("records", read_records(batch)?, expected)?;

    let compression = batch.compression().map_err(|error| error.to_string())?;
    let mut builder = RecordBatchBuilder::new(16_384).compressed(Compressor::of(compression), RATIO_ONE);
    for record in &given {
        builder.append(record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
    }
    if compression == Compression::None {
        expect_equal("size of the builder", builder.size_in_bytes() as i64, integer(case, "size")?)?;
    }
    let built = builder.finish(ProducerSequence {
        producer_id: ProducerId(integer(case, "producer_id")?),
        producer_epoch: ProducerEpoch(integer(case, "producer_epoch")? as i16),
        base_sequence: integer(case, "base_sequence")? as i32,
        is_transactional: boolean(case, "transactional")?,
    });
    let built = match batch.timestamp_type() {
        TimestampType::CreateTime => built,
        TimestampType::LogAppendTime => {
            built.with_log_append_time(log_append_time.ok_or("log_append_time is missing")?)
        }
    };
    check_bytes(case, &built)
}

fn check_markers(case: &Value, batch: &RecordBatch) -> Result<(), String> {
    let data = batch.record_data().map_err(|error| error.to_string())?;
    let [record] = list(case, "records")?.as_slice() else { return Err("a control batch holds one record".into()) };
    let view = data.views().next().ok_or("no record")?.map_err(|error| error.to_string())?;
    let marker = EndTransactionMarker::read(view).map_err(|error| error.to_string())?;
    let control_type = match text(record, "marker")? {
        "COMMIT" => ControlType::Commit,
        "ABORT" => ControlType::Abort,
        other => return Err(format!("unknown marker {other}")),
    };
    let coordinator_epoch = integer(record, "coordinator_epoch")? as i32;
    expect_equal("marker", marker, EndTransactionMarker { control_type, coordinator_epoch })?;
    expect_equal("timestamp", view.timestamp, integer(record, "timestamp")?)?;
    let built = marker.to_batch(batch.producer_id(), batch.producer_epoch(), view.timestamp);
    check_bytes(case, &built)
}

/// Puts the batch where the case has it, which must not touch the CRC, and compares all bytes.
fn check_bytes(case: &Value, built: &RecordBatch) -> Result<(), String> {
    let epoch = LeaderEpoch(integer(case, "partition_leader_epoch")? as i32);
    let placed = built.with_offset_and_epoch(integer(case, "base_offset")?, epoch);
    expect_equal("shares its bytes", placed.shares_bytes_with(built), true)?;
    let expected = bytes_of_hex(text(case, "hex")?)?;
    if built.compression() == Ok(Compression::None) {
        return expect_equal("bytes built anew", placed.to_bytes(), expected);
    }
    // Another compressor writes other bytes that mean the same; with them the length and the CRC are others.
    let found = placed.to_bytes();
    for range in [0..8, 12..17, 21..61] {
        expect_equal("header built anew", &found[range.clone()], &expected[range])?;
    }
    let plain = |bytes: &[u8]| {
        let compression = parse_one(bytes)?.compression().map_err(|error| error.to_string())?;
        decompress(compression, &bytes[61..]).map(|plain| plain.into_owned()).map_err(|error| error.to_string())
    };
    expect_equal("records built anew", plain(&found)?, plain(&expected)?)
}

fn read_records(batch: &RecordBatch) -> Result<Vec<Record>, String> {
    batch.records().collect::<Result<_, RecordError>>().map_err(|error| error.to_string())
}

fn given_records(case: &Value, batch: &RecordBatch) -> Result<Vec<Record>, String> {
    let records = list(case, "records")?.iter().enumerate();
    records.map(|(i, record)| given_record(record, batch.base_offset() + i as i64)).collect()
}

fn given_record(record: &Value, offset: i64) -> Result<Record, String> {
    let bytes = |value: &Value| match value.as_str() {
        Some(hex) => bytes_of_hex(hex).map(|bytes| Some(Bytes::from(bytes))),
        None => Ok(None),
    };
    let headers = list(record, "headers")?
        .iter()
        .map(|header| {
            let name = header.get(0).and_then(Value::as_str).ok_or("a header without name")?.to_owned();
            Ok(RecordHeader { name, value: bytes(&header[1])? })
        })
        .collect::<Result<_, String>>()?;
    Ok(Record {
        offset,
        timestamp: integer(record, "timestamp")?,
        key: bytes(&record["key_hex"])?,
        value: bytes(&record["value_hex"])?,
        headers,
    })
}

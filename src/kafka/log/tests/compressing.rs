//! Compressed batches at a leader: checked, kept as they came, or compressed anew as the topic wants it.

use super::*;
use crate::kafka::record::builder::RATIO_ONE;
use crate::kafka::record::header;
use crate::kafka::record::{Compression, Compressor, TimestampType};

fn compressed(codec: Compression, values: &[&str]) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(16_384).compressed(Compressor::of(codec), RATIO_ONE);
    for (i, value) in values.iter().enumerate() {
        builder.append(NOW + i as i64, Some(b"k"), Some(value.as_bytes()), &[]);
    }
    builder.finish(ProducerSequence::NONE)
}

fn values(batch: &RecordBatch) -> Vec<(i64, i64, String)> {
    let text =
        |value: Option<_>| value.map_or(String::new(), |it: crate::kafka::record::Bytes| it.as_utf8().unwrap().into());
    let records = batch.records().map(Result::unwrap);
    records.map(|record| (record.offset, record.timestamp - NOW, text(record.value))).collect()
}

fn codecs() -> impl Iterator<Item = Compression> {
    Compression::ALL.into_iter()
}

#[test]
fn a_batch_keeps_its_codec_and_its_bytes_unless_the_topic_has_one() {
    let long = "x".repeat(300);
    for codec in codecs() {
        let batch = compressed(codec, &[&long, "b"]);
        assert_eq!(batch.size_in_bytes() < 200, codec != Compression::None);
        let mut log = new_log();
        append(&mut log, &batch).unwrap();
        append(&mut log, &batch).unwrap();
        let stored = log.batches().last().unwrap();
        assert!(stored.shares_bytes_with(&batch), "{codec:?} is not compressed anew");
        assert_eq!(values(stored), [(2, 0, long.clone()), (3, 1, "b".into())]);
        for wanted in codecs() {
            let mut log = log_with(|config| config.compressor = Some(Compressor::of(wanted)));
            append(&mut log, &batch).unwrap();
            append(&mut log, &batch).unwrap();
            let stored = log.batches().last().unwrap();
            stored.check().unwrap();
            assert_eq!((stored.compression(), stored.shares_bytes_with(&batch)), (Ok(wanted), codec == wanted));
            assert_eq!(values(stored), [(2, 0, long.clone()), (3, 1, "b".into())], "{codec:?} to {wanted:?}");
            assert_eq!((stored.base_timestamp(), stored.max_timestamp()), (NOW, NOW + 1));
        }
    }
    let mut log = log_with(|config| {
        config.compressor = Some(Compressor::of(Compression::Zstd));
        config.message_timestamp_type = TimestampType::LogAppendTime;
    });
    append(&mut log, &compressed(Compression::Gzip, &["a", "b"])).unwrap();
    let stored = log.batches().last().unwrap();
    assert_eq!((stored.timestamp_type(), stored.max_timestamp()), (TimestampType::LogAppendTime, NOW));
}

#[test]
fn what_cannot_be_decoded_is_an_unknown_error() {
    let good = compressed(Compression::Gzip, &["some", "text"]);
    let mut bytes = good.to_bytes();
    bytes[75..90].fill(0x55);
    let damaged = with_header_field(&RecordBatch::parse(&bytes).unwrap()[0], header::MAGIC, [2]);
    let mut log = new_log();
    for codec in 5..=7_i16 {
        let unknown = with_header_field(&good, header::ATTRIBUTES, codec.to_be_bytes());
        assert_eq!(append(&mut log, &unknown), Err(ErrorCode::Unknown), "codec {codec}");
    }
    let error = append_in_epoch(&mut log, &damaged, 0).unwrap_err();
    assert_eq!((error.error_code(), error.answers_log_start_offset()), (ErrorCode::Unknown, true));
    assert_eq!(append(&mut log, &good), Ok(0));
}

#[test]
fn records_numbered_wrongly_are_numbered_anew_only_if_they_are_compressed_anew() {
    // The offset delta of the second of two equal records stands at its fourth byte.
    let mut bytes = batch(&[0, 0]).to_bytes();
    let second = header::HEADER_SIZE + (bytes.len() - header::HEADER_SIZE) / 2;
    assert_eq!(bytes[second + 3], 2);
    bytes[second + 3] = 10;
    let plain = with_header_field(&RecordBatch::parse(&bytes).unwrap()[0], header::MAGIC, [2]);
    let records = Compressor::of(Compression::Lz4).compress(&bytes[header::HEADER_SIZE..]).into_owned();
    let mut frame = bytes[..header::HEADER_SIZE].to_vec();
    frame.extend(records);
    let length = (frame.len() - header::LOG_OVERHEAD) as i32;
    frame[header::BATCH_LENGTH..header::BATCH_LENGTH + 4].copy_from_slice(&length.to_be_bytes());
    let lz4 = with_header_field(&RecordBatch::parse(&frame).unwrap()[0], header::ATTRIBUTES, 3_i16.to_be_bytes());
    assert_eq!(append(&mut new_log(), &lz4), Err(ErrorCode::Unknown));
    assert_eq!(append(&mut new_log(), &plain), Ok(0), "nobody looks");
    for batch in [lz4, plain] {
        let mut log = log_with(|config| config.compressor = Some(Compressor::of(Compression::Snappy)));
        append(&mut log, &batch).unwrap();
        let offsets: Vec<i64> =
            values(log.batches().next().unwrap()).into_iter().map(|(offset, _, _)| offset).collect();
        assert_eq!(offsets, [0, 1]);
    }
}

#[test]
fn too_large_is_what_is_too_large_on_disk() {
    let long = "x".repeat(5_000);
    let batch = compressed(Compression::Gzip, &[&long]);
    let mut log = log_with(|config| config.max_message_bytes = 200);
    assert_eq!(append(&mut log, &batch), Ok(0));
    let mut log = log_with(|config| {
        config.max_message_bytes = 200;
        config.compressor = Some(Compressor::default());
    });
    assert_eq!(append(&mut log, &batch), Err(ErrorCode::MessageTooLarge), "once it is decompressed");
    assert_eq!(log.log_end_offset(), 0);
}

#[test]
fn a_compacted_topic_looks_into_compressed_batches_and_leaves_them_compressed() {
    let mut log = log_with(|config| {
        config.is_compacted = true;
        config.segment_ms = 500;
    });
    let mut keyless = RecordBatchBuilder::new(100).compressed(Compressor::of(Compression::Zstd), RATIO_ONE);
    keyless.append(NOW, None, Some(b"v"), &[]);
    assert_eq!(append(&mut log, &keyless.finish(ProducerSequence::NONE)), Err(ErrorCode::InvalidRecord));
    append(&mut log, &compressed(Compression::Zstd, &["a", "b", "c"])).unwrap();
    append(&mut log, &batch(&[1_000])).unwrap();
    log.update_high_watermark(4);
    let what = log.to_clean(NOW);
    log.clean(&what, NOW);
    let left = log.batches().next().unwrap();
    assert_eq!((left.compression(), left.last_offset()), (Ok(Compression::Zstd), 2));
    assert_eq!(values(left), [(2, 2, "c".into())]);
}

//! What a node has on its disk.

use glassbroker::kafka::hash::java_hash_map::{java_hash_map_order, java_long_hash};
use glassbroker::kafka::log::{Log, LogSegment};
use glassbroker::kafka::record::Compression;
use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::play::Play;
use super::trace::Step;
use super::view;
use super::{batches, compressed, messages};

/// Reads the log that the step names.
fn with_log<T>(play: &Play, step: &Step, read: impl FnOnce(&Log) -> T) -> Result<T, Failure> {
    let world = play.clock.world();
    let broker = play.broker(step.number("node")?)?;
    match view::log(&world, broker, &step.topic_partition()?) {
        Some(log) => Ok(read(log)),
        None => Err(Failure::exception("NoSuchFileException")),
    }
}

/// `hex` adds the bytes of each segment, `records` the records of each batch.
pub fn read_log(play: &Play, step: &Step) -> Answer {
    let names = play.names.borrow();
    with_log(play, step, |log| {
        let segments = log.segments().iter().map(|segment| {
            let list: Vec<Value> =
                segment.batches().map(|batch| batches::json(batch, step.flag("records", false))).collect();
            let mut json = json!({
                "base_offset": segment.base_offset(),
                "size": segment.size_in_bytes(),
                "batches": list,
            });
            if step.flag("hex", false) {
                json["hex"] = json!(batches::hex(segment.batches(), &names));
            }
            json
        });
        let epochs = log.leader_epoch_cache().entries().iter().map(|entry| json!([entry.epoch, entry.start_offset]));
        json!({
            "segments": segments.collect::<Vec<_>>(),
            "leader_epoch_checkpoint": epochs.collect::<Vec<_>>(),
            "log_start_offset_checkpoint": log.log_start_offset_checkpoint(),
        })
    })
}

/// The files of a partition's folder. Indexes are as large as they may become, until their segment is rolled.
pub fn list_files(play: &Play, step: &Step) -> Answer {
    let mut files = with_log(play, step, |log| {
        let mut files: Vec<(String, Option<usize>)> = Vec::new();
        for segment in log.segments() {
            let base_offset = segment.base_offset();
            files.push((format!("{base_offset:020}.index"), None));
            files.push((format!("{base_offset:020}.log"), Some(segment.size_in_bytes() as usize)));
            files.push((format!("{base_offset:020}.timeindex"), None));
        }
        let snapshots = log.producer_state().snapshot_sizes();
        files.extend(snapshots.map(|(offset, size)| (format!("{offset:020}.snapshot"), Some(size))));
        let epochs = log.leader_epoch_cache().entries().iter();
        let lines = epochs.map(|entry| format!("{} {}\n", entry.epoch, entry.start_offset).len());
        let count = log.leader_epoch_cache().entries().len();
        files.push(("leader-epoch-checkpoint".into(), Some(format!("0\n{count}\n").len() + lines.sum::<usize>())));
        files
    })?;
    let id = messages::uuid_text(0);
    files.push(("partition.metadata".into(), Some(format!("version: 0\ntopic_id: {id}").len())));
    files.sort();
    let files = files.into_iter().map(|(name, size)| match size {
        Some(size) => json!({"name": name, "size": size}),
        None => json!({"name": name}),
    });
    Ok(json!({"files": files.collect::<Vec<_>>()}))
}

/// How many records there are in the files of a partition.
pub fn count_records(play: &Play, step: &Step) -> Answer {
    with_log(play, step, |log| {
        let records: i64 = log.batches().map(|batch| i64::from(batch.record_count())).sum();
        json!({"records": records})
    })
}

/// Entries of the offset or the time index of each segment.
pub fn read_index(play: &Play, step: &Step) -> Answer {
    let kind = step.text_or("kind", "offset");
    if kind != "offset" && kind != "time" {
        return Err(Failure::NotYet(format!("the {kind} index")));
    }
    with_log(play, step, |log| {
        // The offset index of a segment that was rolled is made when it is first needed; that of a new log with the log.
        let has_file =
            |segment: &LogSegment| kind != "offset" || segment.size_in_bytes() > 0 || segment.base_offset() == 0;
        let with_files = log.segments().iter().filter(|segment| has_file(segment));
        let segments = with_files.map(|segment| {
            let entries: Vec<Value> = if kind == "offset" {
                let entries = segment.offset_index();
                entries.map(|entry| json!({"offset": entry.offset, "position": entry.position})).collect()
            } else {
                let entries = segment.time_index();
                entries.map(|entry| json!({"timestamp": entry.timestamp, "offset": entry.offset})).collect()
            };
            let mut json = json!({"base_offset": segment.base_offset(), "entries": entries});
            if kind == "offset" && segment.batches().any(|batch| batch.compression() != Ok(Compression::None)) {
                json[compressed::MARK] = json!(true);
            }
            json
        });
        json!({"segments": segments.collect::<Vec<_>>()})
    })
}

pub fn high_watermark_checkpoint(play: &Play, step: &Step) -> Answer {
    with_log(play, step, |log| json!({"offset": log.high_watermark_checkpoint()}))
}

/// What a replica (by default the leader) knows of the producers that have written to it.
pub fn describe_producers(play: &Play, step: &Step) -> Answer {
    let world = play.clock.world();
    let partition = step.topic_partition()?;
    let broker = match step.get("node").and_then(Value::as_i64) {
        Some(id) => Some(play.broker(id)?),
        None => {
            let any = view::running_brokers(&world).into_iter().next();
            let image = any.and_then(|id| view::image(&world, id));
            image.and_then(|image| image.partition(&partition.topic, partition.partition)?.leader)
        }
    };
    let log = broker.and_then(|broker| view::log(&world, broker, &partition));
    let log = log.ok_or(Failure::exception("TimeoutException"))?;
    // The broker keeps them in a hash map.
    let entries: Vec<_> = log.producer_state().producers().values().collect();
    let hashes: Vec<i32> = entries.iter().map(|entry| java_long_hash(entry.producer_id.0)).collect();
    let producers = java_hash_map_order(&hashes).into_iter().map(|place| entries[place]).map(|entry| {
        json!({
            "producer_id": entry.producer_id,
            "producer_epoch": entry.producer_epoch,
            "last_sequence": entry.last_sequence(),
            "last_timestamp": entry.last_timestamp,
            "coordinator_epoch": entry.coordinator_epoch,
            "transaction_start_offset": -1,
        })
    });
    Ok(json!({"producers": producers.collect::<Vec<_>>()}))
}

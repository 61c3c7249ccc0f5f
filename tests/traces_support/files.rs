//! What a node has on its disk.

use glassbroker::kafka::log::{Log, LogSegment};
use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::batches;
use super::play::Play;
use super::trace::Step;
use super::view;

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
            json!({"base_offset": segment.base_offset(), "entries": entries})
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
    let producers = log.producer_state().producers().values().map(|entry| {
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

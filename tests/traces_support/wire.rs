//! Single requests on raw connections, without any client logic.

use std::collections::BTreeMap;

use glassbroker::kafka::client::call::WireCall;
use glassbroker::kafka::client::wire::Answer as WireAnswer;
use glassbroker::kafka::ids::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, TopicId};
use glassbroker::kafka::protocol::fetch::{
    FetchPartition, FetchPartitionResponse, FetchRequest, Fetcher, IsolationLevel,
};
use glassbroker::kafka::protocol::fetch_metadata::FetchMetadata;
use glassbroker::kafka::protocol::produce::{Acks, PartitionProduceData, PartitionProduceResponse, ProduceRequest};
use glassbroker::kafka::protocol::{ErrorCode, Request, Response};
use glassbroker::sim::Command;
use glassbroker::sim::ProcessStatus;
use serde_json::{Value, json};

use super::admin;
use super::answer::{Answer, Failure, ok};
use super::batches;
use super::messages::{self, uuid};
use super::offsets::isolation;
use super::play::Play;
use super::trace::Step;
use super::view;

/// The newest versions of Kafka 4.3, and the first that name topics by id.
const PRODUCE_NEWEST: i64 = 13;
const PRODUCE_WITH_TOPIC_IDS: i64 = 13;
/// The first versions of a Produce response that have the log start offset, what is wrong with records, the leader.
const PRODUCE_WITH_LOG_START: i64 = 5;
const PRODUCE_WITH_RECORD_ERRORS: i64 = 8;
const PRODUCE_WITH_LEADER: i64 = 10;
const FETCH_NEWEST: i64 = 18;
const FETCH_WITH_TOPIC_IDS: i64 = 13;

/// How much longer than its request may take an answer is waited for.
const MARGIN_MS: u64 = 5_000;

/// Id that no topic has: what an unknown topic is asked for by.
const NO_TOPIC: TopicId = TopicId(u128::MAX);

/// The connections that steps have opened, by name and node.
#[derive(Default)]
pub struct Connections {
    open: BTreeMap<(String, NodeId), Connection>,
    next: u32,
}

#[derive(Clone, Copy)]
struct Connection {
    number: u32,
    /// The node's process has ended since it was opened: the next step to use it finds it closed.
    is_closed: bool,
}

impl Connections {
    /// The process of this node has ended.
    pub fn node_ended(&mut self, node: NodeId) {
        for ((_, to), connection) in &mut self.open {
            connection.is_closed |= *to == node;
        }
    }
}

/// The number of the connection that the step uses, opened if need be.
fn connection(play: &Play, step: &Step, to: NodeId) -> Result<u32, Failure> {
    let mut connections = play.connections.borrow_mut();
    let key = (step.text_or("connection", ""), to);
    match connections.open.get(&key).copied() {
        Some(Connection { is_closed: true, .. }) => {
            connections.open.remove(&key);
            Err(Failure::exception("EOFException"))
        }
        Some(Connection { number, .. }) => Ok(number),
        None => {
            let number = connections.next;
            connections.next += 1;
            connections.open.insert(key, Connection { number, is_closed: false });
            Ok(number)
        }
    }
}

pub fn disconnect(play: &Play, step: &Step) -> Answer {
    let to = play.node(step.number("to")?)?;
    let key = (step.text_or("connection", ""), to);
    let open = play.connections.borrow_mut().open.remove(&key);
    if let Some(Connection { number: connection, .. }) = open {
        play.apply(&Command::Wire { call: WireCall::Disconnect { to, connection } })?;
    }
    Ok(ok())
}

/// A connection that broke is forgotten, so that the next step gets a new one.
async fn exchange(play: &Play, step: &Step, timeout_ms: u64, request: Request) -> Result<Response, Failure> {
    let to = play.node(step.number("to")?)?;
    let number = connection(play, step, to)?;
    let is_up = play.clock.world().process(to).is_some_and(|process| process.status != ProcessStatus::Down);
    let ticket = play.ticket();
    if let Some(response) = admin::call(play, to, number, ticket, timeout_ms, request).await? {
        return Ok(response);
    }
    let broke = play.clock.world().wire().answer(ticket) == Some(&WireAnswer::Disconnected);
    disconnect(play, step)?;
    Err(Failure::exception(match (is_up, broke) {
        (false, _) => "ConnectException",
        (true, true) => "EOFException",
        (true, false) => "SocketTimeoutException",
    }))
}

/// `api`: the name as in Kafka's protocol guide; `body`: fields as in its message definitions.
pub async fn request(play: &Play, step: &Step) -> Answer {
    let api = step.text("api")?;
    let body = step.get("body").cloned().unwrap_or(json!({}));
    let version = step.get("version").and_then(Value::as_i64);
    let mapping = messages::find(&api, version)?;
    let request = (mapping.request)(&body, mapping.version)?;
    let response = exchange(play, step, step.timeout_ms(), request).await?;
    let world = play.clock.world();
    (mapping.response)(&response, &messages::Reader { world: &world, version: mapping.version })
}

/// Newer versions name topics by id: the one given, or that of the topic as any running broker knows it. Older ones
/// are understood by the receiver itself.
fn topic_id(play: &Play, step: &Step, by_id: bool) -> Result<TopicId, Failure> {
    if let (true, Some(given)) = (by_id, step.get("topic_id").and_then(Value::as_str)) {
        return uuid(given).map(TopicId);
    }
    let topic = step.text("topic")?;
    let world = play.clock.world();
    if by_id {
        let found = view::topic_id(&world, &topic);
        if let Some(id) = found {
            play.names.borrow_mut().topic_id(&topic.as_str().into(), id);
        }
        return Ok(found.unwrap_or(NO_TOPIC));
    }
    let image = view::image(&world, play.broker(step.number("to")?)?);
    Ok(image.and_then(|image| Some(image.topic(&topic)?.topic_id)).unwrap_or(NO_TOPIC))
}

/// The error as a version that names topics by name has it.
fn error_json(error: ErrorCode, by_id: bool) -> Value {
    match error {
        ErrorCode::UnknownTopicId if !by_id => json!(ErrorCode::UnknownTopicOrPartition.name()),
        error => json!(error.name()),
    }
}

pub async fn raw_produce(play: &Play, step: &Step) -> Answer {
    let version = step.number_or("version", PRODUCE_NEWEST);
    let by_id = version >= PRODUCE_WITH_TOPIC_IDS;
    let acks = match step.number_or("acks", -1) {
        0 => Acks::None,
        1 => Acks::Leader,
        -1 => Acks::All,
        other => Acks::Invalid(other as i16),
    };
    let partition = PartitionProduceData {
        topic_id: topic_id(play, step, by_id)?,
        partition: step.number_or("partition", 0) as i32,
        batches: batches::build(step.list("batches"), play.now_ms())?,
    };
    let timeout_ms = step.number_or("request_timeout_ms", 30_000) as u32;
    let request = ProduceRequest { acks, timeout_ms, partitions: vec![partition] };
    if acks == Acks::None {
        return produce_without_answer(play, step, request).await;
    }
    let response = exchange(play, step, step.timeout_ms() + MARGIN_MS, request.into()).await?;
    match response {
        Response::Produce(response) if !response.partitions.is_empty() => {
            Ok(produce_json(&response.partitions[0], version))
        }
        other => Err(Failure::scenario(format!("not the answer to a produce request: {other:?}"))),
    }
}

/// With acks=0 the only answer there can be is that the connection is closed.
async fn produce_without_answer(play: &Play, step: &Step, request: ProduceRequest) -> Answer {
    let to = play.node(step.number("to")?)?;
    let connection = connection(play, step, to)?;
    let ticket = play.ticket();
    let call = WireCall::Send { ticket, to, connection, request: Box::new(request.into()) };
    play.apply(&Command::Wire { call })?;
    let wait_ms = step.number_or("wait_ms", 500) as u64;
    let broken = || (play.clock.world().wire().answer(ticket) == Some(&WireAnswer::Disconnected)).then_some(());
    let closed = play.clock.find(wait_ms, broken).await.is_some();
    if closed {
        disconnect(play, step)?;
    }
    Ok(json!({"connection_closed": closed}))
}

fn produce_json(response: &PartitionProduceResponse, version: i64) -> Value {
    let by_id = version >= PRODUCE_WITH_TOPIC_IDS;
    let mut answer = json!({
        "error": error_json(response.error, by_id),
        "base_offset": response.base_offset,
        "log_append_timestamp": response.log_append_time_ms,
        "log_start_offset": if version < PRODUCE_WITH_LOG_START { -1 } else { response.log_start_offset },
    });
    if let Some(message) = response.error_message.as_ref().filter(|_| version >= PRODUCE_WITH_RECORD_ERRORS) {
        answer["error_message"] = json!(message);
    }
    if !response.record_errors.is_empty() && version >= PRODUCE_WITH_RECORD_ERRORS {
        let errors = response.record_errors.iter().map(|(index, message)| json!({"index": index, "message": message}));
        answer["record_errors"] = errors.collect();
    }
    if let Some(current) = response.current_leader
        && let Some(leader) = current.leader
        && version >= PRODUCE_WITH_LEADER
    {
        answer["current_leader"] = json!({"id": leader, "epoch": current.leader_epoch});
    }
    answer
}

pub async fn raw_fetch(play: &Play, step: &Step) -> Answer {
    let by_id = step.number_or("version", FETCH_NEWEST) >= FETCH_WITH_TOPIC_IDS;
    let epoch = |name: &str| {
        step.get(name).and_then(Value::as_i64).filter(|epoch| *epoch >= 0).map(|epoch| LeaderEpoch(epoch as i32))
    };
    let partition = FetchPartition {
        topic_id: topic_id(play, step, by_id)?,
        partition: step.number_or("partition", 0) as i32,
        current_leader_epoch: epoch("current_leader_epoch"),
        fetch_offset: step.number("offset")?,
        last_fetched_epoch: epoch("last_fetched_epoch"),
        log_start_offset: step.number_or("log_start_offset", -1),
        partition_max_bytes: step.number_or("partition_max_bytes", 1 << 20) as i32,
    };
    let fetcher = match step.number_or("replica_id", -1) {
        -2 => Fetcher::Debugging,
        replica if replica < 0 => Fetcher::Consumer,
        replica => {
            let epoch = step.number_or("replica_epoch", -1);
            let broker_epoch = (epoch >= 0).then_some(BrokerEpoch(epoch));
            Fetcher::Follower { replica: BrokerId(replica as i32), broker_epoch }
        }
    };
    let isolation = isolation(&step.text_or("isolation", "read_uncommitted"));
    let request = FetchRequest {
        fetcher,
        max_wait_ms: step.number_or("max_wait_ms", 0) as u32,
        min_bytes: step.number_or("min_bytes", 0) as u32,
        max_bytes: step.number_or("max_bytes", 50 << 20) as i32,
        isolation,
        rack_id: step.text_or("rack", ""),
        partitions: vec![partition],
        session: FetchMetadata {
            session_id: step.number_or("session_id", 0) as i32,
            epoch: step.number_or("session_epoch", -1) as i32,
        },
        forgotten: Vec::new(),
    };
    let in_session = request.session != FetchMetadata::LEGACY;
    let response = exchange(play, step, step.timeout_ms() + MARGIN_MS, request.into()).await?;
    match response {
        // A session may be refused, or have nothing to tell.
        Response::Fetch(response) if in_session && response.partitions.is_empty() => {
            Ok(json!({"error": error_json(response.error, by_id), "session_id": response.session_id}))
        }
        Response::Fetch(response) if !response.partitions.is_empty() => {
            let response = &response.partitions[0];
            let mut answer = fetch_json(response, by_id);
            let reads_committed = isolation == IsolationLevel::ReadCommitted && response.error.is_none();
            if reads_committed || is_refused_unread(response.error) {
                let aborted = response.aborted_transactions.iter();
                answer["aborted"] = aborted
                    .map(|one| json!({"producer_id": one.producer_id, "first_offset": one.first_offset}))
                    .collect();
            }
            Ok(answer)
        }
        other => Err(Failure::scenario(format!("not the answer to a fetch request: {other:?}"))),
    }
}

/// Whether a broker refuses the partition before it looks for a replica; the list of aborted transactions is empty then,
/// not null.
fn is_refused_unread(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::UnknownTopicId | ErrorCode::UnknownTopicOrPartition)
}

fn fetch_json(response: &FetchPartitionResponse, by_id: bool) -> Value {
    let mut answer = json!({
        "error": error_json(response.error, by_id),
        "high_watermark": response.high_watermark,
        "last_stable_offset": response.last_stable_offset,
        "log_start_offset": response.log_start_offset,
        "batches": batches::list_json(&response.batches, true),
    });
    if let Some(diverging) = response.diverging_epoch {
        answer["diverging_epoch"] = json!({"epoch": diverging.epoch, "end_offset": diverging.end_offset});
    }
    if let Some(current) = response.current_leader {
        answer["current_leader"] =
            json!({"id": current.leader.map_or(-1, |leader| leader.0), "epoch": current.leader_epoch});
    }
    if let Some(replica) = response.preferred_read_replica {
        answer["preferred_read_replica"] = json!(replica);
    }
    answer
}

//! The administrator's client: requests to any broker, to a leader or to a coordinator, repeated while the error is
//! one that passes, until the time is over.

use glassbroker::kafka::client::call::WireCall;
use glassbroker::kafka::client::wire::Answer as WireAnswer;
use glassbroker::kafka::ids::{BrokerId, NodeId, TopicPartition};
use glassbroker::kafka::protocol::group::{CoordinatorType, FindCoordinatorRequest};
use glassbroker::kafka::protocol::metadata::{MetadataRequest, TopicsAsked};
use glassbroker::kafka::protocol::{ErrorCode, Request, Response};
use glassbroker::sim::Command;

use super::answer::Failure;
use super::play::Play;
use super::view;

/// `request.timeout.ms` of the administrator's client.
const REQUEST_TIMEOUT_MS: u64 = 10_000;
const RETRY_BACKOFF_MS: u64 = 100;

/// Connections of the administrator are numbered from here; those that a scenario names lie below.
const FIRST_CONNECTION: u32 = 1_000_000;

/// Whether one attempt was enough.
pub enum Attempt<T> {
    Done(T),
    /// It failed in a way that may pass.
    Again,
}

/// Sends one request on a connection of its own and waits for the answer. None: no answer came.
pub async fn exchange(play: &Play, to: NodeId, timeout_ms: u64, request: Request) -> Option<Response> {
    let ticket = play.ticket();
    let connection = FIRST_CONNECTION + ticket;
    let answer = call(play, to, connection, ticket, timeout_ms, request).await.ok()?;
    let hang_up = Command::Wire { call: WireCall::Disconnect { to, connection } };
    play.apply(&hang_up).ok()?;
    answer
}

/// Sends a request on a given connection. `Ok(None)`: the connection broke, or the time is over.
pub async fn call(
    play: &Play,
    to: NodeId,
    connection: u32,
    ticket: u32,
    timeout_ms: u64,
    request: Request,
) -> Result<Option<Response>, Failure> {
    let call = WireCall::Send { ticket, to, connection, request: Box::new(request) };
    play.apply(&Command::Wire { call })?;
    let look = || match play.clock.world().wire().answer(ticket) {
        Some(WireAnswer::Pending) => None,
        Some(WireAnswer::Response(response)) => Some(Some(response.as_ref().clone())),
        Some(WireAnswer::Disconnected) | None => Some(None),
    };
    Ok(play.clock.find(timeout_ms, look).await.flatten())
}

/// Repeats an attempt until it is done.
///
/// # Errors
/// TimeoutException when the time is over.
pub async fn retry<T>(
    play: &Play,
    timeout_ms: u64,
    mut attempt: impl AsyncFnMut(u64) -> Result<Attempt<T>, Failure>,
) -> Result<T, Failure> {
    let until = play.clock.now().plus_ms(timeout_ms);
    loop {
        let left_ms = until.since(play.clock.now()) / 1_000;
        if let Attempt::Done(value) = attempt(left_ms.clamp(1, REQUEST_TIMEOUT_MS)).await? {
            return Ok(value);
        }
        if play.clock.now().plus_ms(RETRY_BACKOFF_MS) >= until {
            return Err(Failure::exception("TimeoutException"));
        }
        play.clock.sleep_ms(RETRY_BACKOFF_MS).await;
    }
}

/// Any broker that runs.
fn any_broker(play: &Play) -> Option<BrokerId> {
    view::running_brokers(&play.clock.world()).into_iter().next()
}

/// Asks any broker, which hands on to the controller what is the controller's. None: no answer.
pub async fn ask_any(play: &Play, timeout_ms: u64, request: impl Into<Request>) -> Option<Response> {
    let to = NodeId::Broker(any_broker(play)?);
    exchange(play, to, timeout_ms, request.into()).await
}

/// The leader of a partition, by a Metadata request. `Ok(None)`: not known yet.
///
/// # Errors
/// UNKNOWN_TOPIC_OR_PARTITION if that shall not be waited for.
pub async fn leader(
    play: &Play,
    timeout_ms: u64,
    partition: &TopicPartition,
    tolerates_unknown: bool,
    allow_auto_topic_creation: bool,
) -> Result<Option<BrokerId>, Failure> {
    let topics = TopicsAsked::Named(vec![partition.topic.clone()]);
    let request = MetadataRequest { topics, allow_auto_topic_creation };
    let Some(Response::Metadata(response)) = ask_any(play, timeout_ms, request).await else { return Ok(None) };
    let Some(topic) = response.topics.into_iter().next() else { return Ok(None) };
    match topic.error {
        ErrorCode::None | ErrorCode::LeaderNotAvailable | ErrorCode::BrokerNotAvailable => {}
        ErrorCode::UnknownTopicOrPartition if tolerates_unknown => return Ok(None),
        error => return Err(error.into()),
    }
    let found = topic.partitions.into_iter().find(|found| found.partition == partition.partition);
    Ok(found.filter(|found| found.error.is_none()).and_then(|found| found.leader))
}

/// The coordinator of a group. `Ok(None)`: not known yet.
pub async fn coordinator(play: &Play, timeout_ms: u64, group: &str) -> Result<Option<BrokerId>, Failure> {
    let request = FindCoordinatorRequest { key: group.into(), key_type: CoordinatorType::Group };
    let Some(Response::FindCoordinator(response)) = ask_any(play, timeout_ms, request).await else {
        return Ok(None);
    };
    match response.error {
        ErrorCode::None => Ok(response.coordinator),
        error if error.is_retriable() => Ok(None),
        error => Err(error.into()),
    }
}

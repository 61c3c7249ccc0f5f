//! Faults, and the cluster as a whole.

use glassbroker::kafka::controller::quorum::QuorumRole;
use glassbroker::kafka::ids::{BrokerId, NodeId};
use glassbroker::kafka::protocol::broker_lifecycle::UnregisterBrokerRequest;
use glassbroker::kafka::protocol::{ErrorCode, Response};
use glassbroker::sim::Command;
use glassbroker::sim::ProcessStatus;
use serde_json::json;

use super::admin::{self, Attempt};
use super::answer::{Answer, Failure, ok};
use super::play::Play;
use super::trace::Step;
use super::view;

/// The cluster's id in all recordings.
pub const CLUSTER_ID: &str = "Glass-broker-cluster-A";

/// How long a real process takes to end after it was allowed to.
const AFTER_STOP_MS: u64 = 100;

/// How long a real administrator's client takes for a request at least: brokers have replayed by then what the
/// controller has answered before.
const BEFORE_LOOK_MS: u64 = 10;
/// What a real process needs until it does anything: a JVM on a busy machine, longer than the session time-outs of the
/// recordings.
const BOOT_MS: u64 = 5_000;
/// What a real broker needs from opening its logs until it serves clients.
const OPEN_MS: u64 = 600;

fn node(play: &Play, step: &Step) -> Result<NodeId, Failure> {
    play.node(step.number("node")?)
}

pub fn kill(play: &Play, step: &Step) -> Answer {
    let node = node(play, step)?;
    if play.clock.world().process(node).is_some_and(|process| process.status != ProcessStatus::Down) {
        play.apply(&Command::Kill { node })?;
    }
    play.connections.borrow_mut().node_ended(node);
    Ok(ok())
}

/// Waits until the process has ended.
pub async fn stop(play: &Play, step: &Step) -> Answer {
    let node = node(play, step)?;
    play.apply(&Command::Stop { node })?;
    let ended = || (!play.clock.world().is_running(node)).then_some(());
    match play.clock.find(step.timeout_ms(), ended).await {
        Some(()) => {
            play.connections.borrow_mut().node_ended(node);
            play.clock.sleep_ms(AFTER_STOP_MS).await;
            Ok(ok())
        }
        None => Err(Failure::scenario(format!("{node} did not stop"))),
    }
}

pub async fn unregister_broker(play: &Play, step: &Step) -> Answer {
    let request = UnregisterBrokerRequest { broker: BrokerId(step.number("node")? as i32) };
    let answered = admin::retry(play, step.timeout_ms(), async |left_ms| {
        match admin::ask_any(play, left_ms, request.clone()).await {
            Some(Response::UnregisterBroker(response)) if response.error != ErrorCode::NotController => {
                Ok(Attempt::Done(response.error))
            }
            _ => Ok(Attempt::Again),
        }
    });
    match answered.await? {
        ErrorCode::None => Ok(ok()),
        error => Err(error.into()),
    }
}

pub fn pause(play: &Play, step: &Step) -> Answer {
    play.apply(&Command::Pause { node: node(play, step)? })?;
    Ok(ok())
}

pub fn resume(play: &Play, step: &Step) -> Answer {
    play.apply(&Command::Resume { node: node(play, step)? })?;
    Ok(ok())
}

pub async fn start(play: &Play, step: &Step) -> Answer {
    let node = node(play, step)?;
    play.clock.sleep_ms(BOOT_MS).await;
    play.apply(&Command::Start { node })?;
    play.clock.sleep_ms(OPEN_MS).await;
    Ok(ok())
}

pub async fn sleep(play: &Play, step: &Step) -> Answer {
    play.clock.sleep_ms(step.number("ms")?.max(0) as u64).await;
    Ok(ok())
}

pub async fn describe_cluster(play: &Play, step: &Step) -> Answer {
    play.clock.sleep_ms(BEFORE_LOOK_MS).await;
    let fenced_too = step.flag("fenced_too", false);
    let world = play.clock.world();
    let broker = view::running_brokers(&world).into_iter().next();
    let image = broker.and_then(|id| view::image(&world, id)).ok_or(Failure::exception("TimeoutException"))?;
    let brokers = image.brokers.values().filter(|broker| fenced_too || !broker.fenced).map(|broker| {
        let mut json = json!({"id": broker.broker});
        if let Some(rack) = &broker.rack {
            json["rack"] = json!(rack);
        }
        if broker.fenced {
            json["fenced"] = json!(true);
        }
        json
    });
    Ok(json!({"cluster_id": CLUSTER_ID, "brokers": brokers.collect::<Vec<_>>()}))
}

/// As the active controller tells it.
pub fn describe_quorum(play: &Play) -> Answer {
    let world = play.clock.world();
    let mut running = world.controllers().filter(|(process, _)| process.status == ProcessStatus::Running);
    let active = running.find(|(_, controller)| controller.is_active());
    let (_, controller) = active.ok_or(Failure::exception("TimeoutException"))?;
    let QuorumRole::Leader(leader) = controller.role() else { return Err(Failure::exception("TimeoutException")) };
    let observers: Vec<BrokerId> = leader.told.keys().filter_map(|node| node.as_broker()).collect();
    let mut voters: Vec<_> = controller.voters().to_vec();
    voters.sort();
    Ok(json!({
        "leader": controller.setup.id,
        "leader_epoch": controller.epoch(),
        "voters": voters,
        "observers": observers,
    }))
}

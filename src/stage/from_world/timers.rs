//! Waits that a person may want to see running out.

use crate::kafka::broker::BrokerTimer;
use crate::kafka::controller::ControllerTimer;
use crate::kafka::group::timer::GroupTimer;
use crate::kafka::ids::NodeId;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::timer::Timer;
use crate::sim::{ProcessStatus, World};
use crate::stage::frame::{TimerFrame, TimerKind};

pub fn timers(world: &World) -> Vec<TimerFrame> {
    let mut timers = Vec::new();
    for (node, process) in world.processes() {
        for (timer, entry) in &process.timers {
            let about = match timer {
                Timer::Controller(ControllerTimer::BrokerSession(broker)) => {
                    // The session of one that is fenced already goes on, and its end changes nothing.
                    let is_fenced = |image: &MetadataImage| image.brokers.get(broker).is_none_or(|known| known.fenced);
                    let counts = !world.active_image().is_some_and(is_fenced);
                    counts.then_some((NodeId::Broker(*broker), TimerKind::BrokerSession))
                }
                Timer::Controller(ControllerTimer::Election) => Some((*node, TimerKind::Election)),
                Timer::Broker(BrokerTimer::Group(GroupTimer::Session { member_id, .. })) => {
                    member(world, member_id).map(|member| (member, TimerKind::MemberSession))
                }
                _ => None,
            };
            if let Some((node, kind)) = about {
                timers.push(TimerFrame { node, kind, from_us: entry.set_at.0, due_us: entry.due_at.0 });
            }
        }
    }
    batches(world, &mut timers);
    lags(world, &mut timers);
    timers
}

fn member(world: &World, member_id: &str) -> Option<NodeId> {
    world
        .consumers()
        .find(|(_, consumer)| consumer.membership().member_id == member_id)
        .map(|(_, consumer)| NodeId::Client(consumer.setup.client.id))
}

/// Batches that linger, or wait to be sent again.
fn batches(world: &World, timers: &mut Vec<TimerFrame>) {
    let now = world.now();
    for (_, producer) in world.producers() {
        let node = NodeId::Client(producer.setup.client.id);
        for (_, batch) in producer.buffered_batches() {
            let (kind, from, due) = match batch.backoff_until(now) {
                Some(until) => (TimerKind::RetryBackoff, batch.waits_since, until),
                None if batch.attempts == 0 && !batch.is_full() => {
                    (TimerKind::Linger, batch.created_at, producer.lingers_until(batch))
                }
                None => continue,
            };
            if due > now {
                timers.push(TimerFrame { node, kind, from_us: from.0, due_us: due.0 });
            }
        }
    }
}

/// Followers in sync that have not caught up.
fn lags(world: &World, timers: &mut Vec<TimerFrame>) {
    for (process, broker) in world.brokers() {
        if process.status != ProcessStatus::Running {
            continue;
        }
        let lag_us = u64::from(broker.setup.config.replica_lag_time_max_ms) * 1_000;
        for partition in broker.partitions().filter(|partition| partition.is_leader()) {
            for (follower, replica) in partition.followers() {
                let behind = replica.log_end_offset < partition.log_end_offset();
                let session_fetch = broker.replicas().session_fetches().last(*follower);
                let Some(caught_up) = replica.caught_up_at(session_fetch) else { continue };
                if behind && partition.isr().contains(follower) {
                    timers.push(TimerFrame {
                        node: NodeId::Broker(*follower),
                        kind: TimerKind::ReplicaLag,
                        from_us: caught_up.0,
                        due_us: caught_up.0 + lag_us,
                    });
                }
            }
        }
    }
}

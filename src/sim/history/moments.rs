//! Short words for the moments of scenarios: what holds in a world now.

use super::setting::{TOPIC, partition};
use crate::kafka::ids::{BrokerId, Offset};
use crate::kafka::protocol::ApiKey;
use crate::sim::{MessageId, TransitState, World};

/// All brokers take part.
pub fn is_up(world: &World) -> bool {
    world.active_image().is_some_and(|image| {
        image.brokers.len() == world.spec().brokers.len() && image.brokers.values().all(|broker| broker.is_active())
    })
}

/// The broker leads partition 0, and knows it.
pub fn leads(world: &World, broker: i32) -> bool {
    let registration = world.active_image().and_then(|image| image.partition(TOPIC, 0));
    registration.is_some_and(|registration| {
        registration.leader == Some(BrokerId(broker))
            && world
                .broker(BrokerId(broker))
                .and_then(|it| it.partition(&partition(0)))
                .is_some_and(|replica| replica.is_leader() && replica.leader_epoch() == registration.leader_epoch)
    })
}

/// The ISR of partition 0, as the controller has it.
pub fn isr(world: &World) -> Vec<i32> {
    let registration = world.active_image().and_then(|image| image.partition(TOPIC, 0));
    let mut isr: Vec<i32> = registration.into_iter().flat_map(|it| &it.isr).map(|broker| broker.0).collect();
    isr.sort_unstable();
    isr
}

/// End of the log of partition 0 on a broker; -1: it has none.
pub fn log_end(world: &World, broker: i32) -> Offset {
    let replica = world.broker(BrokerId(broker)).and_then(|it| it.partition(&partition(0)));
    replica.map_or(-1, |replica| replica.log_end_offset())
}

/// High watermark of partition 0 on a broker; -1: it has none.
pub fn high_watermark(world: &World, broker: i32) -> Offset {
    let replica = world.broker(BrokerId(broker)).and_then(|it| it.partition(&partition(0)));
    replica.map_or(-1, |replica| replica.high_watermark())
}

/// Sends that a producer was told to have succeeded.
pub fn acknowledged(world: &World, name: &str) -> u64 {
    let producer = world.producers().find(|(process, _)| &*process.name == name);
    producer.map_or(0, |(_, producer)| producer.results().acknowledged())
}

/// Messages of an API that travel now: requests to, or answers from, brokers.
pub fn travelling(world: &World, api: ApiKey, is_request: bool) -> Vec<MessageId> {
    let transits = world.transits().iter().filter(|(_, transit)| {
        let message = &transit.message;
        transit.state == TransitState::Travelling && message.api_key() == api && message.is_request() == is_request
    });
    transits.map(|(id, _)| *id).collect()
}

/// Messages that were stopped by hand.
pub fn held(world: &World) -> Vec<MessageId> {
    let held = world.transits().iter().filter(|(_, transit)| transit.state == TransitState::Held);
    held.map(|(id, _)| *id).collect()
}

/// Whether broker 0, leading partition 0, knows its ISR to have so many members.
pub fn leader_knows_isr(world: &World, members: usize) -> bool {
    let replica = world.broker(BrokerId(0)).and_then(|it| it.partition(&partition(0)));
    replica
        .is_some_and(|replica| replica.is_leader() && replica.isr().len() == members && replica.pending_isr().is_none())
}

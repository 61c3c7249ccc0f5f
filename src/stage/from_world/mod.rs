//! World in, frame out: what is true at one moment, as a person may see it.

mod brokers;
mod clients;
mod flow;
mod groups;
mod keys;
mod messages;
mod timers;

use super::frame::{ControllerFrame, CutLink, Frame, Life, PartitionFrame};
use super::{sentence, trouble};
use crate::kafka::ids::{ClientId, NodeId, TopicPartition};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::sends::SendId;
use crate::sim::{ProcessStatus, World};
use keys::Keys;

/// What the watcher of the world adds to it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Watch {
    /// The partition to show in full; None: the first of a topic that is not Kafka's own.
    pub focus: Option<TopicPartition>,
    /// The record that the map of the complete flow follows; None: the newest.
    pub follow: Option<(ClientId, SendId)>,
    /// The lesson's own sentence for this moment; None: what the last step's events say.
    pub sentence: Option<String>,
    /// [`Frame::clock_from_us`].
    pub clock_from_us: u64,
}

/// The frame of the world's present moment.
pub fn frame(world: &World, watch: &Watch) -> Frame {
    let keys = Keys::of(world);
    let mut frame = Frame {
        time_us: world.now().0,
        clock_from_us: watch.clock_from_us,
        controllers: controllers(world),
        brokers: brokers::brokers(world, &keys),
        partitions: partitions(world),
        producers: clients::producers(world, &keys),
        groups: groups::groups(world, &keys),
        tools: clients::tools(world),
        messages: messages::messages(world, &keys),
        timers: timers::timers(world),
        cut_links: cut_links(world),
        bad_links: trouble::bad_links(world),
        bad_machines: trouble::machines(world),
        ..Frame::default()
    };
    brokers::mark_divergence(&mut frame);
    frame.focus = watch.focus.clone();
    frame.flow = flow::flow(world, &frame, watch.follow);
    frame.sentence = match &watch.sentence {
        Some(sentence) => sentence.clone(),
        None => sentence::of_step(world.events(), &frame).unwrap_or_default(),
    };
    frame
}

fn life(status: ProcessStatus) -> Life {
    match status {
        ProcessStatus::Running => Life::Running,
        ProcessStatus::Paused => Life::Paused,
        ProcessStatus::Down => Life::Down,
    }
}

fn controllers(world: &World) -> Vec<ControllerFrame> {
    world
        .controllers()
        .map(|(process, controller)| ControllerFrame {
            id: controller.setup.id,
            life: life(process.status),
            active: controller.is_active(),
            epoch: controller.epoch(),
            log_end_offset: controller.log_end_offset(),
        })
        .collect()
}

/// The metadata that counts: of the active controller of the newest epoch, else of whoever has replayed most.
fn image(world: &World) -> Option<&MetadataImage> {
    let active = world
        .controllers()
        .filter(|(process, controller)| controller.is_active() && process.status != ProcessStatus::Down)
        .max_by_key(|(_, controller)| controller.epoch());
    let most = || world.controllers().max_by_key(|(_, controller)| controller.image().next_offset);
    active.or_else(most).map(|(_, controller)| controller.image())
}

fn partitions(world: &World) -> Vec<PartitionFrame> {
    let Some(image) = image(world) else { return Vec::new() };
    let cluster_wide = world.spec().config.get("min.insync.replicas").and_then(|value| value.parse().ok()).unwrap_or(1);
    image
        .partitions()
        .map(|(partition, _, registration)| PartitionFrame {
            min_insync_replicas: image
                .topic_config(&partition.topic, "min.insync.replicas")
                .and_then(|value| value.parse().ok())
                .unwrap_or(cluster_wide),
            partition,
            leader: registration.leader,
            leader_epoch: registration.leader_epoch,
            replicas: registration.replicas.clone(),
            isr: registration.isr.clone(),
            elr: registration.elr.clone(),
        })
        .collect()
}

fn cut_links(world: &World) -> Vec<CutLink> {
    let mut cuts: Vec<CutLink> = Vec::new();
    for link in world.cut_links() {
        match cuts.iter_mut().find(|cut| cut.from == link.to && cut.to == link.from) {
            Some(other_way) => other_way.both_ways = true,
            None => cuts.push(CutLink { from: link.from, to: link.to, both_ways: false }),
        }
    }
    cuts
}

/// Whether a topic is Kafka's own.
fn is_internal(topic: &str) -> bool {
    topic.starts_with("__")
}

/// A client's id, if the node is one.
const fn client_of(node: NodeId) -> Option<ClientId> {
    match node {
        NodeId::Client(id) => Some(id),
        _ => None,
    }
}

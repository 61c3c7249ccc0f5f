//! The leader is in the ISR, as the controllers have it.
//!
//! Whenever there is a leader it is a member of the ISR. ISR and eligible leader replicas are replicas, and no broker is
//! both; when the ISR has its minimum there are no eligible leader replicas beside it.

use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::ids::{NodeId, TopicPartition};
use crate::kafka::metadata::{MetadataImage, PartitionRegistration};
use crate::kafka::note::Note;
use crate::sim::{ProcessState, World};

#[derive(Default)]
pub struct LeaderInIsr;

impl Guarantee for LeaderInIsr {
    fn name(&self) -> &'static str {
        "the leader is in the ISR"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            let Some(image) = event.node.and_then(|node| controller_image(world, node)) else { continue };
            if let Some(Note::LeaderElected { partition, .. } | Note::IsrChanged { partition, .. }) = event.note()
                && let Some(registration) = image.partition(&partition.topic, partition.partition)
            {
                self.check_partition(world, image, partition, registration)?;
            }
        }
        Ok(())
    }
}

impl LeaderInIsr {
    fn check_partition(
        &self,
        world: &World,
        image: &MetadataImage,
        partition: &TopicPartition,
        registration: &PartitionRegistration,
    ) -> Result<(), Violation> {
        let PartitionRegistration { replicas, isr, elr, leader, .. } = registration;
        let wrong = |what: &str| Err(self.violated(format!("{partition}: {what}: {registration:?}")));
        if leader.is_some_and(|leader| !isr.contains(&leader)) {
            return wrong("the leader is not in the ISR");
        }
        if !isr.iter().chain(elr).all(|member| replicas.contains(member)) {
            return wrong("a member of ISR or ELR is no replica");
        }
        if isr.iter().any(|member| elr.contains(member)) {
            return wrong("ISR and ELR overlap");
        }
        if isr.len() >= effective_min_isr(world, image, partition, replicas.len()) && !elr.is_empty() {
            return wrong("the ISR has its minimum, and there are eligible leader replicas");
        }
        Ok(())
    }
}

/// The metadata that a controller knows to be committed; None: the node is no controller.
pub fn controller_image(world: &World, node: NodeId) -> Option<&MetadataImage> {
    match &world.process(node)?.state {
        ProcessState::Controller(controller) => Some(controller.image()),
        _ => None,
    }
}

/// `min.insync.replicas` of a topic, at most the number of replicas.
pub(super) fn effective_min_isr(
    world: &World,
    image: &MetadataImage,
    partition: &TopicPartition,
    replicas: usize,
) -> usize {
    const KEY: &str = "min.insync.replicas";
    let dynamic = image.topic_config(&partition.topic, KEY).or_else(|| image.broker_config(None, KEY));
    let configured = dynamic.or_else(|| world.spec().config.get(KEY).map(String::as_str));
    configured.and_then(|value| value.trim().parse().ok()).unwrap_or(1).min(replicas)
}

//! No fenced broker is in an ISR, as the controllers have it.
//!
//! A broker that the controllers hold to be dead is in no ISR and leads nothing. Except, without eligible leader replicas
//! (KIP-966), the last member of a partition without leader: it alone may lead again.

use super::leader_in_isr::controller_image;
use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::ids::TopicPartition;
use crate::kafka::metadata::{MetadataImage, PartitionRegistration};
use crate::kafka::note::Note;
use crate::sim::World;

#[derive(Default)]
pub struct Fenced;

impl Guarantee for Fenced {
    fn name(&self) -> &'static str {
        "no fenced broker is in an ISR"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            let Some(image) = event.node.and_then(|node| controller_image(world, node)) else { continue };
            match event.note() {
                Some(Note::LeaderElected { partition, .. } | Note::IsrChanged { partition, .. }) => {
                    if let Some(registration) = image.partition(&partition.topic, partition.partition) {
                        self.check_partition(image, partition, registration)?;
                    }
                }
                Some(Note::BrokerFenced { .. }) => {
                    for (partition, _, registration) in image.partitions() {
                        self.check_partition(image, &partition, registration)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Fenced {
    fn check_partition(
        &self,
        image: &MetadataImage,
        partition: &TopicPartition,
        registration: &PartitionRegistration,
    ) -> Result<(), Violation> {
        let PartitionRegistration { isr, leader, .. } = registration;
        let is_fenced = |broker| image.brokers.get(broker).is_none_or(|registration| registration.fenced);
        match isr.iter().find(|broker| is_fenced(broker)) {
            Some(broker) if leader.is_some() || isr.len() > 1 => {
                Err(self
                    .violated(format!("broker {broker} is fenced, and in the ISR of {partition}: {registration:?}")))
            }
            _ => Ok(()),
        }
    }
}

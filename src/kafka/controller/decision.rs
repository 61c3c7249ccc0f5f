//! What the active controller decides: records to write, and what is answered once they are committed.

use crate::kafka::controller::broker_heartbeats::BrokerHeartbeats;
use crate::kafka::features::ELIGIBLE_LEADER_REPLICAS;
use crate::kafka::ids::{BrokerEpoch, BrokerId, TopicName};
use crate::kafka::metadata::{MetadataImage, MetadataRecord};
use crate::kafka::protocol::Response;
use crate::kafka::protocol::admin::ConfigResource;
use crate::kafka::setup::ControllerSetup;

/// Records to write, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub records: Vec<MetadataRecord>,
    pub response: Response,
}

impl Decision {
    pub fn new(records: Vec<MetadataRecord>, response: impl Into<Response>) -> Decision {
        Decision { records, response: response.into() }
    }

    /// An answer that changes nothing.
    pub fn answer(response: impl Into<Response>) -> Decision {
        Decision::new(Vec::new(), response)
    }
}

pub const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";
pub const UNCLEAN_LEADER_ELECTION: &str = "unclean.leader.election.enable";

/// What decisions rest on: the metadata with all that was decided already, committed or not.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub image: &'a MetadataImage,
    pub heartbeats: &'a BrokerHeartbeats,
    pub setup: &'a ControllerSetup,
}

impl View<'_> {
    pub fn eligible_leader_replicas(&self) -> bool {
        self.image.features.get(ELIGIBLE_LEADER_REPLICAS).is_some_and(|level| *level >= 1)
    }

    /// A topic's setting: its own, else the cluster's default; None: neither is set.
    fn dynamic_config(&self, topic: &TopicName, key: &str) -> Option<&str> {
        let own = self.image.topic_config(topic, key);
        own.or_else(|| self.image.configs.get(&ConfigResource::Broker(None))?.get(key).map(String::as_str))
    }

    /// The effective `min.insync.replicas`: never more than the topic has replicas
    /// (`ReplicationControlManager.getTopicEffectiveMinIsr`).
    pub fn effective_min_isr(&self, topic: &TopicName) -> usize {
        let configured = self.dynamic_config(topic, MIN_INSYNC_REPLICAS).and_then(|value| value.trim().parse().ok());
        let min_isr = configured.unwrap_or(self.setup.config.min_insync_replicas).max(1) as usize;
        let first = self.image.topic(topic).and_then(|topic| topic.partitions.values().next());
        min_isr.min(first.map_or(min_isr, |partition| partition.replicas.len()))
    }

    /// The effective `unclean.leader.election.enable` of a topic.
    pub fn unclean_election_enabled(&self, topic: &TopicName) -> bool {
        match self.dynamic_config(topic, UNCLEAN_LEADER_ELECTION) {
            Some(value) => value.trim().eq_ignore_ascii_case("true"),
            None => self.setup.config.unclean_leader_election_enable,
        }
    }

    /// Whether the broker is registered with just this epoch; if not: STALE_BROKER_EPOCH.
    pub fn has_broker_epoch(&self, broker: BrokerId, epoch: BrokerEpoch) -> bool {
        self.image.brokers.get(&broker).is_some_and(|registration| registration.epoch == epoch)
    }
}

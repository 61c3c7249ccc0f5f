//! The complete flow of one record as a small map: Producer, Topic, Broker, Consumer, each with two stations.

use serde::{Deserialize, Serialize};

use super::beat::BeatKind;
use crate::kafka::ids::{Offset, TopicPartition};

/// How far one station is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    #[default]
    Waiting,
    Now,
    Done,
}

/// The stations, lit up by what happens to the followed record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct Flow {
    /// The record that is followed; its offset once it has one.
    pub partition: Option<TopicPartition>,
    pub offset: Option<Offset>,
    pub message: FlowState,
    pub persistence: FlowState,
    pub replication: FlowState,
    pub processing: FlowState,
    pub ack: FlowState,
    pub disk: FlowState,
    pub replicas: FlowState,
    pub offset_commit: FlowState,
}

impl Flow {
    /// Moves the lights on after a beat of the followed record. `replicas`: how many copies the partition has.
    pub fn advance(&mut self, beat: BeatKind, replicas: usize) {
        use FlowState::{Done, Now};
        match beat {
            BeatKind::Buffered | BeatKind::BatchSent => self.message = Now,
            BeatKind::ProduceReceived => {
                self.message = Done;
                self.persistence = Now;
            }
            BeatKind::LeaderAppended => {
                self.message = Done;
                self.persistence = Done;
                // In the page cache: Kafka leaves the flush to the operating system.
                self.disk = Now;
                if replicas > 1 {
                    self.replication = Now;
                }
            }
            BeatKind::FollowerAppended => self.replicas = Now,
            BeatKind::HighWatermark => {
                if replicas > 1 {
                    self.replication = Done;
                }
                self.replicas = Done;
            }
            BeatKind::Answered => self.ack = Now,
            BeatKind::Acknowledged => self.ack = Done,
            BeatKind::Processing => self.processing = Now,
            BeatKind::Processed => self.processing = Done,
            BeatKind::CommitSent => self.offset_commit = Now,
            BeatKind::Committed => self.offset_commit = Done,
            _ => {}
        }
    }
}

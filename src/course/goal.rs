//! Goals: what the learner is to bring about. Judged from what the simulator did, never from clicks.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::beat::{Beat, BeatKind};
use super::parameters::Parameters;
use crate::kafka::ids::{BrokerId, Offset, TopicPartition};
use crate::kafka::sends::{SendId, Sends};
use crate::sim::World;

/// The rules by which goals are judged, by the names that the content uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalKind {
    /// A record of the learner's own was acknowledged when at least two brokers had it, and the group's committed
    /// offset is beyond it.
    OwnRecordSafeAndCommitted,
    /// A leader was killed, another was elected, and every record that was acknowledged is still there.
    FailoverWithoutLoss,
    /// The consumer was killed after it processed a record and before it committed, and a record was processed twice.
    ProcessedTwice,
    /// A record was acknowledged and is in no log that counts any more.
    AcknowledgedAndLost,
}

/// How a goal stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdict {
    pub goal: GoalKind,
    pub reached: bool,
    /// What is there, or what is missing, in a sentence.
    pub why: String,
}

/// What the judge remembers of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judge {
    own_value: bool,
    acks_all: bool,
    /// Sends whose records were acknowledged, with partition and offset, and on how many brokers they were then.
    acknowledged: BTreeMap<SendId, (TopicPartition, Offset, usize)>,
    /// Sends that were appended by a leader, by partition and offset, as the acknowledgement tells.
    committed: BTreeMap<TopicPartition, Offset>,
    processed: BTreeMap<(TopicPartition, Offset), u32>,
    twice: BTreeSet<(TopicPartition, Offset)>,
    leader_killed: Option<BrokerId>,
    elected_since: Option<BrokerId>,
    /// Processed offsets beyond the commit when the consumer was killed.
    killed_uncommitted: bool,
    consumer_killed: bool,
    /// Acknowledged records that the present leader does not have: offset and partition.
    lost: BTreeSet<(TopicPartition, Offset)>,
    failed: u32,
}

impl Judge {
    /// `defaults`: what the example has when the learner changes nothing.
    pub fn new(parameters: &Parameters, defaults: &Parameters) -> Judge {
        Judge {
            own_value: parameters.value != defaults.value || parameters.wish != defaults.wish,
            acks_all: parameters.acks == "all",
            acknowledged: BTreeMap::new(),
            committed: BTreeMap::new(),
            processed: BTreeMap::new(),
            twice: BTreeSet::new(),
            leader_killed: None,
            elected_since: None,
            killed_uncommitted: false,
            consumer_killed: false,
            lost: BTreeSet::new(),
            failed: 0,
        }
    }

    /// Takes a beat in. `world` is the state right after it.
    pub fn observe(&mut self, beat: &Beat, world: &World) {
        match beat.kind {
            BeatKind::Acknowledged => self.acknowledged(beat, world),
            BeatKind::Failed => self.failed += 1,
            BeatKind::Committed => {
                if let (Some(partition), Some((offset, _))) = (&beat.partition, beat.offsets) {
                    self.committed.insert(partition.clone(), offset);
                }
            }
            BeatKind::Processed => {
                if let (Some(partition), Some((offset, _))) = (&beat.partition, beat.offsets) {
                    let times = self.processed.entry((partition.clone(), offset)).or_default();
                    *times += 1;
                    if *times > 1 {
                        self.twice.insert((partition.clone(), offset));
                    }
                }
            }
            BeatKind::BrokerKilled if beat.fields.get("leader").is_some_and(|leader| leader == "yes") => {
                self.leader_killed = beat.node.and_then(|node| node.as_broker());
                self.elected_since = None;
            }
            BeatKind::BecameLeader if self.leader_killed.is_some() => {
                self.elected_since = beat.node.and_then(|node| node.as_broker());
                self.look_for_losses(world);
            }
            BeatKind::ConsumerKilled => {
                self.consumer_killed = true;
                self.killed_uncommitted = self
                    .processed
                    .keys()
                    .any(|(partition, offset)| self.committed.get(partition).is_none_or(|next| next <= offset));
            }
            _ => {}
        }
    }

    fn acknowledged(&mut self, beat: &Beat, world: &World) {
        let (Some(partition), Some(sends), Some((base, _))) = (&beat.partition, &beat.sends, beat.offsets) else {
            return;
        };
        if base < 0 {
            return;
        }
        for (offset, send) in (base..).zip(each(sends)) {
            let copies = copies_of(world, partition, offset);
            self.acknowledged.insert(send, (partition.clone(), offset, copies));
        }
    }

    /// Acknowledged records that the leaders of today do not have.
    fn look_for_losses(&mut self, world: &World) {
        for (partition, offset, _) in self.acknowledged.values() {
            if leader_has(world, partition, *offset) == Some(false) {
                self.lost.insert((partition.clone(), *offset));
            }
        }
    }

    /// How a goal stands after what was seen so far.
    pub fn verdict(&self, goal: GoalKind) -> Verdict {
        let (reached, why) = match goal {
            GoalKind::OwnRecordSafeAndCommitted => self.own_record(),
            GoalKind::FailoverWithoutLoss => self.failover(),
            GoalKind::ProcessedTwice => self.processed_twice(),
            GoalKind::AcknowledgedAndLost => self.acknowledged_and_lost(),
        };
        Verdict { goal, reached, why }
    }

    pub fn verdicts(&self, goals: impl Iterator<Item = GoalKind>) -> Rc<Vec<Verdict>> {
        Rc::new(goals.map(|goal| self.verdict(goal)).collect())
    }

    fn own_record(&self) -> (bool, String) {
        if !self.own_value {
            return (
                false,
                "This is still the lesson's message: change it, or give it a key, and run it again.".into(),
            );
        }
        let Some((partition, offset, copies)) = self.acknowledged.values().next() else {
            let why = match self.failed {
                0 => "Your message has not been acknowledged with an offset yet.",
                _ => "Your message was not acknowledged: the send failed.",
            };
            return (false, why.into());
        };
        if *copies < 2 {
            let why = if *copies == 1 { "Only one broker" } else { "No broker" };
            return (
                false,
                format!("{why} had offset {offset} for certain when it was acknowledged. What if that one dies?"),
            );
        }
        match self.committed.get(partition) {
            Some(next) if next > offset => (
                true,
                format!(
                    "Offset {offset} was on {copies} brokers when it was acknowledged, and the group's committed offset is {next}."
                ),
            ),
            _ => (false, format!("The group has not committed an offset beyond {offset} yet.")),
        }
    }

    fn failover(&self) -> (bool, String) {
        match (self.leader_killed, self.elected_since) {
            (None, _) => (false, "No leader has been killed yet.".into()),
            (Some(old), None) => (false, format!("Broker {old} is dead; no other leader yet.")),
            (Some(old), Some(new)) => {
                if let Some((partition, offset)) = self.lost.first() {
                    (
                        false,
                        format!("Offset {offset} of {partition} was acknowledged, and leader {new} does not have it."),
                    )
                } else if !self.acks_all {
                    (false, "Nothing acknowledged was lost, but with these acks that was luck. Choose acks=all.".into())
                } else if self.acknowledged.is_empty() {
                    (
                        false,
                        "Nothing had been acknowledged, so nothing could be lost. Let some records through first."
                            .into(),
                    )
                } else {
                    (
                        true,
                        format!(
                            "Broker {new} took over from {old}, with all {} acknowledged records.",
                            self.acknowledged.len()
                        ),
                    )
                }
            }
        }
    }

    fn processed_twice(&self) -> (bool, String) {
        match (self.consumer_killed, self.killed_uncommitted, self.twice.first()) {
            (false, _, _) => (false, "The consumer has not been killed yet.".into()),
            (true, false, _) => (
                false,
                "The consumer died, but everything that it had processed was committed. Be quicker: between the two."
                    .into(),
            ),
            (true, true, None) => {
                (false, "The consumer died between processing and commit. Start it again and wait.".into())
            }
            (true, true, Some((_, offset))) => {
                (true, format!("Offset {offset} was processed before the crash and once more after it: at least once."))
            }
        }
    }

    fn acknowledged_and_lost(&self) -> (bool, String) {
        match self.lost.first() {
            Some((partition, offset)) => {
                (true, format!("Offset {offset} of {partition} was acknowledged, and the new leader never had it."))
            }
            None if self.leader_killed.is_none() => (false, "No leader has been killed yet.".into()),
            None if self.elected_since.is_none() => (false, "The dead leader has no successor yet.".into()),
            None if self.acks_all => (
                false,
                "Nothing acknowledged was lost: with acks=all the leader waits for the replicas in sync.".into(),
            ),
            None => (false, "The followers had already copied everything. Keep them from it before you send.".into()),
        }
    }

    /// Whether the record of a beat has been processed more than once by now.
    pub fn is_repeated(&self, beat: &Beat) -> bool {
        let record = beat.partition.clone().zip(beat.offsets.map(|(first, _)| first));
        record.is_some_and(|record| self.twice.contains(&record))
    }

    /// Records processed more than once, and acknowledged records lost.
    pub fn tally(&self) -> (usize, usize) {
        (self.twice.len(), self.lost.len())
    }
}

/// Each send of a list, in order.
fn each(sends: &Sends) -> impl Iterator<Item = SendId> + '_ {
    sends.runs().iter().flat_map(|(first, last)| *first..=*last)
}

/// On how many brokers' logs the offset is.
fn copies_of(world: &World, partition: &TopicPartition, offset: Offset) -> usize {
    world
        .brokers()
        .filter(|(_, broker)| {
            broker.partition(partition).is_some_and(|replica| replica.log().log_end_offset() > offset)
        })
        .count()
}

/// Whether the leader that the controller has named has the offset; None: no leader, or it does not lead yet.
fn leader_has(world: &World, partition: &TopicPartition, offset: Offset) -> Option<bool> {
    let image = world.active_image()?;
    let leader = image.partition(&partition.topic, partition.partition)?.leader?;
    Some(world.broker(leader)?.partition(partition)?.log().log_end_offset() > offset)
}

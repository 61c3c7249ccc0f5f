//! What must hold after every step, one guarantee a file.
//!
//! The [`Checker`] watches a [`World`] from its beginning. It keeps its own plain history, apart from anything that the
//! cluster keeps, and after each step looks only at what the step's events speak of. Whoever runs a world step by step
//! may hold a checker beside it; nothing in the world knows of it.

use std::fmt;

use super::world::World;
use crate::kafka::ids::{BrokerId, ClientId, TopicIdPartition, TopicPartition};
use crate::kafka::note::Note;

mod acknowledged;
mod cleaned;
mod commits;
pub mod committed;
mod compaction;
mod delivery;
mod epochs;
mod fenced;
mod forward_only;
mod generations;
mod high_watermark;
mod in_sync;
mod leader_completeness;
mod leader_in_isr;
mod leader_keeps;
mod losses;
mod maximal_isr;
mod one_leader;
mod one_owner;
mod order;
mod overtaken;
mod positions;
pub mod properties;
mod quorum;
mod reads;
mod refused;
mod sequences;
mod topics;
mod truncation;

pub use committed::CommittedLogs;

/// A guarantee that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// [`Guarantee::name`].
    pub guarantee: &'static str,
    /// What was seen, in words.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.guarantee, self.what)
    }
}

impl std::error::Error for Violation {}

/// One thing that must hold at every moment.
pub trait Guarantee {
    /// The guarantee as a short sentence.
    fn name(&self) -> &'static str;

    /// Looks at the last step or command of `world`. Called once for each, in order. `committed` is what was committed
    /// so far, this step included.
    ///
    /// # Errors
    /// What is wrong.
    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation>;

    /// A violation of this guarantee.
    fn violated(&self, what: String) -> Violation {
        Violation { guarantee: self.name(), what }
    }
}

/// All guarantees, and the history that they share.
pub struct Checker {
    committed: CommittedLogs,
    guarantees: Vec<Box<dyn Guarantee>>,
}

impl Checker {
    /// Every guarantee there is, for a world at its beginning.
    pub fn all() -> Checker {
        Checker {
            committed: CommittedLogs::default(),
            guarantees: vec![
                Box::<one_leader::OneLeader>::default(),
                Box::<leader_in_isr::LeaderInIsr>::default(),
                Box::<fenced::Fenced>::default(),
                Box::<maximal_isr::MaximalIsr>::default(),
                Box::<high_watermark::HighWatermark>::default(),
                Box::<forward_only::ForwardOnly>::default(),
                Box::<leader_keeps::LeaderKeeps>::default(),
                Box::<in_sync::InSync>::default(),
                Box::<truncation::Truncation>::default(),
                Box::<epochs::Epochs>::default(),
                Box::<leader_completeness::LeaderCompleteness>::default(),
                Box::<acknowledged::Acknowledged>::default(),
                Box::<refused::Refused>::default(),
                Box::<sequences::Sequences>::default(),
                Box::<order::Order>::default(),
                Box::<compaction::Compaction>::default(),
                Box::<reads::Reads>::default(),
                Box::<positions::Positions>::default(),
                Box::<one_owner::OneOwner>::default(),
                Box::<generations::Generations>::default(),
                Box::<commits::Commits>::default(),
                Box::<delivery::Delivery>::default(),
                Box::<quorum::MetadataQuorum>::default(),
            ],
        }
    }

    /// The same, and nothing is excused: an election that loses something committed is a violation, whoever allowed it
    /// and however much was lost before.
    pub fn strict() -> Checker {
        Checker { committed: CommittedLogs::strict(), ..Checker::all() }
    }

    /// The names of all guarantees.
    pub fn names(&self) -> Vec<&'static str> {
        std::iter::once(committed::NAME).chain(self.guarantees.iter().map(|guarantee| guarantee.name())).collect()
    }

    /// Checks the last step or command of `world`; to be called after each, in order.
    ///
    /// # Errors
    /// The first guarantee that does not hold.
    pub fn check(&mut self, world: &World) -> Result<(), Violation> {
        self.committed.observe(world)?;
        self.guarantees.iter_mut().try_for_each(|guarantee| guarantee.check(world, &self.committed))
    }

    /// What was committed so far.
    pub fn committed(&self) -> &CommittedLogs {
        &self.committed
    }
}

/// Facts of the last step, in order.
fn notes(world: &World) -> impl Iterator<Item = &Note> {
    world.events().iter().filter_map(super::event::Event::note)
}

/// The replica that a fact is about, if it is about one; what a follower has told is its leader's to know.
fn replica_of(note: &Note) -> Option<(BrokerId, &TopicPartition)> {
    match note {
        Note::FollowerProgress { leader, partition, .. } => Some((*leader, partition)),
        other => other.replica(),
    }
}

/// The id under which a broker knows a partition.
fn id_at(world: &World, broker: BrokerId, partition: &TopicPartition) -> Option<TopicIdPartition> {
    world.broker(broker)?.partition(partition).map(crate::kafka::broker::Partition::id)
}

/// The group that a consumer belongs to.
fn group_of(world: &World, client: ClientId) -> Option<&str> {
    match &world.process(crate::kafka::ids::NodeId::Client(client))?.state {
        super::process::ProcessState::Consumer(consumer) => consumer.setup.config.group_id.as_deref(),
        _ => None,
    }
}

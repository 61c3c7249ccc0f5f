//! What every part of a broker needs while it handles one input.

use crate::kafka::effects::{Effects, RequestId};
use crate::kafka::ids::{BrokerEpoch, BrokerId, ControllerId, SimTime, TopicIdPartition};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::note::Note;
use crate::kafka::protocol::Response;
use crate::kafka::random::Random;
use crate::kafka::setup::{BrokerSetup, WallClock};

/// The input's surroundings: time, metadata, and where effects go.
pub(super) struct Context<'a> {
    pub now: SimTime,
    /// Metadata as far as it was replayed.
    pub image: &'a MetadataImage,
    pub setup: &'a BrokerSetup,
    pub out: &'a mut Effects,
    pub random: &'a mut Random,
    pub correlation: &'a mut u32,
    /// The active controller, if it is known.
    pub controller: Option<ControllerId>,
    pub broker_epoch: Option<BrokerEpoch>,
    /// How long the work on this input has taken so far: answers leave after that.
    pub cost_us: u64,
    /// Partitions of `__consumer_offsets` whose high watermark has moved, each with the note that says so.
    pub committed: Vec<(TopicIdPartition, Option<u32>)>,
}

impl Context<'_> {
    pub fn id(&self) -> BrokerId {
        self.setup.id
    }

    /// Epoch milliseconds.
    pub fn now_ms(&self) -> i64 {
        let clock: WallClock = self.setup.clock;
        clock.now_ms(self.now)
    }

    /// What the append of one batch takes, microseconds.
    pub fn append_us(&self) -> u64 {
        self.setup.timing.append_us.saturating_add(self.setup.disk.latency_us)
    }

    /// A number for a request that this broker sends.
    pub fn next_correlation(&mut self) -> u32 {
        *self.correlation = self.correlation.wrapping_add(1);
        *self.correlation
    }

    pub fn respond(&mut self, to: RequestId, response: impl Into<Response>) {
        self.out.respond_after(self.cost_us, to, response);
    }

    /// Writes down a fact, and does `then` as its consequence.
    pub fn note_then<R>(&mut self, note: Note, then: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.out.cause();
        let index = self.out.note(note);
        self.out.because_of(Some(index));
        let result = then(self);
        self.out.because_of(before);
        result
    }

    pub fn note(&mut self, note: Note) {
        self.out.note(note);
    }
}

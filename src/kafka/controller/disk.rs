//! The disk of a controller's machine: a slow one holds up answers, a full one ends the process.
//!
//! A voter writes its vote and its log before it answers (`QuorumStateStore`, `KafkaRaftClient`), and flushes both: so
//! nobody was ever told what a loss of power could take away, and for a controller that is no more than a kill.

use crate::kafka::effects::{Effect, Effects};
use crate::kafka::ids::{Offset, SimTime};
use crate::kafka::note::Note;
use crate::kafka::protocol::Response;
use crate::kafka::setup::Disk;

use super::Controller;
use super::quorum::ElectionState;
use crate::kafka::protocol::quorum::QuorumEpoch;

/// What a controller has on its disk, as far as it takes to see that it has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    election: ElectionState,
    end: (QuorumEpoch, Offset),
}

impl Controller {
    /// The disk of the machine is another from now on, as far as it can go wrong.
    pub fn set_disk(&mut self, disk: Disk) {
        self.setup.disk = disk;
    }

    fn written(&self) -> Written {
        let log = self.quorum.log();
        Written { election: self.quorum.election().clone(), end: (log.last_epoch(), log.end_offset()) }
    }

    /// Does a piece of work with a disk that is not as it should be. If it would write to a full one, it is not done, and
    /// the process halts.
    pub(super) fn on_bad_disk(
        &mut self,
        now: SimTime,
        out: &mut Effects,
        work: impl FnOnce(&mut Controller, SimTime, &mut Effects),
    ) {
        let (before, first) = (self.clone(), out.list.len());
        work(self, now, out);
        let has_written = self.written() != before.written();
        if has_written && self.setup.disk.is_full {
            *self = before;
            self.crash();
            out.list.truncate(first);
            out.note(Note::MetadataLogFailed { controller: self.setup.id });
            out.halt();
            return;
        }
        let latency_us = self.setup.disk.latency_us;
        for (_, effect) in &mut out.list[first..] {
            match effect {
                Effect::Respond { response, after_us, .. } if has_written || is_read(response) => {
                    *after_us += latency_us
                }
                Effect::Send { after_us, .. } if has_written => *after_us += latency_us,
                _ => {}
            }
        }
    }
}

/// Whether the answer brings something that had to be read from the log.
fn is_read(response: &Response) -> bool {
    matches!(response, Response::FetchMetadataLog(fetch) if !fetch.batches.is_empty())
}

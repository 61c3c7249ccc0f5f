//! Commit after processing never skips a record; commit before processing never repeats one.
//!
//! At least once: in a group all of whose members commit what they have processed, every record below a committed
//! offset, from the group's first position on, was processed by somebody. At most once: in a group all of whose members
//! commit before they process, no record is processed twice. Groups whose members seek or commit by other means promise
//! neither.
//!
//! What `auto.offset.reset` passes over, because nothing was committed yet or because it is deleted, is not missed; and
//! once it has gone back, records may come again. Nor is what compaction may have taken away. They also may when a commit was overtaken by a newer one and served after
//! it (see [`super::overtaken`]).

use std::collections::{BTreeMap, BTreeSet};

use super::{CommittedLogs, Guarantee, Violation, group_of, notes};
use crate::kafka::client::application::CommitStyle;
use crate::kafka::client::call::ConsumerCall;
use crate::kafka::ids::{ClientId, NodeId, Offset, TopicPartition};
use crate::kafka::note::{Note, PositionReason};
use crate::sim::{Command, EventKind, ProcessState, World};

/// What the members of a group promise together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    AtLeastOnce,
    AtMostOnce,
    Nothing,
}

#[derive(Default)]
struct Group {
    promise: Option<Promise>,
    partitions: BTreeMap<TopicPartition, Processed>,
}

#[derive(Default)]
struct Processed {
    all: BTreeSet<Offset>,
    /// Everything from where the group began to read up to here is processed, or passed over; None: nobody has begun.
    through: Option<Offset>,
    /// Somebody was sent back by `auto.offset.reset`.
    may_repeat: bool,
}

impl Processed {
    /// Returns whether the record was not processed before.
    fn add(&mut self, offset: Offset) -> bool {
        self.through.get_or_insert(offset);
        let is_new = self.all.insert(offset);
        self.advance();
        is_new
    }

    /// A member begins to read here.
    fn begin(&mut self, offset: Offset, is_reset: bool) {
        let through = self.through.get_or_insert(offset);
        if is_reset {
            self.may_repeat |= offset < *through;
            *through = offset.max(*through);
            self.advance();
        }
    }

    fn advance(&mut self) {
        while let Some(through) = &mut self.through
            && self.all.contains(through)
        {
            *through += 1;
        }
    }
}

#[derive(Default)]
pub struct Delivery {
    groups: BTreeMap<String, Group>,
}

impl Guarantee for Delivery {
    fn name(&self) -> &'static str {
        "commit after processing skips nothing, commit before it repeats nothing"
    }

    fn check(&mut self, world: &World, committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            match &event.kind {
                EventKind::NodeStarted => self.joined(world, event.node),
                EventKind::Command(command) => {
                    if let Command::Consumer { name, call } = &**command
                        && !is_harmless(call)
                    {
                        self.promise_nothing(world, world.client_named(name));
                    }
                }
                _ => {}
            }
        }
        for note in notes(world) {
            match note {
                Note::PositionSet { client, partition, offset, reason } => {
                    let node = Some(NodeId::Client(*client));
                    match reason {
                        PositionReason::Seek | PositionReason::Truncated => self.promise_nothing(world, node),
                        _ => self.begin(world, *client, partition, *offset, *reason != PositionReason::Committed),
                    }
                }
                Note::RecordProcessed { client, partition, offset } => {
                    let may_repeat = group_of(world, *client).is_none_or(|group| committed.was_overtaken(group));
                    let Some(group) = self.group_mut(world, *client) else { continue };
                    let processed = group.partitions.entry(partition.clone()).or_default();
                    let is_new = processed.add(*offset) || processed.may_repeat || may_repeat;
                    let is_promised = committed.promises(partition) && committed.keeps_offsets();
                    if !is_new && is_promised && group.promise == Some(Promise::AtMostOnce) {
                        return Err(self.violated(format!(
                            "offset {offset} of {partition} was processed again, by client {client}, though its group \
                             commits before it processes"
                        )));
                    }
                }
                Note::GroupOffsetStored { group: name, partition, offset, .. } => {
                    let Some(group) = self.groups.get(name) else { continue };
                    let processed = group.partitions.get(partition);
                    let through = processed.and_then(|processed| processed.through);
                    let log = committed.named(partition).filter(|log| log.is_compacted);
                    let is_done = |offset: Offset| {
                        processed.is_some_and(|processed| processed.all.contains(&offset))
                            || log.is_some_and(|log| log.may_be_gone(offset))
                    };
                    let has_skipped = through.is_some_and(|through| (through..*offset).any(|offset| !is_done(offset)));
                    if group.promise == Some(Promise::AtLeastOnce) && has_skipped && committed.promises(partition) {
                        return Err(self.violated(format!(
                            "group {name} commits {offset} of {partition}, and has processed only up to {through:?}"
                        )));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Delivery {
    /// A consumer's process starts: its group promises what all its members promise.
    fn joined(&mut self, world: &World, node: Option<NodeId>) {
        let Some((group, promise)) = node.and_then(|node| promise_of(world, node)) else { return };
        let group = self.groups.entry(group.to_string()).or_default();
        let same = group.promise.is_none_or(|before| before == promise);
        group.promise = Some(if same { promise } else { Promise::Nothing });
    }

    fn promise_nothing(&mut self, world: &World, node: Option<NodeId>) {
        if let Some((group, _)) = node.and_then(|node| promise_of(world, node)) {
            self.groups.entry(group.to_string()).or_default().promise = Some(Promise::Nothing);
        }
    }

    fn begin(&mut self, world: &World, client: ClientId, partition: &TopicPartition, offset: Offset, is_reset: bool) {
        if let Some(group) = self.group_mut(world, client) {
            group.partitions.entry(partition.clone()).or_default().begin(offset, is_reset);
        }
    }

    fn group_mut(&mut self, world: &World, client: ClientId) -> Option<&mut Group> {
        let (group, _) = promise_of(world, NodeId::Client(client))?;
        self.groups.get_mut(group)
    }
}

/// Whether the application's loop keeps its promise all the same. Whoever polls, commits or seeks by hand, or stops the
/// loop amid the records of a poll, answers for that.
fn is_harmless(call: &ConsumerCall) -> bool {
    use ConsumerCall::*;
    matches!(call, Subscribe(_) | Unsubscribe | Pause(_) | Resume(_) | Close | PollLoop(true))
}

/// The group of a consumer, and what it promises by itself.
fn promise_of(world: &World, node: NodeId) -> Option<(&str, Promise)> {
    let ProcessState::Consumer(consumer) = &world.process(node)?.state else { return None };
    let (config, application) = (&consumer.setup.config, &consumer.setup.application);
    let promise = match application.commit {
        _ if config.enable_auto_commit => Promise::Nothing,
        CommitStyle::AfterProcessing | CommitStyle::AfterEachRecord => Promise::AtLeastOnce,
        CommitStyle::BeforeProcessing => Promise::AtMostOnce,
        CommitStyle::None => Promise::Nothing,
    };
    Some((config.group_id.as_deref()?, promise))
}

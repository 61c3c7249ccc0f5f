//! A commit of another generation, or of somebody who is no member, is refused.
//!
//! So a member that was thrown out, or has not yet heard of the rebalance, cannot overwrite what the new owner of a
//! partition commits. Commits from outside a group (no member id, generation -1) are for groups without members.

use super::{CommittedLogs, Guarantee, Violation};
use crate::kafka::group::OFFSETS_TOPIC;
use crate::kafka::ids::NodeId;
use crate::kafka::note::Note;
use crate::kafka::protocol::Request;
use crate::kafka::protocol::offsets::OffsetCommitRequest;
use crate::sim::{EventKind, MessageBody, World};

#[derive(Default)]
pub struct Generations;

impl Guarantee for Generations {
    fn name(&self) -> &'static str {
        "a commit of another generation is refused"
    }

    fn check(&mut self, world: &World, _committed: &CommittedLogs) -> Result<(), Violation> {
        for event in world.events() {
            let EventKind::MessageDelivered(message) = &event.kind else { continue };
            let (MessageBody::Request(Request::OffsetCommit(commit)), NodeId::Broker(broker)) =
                (&message.body, message.to)
            else {
                continue;
            };
            // One request is served in a step: what is appended now is this commit.
            let is_taken = world.events().iter().filter_map(|event| event.note()).any(|note| {
                matches!(note, Note::RecordsAppended { broker: by, partition, as_leader: true, .. }
                    if *by == broker && &*partition.topic == OFFSETS_TOPIC)
            });
            let group = world.broker(broker).and_then(|broker| broker.group_coordinator().group(&commit.group_id));
            let members = group.map_or(0, |group| group.members.len());
            let is_entitled = match is_from_a_member(commit) {
                true => group.is_some_and(|group| {
                    group.members.contains_key(&commit.member_id)
                        && group.generation == commit.generation_id_or_member_epoch
                }),
                false => members == 0,
            };
            if is_taken && !is_entitled {
                return Err(self.violated(format!(
                    "broker {broker} takes a commit of member {:?}, generation {}, into group {}, which has {members} \
                     members in generation {:?}",
                    commit.member_id,
                    commit.generation_id_or_member_epoch,
                    commit.group_id,
                    group.map(|group| group.generation)
                )));
            }
        }
        Ok(())
    }
}

fn is_from_a_member(commit: &OffsetCommitRequest) -> bool {
    commit.generation_id_or_member_epoch >= 0 || !commit.member_id.is_empty()
}

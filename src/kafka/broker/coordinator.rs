//! The group coordinator that this broker hosts: it is told of leaderships, its records go through the log of
//! `__consumer_offsets`, and it learns when they are committed (`CoordinatorRuntime`, `CoordinatorPartitionWriter`).

use std::collections::VecDeque;
use std::rc::Rc;

use super::context::Context;
use super::forwarding::Forwarding;
use super::produce::LeaderAppend;
use super::replica_manager::ReplicaManager;
use super::roles::LeadershipChange;
use crate::kafka::effects::{Effect, RequestId};
use crate::kafka::group::timer::GroupTimer;
use crate::kafka::group::{CoordinatorWrite, GroupCoordinator, OFFSETS_TOPIC};
use crate::kafka::hash::java_string_hash::coordinator_partition;
use crate::kafka::ids::{Offset, TopicIdPartition, TopicName, TopicPartition};
use crate::kafka::log::AppendOrigin;
use crate::kafka::protocol::group::{CoordinatorType, FindCoordinatorRequest, FindCoordinatorResponse};
use crate::kafka::protocol::produce::Acks;
use crate::kafka::protocol::{ErrorCode, Request};
use crate::kafka::random::Random;
use crate::kafka::setup::{BrokerSetup, WallClock};
use crate::kafka::sorted::SortedSet;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CoordinatorHost {
    pub(super) coordinator: Rc<GroupCoordinator>,
    /// Writes by partition, and by the offset that the high watermark must reach.
    waiting: SortedSet<(TopicIdPartition, Offset, u64)>,
}

/// Whether the request is for the group coordinator.
pub(super) fn is_for_coordinator(request: &Request) -> bool {
    matches!(
        request,
        Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::DescribeGroups(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_)
            | Request::ListGroups(_)
            | Request::DeleteGroups(_)
            | Request::OffsetDelete(_)
    )
}

impl CoordinatorHost {
    pub(super) fn new(setup: &BrokerSetup, random: &mut Random) -> CoordinatorHost {
        let own = Random::stream(random.next_u64(), 0);
        let coordinator = GroupCoordinator::new(setup.id, Rc::clone(&setup.config), setup.clock, own);
        CoordinatorHost { coordinator: Rc::new(coordinator), waiting: SortedSet::new() }
    }

    pub(super) fn set_clock(&mut self, clock: WallClock) {
        self.coordinator_mut().set_clock(clock);
    }

    /// Number of writes that wait for the high watermark.
    pub fn waiting_writes(&self) -> usize {
        self.waiting.len()
    }

    fn coordinator_mut(&mut self) -> &mut GroupCoordinator {
        Rc::make_mut(&mut self.coordinator)
    }

    pub(super) fn handle(
        &mut self,
        request: Request,
        id: RequestId,
        replicas: &mut ReplicaManager,
        cx: &mut Context<'_>,
    ) {
        cx.cost_us += cx.setup.timing.request_us;
        let first = cx.out.list.len();
        let writes = self.coordinator_mut().handle(request, id, cx.now, cx.image, cx.out);
        self.write(writes, replicas, cx);
        self.settle(replicas, cx);
        delay_answers(first, cx);
    }

    pub(super) fn timer(&mut self, timer: GroupTimer, replicas: &mut ReplicaManager, cx: &mut Context<'_>) {
        let writes = self.coordinator_mut().timer(timer, cx.now, cx.image, cx.out);
        self.write(writes, replicas, cx);
    }

    /// Tells the coordinator what the broker leads now, and what was deleted.
    pub(super) fn metadata_changed(
        &mut self,
        changes: &[LeadershipChange],
        deleted: &[TopicPartition],
        replicas: &mut ReplicaManager,
        cx: &mut Context<'_>,
    ) {
        for change in changes.iter().filter(|change| &*change.topic_partition.topic == OFFSETS_TOPIC) {
            let number = change.topic_partition.partition;
            if change.is_leader {
                let Some(partition) = replicas.partitions.get(&change.id) else { continue };
                let (epoch, now) = (partition.leader_epoch(), cx.now);
                self.coordinator_mut().elected(number, epoch, partition.log().batches(), now, cx.out);
            } else {
                self.waiting.retain(|(id, _, _)| *id != change.id);
                self.coordinator_mut().resigned(number, cx.now, cx.out);
            }
        }
        if !deleted.is_empty() {
            let writes = self.coordinator_mut().partitions_deleted(deleted, cx.now, cx.out);
            self.write(writes, replicas, cx);
        }
    }

    /// Appends the coordinator's records, without waiting for replicas; the coordinator is told when the high
    /// watermark has passed them.
    fn write(&mut self, writes: Vec<CoordinatorWrite>, replicas: &mut ReplicaManager, cx: &mut Context<'_>) {
        let cause = cx.out.cause();
        let mut writes = VecDeque::from(writes);
        while let Some(write) = writes.pop_front() {
            writes.extend(self.append(write, replicas, cx));
            cx.out.because_of(cause);
        }
    }

    /// Appends one write. If that fails, the coordinator may have more to write.
    fn append(
        &mut self,
        write: CoordinatorWrite,
        replicas: &mut ReplicaManager,
        cx: &mut Context<'_>,
    ) -> Vec<CoordinatorWrite> {
        let partition = TopicPartition::new(OFFSETS_TOPIC, write.partition);
        let Some(id) = ReplicaManager::id_of(&partition, cx.image) else {
            return self.written(write.write, ErrorCode::UnknownTopicOrPartition, cx);
        };
        cx.cost_us += cx.append_us();
        let (result, note) = replicas.append_to_leader(id, &write.batch, Acks::Leader, AppendOrigin::Coordinator, cx);
        match result {
            LeaderAppend::Appended(info) => {
                self.waiting.insert((id, info.last_offset + 1, write.write));
                cx.out.because_of(note);
                if !replicas.maybe_increment_high_watermark(id, cx) {
                    replicas.complete_delayed_fetches(id, cx);
                }
                Vec::new()
            }
            LeaderAppend::Refused { error, .. } => self.written(write.write, error, cx),
        }
    }

    fn written(&mut self, write: u64, result: ErrorCode, cx: &mut Context<'_>) -> Vec<CoordinatorWrite> {
        self.coordinator_mut().written(write, result, cx.now, cx.image, cx.out)
    }

    /// Tells the coordinator of all its writes that the high watermark has passed by now.
    pub(super) fn settle(&mut self, replicas: &mut ReplicaManager, cx: &mut Context<'_>) {
        let before = cx.out.cause();
        let first = cx.out.list.len();
        while let Some((id, cause)) = cx.committed.pop() {
            let Some(high_watermark) = replicas.partitions.get(&id).map(|partition| partition.high_watermark()) else {
                continue;
            };
            let passed: Vec<(TopicIdPartition, Offset, u64)> =
                self.waiting.range((id, 0, 0)..=(id, high_watermark, u64::MAX)).copied().collect();
            for waiting in passed {
                self.waiting.remove(&waiting);
                cx.out.because_of(cause);
                let writes = self.written(waiting.2, ErrorCode::None, cx);
                self.write(writes, replicas, cx);
            }
        }
        cx.out.because_of(before);
        delay_answers(first, cx);
    }
}

/// The coordinator answers at once; what the work took is added here.
fn delay_answers(first: usize, cx: &mut Context<'_>) {
    let cost_us = cx.cost_us;
    for (_, effect) in &mut cx.out.list[first..] {
        if let Effect::Respond { after_us, .. } = effect {
            *after_us = (*after_us).max(cost_us);
        }
    }
}

/// Who coordinates a group: the leader of its partition of `__consumer_offsets`, which is made if it is missing.
pub(super) fn find(
    request: &FindCoordinatorRequest,
    forwarding: &mut Forwarding,
    cx: &mut Context<'_>,
) -> FindCoordinatorResponse {
    let answer = |error, coordinator| FindCoordinatorResponse { key: request.key.clone(), error, coordinator };
    if request.key_type != CoordinatorType::Group {
        return answer(ErrorCode::CoordinatorNotAvailable, None);
    }
    let Some(topic) = cx.image.topic(OFFSETS_TOPIC) else {
        forwarding.create_topic(&TopicName::from(OFFSETS_TOPIC), cx);
        return answer(ErrorCode::CoordinatorNotAvailable, None);
    };
    let partition = coordinator_partition(&request.key, topic.partitions.len() as i32);
    let leader = topic.partitions.get(&partition).and_then(|registration| registration.leader);
    match leader.filter(|leader| cx.image.brokers.get(leader).is_some_and(|broker| !broker.fenced)) {
        Some(leader) => answer(ErrorCode::None, Some(leader)),
        None => answer(ErrorCode::CoordinatorNotAvailable, None),
    }
}

//! Finding positions: the committed offset, else `auto.offset.reset`; and checking them after a change of leader
//! (OffsetFetcher, KIP-320).

use super::poll::PollError;
use super::subscription::{FetchPosition, OffsetReset, policy_reset};
use super::{Consumer, Purpose};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{BrokerId, LeaderEpoch, Offset, SimTime, TopicPartition};
use crate::kafka::note::{Note, PositionReason};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::Fetcher;
use crate::kafka::protocol::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetSpec,
};
use crate::kafka::protocol::offsets::{OffsetFetchRequest, OffsetFetchResponse};
use crate::kafka::sorted::SortedMap;

impl Consumer {
    fn wall_ms(&self, now: SimTime) -> i64 {
        self.setup.client.clock.now_ms(now)
    }

    /// Whether the coordinator must be asked where the group stands.
    pub(super) fn needs_committed_offsets(&self) -> bool {
        self.setup.config.group_id.is_some()
            && self.subscription.states().any(|state| state.position.is_none() && state.reset.is_none())
    }

    /// One turn: asks for committed offsets, lists offsets for resets, checks positions.
    pub(super) fn find_positions(&mut self, now: SimTime, out: &mut Effects) {
        if self.needs_committed_offsets() {
            self.fetch_committed(now, out);
        } else if self.setup.config.group_id.is_none() {
            self.reset_without_group(now, out);
        }
        self.list_offsets(now, out);
        self.check_positions(now, out);
    }

    fn reset_without_group(&mut self, now: SimTime, out: &mut Effects) {
        let reset = policy_reset(self.setup.config.auto_offset_reset, self.wall_ms(now));
        let mut missing = false;
        for (_, state) in self.subscription.partitions_mut() {
            if state.position.is_none() && state.reset.is_none() {
                match reset {
                    Some(reset) => state.ask_reset(reset),
                    None => missing = true,
                }
            }
        }
        if missing && self.is_polling() {
            self.fail(PollError::NoOffsetForPartition, now, out);
        }
    }

    fn fetch_committed(&mut self, now: SimTime, out: &mut Effects) {
        let Some(coordinator) = self.membership.coordinator else { return };
        // Of a group that is about to be joined anew nothing is asked.
        if (self.subscription.is_group() && !self.membership.is_stable())
            || self.membership.retry_at > now
            || !self.connections.is_ready(coordinator, Channel::Coordinator, now)
            || self.is_in_flight(|purpose| *purpose == Purpose::OffsetFetch)
        {
            return;
        }
        let missing = self
            .subscription
            .partitions()
            .filter(|(_, state)| state.position.is_none() && state.reset.is_none() && state.retry_at <= now);
        let partitions: Vec<TopicPartition> = missing.map(|(partition, _)| partition.clone()).collect();
        if partitions.is_empty() {
            return;
        }
        let request = OffsetFetchRequest {
            group_id: self.setup.config.group_id.clone().unwrap_or_default(),
            partitions: Some(partitions),
            require_stable: true,
        };
        let timeout_ms = self.request_timeout_ms();
        self.send(coordinator, Channel::Coordinator, Purpose::OffsetFetch, timeout_ms, request, now, out);
    }

    pub(super) fn committed_fetched(&mut self, response: OffsetFetchResponse, now: SimTime, out: &mut Effects) {
        self.membership.last_answer = now;
        match response.error {
            ErrorCode::None => {}
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => return self.coordinator_unknown(now),
            _ => {
                self.membership.retry_at = self.retry_at(now);
                return;
            }
        }
        let reset = policy_reset(self.setup.config.auto_offset_reset, self.wall_ms(now));
        let client = self.setup.client.id;
        let retry_at = self.retry_at(now);
        let mut missing = false;
        for (partition, committed, error) in response.partitions {
            let checked =
                self.metadata.known_leader(&partition.topic, partition.partition).map(|known| known.leader_epoch);
            let Some(state) = self.subscription.get_mut(&partition) else { continue };
            if state.position.is_some() || state.reset.is_some() {
                continue;
            }
            if !error.is_none() {
                state.retry_at = retry_at;
                continue;
            }
            match (committed, reset) {
                (Some(committed), _) => {
                    let offset = committed.offset;
                    state.seek(FetchPosition { offset, epoch: committed.leader_epoch });
                    state.checked_epoch = checked;
                    state.committed = Some(committed);
                    let note =
                        out.note(Note::PositionSet { client, partition, offset, reason: PositionReason::Committed });
                    out.because_of(Some(note));
                }
                (None, Some(reset)) => state.ask_reset(reset),
                (None, None) => missing = true,
            }
        }
        if missing {
            self.fail(PollError::NoOffsetForPartition, now, out);
        }
    }

    /// ListOffsets to each leader of partitions whose position is looked for.
    fn list_offsets(&mut self, now: SimTime, out: &mut Effects) {
        if self.is_in_flight(|purpose| *purpose == Purpose::ListOffsets) {
            return;
        }
        let mut by_leader: SortedMap<BrokerId, Vec<ListOffsetsPartition>> = SortedMap::new();
        let mut unknown = false;
        for (partition, state) in self.subscription.partitions() {
            let Some(reset) = state.reset.filter(|_| state.retry_at <= now) else { continue };
            match self.metadata.known_leader(&partition.topic, partition.partition) {
                Some(known) => match known.leader {
                    Some(leader) if self.connections.is_ready(leader, Channel::Data, now) => {
                        by_leader.entry(leader).or_default().push(ListOffsetsPartition {
                            topic_partition: partition.clone(),
                            current_leader_epoch: Some(known.leader_epoch),
                            spec: reset.spec,
                        });
                    }
                    Some(_) => {}
                    None => unknown = true,
                },
                None => unknown = true,
            }
        }
        if unknown {
            self.metadata.request_update();
        }
        for (leader, partitions) in by_leader {
            let isolation = Default::default();
            let request = ListOffsetsRequest { fetcher: Fetcher::Consumer, isolation, partitions };
            let timeout_ms = self.request_timeout_ms();
            self.send(leader, Channel::Data, Purpose::ListOffsets, timeout_ms, request, now, out);
        }
    }

    pub(super) fn offsets_listed(&mut self, response: ListOffsetsResponse, now: SimTime, out: &mut Effects) {
        let client = self.setup.client.id;
        let retry_at = self.retry_at(now);
        for listed in response.partitions {
            let partition = listed.topic_partition;
            let checked =
                self.metadata.known_leader(&partition.topic, partition.partition).map(|known| known.leader_epoch);
            let Some(state) = self.subscription.get_mut(&partition) else { continue };
            let Some(reset) = state.reset else { continue };
            if !listed.error.is_none() {
                state.retry_at = retry_at;
                self.metadata.request_update();
                continue;
            }
            // A time that no record reaches: by duration it is waited for one; a seek goes to the end.
            if listed.offset < 0 {
                match reset.reason {
                    PositionReason::Seek => {
                        state.reset = Some(OffsetReset { spec: OffsetSpec::Latest, ..reset });
                    }
                    _ => state.retry_at = retry_at,
                }
                continue;
            }
            // No epoch goes with it: a position that was looked up needs no check.
            state.seek(FetchPosition { offset: listed.offset, epoch: None });
            state.checked_epoch = checked;
            let (offset, reason) = (listed.offset, reset.reason);
            let note = out.note(Note::PositionSet { client, partition, offset, reason });
            out.because_of(Some(note));
        }
    }

    /// A position that was reached under an older leader is checked with the new one before it is used.
    fn check_positions(&mut self, now: SimTime, out: &mut Effects) {
        let metadata = &self.metadata;
        for (partition, state) in self.subscription.partitions_mut() {
            let Some(known) = metadata.known_leader(&partition.topic, partition.partition) else { continue };
            let Some(position) = state.position else { continue };
            if state.checked_epoch.is_none_or(|checked| checked < known.leader_epoch) {
                state.needs_check = position.epoch.is_some();
                if position.epoch.is_none() {
                    state.checked_epoch = Some(known.leader_epoch);
                }
            }
        }
        // Only poll() asks (`KafkaConsumer.updateFetchPositions`), so that it is there to hear what comes of it.
        if !self.may_fetch() || self.is_in_flight(|purpose| *purpose == Purpose::EpochCheck) {
            return;
        }
        let mut by_leader: SortedMap<BrokerId, Vec<OffsetForLeaderPartition>> = SortedMap::new();
        for (partition, state) in self.subscription.partitions() {
            let Some(epoch) = state.position.and_then(|position| position.epoch).filter(|_| state.needs_check) else {
                continue;
            };
            let Some(known) = self.metadata.known_leader(&partition.topic, partition.partition) else { continue };
            let Some(leader) = known.leader.filter(|_| state.retry_at <= now) else { continue };
            if self.connections.is_ready(leader, Channel::Data, now) {
                by_leader.entry(leader).or_default().push(OffsetForLeaderPartition {
                    topic_partition: partition.clone(),
                    current_leader_epoch: Some(known.leader_epoch),
                    leader_epoch: epoch,
                });
            }
        }
        for (leader, partitions) in by_leader {
            let request = OffsetForLeaderEpochRequest { fetcher: Fetcher::Consumer, partitions };
            let timeout_ms = self.request_timeout_ms();
            self.send(leader, Channel::Data, Purpose::EpochCheck, timeout_ms, request, now, out);
        }
    }

    pub(super) fn epoch_checked(&mut self, response: &OffsetForLeaderEpochResponse, now: SimTime, out: &mut Effects) {
        let reset = policy_reset(self.setup.config.auto_offset_reset, self.wall_ms(now));
        let retry_at = self.retry_at(now);
        let mut truncated = Vec::new();
        for answer in &response.partitions {
            let partition = &answer.topic_partition;
            let known =
                self.metadata.known_leader(&partition.topic, partition.partition).map(|known| known.leader_epoch);
            let Some(state) = self.subscription.get_mut(partition) else { continue };
            let Some(position) = state.position.filter(|_| state.needs_check) else { continue };
            if !answer.error.is_none() {
                state.retry_at = retry_at;
                self.metadata.request_update();
                continue;
            }
            // Without a policy the position stays unchecked, and every poll() finds it cut off again.
            if reset.is_none() && answer.end_offset < position.offset {
                state.retry_at = retry_at;
                truncated.push((partition.clone(), None));
                continue;
            }
            state.needs_check = false;
            state.checked_epoch = known;
            if answer.end_offset < 0 {
                if let Some(reset) = reset {
                    state.ask_reset(reset);
                }
            } else if answer.end_offset < position.offset {
                truncated.push((partition.clone(), Some((answer.end_offset, answer.leader_epoch))));
            }
        }
        for (partition, end) in truncated {
            self.log_was_truncated(&partition, end, now, out);
        }
    }

    /// The log was cut below the position: with a reset policy it goes on where the logs part, else poll() fails.
    fn log_was_truncated(
        &mut self,
        partition: &TopicPartition,
        end: Option<(Offset, LeaderEpoch)>,
        now: SimTime,
        out: &mut Effects,
    ) {
        let Some((offset, epoch)) = end else { return self.fail(PollError::LogTruncation, now, out) };
        if let Some(state) = self.subscription.get_mut(partition) {
            state.seek(FetchPosition { offset, epoch: Some(epoch) });
            let (client, partition) = (self.setup.client.id, partition.clone());
            out.note(Note::PositionSet { client, partition, offset, reason: PositionReason::Truncated });
        }
    }
}

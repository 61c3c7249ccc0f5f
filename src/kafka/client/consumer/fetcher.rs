//! Fetching: one request at a time to each broker, for all partitions that it can be asked for.

use super::poll::PollError;
use super::subscription::policy_reset;
use super::{Consumer, Purpose};
use crate::kafka::effects::{Channel, Effects};
use crate::kafka::ids::{BrokerId, SimTime, TopicPartition};
use crate::kafka::note::Note;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::{FetchPartition, FetchPartitionResponse, FetchRequest, FetchResponse, Fetcher};
use crate::kafka::sorted::{SortedMap, SortedSet};

impl Consumer {
    /// Fetches what can be fetched, while somebody polls, or right after records were handed out.
    pub(super) fn send_fetches(&mut self, now: SimTime, out: &mut Effects) {
        if !self.may_fetch() {
            return;
        }
        let mut by_broker: SortedMap<BrokerId, Vec<FetchPartition>> = SortedMap::new();
        let mut buffered: SortedSet<BrokerId> = SortedSet::new();
        let mut unknown = false;
        for (partition, state) in self.subscription.in_fetch_order() {
            let holds_records = state.holds_records();
            let Some(position) = state.position.filter(|_| holds_records || state.is_fetchable(now)) else { continue };
            let known = self.metadata.known_leader(&partition.topic, partition.partition);
            let Some((known, topic_id)) = known.zip(self.metadata.topic_id(&partition.topic)) else {
                unknown |= !holds_records;
                continue;
            };
            // A follower that the metadata does not list as alive is not asked.
            let preferred = state.preferred_replica.filter(|replica| self.metadata.brokers().contains(replica));
            let Some(broker) = preferred.or(known.leader) else {
                unknown |= !holds_records;
                continue;
            };
            if holds_records {
                // A fetch that left it out would drop it from the session; so the broker is not asked for now.
                buffered.insert(broker);
                continue;
            }
            by_broker.entry(broker).or_default().push(FetchPartition {
                topic_id,
                partition: partition.partition,
                current_leader_epoch: Some(known.leader_epoch),
                fetch_offset: position.offset,
                last_fetched_epoch: None,
                log_start_offset: -1,
                partition_max_bytes: self.setup.config.max_partition_fetch_bytes as i32,
            });
        }
        if unknown {
            self.metadata.request_update();
        }
        for (broker, partitions) in by_broker {
            let busy = self
                .in_flight
                .values()
                .any(|pending| pending.broker == broker && matches!(pending.purpose, Purpose::Fetch));
            if busy || buffered.contains(&broker) || !self.connections.is_ready(broker, Channel::Data, now) {
                continue;
            }
            let config = &self.setup.config;
            let mut builder = self.fetch_sessions.entry(broker).or_default().builder();
            partitions.into_iter().for_each(|asked| builder.add(asked));
            let data = builder.build();
            let request = FetchRequest {
                fetcher: Fetcher::Consumer,
                max_wait_ms: config.fetch_max_wait_ms,
                min_bytes: config.fetch_min_bytes,
                max_bytes: config.fetch_max_bytes as i32,
                isolation: Default::default(),
                rack_id: config.client_rack.clone(),
                partitions: data.to_send,
                session: data.metadata,
                forgotten: data.to_forget,
            };
            let timeout_ms = self.request_timeout_ms();
            self.send(broker, Channel::Data, Purpose::Fetch, timeout_ms, request, now, out);
        }
    }

    pub(super) fn fetched(&mut self, broker: BrokerId, response: FetchResponse, now: SimTime, out: &mut Effects) {
        let Some(session) = self.fetch_sessions.get_mut(&broker) else { return };
        if !session.handle_response(&response) {
            // The next request names everything anew.
            if response.error == ErrorCode::FetchSessionTopicIdError {
                self.metadata.request_update();
            }
            return;
        }
        for answer in response.partitions {
            let Some(topic) = self.metadata.topic_name(answer.topic_id).cloned() else { continue };
            let partition = TopicPartition { topic, partition: answer.partition };
            let session = self.fetch_sessions.get(&broker);
            let Some(asked) = session.and_then(|session| session.asked(answer.id())) else { continue };
            // Whoever has sought elsewhere or lost the partition since then has no use for the answer. Nor has whoever
            // asked the former leader and the new one, and was answered by both.
            let still = |state: &super::PartitionState| {
                state.position.is_some_and(|position| position.offset == asked.fetch_offset)
                    && !state.needs_check
                    && state.buffered.is_empty()
            };
            if self.subscription.get(&partition).is_some_and(still) {
                self.partition_fetched(partition, answer, now, out);
            }
        }
    }

    fn partition_fetched(
        &mut self,
        partition: TopicPartition,
        answer: FetchPartitionResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        if !answer.error.is_none() {
            return self.fetch_failed(&partition, &answer, now, out);
        }
        let client = self.setup.client.id;
        if !answer.batches.is_empty() {
            self.subscription.fetch_completed(&partition);
        }
        let Some(state) = self.subscription.get_mut(&partition) else { return };
        if let Some(replica) = answer.preferred_read_replica {
            state.preferred_replica = Some(replica);
            return;
        }
        state.high_watermark = Some(answer.high_watermark);
        let position = state.position.map_or(0, |position| position.offset);
        state.buffered.extend(answer.batches.into_iter().filter(|batch| batch.last_offset() >= position));
        if let (Some(first), Some(last)) = (state.buffered.front(), state.buffered.back()) {
            let (first_offset, last_offset) = (first.base_offset().max(position), last.last_offset());
            let note = out.note(Note::RecordsFetched { client, partition, first_offset, last_offset });
            out.because_of(Some(note));
        }
    }

    /// A fetch got no answer.
    pub(super) fn fetch_lost(&mut self, broker: BrokerId, now: SimTime) {
        let retry_at = self.retry_at(now);
        self.metadata.request_update();
        let Some(session) = self.fetch_sessions.get_mut(&broker) else { return };
        session.handle_error();
        for asked in session.partitions() {
            let Some(topic) = self.metadata.topic_name(asked.topic_id).cloned() else { continue };
            let partition = TopicPartition { topic, partition: asked.partition };
            if let Some(state) = self.subscription.get_mut(&partition) {
                state.retry_at = retry_at;
                state.preferred_replica = None;
            }
        }
    }

    fn fetch_failed(
        &mut self,
        partition: &TopicPartition,
        answer: &FetchPartitionResponse,
        now: SimTime,
        out: &mut Effects,
    ) {
        let reset = policy_reset(self.setup.config.auto_offset_reset, self.setup.client.clock.now_ms(now));
        let retry_at = self.retry_at(now);
        let mut news = false;
        if let Some(current) = answer.current_leader {
            news = self.metadata.update_leader(&partition.topic, partition.partition, current);
        }
        let Some(state) = self.subscription.get_mut(partition) else { return };
        match answer.error {
            ErrorCode::OffsetOutOfRange if state.preferred_replica.is_some() => state.preferred_replica = None,
            ErrorCode::OffsetOutOfRange => match reset {
                Some(reset) => state.ask_reset(reset),
                None => self.fail(PollError::OffsetOutOfRange, now, out),
            },
            error => {
                state.preferred_replica = None;
                if !news {
                    state.retry_at = retry_at;
                    self.metadata.request_update();
                }
                if !error.is_retriable() && error != ErrorCode::UnknownLeaderEpoch {
                    self.fail(error, now, out);
                }
            }
        }
    }
}

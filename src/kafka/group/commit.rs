//! OffsetCommit, OffsetFetch, and the end of offsets (`OffsetMetadataManager`).

use super::coordinator::{GroupCoordinator, Turn, as_response, commit_error};
use super::offset_store::StoredOffset;
use super::records;
use super::write::Meaning;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::TopicPartition;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::mutation::{Mutation, breaks};
use crate::kafka::note::GroupState;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::offsets::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use crate::kafka::sorted::SortedMap;

impl GroupCoordinator {
    /// Partitions that do not exist, and texts that are too long, fail alone; everything else concerns the whole
    /// request.
    pub(super) fn commit(
        &mut self,
        place: Result<i32, ErrorCode>,
        request: OffsetCommitRequest,
        id: RequestId,
        image: &MetadataImage,
        turn: &mut Turn<'_>,
    ) {
        let exists = |partition: &TopicPartition| image.partition(&partition.topic, partition.partition).is_some();
        let mut results: Vec<(TopicPartition, ErrorCode)> = request
            .offsets
            .iter()
            .map(|(partition, _)| match exists(partition) {
                true => (partition.clone(), ErrorCode::None),
                false => (partition.clone(), ErrorCode::UnknownTopicOrPartition),
            })
            .collect();
        if results.iter().all(|(_, error)| !error.is_none()) {
            return turn.out.respond(id, OffsetCommitResponse { partitions: results });
        }
        let partition = match place.and_then(|partition| self.check_commit(&request).map(|()| partition)) {
            Ok(partition) => partition,
            Err(error) => return turn.out.respond(id, commit_error(results, error)),
        };
        self.group_or_new(&request.group_id, partition, turn);
        let now_ms = self.clock.now_ms(turn.now);
        let mut offsets = Vec::new();
        for ((of, told), (_, result)) in request.offsets.into_iter().zip(&mut results) {
            if !result.is_none() {
                continue;
            }
            if told.metadata.encode_utf16().count() > self.config.offset_metadata_max_bytes as usize {
                *result = ErrorCode::OffsetMetadataTooLarge;
                continue;
            }
            let stored = StoredOffset {
                offset: told.offset,
                leader_epoch: told.leader_epoch,
                metadata: told.metadata,
                commit_timestamp_ms: now_ms,
                topic_id: image.topic(&of.topic).map(|topic| topic.topic_id),
            };
            offsets.push((of, stored));
        }
        let group = request.group_id;
        let state = self.group(&group).map(|group| group.state);
        if matches!(state, Some(GroupState::Stable | GroupState::PreparingRebalance)) {
            self.expect_heartbeat(&group, &request.member_id, turn);
        }
        if !offsets.is_empty() {
            let records: Vec<_> =
                offsets.iter().map(|(of, stored)| records::offset_commit(&group, of, Some(stored))).collect();
            self.write(partition, &records, Meaning::Offsets { group, offsets }, turn);
        }
        let response = as_response(OffsetCommitResponse { partitions: results });
        self.answer_after_writes(partition, id, response, turn);
    }

    /// Whether this client may commit for the group now (`ClassicGroup.validateOffsetCommit`). A group that does not
    /// exist comes into being by the commit of a consumer that is no member.
    fn check_commit(&self, request: &OffsetCommitRequest) -> Result<(), ErrorCode> {
        let generation = request.generation_id_or_member_epoch;
        let Some(group) = self.group(&request.group_id) else {
            return if generation < 0 { Ok(()) } else { Err(ErrorCode::GroupIdNotFound) };
        };
        if generation < 0 && group.state == GroupState::Empty {
            return Ok(());
        }
        if generation < 0 && request.member_id.is_empty() && request.group_instance_id.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        if breaks(Mutation::AnybodyCommits) {
            return Ok(());
        }
        group.validate_member(&request.member_id, request.group_instance_id.as_deref())?;
        if generation != group.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        match group.state {
            GroupState::CompletingRebalance => Err(ErrorCode::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// Offsets that are stored; a group or partition without any is no error. While transactions are not built, all
    /// of them are stable.
    pub(super) fn fetch_offsets(&self, request: &OffsetFetchRequest) -> OffsetFetchResponse {
        let found = |partition: &TopicPartition| {
            let stored = self.offsets.get(&request.group_id, partition);
            (partition.clone(), stored.map(StoredOffset::to_offset_and_metadata), ErrorCode::None)
        };
        let partitions = match &request.partitions {
            Some(partitions) => partitions.iter().map(found).collect(),
            None => self.offsets(&request.group_id).into_iter().flat_map(|offsets| offsets.keys().map(found)).collect(),
        };
        OffsetFetchResponse { error: ErrorCode::None, partitions }
    }

    /// Writes tombstones for offsets that nobody has used for `offsets.retention.minutes`, and for empty groups that
    /// have none left.
    pub(super) fn expire_offsets(&mut self, partition: i32, turn: &mut Turn<'_>) {
        let now_ms = self.clock.now_ms(turn.now);
        let retention_ms = i64::from(self.config.offsets_retention_minutes) * 60_000;
        let mut offsets = Vec::new();
        let mut groups = Vec::new();
        let mut has_groups = false;
        for group in self.groups().filter(|group| group.partition == partition) {
            has_groups = true;
            let (expired, all) = self.offsets.expired(group, now_ms, retention_ms);
            offsets.extend(expired.into_iter().map(|of| (group.group_id.clone(), of)));
            if all && group.state == GroupState::Empty && group.pending_join.is_empty() {
                groups.push(group.group_id.clone());
            }
        }
        let mut tombstones: Vec<_> =
            offsets.iter().map(|(group, of)| records::offset_commit(group, of, None)).collect();
        tombstones.extend(groups.iter().map(|group| records::group_tombstone(group)));
        if !tombstones.is_empty() {
            self.write(partition, &tombstones, Meaning::Removal { offsets, groups }, turn);
        }
        if has_groups {
            self.schedule_expiration(partition, turn);
        }
    }

    /// Writes tombstones for the offsets of partitions that are no more.
    pub(super) fn remove_offsets_of(&mut self, deleted: &[TopicPartition], turn: &mut Turn<'_>) {
        let mut by_partition: SortedMap<i32, Vec<(String, TopicPartition)>> = Default::default();
        for group in self.groups() {
            let offsets = self.offsets(&group.group_id);
            for of in deleted.iter().filter(|of| offsets.is_some_and(|offsets| offsets.contains_key(of))) {
                by_partition.entry(group.partition).or_default().push((group.group_id.clone(), of.clone()));
            }
        }
        for (partition, offsets) in by_partition {
            let tombstones: Vec<_> =
                offsets.iter().map(|(group, of)| records::offset_commit(group, of, None)).collect();
            self.write(partition, &tombstones, Meaning::Removal { offsets, groups: Vec::new() }, turn);
        }
    }
}

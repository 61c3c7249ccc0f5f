//! What tools do with groups: ListGroups, DeleteGroups, OffsetDelete (`GroupCoordinatorShard.deleteGroups`,
//! `OffsetMetadataManager.deleteOffsets`).

use super::classic_group::{CONSUMER_PROTOCOL, ClassicGroup};
use super::coordinator::{GroupCoordinator, Turn, as_response};
use super::records;
use super::write::Meaning;
use crate::kafka::effects::RequestId;
use crate::kafka::ids::TopicPartition;
use crate::kafka::metadata::MetadataImage;
use crate::kafka::note::GroupState;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::group_admin::{
    DeleteGroupsRequest, DeleteGroupsResponse, ListGroupsResponse, ListedGroup, OffsetDeleteRequest,
    OffsetDeleteResponse,
};

impl GroupCoordinator {
    /// The groups that the log knows of.
    pub(super) fn list_groups(&self) -> ListGroupsResponse {
        let listed = |group: &ClassicGroup| ListedGroup {
            group_id: group.group_id.clone(),
            protocol_type: group.protocol_type.clone().unwrap_or_default(),
            group_state: group.state.name().to_owned(),
        };
        let groups = self.groups().filter(|group| group.persisted).map(listed).collect();
        ListGroupsResponse { error: ErrorCode::None, groups }
    }

    /// Writes tombstones of groups without members, and of all their offsets.
    pub(super) fn delete_groups(
        &mut self,
        request: DeleteGroupsRequest,
        id: RequestId,
        image: &MetadataImage,
        turn: &mut Turn<'_>,
    ) {
        let mut results = Vec::with_capacity(request.groups.len());
        let mut written_to = None;
        for group in request.groups {
            let deleted =
                self.place(&group, image).and_then(|partition| self.check_deletion(&group).map(|()| partition));
            let error = match deleted {
                Ok(partition) => {
                    let offsets: Vec<TopicPartition> =
                        self.offsets(&group).into_iter().flat_map(|offsets| offsets.keys().cloned()).collect();
                    let mut tombstones: Vec<_> =
                        offsets.iter().map(|of| records::offset_commit(&group, of, None)).collect();
                    tombstones.push(records::group_tombstone(&group));
                    let offsets = offsets.into_iter().map(|of| (group.clone(), of)).collect();
                    let meaning = Meaning::Removal { offsets, groups: vec![group.clone()] };
                    self.write(partition, &tombstones, meaning, turn);
                    written_to = Some(partition);
                    ErrorCode::None
                }
                Err(error) => error,
            };
            results.push((group, error));
        }
        let response = as_response(DeleteGroupsResponse { groups: results });
        match written_to {
            Some(partition) => self.answer_after_writes(partition, id, response, turn),
            None => turn.out.respond(id, response),
        }
    }

    /// # Errors
    /// GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
    fn check_deletion(&self, group: &str) -> Result<(), ErrorCode> {
        match self.group(group).map(|group| group.state) {
            None | Some(GroupState::Dead) => Err(ErrorCode::GroupIdNotFound),
            Some(GroupState::Empty) => Ok(()),
            Some(_) => Err(ErrorCode::NonEmptyGroup),
        }
    }

    /// Takes offsets of a group away; one that is not there is no error.
    pub(super) fn delete_offsets(
        &mut self,
        request: OffsetDeleteRequest,
        id: RequestId,
        image: &MetadataImage,
        turn: &mut Turn<'_>,
    ) {
        let group = request.group_id;
        let place =
            self.place(&group, image).and_then(|partition| self.check_offset_deletion(&group).map(|()| partition));
        let partition = match place {
            Ok(partition) => partition,
            Err(error) => {
                turn.out.respond(id, OffsetDeleteResponse { error, partitions: Vec::new() });
                return;
            }
        };
        let check = |of: &TopicPartition| match self.group(&group) {
            _ if image.partition(&of.topic, of.partition).is_none() => ErrorCode::UnknownTopicOrPartition,
            Some(group) if group.is_subscribed_to(&of.topic) => ErrorCode::GroupSubscribedToTopic,
            _ => ErrorCode::None,
        };
        let partitions: Vec<(TopicPartition, ErrorCode)> =
            request.partitions.into_iter().map(|of| (of.clone(), check(&of))).collect();
        let is_there = |of: &TopicPartition| self.offsets.get(&group, of).is_some();
        let gone: Vec<TopicPartition> =
            partitions.iter().filter(|(of, error)| error.is_none() && is_there(of)).map(|(of, _)| of.clone()).collect();
        let response = as_response(OffsetDeleteResponse { error: ErrorCode::None, partitions });
        if gone.is_empty() {
            turn.out.respond(id, response);
            return;
        }
        let tombstones: Vec<_> = gone.iter().map(|of| records::offset_commit(&group, of, None)).collect();
        let offsets = gone.into_iter().map(|of| (group.clone(), of)).collect();
        self.write(partition, &tombstones, Meaning::Removal { offsets, groups: Vec::new() }, turn);
        self.answer_after_writes(partition, id, response, turn);
    }

    /// Of a group with members only consumers say which topics they do not use.
    ///
    /// # Errors
    /// GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP.
    fn check_offset_deletion(&self, group: &str) -> Result<(), ErrorCode> {
        match self.group(group) {
            None => Err(ErrorCode::GroupIdNotFound),
            Some(group) => match group.state {
                GroupState::Dead => Err(ErrorCode::GroupIdNotFound),
                GroupState::Empty => Ok(()),
                _ if group.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL) => Ok(()),
                _ => Err(ErrorCode::NonEmptyGroup),
            },
        }
    }
}

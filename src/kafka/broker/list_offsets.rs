//! ListOffsets and OffsetForLeaderEpoch (`Partition.fetchOffsetForTimestamp`, `Partition.lastOffsetForLeaderEpoch`).

use super::context::Context;
use super::partition::Partition;
use super::replica_manager::ReplicaManager;
use crate::kafka::ids::{LeaderEpoch, Offset, TopicPartition};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::fetch::Fetcher;
use crate::kafka::protocol::list_offsets::{
    EpochEndOffset, ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartition, OffsetSpec,
};

/// Timestamp, offset and leader epoch that were found.
struct Found {
    timestamp: i64,
    offset: Offset,
    leader_epoch: Option<LeaderEpoch>,
}

const NOTHING: Found = Found { timestamp: -1, offset: -1, leader_epoch: None };

impl ReplicaManager {
    fn by_name(&self, partition: &TopicPartition, image: &MetadataImage) -> Result<&Partition, ErrorCode> {
        let id = ReplicaManager::id_of(partition, image).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        self.hosted(id, image)
    }

    pub(super) fn list_offsets(&self, request: &ListOffsetsRequest, cx: &Context<'_>) -> ListOffsetsResponse {
        let partitions = request
            .partitions
            .iter()
            .enumerate()
            .filter(|(place, asked)| !is_named_in(&request.partitions[..*place], asked))
            .map(|(place, asked)| {
                let found = if is_named_in(&request.partitions[place + 1..], asked) {
                    Err(ErrorCode::InvalidRequest)
                } else if asked.spec == OffsetSpec::Unsupported {
                    Err(ErrorCode::UnsupportedVersion)
                } else {
                    self.by_name(&asked.topic_partition, cx.image)
                        .and_then(|partition| partition.find_offset(asked, request.fetcher))
                };
                let (error, found) = match found {
                    Ok(found) => (ErrorCode::None, found),
                    Err(error) => (error, NOTHING),
                };
                ListOffsetsPartitionResponse {
                    topic_partition: asked.topic_partition.clone(),
                    error,
                    timestamp: found.timestamp,
                    offset: found.offset,
                    leader_epoch: found.leader_epoch,
                }
            })
            .collect();
        ListOffsetsResponse { partitions }
    }

    pub(super) fn offset_for_leader_epoch(
        &self,
        request: &OffsetForLeaderEpochRequest,
        cx: &Context<'_>,
    ) -> OffsetForLeaderEpochResponse {
        let partitions = request
            .partitions
            .iter()
            .map(|asked| {
                let found =
                    self.by_name(&asked.topic_partition, cx.image).and_then(|partition| partition.end_of_epoch(asked));
                let (error, (leader_epoch, end_offset)) = match found {
                    Ok(found) => (ErrorCode::None, found),
                    Err(error) => (error, (LeaderEpoch(-1), -1)),
                };
                EpochEndOffset { topic_partition: asked.topic_partition.clone(), error, leader_epoch, end_offset }
            })
            .collect();
        OffsetForLeaderEpochResponse { partitions }
    }
}

/// A partition that is asked for twice is answered once, and refused (`ListOffsetsRequest.duplicatePartitions`).
fn is_named_in(others: &[ListOffsetsPartition], asked: &ListOffsetsPartition) -> bool {
    others.iter().any(|other| other.topic_partition == asked.topic_partition)
}

impl Partition {
    fn find_offset(&self, asked: &ListOffsetsPartition, fetcher: Fetcher) -> Result<Found, ErrorCode> {
        self.check_epoch(asked.current_leader_epoch, fetcher != Fetcher::Debugging)?;
        let is_consumer = fetcher == Fetcher::Consumer;
        let last_fetchable = if is_consumer { self.high_watermark() } else { self.log_end_offset() };
        // A new leader whose high watermark has not reached its epoch would answer with an offset that seems to go
        // back (KIP-207).
        let lags_behind =
            is_consumer && self.leader_epoch_start_offset.is_some_and(|start| start > self.high_watermark());
        let found = match asked.spec {
            OffsetSpec::Latest if lags_behind => return Err(ErrorCode::OffsetNotAvailable),
            OffsetSpec::Latest => {
                return Ok(Found { timestamp: -1, offset: last_fetchable, leader_epoch: Some(self.leader_epoch) });
            }
            OffsetSpec::Earliest | OffsetSpec::EarliestLocal => {
                let start = self.log.log_start_offset();
                let entry = self.log.leader_epoch_cache().earliest_entry();
                let epoch = entry.filter(|entry| entry.start_offset <= start).map(|entry| entry.epoch);
                return Ok(Found { timestamp: -1, offset: start, leader_epoch: epoch });
            }
            OffsetSpec::LatestTiered | OffsetSpec::EarliestPendingUpload => return Ok(NOTHING),
            OffsetSpec::Unsupported => return Err(ErrorCode::UnsupportedVersion),
            OffsetSpec::MaxTimestamp => self.log.offset_of_max_timestamp(),
            OffsetSpec::Timestamp(timestamp) => self.log.offset_for_time(timestamp),
        };
        match found.filter(|found| found.offset < last_fetchable) {
            Some(found) => {
                Ok(Found { timestamp: found.timestamp, offset: found.offset, leader_epoch: Some(found.leader_epoch) })
            }
            None if lags_behind => Err(ErrorCode::OffsetNotAvailable),
            None => Ok(NOTHING),
        }
    }

    fn end_of_epoch(&self, asked: &OffsetForLeaderPartition) -> Result<(LeaderEpoch, Offset), ErrorCode> {
        self.check_epoch(asked.current_leader_epoch, true)?;
        let end = self.log.end_offset_for_epoch(asked.leader_epoch);
        Ok(end.map_or((LeaderEpoch(-1), -1), |end| (end.epoch, end.offset)))
    }
}

//! Facts that nodes write down as they happen. Notes change nothing: they are what sentences, pictures, goals and
//! guarantees are made from.

use serde::{Deserialize, Serialize};

use super::ids::{
    BrokerEpoch, BrokerId, ClientId, ControllerId, LeaderEpoch, NodeId, Offset, ProducerEpoch, ProducerId,
    TopicPartition,
};
use super::protocol::ErrorCode;
use super::protocol::admin::ConfigResource;
use super::protocol::quorum::QuorumEpoch;
pub use super::sends::{SendId, Sends};

/// How a record got its partition (behaviour of KafkaProducer.partition and BuiltInPartitioner).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartitionChoice {
    /// The record named it.
    Given,
    /// murmur2 of the key.
    Key { murmur2: i32, partitions: i32 },
    /// Many records, each by its own key (see [`Note::RecordsBuffered`]).
    Keys { partitions: i32 },
    /// No key: the partition that keyless records stick to at present.
    Sticky,
}

/// What an application knows after a failed send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SendOutcome {
    /// The broker refused it before it was in any log, or it was never sent.
    NotWritten,
    /// It may be in the log or not.
    InDoubt,
}

/// What a blocked `send()` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SendBlock {
    /// The topic, or the partition that the record names, is not known.
    Metadata,
    /// `buffer.memory` is used up.
    Memory,
}

/// What an application's callback is told when a send has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SendError {
    /// An error code, from a broker or found by the producer itself (MESSAGE_TOO_LARGE: RecordTooLargeException).
    Code(ErrorCode),
    /// TimeoutException: `max.block.ms` or `delivery.timeout.ms` is over.
    Timeout,
    /// KafkaException: another record of the same batch was invalid.
    NeighbourInvalid,
    /// IllegalStateException: the producer was closed before.
    Closed,
    /// IllegalArgumentException: a partition below 0.
    InvalidArgument,
    /// TimeoutException: `max.block.ms` is over, and the last metadata had this error for the topic.
    NoMetadata(ErrorCode),
}

impl SendError {
    /// Kafka's name of the error code, or of the exception where there is no code of its own.
    pub const fn name(self) -> &'static str {
        match self {
            SendError::Code(ErrorCode::RequestTimedOut) | SendError::Timeout | SendError::NoMetadata(_) => {
                "TimeoutException"
            }
            SendError::Code(error) => error.name(),
            SendError::NeighbourInvalid => "KafkaException",
            SendError::Closed => "IllegalStateException",
            SendError::InvalidArgument => "IllegalArgumentException",
        }
    }

    /// What the exception has as its cause, where a broker has told one.
    pub const fn cause(self) -> Option<ErrorCode> {
        match self {
            SendError::NoMetadata(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a consumer stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PositionReason {
    Committed,
    /// `auto.offset.reset=earliest`.
    ResetToEarliest,
    /// `auto.offset.reset=latest`.
    ResetToLatest,
    /// `auto.offset.reset=by_duration`.
    ResetByDuration,
    Seek,
    /// The log was truncated below the position (KIP-320).
    Truncated,
}

/// Why a member is no longer in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MemberRemoval {
    Left,
    /// No heartbeat for `session.timeout.ms`.
    SessionExpired,
    /// Did not rejoin within the rebalance timeout.
    RebalanceTimeout,
    /// Another process took its `group.instance.id`.
    Fenced,
}

/// States of a classic group (ClassicGroupState).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GroupState {
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
    Dead,
}

impl GroupState {
    /// Kafka's name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
            GroupState::Dead => "Dead",
        }
    }
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Note {
    // ---- the log of a replica
    /// A batch is in a replica's log now (in memory: nothing is flushed by default).
    RecordsAppended {
        broker: BrokerId,
        partition: TopicPartition,
        base_offset: Offset,
        last_offset: Offset,
        leader_epoch: LeaderEpoch,
        as_leader: bool,
        size_bytes: u32,
    },
    /// The leader already has this batch of an idempotent producer and appends nothing.
    DuplicateBatch {
        broker: BrokerId,
        partition: TopicPartition,
        base_offset: Offset,
        producer_id: ProducerId,
    },
    /// The leader refused a batch.
    BatchRefused {
        broker: BrokerId,
        partition: TopicPartition,
        error: ErrorCode,
    },
    HighWatermarkAdvanced {
        broker: BrokerId,
        partition: TopicPartition,
        from: Offset,
        to: Offset,
        is_leader: bool,
    },
    LogTruncated {
        broker: BrokerId,
        partition: TopicPartition,
        from: Offset,
        to: Offset,
    },
    LogStartMoved {
        broker: BrokerId,
        partition: TopicPartition,
        to: Offset,
    },
    /// A replica was compacted: its log was read from the beginning up to `to`, of which the part from `from` on was
    /// dirty.
    LogCleaned {
        broker: BrokerId,
        partition: TopicPartition,
        from: Offset,
        to: Offset,
        records_before: u32,
        records_removed: u32,
        /// Of the ones removed, tombstones that had been kept for `delete.retention.ms`.
        tombstones_removed: u32,
        bytes_removed: i64,
    },
    /// The machine lost its power, and this end of the log was only in its page cache. It reaches to `to` now.
    UnflushedLost {
        broker: BrokerId,
        partition: TopicPartition,
        from: Offset,
        to: Offset,
    },
    /// From a follower's fetch the leader has learnt how far the follower's log reaches.
    FollowerProgress {
        leader: BrokerId,
        partition: TopicPartition,
        follower: BrokerId,
        log_end_offset: Offset,
    },
    /// acks=all: the request waits in the purgatory until the high watermark passes `last_offset`.
    ProduceWaits {
        broker: BrokerId,
        partition: TopicPartition,
        last_offset: Offset,
    },
    /// The leader answers a producer (acks 1 or all) for the records up to `last_offset`.
    ProduceAnswered {
        broker: BrokerId,
        partition: TopicPartition,
        last_offset: Offset,
        error: ErrorCode,
    },

    // ---- roles
    BecameLeader {
        broker: BrokerId,
        partition: TopicPartition,
        leader_epoch: LeaderEpoch,
        log_end_offset: Offset,
    },
    BecameFollower {
        broker: BrokerId,
        partition: TopicPartition,
        leader: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
    },
    IsrShrinkAsked {
        leader: BrokerId,
        partition: TopicPartition,
        isr: Vec<BrokerId>,
    },
    IsrExpandAsked {
        leader: BrokerId,
        partition: TopicPartition,
        isr: Vec<BrokerId>,
    },

    // ---- controllers and metadata
    QuorumLeaderElected {
        controller: ControllerId,
        epoch: QuorumEpoch,
    },
    /// The active controller has decided, and the metadata log holds it.
    LeaderElected {
        partition: TopicPartition,
        leader: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
        isr: Vec<BrokerId>,
        /// Whether the new leader may lack committed records.
        unclean: bool,
    },
    IsrChanged {
        partition: TopicPartition,
        isr: Vec<BrokerId>,
        eligible_leader_replicas: Vec<BrokerId>,
    },
    /// A reassignment begins, goes on or ends (KIP-455). `adding` and `removing` are empty at its end.
    ReplicasChanged {
        partition: TopicPartition,
        replicas: Vec<BrokerId>,
        adding: Vec<BrokerId>,
        removing: Vec<BrokerId>,
    },
    /// A setting of a topic, of a broker or of all brokers; None: it is the default again.
    SettingChanged {
        resource: ConfigResource,
        name: String,
        value: Option<String>,
    },
    /// Not at formatting, but in a running cluster.
    FeatureLevelChanged {
        name: String,
        level: i16,
    },
    BrokerUnregistered {
        broker: BrokerId,
    },
    BrokerRegistered {
        broker: BrokerId,
        broker_epoch: BrokerEpoch,
    },
    BrokerFenced {
        broker: BrokerId,
    },
    BrokerUnfenced {
        broker: BrokerId,
    },
    /// A write has failed: the broker's only log directory is offline, and the process is about to halt.
    LogDirFailed {
        broker: BrokerId,
    },
    /// A controller cannot write to its metadata log, and halts.
    MetadataLogFailed {
        controller: ControllerId,
    },
    TopicCreated {
        topic: String,
        partitions: i32,
    },
    TopicDeleted {
        topic: String,
    },
    /// A broker (or standby controller) has replayed the metadata log up to before `next_offset`.
    MetadataReplayed {
        node: NodeId,
        next_offset: Offset,
    },
    /// A client has learnt where the leaders are.
    MetadataUpdated {
        client: ClientId,
    },

    // ---- producer
    ProducerIdObtained {
        client: ClientId,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
    },
    /// An idempotent producer has raised its epoch by itself: a batch was lost for good, and sequences begin at 0
    /// again (KIP-360).
    ProducerEpochBumped {
        client: ClientId,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
    },
    /// Records are serialised and in the accumulator's batch of their partition. One note for each record; of a call
    /// with more than 64 records one note for each partition.
    RecordsBuffered {
        client: ClientId,
        sends: Sends,
        partition: TopicPartition,
        choice: PartitionChoice,
    },
    /// send() blocks from here on: metadata is missing, or `buffer.memory` is used up. Told of the first send that
    /// waits.
    SendBlocked {
        client: ClientId,
        send: SendId,
        reason: SendBlock,
    },
    /// Keyless records of this topic go to another partition from now on.
    StickyPartitionChosen {
        client: ClientId,
        partition: TopicPartition,
    },
    /// A batch goes out, the `attempt`-th time (first: 1).
    BatchSent {
        client: ClientId,
        partition: TopicPartition,
        to: BrokerId,
        sends: Sends,
        attempt: u32,
        /// Size of the encoded batch.
        size_bytes: u32,
        /// Sequence number of the first record; -1 without idempotence.
        base_sequence: i32,
    },
    /// The batch will be sent again after `backoff_ms`.
    BatchRetry {
        client: ClientId,
        partition: TopicPartition,
        sends: Sends,
        error: ErrorCode,
        /// Attempts made so far.
        attempt: u32,
        backoff_ms: u32,
    },
    /// MESSAGE_TOO_LARGE: the batch's records are put into smaller ones and sent again at once.
    BatchSplit {
        client: ClientId,
        partition: TopicPartition,
        sends: Sends,
        batches: u32,
    },
    /// The application's callbacks: success. The n-th send got `base_offset` + n; with acks=0 the offset is -1.
    RecordsAcknowledged {
        client: ClientId,
        sends: Sends,
        partition: TopicPartition,
        base_offset: Offset,
    },
    /// The application's callbacks: failure. `partition` None: none was chosen yet.
    RecordsFailed {
        client: ClientId,
        sends: Sends,
        partition: Option<TopicPartition>,
        error: SendError,
        outcome: SendOutcome,
    },

    // ---- consumer
    CoordinatorFound {
        client: ClientId,
        group: String,
        coordinator: BrokerId,
    },
    PartitionsAssigned {
        client: ClientId,
        group: String,
        generation: i32,
        partitions: Vec<TopicPartition>,
    },
    PartitionsRevoked {
        client: ClientId,
        group: String,
        partitions: Vec<TopicPartition>,
    },
    /// Revoked without a chance to commit.
    PartitionsLost {
        client: ClientId,
        group: String,
        partitions: Vec<TopicPartition>,
    },
    PositionSet {
        client: ClientId,
        partition: TopicPartition,
        offset: Offset,
        reason: PositionReason,
    },
    /// Records are in the consumer's buffer.
    RecordsFetched {
        client: ClientId,
        partition: TopicPartition,
        first_offset: Offset,
        last_offset: Offset,
    },
    /// `poll()` has handed these to the application.
    RecordsPolled {
        client: ClientId,
        partition: TopicPartition,
        first_offset: Offset,
        last_offset: Offset,
        count: u32,
    },
    ProcessingStarted {
        client: ClientId,
        partition: TopicPartition,
        offset: Offset,
    },
    RecordProcessed {
        client: ClientId,
        partition: TopicPartition,
        offset: Offset,
    },
    CommitSent {
        client: ClientId,
        partition: TopicPartition,
        offset: Offset,
    },
    OffsetCommitted {
        client: ClientId,
        partition: TopicPartition,
        offset: Offset,
    },
    CommitFailed {
        client: ClientId,
        error: ErrorCode,
    },

    // ---- group coordinator
    GroupStateChanged {
        broker: BrokerId,
        group: String,
        from: GroupState,
        to: GroupState,
        generation: i32,
    },
    MemberJoined {
        broker: BrokerId,
        group: String,
        member_id: String,
    },
    MemberRemoved {
        broker: BrokerId,
        group: String,
        member_id: String,
        reason: MemberRemoval,
    },
    /// A commit is in `__consumer_offsets` and counts.
    GroupOffsetStored {
        broker: BrokerId,
        group: String,
        partition: TopicPartition,
        offset: Offset,
    },
}

impl Note {
    /// The replica whose log, or whose part in the partition, the fact is about, if it is about one.
    pub fn replica(&self) -> Option<(BrokerId, &TopicPartition)> {
        match self {
            Note::RecordsAppended { broker, partition, .. }
            | Note::DuplicateBatch { broker, partition, .. }
            | Note::BatchRefused { broker, partition, .. }
            | Note::HighWatermarkAdvanced { broker, partition, .. }
            | Note::LogTruncated { broker, partition, .. }
            | Note::UnflushedLost { broker, partition, .. }
            | Note::LogStartMoved { broker, partition, .. }
            | Note::LogCleaned { broker, partition, .. }
            | Note::BecameLeader { broker, partition, .. }
            | Note::BecameFollower { broker, partition, .. } => Some((*broker, partition)),
            _ => None,
        }
    }
}

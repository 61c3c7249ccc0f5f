//! The records of `__consumer_offsets` as bytes: OffsetCommitKey 1 with OffsetCommitValue 4, GroupMetadataKey 2 with
//! GroupMetadataValue 3; a key without value is a tombstone (`GroupCoordinatorRecordHelpers`).
//!
//! Keys of other kinds of groups are told apart by their first two bytes and passed over when a log is loaded.

use std::fmt;

use super::classic_group::ClassicGroup;
use super::consumer_protocol::{decode_assignment, decode_subscription, encode_assignment, encode_subscription};
use super::member::Member;
use super::offset_store::StoredOffset;
use crate::kafka::ids::{LeaderEpoch, TopicId, TopicPartition};
use crate::kafka::note::GroupState;
use crate::kafka::protocol::group::Assignment;
use crate::kafka::record::batch::{ProducerSequence, RecordBatch};
use crate::kafka::record::builder::RecordBatchBuilder;
use crate::kafka::record::record::Record;

const OFFSET_COMMIT_KEY: i16 = 1;
const GROUP_METADATA_KEY: i16 = 2;
const OFFSET_COMMIT_VALUE_VERSION: i16 = 4;
const GROUP_METADATA_VALUE_VERSION: i16 = 3;
/// The address that members seem to come from: the model has no addresses.
const CLIENT_HOST: &str = "/127.0.0.1";

/// A key with its value; None: a tombstone.
pub type KeyValue = (Vec<u8>, Option<Vec<u8>>);

/// What a record of the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoordinatorRecord {
    Offset {
        group: String,
        partition: TopicPartition,
        value: Option<StoredOffset>,
    },
    Group {
        group: String,
        value: Option<GroupMetadata>,
    },
    /// Of a kind of group that is not built.
    Other,
}

/// GroupMetadataValue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadata {
    pub protocol_type: String,
    pub generation: i32,
    pub protocol: Option<String>,
    pub leader: Option<String>,
    pub state_timestamp_ms: i64,
    pub members: Vec<Member>,
}

/// A key or value that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordDecodeError {
    /// The bytes end before position `at` plus what should follow.
    Truncated {
        at: u32,
    },
    NotUtf8 {
        at: u32,
    },
}

impl fmt::Display for RecordDecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordDecodeError::Truncated { at } => write!(f, "the bytes end after position {at}"),
            RecordDecodeError::NotUtf8 { at } => write!(f, "the text at position {at} is not UTF-8"),
        }
    }
}

/// A commit, or its tombstone.
pub fn offset_commit(group: &str, partition: &TopicPartition, value: Option<&StoredOffset>) -> KeyValue {
    let mut key = OFFSET_COMMIT_KEY.to_be_bytes().to_vec();
    put_string(&mut key, group);
    put_string(&mut key, &partition.topic);
    key.extend_from_slice(&partition.partition.to_be_bytes());
    (key, value.map(encode_offset))
}

fn encode_offset(value: &StoredOffset) -> Vec<u8> {
    let mut out = OFFSET_COMMIT_VALUE_VERSION.to_be_bytes().to_vec();
    out.extend_from_slice(&value.offset.to_be_bytes());
    out.extend_from_slice(&value.leader_epoch.map_or(-1, |epoch| epoch.0).to_be_bytes());
    put_unsigned_varint(&mut out, value.metadata.len() as u32 + 1);
    out.extend_from_slice(value.metadata.as_bytes());
    out.extend_from_slice(&value.commit_timestamp_ms.to_be_bytes());
    match value.topic_id {
        Some(id) => {
            out.extend_from_slice(&[1, 0, 16]); // one tagged field: tag 0 of 16 bytes
            out.extend_from_slice(&id.0.to_be_bytes());
        }
        None => out.push(0),
    }
    out
}

/// A group as it is, with the assignment that becomes valid by this record.
pub fn group_metadata(group: &ClassicGroup, assignment: impl Fn(&Member) -> Option<Assignment>) -> KeyValue {
    let mut value = GROUP_METADATA_VALUE_VERSION.to_be_bytes().to_vec();
    put_string(&mut value, group.protocol_type.as_deref().unwrap_or(""));
    value.extend_from_slice(&group.generation.to_be_bytes());
    put_nullable_string(&mut value, group.protocol_name.as_deref());
    put_nullable_string(&mut value, group.leader.as_deref());
    value.extend_from_slice(&group.state_timestamp_ms.to_be_bytes());
    value.extend_from_slice(&(group.members.len() as i32).to_be_bytes());
    for member in group.members.values() {
        put_string(&mut value, &member.member_id);
        put_nullable_string(&mut value, member.group_instance_id.as_deref());
        put_string(&mut value, &member.client_id);
        put_string(&mut value, CLIENT_HOST);
        value.extend_from_slice(&(member.rebalance_timeout_ms as i32).to_be_bytes());
        value.extend_from_slice(&(member.session_timeout_ms as i32).to_be_bytes());
        let subscription = group.protocol_name.as_deref().and_then(|protocol| member.subscription(protocol));
        put_bytes(&mut value, &subscription.map(encode_subscription).unwrap_or_default());
        put_bytes(&mut value, &assignment(member).as_ref().map(encode_assignment).unwrap_or_default());
    }
    (group_key(&group.group_id), Some(value))
}

/// The group is gone.
pub fn group_tombstone(group: &str) -> KeyValue {
    (group_key(group), None)
}

fn group_key(group: &str) -> Vec<u8> {
    let mut key = GROUP_METADATA_KEY.to_be_bytes().to_vec();
    put_string(&mut key, group);
    key
}

/// The batch of one write.
pub fn batch(records: &[KeyValue], now_ms: i64) -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(0);
    for (key, value) in records {
        builder.append(now_ms, Some(key), value.as_deref(), &[]);
    }
    builder.finish(ProducerSequence::NONE)
}

/// Reads a record of the log.
///
/// # Errors
/// Key or value end too early, or a text is not UTF-8.
pub fn decode(record: &Record) -> Result<CoordinatorRecord, RecordDecodeError> {
    let mut key = Decoder::new(record.key.as_deref().unwrap_or_default());
    let value = record.value.as_deref();
    match key.i16()? {
        0 | OFFSET_COMMIT_KEY => {
            let group = key.string()?;
            let topic = key.string()?;
            let partition = TopicPartition::new(topic, key.i32()?);
            Ok(CoordinatorRecord::Offset { group, partition, value: value.map(decode_offset).transpose()? })
        }
        GROUP_METADATA_KEY => {
            Ok(CoordinatorRecord::Group { group: key.string()?, value: value.map(decode_group).transpose()? })
        }
        _ => Ok(CoordinatorRecord::Other),
    }
}

fn decode_offset(bytes: &[u8]) -> Result<StoredOffset, RecordDecodeError> {
    let mut value = Decoder::new(bytes);
    let version = value.i16()?;
    let offset = value.i64()?;
    let leader_epoch = if version >= 3 { Some(value.i32()?).filter(|epoch| *epoch >= 0) } else { None };
    let metadata = if version >= 4 { value.compact_string()? } else { value.string()? };
    let commit_timestamp_ms = value.i64()?;
    let mut topic_id = None;
    if version >= 4 {
        for _ in 0..value.unsigned_varint()? {
            let tag = value.unsigned_varint()?;
            let size = value.unsigned_varint()?;
            let field = value.take(size)?;
            if let (0, Ok(id)) = (tag, <[u8; 16]>::try_from(field)) {
                topic_id = Some(TopicId(u128::from_be_bytes(id)));
            }
        }
    }
    Ok(StoredOffset { offset, leader_epoch: leader_epoch.map(LeaderEpoch), metadata, commit_timestamp_ms, topic_id })
}

fn decode_group(bytes: &[u8]) -> Result<GroupMetadata, RecordDecodeError> {
    let mut value = Decoder::new(bytes);
    let version = value.i16()?;
    let protocol_type = value.string()?;
    let generation = value.i32()?;
    let protocol = value.nullable_string()?;
    let leader = value.nullable_string()?;
    let state_timestamp_ms = if version >= 2 { value.i64()? } else { -1 };
    let mut members = Vec::new();
    for _ in 0..value.i32()? {
        let member_id = value.string()?;
        let group_instance_id = if version >= 3 { value.nullable_string()? } else { None };
        let client_id = value.string()?;
        value.string()?; // client host
        let rebalance_timeout_ms = if version >= 1 { Some(value.i32()?) } else { None };
        let session_timeout_ms = value.i32()?;
        let subscription = decode_subscription(value.nullable_bytes()?.unwrap_or_default())?;
        let assignment = value.nullable_bytes()?.unwrap_or_default();
        members.push(Member {
            member_id,
            group_instance_id,
            client_id,
            rebalance_timeout_ms: rebalance_timeout_ms.unwrap_or(session_timeout_ms).max(0) as u32,
            session_timeout_ms: session_timeout_ms.max(0) as u32,
            protocols: vec![(protocol.clone().unwrap_or_default(), subscription)],
            assignment: if assignment.is_empty() { None } else { Some(decode_assignment(assignment)?) },
            awaiting_join: None,
            awaiting_sync: None,
            is_new: false,
        });
    }
    Ok(GroupMetadata { protocol_type, generation, protocol, leader, state_timestamp_ms, members })
}

impl GroupMetadata {
    /// The group as it was when the record was written: stable if it had members.
    pub fn into_group(self, group_id: &str, partition: i32) -> ClassicGroup {
        let mut group = ClassicGroup::new(group_id, partition, self.state_timestamp_ms);
        group.generation = self.generation;
        group.persisted = true;
        if !self.members.is_empty() {
            group.state = GroupState::Stable;
        }
        for member in self.members {
            group.add(member, &self.protocol_type);
        }
        group.protocol_type = Some(self.protocol_type).filter(|name| !name.is_empty());
        group.protocol_name = self.protocol;
        group.leader = self.leader;
        group.compute_subscribed_topics();
        group
    }
}

/// Appends a text of at most 32767 bytes with its length.
pub(super) fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as i16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn put_nullable_string(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.extend_from_slice(&(-1_i16).to_be_bytes()),
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn put_unsigned_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads the primitive types of Kafka's messages, forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    position: u32,
}

impl<'a> Decoder<'a> {
    pub fn new(bytes: &'a [u8]) -> Decoder<'a> {
        Decoder { bytes, position: 0 }
    }

    pub fn take(&mut self, count: u32) -> Result<&'a [u8], RecordDecodeError> {
        let start = self.position as usize;
        let part = self.bytes.get(start..).and_then(|rest| rest.get(..count as usize));
        let part = part.ok_or(RecordDecodeError::Truncated { at: self.position })?;
        self.position += count;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordDecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u32)?);
        Ok(array)
    }

    pub fn i16(&mut self) -> Result<i16, RecordDecodeError> {
        self.array().map(i16::from_be_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, RecordDecodeError> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, RecordDecodeError> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn unsigned_varint(&mut self) -> Result<u32, RecordDecodeError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordDecodeError::Truncated { at: self.position })
    }

    fn text(&mut self, length: u32) -> Result<String, RecordDecodeError> {
        let at = self.position;
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| RecordDecodeError::NotUtf8 { at })
    }

    /// A null counts as the empty text.
    pub fn string(&mut self) -> Result<String, RecordDecodeError> {
        self.nullable_string().map(Option::unwrap_or_default)
    }

    pub fn nullable_string(&mut self) -> Result<Option<String>, RecordDecodeError> {
        match self.i16()? {
            length if length < 0 => Ok(None),
            length => self.text(length as u32).map(Some),
        }
    }

    fn compact_string(&mut self) -> Result<String, RecordDecodeError> {
        let length = self.unsigned_varint()?;
        self.text(length.saturating_sub(1))
    }

    pub fn nullable_bytes(&mut self) -> Result<Option<&'a [u8]>, RecordDecodeError> {
        match self.i32()? {
            length if length < 0 => Ok(None),
            length => self.take(length as u32).map(Some),
        }
    }
}

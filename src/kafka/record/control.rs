//! Control records: the markers that end a transaction (KIP-98, `EndTransactionMarker`, `ControlRecordType`).
//!
//! Key: version i16 (0), type i16. Value of a marker: version i16 (0), coordinator epoch i32.

use super::batch::{ProducerSequence, RecordBatch};
use super::builder::RecordBatchBuilder;
use super::error::RecordError;
use super::record::RecordView;
use super::sequence::NO_SEQUENCE;
use crate::kafka::ids::{ProducerEpoch, ProducerId};

/// What a control record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControlType {
    /// The transaction is void.
    Abort,
    /// The transaction counts.
    Commit,
    /// A type that a partition of a topic does not hold (those of the metadata log), by its number.
    Other(i16),
}

impl ControlType {
    pub const fn id(self) -> i16 {
        match self {
            ControlType::Abort => 0,
            ControlType::Commit => 1,
            ControlType::Other(id) => id,
        }
    }

    const fn of_id(id: i16) -> ControlType {
        match id {
            0 => ControlType::Abort,
            1 => ControlType::Commit,
            id => ControlType::Other(id),
        }
    }

    /// The type in a control record's key.
    ///
    /// # Errors
    /// [`RecordError::MalformedControlRecord`].
    pub fn of_key(key: Option<&[u8]>) -> Result<ControlType, RecordError> {
        match key {
            Some([v0, v1, t0, t1, ..]) if i16::from_be_bytes([*v0, *v1]) >= 0 => {
                Ok(ControlType::of_id(i16::from_be_bytes([*t0, *t1])))
            }
            _ => Err(RecordError::MalformedControlRecord { what: "key" }),
        }
    }
}

/// The marker that ends a transaction in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EndTransactionMarker {
    pub control_type: ControlType,
    /// Leader epoch of the transaction coordinator that wrote the marker.
    pub coordinator_epoch: i32,
}

impl EndTransactionMarker {
    /// Reads a marker from its record.
    ///
    /// # Errors
    /// [`RecordError::MalformedControlRecord`], also for a control record that is no marker.
    pub fn read(record: RecordView<'_>) -> Result<EndTransactionMarker, RecordError> {
        let control_type = ControlType::of_key(record.key)?;
        if let ControlType::Other(_) = control_type {
            return Err(RecordError::MalformedControlRecord { what: "key: not a transaction marker" });
        }
        match record.value {
            Some([v0, v1, e0, e1, e2, e3, ..]) if i16::from_be_bytes([*v0, *v1]) >= 0 => {
                Ok(EndTransactionMarker { control_type, coordinator_epoch: i32::from_be_bytes([*e0, *e1, *e2, *e3]) })
            }
            _ => Err(RecordError::MalformedControlRecord { what: "value" }),
        }
    }

    /// The control batch that holds just this marker. `timestamp_ms` is the coordinator's clock.
    pub fn to_batch(self, producer_id: ProducerId, producer_epoch: ProducerEpoch, timestamp_ms: i64) -> RecordBatch {
        let mut key = [0; 4];
        key[2..].copy_from_slice(&self.control_type.id().to_be_bytes());
        let mut value = [0; 6];
        value[2..].copy_from_slice(&self.coordinator_epoch.to_be_bytes());
        let mut builder = RecordBatchBuilder::new(128);
        builder.append(timestamp_ms, Some(&key), Some(&value), &[]);
        let producer =
            ProducerSequence { producer_id, producer_epoch, base_sequence: NO_SEQUENCE, is_transactional: true };
        builder.finish_control(producer)
    }
}

//! Record batches, magic 2, as real bytes: what producers build, brokers store and consumers read.
//!
//! One noun a file:
//! - [`header`]: where each field of the 61-byte batch header lies;
//! - [`batch`]: the immutable batch, shared between all replicas;
//! - [`record`]: one record, and how it is read out of a batch;
//! - [`builder`]: how a producer appends records to a batch;
//! - [`control`]: commit and abort markers;
//! - [`codec`]: compression of the records part;
//! - [`rewrite`]: a batch with fewer records;
//! - [`sequence`]: sequence numbers and how they wrap;
//! - [`layout`]: a batch as annotated bytes, to be shown;
//! - [`varint`], [`bytes`], [`error`]: the small parts.
//!
//! Source: `DefaultRecordBatch`, `DefaultRecord`, `MemoryRecordsBuilder`, KIP-98, KIP-82.

pub mod batch;
pub mod builder;
pub mod bytes;
pub mod codec;
pub mod control;
pub mod error;
pub mod header;
pub mod layout;
#[allow(clippy::module_inception)]
pub mod record;
pub mod rewrite;
pub mod sequence;
pub mod varint;

pub use batch::{ProducerSequence, RecordBatch, TimestampType};
pub use builder::RecordBatchBuilder;
pub use bytes::Bytes;
pub use codec::{Compression, Compressor};
pub use control::{ControlType, EndTransactionMarker};
pub use error::RecordError;
pub use record::{Record, RecordHeader, RecordView};

#[cfg(test)]
mod tests;

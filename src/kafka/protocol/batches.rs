//! Record batches inside requests, written down (share links, commands) as their own bytes.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kafka::record::RecordBatch;

impl Serialize for RecordBatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_bytes().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RecordBatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RecordBatch, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        let mut batches = RecordBatch::parse(&bytes).map_err(D::Error::custom)?;
        match (batches.pop(), batches.is_empty()) {
            (Some(batch), true) => Ok(batch),
            _ => Err(D::Error::custom("expected the bytes of one record batch")),
        }
    }
}

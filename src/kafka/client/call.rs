//! What an application asks of its client.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::kafka::ids::{NodeId, Offset, TopicName, TopicPartition};
use crate::kafka::protocol::Request;
use crate::kafka::protocol::offsets::OffsetAndMetadata;

/// A record as an application hands it over: already text or bytes, not yet in a batch (ProducerRecord).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProducerRecord {
    pub topic: TopicName,
    /// Wins over the key.
    #[serde(default)]
    pub partition: Option<i32>,
    /// Epoch milliseconds; None: the time of the call.
    #[serde(default)]
    pub timestamp: Option<i64>,
    #[serde(default, with = "super::text_or_bytes::option")]
    pub key: Option<Vec<u8>>,
    #[serde(default, with = "super::text_or_bytes::option")]
    pub value: Option<Vec<u8>>,
    /// Names may repeat; order is kept.
    #[serde(default)]
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProducerCall {
    /// The records get consecutive send numbers in this order.
    Send(Vec<ProducerRecord>),
    /// Sends what is buffered without waiting for `linger.ms`.
    Flush,
    /// Flushes and ends.
    Close,
}

/// Where a position is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeekTo {
    Offset(Offset),
    Beginning,
    End,
    /// First record at or after this time, epoch milliseconds (offsetsForTimes and seek).
    Timestamp(i64),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsumerCall {
    Subscribe(Vec<TopicName>),
    Unsubscribe,
    /// Without group membership.
    Assign(Vec<TopicPartition>),
    /// `poll()` until `records` records were handed over, or `timeout_ms` are over; when the application does not
    /// poll by itself. What was handed over is kept in the consumer's `polled` list.
    Poll {
        max_records: u32,
        timeout_ms: u32,
    },
    /// commitSync (or commitAsync); None: the positions.
    Commit {
        offsets: Option<Vec<(TopicPartition, OffsetAndMetadata)>>,
        asynchronous: bool,
    },
    Seek {
        partition: TopicPartition,
        to: SeekTo,
    },
    Pause(Vec<TopicPartition>),
    Resume(Vec<TopicPartition>),
    /// Leaves the group (committing first if auto commit is on) and ends.
    Close,
    /// The loop `poll, process, commit` of the application starts or stops.
    PollLoop(bool),
}

/// Requests sent by hand, without any client logic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireCall {
    /// `ticket`: under which the answer is kept.
    Send {
        ticket: u32,
        to: NodeId,
        connection: u32,
        /// Made by programs and lessons. A link or a page around cannot give one: what reads every request there is
        /// would be a tenth of the program.
        #[serde(deserialize_with = "not_from_outside")]
        request: Box<Request>,
    },
    Disconnect {
        to: NodeId,
        connection: u32,
    },
}

fn not_from_outside<'de, D: Deserializer<'de>>(_: D) -> Result<Box<Request>, D::Error> {
    Err(D::Error::custom("a single request cannot be sent by a link or from the page around"))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Producer(ProducerCall),
    Consumer(ConsumerCall),
    Wire(WireCall),
}

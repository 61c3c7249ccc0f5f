//! Kafka's API keys (org.apache.kafka.common.protocol.ApiKeys).

use serde::{Deserialize, Serialize};

macro_rules! api_keys {
    ($($variant:ident = $key:literal),* $(,)?) => {
        /// The name and number of a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ApiKey {
            $($variant),*
        }

        impl ApiKey {
            /// The number on the wire.
            pub const fn key(self) -> i16 {
                match self { $(ApiKey::$variant => $key),* }
            }

            /// The name, as in Kafka's documentation.
            pub const fn name(self) -> &'static str {
                match self { $(ApiKey::$variant => stringify!($variant)),* }
            }
        }
    };
}

api_keys! {
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    OffsetCommit = 8,
    OffsetFetch = 9,
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    SyncGroup = 14,
    DescribeGroups = 15,
    ListGroups = 16,
    ApiVersions = 18,
    CreateTopics = 19,
    DeleteTopics = 20,
    DeleteRecords = 21,
    InitProducerId = 22,
    OffsetForLeaderEpoch = 23,
    CreatePartitions = 37,
    DeleteGroups = 42,
    ElectLeaders = 43,
    IncrementalAlterConfigs = 44,
    AlterPartitionReassignments = 45,
    ListPartitionReassignments = 46,
    OffsetDelete = 47,
    Vote = 52,
    BeginQuorumEpoch = 53,
    EndQuorumEpoch = 54,
    AlterPartition = 56,
    UpdateFeatures = 57,
    BrokerRegistration = 62,
    BrokerHeartbeat = 63,
    UnregisterBroker = 64,
    AllocateProducerIds = 67,
}

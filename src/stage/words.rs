//! State in words: the glossary behind the text's terms and the figure's tooltips, and small phrases that tables,
//! inspector and screen reader share.

use super::frame::{FlowState, Life, Role, TimerKind, Transit};
use crate::kafka::broker::BrokerTimer;
use crate::kafka::broker::log_task::LogTask;
use crate::kafka::client::consumer::ConsumerTimer;
use crate::kafka::controller::ControllerTimer;
use crate::kafka::group::timer::GroupTimer;
use crate::kafka::ids::BrokerId;
use crate::kafka::protocol::ApiKey;
use crate::kafka::protocol::produce::Acks;
use crate::kafka::timer::Timer;

macro_rules! concepts {
    ($($variant:ident = $id:literal, $title:literal, $help:literal;)*) => {
        /// An idea of Kafka that the text speaks of and the figure shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Concept {
            $(#[doc = $help] $variant),*
        }

        impl Concept {
            pub const ALL: &'static [Concept] = &[$(Concept::$variant),*];

            /// The word that names it in the course's text, as in `concept:isr`.
            pub const fn id(self) -> &'static str {
                match self { $(Concept::$variant => $id),* }
            }

            pub fn from_id(id: &str) -> Option<Concept> {
                match id { $($id => Some(Concept::$variant),)* _ => None }
            }

            /// Its name, as a heading.
            pub const fn title(self) -> &'static str {
                match self { $(Concept::$variant => $title),* }
            }

            /// One or two sentences for a beginner.
            pub const fn help(self) -> &'static str {
                match self { $(Concept::$variant => $help),* }
            }
        }
    };
}

concepts! {
    Broker = "broker", "Broker", "A server that stores partitions and answers producers and consumers.";
    Controller = "controller", "Controller", "Keeps the cluster's metadata. One of the quorum is active; it elects leaders and decides who is in sync.";
    Quorum = "quorum", "Controller quorum", "The controllers together. A majority must hold each change of metadata before it counts.";
    Topic = "topic", "Topic", "A named stream of records, split into partitions.";
    Partition = "partition", "Partition", "One log of a topic. Order is kept within a partition, not between partitions.";
    Replica = "replica", "Replica", "One broker's copy of a partition.";
    Leader = "leader", "Leader", "The replica that takes all writes of a partition. It wears the crown.";
    Follower = "follower", "Follower", "A replica that copies the leader's log by fetching from it.";
    Log = "log", "Log", "Records in the order they were written. Records are added at the end and never edited.";
    Record = "record", "Record", "One message: a key, a value, a time and headers.";
    Batch = "batch", "Record batch", "Records of one partition that travel and are stored together.";
    Key = "key", "Key", "Decides the partition: the same key always goes to the same one. Colour and shape of a record are its key's.";
    Offset = "offset", "Offset", "A record's number in its partition. It never changes.";
    HighWatermark = "hw", "High watermark (HW)", "Records below it are on every replica in sync. Consumers read only below it.";
    LogEndOffset = "leo", "Log end offset (LEO)", "The offset that the next record of this log will get.";
    LeaderEpoch = "epoch", "Leader epoch", "Counts the leaders of a partition. The strip below a record tells under which leader it was written.";
    Isr = "isr", "In-sync replicas (ISR)", "Replicas that keep up with the leader. acks=all waits for these, not for all.";
    MinIsr = "min-isr", "min.insync.replicas", "With fewer replicas in sync, acks=all is refused and the high watermark stands still.";
    Acks = "acks", "acks", "How many replicas must have a record before the leader answers: none, the leader, or all that are in sync.";
    Ack = "ack", "Acknowledgement", "The leader's answer that the record is written as safely as acks demands.";
    Producer = "producer", "Producer", "A program that sends records.";
    Consumer = "consumer", "Consumer", "A program that reads records, at its own pace.";
    Group = "group", "Consumer group", "Consumers that share a topic's partitions: each partition has one reader in the group.";
    Position = "position", "Position", "The next record that the consumer will read. It lives in the consumer's memory.";
    Committed = "committed", "Committed offset", "Where the group starts again after a crash. It is stored in the cluster.";
    Lag = "lag", "Lag", "Records in the partition that the consumer has not read yet.";
    FetchSession = "fetch-session", "Fetch session", "What a broker remembers of a fetcher: which partitions it wants, from which offsets, and what it was told. A fetch in a session names only what has changed, and its answer tells only what is new.";
    Purgatory = "purgatory", "Purgatory", "Where a broker keeps requests that it cannot answer yet: a produce until replicas have the record, a fetch until there is data.";
    Replication = "replication", "Replication", "Followers copy the leader's log, so that it outlives a broker.";
    Retry = "retry", "Retry", "The producer sends a batch again when it was not answered, or was refused for a reason that passes.";
    Idempotence = "idempotence", "Idempotent producer", "Sequence numbers let the leader see that a batch is a repeat, and append nothing.";
    Fenced = "fenced", "Fenced", "The controller has not heard from the broker. It leads nothing and is in no ISR.";
    Metadata = "metadata", "Metadata", "Who leads which partition. Brokers and clients learn of changes with a delay.";
    PageCache = "page-cache", "Page cache", "Memory of the operating system. Kafka writes there and leaves it to the system when to put it on the disk; safety comes from the replicas.";
}

impl Life {
    pub const fn words(self) -> &'static str {
        match self {
            Life::Running => "running",
            Life::Paused => "paused",
            Life::Down => "down",
        }
    }
}

impl Role {
    pub const fn words(self) -> &'static str {
        match self {
            Role::Leader => "leader",
            Role::Follower => "follower",
            Role::Offline => "no leader",
        }
    }
}

impl Transit {
    pub const fn words(self) -> &'static str {
        match self {
            Transit::Travelling => "on its way",
            Transit::Held => "held",
            Transit::Stalled => "stuck",
            Transit::Waiting => "arrived, not read yet",
        }
    }
}

impl FlowState {
    pub const fn words(self) -> &'static str {
        match self {
            FlowState::Waiting => "not yet",
            FlowState::Now => "now",
            FlowState::Done => "done",
        }
    }
}

impl TimerKind {
    /// The wait's name, with the setting that it obeys.
    pub const fn words(self) -> &'static str {
        match self {
            TimerKind::BrokerSession => "until it is fenced (broker.session.timeout.ms)",
            TimerKind::MemberSession => "until it is removed from the group (session.timeout.ms)",
            TimerKind::Linger => "until the batch goes out (linger.ms)",
            TimerKind::RetryBackoff => "until the batch is sent again (retry.backoff.ms)",
            TimerKind::ReplicaLag => "until it leaves the ISR (replica.lag.time.max.ms)",
            TimerKind::Election => "until it stands for election (controller.quorum.fetch.timeout.ms)",
        }
    }
}

/// `acks` as Kafka writes it.
pub const fn acks(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
        Acks::Invalid(_) => "a number that leaders refuse",
    }
}

/// What a request is for, in one sentence.
pub const fn api_help(api: ApiKey) -> &'static str {
    match api {
        ApiKey::Produce => "A producer hands record batches to a partition's leader.",
        ApiKey::Fetch => "A consumer or a follower asks for records from an offset on.",
        ApiKey::ListOffsets => "A client asks for the first or last offset of a partition, or the one at a time.",
        ApiKey::Metadata => "A client asks which brokers there are and who leads which partition.",
        ApiKey::OffsetCommit => "A consumer stores where its group starts again.",
        ApiKey::OffsetFetch => "A consumer asks for the offsets that its group has committed.",
        ApiKey::FindCoordinator => "A client asks which broker coordinates its group.",
        ApiKey::JoinGroup => "A consumer asks to be a member of its group; the answer comes when all have joined.",
        ApiKey::Heartbeat => "A member tells its coordinator that it lives.",
        ApiKey::LeaveGroup => "A member leaves its group.",
        ApiKey::SyncGroup => "Members learn their partitions; the group's leader brings the assignment.",
        ApiKey::DescribeGroups => "A tool asks how a group stands.",
        ApiKey::ListGroups => "A tool asks which groups a broker coordinates.",
        ApiKey::DeleteGroups => "A tool asks to forget groups that have no members.",
        ApiKey::OffsetDelete => "A tool asks to forget offsets that a group has committed.",
        ApiKey::ApiVersions => "A client that had lost its connection asks whether the broker is there again.",
        ApiKey::CreateTopics => "A tool asks for new topics.",
        ApiKey::DeleteTopics => "A tool asks to remove topics.",
        ApiKey::DeleteRecords => "A tool asks to move a log's start.",
        ApiKey::InitProducerId => "An idempotent producer asks for its id, from which its batches are numbered.",
        ApiKey::OffsetForLeaderEpoch => {
            "A replica or consumer asks where a leader's epoch ended, to find where logs part."
        }
        ApiKey::CreatePartitions => "A tool asks for more partitions of a topic.",
        ApiKey::ElectLeaders => "A tool asks to give leadership back to the preferred replicas.",
        ApiKey::IncrementalAlterConfigs => "A tool changes settings.",
        ApiKey::AlterPartitionReassignments => "A tool asks to move partitions to other brokers.",
        ApiKey::ListPartitionReassignments => "A tool asks which partitions are being moved.",
        ApiKey::Vote => "A controller asks the others for their vote.",
        ApiKey::BeginQuorumEpoch => "The controllers' new leader makes itself known.",
        ApiKey::EndQuorumEpoch => "The controllers' leader resigns.",
        ApiKey::AlterPartition => "A leader asks the controller to change who is in sync.",
        ApiKey::BrokerRegistration => "A broker that starts tells the controller that it is there.",
        ApiKey::BrokerHeartbeat => "A broker tells the controller that it lives.",
        ApiKey::UpdateFeatures => "A tool asks for another level of a feature.",
        ApiKey::UnregisterBroker => "A tool strikes a broker that will not come back off the list.",
        ApiKey::AllocateProducerIds => "A broker asks the controller for a block of producer ids.",
    }
}

/// What a timer that fires is for.
pub fn timer(timer: &Timer) -> &'static str {
    match timer {
        Timer::Broker(timer) => match timer {
            BrokerTimer::Heartbeat => "its next heartbeat to the controller is due",
            BrokerTimer::HighWatermarkCheckpoint => "it writes its high watermarks down",
            BrokerTimer::Log(LogTask::Retention) => "it looks for old segments",
            BrokerTimer::Log(LogTask::StartOffsetCheckpoint) => "it writes down where its logs begin",
            BrokerTimer::Log(LogTask::RecoveryPointCheckpoint) => "it writes down how far its logs were flushed",
            BrokerTimer::Log(LogTask::ProducerExpiry) => "it looks for producers that have been idle for long",
            BrokerTimer::Log(LogTask::Cleaner) => "it looks whether a log is to be compacted",
            BrokerTimer::IsrShrink => "it looks for followers that lag behind",
            BrokerTimer::Produce(_) => "a produce request cannot wait any longer",
            BrokerTimer::Fetch(_) => "a fetch has waited for data for its longest time",
            BrokerTimer::Fetcher(_) => "it tries to fetch from a leader again",
            BrokerTimer::FetcherTimeout(_) => "a leader has not answered",
            BrokerTimer::Group(GroupTimer::Session { .. }) => "a member of a group has been silent for its session",
            BrokerTimer::Group(GroupTimer::Join { .. }) => "no more members are waited for",
            BrokerTimer::LogFlush => "it looks for logs to flush",
            BrokerTimer::LogDirFailure => "its log directory has failed",
            BrokerTimer::Group(_) => "its group coordinator has something to do",
            _ => "something that it has put off is due",
        },
        Timer::Controller(timer) => match timer {
            ControllerTimer::Election => "it stands for election",
            ControllerTimer::FetchTimeout => "it has not heard from the controllers' leader",
            ControllerTimer::AppendLinger => "it writes what it has decided to the metadata log",
            ControllerTimer::BrokerSession(_) => "a broker has been silent for its session",
            ControllerTimer::LeaderRebalance => "it looks whether leadership should go back",
            _ => "something that it has put off is due",
        },
        Timer::Producer(_) => "a batch is due",
        Timer::Consumer(timer) => match timer {
            ConsumerTimer::Heartbeat => "its next heartbeat to the group is due",
            ConsumerTimer::Processing => "the record is processed",
            ConsumerTimer::Poll => "poll() has waited for its longest time",
            ConsumerTimer::PollInterval => "the application has not called poll() for too long",
            ConsumerTimer::Wake => "something that it has put off is due",
        },
    }
}

/// `1 record`, `3 records`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Names in a row: `0, 1 and 2`; `none` if there is none.
pub fn list<T: ToString>(items: &[T]) -> String {
    let words: Vec<String> = items.iter().map(T::to_string).collect();
    match words.split_last() {
        None => "none".into(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `broker 1`, `brokers 0 and 1`.
pub fn brokers(ids: &[BrokerId]) -> String {
    format!("{} {}", if ids.len() == 1 { "broker" } else { "brokers" }, list(ids))
}

/// A time span for people: `850 µs`, `2.4 ms`, `30 s`.
pub fn span(us: u64) -> String {
    match us {
        0..=999 => format!("{us} µs"),
        1_000..=9_999 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        10_000..=999_999 => format!("{} ms", us / 1_000),
        1_000_000..=9_999_999 => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
        _ => format!("{} s", us / 1_000_000),
    }
}

/// The clock: milliseconds with three places.
pub fn clock(us: u64) -> String {
    format!("{}.{:03} ms", us / 1_000, us % 1_000)
}

/// Bytes for people: `98 bytes`, `16.4 kB`.
pub fn bytes(number: u64) -> String {
    match number {
        1 => "1 byte".into(),
        0..=999 => format!("{number} bytes"),
        1_000..=999_999 => format!("{}.{} kB", number / 1_000, number % 1_000 / 100),
        _ => format!("{}.{} MB", number / 1_000_000, number % 1_000_000 / 100_000),
    }
}

/// Text cut to so many characters, with an ellipsis.
pub fn shorten(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.into();
    }
    let mut short: String = text.chars().take(characters.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_concept_is_found_by_its_id_and_explained() {
        for concept in Concept::ALL {
            assert_eq!(Concept::from_id(concept.id()), Some(*concept));
            assert!(concept.help().ends_with('.') && !concept.title().is_empty(), "{concept:?}");
        }
    }

    #[test]
    fn spans_have_a_fitting_unit() {
        for (us, words) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (2_412, "2.4 ms"),
            (45_000, "45 ms"),
            (1_500_000, "1.5 s"),
            (45_000_000, "45 s"),
        ] {
            assert_eq!(span(us), words);
        }
    }

    #[test]
    fn lists_read_like_speech() {
        assert_eq!(list::<i32>(&[]), "none");
        assert_eq!(list(&[2]), "2");
        assert_eq!(list(&[0, 1, 2]), "0, 1 and 2");
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("naïve", 5), "naïve");
        assert_eq!(shorten("naïveté", 5), "naïv…");
    }
}

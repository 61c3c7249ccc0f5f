//! Settings of a consumer (org.apache.kafka.clients.consumer.ConsumerConfig).

use super::table::{ANY, ConfigValue, config_table};

/// `auto.offset.reset`: where to start with no committed offset, or one that is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AutoOffsetReset {
    Earliest,
    Latest,
    None,
    /// `by_duration:<ISO 8601>`, milliseconds back from now (KIP-1106).
    ByDuration(u64),
}

impl ConfigValue for AutoOffsetReset {
    fn parse(text: &str) -> Result<AutoOffsetReset, String> {
        match text.trim() {
            "earliest" => Ok(AutoOffsetReset::Earliest),
            "latest" => Ok(AutoOffsetReset::Latest),
            "none" => Ok(AutoOffsetReset::None),
            other => other
                .strip_prefix("by_duration:")
                .and_then(parse_duration_ms)
                .map(AutoOffsetReset::ByDuration)
                .ok_or_else(|| "must be 'earliest', 'latest', 'none' or of the format 'by_duration:<ISO 8601>'".into()),
        }
    }

    fn print(&self) -> String {
        match self {
            AutoOffsetReset::Earliest => "earliest".into(),
            AutoOffsetReset::Latest => "latest".into(),
            AutoOffsetReset::None => "none".into(),
            AutoOffsetReset::ByDuration(ms) => format!("by_duration:PT{}.{:03}S", ms / 1_000, ms % 1_000),
        }
    }
}

/// Milliseconds of an ISO 8601 duration of days, hours, minutes and seconds (`P1DT2H3M4.5S`).
fn parse_duration_ms(text: &str) -> Option<u64> {
    let (days, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((&text[1..], ""));
    let mut total_ms: u64 = 0;
    for (part, units) in
        [(days, &[('D', 86_400_000_u64)][..]), (time, &[('H', 3_600_000), ('M', 60_000), ('S', 1_000)])]
    {
        let mut rest = part;
        for (unit, unit_ms) in units {
            if let Some((number, after)) = rest.split_once(*unit) {
                let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
                let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
                let amount = whole.parse::<u64>().ok()?.checked_mul(*unit_ms)?;
                total_ms = total_ms.checked_add(amount)?.checked_add(thousandths * unit_ms / 1_000)?;
                rest = after;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    (days.len() + time.len() > 0).then_some(total_ms)
}

config_table! {
    /// Settings of a consumer.
    ConsumerConfig {
        allow_auto_create_topics: bool = true, "allow.auto.create.topics", ANY, "Whether asking for an unknown topic may create it.";
        auto_commit_interval_ms: u32 = 5_000, "auto.commit.interval.ms", 0..=2_147_483_647, "How often poll() commits by itself.";
        auto_offset_reset: AutoOffsetReset = AutoOffsetReset::Latest, "auto.offset.reset", ANY, "Where to start when the group has no committed offset, or one that is out of range.";
        client_rack: String = String::new(), "client.rack", ANY, "The rack that the consumer stands in.";
        enable_auto_commit: bool = true, "enable.auto.commit", ANY, "Whether poll() commits positions by itself.";
        fetch_max_bytes: u32 = 52_428_800, "fetch.max.bytes", 0..=2_147_483_647, "Most bytes of one fetch.";
        fetch_max_wait_ms: u32 = 500, "fetch.max.wait.ms", 0..=2_147_483_647, "How long a broker may hold a fetch that finds too little.";
        fetch_min_bytes: u32 = 1, "fetch.min.bytes", 0..=2_147_483_647, "Fewest bytes for which a broker answers at once.";
        group_id: Option<String> = None, "group.id", ANY, "The group whose members share the partitions.";
        group_instance_id: Option<String> = None, "group.instance.id", ANY, "Makes the member static: it keeps its place over a restart.";
        heartbeat_interval_ms: u32 = 3_000, "heartbeat.interval.ms", 0..=2_147_483_647, "How often a member tells the coordinator that it lives.";
        max_partition_fetch_bytes: u32 = 1_048_576, "max.partition.fetch.bytes", 0..=2_147_483_647, "Most bytes of one partition in one fetch.";
        max_poll_interval_ms: u32 = 300_000, "max.poll.interval.ms", 1..=2_147_483_647, "How long the application may be away between two calls of poll().";
        max_poll_records: u32 = 500, "max.poll.records", 1..=2_147_483_647, "Most records that one poll() hands over.";
        metadata_max_age_ms: u32 = 300_000, "metadata.max.age.ms", 0..=2_147_483_647, "After how long metadata is asked for again without any error.";
        partition_assignment_strategy: String = "range,cooperative-sticky".into(), "partition.assignment.strategy", ANY, "How the group's leader deals out partitions, in order of preference.";
        request_timeout_ms: u32 = 30_000, "request.timeout.ms", 0..=2_147_483_647, "How long the consumer waits for one answer.";
        retry_backoff_max_ms: u32 = 1_000, "retry.backoff.max.ms", 0..=2_147_483_647, "Longest wait before a retry.";
        retry_backoff_ms: u32 = 100, "retry.backoff.ms", 0..=2_147_483_647, "Wait before the first retry; doubled each time.";
        session_timeout_ms: u32 = 45_000, "session.timeout.ms", 0..=2_147_483_647, "How long a member may be silent before its partitions go to others.";
    }
}

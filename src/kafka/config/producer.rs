//! Settings of a producer (org.apache.kafka.clients.producer.ProducerConfig).

use super::Properties;
use super::table::{ANY, ConfigError, config_table};
use crate::kafka::protocol::produce::Acks;
use crate::kafka::record::{Compression, Compressor};

config_table! {
    /// Settings of a producer.
    ProducerConfig {
        acks: Acks = Acks::All, "acks", ANY, "How many replicas must have a record before the leader answers.";
        batch_size: u32 = 16_384, "batch.size", 0..=2_147_483_647, "Bytes that a batch of one partition is filled up to.";
        buffer_memory: u64 = 33_554_432, "buffer.memory", 0..=i64::MAX, "Bytes of records that may wait in the producer.";
        compression_gzip_level: i32 = -1, "compression.gzip.level", -1..=9, "How hard gzip tries: 1 is fast, 9 is small, -1 is in between.";
        compression_lz4_level: i32 = 9, "compression.lz4.level", 1..=17, "How hard lz4 tries; here it has one level only.";
        compression_type: String = "none".into(), "compression.type", ANY, "How a whole batch is compressed.";
        compression_zstd_level: i32 = 3, "compression.zstd.level", -131_072..=22, "How hard zstd tries; here it has one level only.";
        delivery_timeout_ms: u32 = 120_000, "delivery.timeout.ms", 0..=2_147_483_647, "How long a record may take from send() to its final answer.";
        enable_idempotence: bool = true, "enable.idempotence", ANY, "Whether sequence numbers keep a repeated batch from being written twice.";
        linger_ms: u32 = 5, "linger.ms", 0..=2_147_483_647, "How long a batch waits for more records.";
        max_block_ms: u32 = 60_000, "max.block.ms", 0..=2_147_483_647, "How long send() may wait for metadata or memory.";
        max_in_flight_requests_per_connection: u32 = 5, "max.in.flight.requests.per.connection", 1..=2_147_483_647, "How many unanswered requests a connection may carry.";
        max_request_size: u32 = 1_048_576, "max.request.size", 0..=2_147_483_647, "Largest request and largest record, in bytes before compression.";
        metadata_max_age_ms: u32 = 300_000, "metadata.max.age.ms", 0..=2_147_483_647, "After how long metadata is asked for again without any error.";
        partitioner_adaptive_partitioning_enable: bool = true, "partitioner.adaptive.partitioning.enable", ANY, "Whether keyless records favour partitions with shorter queues.";
        partitioner_ignore_keys: bool = false, "partitioner.ignore.keys", ANY, "Whether keys have no say in the choice of a partition.";
        request_timeout_ms: u32 = 30_000, "request.timeout.ms", 0..=2_147_483_647, "How long the producer waits for one answer.";
        retries: u32 = 2_147_483_647, "retries", 0..=2_147_483_647, "How often a batch may be sent again.";
        retry_backoff_max_ms: u32 = 1_000, "retry.backoff.max.ms", 0..=2_147_483_647, "Longest wait before a retry.";
        retry_backoff_ms: u32 = 100, "retry.backoff.ms", 0..=2_147_483_647, "Wait before the first retry; doubled each time.";
    }
}

/// Most requests in flight with which a broker can still tell a repeated batch (it remembers five).
const MAX_IN_FLIGHT_REQUESTS_FOR_IDEMPOTENCE: u32 = 5;

impl ProducerConfig {
    /// The defaults, changed by `properties`, with the settings that depend on each other brought into line
    /// (ProducerConfig.postProcessAndValidateIdempotenceConfigs, KafkaProducer.configureDeliveryTimeout):
    /// - acks other than all, no retries, or more than 5 requests in flight switch idempotence off, silently;
    /// - a `linger.ms` and `request.timeout.ms` that together exceed `delivery.timeout.ms` lengthen it.
    ///
    /// # Errors
    /// A value is refused; or `enable.idempotence` or `delivery.timeout.ms` was set itself and another setting
    /// contradicts it; or `compression.type` names no codec.
    pub fn from_client_properties(properties: &Properties) -> Result<ProducerConfig, ConfigError> {
        let mut config = ProducerConfig::from_properties(properties)?;
        let refuse = |name: &str, value: String, reason: &str| {
            Err(ConfigError { name: name.into(), value, reason: reason.into() })
        };
        if Compression::named(&config.compression_type).is_none() {
            return refuse("compression.type", config.compression_type, "Unknown compression name");
        }
        if config.compression_gzip_level == 0 {
            return refuse("compression.gzip.level", "0".into(), "Must be -1, or from 1 to 9");
        }
        let least_delivery_timeout_ms = config.linger_ms.saturating_add(config.request_timeout_ms);
        if config.delivery_timeout_ms < least_delivery_timeout_ms {
            if properties.contains_key("delivery.timeout.ms") {
                let reason = "Should be equal to or larger than linger.ms + request.timeout.ms";
                return refuse("delivery.timeout.ms", config.delivery_timeout_ms.to_string(), reason);
            }
            config.delivery_timeout_ms = least_delivery_timeout_ms;
        }
        if let Some(reason) = config.idempotence_conflict() {
            // Too many requests in flight are refused in any case since 4.0; retries and acks switch it off.
            let in_flight = "max.in.flight.requests.per.connection";
            if reason.contains(in_flight) {
                return refuse(in_flight, config.max_in_flight_requests_per_connection.to_string(), reason);
            }
            if properties.contains_key("enable.idempotence") {
                return refuse("enable.idempotence", "true".into(), reason);
            }
            config.enable_idempotence = false;
        }
        Ok(config)
    }

    /// What batches are compressed with.
    pub fn compressor(&self) -> Compressor {
        let codec = Compression::named(&self.compression_type).unwrap_or_default();
        Compressor { codec, gzip_level: self.compression_gzip_level }
    }

    /// Why idempotence, though it is on, cannot be had with the other settings.
    pub fn idempotence_conflict(&self) -> Option<&'static str> {
        if !self.enable_idempotence {
            None
        } else if self.retries == 0 {
            Some("Must set retries to non-zero when using the idempotent producer")
        } else if self.acks != Acks::All {
            Some("Must set acks to all in order to use the idempotent producer")
        } else if self.max_in_flight_requests_per_connection > MAX_IN_FLIGHT_REQUESTS_FOR_IDEMPOTENCE {
            Some("Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<ProducerConfig, ConfigError> {
        let properties = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        ProducerConfig::from_client_properties(&properties)
    }

    #[test]
    fn a_conflict_switches_idempotence_off_unless_it_was_asked_for() {
        assert!(config(&[]).is_ok_and(|config| config.enable_idempotence));
        let in_flight = ("max.in.flight.requests.per.connection", "6");
        assert!(config(&[in_flight]).is_err());
        assert!(config(&[in_flight, ("acks", "1")]).is_ok_and(|config| !config.enable_idempotence));
        for conflict in [("acks", "1"), ("retries", "0")] {
            assert!(config(&[conflict]).is_ok_and(|config| !config.enable_idempotence), "{conflict:?}");
            let refused = config(&[conflict, ("enable.idempotence", "true")]);
            assert_eq!(refused.map_err(|error| error.name), Err("enable.idempotence".to_string()), "{conflict:?}");
            assert!(config(&[conflict, ("enable.idempotence", "false")]).is_ok());
        }
    }

    #[test]
    fn the_delivery_timeout_holds_linger_and_one_request() {
        assert_eq!(config(&[("linger.ms", "100000")]).map(|config| config.delivery_timeout_ms), Ok(130_000));
        assert!(config(&[("delivery.timeout.ms", "30004")]).is_err());
        assert!(config(&[("delivery.timeout.ms", "30005")]).is_ok());
        assert!(config(&[("compression.type", "gzip")]).is_ok());
        assert!(config(&[("compression.type", "brotli")]).is_err());
    }
}

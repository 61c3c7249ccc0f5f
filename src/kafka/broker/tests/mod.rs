//! Brokers among themselves: what they answer, and what their logs hold afterwards. The expectations marked as
//! recorded come from a real Kafka 4.3.1 cluster.

mod divergence;
mod harness;
mod high_watermark;
mod life;
mod log_tasks;
mod requests;

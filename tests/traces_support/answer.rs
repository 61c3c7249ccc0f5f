//! What comes of a step.

use glassbroker::kafka::protocol::ErrorCode;
use glassbroker::sim::CommandError;
use serde_json::{Value, json};

/// Why a step has no answer of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Kafka, or a client, refused: that is an answer, too.
    Kafka {
        error: String,
        /// Code of what an exception without one wraps.
        cause: Option<String>,
    },
    /// The step makes no sense here, or what it needs did not come about.
    Scenario(String),
    /// The step uses what is not built.
    NotYet(String),
}

pub type Answer = Result<Value, Failure>;

impl Failure {
    /// An exception without a code of its own, by its class.
    pub fn exception(class: &str) -> Failure {
        Failure::Kafka { error: class.into(), cause: None }
    }

    pub fn scenario(what: impl Into<String>) -> Failure {
        Failure::Scenario(what.into())
    }
}

impl From<ErrorCode> for Failure {
    fn from(error: ErrorCode) -> Failure {
        Failure::exception(error_name(error))
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Failure {
        Failure::Scenario(error.to_string())
    }
}

/// How an error is written in an answer: a client cannot tell a broker's time-out from its own.
pub fn error_name(error: ErrorCode) -> &'static str {
    match error {
        ErrorCode::RequestTimedOut => "TimeoutException",
        error => error.name(),
    }
}

/// The answer of a step that only does something.
pub fn ok() -> Value {
    json!({"ok": true})
}

/// `{"ok": true}` or `{"error": …}`.
pub fn outcome(error: ErrorCode) -> Value {
    if error.is_none() { ok() } else { json!({"error": error_name(error)}) }
}

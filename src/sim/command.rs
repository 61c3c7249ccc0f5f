//! All that a person, a lesson or a test may ask of the world. A click makes a Command and nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::network::MessageId;
use crate::kafka::client::application::Application;
use crate::kafka::client::call::{ConsumerCall, ProducerCall, WireCall};
use crate::kafka::config::{ConfigError, Properties};
use crate::kafka::ids::NodeId;

/// One act. As JSON: `{"kill": {"node": {"broker": 1}}}`.
///
/// Share links hold commands by position: new ones are added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// A new producer process, with settings by Kafka's names.
    StartProducer {
        name: String,
        config: Properties,
    },
    /// A new consumer process and the application around it.
    StartConsumer {
        name: String,
        config: Properties,
        application: Application,
    },
    Producer {
        name: String,
        call: ProducerCall,
    },
    Consumer {
        name: String,
        call: ConsumerCall,
    },
    /// A single request by hand.
    Wire {
        call: WireCall,
    },
    /// SIGKILL.
    Kill {
        node: NodeId,
    },
    /// SIGTERM: a broker hands over its leaderships first.
    Stop {
        node: NodeId,
    },
    /// Starts a process that is not running, with the files it left.
    Start {
        node: NodeId,
    },
    /// SIGSTOP: the process hangs, and knows nothing of it.
    Pause {
        node: NodeId,
    },
    /// SIGCONT.
    Resume {
        node: NodeId,
    },
    /// The connection breaks, and this message and all others on it are lost.
    Drop {
        message: MessageId,
    },
    /// The message stops where it is, and those behind it on its connection wait.
    Hold {
        message: MessageId,
    },
    Release {
        message: MessageId,
    },
    /// Arrives later by so many microseconds.
    Delay {
        message: MessageId,
        by_us: u64,
    },
    /// Nothing passes between the two; what is sent waits for the link to be healed.
    CutLink {
        from: NodeId,
        to: NodeId,
        one_way: bool,
    },
    HealLink {
        from: NodeId,
        to: NodeId,
    },
    /// The machine loses its power: the process ends, and what was only in the page cache is lost.
    LosePower {
        node: NodeId,
    },
    /// Each append and each read of this server takes so many microseconds more; 0: the disk is as fast as before.
    SlowDisk {
        node: NodeId,
        latency_us: u64,
    },
    /// No space is left on this server's disk.
    FillDisk {
        node: NodeId,
    },
    /// There is space again.
    FreeDisk {
        node: NodeId,
    },
    /// What is sent from now on takes so many microseconds more; 0: as long as before.
    SlowLink {
        from: NodeId,
        to: NodeId,
        by_us: u64,
        one_way: bool,
    },
    /// Of a million packets so many are lost, and sent again by TCP after a time-out; 0: none.
    LoseOnLink {
        from: NodeId,
        to: NodeId,
        loss_ppm: u32,
        one_way: bool,
    },
    /// The wall clock of this machine is ahead by so many milliseconds, or behind if below 0; 0: it is right again.
    SkewClock {
        node: NodeId,
        by_ms: i64,
    },
}

/// Why a command cannot be obeyed. Nothing has happened then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    NoSuchNode(NodeId),
    NoSuchClient(String),
    NameTaken(String),
    /// The client of that name is of the other kind.
    WrongKind(String),
    NotRunning(NodeId),
    AlreadyRunning(NodeId),
    NotPaused(NodeId),
    NoSuchMessage(MessageId),
    NotHeld(MessageId),
    NotCut(NodeId, NodeId),
    /// Its disk is full, or it is not, already.
    DiskIs(NodeId, &'static str),
    Config(ConfigError),
    /// The request names something that makes no sense, in words.
    Invalid(String),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::NoSuchNode(node) => write!(f, "there is no {node}"),
            CommandError::NoSuchClient(name) => write!(f, "there is no client named {name}"),
            CommandError::NameTaken(name) => write!(f, "a client named {name} exists already"),
            CommandError::WrongKind(name) => write!(f, "the client {name} cannot do that: it is of the other kind"),
            CommandError::NotRunning(node) => write!(f, "{node} is not running"),
            CommandError::AlreadyRunning(node) => write!(f, "{node} is running already"),
            CommandError::NotPaused(node) => write!(f, "{node} is not paused"),
            CommandError::NoSuchMessage(id) => write!(f, "message {} is not on its way", id.0),
            CommandError::NotHeld(id) => write!(f, "message {} is not held", id.0),
            CommandError::NotCut(from, to) => write!(f, "the link from {from} to {to} is not cut"),
            CommandError::DiskIs(node, how) => write!(f, "the disk of {node} is {how}"),
            CommandError::Config(error) => error.fmt(f),
            CommandError::Invalid(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for CommandError {}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> CommandError {
        CommandError::Config(error)
    }
}

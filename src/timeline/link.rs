//! The share link: scenario, seed, commands and the very moment, in one short text.
//!
//! `1.<base64url>`: a version, then a checksum and the [`Moment`] in postcard's compact form. Postcard writes
//! variants by position, so commands are only ever added at the end of their enum; a golden link in the tests holds
//! that fast.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::sim::Command;

/// The version that this build writes and reads.
const VERSION: u32 = 1;
/// Longest link that is looked at; browsers and chat programs cut longer ones anyway.
const MAX_CHARS: usize = 64_000;
/// Most commands in a link.
const MAX_COMMANDS: usize = 10_000;

/// A place in a run of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment<P> {
    /// The example's id.
    pub example: String,
    /// What the learner has chosen for it.
    pub parameters: P,
    pub seed: u64,
    /// The learner's commands, each after so many steps.
    pub commands: Vec<(u64, Command)>,
    /// Where the person stood.
    pub step: u64,
}

/// What is wrong with a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    Empty,
    TooLong(usize),
    /// Made by a newer Glassbroker.
    Newer(u32),
    NoVersion,
    /// A character that does not belong there, or letters are missing.
    NotBase64,
    /// Letters were changed or lost on the way.
    Checksum,
    /// It decodes to something that is no moment.
    Malformed(String),
    TooManyCommands(usize),
    UnknownExample(String),
    /// A random schedule of another version than this build plays: the link's and ours.
    OtherSchedules(u32, u32),
    /// A command of the link cannot be obeyed where it stands.
    Command(usize, String),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Empty => f.write_str("the link is empty after its #"),
            LinkError::TooLong(chars) => write!(f, "the link has {chars} characters; at most {MAX_CHARS} are read"),
            LinkError::Newer(version) => {
                write!(f, "the link has version {version}, and this page reads version {VERSION}: reload the page")
            }
            LinkError::NoVersion => f.write_str("the link does not begin with its version"),
            LinkError::NotBase64 => f.write_str("the link has a character that does not belong there, or was cut off"),
            LinkError::Checksum => f.write_str("the link is damaged: its checksum does not fit"),
            LinkError::Malformed(what) => write!(f, "the link cannot be read: {what}"),
            LinkError::TooManyCommands(count) => write!(f, "the link has {count} commands; at most {MAX_COMMANDS}"),
            LinkError::UnknownExample(id) => write!(f, "the link names an example that does not exist: {id}"),
            LinkError::OtherSchedules(theirs, ours) => {
                write!(f, "the link shows a random schedule of version {theirs}, and this page plays version {ours}")
            }
            LinkError::Command(index, why) => write!(f, "command {} of the link cannot be obeyed: {why}", index + 1),
        }
    }
}

impl std::error::Error for LinkError {}

/// Writes a link.
pub fn encode<P: Serialize>(moment: &Moment<P>) -> String {
    let body = postcard::to_allocvec(moment).expect("a moment has no part that cannot be written");
    let mut bytes = crc32c::crc32c(&body).to_be_bytes().to_vec();
    bytes.extend_from_slice(&body);
    format!("{VERSION}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads a link.
///
/// # Errors
/// What is wrong with it.
pub fn decode<P: for<'de> Deserialize<'de>>(link: &str) -> Result<Moment<P>, LinkError> {
    let link = link.trim();
    if link.is_empty() {
        return Err(LinkError::Empty);
    }
    if link.len() > MAX_CHARS {
        return Err(LinkError::TooLong(link.len()));
    }
    let (version, text) = link.split_once('.').ok_or(LinkError::NoVersion)?;
    let version: u32 = version.parse().map_err(|_| LinkError::NoVersion)?;
    if version > VERSION {
        return Err(LinkError::Newer(version));
    }
    if version == 0 {
        return Err(LinkError::NoVersion);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkError::NotBase64)?;
    let (checksum, body) = bytes.split_first_chunk::<4>().ok_or(LinkError::Checksum)?;
    if crc32c::crc32c(body) != u32::from_be_bytes(*checksum) {
        return Err(LinkError::Checksum);
    }
    let (moment, rest) =
        postcard::take_from_bytes::<Moment<P>>(body).map_err(|error| LinkError::Malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(LinkError::Malformed(format!("{} bytes too many", rest.len())));
    }
    if moment.commands.len() > MAX_COMMANDS {
        return Err(LinkError::TooManyCommands(moment.commands.len()));
    }
    Ok(moment)
}

//! Messages in flight as tags: each wears its API's name and what it says, and shows the marks of its records.

use super::pen::SMALL;
use super::streets::Ports;
use crate::stage::frame::{Frame, MessageFrame, Transit};
use crate::stage::geometry::{Direction, Point, Way};
use crate::stage::scene::{Tag, TagKind, Track};
use crate::stage::text;
use crate::stage::words;

const MARK: f32 = 14.0;
const SHOWN_MARKS: usize = 3;

/// The tracks of all messages, in the order of their sending.
pub fn tracks(frame: &Frame, ports: &Ports, room: f32) -> Vec<Track> {
    frame.messages.iter().filter_map(|message| track(message, ports, room)).collect()
}

fn track(message: &MessageFrame, ports: &Ports, room: f32) -> Option<Track> {
    let tag = tag(message, room);
    let whole = ports.way(message.from, message.to)?;
    Some(Track {
        message: message.id,
        way: trimmed(&whole, &tag),
        sent_us: message.sent_us,
        due_us: message.due_us,
        stopped_at_us: stopped_at_us(message),
        tag,
    })
}

/// When a message stopped that does not move.
pub fn stopped_at_us(message: &MessageFrame) -> Option<u64> {
    match message.transit {
        Transit::Travelling => None,
        // Where on its way it was stopped is not written down: it stands in the middle.
        Transit::Held | Transit::Stalled => Some(message.sent_us + message.due_us.saturating_sub(message.sent_us) / 2),
        Transit::Waiting => Some(message.due_us),
    }
}

/// What a message is, in words.
pub fn name(frame: &Frame, message: &MessageFrame) -> String {
    let kind = if message.is_request { "request" } else { "answer" };
    let mut name = format!(
        "{} {kind} from {} to {}",
        message.api.name(),
        frame.node_name(message.from),
        frame.node_name(message.to)
    );
    if message.records > 0 {
        name.push_str(&format!(", {}", words::count(message.records.into(), "record", "records")));
    }
    if !message.words.is_empty() {
        name.push_str(&format!(", {}", message.words));
    }
    name.push_str(&format!(", {}", message.transit.words()));
    name
}

/// A tag that is no wider than `room` as long as a single word is not.
fn tag(message: &MessageFrame, room: f32) -> Tag {
    let kind = match (message.is_error, message.records) {
        (true, _) => TagKind::Error,
        (false, 0) => TagKind::Ask,
        (false, _) => TagKind::Data,
    };
    let api = message.api.name().to_string();
    let marks: Vec<Option<u8>> = match kind {
        TagKind::Data => message.marks.iter().take(SHOWN_MARKS).copied().collect(),
        TagKind::Ask | TagKind::Error => Vec::new(),
    };
    let more = kind == TagKind::Data && message.records as usize > marks.len();
    let says = match (kind, more) {
        (TagKind::Data, true) => format!("{}", message.records),
        (TagKind::Data, false) => String::new(),
        _ => message.words.clone(),
    };
    let stopped = message.transit != Transit::Travelling;
    let extra = if stopped { 16.0 } else { 0.0 };
    let marks_width = marks.len() as f32 * MARK;
    let width_of = |lines: &[String]| {
        let last = lines.len() - 1;
        lines
            .iter()
            .enumerate()
            .map(|(index, line)| {
                text::width(line, SMALL, true)
                    + if index == last && marks_width + extra > 0.0 { marks_width + extra + 4.0 } else { 0.0 }
            })
            .fold(0.0, f32::max)
            + if lines.len() > 1 { 14.0 } else { 18.0 }
    };
    let mut wordings: Vec<Vec<String>> = Vec::new();
    if says.is_empty() {
        wordings.push(vec![api.clone()]);
        wordings.push(vec![api.clone(), String::new()]);
    } else {
        wordings.push(vec![format!("{api} {says}")]);
        wordings.push(vec![api.clone(), says.clone()]);
        wordings.push(vec![api.clone(), text::fit(&says, SMALL, true, room - 22.0 - marks_width - extra)]);
    }
    if let Some((first, second)) = split_camel(&api) {
        wordings.push(vec![first, second]);
    }
    wordings.push(vec![text::fit(&api, SMALL, true, room - 22.0 - marks_width - extra)]);
    let lines = wordings.iter().find(|lines| width_of(lines) <= room).or(wordings.last()).cloned().unwrap_or_default();
    let width = width_of(&lines);
    let height = if lines.len() > 1 { 39.0 } else { 25.0 };
    Tag { lines, marks, more, kind, stopped, width, height }
}

/// `BrokerHeartbeat` as `Broker` and `Heartbeat`: cut at the capital nearest to the middle.
fn split_camel(name: &str) -> Option<(String, String)> {
    let cut = name
        .char_indices()
        .skip(1)
        .filter(|(_, character)| character.is_uppercase())
        .map(|(index, _)| index)
        .min_by_key(|index| index.abs_diff(name.len() / 2))?;
    Some((name[..cut].into(), name[cut..].into()))
}

/// Starts and ends where the whole tag is clear of the panels.
fn trimmed(way: &Way, tag: &Tag) -> Way {
    let half = |direction: Direction| match direction {
        Direction::Left | Direction::Right => tag.width / 2.0 + 7.0,
        Direction::Up | Direction::Down => tag.height / 2.0 + 7.0,
    };
    let (_, first) = way.at(0.0);
    let (_, last) = way.at(way.length());
    way.trimmed(half(first), half(last))
}

/// Where the tag of a track is at a moment.
pub fn place(track: &Track, now_us: u64) -> (Point, Direction) {
    track.way.position(track.sent_us, track.due_us, track.stopped_at_us.unwrap_or(now_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_at_a_capital() {
        assert_eq!(split_camel("BrokerHeartbeat"), Some(("Broker".into(), "Heartbeat".into())));
        assert_eq!(split_camel("Fetch"), None);
    }
}

//! Crowds of messages as heat strips: how many are on each piece of each way.

use super::draw_list::{Draw, body_class, ink_class, is_here, outline};
use super::geometry::Rect;
use super::glyphs;
use super::scene::{Crowd, Passing, TagKind};
use super::text;

/// Pieces of a way that are counted apart.
const BINS: usize = 10;

/// How many of a crowd are on each piece of their way: those that carry records, and the others.
#[derive(Default)]
struct Counts {
    data: [u32; BINS],
    ask: [u32; BINS],
}

impl Counts {
    fn of(crowd: &Crowd, now_us: u64) -> Counts {
        let mut counts = Counts::default();
        for Passing { sent_us, due_us, stopped_at_us, carries_records } in &crowd.messages {
            if is_here(*sent_us, *due_us, *stopped_at_us, now_us) {
                let whole = due_us.saturating_sub(*sent_us).max(1);
                let gone = stopped_at_us.unwrap_or(now_us).saturating_sub(*sent_us).min(whole);
                let bin = ((gone * BINS as u64 / whole) as usize).min(BINS - 1);
                let of_kind = if *carries_records { &mut counts.data } else { &mut counts.ask };
                of_kind[bin] += 1;
            }
        }
        counts
    }

    fn total(&self) -> u32 {
        self.data.iter().chain(&self.ask).sum()
    }
}

/// Strips first, then the numbers, which lie above all strips.
pub fn heat(crowds: &[Crowd], now_us: u64, list: &mut Vec<Draw>) {
    let counted: Vec<(&Crowd, Counts)> = crowds
        .iter()
        .map(|crowd| (crowd, Counts::of(crowd, now_us)))
        .filter(|(_, counts)| counts.total() > 0)
        .collect();
    for (crowd, counts) in &counted {
        let piece = crowd.way.length() / BINS as f32;
        for bin in 0..BINS {
            let (from, to) = (crowd.way.at(piece * bin as f32).0, crowd.way.at(piece * (bin + 1) as f32).0);
            for (count, classes) in [
                (counts.ask[bin], ["heat ask h1", "heat ask h2", "heat ask h3"]),
                (counts.data[bin], ["heat data h1", "heat data h2", "heat data h3"]),
            ] {
                let class = match count {
                    0 => continue,
                    1..=3 => classes[0],
                    4..=30 => classes[1],
                    _ => classes[2],
                };
                list.push(Draw::Shape { class, d: glyphs::line(from, to) });
            }
        }
    }
    for (crowd, counts) in &counted {
        let words = counts.total().to_string();
        let centre = crowd.way.at(crowd.way.length() / 2.0).0;
        let width = text::width(&words, 12.0, true) + 14.0;
        let bounds = Rect::new(centre.x - width / 2.0, centre.y - 11.0, width, 22.0);
        let kind = if counts.data.iter().any(|count| *count > 0) { TagKind::Data } else { TagKind::Ask };
        list.push(Draw::Shape { class: body_class(kind), d: outline(&bounds, None) });
        list.push(Draw::Text { class: ink_class(kind), x: bounds.x + 7.0, y: centre.y + 4.4, text: words });
    }
}

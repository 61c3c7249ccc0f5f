//! Which records of a log are in the picture, and where: a window that keeps high watermark and log end in view
//! however long the log is.

use crate::kafka::ids::Offset;

/// One place in the picture of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Records before the window, so many.
    Older(u64),
    Record(Offset),
    /// Records left out between two parts of the window, so many.
    Gap(u64),
    /// Where the next record will go.
    Next(Offset),
}

/// Width of a slot that stands for left-out records.
pub const GAP_WIDTH: f32 = 26.0;

/// The window of one log: slots with their left edges, measured from the log's left edge.
#[derive(Clone, Debug, PartialEq)]
pub struct LogWindow {
    pub slots: Vec<(f32, Slot)>,
    pub cell_width: f32,
}

/// What a window must show of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogExtent {
    pub start: Offset,
    pub high_watermark: Offset,
    pub end: Offset,
}

impl LogWindow {
    /// Lays out a log in `room`. `align_end`: the largest end of all copies, so that the same offset stands at the
    /// same place in each of them as long as all fit.
    pub fn new(extent: LogExtent, align_end: Offset, room: f32, cell_width: f32) -> LogWindow {
        let LogExtent { start, high_watermark, end } = extent;
        let align_end = align_end.max(end);
        let fits = |from: Offset| {
            let lead = if from > start { GAP_WIDTH } else { 0.0 };
            lead + (align_end - from + 1) as f32 * cell_width <= room
        };
        // As many as fit before the aligned end; the log's own start if even that fits.
        let most = (room / cell_width) as Offset;
        let mut first = (align_end - most).max(start);
        while first < align_end && !fits(first) {
            first += 1;
        }
        let lowest = high_watermark.min(end).max(start);
        if lowest >= first + Offset::from(first > start) {
            return LogWindow::contiguous(start, first, end, cell_width);
        }
        // The copy lies before the common window: a window of its own.
        let mut own = (end - most).max(start);
        while own < end {
            let lead = if own > start { GAP_WIDTH } else { 0.0 };
            if lead + (end - own + 1) as f32 * cell_width <= room {
                break;
            }
            own += 1;
        }
        if lowest >= own + Offset::from(own > start) || most < 4 {
            return LogWindow::contiguous(start, own, end, cell_width);
        }
        LogWindow::parted(start, lowest, end, room, cell_width)
    }

    fn contiguous(start: Offset, first: Offset, end: Offset, cell_width: f32) -> LogWindow {
        let mut window = LogWindow { slots: Vec::new(), cell_width };
        let mut x = 0.0;
        if first > start {
            window.slots.push((x, Slot::Older((first - start) as u64)));
            x += GAP_WIDTH;
        }
        for offset in first..end {
            window.slots.push((x, Slot::Record(offset)));
            x += cell_width;
        }
        window.slots.push((x, Slot::Next(end)));
        window
    }

    /// The place around the high watermark, a gap, and the end.
    fn parted(start: Offset, lowest: Offset, end: Offset, room: f32, cell_width: f32) -> LogWindow {
        let mut window = LogWindow { slots: Vec::new(), cell_width };
        let mut x = 0.0;
        let head = (lowest - 1).max(start);
        if head > start {
            window.slots.push((x, Slot::Older((head - start) as u64)));
            x += GAP_WIDTH;
        }
        for offset in head..=lowest.min(end - 1) {
            window.slots.push((x, Slot::Record(offset)));
            x += cell_width;
        }
        let rest = ((room - x - GAP_WIDTH) / cell_width) as Offset;
        let tail = (end + 1 - rest).max(lowest + 2).min(end);
        window.slots.push((x, Slot::Gap((tail - lowest - 1).max(0) as u64)));
        x += GAP_WIDTH;
        for offset in tail..end {
            window.slots.push((x, Slot::Record(offset)));
            x += cell_width;
        }
        window.slots.push((x, Slot::Next(end)));
        window
    }

    /// The left edge of the place of `offset`; None: it is not in the window.
    pub fn x_of(&self, offset: Offset) -> Option<f32> {
        self.slots
            .iter()
            .find(|(_, slot)| matches!(slot, Slot::Record(at) | Slot::Next(at) if *at == offset))
            .map(|(x, _)| *x)
    }

    /// The left edge of `offset`, or the nearest place that stands for it.
    pub fn x_near(&self, offset: Offset) -> f32 {
        if let Some(x) = self.x_of(offset) {
            return x;
        }
        self.slots
            .iter()
            .rev()
            .find(|(_, slot)| matches!(slot, Slot::Record(at) | Slot::Next(at) if *at < offset))
            .or(self.slots.first())
            .map(|(x, slot)| match slot {
                Slot::Record(_) | Slot::Next(_) => x + self.cell_width,
                Slot::Older(_) | Slot::Gap(_) => *x,
            })
            .unwrap_or(0.0)
    }

    /// Right edge of the last slot.
    #[cfg(test)]
    fn width(&self) -> f32 {
        self.slots.last().map_or(0.0, |(x, _)| x + self.cell_width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: Offset, high_watermark: Offset, end: Offset, align: Offset, room: f32) -> LogWindow {
        LogWindow::new(LogExtent { start, high_watermark, end }, align, room, 40.0)
    }

    #[test]
    fn high_watermark_and_end_are_always_in_view_and_within_the_room() {
        for room in [130.0, 200.0, 330.0, 900.0] {
            for (start, hw, end, align) in [
                (0, 0, 0, 0),
                (0, 0, 3, 3),
                (0, 42, 43, 43),
                (7, 42, 42, 43),
                (0, 100, 5_000, 5_000),
                (0, 12, 12, 9_000),
                (30, 30, 900, 900),
                (5, 5, 5, 5),
            ] {
                let window = window(start, hw, end, align, room);
                let case = format!("{start} {hw} {end} {align} in {room}: {window:?}");
                assert!(window.x_of(end).is_some(), "end of {case}");
                assert!(window.width() <= room + 0.01, "width of {case}");
                if room >= 200.0 {
                    assert!(window.x_of(hw).is_some(), "high watermark of {case}");
                }
                for pair in window.slots.windows(2) {
                    assert!(pair[0].0 < pair[1].0, "{case}");
                }
            }
        }
    }

    #[test]
    fn copies_that_differ_a_little_stand_below_one_another() {
        let (leader, follower) = (window(0, 42, 44, 44, 300.0), window(0, 42, 42, 44, 300.0));
        assert_eq!(leader.x_of(42), follower.x_of(42));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let window = window(0, 100, 5_000, 5_000, 330.0);
        let left_out: u64 = window
            .slots
            .iter()
            .map(|(_, slot)| match slot {
                Slot::Older(count) | Slot::Gap(count) => *count,
                Slot::Record(_) => 1,
                Slot::Next(_) => 0,
            })
            .sum();
        assert_eq!(left_out, 5_000);
    }
}

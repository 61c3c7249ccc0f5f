//! Points, boxes and ways, in CSS pixels from the picture's top left corner.

/// A point.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub const fn new(x: f32, y: f32) -> Point {
        Point { x, y }
    }
}

/// A box.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

impl Rect {
    pub const fn new(x: f32, y: f32, width: f32, height: f32) -> Rect {
        Rect { x, y, width, height }
    }

    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    pub fn centre(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    pub fn contains(&self, point: Point) -> bool {
        point.x >= self.x && point.x <= self.right() && point.y >= self.y && point.y <= self.bottom()
    }

    /// Whether the two share more than an edge.
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Smaller by `by` on each side.
    pub fn inset(&self, by: f32) -> Rect {
        Rect::new(self.x + by, self.y + by, self.width - 2.0 * by, self.height - 2.0 * by)
    }
}

/// Which way something points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
    Left,
    Right,
}

/// A way along straight pieces.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Way {
    pub points: Vec<Point>,
}

fn distance(from: Point, to: Point) -> f32 {
    ((to.x - from.x).powi(2) + (to.y - from.y).powi(2)).sqrt()
}

fn between(from: Point, to: Point, share: f32) -> Point {
    Point::new(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share)
}

impl Way {
    /// A way through these points; pieces without length are left out.
    pub fn new(points: impl IntoIterator<Item = Point>) -> Way {
        let mut way = Way::default();
        for point in points {
            if way.points.last().is_none_or(|last| distance(*last, point) > 0.01) {
                way.points.push(point);
            }
        }
        way
    }

    pub fn length(&self) -> f32 {
        self.points.windows(2).map(|pair| distance(pair[0], pair[1])).sum()
    }

    /// The point at a distance from the start, and where the way leads there.
    pub fn at(&self, along: f32) -> (Point, Direction) {
        let mut left = along.max(0.0);
        let mut direction = Direction::Right;
        for pair in self.points.windows(2) {
            let piece = distance(pair[0], pair[1]);
            if piece <= 0.01 {
                continue;
            }
            let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            direction = match (dx.abs() >= dy.abs(), dx >= 0.0, dy >= 0.0) {
                (true, true, _) => Direction::Right,
                (true, false, _) => Direction::Left,
                (false, _, true) => Direction::Down,
                (false, _, false) => Direction::Up,
            };
            if left <= piece {
                return (between(pair[0], pair[1], left / piece), direction);
            }
            left -= piece;
        }
        (self.points.last().copied().unwrap_or_default(), direction)
    }

    /// Where something is that left at `sent_us` and arrives at `due_us`: evenly along the way.
    pub fn position(&self, sent_us: u64, due_us: u64, now_us: u64) -> (Point, Direction) {
        let whole = due_us.saturating_sub(sent_us).max(1) as f32;
        let gone = now_us.clamp(sent_us, due_us.max(sent_us)) - sent_us;
        self.at(self.length() * (gone as f32 / whole))
    }

    /// The way without its first and last stretch; at least its middle stays.
    pub fn trimmed(&self, start: f32, end: f32) -> Way {
        let length = self.length();
        let (from, to) = match start + end < length {
            true => (start, length - end),
            false => (length * start / (start + end).max(1.0), length * start / (start + end).max(1.0)),
        };
        let mut points = vec![self.at(from).0];
        let mut walked = 0.0;
        for pair in self.points.windows(2) {
            walked += distance(pair[0], pair[1]);
            if walked > from && walked < to {
                points.push(pair[1]);
            }
        }
        points.push(self.at(to).0);
        Way::new(points)
    }
}

/// A number as SVG writes it: at most one place after the point.
pub fn number(value: f32) -> String {
    let tenths = (value * 10.0).round() as i64;
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}{}.{}", if tenths < 0 { "-" } else { "" }, (tenths / 10).abs(), rest.abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corner() -> Way {
        Way::new([Point::new(0.0, 0.0), Point::new(0.0, 0.0), Point::new(10.0, 0.0), Point::new(10.0, 30.0)])
    }

    #[test]
    fn a_message_moves_evenly_and_stays_on_its_way() {
        assert_eq!(corner().length(), 40.0);
        assert_eq!(corner().position(100, 200, 100), (Point::new(0.0, 0.0), Direction::Right));
        assert_eq!(corner().position(100, 200, 150), (Point::new(10.0, 10.0), Direction::Down));
        assert_eq!(corner().position(100, 200, 900).0, Point::new(10.0, 30.0));
        assert_eq!(corner().position(100, 200, 0).0, Point::new(0.0, 0.0));
        assert_eq!(corner().position(100, 100, 100).0, Point::new(0.0, 0.0));
    }

    #[test]
    fn trimming_keeps_corners_and_never_turns_back() {
        assert_eq!(
            corner().trimmed(5.0, 10.0).points,
            [Point::new(5.0, 0.0), Point::new(10.0, 0.0), Point::new(10.0, 20.0)]
        );
        assert_eq!(corner().trimmed(30.0, 30.0).length(), 0.0);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(3.0, "3"), (-0.25, "-0.3"), (12.34, "12.3"), (-12.0, "-12")] {
            assert_eq!(number(value), text);
        }
    }
}

//! The small shapes of the picture as SVG paths: marks of keys, crown, pins, hourglass, crosses.

use super::geometry::{Point, number as n};

/// How many marks there are; more keys than that share them.
pub const MARKS: u8 = 8;

/// The names of the marks' shapes, for those who cannot see them.
pub const MARK_NAMES: [&str; MARKS as usize] =
    ["circle", "square", "triangle", "diamond", "cross", "star", "hexagon", "drop"];

fn polygon(centre: Point, points: &[(f32, f32)], radius: f32) -> String {
    let mut d = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        d.push(if index == 0 { 'M' } else { 'L' });
        d.push_str(&format!("{} {}", n(centre.x + x * radius), n(centre.y + y * radius)));
    }
    d.push('Z');
    d
}

fn circle(centre: Point, radius: f32) -> String {
    let (x, y, r) = (n(centre.x - radius), n(centre.y), n(radius));
    let d = n(radius * 2.0);
    format!("M{x} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z")
}

const TRIANGLE: [(f32, f32); 3] = [(0.0, -1.05), (1.1, 0.88), (-1.1, 0.88)];
const SQUARE: [(f32, f32); 4] = [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)];
const DIAMOND: [(f32, f32); 4] = [(0.0, -1.2), (1.0, 0.0), (0.0, 1.2), (-1.0, 0.0)];
const CROSS: [(f32, f32); 12] = [
    (-0.36, -1.05),
    (0.36, -1.05),
    (0.36, -0.36),
    (1.05, -0.36),
    (1.05, 0.36),
    (0.36, 0.36),
    (0.36, 1.05),
    (-0.36, 1.05),
    (-0.36, 0.36),
    (-1.05, 0.36),
    (-1.05, -0.36),
    (-0.36, -0.36),
];
const STAR: [(f32, f32); 10] = [
    (0.0, -1.2),
    (0.32, -0.44),
    (1.14, -0.37),
    (0.52, 0.17),
    (0.71, 0.97),
    (0.0, 0.55),
    (-0.71, 0.97),
    (-0.52, 0.17),
    (-1.14, -0.37),
    (-0.32, -0.44),
];
const HEXAGON: [(f32, f32); 6] =
    [(-0.54, -0.94), (0.54, -0.94), (1.08, 0.0), (0.54, 0.94), (-0.54, 0.94), (-1.08, 0.0)];

/// The mark of a key, about `radius` around its centre. No key: a ring.
pub fn mark(mark: Option<u8>, centre: Point, radius: f32) -> String {
    match mark.map(|mark| mark % MARKS) {
        Some(0) => circle(centre, radius),
        Some(1) => polygon(centre, &SQUARE, radius),
        Some(2) => polygon(centre, &TRIANGLE, radius),
        Some(3) => polygon(centre, &DIAMOND, radius),
        Some(4) => polygon(centre, &CROSS, radius),
        Some(5) => polygon(centre, &STAR, radius),
        Some(6) => polygon(centre, &HEXAGON, radius),
        Some(_) => {
            let (x, y, r) = (centre.x, centre.y, radius);
            format!(
                "M{} {}L{} {}A{r1} {r1} 0 1 1 {} {}Z",
                n(x),
                n(y - 1.2 * r),
                n(x + 0.74 * r),
                n(y - 0.2 * r),
                n(x - 0.74 * r),
                n(y - 0.2 * r),
                r1 = n(0.9 * r)
            )
        }
        // A ring: the inner circle runs the other way round.
        None => {
            let inner = radius * 0.52;
            let (x, r, d) = (n(centre.x + inner), n(inner), n(inner * 2.0));
            format!("{}M{x} {}a{r} {r} 0 1 0 -{d} 0a{r} {r} 0 1 0 {d} 0Z", circle(centre, radius * 0.92), n(centre.y))
        }
    }
}

/// A crown, 17 wide and 12 high, from its top left corner.
pub fn crown(at: Point) -> String {
    format!("M{} {}v-8l4.2 3.6 4.3 -6.1 4.3 6.1 4.2 -3.6v8q-8.5 -2 -17 0z", n(at.x), n(at.y + 10.5))
}

/// A pin whose tip is at `tip`, 15 high and 11 wide.
pub fn pin(tip: Point) -> String {
    format!("M{} {}l-4.6 -6.6a5.5 5.5 0 1 1 9.2 0z", n(tip.x), n(tip.y))
}

/// An hourglass, 9 wide and 12 high, from its top left corner: something waits.
pub fn hourglass(at: Point) -> String {
    format!("M{} {}h9v1.6l-3.4 4.4 3.4 4.4v1.6h-9v-1.6l3.4 -4.4 -3.4 -4.4z", n(at.x), n(at.y))
}

/// Two strokes through a box, from corner to corner.
pub fn cross(x: f32, y: f32, width: f32, height: f32) -> String {
    let (right, bottom) = (n(x + width), n(y + height));
    let (left, top) = (n(x), n(y));
    format!("M{left} {top}L{right} {bottom}M{right} {top}L{left} {bottom}")
}

/// The hands of a clock at three, for a ring of radius 11: it takes long.
pub fn clock_hands(centre: Point) -> String {
    format!("M{} {}v6.5h5", n(centre.x), n(centre.y - 6.5))
}

/// A stroke with a gap, for a ring of radius 11: not all gets through.
pub fn gap(centre: Point) -> String {
    format!("M{} {}h4m4 0h4", n(centre.x - 6.0), n(centre.y))
}

/// A straight line.
pub fn line(from: Point, to: Point) -> String {
    format!("M{} {}L{} {}", n(from.x), n(from.y), n(to.x), n(to.y))
}

/// Straight pieces with rounded corners.
pub fn bent(points: &[Point], radius: f32) -> String {
    let mut d = String::new();
    for (index, point) in points.iter().enumerate() {
        let (before, after) = (index.checked_sub(1).map(|i| points[i]), points.get(index + 1));
        match (before, after) {
            (None, _) => d.push_str(&format!("M{} {}", n(point.x), n(point.y))),
            (Some(_), None) => d.push_str(&format!("L{} {}", n(point.x), n(point.y))),
            (Some(before), Some(after)) => {
                let towards = |other: Point| {
                    let length = ((other.x - point.x).powi(2) + (other.y - point.y).powi(2)).sqrt().max(0.1);
                    let by = radius.min(length / 2.0) / length;
                    Point::new(point.x + (other.x - point.x) * by, point.y + (other.y - point.y) * by)
                };
                let (enter, leave) = (towards(before), towards(*after));
                d.push_str(&format!(
                    "L{} {}Q{} {} {} {}",
                    n(enter.x),
                    n(enter.y),
                    n(point.x),
                    n(point.y),
                    n(leave.x),
                    n(leave.y)
                ));
            }
        }
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_has_a_path_of_its_own() {
        let all: Vec<String> =
            (0..MARKS).map(Some).chain([None]).map(|key| mark(key, Point::new(10.0, 10.0), 6.0)).collect();
        for (index, path) in all.iter().enumerate() {
            assert!(path.starts_with('M') && path.ends_with('Z'));
            assert_eq!(all.iter().position(|other| other == path), Some(index));
        }
    }
}

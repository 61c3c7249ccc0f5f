//! How wide text is, before any browser has drawn it. The widths are those of DejaVu Sans, wider than the other
//! fonts of the page's list, so that what fits here fits everywhere.

use crate::kafka::ids::TopicPartition;

/// Advance of the characters from space to `~`, hundredths of the font's size.
const REGULAR: [u8; 95] = [
    32, 40, 46, 84, 64, 95, 78, 28, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 69, 69, 70, 77, 63, 58, 78, 75, 30, 30, 66, 56, 87, 75, 79, 60, 79, 70, 64, 61, 73, 69, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 64, 55, 64, 62, 35, 64, 64, 28, 28, 58, 28, 98, 64, 61, 64, 64, 41, 52, 39, 64,
    59, 82, 59, 59, 53, 64, 34, 64, 84,
];

/// The same in bold.
const BOLD: [u8; 95] = [
    35, 46, 52, 84, 70, 100, 87, 31, 46, 46, 52, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 40, 40,
    84, 84, 84, 58, 100, 77, 76, 73, 83, 68, 68, 82, 84, 37, 37, 78, 64, 100, 84, 85, 73, 85, 77, 72, 68, 81, 77, 110,
    77, 72, 73, 46, 37, 46, 84, 50, 50, 68, 72, 59, 72, 68, 44, 72, 71, 34, 34, 67, 34, 104, 71, 69, 72, 72, 49, 60,
    48, 71, 65, 92, 65, 65, 58, 71, 37, 71, 84,
];

/// Width of a line of text, CSS pixels.
pub fn width(text: &str, size: f32, bold: bool) -> f32 {
    let table = if bold { &BOLD } else { &REGULAR };
    let hundredths: u32 = text
        .chars()
        .map(|character| match character {
            ' '..='~' => u32::from(table[character as usize - 32]),
            '·' => 38,
            // Nothing in common use is wider than the size itself.
            _ => 100,
        })
        .sum();
    hundredths as f32 * size / 100.0
}

/// The text, cut with an ellipsis where it is wider than `room`; empty if not even that fits.
pub fn fit(text: &str, size: f32, bold: bool, room: f32) -> String {
    if width(text, size, bold) <= room {
        return text.into();
    }
    let mut short = String::new();
    for character in text.chars() {
        let mut longer = short.clone();
        longer.push(character);
        longer.push('…');
        if width(&longer, size, bold) > room {
            break;
        }
        short.push(character);
    }
    match short.is_empty() {
        true => String::new(),
        false => short.trim_end().to_string() + "…",
    }
}

/// A partition's name; where it is too wide, the topic is cut and the number stays.
pub fn fit_partition(partition: &TopicPartition, size: f32, room: f32) -> String {
    let whole = partition.to_string();
    if width(&whole, size, false) <= room {
        return whole;
    }
    let number = format!("-{}", partition.partition);
    let topic = fit(&partition.topic, size, false, room - width(&number, size, false));
    let short = match topic.is_empty() {
        true => format!("p{}", partition.partition),
        false => topic + &number,
    };
    if width(&short, size, false) <= room { short } else { String::new() }
}

/// The first of several wordings that fits; the last is cut if none does.
pub fn first_fit(wordings: &[String], size: f32, bold: bool, room: f32) -> String {
    wordings
        .iter()
        .find(|wording| width(wording, size, bold) <= room)
        .cloned()
        .unwrap_or_else(|| wordings.last().map(|last| fit(last, size, bold, room)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_text_fits() {
        for room in [8.0, 30.0, 55.0, 200.0] {
            let short = fit("orders-from-everywhere", 12.0, false, room);
            assert!(width(&short, 12.0, false) <= room, "{short:?} in {room}");
        }
        let partition = TopicPartition::new("orders-from-everywhere", 12);
        for room in [10.0, 30.0, 60.0, 300.0] {
            let short = fit_partition(&partition, 12.0, room);
            assert!(width(&short, 12.0, false) <= room);
            assert!(short.is_empty() || short.ends_with("12"), "{short:?}");
        }
        assert_eq!(fit("abc", 12.0, false, 100.0), "abc");
        assert_eq!(fit("abc", 12.0, false, 3.0), "");
    }

    #[test]
    fn the_longest_wording_that_fits_is_taken() {
        let wordings = ["in sync 0 1 2".to_string(), "ISR 0 1 2".into(), "ISR".into()];
        assert_eq!(first_fit(&wordings, 12.0, false, 200.0), "in sync 0 1 2");
        assert_eq!(first_fit(&wordings, 12.0, false, 62.0), "ISR 0 1 2");
        assert_eq!(first_fit(&wordings, 12.0, false, 30.0), "ISR");
    }
}

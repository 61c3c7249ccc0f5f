//! Arithmetic of sequence numbers: one per record, 0 to 2147483647, then 0 again (`DefaultRecordBatch`, KIP-98).

/// No sequence: the batch has no producer id, or holds control records.
pub const NO_SEQUENCE: i32 = -1;

/// The sequence number `count` records after `sequence`.
pub const fn increment_sequence(sequence: i32, count: i32) -> i32 {
    sequence.wrapping_add(count) & i32::MAX
}

/// The sequence number `count` records before `sequence`.
pub const fn decrement_sequence(sequence: i32, count: i32) -> i32 {
    sequence.wrapping_sub(count) & i32::MAX
}

/// Whether `next` follows directly on `last`.
pub const fn in_sequence(last: i32, next: i32) -> bool {
    next as i64 == last as i64 + 1 || (next == 0 && last == i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_wrap_to_zero() {
        for (sequence, count, later) in [(0, 0, 0), (5, 3, 8), (i32::MAX, 1, 0), (i32::MAX - 1, 4, 2)] {
            assert_eq!(increment_sequence(sequence, count), later);
            assert_eq!(decrement_sequence(later, count), sequence);
        }
        assert!(in_sequence(i32::MAX, 0) && in_sequence(-1, 0) && in_sequence(7, 8));
        assert!(!in_sequence(7, 7) && !in_sequence(7, 9) && !in_sequence(i32::MAX, 1));
    }
}

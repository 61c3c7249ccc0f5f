//! The two sparse indexes of a segment: from offset to position, from time to offset (`OffsetIndex`, `TimeIndex`).

/// An entry of the offset index, 8 bytes on disk: where the batch with that last offset begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetIndexEntry {
    /// Last offset of the batch.
    pub offset: i64,
    /// Byte position of the batch in the segment.
    pub position: i32,
}

impl OffsetIndexEntry {
    pub const SIZE: i32 = 8;
}

/// An entry of the time index, 12 bytes on disk: the largest time up to that offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeIndexEntry {
    /// Epoch milliseconds.
    pub timestamp: i64,
    /// Last offset of the first batch that has this time as its largest.
    pub offset: i64,
}

impl TimeIndexEntry {
    pub const SIZE: i32 = 12;
}

//! Compression of the records part of a batch. The header stays readable; only what follows it is compressed.

use std::borrow::Cow;

use super::error::RecordError;

/// Bits 0 to 2 of the batch's attributes (`CompressionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Compression {
    #[default]
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Compression {
    /// As in `compression.type`.
    pub const fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// The codec's number in the attributes.
    pub const fn id(self) -> i16 {
        match self {
            Compression::None => 0,
            Compression::Gzip => 1,
            Compression::Snappy => 2,
            Compression::Lz4 => 3,
            Compression::Zstd => 4,
        }
    }

    /// # Errors
    /// [`RecordError::UnknownCompression`] for 5 to 7.
    pub const fn of_attributes(attributes: i16) -> Result<Compression, RecordError> {
        match attributes & 0x07 {
            0 => Ok(Compression::None),
            1 => Ok(Compression::Gzip),
            2 => Ok(Compression::Snappy),
            3 => Ok(Compression::Lz4),
            4 => Ok(Compression::Zstd),
            id => Err(RecordError::UnknownCompression { id }),
        }
    }
}

/// The records part of a batch, uncompressed.
///
/// # Errors
/// [`RecordError::UnsupportedCompression`] for all codecs but `none`: a compressed batch can be stored and handed
/// on, since its header is readable, but its records cannot be read.
pub fn decompress(compression: Compression, records: &[u8]) -> Result<Cow<'_, [u8]>, RecordError> {
    match compression {
        Compression::None => Ok(Cow::Borrowed(records)),
        Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd => {
            Err(RecordError::UnsupportedCompression { compression })
        }
    }
}

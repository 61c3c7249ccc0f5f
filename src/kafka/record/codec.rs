//! Compression of the records part of a batch. The header stays readable; only what follows it is compressed
//! (`CompressionType`, `Compression`).
//!
//! The compressors are libraries. What they write is read by every Kafka client, but is not byte for byte what Java's
//! write: sizes of compressed batches can differ by a little from those of a real cluster.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use std::borrow::Cow;
use std::io::Read;

use super::error::RecordError;

/// Most bytes that the records of one batch may have once they are decompressed. Kafka has no such bound; here it keeps
/// bytes that came from anywhere from filling the memory.
pub const MAX_DECOMPRESSED_BYTES: u64 = 256 << 20;

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
    pub const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

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

    /// The codec of that name.
    pub fn named(name: &str) -> Option<Compression> {
        Compression::ALL.into_iter().find(|codec| codec.name() == name)
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
        match attributes & CODEC_BITS {
            0 => Ok(Compression::None),
            1 => Ok(Compression::Gzip),
            2 => Ok(Compression::Snappy),
            3 => Ok(Compression::Lz4),
            4 => Ok(Compression::Zstd),
            id => Err(RecordError::UnknownCompression { id }),
        }
    }
}

/// Where the codec stands in the attributes.
pub(super) const CODEC_BITS: i16 = 0x07;

/// A codec with what its user may choose of it (KIP-390).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Compressor {
    pub codec: Compression,
    /// `compression.gzip.level`: 1 (fast) to 9 (small), -1 for the codec's default. The libraries behind lz4 and zstd know
    /// one level each, so `compression.lz4.level` and `compression.zstd.level` change nothing here.
    pub gzip_level: i32,
}

impl Compressor {
    /// The codec with its default level.
    pub const fn of(codec: Compression) -> Compressor {
        Compressor { codec, gzip_level: -1 }
    }

    /// The records part of a batch, compressed.
    pub fn compress(self, records: &[u8]) -> Cow<'_, [u8]> {
        match self.codec {
            Compression::None => Cow::Borrowed(records),
            Compression::Gzip => Cow::Owned(gzip::compress(records, self.gzip_level)),
            Compression::Snappy => Cow::Owned(snappy::compress(records)),
            Compression::Lz4 => Cow::Owned(lz4::compress(records)),
            Compression::Zstd => Cow::Owned(zstd::compress(records)),
        }
    }
}

/// The records part of a batch, uncompressed.
///
/// # Errors
/// [`RecordError::DamagedCompression`] if the bytes are not what the codec writes, or stand for more than
/// [`MAX_DECOMPRESSED_BYTES`].
pub fn decompress(compression: Compression, records: &[u8]) -> Result<Cow<'_, [u8]>, RecordError> {
    let plain = match compression {
        Compression::None => return Ok(Cow::Borrowed(records)),
        Compression::Gzip => gzip::decompress(records),
        Compression::Snappy => snappy::decompress(records),
        Compression::Lz4 => lz4::decompress(records),
        Compression::Zstd => zstd::decompress(records),
    };
    plain.map(Cow::Owned).ok_or(RecordError::DamagedCompression { compression })
}

/// All that a decoder gives; None: an error, or too much.
fn read_all(decoder: impl Read) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.take(MAX_DECOMPRESSED_BYTES + 1).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= MAX_DECOMPRESSED_BYTES).then_some(plain)
}

#[cfg(test)]
mod tests;

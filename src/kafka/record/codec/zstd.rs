//! Zstandard (RFC 8878), by ruzstd.

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

pub(super) fn compress(records: &[u8]) -> Vec<u8> {
    compress_to_vec(records, CompressionLevel::Fastest)
}

/// None: these bytes are no frame.
pub(super) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    super::read_all(StreamingDecoder::new(bytes).ok()?)
}

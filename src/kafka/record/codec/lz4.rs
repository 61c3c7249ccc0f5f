//! The LZ4 frame format as Kafka writes it: independent blocks, no checksum but the header's (`Lz4BlockOutputStream`).
//! By lz4_flex.
//!
//! The frame around the blocks is written here: lz4_flex's own writer finds other matches on 64-bit machines than on
//! 32-bit ones such as WebAssembly, and the same run must have the same bytes everywhere. Its blocks below 64 KiB are the
//! same.

use lz4_flex::block;
use lz4_flex::frame::FrameDecoder;

/// Magic number, version 1 with independent blocks, blocks of at most 64 KiB, and the checksum of these two bytes.
const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
/// Bytes of a block before compression: the most that lz4_flex compresses in one way everywhere.
const BLOCK: usize = 65_534;
/// Set in a block's size when it is not compressed, since it would not have become smaller.
const UNCOMPRESSED: u32 = 1 << 31;
const END: [u8; 4] = [0; 4];

pub(super) fn compress(records: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    for plain in records.chunks(BLOCK) {
        let compressed = block::compress(plain);
        let (size, bytes) = match compressed.len() < plain.len() {
            true => (compressed.len() as u32, &compressed[..]),
            false => (plain.len() as u32 | UNCOMPRESSED, plain),
        };
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(&END);
    out
}

/// None: these bytes are no frame.
pub(super) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    super::read_all(FrameDecoder::new(bytes))
}

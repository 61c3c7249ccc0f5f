//! The LZ4 frame format as Kafka writes it: independent blocks of 64 KiB, no checksum but the header's
//! (`Lz4BlockOutputStream`). By lz4_flex.

use std::io::Write;

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

pub(super) fn compress(records: &[u8]) -> Vec<u8> {
    let frame = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
    encoder.write_all(records).expect("a list of bytes takes everything");
    encoder.finish().expect("a list of bytes takes everything")
}

/// None: these bytes are no frame.
pub(super) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    super::read_all(FrameDecoder::new(bytes))
}

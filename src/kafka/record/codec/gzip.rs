//! gzip (RFC 1952), by flate2 and miniz_oxide.

use std::io::Write;

use flate2::GzBuilder;
use flate2::read::MultiGzDecoder;

/// As Java's stream writes its header since version 16: operating system "unknown".
const UNKNOWN_SYSTEM: u8 = 255;

/// `level`: 1 to 9; anything else is the default.
pub(super) fn compress(records: &[u8], level: i32) -> Vec<u8> {
    let level = match level {
        1..=9 => flate2::Compression::new(level as u32),
        _ => flate2::Compression::default(),
    };
    let mut encoder = GzBuilder::new().operating_system(UNKNOWN_SYSTEM).write(Vec::new(), level);
    encoder.write_all(records).expect("a list of bytes takes everything");
    encoder.finish().expect("a list of bytes takes everything")
}

/// None: these bytes are no gzip.
pub(super) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    super::read_all(MultiGzDecoder::new(bytes))
}

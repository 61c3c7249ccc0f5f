//! Snappy in the framing of snappy-java, which Kafka uses: a header, then blocks, each with its length in front. The
//! blocks by the crate `snap`.

/// `0x82 SNAPPY 0x00`.
const MAGIC: [u8; 8] = *b"\x82SNAPPY\x00";
/// Version and the oldest version that can read it, 1 and 1.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Bytes of records in a block (`SnappyOutputStream`).
const BLOCK_BYTES: usize = 32 * 1024;

pub(super) fn compress(records: &[u8]) -> Vec<u8> {
    let mut out = Vec::from(MAGIC);
    out.extend(VERSIONS);
    let mut encoder = snap::raw::Encoder::new();
    for block in records.chunks(BLOCK_BYTES) {
        let block = encoder.compress_vec(block).expect("a block of 32 KiB is not too large");
        out.extend((block.len() as u32).to_be_bytes());
        out.extend(block);
    }
    out
}

/// None: these bytes are no Snappy. Without the header they are one block, as some clients write it.
pub(super) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let Some(rest) = bytes.strip_prefix(&MAGIC) else {
        append_block(bytes, &mut plain)?;
        return Some(plain);
    };
    let mut rest = rest.get(VERSIONS.len()..)?;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk()?;
        let (block, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        append_block(block, &mut plain)?;
        rest = after;
    }
    Some(plain)
}

fn append_block(block: &[u8], plain: &mut Vec<u8>) -> Option<()> {
    let size = snap::raw::decompress_len(block).ok()? as u64;
    // The size is only what the bytes say; it is believed as far as Snappy can go: about 1 to 21.
    if size > block.len() as u64 * 64 || plain.len() as u64 + size > super::MAX_DECOMPRESSED_BYTES {
        return None;
    }
    plain.extend(snap::raw::Decoder::new().decompress_vec(block).ok()?);
    Some(())
}

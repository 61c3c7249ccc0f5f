//! Zig-zag variable-length integers of the record format (`ByteUtils.readVarint`, `readVarlong`): 7 bits a byte,
//! least significant first, the top bit says that another byte follows. Small magnitudes, negative ones too, take
//! one byte.

use super::error::RecordError;

/// Most bytes that a 32-bit varint takes.
pub const MAX_VARINT_BYTES: usize = 5;
/// Most bytes that a 64-bit varint takes.
pub const MAX_VARLONG_BYTES: usize = 10;

const fn zig_zag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn un_zig_zag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

/// Bytes that `value` takes.
pub const fn varlong_size(value: i64) -> usize {
    let significant_bits = 64 - (zig_zag(value) | 1).leading_zeros() as usize;
    significant_bits.div_ceil(7)
}

/// Bytes that `value` takes.
pub const fn varint_size(value: i32) -> usize {
    varlong_size(value as i64)
}

/// Appends `value`.
pub fn write_varlong(out: &mut Vec<u8>, value: i64) {
    let mut raw = zig_zag(value);
    while raw >= 0x80 {
        out.push(raw as u8 | 0x80);
        raw >>= 7;
    }
    out.push(raw as u8);
}

/// Appends `value`.
pub fn write_varint(out: &mut Vec<u8>, value: i32) {
    write_varlong(out, value as i64);
}

/// Reads forward over a slice, knowing where it is.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], position: usize) -> Reader<'a> {
        Reader { bytes, position: position.min(bytes.len()) }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    #[inline]
    pub fn read_u8(&mut self) -> Result<u8, RecordError> {
        let Some(&byte) = self.bytes.get(self.position) else {
            return Err(RecordError::RecordTruncated { at: self.position });
        };
        self.position += 1;
        Ok(byte)
    }

    #[inline]
    pub fn read_varint(&mut self) -> Result<i32, RecordError> {
        let at = self.position;
        match self.read_raw(MAX_VARINT_BYTES)? {
            raw if raw <= u32::MAX as u64 => Ok(un_zig_zag(raw) as i32),
            _ => Err(RecordError::VarintTooLong { at }),
        }
    }

    #[inline]
    pub fn read_varlong(&mut self) -> Result<i64, RecordError> {
        Ok(un_zig_zag(self.read_raw(MAX_VARLONG_BYTES)?))
    }

    /// Nearly all are of one byte, and a leader reads them all: that way is the short one.
    #[inline]
    fn read_raw(&mut self, max_bytes: usize) -> Result<u64, RecordError> {
        match self.bytes.get(self.position) {
            Some(&byte) if byte < 0x80 => {
                self.position += 1;
                Ok(byte as u64)
            }
            _ => self.read_long_raw(max_bytes),
        }
    }

    fn read_long_raw(&mut self, max_bytes: usize) -> Result<u64, RecordError> {
        let start = self.position;
        let mut raw = 0_u64;
        for i in 0..max_bytes {
            let byte = self.read_u8()?;
            raw |= ((byte & 0x7f) as u64) << (7 * i);
            if byte & 0x80 == 0 {
                return Ok(raw);
            }
        }
        Err(RecordError::VarintTooLong { at: start })
    }

    /// The next `len` bytes.
    #[inline]
    pub fn read_slice(&mut self, len: usize) -> Result<&'a [u8], RecordError> {
        if len > self.remaining() {
            return Err(RecordError::RecordTruncated { at: self.position });
        }
        let slice = &self.bytes[self.position..self.position + len];
        self.position += len;
        Ok(slice)
    }

    /// A length as varint and that many bytes; a negative length is null.
    #[inline]
    pub fn read_nullable(&mut self) -> Result<Option<&'a [u8]>, RecordError> {
        match self.read_varint()? {
            len if len < 0 => Ok(None),
            len => self.read_slice(len as usize).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_take_the_bytes_that_kafka_writes() {
        let cases: [(i64, &[u8]); 10] = [
            (0, &[0x00]),
            (-1, &[0x01]),
            (1, &[0x02]),
            (63, &[0x7e]),
            (-64, &[0x7f]),
            (64, &[0x80, 0x01]),
            (8191, &[0xfe, 0x7f]),
            (8192, &[0x80, 0x80, 0x01]),
            (i32::MAX as i64, &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
            (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ];
        for (value, bytes) in cases {
            let mut out = Vec::new();
            write_varlong(&mut out, value);
            assert_eq!(out, bytes, "{value}");
            assert_eq!(varlong_size(value), bytes.len(), "{value}");
            assert_eq!(Reader::new(bytes, 0).read_varlong(), Ok(value));
        }
    }

    #[test]
    fn damaged_varints_are_errors() {
        assert_eq!(Reader::new(&[0x80], 0).read_varint(), Err(RecordError::RecordTruncated { at: 1 }));
        assert_eq!(Reader::new(&[0xff; 6], 0).read_varint(), Err(RecordError::VarintTooLong { at: 0 }));
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f], 0).read_varint(),
            Err(RecordError::VarintTooLong { at: 0 })
        );
        assert_eq!(Reader::new(&[0xff; 11], 0).read_varlong(), Err(RecordError::VarintTooLong { at: 0 }));
    }
}

//! Reads numbers and strings from the head of a file, and knows how large the file is.

use crate::error::GgufError;

/// A place in the head of a file.
pub(crate) struct Cursor<'a> {
    head: &'a [u8],
    file_bytes: u64,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(head: &'a [u8], file_bytes: u64) -> Self {
        Self {
            head,
            file_bytes,
            at: 0,
        }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.at as u64
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: u64, what: &'static str) -> Result<&'a [u8], GgufError> {
        let end = self.offset().checked_add(n);
        let Some(end) = end.filter(|&end| end <= self.file_bytes) else {
            return Err(GgufError::Truncated {
                what,
                offset: self.offset(),
                needed: n,
                file_bytes: self.file_bytes,
            });
        };
        let taken = usize::try_from(end)
            .ok()
            .and_then(|end| self.head.get(self.at..end))
            .ok_or(GgufError::Incomplete { needed: end })?;
        self.at += taken.len();
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], GgufError> {
        let bytes = self.take(N as u64, what)?;
        Ok(bytes.try_into().expect("take gives as many bytes as asked"))
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, GgufError> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, GgufError> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A count of things of which each takes at least `least` bytes: refused when the rest of
    /// the file cannot hold them, so that a caller may allocate for them.
    pub(crate) fn count(&mut self, what: &'static str, least: u64) -> Result<usize, GgufError> {
        let offset = self.offset();
        let count = self.u64(what)?;
        self.check_count(count, what, least, offset)
    }

    pub(crate) fn check_count(
        &self,
        count: u64,
        what: &'static str,
        least: u64,
        offset: u64,
    ) -> Result<usize, GgufError> {
        let rest = self.file_bytes - self.offset();
        let needed = count.checked_mul(least).filter(|&needed| needed <= rest);
        let (Some(needed), Ok(small_count)) = (needed, usize::try_from(count)) else {
            return Err(GgufError::Count {
                what,
                count,
                offset,
                file_bytes: self.file_bytes,
            });
        };
        if needed > (self.head.len() - self.at) as u64 {
            return Err(GgufError::Incomplete {
                needed: self.offset() + needed,
            });
        }
        Ok(small_count)
    }

    pub(crate) fn string(&mut self, what: &'static str) -> Result<&'a [u8], GgufError> {
        let length = self.u64(what)?;
        self.take(length, what)
    }
}

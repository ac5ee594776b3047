//! Scratch that begins with a line of the cache.
//!
//! The allocator promises sixteen bytes, and a vector of 64 that begins there touches two lines each time
//! it is read: half as many a cycle.

use super::isa::LANES;

/// Lines of 64 bytes.
#[derive(Default)]
pub(super) struct Lines {
    words: Vec<u32>,
    /// Where the first whole line begins.
    start: usize,
    /// How many there are.
    n: usize,
}

impl Lines {
    /// So many, of zeros.
    pub(super) fn zeros(lines: usize) -> Self {
        let mut zeros = Self {
            words: vec![0; (lines + 1) * LANES],
            ..Self::default()
        };
        zeros.resize(lines);
        zeros
    }

    /// Makes it as long. What it holds is of no meaning then.
    pub(super) fn resize(&mut self, lines: usize) {
        self.words.resize((lines + 1) * LANES, 0);
        // Of at most fifteen words; an interpreter may know none that is right.
        let start = self.words.as_ptr().align_offset(64);
        self.start = if start < LANES { start } else { 0 };
        self.n = lines;
    }

    /// As words.
    #[inline(always)]
    pub(super) fn words(&self) -> &[[u32; LANES]] {
        self.words[self.start..][..self.n * LANES].as_chunks().0
    }

    /// The same, to be written.
    #[inline(always)]
    pub(super) fn words_mut(&mut self) -> &mut [[u32; LANES]] {
        self.words[self.start..][..self.n * LANES].as_chunks_mut().0
    }

    /// As bytes.
    #[inline(always)]
    pub(super) fn bytes(&self) -> &[[u8; 64]] {
        bytemuck::cast_slice(self.words())
    }

    /// The same, to be written.
    #[inline(always)]
    pub(super) fn bytes_mut(&mut self) -> &mut [[u8; 64]] {
        bytemuck::cast_slice_mut(self.words_mut())
    }

    /// As floats.
    #[inline(always)]
    pub(super) fn floats(&self) -> &[[f32; LANES]] {
        bytemuck::cast_slice(self.words())
    }

    /// The same, to be written.
    #[inline(always)]
    pub(super) fn floats_mut(&mut self) -> &mut [[f32; LANES]] {
        bytemuck::cast_slice_mut(self.words_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_begin_where_lines_of_the_cache_do() {
        for n in [0, 1, 7, 1000] {
            let mut lines = Lines::default();
            lines.resize(n);
            assert_eq!(lines.bytes().len(), n);
            if !cfg!(miri) {
                assert_eq!(lines.bytes().as_ptr().addr() % 64, 0);
            }
        }
    }
}

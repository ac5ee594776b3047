//! An allocator that counts and tokens to pass the gate, for the benchmark and the test that say
//! what it allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use schemas::line::ItemId;
use schemas::tag::Tag;
use schemas::tokenize::{Piece, Tokens};

/// The tokens 0 to `n`, each with a piece.
pub(crate) fn tokens(n: u32) -> Tokens {
    Tokens {
        schema: Tag::new(),
        id: ItemId::new("case").expect("an id"),
        ids: (0..n).collect(),
        pieces: (0..n)
            .map(|id| Piece::from_bytes(id.to_string().into()))
            .collect(),
    }
}

/// The system's allocator, counted.
struct Counting;

thread_local! {
    // Without a destructor and made at compile time, so that reaching it allocates nothing.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many times this thread has asked for memory so far: the one that runs the tests does so at
/// any time. Memory that is given back does not count: the gate drops the pieces of both sequences.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

// `realloc` and `alloc_zeroed` keep their default, which asks `alloc`.
//
// SAFETY: every call goes on to the system's allocator as it came; counting touches no memory
// that was asked for.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller vouches for the layout, as the trait demands of it.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System.alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

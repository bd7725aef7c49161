//! How much memory there is, on this machine and on a graphics card, and how the C library's allocator treats what is let go.
//!
//! A training step takes hundreds of megabytes in large pieces and leaves them again. As it comes, the allocator of the
//! GNU C library hands such pieces back to the system at once, which then clears every page anew for the next step: some
//! three hundredths of a training. Other systems' allocators are left as they are.

mod card;
mod groups;
mod kills;
mod own_limits;
mod room;
mod store;

pub use kills::{Kills, kills};
pub use room::{Bounds, Room, bounds, room};
pub use store::Store;

/// Keeps what is let go for the next step. To be called before the first thread is started.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the options are those that the library's manual names, and no other thread is there yet. One that is refused
    // changes nothing.
    unsafe {
        // Pools of other threads are made of regions of 64 MB, each handed back once it is empty.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        // Large pieces are no mappings of their own.
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
    }
}

/// Hands back what nobody uses, so that the system's free memory tells what a next trial may take.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

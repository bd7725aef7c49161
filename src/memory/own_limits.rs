//! What the program may take by limits of its own, as `ulimit` sets them.

use super::room::Limit;
#[cfg(target_os = "linux")]
use super::room::Room;

/// The limits that are set: on all addresses (`ulimit -v`), and on data (`ulimit -d`).
#[cfg(target_os = "linux")]
pub(super) fn limits() -> Vec<Limit> {
    let Ok(taken) = procfs::process::Process::myself().and_then(|process| process.statm()) else {
        return Vec::new();
    };
    let limit = |name: &str, soft: Option<u64>, pages: u64| {
        let whole_bytes = soft?;
        let free_bytes = whole_bytes.saturating_sub(pages.saturating_mul(procfs::page_size()));
        Some(Limit {
            room: Room {
                whole_bytes,
                free_bytes,
            },
            name: name.to_owned(),
        })
    };
    let all = [
        limit("`ulimit -v`", soft(libc::RLIMIT_AS), taken.size),
        limit("`ulimit -d`", soft(libc::RLIMIT_DATA), taken.data),
    ];
    all.into_iter().flatten().collect()
}

/// What is enforced of a limit; none where there is none.
#[cfg(target_os = "linux")]
fn soft(which: libc::__rlimit_resource_t) -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: it fills the structure that it is given, which outlives the call.
    let failed = unsafe { libc::getrlimit(which, &raw mut limit) } != 0;
    (!failed && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn limits() -> Vec<Limit> {
    Vec::new()
}

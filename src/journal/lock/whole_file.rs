//! The lock on a journal itself, which lasts as long as the file whatever it is called.
//!
//! One byte far behind the end is locked: on file systems where a lock keeps others from reading what is locked, nothing
//! that can be read is. Unlike other locks it can be asked for without being taken.

use std::fs::{File, TryLockError};
use std::io;

/// Locks the file for this program alone, as long as it is open.
#[cfg(target_os = "linux")]
pub(super) fn try_lock(file: &File) -> Result<(), TryLockError> {
    match control(file, libc::F_OFD_SETLK) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(TryLockError::WouldBlock),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(TryLockError::WouldBlock)
        }
        Err(error) => Err(TryLockError::Error(error)),
    }
}

/// Whether another program has locked the file; none where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn is_locked(file: &File) -> Option<bool> {
    let found = control(file, libc::F_OFD_GETLK).ok()?;
    Some(found != libc::F_UNLCK as libc::c_short)
}

/// Asks for the lock; what is said of it comes back.
#[cfg(target_os = "linux")]
fn control(file: &File, command: libc::c_int) -> io::Result<libc::c_short> {
    use std::os::fd::AsRawFd;

    /// No journal reaches it.
    const BYTE: libc::off_t = libc::off_t::MAX / 2;
    // SAFETY: a structure of numbers, for which zero is a value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    (lock.l_start, lock.l_len) = (BYTE, 1);
    // SAFETY: the descriptor is open, and the structure that the call reads and fills outlives it.
    let answer = unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut lock) };
    match answer {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(lock.l_type),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn try_lock(_: &File) -> Result<(), TryLockError> {
    Err(TryLockError::Error(io::ErrorKind::Unsupported.into()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_locked(_: &File) -> Option<bool> {
    None
}

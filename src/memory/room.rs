//! How much memory there is for this program: what the machine has, what the control groups that it runs in allow, and
//! what its own limit is. The least of them counts.
//!
//! A container, a batch job and a service are control groups with a limit of their own, far below what the machine has;
//! whoever takes more is ended without a word. A group's limits hold for all groups below it, so every level up to the
//! root is asked. Of what a group has taken, the contents of files that can be read again do not count.

use std::fs;
use std::path::{Path, PathBuf};

/// Memory of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What there is in all, in bytes.
    pub whole_bytes: u64,
    /// What nobody takes now, in bytes.
    pub free_bytes: u64,
}

impl Room {
    /// The least of both.
    fn within(self, other: Self) -> Self {
        Self {
            whole_bytes: self.whole_bytes.min(other.whole_bytes),
            free_bytes: self.free_bytes.min(other.free_bytes),
        }
    }
}

/// Memory of this machine that this program may take; none where the system does not tell.
pub fn room() -> Option<Room> {
    let room = room_under(Path::new("/"))?;
    Some(own_limit().map_or(room, |limit| room.within(limit)))
}

/// The same of a system whose files lie under `root`.
fn room_under(root: &Path) -> Option<Room> {
    let groups = Hierarchy::all(root).into_iter();
    let limits = groups.flat_map(|hierarchy| hierarchy.limits());
    Some(limits.fold(machine(root)?, Room::within))
}

/// Memory of the whole machine.
fn machine(root: &Path) -> Option<Room> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let kilobytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let number: u64 = line.trim_end_matches("kB").trim().parse().ok()?;
        number.checked_mul(1024)
    };
    Some(Room {
        whole_bytes: kilobytes("MemTotal:")?,
        free_bytes: kilobytes("MemAvailable:").or(kilobytes("MemFree:"))?,
    })
}

/// Where the groups of one kind are, and which of them this program is in.
struct Hierarchy {
    files: Files,
    /// The group of all others that can be seen.
    top: PathBuf,
    /// The program's own.
    own: PathBuf,
}

/// Names of a group's files.
struct Files {
    limits: &'static [&'static str],
    taken: &'static str,
    /// Lines of `memory.stat` that are given back when asked for.
    reclaimable: &'static [&'static str],
}

const VERSION_1: Files = Files {
    limits: &["memory.limit_in_bytes"],
    taken: "memory.usage_in_bytes",
    reclaimable: &["total_inactive_file", "total_active_file"],
};
const VERSION_2: Files = Files {
    limits: &["memory.max", "memory.high"],
    taken: "memory.current",
    reclaimable: &["inactive_file", "active_file", "slab_reclaimable"],
};

impl Hierarchy {
    /// Those that rule over memory, under the root of a system.
    fn all(root: &Path) -> Vec<Self> {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let (mounts, groups) = (read("proc/self/mountinfo"), read("proc/self/cgroup"));
        // "31 23 0:28 ROOT POINT rw,relatime - cgroup2 cgroup2 OPTIONS"
        let hierarchy = |line: &str| {
            let (place, kind) = line.split_once(" - ")?;
            let mut place = place.split(' ').skip(3);
            let (shown, point) = (place.next()?, place.next()?);
            let mut kind = kind.split(' ');
            let files = match (kind.next()?, kind.nth(1).unwrap_or_default()) {
                ("cgroup2", _) => VERSION_2,
                ("cgroup", options) if options.split(',').any(|o| o == "memory") => VERSION_1,
                _ => return None,
            };
            // "4:memory:/PATH", and of version 2 "0::/PATH"
            let group = groups.lines().find_map(|line| {
                let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
                let is_its = match files.taken == VERSION_2.taken {
                    true => controllers.is_empty(),
                    false => controllers.split(',').any(|name| name == "memory"),
                };
                is_its.then_some(path)
            })?;
            let top = root.join(point.trim_start_matches('/'));
            // A part of the tree may be all that can be seen of it, and the group lie elsewhere by its name.
            let below = Path::new(group).strip_prefix(shown);
            let below = below.unwrap_or(Path::new(group));
            let own = top.join(below.strip_prefix("/").unwrap_or(below));
            Some(Self { files, top, own })
        };
        mounts.lines().filter_map(hierarchy).collect()
    }

    /// What each group allows, from the program's own upwards; none of those without a limit.
    fn limits(&self) -> Vec<Room> {
        let levels = self.own.ancestors();
        let levels = levels.take_while(|level| level.starts_with(&self.top));
        levels.filter_map(|level| self.limit(level)).collect()
    }

    fn limit(&self, group: &Path) -> Option<Room> {
        let read = |name: &str| fs::read_to_string(group.join(name)).ok();
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
        let limits = self.files.limits.iter();
        // One that is not set says "max", which is no number.
        let whole_bytes = limits.filter_map(|name| number(name)).min()?;
        let taken = number(self.files.taken).unwrap_or(0);
        let lines = read("memory.stat").unwrap_or_default();
        let reclaimable = lines.lines().filter_map(|line| {
            let (name, bytes) = line.split_once(' ')?;
            let counts = self.files.reclaimable.contains(&name);
            counts.then(|| bytes.trim().parse::<u64>().ok())?
        });
        let held = taken.saturating_sub(reclaimable.sum());
        Some(Room {
            whole_bytes,
            free_bytes: whole_bytes.saturating_sub(held),
        })
    }
}

/// What the program may take by its own limit (`ulimit -v`), where it has one.
#[cfg(target_os = "linux")]
fn own_limit() -> Option<Room> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: it fills the structure that it is given, which outlives the call.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) } != 0;
    if failed || limit.rlim_cur == libc::RLIM_INFINITY {
        return None;
    }
    let taken = procfs::process::Process::myself().ok()?.statm().ok()?.size;
    let whole_bytes = limit.rlim_cur;
    Some(Room {
        whole_bytes,
        free_bytes: whole_bytes.saturating_sub(taken * procfs::page_size()),
    })
}

#[cfg(not(target_os = "linux"))]
fn own_limit() -> Option<Room> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A system of 64 GiB of which 48 are free, with these files besides.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let machine = "MemTotal:       67108864 kB\nMemFree:         1048576 kB\nMemAvailable:   50331648 kB\n";
        for (path, text) in [("proc/meminfo", machine)].iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn gibibytes(files: &[(&str, &str)]) -> (f64, f64) {
        let root = system(files);
        let room = room_under(root.path()).unwrap();
        let in_gib = |bytes: u64| bytes as f64 / GIB as f64;
        (in_gib(room.whole_bytes), in_gib(room.free_bytes))
    }

    const MOUNT_2: (&str, &str) = (
        "proc/self/mountinfo",
        "21 1 0:5 / /proc rw - proc proc rw\n31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw\n",
    );

    #[test]
    fn a_machine_without_groups_is_taken_as_it_is() {
        assert_eq!(gibibytes(&[]), (64.0, 48.0));
        let unlimited = [
            MOUNT_2,
            ("proc/self/cgroup", "0::/user.slice\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
            ("sys/fs/cgroup/user.slice/memory.high", "max\n"),
            ("sys/fs/cgroup/user.slice/memory.current", "1073741824\n"),
        ];
        assert_eq!(gibibytes(&unlimited), (64.0, 48.0));
        assert_eq!(room_under(Path::new("/nowhere")), None);
    }

    #[test]
    fn the_least_limit_on_the_way_up_counts_and_file_contents_do_not() {
        let files = [
            MOUNT_2,
            ("proc/self/cgroup", "0::/job.slice/step.scope\n"),
            ("sys/fs/cgroup/job.slice/step.scope/memory.max", "max\n"),
            // 8 GiB for the job, 5 of them taken, 2 of those by files' contents.
            ("sys/fs/cgroup/job.slice/memory.max", "8589934592\n"),
            ("sys/fs/cgroup/job.slice/memory.current", "5368709120\n"),
            (
                "sys/fs/cgroup/job.slice/memory.stat",
                "anon 3221225472\nfile 2147483648\ninactive_file 1073741824\nactive_file 536870912\nslab_reclaimable 536870912\n",
            ),
        ];
        assert_eq!(gibibytes(&files), (8.0, 5.0));
        let mut throttled = files.to_vec();
        throttled.push(("sys/fs/cgroup/job.slice/memory.high", "4294967296\n"));
        assert_eq!(gibibytes(&throttled), (4.0, 1.0));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let limit = ("sys/fs/cgroup/memory.max", "2147483648\n");
        let taken = ("sys/fs/cgroup/memory.current", "1610612736\n");
        for own in ["0::/\n", "0::/docker/4f2a\n", "0::/../elsewhere\n"] {
            let files = [MOUNT_2, ("proc/self/cgroup", own), limit, taken];
            assert_eq!(gibibytes(&files), (2.0, 0.5), "{own}");
        }
    }

    #[test]
    fn version_1_is_read_as_well_beside_an_empty_version_2() {
        let files = [
            (
                "proc/self/mountinfo",
                "35 31 0:32 /docker/4f2a /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                 33 31 0:30 /docker/4f2a /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                 41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            ),
            (
                "proc/self/cgroup",
                "4:memory:/docker/4f2a/inner\n1:cpu:/\n0::/\n",
            ),
            (
                "sys/fs/cgroup/memory/inner/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3221225472\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "3221225472\n"),
            (
                "sys/fs/cgroup/memory/memory.stat",
                "inactive_file 1\ntotal_inactive_file 1073741824\ntotal_active_file 536870912\n",
            ),
        ];
        assert_eq!(gibibytes(&files), (3.0, 1.5));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells_of_itself() {
        let room = room().unwrap();
        assert!(room.free_bytes < room.whole_bytes && room.whole_bytes > 100_000_000);
    }
}

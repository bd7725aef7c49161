//! How much memory there is for this program: what the machine has, what the control groups that it runs in allow, and
//! what its own limits are. The least of them counts, and is named.

use std::fs;
use std::path::Path;

use super::{groups, own_limits};

/// Memory of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What there is in all, in bytes.
    pub whole_bytes: u64,
    /// What nobody takes now, in bytes.
    pub free_bytes: u64,
}

/// One limit on the memory of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) room: Room,
    /// What it is called, for people.
    pub(super) name: String,
}

/// Memory of this machine that this program may take, and what limits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least of all limits.
    pub room: Room,
    /// What limits the whole; none: the machine has no more.
    pub whole: Option<String>,
    /// What limits the free part; none: the machine's is taken.
    pub free: Option<String>,
}

impl Bounds {
    fn of(machine: Room, limits: impl IntoIterator<Item = Limit>) -> Self {
        let mut bounds = Self {
            room: machine,
            whole: None,
            free: None,
        };
        for Limit { room, name } in limits {
            if room.whole_bytes < bounds.room.whole_bytes {
                bounds.room.whole_bytes = room.whole_bytes;
                bounds.whole = Some(name.clone());
            }
            if room.free_bytes < bounds.room.free_bytes {
                bounds.room.free_bytes = room.free_bytes;
                bounds.free = Some(name);
            }
        }
        bounds
    }
}

/// Memory of this machine that this program may take; none where the system does not tell.
pub fn room() -> Option<Room> {
    bounds().map(|bounds| bounds.room)
}

/// The same, with what limits it.
pub fn bounds() -> Option<Bounds> {
    bounds_under(Path::new("/"), own_limits::limits())
}

/// The same of a system whose files lie under `root`, for a program with limits of its own.
fn bounds_under(root: &Path, own: Vec<Limit>) -> Option<Bounds> {
    let limits = groups::limits(root).into_iter().chain(own);
    Some(Bounds::of(machine(root)?, limits))
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

    fn bounds_of(files: &[(&str, &str)]) -> Bounds {
        bounds_under(system(files).path(), Vec::new()).unwrap()
    }

    fn gibibytes(files: &[(&str, &str)]) -> (f64, f64) {
        let room = bounds_of(files).room;
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
        assert_eq!(bounds_under(Path::new("/nowhere"), Vec::new()), None);
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

    #[test]
    fn the_limits_that_count_are_named() {
        let mut files = vec![
            MOUNT_2,
            ("proc/self/cgroup", "0::/job.slice/step.scope\n"),
            ("sys/fs/cgroup/job.slice/memory.max", "8589934592\n"),
            ("sys/fs/cgroup/job.slice/memory.current", "7516192768\n"),
            (
                "sys/fs/cgroup/job.slice/step.scope/memory.high",
                "6442450944\n",
            ),
            (
                "sys/fs/cgroup/job.slice/step.scope/memory.current",
                "1073741824\n",
            ),
        ];
        let named = |bounds: Bounds| [bounds.whole, bounds.free].map(Option::unwrap_or_default);
        let high = "memory.high of control group /job.slice/step.scope";
        let max = "memory.max of control group /job.slice";
        assert_eq!(named(bounds_of(&files)), [high, max]);
        assert_eq!(gibibytes(&files), (6.0, 1.0));
        let own = |name: &str, whole: u64, free: u64| Limit {
            room: Room {
                whole_bytes: whole * GIB,
                free_bytes: free * GIB,
            },
            name: name.to_owned(),
        };
        let limits = vec![own("`ulimit -v`", 7, 3), own("`ulimit -d`", 2, 2)];
        let bounds = bounds_under(system(&files).path(), limits).unwrap();
        assert_eq!(named(bounds), ["`ulimit -d`", max]);
        // A process of its own group is seen there as at the root of all.
        files[1] = ("proc/self/cgroup", "0::/\n");
        files.push(("sys/fs/cgroup/memory.max", "1073741824\n"));
        let root = "memory.max of control group /";
        assert_eq!(named(bounds_of(&files)), [root, root]);
        assert_eq!(named(bounds_of(&[])), ["", ""]);
    }

    #[test]
    fn swap_counts_where_it_is_limited_with_memory_and_places_may_have_blanks() {
        let files = [
            (
                "proc/self/mountinfo",
                "35 31 0:32 / /sys/fs/my\\040groups rw - cgroup cgroup rw,memory\n",
            ),
            ("proc/self/cgroup", "4:memory:/a b\n"),
            ("sys/fs/my groups/a b/memory.limit_in_bytes", "3221225472\n"),
            ("sys/fs/my groups/a b/memory.usage_in_bytes", "1073741824\n"),
            (
                "sys/fs/my groups/a b/memory.memsw.limit_in_bytes",
                "4294967296\n",
            ),
            (
                "sys/fs/my groups/a b/memory.memsw.usage_in_bytes",
                "3758096384\n",
            ),
        ];
        assert_eq!(gibibytes(&files), (3.0, 0.5));
        let free = bounds_of(&files).free.unwrap();
        assert_eq!(free, "memory.memsw.limit_in_bytes of control group /a b");
    }

    #[test]
    fn groups_without_numbers_say_nothing() {
        let silent = [
            // No controller for memory; a limit that is none; a group that has gone.
            vec![("sys/fs/cgroup/a/cgroup.procs", "1\n")],
            vec![("sys/fs/cgroup/a/memory.max", "much\n")],
            vec![("sys/fs/cgroup/a/memory.max", "-1\n")],
            vec![],
        ];
        for mut files in silent {
            files.extend([MOUNT_2, ("proc/self/cgroup", "0::/a\n")]);
            assert_eq!(gibibytes(&files), (64.0, 48.0), "{files:?}");
        }
        for own in ["", "nonsense", "0::", "1:cpu:/\n", "0::/a (deleted)\n"] {
            let limit = ("sys/fs/cgroup/a/memory.max", "1073741824\n");
            let files = [MOUNT_2, ("proc/self/cgroup", own), limit];
            assert_eq!(gibibytes(&files), (64.0, 48.0), "{own}");
        }
        let nothing = [
            MOUNT_2,
            ("proc/self/cgroup", "0::/a\n"),
            ("sys/fs/cgroup/a/memory.max", "0\n"),
            (
                "sys/fs/cgroup/a/memory.stat",
                "inactive_file 18446744073709551615\nactive_file 18446744073709551615\n",
            ),
        ];
        assert_eq!(gibibytes(&nothing), (0.0, 0.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells_of_itself() {
        let room = room().unwrap();
        assert!(room.free_bytes < room.whole_bytes && room.whole_bytes > 100_000_000);
    }
}

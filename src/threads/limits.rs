//! How many threads the system allows this program.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The limits in words.
pub(super) fn words() -> String {
    let own = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    of(&own, &groups(Path::new("/")))
}

/// The limits of the process, as the system lists them, and those of its control groups.
pub(super) fn of(own: &str, groups: &[(PathBuf, u64)]) -> String {
    let soft = |name: &str| {
        let line = own.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let mut known = Vec::new();
    if let Some(limit) = soft("Max processes") {
        known.push(format!(
            "this user may have {limit} processes and threads (`ulimit -u`)"
        ));
    }
    for (file, limit) in groups {
        known.push(format!("the control group {limit} ({})", file.display()));
    }
    if let Some(limit) = soft("Max address space") {
        known.push(format!(
            "the program {} MB of addresses (`ulimit -v`)",
            limit / 1_000_000
        ));
    }
    let mut words = String::new();
    for (number, limit) in known.iter().enumerate() {
        let between = if number == 0 { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = write!(words, "{between}{limit}");
    }
    match words.is_empty() {
        true => "the whole system has as many as it allows (kernel.threads-max)".to_owned(),
        false => words,
    }
}

/// The limits of the control groups that the process is in, the innermost first, under the root of a system.
fn groups(root: &Path) -> Vec<(PathBuf, u64)> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let (mounts, memberships) = (read("proc/self/mountinfo"), read("proc/self/cgroup"));
    let mut found = Vec::new();
    // "31 23 0:28 ROOT POINT rw,relatime - KIND SOURCE OPTIONS"
    for line in mounts.lines() {
        let Some((place, kind)) = line.split_once(" - ") else {
            continue;
        };
        let place: Vec<&str> = place.split(' ').collect();
        let kind: Vec<&str> = kind.split(' ').collect();
        let (Some(shown), Some(point)) = (place.get(3), place.get(4)) else {
            continue;
        };
        let has_pids = |names: &str| names.split(',').any(|name| name == "pids");
        // "4:pids:/PATH", and of version 2 "0::/PATH"
        let is_its: &dyn Fn(&str) -> bool = match kind[..] {
            ["cgroup2", ..] => &str::is_empty,
            ["cgroup", _, options] if has_pids(options) => &has_pids,
            _ => continue,
        };
        let group = memberships.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            is_its(controllers).then_some(path)
        });
        let top = root.join(point.trim_start_matches('/'));
        let group = Path::new(group.unwrap_or("/"));
        // A part of the tree may be all that can be seen of it, and the group lie elsewhere by its name.
        let below = group.strip_prefix(shown).unwrap_or(group);
        let own = top.join(below.strip_prefix("/").unwrap_or(below));
        let up_to_top = own
            .ancestors()
            .take_while(|folder| folder.starts_with(&top));
        for folder in up_to_top {
            let file = folder.join("pids.max");
            let limit = fs::read_to_string(&file).unwrap_or_default();
            found.extend(limit.trim().parse().ok().map(|limit| (file, limit)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn all_limits_that_there_are_are_named() {
        let own = "\
Limit                     Soft Limit           Hard Limit           Units     
Max processes             20                   unlimited            processes 
Max address space         4000000000           unlimited            bytes     
";
        let groups = [(PathBuf::from("/sys/fs/cgroup/pids.max"), 64)];
        assert_snapshot!(of(own, &groups), @"this user may have 20 processes and threads (`ulimit -u`), the control group 64 (/sys/fs/cgroup/pids.max), the program 4000 MB of addresses (`ulimit -v`)");
        assert_snapshot!(of(&own.replace("20  ", "unlimited  "), &groups), @"the control group 64 (/sys/fs/cgroup/pids.max), the program 4000 MB of addresses (`ulimit -v`)");
        assert_snapshot!(of("", &[]), @"the whole system has as many as it allows (kernel.threads-max)");
    }

    #[test]
    fn limits_of_groups_of_both_versions_are_found_up_to_the_top() {
        for (mounts, membership) in [
            (
                "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                "0::/outer/inner\n",
            ),
            (
                "31 23 0:28 / /sys/fs/cgroup rw - cgroup cgroup rw,pids\n",
                "7:cpu:/else\n4:pids:/outer/inner\n",
            ),
            // Only a part of the tree can be seen.
            (
                "31 23 0:28 /outer /sys/fs/cgroup/outer rw - cgroup2 cgroup2 rw\n",
                "0::/outer/inner\n",
            ),
        ] {
            let root = tempfile::tempdir().unwrap();
            let write = |path: &str, text: &str| {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            };
            write("proc/self/mountinfo", mounts);
            write("proc/self/cgroup", membership);
            write("sys/fs/cgroup/outer/inner/pids.max", "12\n");
            write("sys/fs/cgroup/outer/pids.max", "max\n");
            write("sys/fs/cgroup/outer/pids.max", "100\n");
            let found = groups(root.path());
            let limits: Vec<u64> = found.iter().map(|(_, limit)| *limit).collect();
            assert_eq!(limits, [12, 100], "{mounts}");
        }
    }
}

//! What control groups allow, and what they counted.
//!
//! A container, a batch job and a service are control groups with a limit of their own, far below what the machine has;
//! whoever takes more is ended without a word. A group's limits hold for all groups below it, so every level up to the
//! root is asked. Of what a group has taken, the contents of files that can be read again do not count.

use std::fs;
use std::path::{Path, PathBuf};

use super::room::{Limit, Room};

/// Where the groups of one kind are, and which of them this program is in.
pub(super) struct Hierarchy {
    files: Files,
    /// The group of all others that can be seen.
    top: PathBuf,
    /// The program's own.
    pub(super) own: PathBuf,
}

/// Names of a group's files.
struct Files {
    /// Each with what counts against it.
    limits: &'static [(&'static str, &'static str)],
    /// Whether a line of `/proc/self/cgroup` names the group: by its controllers.
    is_version_2: bool,
    /// Holds a line `oom_kill`.
    kills: &'static str,
    /// Lines of `memory.stat` that are given back when asked for.
    reclaimable: &'static [&'static str],
}

const VERSION_1: Files = Files {
    limits: &[
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ("memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"),
    ],
    is_version_2: false,
    kills: "memory.oom_control",
    reclaimable: &["total_inactive_file", "total_active_file"],
};
const VERSION_2: Files = Files {
    limits: &[
        ("memory.max", "memory.current"),
        ("memory.high", "memory.current"),
    ],
    is_version_2: true,
    kills: "memory.events",
    reclaimable: &["inactive_file", "active_file", "slab_reclaimable"],
};

impl Hierarchy {
    /// Those that rule over memory, under the root of a system.
    pub(super) fn all(root: &Path) -> Vec<Self> {
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let (mounts, groups) = (read("proc/self/mountinfo"), read("proc/self/cgroup"));
        // "31 23 0:28 ROOT POINT rw,relatime - cgroup2 cgroup2 OPTIONS"
        let hierarchy = |line: &str| {
            let (place, kind) = line.split_once(" - ")?;
            let mut place = place.split(' ').skip(3);
            let (shown, point) = (unescaped(place.next()?), unescaped(place.next()?));
            let mut kind = kind.split(' ');
            let files = match (kind.next()?, kind.nth(1).unwrap_or_default()) {
                ("cgroup2", _) => VERSION_2,
                ("cgroup", options) if options.split(',').any(|o| o == "memory") => VERSION_1,
                _ => return None,
            };
            // "4:memory:/PATH", and of version 2 "0::/PATH"
            let group = groups.lines().find_map(|line| {
                let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
                let is_its = match files.is_version_2 {
                    true => controllers.is_empty(),
                    false => controllers.split(',').any(|name| name == "memory"),
                };
                is_its.then_some(path)
            })?;
            let top = root.join(point.trim_start_matches('/'));
            // A part of the tree may be all that can be seen of it, and the group lie elsewhere by its name.
            let below = Path::new(group).strip_prefix(&shown);
            let below = below.unwrap_or(Path::new(group));
            let own = top.join(below.strip_prefix("/").unwrap_or(below));
            Some(Self { files, top, own })
        };
        mounts.lines().filter_map(hierarchy).collect()
    }

    /// What each group allows, from the program's own upwards; none of those without a limit.
    fn limits(&self) -> Vec<Limit> {
        let levels = self.own.ancestors();
        let levels = levels.take_while(|level| level.starts_with(&self.top));
        levels.flat_map(|level| self.limits_of(level)).collect()
    }

    fn limits_of(&self, group: &Path) -> Vec<Limit> {
        let read = |name: &str| fs::read_to_string(group.join(name)).ok();
        // A limit that is not set says "max", which is no number.
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
        let lines = read("memory.stat").unwrap_or_default();
        let reclaimable = lines.lines().filter_map(|line| {
            let (name, bytes) = line.split_once(' ')?;
            let counts = self.files.reclaimable.contains(&name);
            counts.then(|| bytes.trim().parse::<u64>().ok())?
        });
        let reclaimable = reclaimable.fold(0, u64::saturating_add);
        let limit = |&(limit, taken): &(&str, &str)| {
            let whole_bytes = number(limit)?;
            let held = number(taken).unwrap_or(0).saturating_sub(reclaimable);
            Some(Limit {
                room: Room {
                    whole_bytes,
                    free_bytes: whole_bytes.saturating_sub(held),
                },
                name: format!("{limit} of control group {}", self.name(group)),
            })
        };
        self.files.limits.iter().filter_map(limit).collect()
    }

    /// The name of a group as seen from here.
    pub(super) fn name(&self, group: &Path) -> String {
        let below = group.strip_prefix(&self.top).unwrap_or(group);
        format!("/{}", below.display())
    }

    /// How many processes of the program's own group the memory killer has ended, whoever's limit it was for.
    pub(super) fn kills(&self) -> Option<u64> {
        let text = fs::read_to_string(self.own.join(self.files.kills)).ok()?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("oom_kill "))?;
        line.trim().parse().ok()
    }
}

/// What the groups of a system allow whose files lie under `root`.
pub(super) fn limits(root: &Path) -> Vec<Limit> {
    let all = Hierarchy::all(root);
    all.iter().flat_map(Hierarchy::limits).collect()
}

/// A field of the list of mounts: blanks are written by their octal numbers there.
fn unescaped(field: &str) -> String {
    let numbers = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    let replace = |text: String, (number, sign): (&str, &str)| text.replace(number, sign);
    numbers.into_iter().fold(field.to_owned(), replace)
}

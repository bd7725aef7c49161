//! How often the system's memory killer has struck. Who was ended by it learns nothing; these counts go on.

use std::fs;
use std::path::Path;

use super::groups::Hierarchy;

/// Processes that the memory killer has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kills {
    /// This start of this machine, with which counts begin.
    pub boot: String,
    /// The program's control group.
    pub group: String,
    /// Processes of that group, where it counts them.
    pub in_group: Option<u64>,
    /// Processes of the whole machine, where that is counted.
    pub on_machine: Option<u64>,
}

/// The counts as they stand; none where the system does not tell.
pub fn kills() -> Option<Kills> {
    kills_under(Path::new("/"))
}

/// The same of a system whose files lie under `root`.
fn kills_under(root: &Path) -> Option<Kills> {
    let boot = fs::read_to_string(root.join("proc/sys/kernel/random/boot_id")).ok()?;
    let statistics = fs::read_to_string(root.join("proc/vmstat")).unwrap_or_default();
    let mut lines = statistics.lines();
    let on_machine = lines.find_map(|line| line.strip_prefix("oom_kill "));
    let hierarchies = Hierarchy::all(root);
    let counted = hierarchies.iter().find_map(|hierarchy| {
        let kills = hierarchy.kills()?;
        Some((hierarchy.name(&hierarchy.own), kills))
    });
    let (group, in_group) = counted.unzip();
    Some(Kills {
        boot: boot.trim().to_owned(),
        group: group.unwrap_or_default(),
        in_group,
        on_machine: on_machine.and_then(|count| count.trim().parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    fn of(files: &[(&str, &str)]) -> Option<Kills> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        kills_under(root.path())
    }

    const BOOT: (&str, &str) = ("proc/sys/kernel/random/boot_id", "b-1\n");
    const MACHINE: (&str, &str) = ("proc/vmstat", "oom_kill_disable 9\noom_kill 4\n");

    fn counted(group: &str, in_group: Option<u64>, on_machine: Option<u64>) -> Option<Kills> {
        let (boot, group) = ("b-1".to_owned(), group.to_owned());
        Some(Kills {
            boot,
            group,
            in_group,
            on_machine,
        })
    }

    #[test]
    fn both_versions_of_groups_and_the_machine_are_counted() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[BOOT, MACHINE]), counted("", None, Some(4)));
        let version_2 = [
            BOOT,
            MACHINE,
            (
                "proc/self/mountinfo",
                "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            ),
            ("proc/self/cgroup", "0::/job.slice/step\n"),
            (
                "sys/fs/cgroup/job.slice/step/memory.events",
                "low 0\nhigh 3\nmax 5\noom 2\noom_kill 2\noom_group_kill 1\n",
            ),
        ];
        assert_eq!(of(&version_2), counted("/job.slice/step", Some(2), Some(4)));
        let version_1 = [
            BOOT,
            (
                "proc/self/mountinfo",
                "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                 41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            ),
            ("proc/self/cgroup", "4:memory:/docker/4f2a\n0::/\n"),
            (
                "sys/fs/cgroup/memory/docker/4f2a/memory.oom_control",
                "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n",
            ),
        ];
        assert_eq!(of(&version_1), counted("/docker/4f2a", Some(7), None));
    }
}

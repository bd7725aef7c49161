//! Whom the system's memory killer ended, by counts that go on while nobody looks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Processes that the memory killer has ended, as counted at some moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryKills {
    /// The start of the machine with which the counts began.
    pub boot: String,
    /// The program's control group.
    pub group: String,
    /// Processes of that group, where it counts them.
    pub in_group: Option<u64>,
    /// Processes of the whole machine, where that is counted.
    pub on_machine: Option<u64>,
}

/// What two counts tell of the time between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Killed {
    /// So many processes of the program's own group were ended.
    InGroup(u64, String),
    /// So many of the machine were; whose, is not known.
    OnMachine(u64),
    /// None was.
    Nobody,
}

impl MemoryKills {
    /// Whom the memory killer ended since `before`; none where these counts do not tell.
    pub fn since(&self, before: &Self) -> Option<Killed> {
        if self.boot != before.boot {
            return None;
        }
        let more = |now: Option<u64>, then: Option<u64>| now?.checked_sub(then?);
        let in_group = match self.group == before.group {
            true => more(self.in_group, before.in_group),
            // The program runs in another group now, and the one of before counts unseen.
            false => None,
        };
        let on_machine = more(self.on_machine, before.on_machine);
        match (in_group, on_machine) {
            (Some(count @ 1..), _) => Some(Killed::InGroup(count, self.group.clone())),
            (_, Some(0)) | (Some(0), None) => Some(Killed::Nobody),
            // Its own group lost none, unless it is another of the same name.
            (Some(0), Some(count)) | (None, Some(count)) => Some(Killed::OnMachine(count)),
            (None, None) => None,
        }
    }
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processes = |count: u64| match count {
            1 => "one process".to_owned(),
            _ => format!("{count} processes"),
        };
        match self {
            Self::InGroup(count, group) => write!(
                f,
                "since then the system's memory killer has ended {} of control group {group}, and this program with \
                 all likelihood",
                processes(*count)
            ),
            Self::OnMachine(count) => write!(
                f,
                "since then the system's memory killer has ended {} on this machine, perhaps this program",
                processes(*count)
            ),
            Self::Nobody => f.write_str(
                "it was killed or it crashed; the system's memory killer has ended nobody since then",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(boot: &str, group: &str, in_group: u64, on_machine: u64) -> MemoryKills {
        MemoryKills {
            boot: boot.to_owned(),
            group: group.to_owned(),
            in_group: Some(in_group),
            on_machine: Some(on_machine),
        }
    }

    #[test]
    fn only_counts_of_one_kind_are_compared() {
        let before = counts("b", "/job", 2, 7);
        let since = |now: MemoryKills| now.since(&before);
        let group = Killed::InGroup(1, "/job".to_owned());
        assert_eq!(since(counts("b", "/job", 3, 8)), Some(group));
        assert_eq!(since(counts("b", "/job", 2, 7)), Some(Killed::Nobody));
        let machine = Some(Killed::OnMachine(2));
        assert_eq!(since(counts("b", "/job", 2, 9)), machine);
        assert_eq!(since(counts("b", "/other", 5, 9)), machine);
        assert_eq!(since(counts("b", "/other", 5, 7)), Some(Killed::Nobody));
        assert_eq!(since(counts("another", "/job", 9, 9)), None);
        // A group of the same name that was made anew.
        assert_eq!(since(counts("b", "/job", 0, 8)), Some(Killed::OnMachine(1)));
        let silent = MemoryKills {
            in_group: None,
            on_machine: None,
            ..before.clone()
        };
        assert_eq!(since(silent), None);
    }
}

//! Who holds a lock, in one line of text that people and programs read.
//!
//! A number of a process means something on its machine, since its start, and among the processes that see each other:
//! only there can be told whether it has ended.

use std::fmt;

/// A process, as it says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    /// "process 7 on HOST"; empty where it did not say.
    who: String,
    /// Where its number counts; none where that is not known.
    place: Option<Place>,
}

/// Where and when a number of a process means this process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    process: i32,
    /// In ticks since the machine was started.
    started: u64,
    /// This start of this machine.
    boot: String,
    /// The processes that see each other.
    namespace: String,
}

/// What can be known of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is there.
    Alive,
    /// It is not there any more.
    Ended,
    /// It may live on another machine, or among processes that this one does not see.
    Unknown,
}

impl Owner {
    /// This process.
    pub(super) fn this() -> Self {
        Self {
            who: format!("process {} on {}", std::process::id(), host()),
            place: here(),
        }
    }

    /// The owner that a text names; none where there is no text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let printable: String = text.chars().filter(|c| !c.is_control()).collect();
        if printable.trim().is_empty() {
            return None;
        }
        let (who, place) = match printable.split_once(" (") {
            Some((who, place)) => (who, place.strip_suffix(')')),
            None => (printable.as_str(), None),
        };
        Some(Self {
            who: who.trim().to_owned(),
            place: place.and_then(|place| Place::parse(who, place)),
        })
    }

    /// Its name, for people.
    pub(super) fn who(&self) -> String {
        match self.who.is_empty() {
            true => "a process that did not say its number".to_owned(),
            false => self.who.clone(),
        }
    }

    /// Whether it is still there.
    pub(super) fn standing(&self) -> Standing {
        let (Some(place), Some(here)) = (&self.place, here()) else {
            return Standing::Unknown;
        };
        if (&place.boot, &place.namespace) != (&here.boot, &here.namespace) {
            return Standing::Unknown;
        }
        match started(place.process) == Some(place.started) {
            true => Standing::Alive,
            false => Standing::Ended,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.who())?;
        let Some(place) = &self.place else {
            return Ok(());
        };
        let Place {
            started,
            boot,
            namespace,
            ..
        } = place;
        write!(f, " (start {started}, boot {boot}, namespace {namespace})")
    }
}

impl Place {
    fn parse(who: &str, text: &str) -> Option<Self> {
        let process = who.strip_prefix("process ")?.split_once(' ')?.0;
        let mut parts = text.split(", ");
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix(' ');
        Some(Self {
            process: process.parse().ok()?,
            started: part("start")?.parse().ok()?,
            boot: part("boot")?.to_owned(),
            namespace: part("namespace")?.to_owned(),
        })
    }
}

/// This process's place.
#[cfg(target_os = "linux")]
fn here() -> Option<Place> {
    let process = i32::try_from(std::process::id()).ok()?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(Place {
        process,
        started: started(process)?,
        boot: boot.trim().to_owned(),
        namespace: namespace.to_str()?.trim_start_matches("pid:").to_owned(),
    })
}

#[cfg(not(target_os = "linux"))]
fn here() -> Option<Place> {
    None
}

/// When a process of this machine was started; none where it has ended.
#[cfg(target_os = "linux")]
fn started(process: i32) -> Option<u64> {
    let status = procfs::process::Process::new(process).ok()?.stat().ok()?;
    // One that nobody has asked for its end stays in the list.
    (!matches!(status.state, 'Z' | 'X')).then_some(status.starttime)
}

#[cfg(not(target_os = "linux"))]
fn started(_: i32) -> Option<u64> {
    None
}

/// This machine's name, for people.
fn host() -> String {
    let from_file = |path| std::fs::read_to_string(path).ok();
    let from_variable = |name| std::env::var(name).ok();
    from_file("/proc/sys/kernel/hostname")
        .or_else(|| from_file("/etc/hostname"))
        .or_else(|| from_variable("HOSTNAME"))
        .or_else(|| from_variable("COMPUTERNAME"))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "an unnamed machine".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;

    #[test]
    fn an_owner_is_read_as_it_was_written() {
        let this = Owner::this();
        assert_eq!(Owner::parse(&this.to_string()), Some(this));
        assert_eq!(Owner::parse(" \n"), None);
        let before = Owner::parse("process 7 on there").unwrap();
        assert_eq!(before.to_string(), "process 7 on there");
        assert_eq!(before.standing(), Standing::Unknown);
        let nobody = Owner::default().to_string();
        assert_eq!(nobody, "a process that did not say its number");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_a_process_that_could_be_seen_is_known_to_have_ended() {
        let this = Owner::this();
        assert_eq!(this.standing(), Standing::Alive);
        let with = |change: &dyn Fn(&mut Place)| {
            let mut place = this.place.clone().unwrap();
            change(&mut place);
            let place = Some(place);
            let owner = Owner {
                place,
                ..this.clone()
            };
            owner.standing()
        };
        assert_eq!(with(&|place| place.started += 1), Standing::Ended);
        assert_eq!(with(&|place| place.process = i32::MAX), Standing::Ended);
        let elsewhere = |place: &mut Place| place.boot = "another".to_owned();
        assert_eq!(with(&elsewhere), Standing::Unknown);
        let apart = |place: &mut Place| place.namespace = "[1]".to_owned();
        assert_eq!(with(&apart), Standing::Unknown);
    }
}

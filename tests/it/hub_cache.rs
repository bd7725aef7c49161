//! A cache in which others have written: nothing is read or written outside it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use autopeft::hub::{Hub, Repository};
use insta::assert_snapshot;
use sha2::{Digest, Sha256};

use super::hub_hostile::{config, hub};
use crate::support::hostile_hub::HostileHub;
use crate::support::hub_server::{COMMIT, hexadecimal};

/// A home with a cache, and a hub whose files are all `{}`, by their digest.
struct Lab {
    folder: tempfile::TempDir,
    server: HostileHub,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("victim"), "precious").unwrap();
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        let server = HostileHub::with(&[("ETag", &format!("\"{}\"", blob()))], "{}");
        Self { folder, server }
    }

    fn hub(&self, more: &[(&str, &str)]) -> Hub {
        hub(&self.server.endpoint, &self.folder.path().join("hf"), more)
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("hf/hub")
    }

    /// A path in the repository's folder, with the folders above it.
    fn path(&self, name: &str) -> PathBuf {
        let path = self.cache().join("models--owner--model").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// What came of asking for the configuration; neither victim nor elsewhere was touched.
    fn fetch(&self, more: &[(&str, &str)]) -> Result<String, String> {
        let fetched = config(&self.hub(more));
        let victim = self.folder.path().join("victim");
        assert_eq!(fs::read(victim).unwrap(), b"precious");
        let elsewhere = self.folder.path().join("elsewhere");
        assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
        let home = self.folder.path().to_str().unwrap();
        fetched
            .map(|path| fs::read_to_string(path).unwrap())
            .map_err(|error| error.to_string().replace(home, "HOME"))
    }
}

fn blob() -> String {
    hexadecimal(&Sha256::digest(b"{}"))
}

const OFFLINE: &[(&str, &str)] = &[("HF_HUB_OFFLINE", "1")];

#[test]
fn a_reference_that_is_no_commit_is_none() {
    for planted in ["../../..", "/etc", "", "main", &"0".repeat(1 << 20)] {
        let lab = Lab::new();
        fs::write(lab.path("refs/main"), planted).unwrap();
        let message = lab.fetch(OFFLINE).unwrap_err();
        assert!(
            message.contains("`config.json` is not in the cache"),
            "{message}"
        );
        assert_eq!(lab.fetch(&[]).as_deref(), Ok("{}"));
        assert_eq!(fs::read_to_string(lab.path("refs/main")).unwrap(), COMMIT);
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let digest = blob();
    for planted in [
        "refs/main".to_owned(),
        format!("blobs/{digest}"),
        format!("blobs/{digest}.incomplete"),
    ] {
        let lab = Lab::new();
        symlink(lab.folder.path().join("victim"), lab.path(&planted)).unwrap();
        assert_eq!(lab.fetch(&[]).as_deref(), Ok("{}"), "{planted}");
        // A second name of the victim is none of ours either.
        let lab = Lab::new();
        fs::hard_link(lab.folder.path().join("victim"), lab.path(&planted)).unwrap();
        assert_eq!(lab.fetch(&[]).as_deref(), Ok("{}"), "{planted}");
    }
}

#[test]
fn a_folder_of_the_cache_that_leads_elsewhere_is_refused() {
    let message = |planted: &str| {
        let lab = Lab::new();
        symlink(lab.folder.path().join("elsewhere"), lab.path(planted)).unwrap();
        lab.fetch(&[]).unwrap_err()
    };
    assert_snapshot!(message("refs"), @"model `owner/model`: `config.json` cannot be kept in the cache: HOME/hf/hub/models--owner--model/refs: it is a link that leads out of the cache; see to it, or set HF_HOME to a folder that can be written");
    assert_snapshot!(message("blobs"), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` cannot be kept in the cache: HOME/hf/hub/models--owner--model/blobs: it is a link that leads out of the cache; see to it, or set HF_HOME to a folder that can be written");
    assert_snapshot!(message("snapshots"), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` cannot be kept in the cache: HOME/hf/hub/models--owner--model/snapshots: it is a link that leads out of the cache; see to it, or set HF_HOME to a folder that can be written");
    assert_snapshot!(message(&format!("snapshots/{COMMIT}")), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` cannot be kept in the cache: HOME/hf/hub/models--owner--model/snapshots/0123456789abcdef0123456789abcdef01234567: it is a link that leads out of the cache; see to it, or set HF_HOME to a folder that can be written");
    assert_snapshot!(message("../.locks"), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` cannot be kept in the cache: HOME/hf/hub/.locks: it is a link that leads out of the cache; see to it, or set HF_HOME to a folder that can be written");
}

#[test]
fn a_file_of_the_cache_that_leads_elsewhere_is_not_read() {
    let message = |more| {
        let lab = Lab::new();
        fs::write(lab.path("refs/main"), COMMIT).unwrap();
        let pointer = lab.path(&format!("snapshots/{COMMIT}/config.json"));
        symlink("../../../../../victim", pointer).unwrap();
        lab.fetch(more).unwrap_err()
    };
    let offline = message(OFFLINE);
    assert_eq!(offline, message(&[]));
    assert_snapshot!(offline, @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: HOME/hf/hub/models--owner--model/snapshots/0123456789abcdef0123456789abcdef01234567/config.json is a link that leads out of the cache HOME/hf/hub, so it is not read; delete it, and `config.json` is fetched anew");
}

#[test]
fn what_is_no_file_is_waited_for_by_nobody() {
    let digest = blob();
    for planted in [
        "refs/main".to_owned(),
        format!("snapshots/{COMMIT}/config.json"),
        format!("blobs/{digest}.incomplete"),
    ] {
        let lab = Lab::new();
        let pipe = lab.path(&planted);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert_eq!(lab.fetch(&[]).as_deref(), Ok("{}"), "{planted}");
    }
    let lab = Lab::new();
    let lock = lab
        .cache()
        .join(format!(".locks/models--owner--model/{digest}.lock"));
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    symlink(lab.folder.path().join("victim"), lock).unwrap();
    assert_snapshot!(lab.fetch(&[]).unwrap_err().replace(&digest, "DIGEST"), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` cannot be kept in the cache: HOME/hf/hub/.locks/models--owner--model/DIGEST.lock: it is no file, so it cannot be the lock of a download; see to it, or set HF_HOME to a folder that can be written");
}

#[test]
fn the_cache_and_a_repository_may_lie_on_another_disk() {
    let lab = Lab::new();
    let disk = lab.folder.path().join("disk");
    fs::create_dir_all(disk.join("cache")).unwrap();
    fs::create_dir_all(disk.join("model")).unwrap();
    fs::create_dir(lab.folder.path().join("hf")).unwrap();
    symlink(disk.join("cache"), lab.cache()).unwrap();
    symlink(disk.join("model"), lab.cache().join("models--owner--model")).unwrap();
    assert_eq!(lab.fetch(&[]).as_deref(), Ok("{}"));
    assert_eq!(lab.fetch(OFFLINE).as_deref(), Ok("{}"));
    assert!(disk.join("model/blobs").join(blob()).is_file());
}

#[test]
fn a_cache_that_cannot_be_written_is_told() {
    let server = HostileHub::with(&[], "{}");
    let message = config(&hub(&server.endpoint, Path::new("/dev/null"), &[])).unwrap_err();
    assert_snapshot!(message, @"model `owner/model`: `config.json` cannot be kept in the cache: /dev/null/hub: Not a directory (os error 20); see to it, or set HF_HOME to a folder that can be written");
    let lab = Lab::new();
    fs::create_dir_all(lab.path("refs/main/x")).unwrap();
    assert_snapshot!(lab.fetch(&[]).unwrap_err(), @"model `owner/model`: `config.json` cannot be kept in the cache: HOME/hf/hub/models--owner--model/refs/main: Is a directory (os error 21); see to it, or set HF_HOME to a folder that can be written");
}

#[test]
fn what_a_commit_lacks_is_not_written_through_a_link() {
    let lab = Lab::new();
    assert_eq!(lab.fetch(&[]).as_deref(), Ok("{}"));
    let lacking = HostileHub::start(|_, stream| {
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        crate::support::hostile_hub::send(stream, answer);
    });
    let absence = lab.path(&format!(".no_exist/{COMMIT}/vocab.txt"));
    symlink(lab.folder.path().join("elsewhere/new"), &absence).unwrap();
    let repository = Repository::model("owner/model", COMMIT);
    let hub = hub(&lacking.endpoint, &lab.folder.path().join("hf"), &[]);
    let found = hub.file_if_there(&repository, "vocab.txt", &mut |_| {});
    assert!(matches!(found, Ok(None)), "{found:?}");
    assert!(!lab.folder.path().join("elsewhere/new").exists());
}

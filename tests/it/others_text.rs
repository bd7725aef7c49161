//! Text of others, wherever it comes from, in everything that every command prints: what a terminal would obey is
//! written out, and no line is anybody's but ours.
#![cfg(unix)]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use autopeft::visible::is_hidden;
use insta::assert_snapshot;

use crate::support::tiny;

/// Begins a line that looks like ours, in every way that a terminal may take for a line's end, and commands it.
const EVIL: &str = "e\u{1b}]0;t\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{61c}\u{200b}\u{ad}\u{e0041}\u{7f}\u{8}\
    \nFAKE 1\rFAKE 2\u{2028}FAKE 3\u{85}FAKE 4\u{b}FAKE 5\r\nFAKE 6";

struct Lab(tempfile::TempDir);

impl Lab {
    /// A folder with a hostile name in which every name is hostile but the study's, which its rules keep plain.
    fn new() -> Self {
        let lab = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(lab.path(&format!("model{EVIL}"))).unwrap();
        tiny::model_folder(&lab.path(&format!("model{EVIL}")));
        let row = |i: usize| {
            let (text, label) = tiny::sentence(i);
            let row = serde_json::json!({ format!("text{EVIL}"): text, format!("label{EVIL}"): format!("{EVIL}{label}"), "id": format!("{EVIL}{i}") });
            format!("{row}\n")
        };
        let rows = |numbers: std::ops::Range<usize>| numbers.map(row).collect::<String>();
        fs::write(lab.path(&format!("train{EVIL}.jsonl")), rows(0..64)).unwrap();
        fs::write(lab.path(&format!("dev{EVIL}.jsonl")), rows(64..96)).unwrap();
        lab.study("", "");
        lab
    }

    /// Writes the study with further keys of `[task]` and further sections.
    fn study(&self, task: &str, more: &str) {
        let value = |text: String| autopeft::visible::quoted(&text);
        let study = format!(
            "[study]\nname = \"evil\"\n[model]\npath = {}\n[task]\nname = {}\ntrain_file = {}\nvalidation_file = {}\n\
             text_columns = [{}]\nlabel_column = {}\nmetric = \"f1\"\npositive_label = {}\nvalidation = \"dev\"\n{task}\n\
             [space]\nsizes = [0, 1, 4]\n[search]\ntrials = 3\ninitial_trials = 3\n[training]\nlearning_rate = 1e-2\n\
             max_length = 12\nbatch_size = 8\nepochs = 2\nprefix_bottleneck = 8\n[fidelity]\nepochs = 1\n{more}\n",
            value(format!("model{EVIL}")),
            value(format!("task{EVIL}")),
            value(format!("train{EVIL}.jsonl")),
            value(format!("dev{EVIL}.jsonl")),
            value(format!("text{EVIL}")),
            value(format!("label{EVIL}")),
            value(format!("{EVIL}1")),
        );
        fs::write(self.file(), study).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("lab{EVIL}")).join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("evil.toml")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_autopeft-tui"));
        let command = command.current_dir(self.path("")).args(arguments);
        // Of the program itself; the tensor library tells of every allocation.
        command.env("AUTOPEFT_LOG", "autopeft=trace,warn");
        let output = command.stdin(Stdio::null()).output().unwrap();
        plain(arguments, &output.stdout);
        plain(arguments, &output.stderr);
        output
    }

    /// A command on the study that ends with this code; standard output and error.
    fn ends(&self, code: i32, arguments: &[&str]) -> [String; 2] {
        let output = self.run(arguments);
        let [out, told] = [output.stdout, output.stderr].map(|b| String::from_utf8(b).unwrap());
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{out}\n{told}"
        );
        [out, told]
    }
}

/// Holds that nothing in it commands a terminal, and that no line is of a value's making.
fn plain(what: &[&str], bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    let hidden: Vec<char> = text
        .chars()
        .filter(|c| *c != '\n' && is_hidden(*c))
        .collect();
    assert!(hidden.is_empty(), "{what:?}: {hidden:?} in {text:?}");
    for line in text.lines() {
        assert!(
            !line.trim_start().starts_with("FAKE"),
            "{what:?}: {line:?} in {text}"
        );
    }
}

#[test]
fn no_command_passes_on_what_a_terminal_would_obey() {
    let lab = Lab::new();
    let runs = format!("runs{EVIL}");
    let study = ["evil.toml", "--runs", &runs, "--device", "cpu"];
    let with = |command: &[&'static str], more: &[&'static str]| -> Vec<&str> {
        [command, &study, more].concat()
    };
    let done = |command: &[&'static str], more: &[&'static str]| lab.ends(0, &with(command, more));
    let [checked, _] = done(&["check"], &[]);
    assert!(checked.contains(r"classes: e\u001b]0;t\u0007"), "{checked}");
    done(&["run"], &["--headless"]);
    let [events, _] = done(&["run"], &["--json", "--trials", "4"]);
    for line in events.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let [status, _] = done(&["status"], &[]);
    let is_row = |line: &&str| line.trim_start().starts_with('#');
    assert_eq!(status.lines().filter(is_row).count(), 4, "{status}");
    let [status, _] = done(&["status"], &["--json"]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["trials"].as_array().unwrap().len(), 4);
    done(&["watch"], &["--picture", "screen.svg"]);
    done(&["export"], &[]);
    done(&["evaluate"], &["--seeds", "1", "--baselines", "none"]);
    done(&["report"], &[]);
    done(&["fidelity"], &["--configurations", "3"]);
    let export = format!("{runs}/evil/export");
    let [verified, _] = lab.ends(0, &["verify", &export, "--device", "cpu", "--predictions"]);
    assert!(verified.contains("same score"), "{verified}");
    fs::copy(lab.file(), lab.path("other.toml")).unwrap();
    let other = fs::read_to_string(lab.file()).unwrap();
    fs::write(
        lab.path("other.toml"),
        other.replace("name = \"evil\"", "name = \"other\""),
    )
    .unwrap();
    done(
        &["transfer"],
        &["--seeds", "1", "--baselines", "none", "--to", "other.toml"],
    );
    for command in [&["keys"][..], &["man"], &["--help"], &["--version"]] {
        lab.ends(0, command);
    }
    for shell in ["bash", "zsh", "fish"] {
        lab.ends(0, &["completions", shell]);
    }
    for document in ["report.html", "report.md", "evaluation.md"] {
        let text = fs::read(lab.path(&format!("{runs}/evil/{document}"))).unwrap();
        plain(&[document], &text);
    }
}

#[test]
fn no_refusal_passes_on_what_a_terminal_would_obey() {
    let lab = Lab::new();
    let evil_value = autopeft::visible::quoted(EVIL);
    // Keys and values of a study file that are no good, and the parser's own words about them.
    for (task, more) in [
        (format!("{evil_value} = 1"), String::new()),
        (format!("format = {evil_value}"), String::new()),
        (
            format!("labels = [{evil_value}, {evil_value}]"),
            String::new(),
        ),
        (String::new(), format!("[{evil_value}]\na = 1")),
        (
            String::new(),
            "[output]\nkeep_adapters = \u{1b}[2J\u{202e}".to_owned(),
        ),
        (String::new(), format!("# {}", EVIL.replace('\n', "\\n"))),
    ] {
        lab.study(&task, &more);
        for command in ["check", "status", "run", "export", "report", "evaluate"] {
            lab.ends(2, &[command, "evil.toml"]);
        }
    }
    lab.study("", "");
    for name in ["train", "dev", "model"] {
        let text = fs::read_to_string(lab.file()).unwrap();
        let absent = text.replace(&format!("\"{name}e"), &format!("\"no {name}e"));
        assert_ne!(absent, text);
        fs::write(lab.path("absent.toml"), absent).unwrap();
        lab.ends(2, &["check", "absent.toml"]);
    }
    let evil_study = format!("{EVIL}.toml");
    for wrong in [
        &["check", EVIL][..],
        &["init", &evil_study, "--train", EVIL],
        &["init", "new.toml", "--train", EVIL, "--model", EVIL],
        &["init", "new.toml", "--train", "evil.toml", "--model", EVIL],
        &["--runs", "a", EVIL, EVIL],
        &[EVIL, EVIL],
        &["run", "evil.toml", EVIL],
        &["run", "evil.toml", "--device", EVIL],
        &["run", "evil.toml", "--trials", EVIL],
        &["export", "evil.toml", "--format", EVIL],
        &["watch", "evil.toml", "--size", EVIL],
        &["completions", EVIL],
    ] {
        let refused = lab.run(wrong).status.code();
        assert!(matches!(refused, Some(1 | 2)), "{wrong:?}: {refused:?}");
    }
    lab.ends(1, &["status", "evil.toml", "--runs", EVIL]);
    lab.ends(1, &["verify", EVIL]);
    let [_, told] = lab.ends(2, &["run", "evil.toml", "--device", "cpu\nFAKE\u{1b}[2J"]);
    assert_snapshot!(told, @r"
    error: invalid value 'cpu\nFAKE\u001b[2J' for '--device <DEVICE>': `cpu\nFAKE\u001b[2J` is no device: expected `auto`, `cpu`, `cuda[:N]` or `wgpu[:N]` with N from 0

    For more information, try '--help'.
    ");
    let [_, told] = lab.ends(2, &["check", "a\nFAKE\u{202e}.toml"]);
    assert_snapshot!(told, @r"error: cannot read the study file a\nFAKE\u202e.toml: No such file or directory (os error 2)");
}

#[test]
fn names_that_are_no_text_are_shown_or_refused() {
    let lab = Lab::new();
    let bad = std::ffi::OsStr::from_bytes(b"a\xff\x1b[2J.jsonl");
    let name = format!("train{EVIL}.jsonl");
    if fs::copy(lab.path(&name), lab.path("").join(bad)).is_err() {
        // A file system that has no such names needs no words for them.
        return;
    }
    let model = format!("model{EVIL}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_autopeft-tui"));
    command
        .current_dir(lab.path(""))
        .args(["init", "new.toml", "--model", &model, "--train"])
        .arg(bad);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    plain(&["init"], told.as_bytes());
    assert_eq!(output.status.code(), Some(2), "{told}");
    let folder = lab.0.path().canonicalize().unwrap().display().to_string();
    let told = told
        .replace(&folder, "LAB")
        .replace(&autopeft::visible::visible(EVIL), "EVIL");
    assert_snapshot!(told, @r"error: LAB/labEVIL/a�\u001b[2J.jsonl: this name is not UTF-8, so that no study file can say it; rename the file or folder");
    assert!(!lab.path("new.toml").exists());
}

/// A line of a journal whose sum is right.
fn record(json: &str) -> String {
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
}

#[test]
fn a_reason_with_line_ends_fakes_no_trial() {
    let lab = Lab::new();
    let folder = lab.path("runs/evil");
    fs::create_dir_all(&folder).unwrap();
    let reason = serde_json::Value::from(
        "lost\n    7   finished     0.9999     0.1000       1.0  serial 1\u{1b}[2J",
    );
    let golden = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/journal/format-3.jsonl"),
    )
    .unwrap();
    let journal: String = golden
        .lines()
        // It stays failed.
        .filter(|line| !line.contains("\"trial_retried\",\"trial\":2"))
        .map(|line| match line.contains("\"trial_pruned\"") {
            true => record(&format!(
                r#"{{"unix_seconds":1795824000.25,"record":"trial_failed","trial":2,"cause":{{"error":{{"said":{reason}}}}}}}"#
            )),
            false => format!("{line}\n"),
        })
        .collect();
    fs::write(folder.join("journal.jsonl"), journal).unwrap();
    let [status, _] = lab.ends(0, &["status", "evil.toml"]);
    let rows: Vec<&str> = status
        .lines()
        .filter(|line| line.contains("lost"))
        .collect();
    assert_eq!(rows.len(), 1, "{status}");
    assert_snapshot!(rows[0].trim_start(), @r"#2   failed             -                -     2.4000         -  serial 1 in layers 0: lost\n    7   finished     0.9999     0.1000       1.0  serial 1\u001b[2J");
}

//! What lies where a study keeps files of its own, and is not its own: it is refused, and stays as it is.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use insta::assert_snapshot;

use crate::support::lab::Lab;

const RUN: [&str; 5] = ["run", "study.toml", "--headless", "--device", "cpu"];

fn refusal(lab: &Lab) -> String {
    lab.told(&lab.output(&RUN))
}

#[test]
fn links_in_the_places_of_a_studys_own_files_are_not_followed() {
    let lab = Lab::new(4, 1);
    fs::create_dir_all(lab.path("runs/tiny")).unwrap();
    fs::create_dir(lab.path("precious")).unwrap();
    let files = [
        "trial-99.training",
        ".a.partial-123",
        "trial-0.safetensors",
        "note",
    ];
    let files = files.map(|name| lab.path("precious").join(name));
    files
        .iter()
        .for_each(|file| fs::write(file, "precious").unwrap());
    let mut told = Vec::new();
    for (place, target) in [
        ("journal.jsonl", "absent"),
        ("weights", ""),
        ("under-way", ""),
    ] {
        let place = lab.path("runs/tiny").join(place);
        symlink(lab.path("precious").join(target), &place).unwrap();
        told.push(refusal(&lab));
        fs::remove_file(place).unwrap();
    }
    fs::write(lab.path("runs/tiny/under-way"), "a file").unwrap();
    told.push(refusal(&lab));
    for file in files {
        assert_eq!(fs::read_to_string(file).unwrap(), "precious");
    }
    assert!(!lab.path("precious/absent").exists());
    assert_snapshot!(told.join(""), @r"
    exit code 1
    error: cannot open runs/tiny/journal.jsonl: it is a link; expected a file; move it away, or keep the runs elsewhere with --runs
    exit code 1
    error: runs/tiny/weights is a link; expected a folder of this study's own, in which files are written and deleted: move it away
    exit code 1
    error: runs/tiny/under-way is a link; expected a folder of this study's own, in which files are written and deleted: move it away
    exit code 1
    error: runs/tiny/under-way is a file; expected a folder of this study's own, in which files are written and deleted: move it away
    ");
}

#[test]
fn a_journal_whose_line_ends_were_lost_is_kept() {
    let lab = Lab::new(4, 2);
    lab.text(&RUN);
    let journal = lab.path("runs/tiny/journal.jsonl");
    let whole = fs::read(&journal).unwrap();
    let lines = whole.split_inclusive(|&byte| byte == b'\n');
    let with = |end: &[u8]| {
        let joined = lines
            .clone()
            .flat_map(|line| [&line[..line.len() - 1], end].concat());
        joined.collect::<Vec<u8>>()
    };
    let mut told = Vec::new();
    for altered in [
        with(b"\r"),
        with(b""),
        b"my note".to_vec(),
        b"my note\n".to_vec(),
    ] {
        fs::write(&journal, &altered).unwrap();
        told.push(refusal(&lab));
        assert_eq!(fs::read(&journal).unwrap(), altered);
    }
    assert_snapshot!(told.join(""), @r"
    exit code 1
    error: runs/tiny/journal.jsonl is no journal: it is one line that no program left half written. Nothing was changed. Its lines may have been given the ends of another system; give them back their own: mv 'runs/tiny/journal.jsonl' 'runs/tiny/journal.jsonl.one-line' && tr '\r' '\n' < 'runs/tiny/journal.jsonl.one-line' > 'runs/tiny/journal.jsonl'
    exit code 1
    error: runs/tiny/journal.jsonl is no journal: it is one line that no program left half written. Nothing was changed. Put a copy from before in its place; or, where it is not this study's, move it away: mv 'runs/tiny/journal.jsonl' 'runs/tiny/journal.jsonl.one-line'
    exit code 1
    error: runs/tiny/journal.jsonl is no journal: it is one line that no program left half written. Nothing was changed. Put a copy from before in its place; or, where it is not this study's, move it away: mv 'runs/tiny/journal.jsonl' 'runs/tiny/journal.jsonl.one-line'
    exit code 1
    error: runs/tiny/journal.jsonl is no journal: it is one line that no program left half written. Nothing was changed. Put a copy from before in its place; or, where it is not this study's, move it away: mv 'runs/tiny/journal.jsonl' 'runs/tiny/journal.jsonl.one-line'
    ");

    fs::write(&journal, with(b"\r")).unwrap();
    let advice = told[0].split("their own: ").nth(1).unwrap();
    let mut command = Command::new("sh");
    let followed = command
        .args(["-c", advice.trim()])
        .current_dir(lab.folder.path())
        .status();
    assert!(followed.unwrap().success());
    assert_eq!(fs::read(&journal).unwrap(), whole);
    lab.text(&RUN);
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let lab = Lab::new(4, 1);
    let mut command = Command::new("sh");
    let limited = "ulimit -f 2; exec \"$0\" \"$@\"";
    command
        .args(["-c", limited, env!("CARGO_BIN_EXE_autopeft-tui")])
        .args(RUN);
    let output = command.current_dir(lab.folder.path()).output().unwrap();
    assert_snapshot!(lab.told(&output), @r"
    exit code 1
    error: cannot write to runs/tiny/journal.jsonl: File too large (os error 27); raise the limit on the size of files (`ulimit -f`). Everything before it is safe: run the same command again to go on
    ");
}

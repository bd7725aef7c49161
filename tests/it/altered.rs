//! Journals that something else has altered and sealed again: every command says what is wrong with them.

use std::fs;
use std::process::Output;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::support::lab::Lab;

/// A journal with a trial of every kind.
const JOURNAL: &str = include_str!("../golden/journal/format-3.jsonl");

/// Puts the journal there, each line with the checksum of what it says now.
fn put(lab: &Lab, journal: &str) {
    let sealed = journal.lines().map(|line| {
        let json = &line[9..];
        format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
    });
    fs::create_dir_all(lab.path("runs/tiny")).unwrap();
    fs::write(
        lab.path("runs/tiny/journal.jsonl"),
        sealed.collect::<String>(),
    )
    .unwrap();
}

/// What each command says that reads a journal alone; all say the same.
fn said(lab: &Lab) -> String {
    let commands: [&[&str]; 5] = [
        &["status", "study.toml"],
        &["status", "study.toml", "--json"],
        &["watch", "study.toml", "--picture", "screen.svg"],
        &["report", "study.toml"],
        &["run", "study.toml", "--headless", "--device", "cpu"],
    ];
    let told = commands.map(|command| {
        let begun = Instant::now();
        let output: Output = lab.output(command);
        assert!(begun.elapsed() < Duration::from_secs(20), "{command:?}");
        lab.told(&output)
    });
    assert!(told.iter().all(|words| *words == told[0]), "{told:#?}");
    told[0].clone()
}

#[test]
fn numbers_that_no_study_has_are_named_by_every_command() {
    let lab = Lab::new(4, 1);
    put(&lab, JOURNAL);
    lab.text(&["status", "study.toml"]);
    lab.text(&["watch", "study.toml", "--picture", "screen.svg"]);
    let alterations = [
        ("\"layers\":2,", "\"layers\":4000000000,"),
        (
            "\"candidate_layers\":[0,1]",
            "\"candidate_layers\":[0,4000000000]",
        ),
        (
            "\"layers\":[0,1]},\"origin\"",
            "\"layers\":[4000000000]},\"origin\"",
        ),
        (
            "\"modules\":{\"serial\":3}",
            "\"modules\":{\"serial\":18446744073709551615}",
        ),
        (
            "\"parameters_percent\":14.4",
            "\"parameters_percent\":1e308",
        ),
        (
            "\"report\":{\"epoch\":1",
            "\"report\":{\"epoch\":4000000000",
        ),
    ];
    let mut words = String::new();
    for (from, to) in alterations {
        assert!(JOURNAL.contains(from), "{from}");
        put(&lab, &JOURNAL.replacen(from, to, 1));
        words += &said(&lab);
    }
    let epoch = JOURNAL
        .split_inclusive('\n')
        .find(|line| line.contains("\"trial_epoch\""));
    let epoch = epoch.unwrap();
    put(&lab, &JOURNAL.replacen(epoch, &epoch.repeat(2), 1));
    words += &said(&lab);
    assert_snapshot!(words, @r"
    exit code 1
    error: runs/tiny/journal.jsonl: the journal's first record describes no study: it has 4000000000 layers, more than 1000; the journal was altered by something else
    exit code 1
    error: runs/tiny/journal.jsonl: the journal's first record describes no study: the layers to choose from are no ascending numbers below 2; the journal was altered by something else
    exit code 1
    error: runs/tiny/journal.jsonl: record 3 (trial #0 queued, but its layers are no numbers below 2) contradicts the records before it; the journal was altered by something else
    exit code 1
    error: runs/tiny/journal.jsonl: record 3 (trial #0 queued, but `serial` of size 18446744073709551615 is larger than any to choose from) contradicts the records before it; the journal was altered by something else
    exit code 1
    error: runs/tiny/journal.jsonl: record 8 (trial #0 finished, but its parameters are 1e308 % of the backbone) contradicts the records before it; the journal was altered by something else
    exit code 1
    error: runs/tiny/journal.jsonl: record 5 (epoch 4000000000 of trial #0, where its epoch 1 is next) contradicts the records before it; the journal was altered by something else
    exit code 1
    error: runs/tiny/journal.jsonl: record 6 (epoch 1 of trial #0, where its epoch 2 is next) contradicts the records before it; the journal was altered by something else
    ");
}

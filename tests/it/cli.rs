//! The built program's command line: help, exit codes, messages, and what needs no training.

use std::path::Path;
use std::process::{Command, Output};

fn autopeft(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_autopeft-tui"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn studies() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/studies"))
}

#[test]
fn help_names_every_subcommand_and_exit_code() {
    let output = autopeft(&["--help"], studies());
    assert_eq!(output.status.code(), Some(0));
    let help = out(&output);
    for word in [
        "run",
        "check",
        "status",
        "export",
        "keys",
        "completions",
        "man",
        "STUDY.toml",
        "130",
    ] {
        assert!(help.contains(word), "no {word} in {help}");
    }
}

#[test]
fn without_arguments_the_help_is_shown_as_a_mistake() {
    let output = autopeft(&[], studies());
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("Usage:"));
}

#[test]
fn a_bad_study_is_told_with_its_place_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let study = "[model]\nembedded = true\n[task]\nname = \"demo\"\n[search]\ntrails = 9\n";
    std::fs::write(folder.path().join("bad.toml"), study).unwrap();
    for arguments in [
        &["bad.toml"][..],
        &["run", "bad.toml", "--headless"],
        &["check", "bad.toml"],
        &["status", "bad.toml"],
        &["export", "bad.toml"],
    ] {
        let output = autopeft(arguments, folder.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let expected = "\
error: bad.toml:6:1: unknown key `trails` in [search]
  |
6 | trails = 9
  | ^^^^^^
  = did you mean `trials`?
";
        assert!(told(&output).starts_with(expected), "{}", told(&output));
        assert_eq!(out(&output), "");
    }
}

#[test]
fn bad_usage_ends_with_2() {
    for arguments in [
        &["run"][..],
        &["no-such-study.toml"],
        &["check", "quickstart.toml", "--device", "tpu"],
        &["check", "quickstart.toml", "--trials", "0"],
        &["export", "quickstart.toml", "--format", "xml"],
        &["fidelity", "quickstart.toml"],
    ] {
        let output = autopeft(arguments, studies());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(told(&output).starts_with("error: "), "{arguments:?}");
    }
}

#[test]
fn the_status_of_a_study_that_was_never_begun_says_how_to_begin() {
    let runs = tempfile::tempdir().unwrap();
    let runs = runs.path().to_str().unwrap();
    for command in ["status", "export"] {
        let output = autopeft(&[command, "quickstart.toml", "--runs", runs], studies());
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(told(&output).contains("never started"), "{}", told(&output));
    }
    assert_eq!(std::fs::read_dir(runs).unwrap().count(), 0);
}

#[test]
fn check_tells_the_papers_counts_for_an_encoder_of_its_size() {
    let folder = tempfile::tempdir().unwrap();
    model_of_the_papers_size(folder.path());
    let rows = "{\"sentence1\": \"a b\", \"sentence2\": \"b\", \"label\": 0}\n\
                {\"sentence1\": \"b\", \"sentence2\": \"a a b\", \"label\": 1}\n";
    for split in ["train", "validation"] {
        std::fs::write(folder.path().join(format!("{split}.jsonl")), rows).unwrap();
    }
    let study =
        "preset = \"paper\"\n[model]\npath = \".\"\n[task]\nname = \"rte\"\nfolder = \".\"\n";
    std::fs::write(folder.path().join("paper.toml"), study).unwrap();
    let output = autopeft(&["check", "paper.toml", "--device", "cpu"], folder.path());
    // Everything is told, and then that the weights are of no use.
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(
        told(&output).contains("model.safetensors"),
        "{}",
        told(&output)
    );
    let overview = out(&output);
    for expected in [
        "200 trials, 100 of them random",
        "not begun",
        "cpu: as asked for",
        "12 layers, hidden size 768, 109,482,240 parameters",
        "rte, measured by accuracy",
        "2 to train on, 2 to measure on, 0 kept apart",
        "median 6, 95 % up to 6, longest 7; max_length 128 cuts 0.0 %",
        "5,451,776 configurations, 5,446,350 of them valid, in 15 dimensions",
        "serial of size 0, 1, 3, 6, 12, 24, 48, 96, 192, 384, 768",
        "1,536 (0.00140 %) to 42,467,328 (38.8 %) of the model",
    ] {
        assert!(
            overview.contains(expected),
            "no {expected:?} in\n{overview}"
        );
    }
    let output = autopeft(
        &["check", "paper.toml", "--device", "cuda:99"],
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("--device cpu"), "{}", told(&output));
    assert!(!folder.path().join("runs").exists());
}

/// The configuration and vocabulary of a BERT-base, without weights.
fn model_of_the_papers_size(folder: &Path) {
    let config = r#"{"model_type": "bert", "vocab_size": 30522, "hidden_size": 768,
        "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
        "max_position_embeddings": 512, "type_vocab_size": 2, "pad_token_id": 0,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "initializer_range": 0.02}"#;
    std::fs::write(folder.join("config.json"), config).unwrap();
    std::fs::write(
        folder.join("vocab.txt"),
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n",
    )
    .unwrap();
    std::fs::write(folder.join("model.safetensors"), "").unwrap();
}

#[test]
fn completions_and_the_manual_page_know_the_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let output = autopeft(&["completions", shell], studies());
        assert_eq!(output.status.code(), Some(0));
        assert!(out(&output).contains("headless"), "{shell}");
    }
    let output = autopeft(&["man"], studies());
    assert_eq!(output.status.code(), Some(0));
    let page = out(&output);
    assert!(
        page.starts_with(".ie") && page.contains(".TH autopeft-tui"),
        "{page}"
    );
    assert!(page.contains(".SH \"COMMAND EXPORT\""), "{page}");
}

#[test]
fn keys_tell_the_paper_beside_the_default() {
    let output = autopeft(&["keys"], studies());
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("(default: 1e-3; paper: 1e-4)"));
}

//! The program itself at work on a study of a tiny encoder, in a folder of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::tiny;

/// A folder with a study file, its model and its data.
pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
}

impl Lab {
    pub(crate) fn new(trials: usize, epochs: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        tiny::model_folder(folder.path());
        let rows = |count: usize| {
            let line = |i: usize| {
                let (text, label) = tiny::sentence(i);
                format!("{{\"text\": \"{text}\", \"label\": {label}}}\n")
            };
            (0..count).map(line).collect::<String>()
        };
        fs::write(folder.path().join("train.jsonl"), rows(160)).unwrap();
        fs::write(folder.path().join("validation.jsonl"), rows(32)).unwrap();
        let study = format!(
            r#"
[study]
name = "tiny"
seed = 3
[model]
path = "."
[task]
name = "colours"
train_file = "train.jsonl"
validation_file = "validation.jsonl"
text_columns = ["text"]
label_column = "label"
validation = "dev"
[space]
sizes = [0, 1, 4, 16]
[search]
trials = {trials}
initial_trials = 4
batch = 1
warmup_draws = 32
posterior_draws = 16
thinning = 4
repeats = 0
[training]
learning_rate = 1e-2
max_length = 12
batch_size = 8
epochs = {epochs}
patience = 1000
prefix_bottleneck = 8
"#
        );
        fs::write(folder.path().join("study.toml"), study).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_autopeft-tui"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs to the end, which must be a success, and returns standard output.
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let (out, err) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert!(
            output.status.success(),
            "{arguments:?}: {:?}\n{out}\n{err}",
            output.status
        );
        out
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.text(&["status", "study.toml", "--json"])).unwrap()
    }

    pub(crate) fn start(&self) -> Child {
        let mut command = self.command(&["run", "study.toml", "--headless", "--device", "cpu"]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Waits until this many trials have finished.
    pub(crate) fn wait_for(&self, finished: usize) {
        let begun = Instant::now();
        loop {
            let journal =
                fs::read_to_string(self.path("runs/tiny/journal.jsonl")).unwrap_or_default();
            if journal.matches("\"trial_finished\"").count() >= finished {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "nothing finished:\n{journal}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Adds text to the end of the study file.
    pub(crate) fn add_to_study(&self, text: &str) {
        let file = self.path("study.toml");
        let study = fs::read_to_string(&file).unwrap() + text;
        fs::write(file, study).unwrap();
    }

    /// What a command told on standard error and how it ended, without what differs from place to place.
    pub(crate) fn told(&self, output: &Output) -> String {
        let text = String::from_utf8(output.stderr.clone()).unwrap();
        let folder = self.folder.path().display().to_string();
        let code = output
            .status
            .code()
            .map_or("none".to_owned(), |code| code.to_string());
        format!("exit code {code}\n{}", text.replace(&folder, "LAB"))
    }
}

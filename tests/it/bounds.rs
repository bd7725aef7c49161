//! What others may have written, larger than it may be or no file at all: the program as a whole, its exit code and words.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::support::lab::Lab;

/// Exit code and all that was told, without what differs from place to place.
fn told(lab: &Lab, output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let folder = lab.folder.path().display().to_string();
    lab.told(output) + &out.replace(&folder, "LAB")
}

/// The cards of a folder of exports, the first to be changed.
struct Export {
    lab: Lab,
    first: String,
}

impl Export {
    /// Of two trials, without a list: what the cards say is all that there is.
    fn new() -> Self {
        let lab = Lab::new(4, 1);
        lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
        let arguments = [
            "export",
            "study.toml",
            "--format",
            "adapters",
            "--out",
            "front",
        ];
        lab.text(&arguments);
        fs::remove_file(lab.path("front/manifest.json")).unwrap();
        let mut trials: Vec<String> = fs::read_dir(lab.path("front"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("trial-"))
            .collect();
        trials.sort();
        if trials.len() == 1 {
            let copy = lab.path("front/trial-9999");
            fs::create_dir(&copy).unwrap();
            for file in ["config.json", "adapter.safetensors"] {
                let from = lab.path("front").join(&trials[0]).join(file);
                fs::copy(from, copy.join(file)).unwrap();
            }
        }
        let first = format!("front/{}", trials[0]);
        let export = Self { lab, first };
        // As a card of format 1, whose own digest does not stand in the way.
        export.change(|card| {
            card["format"] = 1.into();
            for key in ["identity", "weights_sha256", "digest"] {
                card.as_object_mut().unwrap().remove(key);
            }
        });
        export
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let path = self.lab.path(&self.first).join("config.json");
        let mut card = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut card);
        fs::write(path, card.to_string()).unwrap();
    }

    /// What `verify` tells of the first adapter once its card is changed so, and what of the others.
    fn told(&self, change: impl FnOnce(&mut Value)) -> String {
        let path = self.lab.path(&self.first).join("config.json");
        let whole = fs::read(&path).unwrap();
        self.change(change);
        let told = self.verify();
        fs::write(path, whole).unwrap();
        told
    }

    fn verify(&self) -> String {
        let output = self.lab.output(&["verify", "front", "--device", "cpu"]);
        let told = told(&self.lab, &output);
        let others = told.matches("same score  front/trial-").count();
        let told = told.replace(&self.first, "FIRST");
        let lines = told.lines().filter(|line| {
            line.starts_with("exit code") || line.starts_with("error") || line.contains("FIRST")
        });
        let lines: Vec<&str> = lines.collect();
        format!("{}\n{others} with the same score", lines.join("\n"))
    }
}

#[test]
fn a_card_that_cannot_be_checked_stops_no_other() {
    let export = Export::new();
    let all = fs::read_dir(export.lab.path("front")).unwrap();
    let all = all.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("trial-")
    });
    let others = all.count() - 1;
    assert!(others > 0);
    let mut all_told = String::new();
    let mut tell = |what: &str, change: fn(&mut Value)| {
        let told = export.told(change);
        let (told, same) = told.rsplit_once('\n').unwrap();
        assert_eq!(same, format!("{others} with the same score"), "{told}");
        let told = told.replace(&format!("of {} adapters", others + 1), "of ALL adapters");
        all_told += &format!("# {what}\n{told}\n\n");
    };
    tell("a card of a later program", |card| {
        card["format"] = 99.into()
    });
    tell("a device for the model", |card| {
        card["model"] = json!({ "folder": "/dev/zero" })
    });
    tell("a device for the rows", |card| {
        card["task"]["train_file"] = "/dev/zero".into()
    });
    tell("rows that are not there", |card| {
        card["task"]["train_file"] = "/no/such.jsonl".into()
    });
    tell("a module of 2^40", |card| {
        card["configuration"]["modules"] = json!({ "serial": 1_u64 << 40 })
    });
    tell("a prefix of 2^64 - 1", |card| {
        card["configuration"]["modules"] = json!({ "prefix": u64::MAX })
    });
    tell(
        "a module of the largest size, and weights of a small one",
        |card| card["configuration"]["modules"] = json!({ "serial": 65_536 }),
    );
    tell("a layer of 2^40", |card| {
        card["configuration"]["layers"] = json!([1_u64 << 40])
    });
    tell("a prefix's MLP of 2^40", |card| {
        card["training"]["prefix_bottleneck"] = (1_u64 << 40).into()
    });
    tell("batches of no rows", |card| {
        card["training"]["evaluation_batch_size"] = 0.into()
    });
    tell("texts of 2^40 tokens", |card| {
        card["training"]["max_length"] = (1_u64 << 40).into()
    });
    tell("no rows to measure on", |card| {
        card["task"]["validation_rows"] = 0.into()
    });
    assert_snapshot!(all_told);
    let many = |card: &mut Value| card["labels"] = json!({ "classes": vec!["x"; 20_000] });
    assert!(export.told(many).len() < 1000);
}

#[test]
fn a_key_that_a_card_has_twice_is_told() {
    let export = Export::new();
    let path = export.lab.path(&export.first).join("config.json");
    let card = fs::read_to_string(&path).unwrap();
    for (once, twice) in [
        ("\"modules\":{", "\"modules\":{\"serial\":9,\"serial\":1,"),
        ("\"tensors\":{", "\"tensors\":{\"a\":\"b\",\"a\":\"c\","),
        ("\"study\":", "\"unknown\":1,\"unknown\":2,\"study\":"),
    ] {
        let changed = card.replacen(once, twice, 1);
        assert_ne!(changed, card, "{once}");
        fs::write(&path, changed).unwrap();
        let told = export.verify();
        assert!(told.starts_with("exit code 1\nerror: 1 of "), "{told}");
        assert!(
            told.contains("/config.json: two values are called `"),
            "{told}"
        );
    }
}

#[test]
fn where_there_are_no_settings_of_the_screen_its_own_are_taken() {
    let lab = Lab::new(4, 1);
    lab.text(&["run", "study.toml", "--headless", "--device", "cpu"]);
    let drawn = |home: &str| {
        let mut command = lab.command(&["watch", "study.toml", "--picture", "screen.svg"]);
        command.env("XDG_CONFIG_HOME", home);
        told(&lab, &command.output().unwrap())
    };
    let nothing = "exit code 0\n";
    assert_eq!(drawn("/dev/null"), nothing);
    assert_eq!(drawn("/no/such/folder"), nothing);
    assert_eq!(drawn(""), nothing);
    let homeless = lab
        .command(&["watch", "study.toml", "--picture", "screen.svg"])
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("HOME")
        .output();
    assert_eq!(told(&lab, &homeless.unwrap()), nothing);

    let home = lab.path("home");
    let file = home.join("autopeft-tui/config.toml");
    fs::create_dir_all(&file).unwrap();
    let drawn = || drawn(home.to_str().unwrap());
    let mut all_told = String::new();
    let mut tell = |what: &str, told: String| all_told += &format!("# {what}\n{told}\n");
    tell("a folder for the file", drawn());
    fs::remove_dir(&file).unwrap();
    fs::write(&file, b"palette = \"\xff\"").unwrap();
    tell("bytes that are no UTF-8", drawn());
    fs::write(&file, vec![b'#'; 100_000]).unwrap();
    tell("a file of 100 kB", drawn());
    fs::write(&file, format!("{} = 1", "a".repeat(60_000))).unwrap();
    assert!(drawn().len() < 5000);
    fs::write(&file, "ascii = true\nascii = false\n").unwrap();
    tell("a key twice", drawn());
    fs::write(&file, "ascii = true\n").unwrap();
    assert_eq!(drawn(), nothing);
    assert_snapshot!(all_told);
}

/// What `check` tells of the study once this is in the place of one of its files.
fn check_with(file: &str, make: &dyn Fn(&Path)) -> String {
    let lab = Lab::new(4, 1);
    let path = lab.path(file);
    let _ = fs::remove_file(&path);
    make(&path);
    let begun = Instant::now();
    let told = lab.told(&lab.output(&["check", "study.toml", "--device", "cpu"]));
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    told
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_wherever_a_file_is_read() {
    let pipe = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let zeros = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    let folder = |path: &Path| fs::create_dir(path).unwrap();
    let mut all_told = String::new();
    for file in [
        "train.jsonl",
        "study.toml",
        "config.json",
        "tokenizer.json",
        "model.safetensors",
    ] {
        for (what, make) in [
            ("a pipe", &pipe as &dyn Fn(&Path)),
            ("a device", &zeros),
            ("a folder", &folder),
        ] {
            all_told += &format!("# {file}: {what}\n{}\n", check_with(file, make));
        }
    }
    assert_snapshot!(all_told);
}

#[test]
fn files_that_hold_too_much_are_told_with_their_bounds() {
    let long = |bytes: usize| {
        format!(
            "{{\"text\": \"{}\", \"label\": 0}}\n",
            "a ".repeat(bytes / 2)
        )
    };
    let rows = |bytes: usize| {
        move |path: &Path| fs::write(path, long(bytes) + &long(20).replace("0}", "1}")).unwrap()
    };
    let mut all_told = String::new();
    let mut tell = |what: &str, told: String| all_told += &format!("# {what}\n{told}\n");
    tell("a text of 9 MiB", check_with("train.jsonl", &rows(9 << 20)));
    tell(
        "a number of files that is none",
        check_with("train.jsonl", &|path| {
            let (folder, name) = (path.parent().unwrap(), "train-00000-of-99999.jsonl");
            fs::write(folder.join(name), "").unwrap();
            let study = fs::read_to_string(folder.join("study.toml")).unwrap();
            let study = study.replace(
                "train_file = \"train.jsonl\"\nvalidation_file = \"validation.jsonl\"",
                "folder = \".\"",
            );
            fs::write(folder.join("study.toml"), study).unwrap();
        }),
    );
    tell(
        "a configuration with a key twice",
        check_with("config.json", &|path| {
            fs::write(path, "{\"hidden_size\": 8, \"hidden_size\": 16}").unwrap();
        }),
    );
    tell(
        "a tokenizer with a key twice",
        check_with("tokenizer.json", &|path| {
            fs::write(path, "{\"model\": {\"vocab\": {\"a\": 1, \"a\": 2}}}").unwrap();
        }),
    );
    tell(
        "a row with a key twice",
        check_with("train.jsonl", &|path| {
            fs::write(path, "{\"text\": \"a\", \"label\": 0, \"label\": 1}\n").unwrap();
        }),
    );
    assert_snapshot!(all_told);
    // A passage of a hundred pages is no matter.
    let told = check_with("train.jsonl", &rows(200_000));
    assert!(told.starts_with("exit code 0"), "{told}");
}

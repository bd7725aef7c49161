//! Whose a folder of exports is, and what becomes of what is out of date in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::fixture::Fixture;
use crate::domain::TrialId;
use crate::export::{
    ALL, AdapterCard, Change, ExportError, Front, Written, changes, export, list_too,
};
use crate::study::StudyName;

/// A study with its weights, exported.
fn exported() -> Fixture {
    let fixture = Fixture::new();
    fixture.keep_weights();
    export(&fixture.front(), &[ALL], &fixture.out()).unwrap();
    fixture
}

/// A further trial that takes trial 1's place on the front.
fn go_on(fixture: &mut Fixture) {
    let mut better = fixture.trials[1].clone();
    better.id = TrialId(fixture.trials.len() as u32);
    better.measurement.as_mut().unwrap().objectives.score += 0.01;
    better.configuration.layers = vec![0, 3];
    fixture.trials.push(better);
    fixture.keep_weights();
}

/// Every file below a folder, and its name there.
fn files(folder: &Path) -> Vec<String> {
    let (mut found, mut ahead) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = ahead.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => ahead.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap();
                    found.push(name.to_str().unwrap().replace('\\', "/"));
                }
            }
        }
    }
    found.sort();
    found
}

fn listed(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(manifest["files"].clone()).unwrap()
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    let names = paths.iter().map(|path| path.file_name().unwrap());
    names.map(|name| name.to_str().unwrap()).collect()
}

#[test]
fn what_left_the_front_is_removed_and_every_format_is_brought_up_to_date() {
    let mut fixture = exported();
    let out = fixture.out();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let table = fs::read_to_string(out.join("front.csv")).unwrap();
    go_on(&mut fixture);
    let written = export(&fixture.front(), &["json"], &out).unwrap();
    assert_eq!(names(&written.removed), ["trial-0001"]);
    assert_eq!(names(&written.left), [""; 0]);
    assert!(out.join("trial-0010").is_dir() && !out.join("trial-0001").exists());
    assert_ne!(fs::read_to_string(out.join("front.csv")).unwrap(), table);
    let there = files(&out).into_iter();
    let there: Vec<String> = there
        .filter(|name| !["manifest.json", "notes.txt"].contains(&name.as_str()))
        .collect();
    assert_eq!(listed(&out).into_keys().collect::<Vec<_>>(), there);
    assert_eq!(changes(&out).unwrap(), []);
}

#[test]
fn what_somebody_changed_or_added_to_stays_and_is_told() {
    let touch: [fn(&Path); 4] = [
        |trial| fs::write(trial.join("README.md"), "my notes").unwrap(),
        |trial| fs::write(trial.join("results.csv"), "1,2").unwrap(),
        |trial| fs::create_dir_all(trial.join("adapterhub/mine/deep")).unwrap(),
        |trial| {
            fs::create_dir(trial.join("mine")).unwrap();
            fs::write(trial.join("mine/weights"), "").unwrap();
        },
    ];
    for (number, touch) in touch.into_iter().enumerate() {
        let mut fixture = exported();
        let trial = fixture.out().join("trial-0001");
        touch(&trial);
        let before = files(&trial);
        go_on(&mut fixture);
        let written = export(&fixture.front(), &["csv"], &fixture.out()).unwrap();
        // An empty folder is nothing to lose.
        if number == 2 {
            assert_eq!(names(&written.removed), ["trial-0001"]);
            continue;
        }
        assert_eq!(
            (&written.removed, names(&written.left)),
            (&vec![], vec!["trial-0001"])
        );
        assert!(written.remarks()[0].contains("somebody changed it"));
        assert_eq!(files(&trial), before, "{number}");
        let unlisted = [(trial, Change::Unlisted)];
        assert_eq!(changes(&fixture.out()).unwrap(), unlisted);
        // It is told as long as it lies there.
        let again = export(&fixture.front(), &["csv"], &fixture.out()).unwrap();
        assert_eq!(names(&again.left), ["trial-0001"]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let mut fixture = exported();
    let (trial, elsewhere) = (
        fixture.out().join("trial-0001"),
        fixture.out().join("../kept"),
    );
    fs::rename(&trial, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &trial).unwrap();
    let before = files(&elsewhere);
    go_on(&mut fixture);
    let written = export(&fixture.front(), &["csv"], &fixture.out()).unwrap();
    assert_eq!(names(&written.left), ["trial-0001"]);
    assert_eq!(files(&elsewhere), before);
}

fn refused(fixture: &Fixture) -> String {
    let before = files(&fixture.out());
    let error = export(&fixture.front(), &["csv"], &fixture.out()).unwrap_err();
    assert_eq!(files(&fixture.out()), before);
    error.to_string()
}

#[test]
fn another_studys_folder_is_refused() {
    let mut fixture = exported();
    fixture.context.study.seed = 12;
    let told = refused(&fixture);
    assert!(
        told.contains("study `quickstart` with seed 11") && told.contains("--out"),
        "{told}"
    );

    // The same name and seed, and other results.
    let mut fixture = exported();
    fixture.trials[3]
        .measurement
        .as_mut()
        .unwrap()
        .objectives
        .score = 0.93;
    let told = refused(&fixture);
    assert!(
        told.contains("whose trial #3 is serial 48 in layers 1-3 with score 0.91"),
        "{told}"
    );
    fixture.trials[3] = fixture.trials[2].clone();
    refused(&fixture);
    fixture.trials.truncate(2);
    refused(&fixture);

    // Without a manifest the cards tell.
    let fixture = exported();
    fs::remove_file(fixture.out().join("manifest.json")).unwrap();
    let told = refused(&fixture);
    assert!(
        told.contains("holds `encoder`, `front.csv`") && told.contains("no manifest of an export"),
        "{told}"
    );
    let path = fixture.out().join("trial-0003").join(AdapterCard::FILE);
    let other = Front {
        name: "other",
        ..fixture.front()
    };
    let there = fixture.out().with_file_name("there");
    export(&other, &["adapters"], &there).unwrap();
    fs::copy(there.join("trial-0003").join(AdapterCard::FILE), &path).unwrap();
    let told = refused(&fixture);
    assert!(told.contains("trial-0003, of study `other`"), "{told}");
}

#[test]
fn a_manifest_of_somebody_else_is_not_replaced() {
    let fixture = exported();
    let path = fixture.out().join("manifest.json");
    let ours = fs::read_to_string(&path).unwrap();
    let outside = ours.replace("\"front.csv\"", "\"../front.csv\"");
    for (text, expected) in [
        ("{\"name\": \"an extension\"}", "missing field"),
        ("not JSON", "expected"),
        (
            &ours.replace("\"format\": 1", "\"format\": 9"),
            "has format 9",
        ),
        (&outside, "`../front.csv`, which is not in this folder"),
    ] {
        fs::write(&path, text).unwrap();
        let told = refused(&fixture);
        assert!(told.contains(expected), "{told}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert!(changes(&fixture.out()).is_err());
    }
}

#[test]
fn an_export_of_before_there_were_lists_goes_on_and_its_outdated_trials_are_told() {
    let mut fixture = exported();
    let path = fixture.out().join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in ["files", "formats"] {
        manifest.as_object_mut().unwrap().remove(key);
    }
    fs::write(&path, manifest.to_string()).unwrap();
    assert_eq!(changes(&fixture.out()).unwrap(), []);
    go_on(&mut fixture);
    let written = export(&fixture.front(), &[ALL], &fixture.out()).unwrap();
    assert_eq!(
        (names(&written.removed), names(&written.left)),
        (vec![], vec!["trial-0001"])
    );
}

#[test]
fn a_format_that_cannot_be_brought_up_to_date_is_told_before_the_list_says_otherwise() {
    let mut fixture = exported();
    go_on(&mut fixture);
    fs::remove_dir_all(fixture.front().weights).unwrap();
    let error = export(&fixture.front(), &["csv"], &fixture.out()).unwrap_err();
    assert!(
        matches!(
            error,
            ExportError::Stale {
                format: "adapters",
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("--out"), "{error}");
    export(&fixture.front(), &["csv"], &fixture.out().join("table")).unwrap();
}

#[test]
fn every_changed_byte_is_found() {
    let fixture = exported();
    let out = fixture.out();
    for name in [
        "front.csv",
        "trial-0003/adapter.safetensors",
        "encoder/tokenizer.json",
    ] {
        let path = out.join(name);
        let bytes = fs::read(&path).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        fs::write(&path, flipped).unwrap();
        assert_eq!(changes(&out).unwrap(), [(path.clone(), Change::Altered)]);
        fs::remove_file(&path).unwrap();
        assert_eq!(changes(&out).unwrap(), [(path.clone(), Change::Missing)]);
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(changes(&out).unwrap(), []);
}

#[test]
fn what_is_made_of_an_export_is_listed_with_it() {
    let mut fixture = exported();
    let out = fixture.out();
    let predictions =
        ["trial-0001", "trial-0003"].map(|trial| out.join(trial).join("predictions.jsonl"));
    for path in &predictions {
        fs::write(path, "{}\n").unwrap();
    }
    list_too(&out, &predictions).unwrap();
    go_on(&mut fixture);
    let Written { removed, left, .. } = export(&fixture.front(), &[ALL], &out).unwrap();
    assert_eq!(
        (names(&removed), names(&left)),
        (vec!["trial-0001"], vec![])
    );
    assert!(listed(&out).contains_key("trial-0003/predictions.jsonl"));
    assert_eq!(changes(&out).unwrap(), []);
}

#[test]
fn a_name_is_one_studys() {
    let mut fixture = exported();
    fixture.context.study.name = StudyName::new("other").unwrap();
    let mut front = fixture.front();
    front.name = "other";
    let error = export(&front, &["csv"], &fixture.out()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("and this is `other` with seed 11"),
        "{error}"
    );
}

/// The text of a file that an export made, and its path.
fn spoilt(fixture: &Fixture, name: &str) -> (PathBuf, Vec<u8>) {
    let path = fixture.out().join(name);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    (path, bytes)
}

#[test]
fn what_somebody_changed_is_set_aside_before_it_is_written_again() {
    let fixture = exported();
    let out = fixture.out();
    for number in ["", "-2"] {
        let spoilt = ["front.csv", "trial-0003/README.md"].map(|name| spoilt(&fixture, name));
        let written = export(&fixture.front(), &[ALL], &out).unwrap();
        for (path, bytes) in &spoilt {
            assert_eq!(fs::read(path).unwrap(), *bytes);
            let aside = format!("{}.changed{number}", path.display());
            assert_eq!(fs::read(&aside).unwrap(), b"mine");
        }
        let told = written.remarks().join("\n");
        let told = told.replace(&out.display().to_string(), "OUT");
        assert_eq!(
            told,
            format!(
                "kept OUT/front.csv.changed{number}: somebody changed what was exported there\n\
                 kept OUT/trial-0003/README.md.changed{number}: somebody changed what was exported there"
            )
        );
        assert_eq!(changes(&out).unwrap(), []);
    }
}

#[test]
fn a_folder_with_something_else_in_it_is_refused() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    let out = fixture.out();
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join(".gitignore"), "*").unwrap();
    fs::write(out.join("front.csv"), "mine").unwrap();
    fs::write(out.join("journal\n.jsonl"), "mine").unwrap();
    let told = refused(&fixture).replace(&out.display().to_string(), "OUT");
    assert_eq!(
        told,
        r"OUT holds `front.csv`, `journal\n.jsonl`, and no manifest of an export: an export has a folder of its own; name a new or an empty one with --out"
    );
    fs::remove_file(out.join("front.csv")).unwrap();
    fs::remove_file(out.join("journal\n.jsonl")).unwrap();
    export(&fixture.front(), &["csv"], &out).unwrap();
    // What a format would write that the folder does not hold yet.
    fs::write(out.join("front.svg"), "mine").unwrap();
    let error = export(&fixture.front(), &["svg"], &out).unwrap_err();
    let told = error.to_string().replace(&out.display().to_string(), "OUT");
    assert_eq!(
        told,
        "OUT holds `front.svg`, which no export of this study wrote: move that away, or choose another folder with --out"
    );
    assert_eq!(fs::read(out.join("front.svg")).unwrap(), b"mine");
    assert_eq!(
        files(&out),
        [".gitignore", "front.csv", "front.svg", "manifest.json"]
    );
}

#[cfg(unix)]
#[test]
fn a_planted_link_is_written_neither_to_nor_through() {
    use std::os::unix::fs::symlink;
    let mut fixture = exported();
    let out = fixture.out();
    let elsewhere = out.with_file_name("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("victim"), "precious").unwrap();
    let plant = |name: &str, target: &Path| {
        let path = out.join(name);
        match path.is_dir() {
            true => fs::rename(&path, elsewhere.join("moved")).unwrap(),
            false => drop(fs::remove_file(&path)),
        }
        symlink(target, path).unwrap();
    };
    plant("front.csv", &elsewhere.join("victim"));
    let told = refused(&fixture);
    assert!(
        told.contains("holds `front.csv`, which no export"),
        "{told}"
    );
    fs::remove_file(out.join("front.csv")).unwrap();
    plant("trial-0003", &elsewhere);
    let told = refused(&fixture);
    assert!(
        told.contains("holds `trial-0003`, which no export"),
        "{told}"
    );
    fs::remove_file(out.join("trial-0003")).unwrap();
    export(&fixture.front(), &[ALL], &out).unwrap();
    assert_eq!(fs::read(elsewhere.join("victim")).unwrap(), b"precious");
    // A manifest that says of somebody else's file that it is an export's.
    fs::write(out.join("thesis.tex"), "precious").unwrap();
    list_too(&out, &[out.join("thesis.tex")]).unwrap();
    go_on(&mut fixture);
    export(&fixture.front(), &[ALL], &out).unwrap();
    assert_eq!(fs::read(out.join("thesis.tex")).unwrap(), b"precious");
    plant("manifest.json", &elsewhere.join("victim"));
    let told = refused(&fixture);
    assert!(told.contains("it is a link"), "{told}");
}

/// A folder with the names of what lies below it and their bytes.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(folder.join(&name)).unwrap());
    files(folder).into_iter().map(read).collect()
}

#[test]
fn an_export_that_was_killed_is_taken_up_wherever_that_was() {
    // What a whole export leaves, before and after the front moved.
    let mut fixture = exported();
    let out = fixture.out();
    let before = content(&out);
    go_on(&mut fixture);
    export(&fixture.front(), &[ALL], &out).unwrap();
    let after = content(&out);
    // The manifest of the moment at which files take their places.
    let lists = |content: &BTreeMap<String, Vec<u8>>| -> serde_json::Value {
        serde_json::from_slice(&content["manifest.json"]).unwrap()
    };
    let mut manifest = lists(&after);
    manifest["replaces"] = lists(&before)["files"].clone();
    for (name, digest) in lists(&before)["files"].as_object().unwrap() {
        if manifest["files"].get(name).is_none() {
            manifest["files"][name] = digest.clone();
        }
    }
    let names: Vec<&String> = after
        .keys()
        .filter(|name| *name != "manifest.json")
        .collect();
    for placed in 0..=names.len() {
        fs::remove_dir_all(&out).unwrap();
        let lay = |name: &str, bytes: &[u8]| {
            let path = out.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        before.iter().for_each(|(name, bytes)| lay(name, bytes));
        for name in &names[..placed] {
            lay(name, &after[*name]);
        }
        lay("manifest.json", manifest.to_string().as_bytes());
        // What it was making lies there too, and what only looks like it.
        lay(".export.partial-abcdefghijkl/front.csv", b"half");
        lay(".export.partial-abcdefghijkm/notes.txt", b"mine");
        let written = export(&fixture.front(), &[ALL], &out).unwrap();
        assert_eq!(written.kept, Vec::<PathBuf>::new());
        let mut left = content(&out);
        assert_eq!(
            left.remove(".export.partial-abcdefghijkm/notes.txt")
                .as_deref(),
            Some(&b"mine"[..])
        );
        assert_eq!(left, after, "{placed}");
        assert_eq!(changes(&out).unwrap(), []);
    }
}

//! What an export writes, and what it says where it cannot.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

mod fixture;
mod folder;
mod python;

use std::fs;
use std::path::Path;

use fixture::{Fixture, HYPERVOLUME, REFERENCE, weights};

use super::*;
use crate::domain::{Objectives, TrialId};
use crate::train::checkpoint;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn the_table_has_a_row_per_member_of_the_front_by_ascending_parameters() {
    let mut fixture = Fixture::new();
    fixture.believe(TrialId(1));
    let written = export(&fixture.front(), &["csv"], &fixture.out())
        .unwrap()
        .files;
    let expected = ["front.csv", "manifest.json"].map(|name| fixture.out().join(name));
    assert_eq!(written, expected);
    let expected = "\
trial,score,estimate,estimate_low,estimate_high,repeats,parameters_percent,parameters,trained_parameters,serial,prefix,layers,best_epoch,wall_seconds
0,0.61,,,,,0.0192,192,10000,1,0,3,3,12.5
1,0.72,0.7,0.6,0.8,1,0.1152,1152,10001,3,0,2 3,5,12.5
3,0.91,,,,,2.7648,27648,10003,48,0,1 2 3,9,12.5
";
    assert_eq!(fs::read_to_string(&written[0]).unwrap(), expected);
}

#[test]
fn the_document_holds_every_trial_and_the_front() {
    let fixture = Fixture::new();
    let written = export(&fixture.front(), &["json"], &fixture.out())
        .unwrap()
        .files;
    let text = fs::read_to_string(&written[0]).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["study"], "quickstart");
    assert_eq!(document["front"], serde_json::json!([0, 1, 3]));
    assert_eq!(document["settings"]["training"]["max_length"], 48);
    let trials = document["trials"].as_array().unwrap();
    assert_eq!(trials.len(), fixture.trials.len());
    assert_eq!(trials[3]["objectives"]["score"], 0.91);
    assert_eq!(trials[3]["seconds"], 12.5);
    assert_eq!(trials[3]["configuration"]["modules"]["serial"], 48);
    assert_eq!(trials[5]["state"], "running");
    assert_eq!(trials[5]["seconds"], 3.5);
    assert!(trials[5]["objectives"].is_null());
    let why = "out of memory; its training needs about 9000 MB";
    assert_eq!(trials[7]["reason"], why);
    let cause = serde_json::json!({"out_of_memory": {"needed_bytes": 9_000_000_000_u64}});
    assert_eq!(trials[7]["cause"], cause);
    assert_eq!(trials[7]["epochs"][0]["validation_loss"], "NaN");
}

#[test]
fn a_summary_says_where_a_study_stands() {
    let fixture = Fixture::new();
    let of = |trials, front: &[TrialId]| {
        Summary::new(
            "quickstart",
            &fixture.space,
            REFERENCE,
            HYPERVOLUME,
            trials,
            front,
            &fixture.beliefs,
        )
    };
    let summary = of(&fixture.trials, &fixture.members());
    assert_eq!(summary.front, [TrialId(0), TrialId(1), TrialId(3)]);
    assert_eq!(summary.hypervolume, 0.43);
    assert_eq!(summary.hypervolume_interval, Some((0.41, 0.45)));
    assert_eq!(summary.reference_point, REFERENCE);
    assert!(of(&[], &[]).front.is_empty());
}

#[test]
fn the_picture_shows_every_finished_trial_and_names_the_front() {
    let fixture = Fixture::new();
    let written = export(&fixture.front(), &["svg"], &fixture.out())
        .unwrap()
        .files;
    let picture = fs::read_to_string(&written[0]).unwrap();
    let (measured, on_front, in_legend) = (5, 3, 1);
    assert_eq!(
        picture.matches("<circle").count(),
        measured + on_front + in_legend
    );
    for text in [
        "#0",
        "#1",
        "#3",
        "reference point",
        "validation accuracy",
        "log scale",
    ] {
        assert!(picture.contains(text), "{text}");
    }
    assert!(!picture.contains("#2\n") && !picture.contains("#4\n"));
    assert!(picture.trim_end().ends_with("</svg>"));
}

#[test]
fn the_pixels_show_the_front_in_its_colour_and_words_in_ink() {
    let fixture = Fixture::new();
    let written = export(&fixture.front(), &["png"], &fixture.out())
        .unwrap()
        .files;
    let bytes = fs::read(&written[0]).unwrap();
    let mut rest = bytes.strip_prefix(&png::SIGNATURE).unwrap();
    let mut chunks = std::collections::BTreeMap::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (named, after) = after.split_at(4 + u32::from_be_bytes(*length) as usize);
        let (check, after) = after.split_first_chunk::<4>().unwrap();
        assert_eq!(crc32fast::hash(named), u32::from_be_bytes(*check));
        chunks.insert(&named[..4], &named[4..]);
        rest = after;
    }
    assert_eq!(
        chunks[&b"IHDR"[..]],
        [0, 0, 3, 132, 0, 0, 2, 88, 8, 2, 0, 0, 0],
        "900 × 600"
    );
    assert!(chunks[&b"IEND"[..]].is_empty());
    let mut rows = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::ZlibDecoder::new(chunks[&b"IDAT"[..]]),
        &mut rows,
    )
    .unwrap();
    assert_eq!(rows.len(), 600 * (900 * png::DEPTH + 1));
    let unfiltered = rows
        .chunks_exact(900 * png::DEPTH + 1)
        .flat_map(|row| &row[1..]);
    let pixels: Vec<u8> = unfiltered.copied().collect();
    let of_colour = |colour: [u8; 3]| pixels.chunks(3).filter(|pixel| *pixel == colour).count();
    assert!(of_colour([0, 114, 178]) > 500, "the front's line");
    assert!(of_colour([40, 40, 40]) > 1000, "axes and words");
    assert!(of_colour([255, 255, 255]) > pixels.len() / 3 / 2, "paper");
}

#[test]
fn the_manifest_names_the_devices_and_what_is_believed_of_the_front() {
    let mut fixture = Fixture::new();
    fixture.believe(TrialId(1));
    let written = export(&fixture.front(), &["manifest"], &fixture.out())
        .unwrap()
        .files;
    let text = fs::read_to_string(&written[0]).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["devices"], serde_json::json!(fixture.devices));
    let believed = &manifest["front"][1];
    assert_eq!(believed["objectives"]["score"], 0.72);
    assert_eq!(believed["estimate"]["score"], 0.7);
    assert_eq!(believed["estimate"]["repeats"], 1);
    assert_eq!(manifest["front"][0]["estimate"], serde_json::Value::Null);
}

#[test]
fn a_picture_can_be_made_of_odd_results() {
    let mut fixture = Fixture::new();
    for (percent, score) in [
        (0.0, 0.5),
        (f64::NAN, 0.5),
        (26.0, 0.5),
        (1e-9, -1.0),
        (1e5, 1e9),
    ] {
        fixture.trials.truncate(1);
        let measurement = fixture.trials[0].measurement.as_mut().unwrap();
        measurement.objectives = Objectives {
            score,
            parameters_percent: percent,
        };
        let folder = fixture.out().join(percent.to_string());
        let done = export(&fixture.front(), &["svg"], &folder);
        assert_eq!(
            done.is_ok(),
            percent.is_finite(),
            "{percent} {score}: {done:?}"
        );
    }
}

#[test]
fn adapters_are_the_kept_weights_with_a_card_that_describes_them() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    for _ in 0..2 {
        export(&fixture.front(), &[ALL], &fixture.out()).unwrap();
        let expected = [
            "encoder",
            "front.csv",
            "front.json",
            "front.png",
            "front.svg",
            "manifest.json",
            "notes.txt",
            "trial-0000",
            "trial-0001",
            "trial-0003",
        ];
        // Beside an export lies whatever somebody puts there.
        fs::write(fixture.out().join("notes.txt"), "mine").unwrap();
        assert_eq!(names(&fixture.out()), expected);
    }
    let folder = fixture.out().join("trial-0003");
    let expected = [
        "README.md",
        AdapterCard::WEIGHTS,
        "adapterhub",
        "autopeft_adapter.py",
        AdapterCard::FILE,
        "load.py",
    ];
    assert_eq!(names(&folder), expected);
    let tensors = checkpoint::load(&folder.join(AdapterCard::WEIGHTS)).unwrap();
    assert_eq!(tensors, weights(TrialId(3)));
    let card = AdapterCard::read(&folder).unwrap();
    assert_eq!(
        (card.trial, card.score, card.best_epoch),
        (TrialId(3), 0.91, 9)
    );
    assert_eq!(card.configuration, fixture.trials[3].configuration);
    assert_eq!(card.task, fixture.context.study.task);
    assert_eq!(card.training, fixture.context.study.training);
    assert_eq!(
        (card.labels, card.outputs),
        (fixture.context.labels.clone(), 2)
    );
    assert_eq!(
        (card.parameters, card.max_length, card.seed),
        (27_648, 48, 11)
    );
}

#[test]
fn missing_weights_name_the_trial_and_nothing_is_written() {
    let mut fixture = Fixture::new();
    fixture.keep_weights();
    fs::remove_file(checkpoint::path(&fixture.front().weights, TrialId(3))).unwrap();
    let error = export(&fixture.front(), &["adapters"], &fixture.out()).unwrap_err();
    assert!(error.to_string().contains("trial #3"), "{error}");
    assert_eq!(names(&fixture.out()), [""; 0]);

    fixture.context.study.output.keep_adapters = false;
    let error = export(&fixture.front(), &["adapters"], &fixture.out()).unwrap_err();
    assert!(
        error.to_string().contains("keep_adapters = false"),
        "{error}"
    );
    export(&fixture.front(), &[ALL], &fixture.out()).unwrap();
    assert_eq!(
        names(&fixture.out()),
        [
            "front.csv",
            "front.json",
            "front.png",
            "front.svg",
            "manifest.json"
        ]
    );
}

#[test]
fn damaged_weights_are_not_handed_over() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    let path = checkpoint::path(&fixture.front().weights, TrialId(1));
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = export(&fixture.front(), &["adapters"], &fixture.out()).unwrap_err();
    assert!(error.to_string().starts_with("trial #1: "), "{error}");
    assert!(!fixture.out().join("trial-0001").exists());
}

#[test]
fn what_cannot_be_exported_says_why() {
    let mut fixture = Fixture::new();
    let error = export(&fixture.front(), &["csv", "pdf"], &fixture.out()).unwrap_err();
    let expected = "unknown export format `pdf`; choose one of csv, json, svg, png, manifest, adapters, adapterhub, peft, all";
    assert_eq!(error.to_string(), expected);
    fs::write(fixture.out(), "a file").unwrap();
    let error = export(&fixture.front(), &["csv"], &fixture.out()).unwrap_err();
    assert!(error.to_string().contains("--out"), "{error}");
    fixture.trials.retain(|trial| trial.measurement.is_none());
    let error = export(&fixture.front(), &["csv"], &fixture.out()).unwrap_err();
    assert!(error.to_string().contains("no finished trial"), "{error}");
}

#[test]
fn an_edited_card_still_says_what_was_trained_and_promises_nothing() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    export(&fixture.front(), &["adapters"], &fixture.out()).unwrap();
    let folder = fixture.out().join("trial-0001");
    let path = folder.join(AdapterCard::FILE);
    let text = fs::read_to_string(&path).unwrap();
    let mut card: serde_json::Value = serde_json::from_str(&text).unwrap();
    card["configuration"] =
        serde_json::json!({"modules": {"serial": 3, "prefix": 0}, "layers": [3, 2, 2]});
    fs::write(&path, card.to_string()).unwrap();
    assert!(matches!(
        AdapterCard::read(&folder),
        Err(ExportError::ChangedCard { .. })
    ));
    let head = CardHead::read(&folder).unwrap();
    assert_eq!((head.trial, head.score), (TrialId(1), 0.72));
    assert_eq!(
        fixture.space.admit(&head.configuration).unwrap(),
        fixture.trials[1].configuration
    );
}

#[test]
fn a_card_of_a_later_program_or_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = AdapterCard::read(folder.path()).unwrap_err();
    assert!(matches!(error, ExportError::Card { .. }), "{error}");
    let path = folder.path().join(AdapterCard::FILE);
    fs::write(&path, r#"{"format": 3, "other": true}"#).unwrap();
    let error = AdapterCard::read(folder.path()).unwrap_err();
    assert!(
        matches!(error, ExportError::NewerCard { found: 3, .. }),
        "{error}"
    );
    fs::write(&path, r#"{"format": 1}"#).unwrap();
    let error = AdapterCard::read(folder.path()).unwrap_err();
    assert!(error.to_string().contains("missing field"), "{error}");
}

#[test]
fn a_card_of_which_any_byte_is_another_is_refused() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    export(&fixture.front(), &["adapters"], &fixture.out()).unwrap();
    let folder = fixture.out().join("trial-0003");
    let path = folder.join(AdapterCard::FILE);
    let whole = fs::read(&path).unwrap();
    AdapterCard::read(&folder).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1 << (place % 8);
        fs::write(&path, &changed).unwrap();
        let read = AdapterCard::read(&folder);
        assert!(read.is_err(), "byte {place}");
    }
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = AdapterCard::read(&folder).unwrap_err();
    assert!(matches!(error, ExportError::ChangedCard { .. }), "{error}");
    // One that calls itself of format 1 is still held to a digest that it has.
    let text = String::from_utf8(whole).unwrap();
    fs::write(&path, text.replace("\"format\": 2", "\"format\": 1")).unwrap();
    assert!(AdapterCard::read(&folder).is_err());
}

#[test]
fn the_manifest_has_the_digests_of_what_lies_beside_it() {
    let fixture = Fixture::new();
    fixture.keep_weights();
    export(&fixture.front(), &[ALL], &fixture.out()).unwrap();
    let text = fs::read_to_string(fixture.out().join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    for name in ["trial-0000", "trial-0001", "trial-0003"] {
        for file in [AdapterCard::WEIGHTS, AdapterCard::FILE] {
            let digest = crate::digest::of_file(&fixture.out().join(name).join(file)).unwrap();
            assert_eq!(manifest["files"][format!("{name}/{file}")], digest);
        }
    }
    let card = AdapterCard::read(&fixture.out().join("trial-0003")).unwrap();
    assert_eq!(card.identity.as_ref(), Some(&fixture.context.identity));
}

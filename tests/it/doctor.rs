//! `doctor` as it is typed.

use serde_json::Value;

use crate::support::lab::Lab;

#[test]
fn the_processor_is_found_right_in_words_and_as_json() {
    let lab = Lab::new(1, 1);
    let output = lab.output(&["doctor", "--device", "cpu"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let long = lines.iter().find(|line| line.chars().count() > 80);
    assert_eq!(long, None, "{told}");
    for start in [
        "device: name  ",
        "products of matrices: f32: error  ",
        "operations, f32: GELU  ",
        "modules, f32: MPNet, all modules: 5 steps  ",
        "modules, bf16: LoRA: the loss falls  ",
        "speed, f32: training step  ",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(start)),
            "{start}: {told}"
        );
    }
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("all ") && last.ends_with(" bounds hold"),
        "{last}"
    );

    let output = lab.output(&["doctor", "--device", "cpu", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["holds"], true);
    assert_eq!(json["rows"].as_array().unwrap().len() + 1, lines.len());
}

#[test]
fn a_device_that_is_not_there_cannot_be_examined() {
    let lab = Lab::new(1, 1);
    let output = lab.output(&["doctor", "--device", "cuda:99"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.starts_with("error: cuda:99 was asked for, but "),
        "{told}"
    );
    let output = lab.output(&["doctor", "--device", "abacus"]);
    assert_eq!(output.status.code(), Some(2));
}

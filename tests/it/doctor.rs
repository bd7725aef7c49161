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
    let output = lab.output(&["verify", "front", "--device", "cuda:99"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: cuda:99 was"), "{told}");
}

#[test]
fn a_study_is_not_begun_with_a_format_that_the_device_has_not() {
    let lab = Lab::new(4, 1);
    let study = std::fs::read_to_string(lab.path("study.toml")).unwrap();
    let asking = format!("{study}precision = \"tf32\"\n");
    std::fs::write(lab.path("study.toml"), asking).unwrap();
    let run = ["run", "study.toml", "--headless", "--device", "cpu"];
    let output = lab.output(&run);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    let why = "error: this device does not compute in tf32; ";
    assert!(told.starts_with(why), "{told}");
    std::fs::write(lab.path("study.toml"), study).unwrap();
    lab.text(&run);
}

/// Mesa reaches such a machine's processor by OpenGL, where it is installed.
#[cfg(feature = "wgpu")]
#[test]
fn without_a_driver_for_vulkan_there_is_no_gpu() {
    let lab = Lab::new(1, 1);
    let mut command = lab.command(&["doctor", "--device", "wgpu"]);
    let output = command
        .env("VK_DRIVER_FILES", "/dev/null")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.starts_with("error: wgpu:0 was asked for, but "),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
}

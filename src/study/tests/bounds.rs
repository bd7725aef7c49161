//! Counts, lengths and lists beyond what makes sense, and files that are none.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn a_list_of_too_many_numbers_is_told_with_both() {
    let list = |count: usize| {
        let items: Vec<String> = (0..count).map(|item| item.to_string()).collect();
        items.join(",")
    };
    let told = mistakes(&with(&format!("[space]\nsizes = [{}]", list(65_537))));
    assert_snapshot!(told, @"
    s.toml:6:9: a list of 65537 sizes is too long: it may hold 1024
      |
    6 | sizes = [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,3…
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    let told = |text: &str| mistakes(&with(text)).lines().next().unwrap().to_owned();
    assert_snapshot!(told(&format!("[space]\nlayers = [{}]", list(1025))), @"s.toml:6:10: a list of 1025 layers is too long: it may hold 1024");
    assert_snapshot!(told(&format!("[rungs]\nepochs = [{}]", list(1001))), @"s.toml:6:10: a list of 1001 rungs is too long: it may hold 1000");
    assert_snapshot!(told(&format!("[space]\nlearning_rates = [{}]", list(101))), @"s.toml:6:18: 101 learning rates are more than 100");
    let sizes = parse(&with(&format!("[space]\nsizes = [{}]", list(1024))));
    assert_eq!(sizes.space.modules[0].sizes.as_ref().unwrap().len(), 1024);
}

#[test]
fn a_number_outside_of_its_bounds_is_told_with_them() {
    let told = |text: &str| mistakes(&with(text)).lines().next().unwrap().to_owned();
    assert_snapshot!(mistakes(&with("[rungs]\nepochs = [1, 0]")), @"
    s.toml:6:14: a rung must be a whole number from 1 to 100000; found 0
      |
    6 | epochs = [1, 0]
      |              ^
    ");
    assert_snapshot!(told("[rungs]\nepochs = [2, 2]"), @"s.toml:6:14: the rung 2 is given twice");
    assert_snapshot!(told("[rungs]\nepochs = [4294967297]"), @"s.toml:6:11: a rung must be a whole number from 1 to 100000; found 4294967297");
    assert_snapshot!(told("[space]\nsizes = [18446744073709551616]"), @"s.toml:6:10: a size must be a whole number from 0 to 65536; found 18446744073709551616");
    assert_snapshot!(told("[space]\nlayers = [-1]"), @"s.toml:6:11: a layer must be a whole number from 0 to 65536; found -1");
    assert_snapshot!(told("[search]\ntrials = 4294967297"), @"s.toml:6:10: `trials` must be a whole number from 1 to 1000000; found 4294967297");
    assert_snapshot!(told("[training]\nepochs = nan"), @"s.toml:6:10: `epochs` must be a whole number from 1 to 100000; found nan");
    assert_snapshot!(told("[training]\nlearning_rate = inf"), @"s.toml:6:17: `learning_rate` must be a number above 0 and at most 1; found inf");
    let digits = "9".repeat(100_000);
    assert_snapshot!(told(&format!("[study]\nseed = {digits}")), @"s.toml:6:8: `seed` must be a whole number from 0 to 9223372036854775807; found 999999999999999999999999999999999999999999999999999999999999…");
    assert_snapshot!(told("[space]\nlearning_rates = { min = 1e-310, max = 1 }"), @"s.toml:6:18: 1241 learning rates are more than 100");
    assert_snapshot!(told("[space]\nlearning_rates = { min = 5e-324, max = 1 }"), @"s.toml:6:18: 1295 learning rates are more than 100");
}

#[test]
fn of_many_mistakes_the_first_are_told_and_the_others_counted() {
    let mut text = String::new();
    for number in 0..60_000 {
        writeln!(text, "k{number} = 1").unwrap();
    }
    let begun = Instant::now();
    let told = mistakes(&with(&text));
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    let places: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("s.toml:"))
        .collect();
    assert_eq!(places.len(), 20);
    assert_eq!(places[0], "s.toml:5:1: unknown key `k0` in [task]");
    assert_eq!(places[19], "s.toml:24:1: unknown key `k19` in [task]");
    assert!(told.ends_with("\n\nand 59980 more mistakes"), "{told}");
    let few: String = (0..21).fold(String::new(), |text, number| {
        format!("{text}k{number} = 1\n")
    });
    assert!(mistakes(&with(&few)).ends_with("\n\nand 1 more mistake"));
}

#[test]
fn a_long_text_is_told_by_its_beginning() {
    let long = "a".repeat(500_000);
    let begun = Instant::now();
    assert_snapshot!(mistakes(&format!("{long} = 1\n{}", with(""))), @"
    s.toml:1:1: unknown key `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` outside of all sections
      |
    1 | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = the sections are: study, model, task, space, search, training, fidelity, rungs, output
    ");
    for text in [
        format!("[task.{long}]\n"),
        format!("[study]\nname = \"{long}\"\n"),
        format!("[search]\nsurrogate = \"{long}\"\n"),
        format!("[space]\nmodules = [\"{long}\"]\n"),
        format!("[space]\nsizes = {{ {long} = [1] }}\n"),
        format!("metric = \"{long}\"\n"),
        format!("{long} = \"b\n"),
    ] {
        let told = mistakes(&with(&text));
        let longest = told.lines().map(|line| line.chars().count()).max();
        assert!(
            longest.unwrap() < 1100 && told.len() < 10_000,
            "{longest:?}"
        );
    }
    let told = mistakes(&with(&format!(
        "[space]\nmodules = [\"serial\", {}7]",
        " ".repeat(300)
    )));
    assert_snapshot!(told, @r#"
    s.toml:6:322: `modules` must be a list of texts; found 7
      |
    6 | …                                                                                                    7]
      |                                                                                                      ^
    "#);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn what_is_no_study_file_is_named_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &Path| {
        let error = Study::read(path).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    let path = folder.path().join("s.toml");
    std::fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert_snapshot!(told(&path), @"cannot read the study file DIR/s.toml: it has 1048577 bytes; at most 1048576 bytes are read of such a file");
    assert_snapshot!(told(folder.path()), @"cannot read the study file DIR: it is a folder; expected a file");
    std::fs::write(&path, b"name = \"caf\xe9\"").unwrap();
    assert_snapshot!(told(&path), @"cannot read the study file DIR/s.toml: it is not UTF-8 text (at byte 12); save it as such");
    if cfg!(unix) {
        assert_snapshot!(told(Path::new("/dev/zero")), @"cannot read the study file /dev/zero: it is a device; expected a file");
    }
}

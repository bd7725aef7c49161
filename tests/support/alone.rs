//! Tests of what a process has once.

use std::env;
use std::process::Command;

const ALONE: &str = "AUTOPEFT_TEST_ALONE";

/// Runs a test, named with its module, in a process of its own. True: this is that process.
pub(crate) fn is_alone(test: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let ran = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let [out, err] =
        [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    eprintln!("{out}\n{err}");
    assert!(ran.status.success() && out.contains("1 passed"));
    false
}

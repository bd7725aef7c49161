#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use super::super::Finding;
use super::*;
use crate::model::device::DeviceChoice;
use crate::model::ops::composed::Composed;

#[test]
fn a_device_is_examined_once_for_each_precision() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/devices.json");
    let mut subject = Subject::of(DeviceChoice::Cpu).unwrap();
    let ask = |subject: &Subject, precision| {
        let (mut begun, mut rows) = (0, 0);
        let fitness = fitness_by(
            Some(&file),
            subject,
            precision,
            &mut || begun += 1,
            &mut |_| rows += 1,
        );
        assert_eq!(fitness, Fitness::Fit);
        assert_eq!(begun > 0, rows > 0);
        begun
    };
    assert_eq!(
        ask(&subject, Precision::F32),
        0,
        "others are held against it"
    );
    assert!(!file.exists());
    // Other operations on the same device are another subject.
    subject.ops = &Composed;
    assert_eq!(ask(&subject, Precision::F32), 1);
    assert_eq!(ask(&subject, Precision::F32), 0);
    assert_eq!(ask(&subject, Precision::Bf16), 1);
    subject.device_text += ", another driver";
    assert_eq!(ask(&subject, Precision::F32), 1);
    // What was found wrong is asked again, and what was found right as a whole is not.
    subject.device_text += ", a third";
    let wrong = Finding::Failed("it broke".to_owned());
    for (finding, begun) in [(wrong, 1), (Finding::Fact("all is well".to_owned()), 0)] {
        let row = Row {
            part: "a part",
            name: "a row".to_owned(),
            finding,
        };
        remember_in(&file, &subject, &Report::new("", vec![row]));
        assert_eq!(ask(&subject, Precision::Bf16), begun);
        subject.device_text += "!";
    }
    // A file that is none is begun anew.
    fs::write(&file, "no JSON").unwrap();
    assert_eq!(ask(&subject, Precision::F32), 1);
    assert_eq!(ask(&subject, Precision::F32), 0);
}

//! Causes as the formats before 3 told them: in words, read here once and nowhere else.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::domain::{Cause, Moment};

/// Why a configuration cannot be trained, in this format's form or an earlier one's.
pub(super) fn infeasible<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cause, D::Error> {
    deserializer.deserialize_any(Either(of_infeasible))
}

/// What ended a trial, in this format's form or an earlier one's.
pub(super) fn failed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cause, D::Error> {
    deserializer.deserialize_any(Either(of_failed))
}

/// A cause, or the text of one: every cause has fields, so none is a text itself.
struct Either(fn(&str) -> Cause);

impl<'de> Visitor<'de> for Either {
    type Value = Cause;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cause, or its text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cause, E> {
        Ok((self.0)(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cause, A::Error> {
        Cause::deserialize(MapAccessDeserializer::new(map))
    }
}

/// There were two causes: memory, whose texts all began alike, and losses.
fn of_infeasible(text: &str) -> Cause {
    let Some(rest) = text.strip_prefix("out of memory") else {
        return Cause::Diverged { at: moment(text) };
    };
    let said = rest.strip_prefix(": ").unwrap_or(rest);
    let numbers = said
        .strip_prefix("its training needs about ")
        .and_then(|rest| rest.strip_suffix(" MB are free"))
        .and_then(|rest| rest.split_once(" MB, and "));
    let bytes = |text: &str| text.parse::<u64>().ok()?.checked_mul(1_000_000);
    let numbers = numbers.and_then(|(needed, room)| bytes(needed).zip(bytes(room)));
    let (needed_bytes, room_bytes) = numbers.unzip();
    Cause::OutOfMemory {
        needed_bytes,
        room_bytes,
        said: (numbers.is_none() && !said.is_empty()).then(|| said.to_owned()),
    }
}

/// "the training loss is NaN at step 7", "the validation loss is inf after epoch 2".
fn moment(text: &str) -> Option<Moment> {
    let (what, number) = text.rsplit_once(' ')?;
    if what.ends_with("at step") {
        number.parse().ok().map(Moment::Step)
    } else if what.ends_with("after epoch") {
        number.parse().ok().map(Moment::Epoch)
    } else {
        None
    }
}

fn of_failed(text: &str) -> Cause {
    let times = text
        .strip_prefix("the program ended without a word while this trial was under way, ")
        .and_then(|rest| rest.split_once(' '))
        .and_then(|(times, _)| times.parse().ok());
    if let Some(times) = times {
        return Cause::ProgramEnded { times };
    }
    if let Some(said) = text.strip_prefix("the training stopped unexpectedly: ") {
        let said = said.to_owned();
        return Cause::Panicked { said };
    }
    let said = text.to_owned();
    match text.starts_with("cannot keep the trained weights") {
        true => Cause::WeightsNotKept { said },
        false => Cause::Error { said },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
    use super::*;
    use crate::domain::TrialId;
    use crate::journal::Record;

    fn infeasible(reason: &str) -> Cause {
        let json = serde_json::json!({"trial_infeasible": {"trial": 3, "reason": reason}});
        match serde_json::from_value(json).unwrap() {
            Record::TrialInfeasible {
                trial: TrialId(3),
                cause,
            } => cause,
            other => panic!("{other:?}"),
        }
    }

    fn failed(reason: &str) -> Cause {
        let json = serde_json::json!({"trial_failed": {"trial": 3, "reason": reason}});
        match serde_json::from_value(json).unwrap() {
            Record::TrialFailed { cause, .. } => cause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_text_of_the_earlier_formats_is_its_cause() {
        let lack = |needed_bytes, room_bytes, said: Option<&str>| Cause::OutOfMemory {
            needed_bytes,
            room_bytes,
            said: said.map(str::to_owned),
        };
        let at = |at| Cause::Diverged { at };
        let numbers = "out of memory: its training needs about 12 MB, and 10 MB are free";
        assert_eq!(
            infeasible(numbers),
            lack(Some(12_000_000), Some(10_000_000), None)
        );
        let said = "CUDA_ERROR_OUT_OF_MEMORY: out of memory";
        assert_eq!(
            infeasible(&format!("out of memory: {said}")),
            lack(None, None, Some(said))
        );
        assert_eq!(infeasible("out of memory"), lack(None, None, None));
        assert_eq!(
            infeasible("the training loss is NaN at step 7"),
            at(Some(Moment::Step(7)))
        );
        assert_eq!(
            infeasible("the validation loss is inf after epoch 2"),
            at(Some(Moment::Epoch(2)))
        );
        assert_eq!(infeasible("the loss diverged"), at(None));

        let text = Cause::ProgramEnded { times: 5 }.to_string();
        assert_eq!(failed(&text), Cause::ProgramEnded { times: 5 });
        let said = "index out of bounds".to_owned();
        let panicked = Cause::Panicked { said };
        assert_eq!(failed(&panicked.to_string()), panicked);
        let said = "cannot keep the trained weights in runs/a: No space left on device".to_owned();
        assert_eq!(failed(&said), Cause::WeightsNotKept { said });
        // What only mentions other causes is none of them.
        let said = "rows.csv: the text says out of memory".to_owned();
        assert_eq!(failed(&said), Cause::Error { said });
    }

    #[test]
    fn a_cause_comes_back_as_it_was_written() {
        let cause = Cause::WeightsNotKept {
            said: "out of memory: not at all".to_owned(),
        };
        let record = Record::TrialFailed {
            trial: TrialId(1),
            cause,
        };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}

//! The scores that a study may maximise.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Labels;
use crate::visible::visible;

/// A score to maximise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Share of right classes.
    Accuracy,
    /// F1 of the class that counts against the other.
    F1,
    /// The mean of F1 over all classes.
    MacroF1,
    /// Matthews correlation.
    Matthews,
    /// Pearson correlation.
    Pearson,
    /// Spearman rank correlation.
    Spearman,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 6] = [
        Self::Accuracy,
        Self::F1,
        Self::MacroF1,
        Self::Matthews,
        Self::Pearson,
        Self::Spearman,
    ];

    /// The name in study files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::F1 => "f1",
            Self::MacroF1 => "macro_f1",
            Self::Matthews => "matthews",
            Self::Pearson => "pearson",
            Self::Spearman => "spearman",
        }
    }

    /// The name for people; of F1 with the class that counts, where that is known.
    pub fn label(self, positive: Option<&str>) -> String {
        let name = match self {
            Self::Accuracy => "accuracy",
            Self::F1 => {
                return positive.map_or("F1".to_owned(), |class| {
                    format!("F1 of `{}`", visible(class))
                });
            }
            Self::MacroF1 => "macro F1",
            Self::Matthews => "Matthews correlation",
            Self::Pearson => "Pearson correlation",
            Self::Spearman => "Spearman correlation",
        };
        name.to_owned()
    }

    /// Whether it is one of the correlations, for which 0 is chance.
    pub fn is_correlation(self) -> bool {
        matches!(self, Self::Matthews | Self::Pearson | Self::Spearman)
    }

    /// Whether labels of this kind can be scored by it.
    pub fn fits(self, labels: &Labels) -> bool {
        match self {
            Self::Accuracy | Self::MacroF1 | Self::Matthews => {
                matches!(labels, Labels::Classes(_))
            }
            Self::F1 => matches!(labels, Labels::Classes(names) if names.len() == 2),
            Self::Pearson | Self::Spearman => matches!(labels, Labels::Regression),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        let named = Self::ALL.into_iter().find(|metric| metric.name() == text);
        named.ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

/// No metric has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no metric is called `{0}`; there are accuracy, f1, macro_f1, matthews, pearson, spearman")]
pub struct UnknownMetric(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for metric in Metric::ALL {
            let recorded = serde_json::to_value(metric).unwrap_or_default();
            assert_eq!(recorded, metric.name());
            assert_eq!(metric.name().parse(), Ok(metric));
        }
        let error = "auc".parse::<Metric>().map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("`auc`") && text.contains("spearman")));
    }
}

//! Numbers and texts as the screen shows them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::{Configuration, PeftSpace};

/// `0.4s`, `42s`, `3m07s`, `2h05m`, `3d04h`; `?` where it is no time.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".into();
    }
    if seconds > 0.0 && seconds < 0.95 {
        return format!("{:.1}s", seconds.max(0.1));
    }
    let seconds = seconds.round() as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Three significant digits, as far as a percentage needs them: `0.0123%`, `1.23%`, `12.3%`, `123%`.
pub(super) fn percent(value: f64) -> String {
    format!("{}%", significant(value, 3))
}

/// A number with `digits` significant digits, in scientific form where it would be long.
pub(super) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..9).contains(&magnitude) {
        return format!("{value:.*e}", digits.saturating_sub(1));
    }
    let decimals = (digits as i32 - 1 - magnitude).max(0) as usize;
    format!("{value:.decimals$}")
}

/// Thousands set apart: `1 351 680`.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `1 trial`, `2 trials`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Cuts to `width` columns, the last of them `…` where something was cut.
pub(super) fn fitted(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut fitted = String::new();
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used >= width {
            break;
        }
        fitted.push(character);
    }
    if width > 0 {
        fitted.push('…');
    }
    fitted
}

/// Lines of at most `width` columns, broken between words, or within a word that is longer than a line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let space = usize::from(used > 0);
        if used + space + word.width() <= width {
            if space > 0 {
                lines.last_mut().expect("there is always a line").push(' ');
            }
            used += space;
        } else if used > 0 {
            lines.push(String::new());
            used = 0;
        }
        for character in word.chars() {
            let columns = character.width().unwrap_or(0);
            if used + columns > width {
                lines.push(String::new());
                used = 0;
            }
            lines
                .last_mut()
                .expect("there is always a line")
                .push(character);
            used += columns;
        }
    }
    lines
}

/// Configurations of a table, a line each: in words where those of all fit, else all of them shortened, so that one
/// can be compared with the next.
pub(super) fn configurations<'a>(
    all: impl Iterator<Item = &'a Configuration> + Clone,
    space: &PeftSpace,
    width: usize,
) -> Vec<String> {
    let words: Vec<String> = all.clone().map(ToString::to_string).collect();
    if words.iter().all(|words| words.width() <= width) {
        return words;
    }
    all.map(|one| shortened(one, space, width)).collect()
}

/// A configuration on one line, with the modules' names cut to what tells them apart, and where that does not fit with
/// the number of layers in place of the layers.
fn shortened(configuration: &Configuration, space: &PeftSpace, width: usize) -> String {
    if configuration.modules.is_empty() || configuration.layers.is_empty() {
        return fitted(&configuration.to_string(), width);
    }
    let modules = configuration.modules.iter();
    let sizes: Vec<String> = modules
        .map(|(name, size)| format!("{}{size}", short_name(name, space)))
        .collect();
    let sizes = sizes.join(" ");
    let rate = configuration.learning_rate;
    let rate = rate.map_or(String::new(), |rate| format!(" {rate}"));
    let shorter = format!("{sizes} @{}{rate}", configuration.layer_ranges());
    let shortest = format!("{sizes} ×{}{rate}", configuration.layers.len());
    match shorter.width() <= width {
        true => shorter,
        false => fitted(&shortest, width),
    }
}

/// The first two letters of a module's name, or as many as no other module of the space begins with.
fn short_name<'a>(name: &'a str, space: &PeftSpace) -> &'a str {
    let names = space.modules.iter().map(|axis| axis.name.as_str());
    let others = || names.clone().filter(|other| *other != name);
    let lengths = name
        .char_indices()
        .map(|(at, _)| at)
        .chain([name.len()])
        .skip(2);
    lengths
        .map(|length| &name[..length])
        .find(|short| others().all(|other| !other.starts_with(short)))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LearningRate, ModuleAxis};

    #[test]
    fn durations_read_like_a_clock() {
        let shown = [0.0, 0.01, 0.42, 0.97, 59.6, 187.0].map(duration);
        assert_eq!(shown, ["0s", "0.1s", "0.4s", "1s", "1m00s", "3m07s"]);
        let shown = [7500.0, 273_600.0, f64::NAN].map(duration);
        assert_eq!(shown, ["2h05m", "3d04h", "?"]);
    }

    #[test]
    fn numbers_keep_their_leading_digits() {
        assert_eq!(
            [0.012_34, 1.234, 12.34, 123.4, 0.0].map(percent),
            ["0.0123%", "1.23%", "12.3%", "123%", "0%"]
        );
        assert_eq!(significant(1.5e-9, 2), "1.5e-9");
        assert_eq!(grouped(1_351_680), "1 351 680");
        assert_eq!(grouped(12), "12");
    }

    #[test]
    fn texts_never_exceed_their_width() {
        assert_eq!(fitted("abcdef", 4), "abc…");
        assert_eq!(fitted("日本語", 4), "日…");
        assert_eq!(fitted("abc", 0), "");
        assert_eq!(wrapped("out of memory", 7), ["out of", "memory"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(
            wrapped("日本", 1).len(),
            3,
            "a character wider than the line still ends"
        );
    }

    #[test]
    fn a_configuration_is_shortened_before_it_is_cut() {
        let axis = |name: &str| ModuleAxis {
            name: name.into(),
            sizes: vec![0, 48],
            weights_per_unit: 1,
        };
        let space = PeftSpace {
            modules: ["serial", "parallel", "pareto"].map(axis).into(),
            layers: 12,
            candidate_layers: (0..12).collect(),
            choose_layers: true,
            backbone_parameters: 100,
            learning_rates: Vec::new(),
        };
        let one = Configuration {
            modules: [("serial".to_owned(), 48), ("parallel".to_owned(), 48)].into(),
            layers: vec![0, 1, 2, 7],
            ..Configuration::default()
        };
        let alone = |width| configurations([&one].into_iter(), &space, width).concat();
        assert_eq!(alone(60), "parallel 48 + serial 48 in layers 0-2,7");
        assert_eq!(alone(24), "para48 se48 @0-2,7");
        assert_eq!(alone(15), "para48 se48 ×4");
        assert_eq!(alone(10), "para48 se…");
        let small = Configuration {
            modules: [("serial".to_owned(), 48)].into(),
            layers: vec![0],
            ..Configuration::default()
        };
        assert_eq!(
            configurations([&small, &one].into_iter(), &space, 24),
            ["se48 @0", "para48 se48 @0-2,7"],
            "one that does not fit shortens all"
        );
        let rated = Configuration {
            learning_rate: LearningRate::try_from(1e-4).ok(),
            ..one.clone()
        };
        let alone = |one: &Configuration| configurations([one].into_iter(), &space, 24).concat();
        assert_eq!(alone(&rated), "para48 se48 @0-2,7 1e-4");
    }
}

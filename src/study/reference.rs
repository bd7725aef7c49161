//! The table of keys as text for people: every key with its type, default, paper value and meaning.

use std::fmt::Write;

use super::effect::Effect;
use super::keys::KEYS;
use super::known;
use super::schema::{Fallback, Key};

/// The reference of the study file, one paragraph a key, no line longer than `width` where words allow.
pub fn key_reference(width: usize) -> String {
    let mut text = String::new();
    let of_effect = "Once a study has begun, its keys are fixed, unless one \"may change at any time\"; those \"compared by \
                     content\" may name the same rows and model by another name or at another place.";
    wrapped(&mut text, of_effect, width);
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{section}]");
        }
        paragraph(&mut text, key, width);
    }
    for (title, names) in [("Tasks", known::tasks()), ("Modules", known::modules())] {
        let _ = writeln!(text, "\n{title}");
        wrapped(&mut text, &names.join(", "), width);
    }
    text
}

fn paragraph(text: &mut String, key: &Key, width: usize) {
    let default = match key.default {
        Fallback::Required => "required".to_owned(),
        Fallback::Unset(words) => format!("default: {words}"),
        Fallback::Value(value) => format!("default: {value}"),
    };
    let paper = match key.paper {
        Some(value) if default != format!("default: {value}") => format!("; paper: {value}"),
        _ => String::new(),
    };
    let _ = writeln!(text, "  {}", key.name);
    let effect = Effect::of_key(key.section, key.name).note();
    let effect = effect.map_or(String::new(), |note| format!("; {note}"));
    let kind = key.kind;
    wrapped(text, &format!("{kind} ({default}{paper}{effect})"), width);
    wrapped(text, key.documentation, width);
}

fn wrapped(text: &mut String, paragraph: &str, width: usize) {
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && line.chars().count() + word.chars().count() + 7 > width {
            let _ = writeln!(text, "      {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "      {line}");
}

//! Files whose delimiter is not that of their format, and the note on it that Excel reads.

use super::records::Dialect;
use crate::visible::visible;

/// What else separates columns.
const OTHERS: [&str; 6] = [";", "\t", "|", ",", "^", "::"];

/// What is wrong with a first line that is a note for Excel, such as `sep=;`, and no header.
pub(super) fn note(content: &[u8], own: Dialect) -> Option<String> {
    let line = first_line(content);
    let bare = line.trim_start_matches(['"', ' ']);
    let rest = bare.get(4..)?;
    if !bare[..4].eq_ignore_ascii_case("sep=") {
        return None;
    }
    let delimiter = OTHERS.into_iter().find(|other| rest.starts_with(other));
    let also = match delimiter {
        Some(delimiter) if delimiter != text(own) => format!(", and {}", remedy(delimiter)),
        _ => String::new(),
    };
    Some(format!(
        "its first line `{}` is a note for Excel and no header; remove the line{also}",
        visible(line.trim_matches('"'))
    ))
}

/// Names the delimiter of a file that has another than its format's; `wanted`: columns of which it would have one.
pub(super) fn other(content: &[u8], own: Dialect, wanted: &[String]) -> Option<String> {
    let line = first_line(content);
    let own = text(own);
    let count = line.matches(own).count();
    let delimiter = OTHERS.into_iter().find(|delimiter| {
        let names: Vec<&str> = line.split(delimiter).collect();
        let has = |column: &String| names.iter().any(|name| name.trim_matches('"') == column);
        let meant = wanted.is_empty() || wanted.iter().any(has) || count == 0;
        *delimiter != own && names.len() - 1 > count && meant
    })?;
    let start: String = line.chars().take(60).collect();
    Some(format!(
        "its columns are separated by `{}`, not by `{}` (the first line is `{}`); {}",
        visible(delimiter),
        visible(own),
        visible(&start),
        remedy(delimiter)
    ))
}

fn first_line(content: &[u8]) -> String {
    let mut lines = content.split(|byte| matches!(byte, b'\n' | b'\r'));
    String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned()
}

fn text(dialect: Dialect) -> &'static str {
    match dialect.delimiter {
        b'\t' => "\t",
        _ => ",",
    }
}

/// What to do with a file that has this delimiter.
fn remedy(delimiter: &str) -> String {
    match delimiter {
        "\t" => "name it .tsv, or set `format = \"tsv\"`".into(),
        "," => "name it .csv, or set `format = \"csv\"`".into(),
        other => {
            // To pandas, longer ones are patterns, which its fast reader does not know.
            let engine = if other.len() > 1 {
                ", engine=\"python\""
            } else {
                ""
            };
            format!(
                "write it with commas, for example in Python: pandas.read_csv(OLD, sep=\"{other}\"{engine}).to_csv(NEW, index=False)"
            )
        }
    }
}

//! Files that are not what their names say, or hold more than one table.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use super::*;

/// Reads files of this content as the columns `text` and `label`.
fn table(files: &[(&str, &[u8])]) -> Result<Table, TaskError> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(name, content): &(&str, &[u8])| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let paths: Vec<PathBuf> = files.iter().map(write).collect();
    let known = Known {
        label: Some(1),
        ..Known::NOTHING
    };
    read(
        &paths,
        None,
        &["text".to_owned(), "label".to_owned()],
        &known,
    )
}

#[track_caller]
fn refused(name: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    let problem = table(&[(name, content.as_ref())]).unwrap_err().to_string();
    for part in parts {
        assert!(problem.contains(part), "{part:?} is not in: {problem}");
    }
}

#[test]
fn notes_for_excel_and_rare_delimiters_are_named() {
    for note in ["sep=,", "\"sep=,\"", "SEP=,", "\"Sep=,\"\r"] {
        refused(
            "t.csv",
            format!("{note}\ntext,label\na,no\n"),
            &["note for Excel", "remove the line"],
        );
    }
    refused(
        "t.csv",
        "SEP=;\ntext;label\na;no\n",
        &["remove the line, and", "sep=\";\""],
    );
    refused(
        "t.csv",
        "text^label\na^no\n",
        &["separated by `^`", "sep=\"^\""],
    );
    refused(
        "t.csv",
        "text::label\na, b::no\n",
        &["separated by `::`", "engine=\"python\""],
    );
    refused("t.csv", "text,or\nseparate,no\n", &["no column `label`"]);
}

#[test]
fn empty_files_hold_no_rows_and_one_of_several_may_be_empty() {
    for content in ["", "\u{feff}", "\n\n", "text,label\n"] {
        refused("t.csv", content, &["t.csv: the file holds no rows"]);
        refused(
            "t.tsv",
            content.replace(',', "\t"),
            &["t.tsv: the file holds no rows"],
        );
    }
    refused("t.jsonl", "", &["the file holds no rows"]);
    let shards: [(&str, &[u8]); 3] = [
        ("a.csv", b"text,label\n"),
        ("b.csv", b"text,label\nx,no\n"),
        ("c.jsonl", b""),
    ];
    let read = table(&shards).unwrap();
    assert_eq!(read.rows.len(), 1);
    assert_eq!(read.rows[0].file, 1);
}

#[test]
fn a_header_in_the_middle_is_seen_behind_a_mark_and_in_another_order() {
    for middle in [
        "text,label",
        "\u{feff}text,label",
        "label,text",
        "\"text\",\"label\"",
    ] {
        let joined = format!("text,label\na,no\n{middle}\nb,yes\n");
        refused("t.csv", &joined, &["line 3", "the header once more"]);
    }
    refused(
        "t.tsv",
        "text\tlabel\na\tno\n\u{feff}text\tlabel\nb\tyes\n",
        &["t.tsv, line 3", "the header once more"],
    );
}

#[test]
fn every_list_of_rows_in_an_object_counts() {
    let rows = r#"[{"text": "a", "label": "no"}]"#;
    let data = format!("{{\"version\": 1, \"none\": [], \"data\": {rows}}}");
    assert_eq!(table(&[("t.json", data.as_bytes())]).unwrap().rows.len(), 1);
    for more in ["validation", "test", "other rows"] {
        for space in ["", "\n"] {
            let two = format!("{{\"data\": {rows},{space} \"{more}\": {rows}}}");
            refused(
                "t.json",
                two,
                &["`data`", &format!("`{more}`"), "a file of its own"],
            );
        }
    }
}

#[test]
fn tab_separated_files_that_were_written_with_quotes_are_refused() {
    refused(
        "t.tsv",
        "\"text\"\t\"label\"\n\"a\"\t\"no\"\n",
        &["names of its columns", "CSV or JSONL"],
    );
    refused(
        "t.tsv",
        "text\tlabel\na\t\"no\"\nb\tyes\n",
        &["1 values of column `label`"],
    );
    refused(
        "t.tsv",
        "text\tlabel\n\"a\"\tno\n\"b\"\tyes\n",
        &["2 values of column `text`"],
    );
    let some = table(&[("t.tsv", b"text\tlabel\n\"a\"\tno\nb\tyes\n")]).unwrap();
    assert_eq!(some.warnings.len(), 1);
}

#[test]
fn other_encodings_say_how_to_change_them() {
    refused(
        "t.csv",
        b"text,label\ncaf\xe9,no\n",
        &["line 2", "column `text`", "iconv", "WINDOWS-1252"],
    );
    refused(
        "t.csv",
        b"text,label,caf\xe9\na,no,x\n",
        &["line 1", "iconv"],
    );
    refused(
        "t.jsonl",
        b"{\"text\": \"caf\xe9\", \"label\": 0}\n",
        &["line 1", "iconv"],
    );
    let text = format!("text,label\n{}", "日本語の文章,正\n".repeat(300));
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused("t.csv", wide, &["UTF-16LE", "iconv"]);
}

//! Files that a lenient reader would read wrongly: stray quotes, other encodings and delimiters, two columns of one name,
//! forms of JSON, types of Parquet.

use crate::support::own_data::{classes, has, loaded, own, problem, single, write};
use crate::support::parquet_file::{Column, write_compressed, write_parquet};
use autopeft::task::{DataFormat, Label, QuotedLines, Sketch};
use parquet::basic::{BrotliLevel, Compression};

fn csv_problem(content: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "t.csv", content);
    problem(&single(folder.path(), "t.csv", "t.csv"))
}

/// Rows without quotes, the first of them in line 2.
fn rows(count: usize) -> Vec<String> {
    let row = |i: usize| format!("the film number {i},{}", ["no", "yes"][i % 2]);
    (0..count).map(row).collect()
}

fn csv(rows: &[String]) -> String {
    format!("text,label\n{}\n", rows.join("\n"))
}

#[test]
fn a_quote_that_is_never_closed_is_an_error_where_it_opens() {
    let mut open = rows(60);
    open[20] = "\"the film,no".into();
    has(
        &csv_problem(csv(&open)),
        &["t.csv, line 22", "not closed", "to the end of the file"],
    );
    let mut last = rows(5);
    last[4] = "fine,\"no".into();
    has(&csv_problem(csv(&last)), &["line 6", "not closed"]);
    has(
        &csv_problem("text,\"label\na,b\n"),
        &["line 1", "not closed"],
    );
}

#[test]
fn a_stray_quote_that_pairs_up_with_another_is_an_error_too() {
    // The next quote opens a field of its own.
    let mut stray = rows(40);
    stray[10] = "\"the film,no".into();
    stray[30] = "\"a film, a good one\",yes".into();
    has(
        &csv_problem(csv(&stray)),
        &["t.csv, line 12", "all to line 32"],
    );
    // The next quote stands at the end of a field, as inches do.
    stray[30] = "a screen of 12\",yes".into();
    has(
        &csv_problem(csv(&stray)),
        &["line 12", "21 lines to the next quote"],
    );
    // It is in the next row already.
    stray[11] = "a screen of 12\",yes".into();
    stray[30] = "fine,no".into();
    has(
        &csv_problem(csv(&stray)),
        &["line 12", "2 lines to the next quote"],
    );
    // Behind a quoted field, before one, and as another program escapes it.
    for (row, part) in [
        ("\"a film\" again,no", "behind the quote"),
        ("x, \"no\"", "a blank before the quote"),
        ("\"a \\\"good\\\" film\",no", "behind the quote"),
    ] {
        has(&csv_problem(csv(&[row.into()])), &["line 2", part]);
    }
}

#[test]
fn lines_of_a_text_that_read_as_rows_are_refused_unless_the_study_trusts_them() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\"the best,no\nwow,perhaps\na screen of 12\",yes";
    let train = csv(&[rows(6), vec![text.into()]].concat());
    write(folder.path(), "t.csv", &train);
    let mut settings = single(folder.path(), "t.csv", "t.csv");
    has(
        &problem(&settings),
        &[
            "t.csv, line 8",
            "the 3 lines to the next quote, of which line 8 reads as a row by itself (`the best,no`)",
            "`task.quoted_lines = \"trust\"`",
        ],
    );
    settings.quoted_lines = QuotedLines::Trust;
    let dataset = loaded(&settings).unwrap();
    assert_eq!(dataset.train.len(), 7);
    assert_eq!(
        dataset.train[6].text,
        "the best,no\nwow,perhaps\na screen of 12"
    );
    // A class that the file's own rows do not show is known from the training rows.
    write(folder.path(), "t.csv", csv(&rows(6)));
    write(
        folder.path(),
        "v.csv",
        "text,label\n\"a,no\nb of 12\",yes\nc,yes\n",
    );
    let settings = single(folder.path(), "t.csv", "v.csv");
    has(&problem(&settings), &["v.csv, line 2", "2 lines"]);
}

#[test]
fn a_header_in_the_middle_is_left_from_joined_files() {
    let joined = csv(&rows(6)) + &csv(&rows(4));
    has(&csv_problem(joined), &["line 8", "the header once more"]);
}

#[test]
fn quoted_texts_of_many_lines_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let verse =
        "\"Roses are red, she said,\nviolets are \"\"blue\"\",\r\n\n12\"\" of them, no less\",";
    let long: String = (0..60).map(|i| format!("line {i}, of many\n")).collect();
    let rows = format!(
        "text,label\r\n{verse}yes\r\n\r\nplain 5\" disk,no\r\n\"{long}\",yes\r\n\"\",no\r\n"
    );
    write(folder.path(), "t.csv", rows);
    let dataset = loaded(&single(folder.path(), "t.csv", "t.csv")).unwrap();
    assert_eq!(dataset.train.len(), 4);
    let text = "Roses are red, she said,\nviolets are \"blue\",\r\n\n12\" of them, no less";
    assert_eq!(dataset.train[0].text, text);
    assert_eq!(dataset.train[1].text, "plain 5\" disk");
    assert_eq!(dataset.train[2].text, long);
    assert_eq!(dataset.train[3].text, "");
    // Old Macs end a line with a carriage return.
    write(folder.path(), "t.csv", "text,label\ra,no\r\"b\rc\",yes\r");
    let dataset = loaded(&single(folder.path(), "t.csv", "t.csv")).unwrap();
    assert_eq!(dataset.train[1].text, "b\rc");
}

#[test]
fn other_encodings_delimiters_and_files_are_named() {
    let text = csv(&rows(20));
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    has(&csv_problem(&wide), &["UTF-16LE", "iconv"]);
    has(
        &csv_problem([b"\xff\xfe", &wide[..]].concat()),
        &["UTF-16", "iconv"],
    );
    has(
        &csv_problem("text;label\na, b;no\n"),
        &["separated by `;`", "sep=\";\""],
    );
    has(
        &csv_problem("\"text\"|\"label\"\na|no\n"),
        &["separated by `|`"],
    );
    has(
        &csv_problem("text\tlabel\na\tno\n"),
        &["separated by `\\t`", "format = \"tsv\""],
    );
    has(
        &csv_problem("id;text,or so;label\n1;a;no\n"),
        &["separated by `;`"],
    );
    has(
        &csv_problem("sep=;\ntext;label\na;no\n"),
        &["`sep=;`", "remove the line", "sep=\";\""],
    );
    has(
        &csv_problem("sep=,\ntext,label\na,no\n"),
        &["`sep=,`", "remove the line"],
    );
    has(&csv_problem("PK\x03\x04\0\0"), &["Excel"]);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "t.tsv", "text,label\na,no\n");
    has(
        &problem(&single(folder.path(), "t.tsv", "t.tsv")),
        &["separated by `,`", "format = \"csv\""],
    );
    write(folder.path(), "t.tsv", "text\tlabel\ra\tno\r");
    has(
        &problem(&single(folder.path(), "t.tsv", "t.tsv")),
        &["carriage returns"],
    );
    write(
        folder.path(),
        "t.tsv",
        "text\tlabel\n\"a \"\"good\"\" one\"\tno\nb\tyes\n",
    );
    let dataset = loaded(&single(folder.path(), "t.tsv", "t.tsv")).unwrap();
    has(
        &dataset.warnings.join("\n"),
        &["t.tsv: 1 fields stand in double quotes"],
    );
}

#[test]
fn two_columns_of_one_name_are_refused_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "t.csv", "label,text,label\na,b,c\nd,e,f\n");
    write(folder, "t.tsv", "label\ttext\tlabel\na\tb\tc\nd\te\tf\n");
    write(
        folder,
        "t.jsonl",
        "{\"text\": \"a\", \"label\": 0, \"label\": 1}\n",
    );
    write(
        folder,
        "nested.jsonl",
        "{\"text\": \"a\", \"label\": 0, \"more\": {\"x\": 1, \"x\": 2}}\n",
    );
    write(
        folder,
        "list.json",
        "[{\"text\": \"a\", \"label\": 0, \"label\": 1}]",
    );
    let texts = ["a".to_owned(), "b".to_owned()];
    let columns = [
        ("label", Column::Whole(&[0, 1])),
        ("text", Column::Texts(&texts)),
        ("label", Column::Whole(&[1, 0])),
    ];
    write_parquet(&folder.join("t.parquet"), &columns, None);
    for name in [
        "t.csv",
        "t.tsv",
        "t.jsonl",
        "nested.jsonl",
        "list.json",
        "t.parquet",
    ] {
        let text = problem(&single(folder, name, name));
        has(
            &text,
            &[
                name,
                if name == "nested.jsonl" {
                    "`x`"
                } else {
                    "`label`"
                },
                "cannot be told",
            ],
        );
        let looked = Sketch::of(&folder.join(name), None, QuotedLines::Check)
            .unwrap_err()
            .to_string();
        has(&looked, &["cannot be told"]);
    }
    // One that nobody asks for does no harm, except to a look at all of them.
    write(folder, "t.csv", "id,text,label,id\n1,b,c,2\n3,e,f,4\n");
    assert_eq!(
        loaded(&single(folder, "t.csv", "t.csv"))
            .unwrap()
            .train
            .len(),
        2
    );
    assert!(Sketch::of(&folder.join("t.csv"), None, QuotedLines::Check).is_err());
}

#[test]
fn lists_and_single_objects_of_json_are_read_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list =
        "[\n  {\"text\": \"a\", \"label\": \"x\"},\n  {\"text\": \"b\", \"label\": \"y\"}\n]\n";
    for content in [
        list.to_owned(),
        format!("{{\"version\": 1, \"data\": {list}}}"),
        format!("{{\"data\": {}}}", list.replace('\n', "")),
    ] {
        write(folder, "t.json", content);
        let dataset = loaded(&single(folder, "t.json", "t.json")).unwrap();
        assert_eq!(dataset.labels, classes(&["x", "y"]));
        assert_eq!(dataset.train[1].text, "b");
    }
    for (content, parts) in [
        (
            "[{\"text\": \"a\", \"label\": 0}, 7]",
            &["row 2", "`7`", "JSON object"][..],
        ),
        ("[{\"text\": \"a\", \"label\": 0}", &["JSON list"]),
        (
            "{\"text\": {\"0\": \"a\"}, \"label\": {\"0\": 1}}",
            &["columns", "orient=\"records\""],
        ),
        (
            "{\n\"text\": [\"a\", \"b\"],\n\"label\": [0, 1]\n}\n",
            &["columns", "orient=\"records\""],
        ),
        (
            "{\"train\": [{\"text\": \"a\"}], \"test\": [{\"text\": \"b\"}]}",
            &["the lists `test`, `train`"],
        ),
        (
            "{\"text\": \"a\", \"label\": NaN}\n",
            &["line 1", "NaN is no JSON"],
        ),
    ] {
        write(folder, "t.json", content);
        has(&problem(&single(folder, "t.json", "t.json")), parts);
    }
}

#[test]
fn numbers_that_are_too_large_keep_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let row = |label: &str| format!("{{\"text\": \"a\", \"label\": {label}}}\n");
    let rows = row("18446744073709551614") + &row("18446744073709551615");
    write(folder.path(), "t.jsonl", rows);
    let dataset = loaded(&single(folder.path(), "t.jsonl", "t.jsonl")).unwrap();
    let names = ["18446744073709551614", "18446744073709551615"];
    assert_eq!(dataset.labels, classes(&names));
}

#[test]
fn decimals_and_halves_are_numbers_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts: Vec<String> = (0..3).map(|i| format!("text {i}")).collect();
    let text = || ("text", Column::Texts(&texts));
    write_parquet(
        &folder.join("d.parquet"),
        &[text(), ("label", Column::Decimal(&[100, 0, 200]))],
        None,
    );
    let dataset = loaded(&single(folder, "d.parquet", "d.parquet")).unwrap();
    assert_eq!(dataset.labels, classes(&["0", "1", "2"]));
    assert_eq!(dataset.train[2].label, Label::Class(2));

    write_parquet(
        &folder.join("a.parquet"),
        &[text(), ("label", Column::Decimal(&[-125, 5, 200]))],
        None,
    );
    let mut amounts = single(folder, "a.parquet", "a.parquet");
    amounts.regression = true;
    let dataset = loaded(&amounts).unwrap();
    assert_eq!(dataset.train[0].label, Label::Value(-1.25));
    assert_eq!(dataset.train[1].label, Label::Value(0.05));

    write_parquet(
        &folder.join("h.parquet"),
        &[text(), ("label", Column::Half(&[1.0, 0.0, f32::NAN]))],
        None,
    );
    let mut halves = single(folder, "h.parquet", "h.parquet");
    has(
        &problem(&halves),
        &["1 of 3 labels are `NaN` (the first in row 3)"],
    );
    halves.missing_labels = autopeft::task::MissingLabels::Drop;
    assert_eq!(loaded(&halves).unwrap().labels, classes(&["0", "1"]));

    write_parquet(
        &folder.join("n.parquet"),
        &[text(), ("label", Column::Fractional(&[f64::NAN, 0.0, 1.0]))],
        None,
    );
    has(
        &problem(&single(folder, "n.parquet", "n.parquet")),
        &["1 of 3 labels are `NaN` (the first in row 1)"],
    );
}

#[test]
fn every_usual_compression_of_parquet_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..40).map(|i| format!("text {}", i % 3)).collect();
    let labels: Vec<i64> = (0..40).map(|i| i % 2).collect();
    let columns = [
        ("text", Column::Texts(&texts)),
        ("label", Column::Whole(&labels)),
    ];
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(Default::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ] {
        let path = folder.path().join("t.parquet");
        write_compressed(&path, &columns, None, compression);
        let dataset = loaded(&single(folder.path(), "t.parquet", "t.parquet")).unwrap();
        assert_eq!(dataset.train.len(), 40, "{compression:?}");
        assert_eq!(dataset.train[1].text, "text 1");
    }
}

#[test]
fn what_a_terminal_would_obey_is_written_out_in_errors() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "\u{1b}]0;title\u{7}\u{1b}[2Jred";
    write(folder.path(), "t.csv", format!("te{evil}xt,label\na,b\n"));
    write(folder.path(), "v.csv", format!("text,label\na,{evil}\n"));
    write(folder.path(), "good.csv", "text,label\na,0\nb,1\n");
    for settings in [
        single(folder.path(), "t.csv", "t.csv"),
        single(folder.path(), "good.csv", "v.csv"),
        own(folder.path(), "good.csv", "v.csv"),
    ] {
        let text = problem(&settings);
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    let mut settings = single(folder.path(), "good.csv", "good.csv");
    settings.format = Some(DataFormat::Jsonl);
    has(&problem(&settings), &["line 1", "`text,label`"]);
}

#[test]
fn a_dictionary_in_parquet_that_claims_more_than_it_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let texts: Vec<String> = (0..100).map(|i| format!("t{i}")).collect();
    let labels: Vec<i64> = (0..100).map(|i| i % 2).collect();
    let columns = [
        ("text", Column::Texts(&texts)),
        ("label", Column::Whole(&labels)),
    ];
    let path = folder.join("t.parquet");
    write_compressed(&path, &columns, None, Compression::UNCOMPRESSED);
    assert!(loaded(&single(folder, "t.parquet", "t.parquet")).is_ok());

    // The first page's header: a structure of a dictionary, whose first number is the count of its values.
    let mut bytes = std::fs::read(&path).unwrap();
    let claim = [0x4c, 0x15, 0xc8, 0x01];
    let at = bytes.windows(4).position(|found| found == claim).unwrap();
    bytes[at + 2..at + 4].copy_from_slice(&[0xfe, 0x7f]);
    std::fs::write(&path, bytes).unwrap();
    let told = loaded(&single(folder, "t.parquet", "t.parquet")).unwrap_err();
    let told = told.to_string();
    assert_eq!(
        told.split("t.parquet").last().unwrap(),
        ": column `text` has a dictionary that claims 8191 values in 690 bytes; write or fetch the file again"
    );
}

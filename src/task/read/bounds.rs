//! Files that hold more than there is room for.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::parquet::data_type::{ByteArray, ByteArrayType};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

use super::*;

/// What is told of a file of this content where its rows may take so many bytes.
fn told(name: &str, content: impl AsRef<[u8]>, bytes: u64) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    told_of(&path, bytes)
}

fn told_of(path: &Path, bytes: u64) -> String {
    let columns = ["text".to_owned()];
    let (room, known) = (Room::of(bytes), Known::NOTHING);
    let read = match format_of(path, None).unwrap() {
        DataFormat::Jsonl => json::rows(path, &columns, &room),
        DataFormat::Csv => delimited::rows(path, &columns, records::CSV, &known, &room),
        DataFormat::Tsv => delimited::rows(path, &columns, records::TSV, &known, &room),
        DataFormat::Parquet => parquet::rows(path, &columns, &room),
    };
    let folder = path.parent().unwrap().display().to_string();
    match read {
        Ok(content) => format!("{} rows", content.rows.len()),
        Err(error) => error.to_string().replace(&folder, "DIR"),
    }
}

const SMALL: u64 = 1 << 20;

#[test]
fn rows_that_need_more_memory_than_is_free_are_refused() {
    let more = |file: &str| {
        format!(
            "DIR/{file}: its rows need more memory than the 1 MiB that are free for them; write a part of them into a file of their own, or take a machine with more memory"
        )
    };
    let few = "text,label\n".to_owned() + &"a,0\n".repeat(1000);
    assert_eq!(told("t.csv", &few, SMALL), "1000 rows");
    let commas = "text,label\n".to_owned() + &",\n".repeat(50_000);
    assert_eq!(told("t.csv", &commas, SMALL), more("t.csv"));
    assert_eq!(
        told("t.tsv", commas.replace(',', "\t"), SMALL),
        more("t.tsv")
    );
    let objects = "{\"text\": \"a\"}\n".repeat(50_000);
    assert_eq!(told("t.jsonl", &objects, SMALL), more("t.jsonl"));
    // In memory a small object takes many times its bytes in the file.
    let list = format!("[{}]", vec!["{\"text\": 1}"; 5000].join(","));
    assert_eq!(told("t.json", &list, SMALL), more("t.json"));
    assert_eq!(told("t.json", &list, 16 * SMALL), "5000 rows");
    let nested = format!(
        "{{\"text\": \"a\", \"more\": [{}]}}",
        vec!["{\"a\":1}"; 20_000].join(",")
    );
    assert!(told("t.jsonl", nested, SMALL).contains("need more memory"));
}

/// A Parquet file of `rows` rows of one text of `length` bytes.
fn parquet_file(path: &Path, length: usize, rows: usize) {
    let schema = "message schema { REQUIRED BYTE_ARRAY text (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_dictionary_page_size_limit(1 << 30)
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values = vec![ByteArray::from(vec![b'a'; length]); rows];
    let typed = column.typed::<ByteArrayType>();
    typed.write_batch(&values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn a_small_parquet_file_of_many_rows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    parquet_file(&path, 20_000, 5000);
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
    let told = |bytes| told_of(&path, bytes);
    assert!(told(SMALL).starts_with("DIR/t.parquet: its rows need more memory than the 1 MiB"));
    assert_eq!(
        told(100_000),
        "DIR/t.parquet: it says that it has 5000 rows, which need more memory than the 97.7 KiB that are free for them; write a part of them into a file of their own, or take a machine with more memory"
    );
    parquet_file(&path, 10, 500);
    assert_eq!(told_of(&path, SMALL), "500 rows");
}

#[test]
fn more_columns_than_are_read_are_counted() {
    let header = |count: usize, delimiter: &str| {
        let names: Vec<String> = (0..count).map(|number| format!("c{number}")).collect();
        names.join(delimiter) + delimiter + "text\n"
    };
    let begun = Instant::now();
    let many = "it has 100001 columns, and at most 10000 are read; write those of the texts and the label into a file of their own";
    assert_eq!(
        told("t.csv", header(100_000, ","), SMALL),
        format!("DIR/t.csv: {many}")
    );
    assert_eq!(
        told("t.tsv", header(100_000, "\t"), SMALL),
        format!("DIR/t.tsv: {many}")
    );
    let row = "1,".repeat(9_999) + "a\n";
    assert_eq!(told("t.csv", header(9_999, ",") + &row, SMALL), "1 rows");

    let folder = tempfile::tempdir().unwrap();
    let columns_of = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        columns(&path, None).map_err(|error| error.to_string())
    };
    let keys: Vec<String> = (0..10_001)
        .map(|number| format!("\"c{number}\": 1"))
        .collect();
    let object = format!("{{{}}}\n{{}}\n", keys.join(", "));
    let error = columns_of("t.jsonl", &object).unwrap_err();
    assert!(
        error.contains("it has 10001 columns, and at most 10000"),
        "{error}"
    );
    let twice = header(9_000, ",").replace("c8999", "c17");
    let error = columns_of("t.csv", &twice).unwrap_err();
    assert!(error.contains("2 columns are called `c17`"), "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_column_of_lists_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    for (kind, found) in [
        ("REPEATED INT64 text;", "a list"),
        (
            "OPTIONAL GROUP text (LIST) { REPEATED GROUP list { OPTIONAL INT64 item; } }",
            "a list",
        ),
        (
            "OPTIONAL GROUP text { OPTIONAL INT64 inner; }",
            "an object (a struct)",
        ),
    ] {
        let schema = Arc::new(parse_message_type(&format!("message schema {{ {kind} }}")).unwrap());
        let file = std::fs::File::create(&path).unwrap();
        let writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
        writer.close().unwrap();
        assert_eq!(
            told_of(&path, SMALL),
            format!(
                "DIR/t.parquet, row 1, column `text`: found {found}, expected a text, a number, true, false or null"
            )
        );
        assert_eq!(columns(&path, None).unwrap(), [""; 0]);
    }
}

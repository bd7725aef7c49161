//! Rows that quotes swallowed, and texts that look like it.

use std::path::Path;

use super::super::records::{CSV, Splitter};
use super::*;

/// Where rows seem swallowed in a CSV file, and how many lines: `label` is the label's column.
fn found_in(content: &str, label: Option<usize>, labels: &[&str]) -> Option<(u64, String)> {
    let mut splitter = Splitter::new(Path::new("t.csv"), content.as_bytes(), CSV).ok()?;
    splitter.header().ok()?;
    let mut records = Vec::new();
    while let Some(record) = splitter.record().ok()? {
        records.push(record);
    }
    let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
    let found = swallowed(&records, &splitter.unquoted, b',', label, &labels)?;
    Some((found.line, found.what))
}

/// The line where a quote opens that swallowed rows of `text,label`.
fn line(rows: &str) -> Option<u64> {
    found_in(&format!("text,label\n{rows}"), Some(1), &[]).map(|found| found.0)
}

/// The same of rows of `label,text`.
fn line_label_first(rows: &str) -> Option<u64> {
    found_in(&format!("label,text\n{rows}"), Some(0), &[]).map(|found| found.0)
}

#[test]
fn rows_inside_a_text_are_seen_whichever_column_is_first() {
    let rows = "pos,a film\nneg,\"bad\npos,good\nneg,a screen of 12\"\npos,fine\n";
    assert_eq!(line_label_first(rows), Some(3));
    let rows = "a film,pos\n\"bad,neg\ngood,pos\na screen of 12\",neg\nfine,pos\n";
    assert_eq!(line(rows), Some(3));
    let amounts = "0.5,a\n0.25,b\n0.75,\"c\n1.5,d\n2.5,e of 12\"\n3.5,f\n4.5,g\n";
    assert_eq!(line_label_first(amounts), Some(4));
    let ids = "id,text,label\nx1,a,neg\nx2,\"b,neg\nx3,c of 12\",pos\nx4,d,pos\n";
    let (line, what) = found_in(ids, Some(2), &[]).expect("swallowed rows");
    assert_eq!(line, 3);
    assert!(
        what.contains("line 3 reads as a row by itself (`b,neg`)"),
        "{what}"
    );
    // Nothing is known of the columns.
    assert_eq!(found_in(ids, None, &[]).map(|found| found.0), Some(3));
}

#[test]
fn one_row_among_the_lines_is_enough_whatever_the_others_labels_are() {
    let long =
        "a rather long name of a class that nobody would have thought of, were it not for us";
    let long = long.replace(',', ";");
    for odd in ["zeta", "", "NA", &long, "a,b"] {
        let rows = format!("a,neg\nb,pos\n\"the best,neg\nwow,{odd}\nscreen of 12\",pos\nc,neg\n");
        assert_eq!(line(&rows), Some(4), "{odd}");
        let first = format!("neg,a\npos,b\nneg,\"the best\n{odd},wow\npos,screen of 12\"\nneg,c\n");
        assert_eq!(line_label_first(&first), Some(4), "{odd}");
    }
    // A mark of absence is a label's place, too.
    assert_eq!(line("a,1.5\n\"b,NA\nc of 12\",2.5\nd,3.5\n"), Some(3));
    // All numbers, though beyond the others.
    assert_eq!(
        line("a,1.5\n\"b,7.5\nc,8.5\nd of 12\",2.5\ne,3.5\n"),
        Some(3)
    );
}

#[test]
fn a_file_that_is_swallowed_nearly_whole_is_seen_too() {
    let inner: String = (0..40)
        .map(|i| format!("a text {i},l{}\n", i % 2))
        .collect();
    assert_eq!(line(&format!("\"{inner}the last of 12\",l1\n")), Some(2));
    assert_eq!(line("\"a,x\nb,x\nc of 12\",y\n"), Some(2));
    // The other file's classes are known.
    let rows = "text,label\n\"a,x\nb of 12\",y\nc,y\n";
    assert_eq!(found_in(rows, Some(1), &[]), None);
    assert!(found_in(rows, Some(1), &["x", "y"]).is_some());
}

#[test]
fn texts_of_several_lines_are_texts() {
    for rows in [
        "pos,\"Dear all,\nI came, I saw, I slept.\nYours, Bob\"\nneg,x\n",
        "neg,\"one\n\ntwo\"\nneg,\"pos,\nas I said\"\npos,\"a, b\nc\"\n",
        "no,\"Did it rain?\nno, it did not\"\nyes,did it\n",
        "no,\"August 21, 1992\ndoes the son, too\"\n1992,x\n",
    ] {
        assert_eq!(line_label_first(rows), None, "{rows}");
    }
    for rows in [
        "\"Dear all,\nthanks,\nBob\",pos\n\"Dear Sir,\nyour dog\nbarks\",neg\nwell,neg\n",
        "\"Chicago, 2019\ngreat hotel\",1\nbad,2019\n",
        "\"I paid $1,000\nnot happy\",1.5\nfine,0.0\n",
        "\"Chicago,2019\ngreat hotel\",1\nbad,0\n",
    ] {
        assert_eq!(line(rows), None, "{rows}");
    }
}

#[test]
fn no_row_is_inside_a_text_where_all_texts_are_quoted() {
    let all = "\"I give it 4,5\nnice hotel\",\"5\"\n\"bad\",\"1\"\n";
    assert_eq!(line(all), None);
    let texts = "\"I give it 4,5\nnice hotel\",5\n\"bad\",1\n\"good\",4\n";
    assert_eq!(line(texts), None);
    let some = "\"I give it 4,5\nnice hotel\",5\nbad,1\n\"good\",4\n";
    assert_eq!(line(some), Some(2));
}

#[test]
fn one_text_far_longer_than_all_others_is_implausible_where_its_lines_may_be_rows() {
    let poem = |line: &str, lines: usize| vec![line; lines].join("\n");
    let rows = |line: &str, long, short| {
        format!(
            "pos,\"{}\"\nneg,\"{}\"\n",
            poem(line, long),
            poem(line, short)
        )
    };
    assert_eq!(
        line_label_first(&rows("a line, or two, of it", 150, 4)),
        Some(2)
    );
    assert_eq!(
        line_label_first(&rows("a line, or two, of it", 150, 20)),
        None
    );
    assert_eq!(
        line_label_first(&rows("a line, or two, of it", 60, 1)),
        None
    );
    assert_eq!(line_label_first(&rows("a line of a poem", 150, 4)), None);
}

//! Columns of small files.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
use super::*;

fn sketch(name: &str, content: &str) -> Sketch {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    Sketch::of(&path, None, QuotedLines::Check).unwrap()
}

fn texts<'a>(sketch: &'a Sketch, label: &str) -> Vec<&'a str> {
    sketch
        .texts(label)
        .iter()
        .map(|c| c.name.as_str())
        .collect()
}

#[test]
fn a_pair_and_its_label_are_found_by_their_names_in_the_order_of_the_pair() {
    let rows = "idx,hypothesis,premise,genre,gold_label\n0,\"it rains, a lot\",the street is wet,a b c,yes\n";
    let sketch = sketch("pairs.csv", rows);
    assert_eq!(sketch.label().unwrap().name, "gold_label");
    assert_eq!(texts(&sketch, "gold_label"), ["premise", "hypothesis"]);
}

#[test]
fn columns_of_other_names_are_told_apart_by_what_they_hold() {
    let row = |i: usize| {
        let mood = ["good", "bad"][i % 2];
        format!(
            "{{\"utterance\": \"the film was {i} times\", \"mood\": \"{mood}\", \"tags\": [1], \"n\": {i}}}\n"
        )
    };
    let sketch = sketch("films.jsonl", &(0..40).map(row).collect::<String>());
    let names: Vec<&str> = sketch.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        ["utterance", "mood", "n"],
        "lists are no plain values"
    );
    let label = sketch.label().unwrap();
    assert_eq!(
        (label.name.as_str(), label.distinct, label.predicted()),
        ("mood", 2, Some(Predicted::Classes))
    );
    assert_eq!(texts(&sketch, "mood"), ["utterance"]);
}

#[test]
fn amounts_are_numbers_with_fractions_or_many_values() {
    let rows = "left side\tright side\tcloseness\na b\tc d\t0.5\ne f\tg h\t3\n";
    let sketch = sketch("near.tsv", rows);
    let predicted = sketch.label().unwrap().predicted();
    assert_eq!(predicted, Some(Predicted::Amounts));
    assert_eq!(texts(&sketch, "closeness"), ["left side", "right side"]);
}

#[test]
fn what_is_not_clear_is_not_guessed() {
    let sketch = sketch(
        "many.csv",
        "one,two,three,label\na b,c d,e f,0\ng h,i j,k l,1\n",
    );
    assert_eq!(texts(&sketch, "label"), [""; 0]);
}

#[test]
fn texts_without_blanks_and_single_words_are_found() {
    let chinese = sketch(
        "zh.csv",
        "编号,评论,标签\n7,这部电影真的非常好看,正面\n3,剧情拖沓演员表现也很差,负面\n5,值得再看一遍的好电影,正面\n",
    );
    assert_eq!(texts(&chinese, "标签"), ["评论"]);
    for rows in [
        "text,label\n好,1\n差,0\n",
        "label,text\nen,cat\nfr,chat\n",
        "word,label\ncat,en\nchat,fr\n",
        "place,lang,word\n4,en,cat\n9,fr,chat\n2,en,dog\n1,en,cow\n3,fr,coq\n",
    ] {
        let sketch = sketch("words.csv", rows);
        let mut label = ["lang", "label"].into_iter();
        let label = label.rfind(|name| sketch.columns.iter().any(|c| c.name == *name));
        assert_eq!(texts(&sketch, label.unwrap()).len(), 1, "{rows}");
    }
    let numbers = sketch("numbers.csv", "height,label\n1.8,1\n1.6,0\n");
    assert_eq!(texts(&numbers, "label"), [""; 0]);
    let pair = sketch(
        "pair.csv",
        "query,lang,document,label\ncat,en,the cat sat,1\ndog,en,a dog ran,0\n",
    );
    assert_eq!(texts(&pair, "label"), ["query", "document"]);
}

#[test]
fn columns_that_could_be_the_label_too_are_named() {
    let row = |i: usize| {
        format!(
            "the {i} films were long,{},{},{}\n",
            i % 2,
            i % 3 / 2,
            i % 5 / 4
        )
    };
    let rows: String = (0..60).map(row).collect();
    let rivals = |head: &str| -> (String, Vec<String>) {
        let sketch = sketch("toxic.csv", &format!("{head}\n{rows}"));
        let label = sketch.label().unwrap().name.clone();
        let rivals = sketch.rivals(&label, &["comment".into()]);
        let rivals = rivals.into_iter().map(|c| c.name.clone()).collect();
        (label, rivals)
    };
    let (label, others) = rivals("comment,toxic,obscene,threat");
    assert_eq!(
        (label.as_str(), &others[..]),
        ("threat", &["toxic".to_owned(), "obscene".to_owned()][..])
    );
    let (label, others) = rivals("comment,rating,label,id");
    assert_eq!(
        (label.as_str(), &others[..]),
        ("label", &["rating".to_owned()][..])
    );
}

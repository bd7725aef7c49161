//! The demo task is balanced, repeats by seed, shares no row between splits, and cannot be guessed from the hypothesis;
//! with the embedded encoder it is a task that modules can learn and a head alone cannot.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use autopeft::task::demo::{self, CorpusPair, Lesson};
use autopeft::task::{Dataset, Example, Label};
use autopeft::train::pretrain::{PretrainSettings, pretrain};

use crate::support::trainings::{configuration, train, workbench};

fn rows() -> Dataset {
    demo::dataset(3, 3600, 1200, 1200)
}

fn entailed(row: &Example) -> bool {
    row.label == Label::Class(1)
}

#[test]
fn rows_repeat_by_seed() {
    let (one, again, other) = (rows(), rows(), demo::dataset(4, 3600, 1200, 1200));
    assert_eq!((&one.train, &one.test), (&again.train, &again.test));
    assert_ne!(one.train, other.train);
}

#[test]
fn splits_are_balanced_and_share_no_row() {
    let data = rows();
    let mut seen = HashSet::new();
    for split in [&data.train, &data.validation, &data.test] {
        let positive = split.iter().filter(|row| entailed(row)).count();
        assert_eq!(positive * 2, split.len());
        assert!(split.iter().all(|row| seen.insert((&row.text, &row.pair))));
    }
}

#[test]
fn every_word_is_in_the_vocabulary_once() {
    let words = demo::vocabulary();
    let vocabulary: HashSet<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(vocabulary.len(), words.len());
    for row in &rows().train {
        let pair = row.pair.as_deref().unwrap();
        let unknown = row
            .text
            .split(' ')
            .chain(pair.split(' '))
            .find(|word| !vocabulary.contains(word));
        assert_eq!(unknown, None, "{row:?}");
    }
}

#[test]
fn the_pretraining_corpus_repeats_and_holds_no_pair_that_scores_are_measured_on() {
    let standard = demo::standard();
    let measured = standard.validation.iter().chain(&standard.test);
    let measured: HashSet<(&str, &str)> = measured
        .map(|row| (row.text.as_str(), row.pair.as_deref().unwrap()))
        .collect();
    let corpus: Vec<CorpusPair> = demo::corpus(0).take(20_000).collect();
    assert!(
        corpus
            .iter()
            .eq(&demo::corpus(0).take(20_000).collect::<Vec<_>>())
    );
    let known =
        |pair: &CorpusPair| measured.contains(&(pair.premise.as_str(), pair.sentence.as_str()));
    assert_eq!(corpus.iter().find(|pair| known(pair)), None);
    let share = |lesson: fn(&Lesson) -> bool| {
        let count = corpus.iter().filter(|pair| lesson(&pair.lesson)).count();
        count as f64 / corpus.len() as f64
    };
    assert!((0.30..0.36).contains(&share(|lesson| *lesson == Lesson::Words)));
    assert!((0.12..0.20).contains(&share(|lesson| *lesson == Lesson::Entailment(true))));
    assert!((0.12..0.20).contains(&share(|lesson| *lesson == Lesson::Entailment(false))));
}

/// Naive Bayes over the words of the hypothesis alone: what a shortcut would show in.
#[test]
fn the_hypothesis_alone_says_nothing() {
    let data = rows();
    let mut counts: HashMap<&str, [f64; 2]> = HashMap::new();
    for row in &data.train {
        for word in row.pair.as_deref().unwrap().split(' ') {
            counts.entry(word).or_insert([1.0; 2])[usize::from(entailed(row))] += 1.0;
        }
    }
    let right = data.validation.iter().filter(|row| {
        let words = row.pair.as_deref().unwrap().split(' ');
        let evidence: f64 = words
            .filter_map(|word| counts.get(word))
            .map(|[no, yes]| (yes / no).ln())
            .sum();
        (evidence > 0.0) == entailed(row)
    });
    let accuracy = right.count() as f64 / data.validation.len() as f64;
    assert!((0.44..0.56).contains(&accuracy), "{accuracy}");
}

/// As the quickstart study trains them.
#[test]
fn modules_learn_what_the_head_alone_cannot() {
    let study = concat!(env!("CARGO_MANIFEST_DIR"), "/studies/quickstart.toml");
    let bench = workbench(Path::new(study));
    let score = |modules: &[(&str, usize)], layers: &[usize]| {
        let measured = train(&bench, &configuration(modules, layers), 0);
        measured.objectives.score
    };
    let head = score(&[], &[]);
    assert!((0.5..0.7).contains(&head), "{head}");
    let good = score(&[("serial", 16)], &[0, 1, 2, 3]);
    assert!(good >= 0.9, "{good}");
}

#[test]
fn pretraining_repeats_and_makes_the_files_of_the_embedded_encoder() {
    let settings = PretrainSettings {
        steps: 3,
        batch_size: 8,
        ..PretrainSettings::default()
    };
    let [one, other] = [(); 2].map(|()| {
        let folder = tempfile::tempdir().unwrap();
        let mut reports = 0;
        pretrain(&settings, folder.path(), &mut |_| reports += 1).unwrap();
        assert_eq!(reports, 1);
        ["config.json", "tokenizer.json", "model.safetensors"]
            .map(|name| std::fs::read(folder.path().join(name)).unwrap())
    });
    assert!(one == other);
    let embedded = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo"));
    let embedded = |name: &str| std::fs::read(embedded.join(name)).unwrap();
    assert_eq!(one[0], embedded("config.json"));
    assert_eq!(one[1], embedded("tokenizer.json"));
    let shapes = |bytes: &[u8]| {
        let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
        let tensors = file.tensors().into_iter();
        tensors
            .map(|(name, view)| (name, view.shape().to_vec()))
            .collect::<HashMap<_, _>>()
    };
    assert_eq!(shapes(&one[2]), shapes(&embedded("model.safetensors")));
}

//! From the columns of a task to what the encoder reads: one text, or a pair of texts.

/// One column is the text, two are a pair.
pub(super) fn texts(cells: Vec<String>) -> (String, Option<String>) {
    let mut cells = cells.into_iter();
    (cells.next().unwrap_or_default(), cells.next())
}

/// COPA (premise, question, first choice, second choice), for a head that classifies.
///
/// The original scores each choice in a sequence of its own and compares. A head with one output per class sees
/// one sequence, so both choices stand in it, numbered, and the classes are their numbers: the first text is the
/// premise with the question in words, the second is `1: first choice 2: second choice`.
pub(super) fn choice_of_two(cells: Vec<String>) -> (String, Option<String>) {
    let [premise, question, first, second] = four(cells);
    let asked = match question.as_str() {
        "cause" => "What was the cause?",
        "effect" => "What happened as a result?",
        other => other,
    };
    (
        format!("{premise} {asked}"),
        Some(format!("1: {first} 2: {second}")),
    )
}

/// WiC (word, first sentence, second sentence).
///
/// The original marks the word's place in both sentences. A head on the first token cannot point, so the word
/// itself is put before the first sentence: `word: first sentence`, paired with the second sentence.
pub(super) fn word_in_two_sentences(cells: Vec<String>) -> (String, Option<String>) {
    let [word, first, second, _] = four(cells);
    (format!("{word}: {first}"), Some(second))
}

/// The first four cells.
fn four(cells: Vec<String>) -> [String; 4] {
    let mut cells = cells.into_iter();
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn copa_shows_both_choices_and_the_question() {
        let row = cells(&["It was dark.", "cause", "The lamp broke.", "I read."]);
        let (text, pair) = choice_of_two(row);
        assert_eq!(text, "It was dark. What was the cause?");
        assert_eq!(pair.as_deref(), Some("1: The lamp broke. 2: I read."));
    }

    #[test]
    fn wic_shows_the_word() {
        let (text, pair) = word_in_two_sentences(cells(&["bank", "A steep bank.", "Bank on it."]));
        assert_eq!(text, "bank: A steep bank.");
        assert_eq!(pair.as_deref(), Some("Bank on it."));
    }
}

#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use proptest::prelude::*;

use super::burst::Bursts;
use super::parser::Parser;
use super::state::ANSWER;
use super::{Background, Input};

/// A terminal at the other end of a line, and its clock.
struct Line {
    parser: Parser,
    bursts: Bursts,
    now: Instant,
    heard: Vec<Input>,
}

impl Line {
    fn new(asked: bool) -> Self {
        let now = Instant::now();
        Self {
            parser: Parser::new(asked.then_some(now)),
            bursts: Bursts::default(),
            now,
            heard: Vec::new(),
        }
    }

    /// Lets time pass as the keyboard's thread does.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.parser.deadline().filter(|deadline| *deadline <= end) {
            assert!(deadline >= self.now || !self.parser.lapse(self.now).is_empty());
            self.now = self.now.max(deadline);
            let heard = self.parser.lapse(self.now);
            self.heard.extend(heard);
        }
        self.now = end;
    }

    fn send(&mut self, bytes: &[u8]) {
        let heard = self.parser.read(bytes, self.now);
        self.heard.extend(self.bursts.gather(heard, self.now));
    }

    /// Sends pieces, with a pause behind each.
    fn pieces<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>, pause: Duration) {
        for piece in pieces {
            self.send(piece);
            self.wait(pause);
        }
    }

    /// The keys and texts that were heard so far.
    fn pressed(&self) -> Vec<&Input> {
        let is_pressed = |input: &&Input| matches!(input, Input::Terminal(_) | Input::Burst(_));
        self.heard.iter().filter(is_pressed).collect()
    }
}

const PAUSES: [Duration; 5] = [
    Duration::from_millis(1),
    Duration::from_millis(30),
    Duration::from_millis(120),
    Duration::from_millis(900),
    Duration::from_secs(2),
];

const ANSWERS: [&[u8]; 5] = [
    b"\x1b]11;rgb:1e1e/eeee/2e2e\x1b\\",
    b"\x1b]11;rgb:1e1e/eeee/2e2e\x07",
    b"\x1b]11;rgb:1e1e/eeee/2e2e\x1b\\\x1b[?62;22c",
    b"\x9d11;rgb:1e1e/eeee/2e2e\x9c",
    b"\xc2\x9d11;rgb:1e1e/eeee/2e2e\xc2\x9c",
];

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Terminal(Event::Key(KeyEvent::new(code, modifiers)))
}

fn plain(code: KeyCode) -> Input {
    key(code, KeyModifiers::NONE)
}

/// That no key but Esc was pressed, and Esc only where a pause is so long that nobody should wait for what follows.
fn assert_quiet(line: &Line, pause: Duration, what: &str) {
    let escape = plain(KeyCode::Esc);
    let pressed = line.pressed().into_iter();
    let others = pressed.filter(|input| pause < ANSWER || **input != escape);
    assert_eq!(
        others.collect::<Vec<_>>(),
        Vec::<&Input>::new(),
        "{what} {pause:?}"
    );
}

#[test]
fn an_answer_presses_no_key_however_late_and_cut_it_comes() {
    for answer in ANSWERS {
        for pause in PAUSES {
            let mut bytewise = Line::new(true);
            bytewise.wait(Duration::from_secs(4));
            bytewise.pieces(answer.chunks(1).chain(answer.chunks(1)), pause);
            bytewise.wait(Duration::from_secs(20));
            assert_quiet(&bytewise, pause, &format!("{answer:?}"));
            let heard = bytewise.heard.iter();
            let light = heard.filter(|i| **i == Input::Background(Background::Light));
            assert_eq!(light.count(), 2, "{answer:?} {pause:?}");
            for cut in 1..answer.len() {
                let mut line = Line::new(true);
                let (one, other) = answer.split_at(cut);
                line.pieces([one, other, one, other], pause);
                assert_quiet(&line, pause, &format!("{answer:?} {cut}"));
                line.heard.clear();
                line.send(b"j");
                assert_eq!(line.pressed(), [&plain(KeyCode::Char('j'))]);
            }
        }
    }
}

#[test]
fn an_answer_whose_rest_never_comes_is_given_up() {
    let answer = ANSWERS[2];
    // An `ESC` of which nothing more comes is the key.
    let is_escape = |cut: &usize| answer[..*cut].ends_with(b"\x1b") && answer[*cut] == b'[';
    for cut in (2..answer.len()).filter(|cut| !is_escape(cut)) {
        let mut line = Line::new(true);
        line.send(&answer[..cut]);
        line.wait(Duration::from_secs(11));
        line.send(b"e");
        assert_eq!(line.pressed(), [&plain(KeyCode::Char('e'))], "{cut}");
    }
    // Nobody has to wait for that.
    for way_out in [&b"\x1b"[..], b"\x03", b"\r"] {
        let mut line = Line::new(true);
        line.pieces([&answer[..8], way_out], Duration::from_secs(2));
        line.send(b"q");
        assert_eq!(line.heard.last(), Some(&plain(KeyCode::Char('q'))));
        assert!(line.heard.contains(&Input::Unfinished));
    }
}

/// Answers, reports and texts that nothing here asks for.
const FOREIGN: [&[u8]; 20] = [
    b"\x1b[>0;276;0c",
    b"\x1b[=c",
    b"\x1b[?2026;2$y",
    b"\x1b[?1;2y",
    b"\x1b[24;80R",
    b"\x1b[8;24;80t",
    b"\x1b[I",
    b"\x1b[O",
    b"\x1b[?7u",
    b"\x1b[<0;0;0M",
    b"\x1b[<999999999999;1;1M",
    b"\x1b[1;1;1;1;1e",
    b"\x1b[ 1;+2 q",
    b"\x1bP1$r0 qPeEx\x1b\\",
    b"\x1bP>|XTerm(370)\x1b\\",
    b"\x1b_Gi=31;OK ePe\x1b\\",
    b"\x1b^pPe\x1b\\",
    b"\x1bXqPe\x1b\\",
    b"\x1b]l some title, e\x1b\\",
    b"\x1bOx",
];

#[test]
fn foreign_sequences_mean_nothing() {
    for sequence in FOREIGN {
        for pause in PAUSES {
            // A cut behind `ESC` itself is the key Esc, and DCS and its kin then begin with keys.
            for cut in 2..=sequence.len() {
                let mut line = Line::new(false);
                let (one, other) = sequence.split_at(cut);
                line.pieces([one].into_iter().chain(other.chunks(1)), pause);
                line.wait(Duration::from_secs(1));
                assert_eq!(
                    line.pressed(),
                    Vec::<&Input>::new(),
                    "{sequence:?} {cut} {pause:?}"
                );
            }
        }
    }
}

#[test]
fn a_control_sequence_cut_behind_its_first_byte_is_esc_and_nothing_more() {
    for sequence in [
        &b"\x1b[A"[..],
        b"\x1b[<0;5;5M",
        b"\x1b[>0;276;0c",
        b"\x1b]11;eee\x07",
    ] {
        let mut line = Line::new(false);
        line.pieces(sequence.chunks(1), Duration::from_secs(2));
        let pressed = line.pressed();
        assert_eq!(pressed[0], &plain(KeyCode::Esc));
        let typed = pressed[1..].iter().filter(|input| {
            let Input::Terminal(Event::Key(key)) = input else {
                return false;
            };
            matches!(key.code, KeyCode::Char(_))
        });
        assert_eq!(typed.count(), 0, "{sequence:?}");
    }
}

#[test]
fn keys_are_what_they_were() {
    let shift = KeyModifiers::SHIFT;
    for (bytes, expected) in [
        (&b"e"[..], plain(KeyCode::Char('e'))),
        (b"E", key(KeyCode::Char('E'), shift)),
        (b"\x03", key(KeyCode::Char('c'), KeyModifiers::CONTROL)),
        (b"\r", plain(KeyCode::Enter)),
        (b"\t", plain(KeyCode::Tab)),
        (b"\x7f", plain(KeyCode::Backspace)),
        ("é".as_bytes(), plain(KeyCode::Char('é'))),
        ("猫".as_bytes(), plain(KeyCode::Char('猫'))),
        ("🐈".as_bytes(), plain(KeyCode::Char('🐈'))),
        (b"\x1b", plain(KeyCode::Esc)),
        (b"\x1bb", key(KeyCode::Char('b'), KeyModifiers::ALT)),
        (b"\x1b[A", plain(KeyCode::Up)),
        (b"\x1bOB", plain(KeyCode::Down)),
        (b"\x1b[1;5C", key(KeyCode::Right, KeyModifiers::CONTROL)),
        (b"\x1b[Z", key(KeyCode::BackTab, shift)),
        (b"\x1b[H", plain(KeyCode::Home)),
        (b"\x1b[3~", plain(KeyCode::Delete)),
        (b"\x1b[5~", plain(KeyCode::PageUp)),
        (b"\x1bOP", plain(KeyCode::F(1))),
        (b"\x1b[[A", plain(KeyCode::F(1))),
        (b"\x1b[11~", plain(KeyCode::F(1))),
        (b"\x1b[24~", plain(KeyCode::F(12))),
        (b"\x1b[27u", plain(KeyCode::Esc)),
        (
            b"\x1b[97;5u",
            key(KeyCode::Char('a'), KeyModifiers::CONTROL),
        ),
        (b"\x1b[27;2;97~", key(KeyCode::Char('A'), shift)),
    ] {
        let mut line = Line::new(false);
        line.send(bytes);
        line.wait(Duration::from_millis(100));
        assert_eq!(line.heard, [expected], "{bytes:?}");
    }
    let mut line = Line::new(false);
    line.send(b"\x1b[97;1:3u");
    let Input::Terminal(Event::Key(released)) = &line.heard[0] else {
        panic!("{:?}", line.heard);
    };
    assert_eq!(released.kind, KeyEventKind::Release);
}

#[test]
fn escape_is_a_key_at_once_where_nothing_is_asked_and_before_long_where_something_is() {
    for (asked, time) in [(false, 50), (true, 150)] {
        let mut line = Line::new(asked);
        line.send(b"\x1b");
        line.wait(Duration::from_millis(time - 1));
        assert_eq!(line.heard, []);
        line.wait(Duration::from_millis(1));
        assert_eq!(line.heard, [plain(KeyCode::Esc)]);
    }
    // The next key needs no waiting.
    let mut line = Line::new(true);
    line.pieces([&b"\x1b"[..], b"P"], Duration::from_millis(400));
    let both = [
        plain(KeyCode::Esc),
        key(KeyCode::Char('P'), KeyModifiers::SHIFT),
    ];
    assert_eq!(line.heard, both);
    // An answer that was prompt leaves no doubt.
    let mut line = Line::new(true);
    line.pieces([ANSWERS[2], b"\x1b"], Duration::from_millis(200));
    assert_eq!(line.heard.last(), Some(&plain(KeyCode::Esc)));
}

#[test]
fn a_paste_is_one_text_however_it_is_cut() {
    let paste = b"\x1b[200~e\x1b[Aq\x03\x1b[201P\r\n\x1b[201~";
    for pause in PAUSES.into_iter().take(2) {
        for cut in 2..paste.len() {
            let mut line = Line::new(false);
            let (one, other) = paste.split_at(cut);
            line.pieces([one, other], pause);
            let text = "e\u{1b}[Aq\u{3}\u{1b}[201P\r\n".to_owned();
            assert_eq!(line.pressed(), [&Input::Terminal(Event::Paste(text))]);
        }
    }
    let slow = b"\x1b[200~ePq e\x1b[201~";
    let mut line = Line::new(false);
    line.pieces(
        [&slow[..2]].into_iter().chain(slow[2..].chunks(1)),
        PAUSES[4],
    );
    assert_eq!(
        line.pressed(),
        [&Input::Terminal(Event::Paste("ePq e".into()))]
    );
}

#[test]
fn a_paste_that_does_not_end_is_told_of_and_can_be_left() {
    for (way_out, cleared) in [(&b"\x03"[..], 0), (b"\x1b", 0)] {
        let mut line = Line::new(false);
        line.pieces(
            [&b"\x1b[200~half a"[..], b" paste"],
            Duration::from_secs(60),
        );
        assert_eq!(line.heard, [Input::Unfinished, Input::Unfinished]);
        line.pieces([way_out], Duration::from_secs(1));
        line.send(b"q");
        assert_eq!(line.pressed().len(), cleared + 1, "{:?}", line.heard);
        assert_eq!(line.heard.last(), Some(&plain(KeyCode::Char('q'))));
    }
}

#[test]
fn text_at_once_is_no_typing() {
    let mut line = Line::new(false);
    line.send(b"Please export it\nall");
    line.wait(Duration::from_millis(20));
    line.send(b"e");
    line.wait(Duration::from_secs(1));
    line.send(b"e");
    let burst = |text: &str| Input::Burst(text.to_owned());
    let expected = [
        burst("Please export it\u{a}all"),
        burst("e"),
        plain(KeyCode::Char('e')),
    ];
    assert_eq!(line.heard, expected);
    // A key held down on a slow line, and what a quick hand types.
    for typed in [&b"jjjjjjjjjjjjjjjjjkkkkkkkkkk"[..], b"gGjkq"] {
        let mut line = Line::new(false);
        line.send(typed);
        assert_eq!(line.pressed().len(), typed.len());
    }
}

proptest! {
    #[test]
    fn whatever_comes_the_keyboard_comes_back(
        asked in any::<bool>(),
        pieces in proptest::collection::vec(
            (
                proptest::collection::vec(
                    prop_oneof![
                        3 => any::<u8>(),
                        3 => proptest::sample::select(&b"\x1b[]OP_^X\\M~200;<?:\x07\x9b\x9d\x9c"[..]),
                    ],
                    1..12,
                ),
                0_u64..4000,
            ),
            0..12,
        ),
    ) {
        let mut line = Line::new(asked);
        for (piece, pause) in &pieces {
            line.send(piece);
            line.wait(Duration::from_millis(*pause));
        }
        line.wait(Duration::from_secs(12));
        // Ends a paste that was begun; else a key.
        line.send(b"\x03");
        line.wait(Duration::from_secs(1));
        line.heard.clear();
        line.send(b"q");
        prop_assert_eq!(line.heard, [plain(KeyCode::Char('q'))]);
    }
}

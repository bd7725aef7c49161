//! Any keys at any time, on the real state and the real line: what is paused stands still, and nothing is lost.

use std::time::Duration;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::lanes::{Did, Lanes};
use super::*;
use crate::app::Ending;

/// Random sequences of keys and events.
const SEQUENCES: u32 = 100_000;
/// Keys and events of a sequence, at most.
const LONGEST: usize = 64;
/// Steps after which whatever is under way has ended.
const ENOUGH: usize = 2000;

type Held = Result<(), TestCaseError>;

/// A study at work: the program, its executor and its search, each of which takes a step when told to.
struct Played {
    state: State,
    lanes: Lanes,
    places: usize,
    records: Vec<Record>,
    /// Proposals that the search was asked for and has not made.
    asked: usize,
    proposals_made: u16,
}

impl Played {
    fn new(places: usize, trials: usize) -> Self {
        let mut played = Self {
            state: study(2, trials),
            lanes: Lanes::new(places),
            places,
            records: Vec::new(),
            asked: 0,
            proposals_made: 0,
        };
        played.state.capacity = places;
        played.tell(ready());
        played
    }

    /// The program takes an event, and does what follows.
    fn tell(&mut self, event: Event) {
        let mut effects = update(&mut self.state, event);
        loop {
            for effect in effects {
                match effect {
                    Effect::Append(record) => {
                        self.state.apply(&record).unwrap();
                        self.records.push(record);
                    }
                    Effect::Ask(ask) => self.asked = ask.count,
                    Effect::Leave => return self.start_again(),
                    other => self.lanes.commands.push_back(other),
                }
            }
            effects = schedule(&mut self.state);
            if effects.is_empty() {
                return;
            }
        }
    }

    fn say(&mut self, message: Message) {
        self.tell(Event::Message(message));
    }

    /// The next session, on what the journal tells.
    fn start_again(&mut self) {
        let how = match self.state.is_complete() {
            true => Ending::Complete,
            false => Ending::Interrupted,
        };
        assert_eq!(self.state.ending(), how);
        let mut state = study(2, self.state.trials_wanted);
        for record in &self.records {
            state.apply(record).unwrap();
        }
        let program = "test".into();
        let session = Record::SessionStarted {
            program,
            trials: self.state.trials_wanted,
        };
        state.apply(&session).unwrap();
        self.records.push(session);
        state.capacity = self.places;
        self.state = state;
        self.lanes = Lanes::new(self.places);
        self.asked = 0;
        self.tell(ready());
    }

    /// The search answers, if it was asked.
    fn search(&mut self) -> bool {
        let asked = std::mem::take(&mut self.asked);
        let mut points = Vec::new();
        for number in self.proposals_made..self.proposals_made + asked as u16 {
            points.push([1 + number % 3, number % 4, 1, number % 2]);
        }
        self.proposals_made += asked as u16;
        if asked > 0 {
            self.tell(proposed(&points, false));
        }
        asked > 0
    }

    /// The program hears of one thing that the executor told.
    fn hear(&mut self) -> bool {
        let Some(event) = self.lanes.events.pop_front() else {
            return false;
        };
        self.tell(Event::Executor(event));
        true
    }

    /// A lane takes a step; nothing of what was paused may come of it once the executor has heard of the pause.
    fn work(&mut self, lane: usize, chance: u8) -> Result<bool, TestCaseError> {
        let did = self.lanes.step(lane, chance);
        if let (Did::Worked(trial), true) = (&did, self.lanes.commands.is_empty()) {
            let state = &self.state;
            prop_assert!(state.study_paused.is_none(), "{trial} while all is paused");
            prop_assert!(state.evaluation.is_none(), "{trial} beside an evaluation");
            let kept = state.paused_by_user.contains(trial);
            prop_assert!(!kept, "{trial}, which the user paused");
        }
        Ok(did != Did::Nothing)
    }

    /// `p` on a trial, as the screen has it.
    fn press_p(&mut self, trial: TrialId) {
        self.say(match self.state.paused_by_user.contains(&trial) {
            true => Message::Resume(trial),
            false => Message::Pause(trial),
        });
    }

    /// One key or event.
    fn take(&mut self, what: u16) -> Held {
        let argument = what / 32;
        let trial = TrialId(u32::from(argument) % 6);
        let lane = usize::from(argument);
        match what % 32 {
            0..4 => self.say(Message::ToggleStudyPause),
            4..6 => self.press_p(trial),
            6 => self.say(Message::Pause(trial)),
            7 => self.say(Message::Resume(trial)),
            8 => self.say(Message::Cancel(trial)),
            9 => self.say(Message::Retry(trial)),
            10 => self.say(Message::Prioritise(trial, i32::from(argument % 3) - 1)),
            11 => {
                self.say(Message::Evaluate);
                let begun = self.state.evaluation.is_some();
                prop_assert!(!begun || !self.lanes.is_busy(), "a lane is at work");
            }
            12 if self.state.evaluation.is_some() => {
                self.tell(Event::Evaluation(EvaluationEvent::Stopped));
            }
            13 if argument.is_multiple_of(4) => self.say(Message::Quit),
            14 => self.lanes.others_take(u64::from(argument % 5)),
            15 => self.lanes.wait(Duration::from_secs(400)),
            16 => {
                self.search();
            }
            17..22 => {
                self.hear();
            }
            22..25 => {
                self.lanes.direct();
            }
            _ => {
                self.work(lane, (argument / 8) as u8)?;
            }
        }
        self.check()
    }

    fn check(&self) -> Held {
        let running = self.state.in_state(TrialState::Running).count();
        prop_assert!(running <= self.places, "{running} trials run");
        let taken = self.state.places.taken();
        prop_assert!(taken <= self.places, "{taken} places are taken");
        Ok(())
    }

    /// Everybody works on until nothing happens any more, with all the memory there is.
    fn settle(&mut self) -> Held {
        self.lanes.others_take(0);
        let mut still = 0;
        for _ in 0..ENOUGH {
            let mut moved = self.lanes.direct() | self.hear() | self.search();
            for lane in 0..self.places {
                moved |= self.work(lane, u8::MAX)?;
            }
            self.check()?;
            still = if moved { 0 } else { still + 1 };
            // What waits for memory is given up after a while.
            self.lanes.wait(Duration::from_secs(400));
            if still == 4 {
                return Ok(());
            }
        }
        Err(TestCaseError::fail("it never comes to rest"))
    }

    /// How the trials stand, for a failure.
    fn told(&self) -> String {
        let trials = self.state.trials.iter();
        let states: Vec<&str> = trials.map(|trial| trial.state.label()).collect();
        format!("{states:?}, {:?}", self.state.places)
    }
}

/// A whole sequence, and what becomes of the study when everything is let go on after it.
fn holds(places: usize, trials: usize, sequence: &[u16]) -> Held {
    let mut played = Played::new(places, trials);
    for what in sequence {
        played.take(*what)?;
    }
    played.settle()?;
    if played.state.study_paused.is_some() {
        prop_assert_eq!(played.state.places.taken(), 0, "{}", played.told());
        prop_assert!(!played.lanes.is_busy());
    }
    let by_user = played.state.paused_by_user.clone();
    let mut rounds = 0;
    while played.state.study_paused.is_some() || played.state.evaluation.is_some() {
        played.tell(Event::Evaluation(EvaluationEvent::Stopped));
        played.say(Message::ToggleStudyPause);
        played.settle()?;
        rounds += 1;
        prop_assert!(rounds < 20, "it pauses again and again");
    }
    for trial in &played.state.trials {
        let kept = played.state.paused_by_user.contains(&trial.id);
        let stands = kept && trial.state == TrialState::Paused;
        prop_assert!(trial.state.is_over() || stands, "{}", played.told());
        prop_assert!(!by_user.contains(&trial.id) || stands, "a pause is lost");
    }
    for trial in played.state.paused_by_user.clone() {
        played.press_p(trial);
        played.settle()?;
        if played.state.study_paused.is_some() {
            played.say(Message::ToggleStudyPause);
            played.settle()?;
        }
    }
    prop_assert!(played.state.is_complete(), "{}", played.told());
    played.say(Message::Quit);
    Ok(())
}

#[test]
fn whatever_is_pressed_nothing_starts_while_the_study_is_paused_and_nothing_is_lost() {
    let config = Config {
        cases: SEQUENCES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::XorShift);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let sequence = proptest::collection::vec(any::<u16>(), 0..LONGEST);
    let result = runner.run(
        &(1..4_usize, 1..6_usize, sequence),
        |(places, trials, s)| holds(places, trials, &s),
    );
    if let Err(error) = result {
        panic!("{error}");
    }
}

//! A short round of hostile inputs for every reader of foreign bytes; `benches/fuzz.rs` runs millions.

use crate::support::mutation::{Mutations, targets};

/// Inputs for each target.
const EXECUTIONS: usize = 3000;

#[test]
fn no_input_lets_a_reader_panic() {
    for target in targets() {
        println!("{}", target.name);
        for seed in &target.seeds {
            (target.run)(seed);
        }
        let mut mutations = Mutations::new(&target.seeds, 7);
        for _ in 0..EXECUTIONS {
            (target.run)(&mutations.next());
        }
    }
}

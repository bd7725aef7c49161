//! Whose memory a device takes, and so which limits hold for what is computed there.

use super::room::{Bounds, Room};
use super::{card, room};

/// What the program takes beside the numbers of its model: its code, its threads, the rows.
const PROGRAM_BYTES: u64 = 64 << 20;

/// What a driver takes of its card's memory before anything is computed there: its context and the kernels.
const CONTEXT_BYTES: u64 = 512 << 20;

/// Whose memory a device takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// This machine's: of a processor, of its own GPU, of an emulated one.
    Machine,
    /// That of the card in this place on the bus, as "0000:01:00.0".
    Card(String),
    /// Nobody can tell.
    Unknown,
}

impl Store {
    /// What there is, and what limits it; none where nobody can tell.
    pub fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Machine => room::bounds(),
            Self::Card(place) => card::room(place).map(|room| Bounds {
                room,
                whole: None,
                free: None,
            }),
            Self::Unknown => None,
        }
    }

    /// The same without what limits it.
    pub fn room(&self) -> Option<Room> {
        self.bounds().map(|bounds| bounds.room)
    }

    /// What goes off the whole before anything is trained there, in bytes.
    pub fn taken_bytes(&self) -> u64 {
        match self {
            Self::Machine => PROGRAM_BYTES,
            Self::Card(_) | Self::Unknown => CONTEXT_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_limits_hold_for_what_computes_in_its_memory_alone() {
        let whole = |room: Option<Room>| room.map(|room| room.whole_bytes);
        assert_eq!(whole(Store::Machine.room()), whole(room::room()));
        assert_eq!(Store::Unknown.bounds(), None);
        // No machine has a card there.
        assert_eq!(Store::Card("ffff:ff:1f.7".to_owned()).bounds(), None);
        assert!(Store::Machine.taken_bytes() < Store::Unknown.taken_bytes());
    }
}

//! Packed states, interned: each (kind, state) is stored once and found by hash.

use std::hash::{BuildHasher, Hasher};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::{VertexId, VertexKind};

const NONE: u32 = u32::MAX;

/// What is known of a state that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    hash: u64,
    /// Its vertex; `NONE` if it was not met, which does not say that there is none.
    slot: u32,
}

/// The vertices' kinds and states, in order of creation.
#[derive(Clone, Debug)]
pub(crate) struct StateTable {
    width: usize,
    kinds: Vec<VertexKind>,
    cells: Vec<i32>,
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl StateTable {
    pub fn new(width: usize) -> Self {
        Self {
            width,
            kinds: Vec::new(),
            cells: Vec::new(),
            slots: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    pub fn kinds(&self) -> &[VertexKind] {
        &self.kinds
    }

    /// States of all vertices, one after the other.
    pub fn cells(&self) -> &[i32] {
        &self.cells
    }

    pub fn state(&self, vertex: VertexId) -> &[i32] {
        state(&self.cells, self.width, vertex.index())
    }

    pub fn find(&self, kind: VertexKind, given: &[i32]) -> Option<VertexId> {
        let holds = |&slot: &u32| self.holds(slot, kind, given);
        self.slots.find(self.hash(kind, given), holds).map(|&slot| VertexId(slot))
    }

    /// Looks for many states of one kind; `sought` gets one entry for each.
    ///
    /// Each stage does the same for all states, so that the processor waits for many of them at
    /// once where the table is larger than its caches.
    pub fn seek<'a>(
        &self,
        kind: VertexKind,
        states: impl Iterator<Item = &'a [i32]> + Clone,
        sought: &mut Vec<Sought>,
    ) {
        sought.clear();
        sought.extend(
            states.clone().map(|given| Sought { hash: self.hash(kind, given), slot: NONE }),
        );
        for each in sought.iter_mut() {
            each.slot = self.slots.find(each.hash, |_| true).copied().unwrap_or(NONE);
        }
        for (each, given) in sought.iter_mut().zip(states) {
            if each.slot != NONE && !self.holds(each.slot, kind, given) {
                each.slot = NONE;
            }
        }
    }

    /// A state that nobody looked for yet.
    pub fn unsought(&self, kind: VertexKind, given: &[i32]) -> Sought {
        Sought { hash: self.hash(kind, given), slot: NONE }
    }

    /// The vertex of this kind and state, and whether it was created by this call; None if it would
    /// be one more than `limit`. `sought` is of the same kind and state.
    pub fn find_or_insert(
        &mut self,
        kind: VertexKind,
        given: &[i32],
        sought: Sought,
        limit: usize,
    ) -> Option<(VertexId, bool)> {
        if sought.slot != NONE {
            return Some((VertexId(sought.slot), false));
        }
        self.make_room();
        let Self { width, kinds, cells, slots, hasher } = self;
        let entry = slots.entry(
            sought.hash,
            |&slot| holds(kinds, cells, *width, slot, kind, given),
            |&slot| hash(hasher, kinds[slot as usize], state(cells, *width, slot as usize)),
        );
        match entry {
            Entry::Occupied(found) => Some((VertexId(*found.get()), false)),
            Entry::Vacant(_) if kinds.len() >= limit => None,
            Entry::Vacant(free) => {
                let slot = kinds.len() as u32;
                free.insert(slot);
                kinds.push(kind);
                cells.extend_from_slice(given);
                Some((VertexId(slot), true))
            }
        }
    }

    /// Doubles the slots once they are full, so that `entry` need not: here the states are read in
    /// their order, not in that of the slots.
    fn make_room(&mut self) {
        if self.slots.len() < self.slots.capacity() {
            return;
        }
        let hash_of =
            |&slot: &u32| self.hash(self.kinds[slot as usize], self.state(VertexId(slot)));
        let mut slots = HashTable::with_capacity(2 * (self.len() + 1));
        for slot in 0..self.len() as u32 {
            slots.insert_unique(hash_of(&slot), slot, hash_of);
        }
        self.slots = slots;
    }

    fn hash(&self, kind: VertexKind, given: &[i32]) -> u64 {
        hash(&self.hasher, kind, given)
    }

    fn holds(&self, slot: u32, kind: VertexKind, given: &[i32]) -> bool {
        holds(&self.kinds, &self.cells, self.width, slot, kind, given)
    }
}

fn state(cells: &[i32], width: usize, vertex: usize) -> &[i32] {
    &cells[vertex * width..][..width]
}

fn holds(
    kinds: &[VertexKind],
    cells: &[i32],
    width: usize,
    slot: u32,
    kind: VertexKind,
    given: &[i32],
) -> bool {
    state(cells, width, slot as usize) == given && kinds[slot as usize] == kind
}

/// All states have one length, so the hash need not know it.
fn hash(hasher: &DefaultHashBuilder, kind: VertexKind, state: &[i32]) -> u64 {
    let mut stream = hasher.build_hasher();
    stream.write_u8(kind as u8);
    stream.write(bytemuck::cast_slice(state));
    stream.finish()
}

//! Packed states, interned: each (kind, state) is stored once and found by hash.

use std::hash::{BuildHasher, Hash, Hasher};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::{VertexId, VertexKind};

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
        let Self { width, kinds, cells, slots, hasher } = self;
        let holds = |&slot: &u32| {
            kinds[slot as usize] == kind && state(cells, *width, slot as usize) == given
        };
        slots.find(hash(hasher, kind, given), holds).map(|&slot| VertexId(slot))
    }

    /// The vertex of this kind and state, and whether it was created by this call; None if it would
    /// be one more than `limit`.
    pub fn find_or_insert(
        &mut self,
        kind: VertexKind,
        given: &[i32],
        limit: usize,
    ) -> Option<(VertexId, bool)> {
        let Self { width, kinds, cells, slots, hasher } = self;
        let entry = slots.entry(
            hash(hasher, kind, given),
            |&slot| kinds[slot as usize] == kind && state(cells, *width, slot as usize) == given,
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
}

fn state(cells: &[i32], width: usize, vertex: usize) -> &[i32] {
    &cells[vertex * width..][..width]
}

fn hash(hasher: &DefaultHashBuilder, kind: VertexKind, state: &[i32]) -> u64 {
    let mut stream = hasher.build_hasher();
    stream.write_u8(kind as u8);
    state.hash(&mut stream);
    stream.finish()
}

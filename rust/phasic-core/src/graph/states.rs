//! Packed states, interned: each (kind, state) is stored once and found by hash.

use std::hash::{BuildHasher, Hash, Hasher};

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

    pub fn kind(&self, vertex: VertexId) -> VertexKind {
        self.kinds[vertex.index()]
    }

    pub fn state(&self, vertex: VertexId) -> &[i32] {
        let start = vertex.index() * self.width;
        &self.cells[start..start + self.width]
    }

    pub fn find(&self, kind: VertexKind, state: &[i32]) -> Option<VertexId> {
        self.slots
            .find(self.hash(kind, state), |&slot| self.holds(slot, kind, state))
            .map(|&slot| VertexId(slot))
    }

    /// The vertex of this kind and state, and whether it was created by this call.
    pub fn find_or_insert(&mut self, kind: VertexKind, state: &[i32]) -> (VertexId, bool) {
        if let Some(found) = self.find(kind, state) {
            return (found, false);
        }
        let slot = self.kinds.len() as u32;
        self.kinds.push(kind);
        self.cells.extend_from_slice(state);
        let (kinds, cells, width, hasher) = (&self.kinds, &self.cells, self.width, &self.hasher);
        self.slots.insert_unique(hash(hasher, kind, state), slot, |&other| {
            let start = other as usize * width;
            hash(hasher, kinds[other as usize], &cells[start..start + width])
        });
        (VertexId(slot), true)
    }

    fn holds(&self, slot: u32, kind: VertexKind, state: &[i32]) -> bool {
        self.kinds[slot as usize] == kind && self.state(VertexId(slot)) == state
    }

    fn hash(&self, kind: VertexKind, state: &[i32]) -> u64 {
        hash(&self.hasher, kind, state)
    }
}

fn hash(hasher: &DefaultHashBuilder, kind: VertexKind, state: &[i32]) -> u64 {
    let mut stream = hasher.build_hasher();
    kind.hash(&mut stream);
    state.hash(&mut stream);
    stream.finish()
}

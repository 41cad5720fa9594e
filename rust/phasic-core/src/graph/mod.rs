//! Vertices, edges, and the two forms of a graph: one that changes, one that is frozen.

mod batch;
mod builder;
mod canonical;
mod checks;
mod merge;
mod order;
mod reach;
mod rows;
mod states;
mod weights;

pub(crate) use weights::PROBABILITY_SLACK;

pub use batch::{MoveError, Moves};
pub use builder::{EdgeView, GraphBuilder};
pub use canonical::{Frozen, Graph};
pub use weights::Weights;

/// Index of a vertex of a [`GraphBuilder`], in order of creation. The starting vertex is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VertexId(pub u32);

impl VertexId {
    /// The starting vertex of every graph.
    pub const START: Self = Self(0);

    /// As an index into an array.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a vertex stands for. Two vertices may share a state only if their kinds differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum VertexKind {
    /// The one vertex that is left at time zero; its edges carry the initial distribution.
    Starting = 0,
    /// A state of the chain.
    Ordinary = 1,
    /// A vertex beside a state, entered to count events; see `discretize`.
    Auxiliary = 2,
}

impl VertexKind {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Starting),
            1 => Some(Self::Ordinary),
            2 => Some(Self::Auxiliary),
            _ => None,
        }
    }
}

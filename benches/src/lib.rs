//! Named models, written once for benches and Rust tests; `tests/named.py` holds their twins.
//!
//! Each is a transition rule explored breadth first; rates are constants or `c · θ`. Twins have
//! the same content hash (`tests/named_keys.txt`).

mod blocks;
mod chains;
mod coalescent;
mod queues;

pub use blocks::{isolation_migration, structured_blocks};
pub use chains::{birth_death, rabbits, random_sparse, reset_chain};
pub use coalescent::{demes, kingman, kingman_blocks, two_loci};
pub use queues::{tandem, tandem_queues};

use phasic_core::{Error, Frozen, GraphBuilder, VertexId, VertexKind};

/// A transition: target state, base rate, coefficients of θ.
pub type Move = (Vec<i32>, f64, Vec<f64>);

/// Builds the graph of a rule from one initial state, breadth first.
///
/// # Errors
/// Those of [`GraphBuilder`].
pub fn explore(initial: &[i32], rule: impl Fn(&[i32]) -> Vec<Move>) -> Result<GraphBuilder, Error> {
    let mut graph = GraphBuilder::new(initial.len());
    let (start, _) = graph.find_or_create(VertexKind::Ordinary, initial)?;
    graph.add_edge(VertexId::START, start, 1.0, &[])?;
    let mut next = 1;
    while next < graph.n_vertices() {
        let vertex = VertexId(next as u32);
        for (state, base, coefficients) in rule(graph.state(vertex)) {
            let (target, _) = graph.find_or_create(VertexKind::Ordinary, &state)?;
            graph.add_edge(vertex, target, base, &coefficients)?;
        }
        next += 1;
    }
    Ok(graph)
}

/// The frozen graph of a builder.
#[must_use]
pub fn freeze(graph: &GraphBuilder) -> Frozen {
    graph.freeze().expect("the named models reach an absorbing state")
}

/// Vertices by state, for rewards that depend on the state: `(n_vertices,)` in canonical order.
#[must_use]
pub fn rewards(frozen: &Frozen, reward: impl Fn(&[i32]) -> f64) -> Vec<f64> {
    (0..frozen.graph.n_vertices()).map(|vertex| reward(frozen.graph.vertex(vertex).1)).collect()
}

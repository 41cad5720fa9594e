//! The tables of a chain at one θ: how long it stays, and where it jumps.

use super::alias::{Slot, fill};
use super::source::Source;
use crate::{Error, Graph, Weights};

/// What a walk needs to know of a vertex.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The mean of a stay in continuous time. In discrete time, s where a stay is 1 + ⌊s E⌋ steps,
    /// with E exponential: geometric if exp(−1/s) is the probability of staying.
    scale: f64,
    first: u32,
    size: u32,
}

impl Place {
    #[inline]
    pub fn is_end(self) -> bool {
        self.size == 0
    }

    /// The length of a stay, in time or in steps.
    #[inline]
    pub fn stay<const DISCRETE: bool>(self, source: &mut Source) -> f64 {
        let length = source.exponential() * self.scale;
        if DISCRETE { 1.0 + length.floor() } else { length }
    }
}

/// Self-loops are not jumps: they only make a stay longer.
#[derive(Debug)]
pub(super) struct Chain {
    places: Vec<Place>,
    slots: Vec<Slot>,
    initial: Place,
}

impl Chain {
    /// `scale(vertex, rate)` tells the scale of a stay from the rate of leaving.
    pub fn new(
        graph: &Graph,
        weights: &Weights,
        scale: impl Fn(usize, f64) -> Result<f64, Error>,
    ) -> Result<Self, Error> {
        let n = graph.n_vertices();
        let weighted = |vertex: usize| {
            graph.edges(vertex).map(move |edge| {
                (graph.target(edge) as u32, weights.rows[graph.rows[edge] as usize])
            })
        };
        let mut slots = Vec::with_capacity(graph.n_edges() + 1);
        let absorbed = weighted(0).filter(|&(target, _)| graph.is_absorbing(target as usize));
        let missing = weights.defect - absorbed.map(|(_, weight)| weight).sum::<f64>();
        let initial = place(0.0, weighted(0).chain([(0, missing)]), &mut slots);
        // A walk that never starts ends at vertex 0.
        let mut places = Vec::with_capacity(n);
        places.push(Place::default());
        for vertex in 1..n {
            let away = weighted(vertex).filter(|&(target, _)| target as usize != vertex);
            let rate = away.clone().map(|(_, weight)| weight).sum();
            places.push(place(scale(vertex, rate)?, away, &mut slots));
        }
        Ok(Self { places, slots, initial })
    }

    #[inline]
    pub fn place(&self, vertex: u32) -> Place {
        self.places[vertex as usize]
    }

    /// Where a jump leads.
    #[inline]
    pub fn jump(&self, from: Place, source: &mut Source) -> u32 {
        let product = u128::from(source.word()) * u128::from(from.size);
        self.slots[from.first as usize + (product >> 64) as usize].target(product as u64)
    }

    /// Where a walk starts; 0 if it does not.
    #[inline]
    pub fn start(&self, source: &mut Source) -> u32 {
        self.jump(self.initial, source)
    }
}

/// The next vertex, with its `(target, weight)` pairs; those without weight are left out.
fn place(scale: f64, weighted: impl Iterator<Item = (u32, f64)>, slots: &mut Vec<Slot>) -> Place {
    let first = slots.len();
    fill(slots, weighted.filter(|&(_, weight)| weight > 0.0));
    Place { scale, first: first as u32, size: (slots.len() - first) as u32 }
}

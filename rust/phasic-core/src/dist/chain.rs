//! The uniformized chain: jumps of a Poisson process of rate q, some of which stay put.

use super::bands::Bands;
use crate::eliminate::ABSORBED;
use crate::{Error, Trace};

/// Transient edges by position: the pattern of the uniformized chain, the same for every θ.
#[derive(Debug)]
pub(crate) struct ChainPattern {
    pub offsets: Vec<u32>,
    pub targets: Vec<u32>,
    pub edges: Vec<u32>,
    /// Positions and edges of absorption.
    pub(super) doors: Vec<(u32, u32)>,
    pub(super) bands: Option<Bands>,
}

impl ChainPattern {
    pub fn new(trace: &Trace) -> Self {
        let (layout, n) = (trace.layout(), trace.n_transient());
        let (offsets, targets, edges, doors) = (vec![0], Vec::new(), Vec::new(), Vec::new());
        let mut pattern = Self { offsets, targets, edges, doors, bands: None };
        let mut entries = Vec::new();
        for position in 0..n {
            let (doors, outer): (Vec<_>, Vec<_>) =
                layout.outer.of(position).partition(|&(_, target)| target == ABSORBED);
            pattern.doors.extend(doors.iter().map(|&(edge, _)| (position as u32, edge as u32)));
            for (edge, target) in layout.inner.of(position).chain(outer) {
                pattern.edges.push(edge as u32);
                pattern.targets.push(target);
                entries.push((position as u32, target));
            }
            pattern.offsets.push(pattern.edges.len() as u32);
        }
        pattern.bands = Bands::new(n, &entries);
        pattern
    }

    /// Where the sum for an entry lies: entry by entry, or along diagonals.
    pub(super) fn place(&self, entry: usize) -> usize {
        self.bands.as_ref().map_or(entry, |bands| bands.places[entry] as usize)
    }

    pub fn range(&self, position: usize) -> std::ops::Range<usize> {
        self.offsets[position] as usize..self.offsets[position + 1] as usize
    }
}

/// How far q lies above the largest exit rate. With every probability of staying positive, the
/// pattern of P holds all of its derivatives, and mass never vanishes in one jump.
const MARGIN: f64 = 1.0 + 1.0 / 32.0;

/// P = I + S/q on the transient states, with q above the largest exit rate (Jensen 1953).
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    pub pattern: &'a ChainPattern,
    /// Rate q of the Poisson process.
    pub rate: f64,
    /// Per pattern entry: probability of that jump.
    pub jumps: Vec<f64>,
    /// The same along the diagonals of the pattern, empty if it has none.
    pub(super) along: Vec<f64>,
    /// Per position: probability that a jump absorbs.
    pub leaks: Vec<f64>,
    /// Per position: rate of absorption.
    pub absorption: Vec<f64>,
    /// Where that is not zero.
    pub(super) exits: Vec<u32>,
    /// Per position: probability of starting there.
    pub initial: Vec<f64>,
}

impl<'a> Chain<'a> {
    pub fn new(trace: &Trace, pattern: &'a ChainPattern, weights: &[f64]) -> Self {
        let edge_rates = |edge: u32| weights[trace.graph().rows[edge as usize] as usize];
        let absorption = trace.absorption(weights);
        let exit = |position: usize| -> f64 {
            let jumps = pattern.edges[pattern.range(position)].iter();
            absorption[position] + jumps.map(|&edge| edge_rates(edge)).sum::<f64>()
        };
        let exits: Vec<f64> = (0..trace.n_transient()).map(exit).collect();
        let rate = MARGIN * exits.iter().copied().fold(0.0, f64::max);
        let scale = positive(rate);
        let jumps: Vec<f64> = pattern.edges.iter().map(|&edge| edge_rates(edge) / scale).collect();
        Self {
            pattern,
            rate,
            along: pattern.bands.as_ref().map_or_else(Vec::new, |bands| bands.spread(&jumps)),
            jumps,
            leaks: absorption.iter().map(|rate| rate / scale).collect(),
            initial: trace.initial(weights),
            exits: (0..exits.len() as u32).filter(|&i| absorption[i as usize] > 0.0).collect(),
            absorption,
        }
    }

    /// The rate q, or 1 for a chain without rates.
    pub fn scale(&self) -> f64 {
        positive(self.rate)
    }

    pub fn n(&self) -> usize {
        self.leaks.len()
    }

    /// The density of absorption, `v · s`.
    pub fn density(&self, v: &[f64]) -> f64 {
        let each = self.exits.iter().map(|&i| v[i as usize] * self.absorption[i as usize]);
        // An empty sum of doubles is −0 in Rust.
        each.fold(0.0, |sum, term| sum + term)
    }

    /// One jump: `next = v P`. Returns the mass that is still transient.
    ///
    /// What leaves a state is the sum of the very numbers that arrive elsewhere. A rounded
    /// probability of staying would lose the same 1e-16 of all mass at every jump; here rounding
    /// errors are as often up as down.
    pub fn jump(&self, v: &[f64], next: &mut [f64]) -> f64 {
        let n = v.len();
        let (next, leaks) = (&mut next[..n], &self.leaks[..n]);
        let ends = &self.pattern.offsets[1..=n];
        next.copy_from_slice(v);
        if let Some(bands) = &self.pattern.bands {
            for position in self.exits.iter().map(|&i| i as usize) {
                next[position] -= v[position] * leaks[position];
            }
            bands.jump(&self.along, v, next);
            return next.iter().sum();
        }
        let mut entries = self.pattern.targets.iter().zip(&self.jumps);
        let mut first = 0;
        for position in 0..n {
            let (mass, end) = (v[position], ends[position]);
            let mut left = mass * leaks[position];
            for (&target, jump) in entries.by_ref().take((end - first) as usize) {
                let moved = mass * jump;
                next[target as usize] += moved;
                left += moved;
            }
            first = end;
            next[position] -= left;
        }
        next.iter().sum()
    }

    /// What flows into each position less what flows out, per unit of time, `v S`.
    pub fn flow(&self, v: &[f64]) -> Vec<f64> {
        let mut flow = vec![0.0; self.n()];
        for (position, &mass) in v.iter().enumerate() {
            let mut left = mass * self.absorption[position];
            for entry in self.pattern.range(position) {
                let moved = mass * self.scale() * self.jumps[entry];
                flow[self.pattern.targets[entry] as usize] += moved;
                left += moved;
            }
            flow[position] -= left;
        }
        flow
    }

    /// Errors if `mean` jumps on average are more than a computation should take.
    pub fn check_steps(&self, mean: f64) -> Result<(), Error> {
        const MOST_STEPS: f64 = 3e7;
        const MOST_WORK: f64 = 1e11;
        let limit = MOST_STEPS.min(MOST_WORK / (self.n() + self.jumps.len()).max(1) as f64);
        let steps = mean + 9.0 * mean.sqrt();
        if steps <= limit {
            return Ok(());
        }
        Err(Error::TooManySteps { what: "this time", steps, limit })
    }
}

fn positive(rate: f64) -> f64 {
    if rate > 0.0 { rate } else { 1.0 }
}

//! Densities of the share of the second reward given the number of jumps: piecewise polynomials.
//!
//! Given n jumps in the time u, the n + 1 sojourns are uniform spacings of u, and the share x = Y₂/u of a path is a
//! mean of the shares of its states with these weights: its density is a B-spline of degree n − 1 with the shares as
//! knots (Curry & Schoenberg 1966). Summed over all paths, between two neighbours of the distinct shares ρ₀ < … < ρₘ
//! it is
//!
//! `n/h · Σₖ C(n−1, k) ξᵏ (1−ξ)ⁿ⁻¹⁻ᵏ c[n, k]`, `h = ρⱼ − ρⱼ₋₁`, `ξ = (x − ρⱼ₋₁)/h`.
//!
//! The c are the differences of the numbers b of Nabli & Sericola (1996) for distribution functions, and follow from
//! c[n − 1] like these, by sums of products of non-negative numbers. Per state i and piece j, with P c[n − 1] over the
//! states that a jump from i leads to: for ρᵢ ≥ ρⱼ
//!
//! `c[n, k] = A c[n, k−1] + B (P c[n−1])[k−1]`, `A = (ρᵢ − ρⱼ)/(ρᵢ − ρⱼ₋₁)`, `B = 1 − A`,
//!
//! where k = 0 takes `c[n, n−1] (ρᵢ − ρⱼ₋₁)/(ρⱼ₋₁ − ρⱼ₋₂)` of the piece below and P s of the paths that keep to
//! ρⱼ₋₁; for ρᵢ ≤ ρⱼ₋₁ the same from the other side.

use rayon::prelude::*;

use super::FLOOR;
use super::directions::{Directions, State};

/// States times numbers beyond which a jump is spread over threads.
const WORTH_THREADS: usize = 50_000;

/// The numbers of all states after n jumps, and those of the start after each number of jumps.
#[derive(Debug)]
pub(super) struct Splines<'a> {
    pub directions: &'a Directions,
    /// Per state, c of its pieces, n numbers each; the last of its jumps absorbs.
    rows: Vec<Vec<f64>>,
    /// Per state, s: the probability that n jumps keep to its own share, and the next one absorbs.
    straight: Vec<f64>,
    /// Per state, the probability that n jumps do not absorb.
    alive: Vec<f64>,
    /// α · c: per n from 1 on, per piece, n numbers.
    pub pieces: Vec<Vec<f64>>,
    /// α · s: per n from 0 on, per share.
    pub rays: Vec<Vec<f64>>,
    /// α · Pⁿ 1.
    pub survival: Vec<f64>,
    threads: bool,
}

impl<'a> Splines<'a> {
    pub fn new(directions: &'a Directions, threads: bool) -> Self {
        let states = &directions.states;
        let mut splines = Self {
            directions,
            rows: vec![Vec::new(); states.len()],
            straight: states.iter().map(|state| state.leak).collect(),
            alive: vec![1.0; states.len()],
            pieces: Vec::new(),
            rays: Vec::new(),
            survival: Vec::new(),
            threads,
        };
        splines.record();
        splines
    }

    /// Jumps so far.
    pub fn n(&self) -> usize {
        self.survival.len() - 1
    }

    /// Multiply-adds of the next jump, and numbers that are kept after it.
    pub fn cost(&self) -> (usize, usize) {
        let states = self.directions.states.iter();
        let (mut work, mut kept) = (0, 0);
        for state in states {
            let pieces = state.high - state.low;
            work += pieces * (state.jumps.len() + 4);
            kept += pieces;
        }
        let n = self.n() + 1;
        (work * n, 2 * kept * n + (self.directions.shares.len() - 1) * n * n / 2)
    }

    /// One more jump, in front of all others.
    pub fn jump(&mut self) {
        let n = self.n() + 1;
        let states = &self.directions.states;
        let each = |state: &State| self.row(state, n);
        let many = self.threads && self.cost().0 > WORTH_THREADS;
        let row = |(k, state): (usize, &State)| {
            let mut row = each(state);
            self.finish(state, k, n, &mut row);
            row
        };
        let rows: Vec<Vec<f64>> = if many {
            states.par_iter().enumerate().with_min_len(8).map(row).collect()
        } else {
            states.iter().enumerate().map(row).collect()
        };
        let through = |k: usize, values: &[f64], same: bool| {
            let state = &states[k];
            let on = state.jumps.iter().filter(|&&(to, _)| !same || states[to].own == state.own);
            state.stay * values[k] + on.map(|&(to, p)| p * values[to]).sum::<f64>()
        };
        let straight = (0..states.len()).map(|k| through(k, &self.straight, true)).collect();
        let alive = (0..states.len()).map(|k| through(k, &self.alive, false)).collect();
        (self.rows, self.straight, self.alive) = (rows, straight, alive);
        self.record();
    }

    /// P c of a state from other states, without its own share, where the sweep of [`Self::finish`] wants it: from
    /// k = 1 on in the pieces below its share, from k = 0 on in those above.
    fn row(&self, state: &State, n: usize) -> Vec<f64> {
        let mut row = vec![0.0; (state.high - state.low) * n];
        let mut add = |other: &State, values: &[f64], p: f64| {
            for (piece, values) in (other.low + 1..).zip(values.chunks_exact((n - 1).max(1))) {
                let from = (piece - state.low - 1) * n + usize::from(piece <= state.own);
                for (sum, value) in row[from..].iter_mut().zip(values) {
                    *sum += p * value;
                }
            }
        };
        for &(to, p) in &state.jumps {
            add(&self.directions.states[to], &self.rows[to], p);
        }
        row
    }

    /// Adds the state's own share to P c, and turns that into c.
    ///
    /// No number falls below [`FLOOR`]: arithmetic on subnormal numbers would take most of the time.
    fn finish(&self, state: &State, k: usize, n: usize, row: &mut [f64]) {
        let (states, shares) = (&self.directions.states, &self.directions.shares);
        let mine = self.rows[k].chunks_exact((n - 1).max(1));
        for (piece, values) in (state.low + 1..).zip(mine) {
            let from = (piece - state.low - 1) * n + usize::from(piece <= state.own);
            for (sum, value) in row[from..].iter_mut().zip(values) {
                *sum += state.stay * value;
            }
        }
        // What comes over the border of a piece from paths that keep to the share there.
        let kept = |share: usize| -> f64 {
            let on = state.jumps.iter().filter(|&&(to, _)| states[to].own == share);
            on.map(|&(to, p)| p * self.straight[to]).sum()
        };
        let own = shares[state.own];
        let at = |piece: usize| (piece - state.low - 1) * n;
        let mut over = 0.0;
        for piece in state.low + 1..=state.own {
            let (below, above) = (shares[piece - 1], shares[piece]);
            let (h, whole) = (above.above(below), own.above(below));
            let (a, b) = (own.above(above) / whole, h / whole);
            let c = &mut row[at(piece)..][..n];
            c.iter_mut().for_each(|value| *value = b * *value + FLOOR);
            c[0] += b * (over * whole + kept(piece - 1));
            for k in 1..n {
                c[k] += a * c[k - 1];
            }
            over = c[n - 1] / h;
        }
        over = 0.0;
        for piece in (state.own + 1..=state.high).rev() {
            let (below, above) = (shares[piece - 1], shares[piece]);
            let (h, whole) = (above.above(below), above.above(own));
            let (a, b) = (below.above(own) / whole, h / whole);
            let c = &mut row[at(piece)..][..n];
            c.iter_mut().for_each(|value| *value = b * *value + FLOOR);
            c[n - 1] += b * (over * whole + kept(piece));
            for k in (0..n - 1).rev() {
                c[k] += a * c[k + 1];
            }
            over = c[0] / h;
        }
    }

    fn record(&mut self) {
        let n = self.survival.len();
        let shares = self.directions.shares.len();
        let mut rays = vec![0.0; shares];
        let mut pieces = vec![0.0; (shares - 1) * n];
        let mut alive = 0.0;
        for &(k, p) in &self.directions.initial {
            let state = &self.directions.states[k];
            rays[state.own] += p * self.straight[k];
            alive += p * self.alive[k];
            for (sum, value) in pieces[state.low * n..].iter_mut().zip(&self.rows[k]) {
                *sum += p * value;
            }
        }
        self.rays.push(rays);
        self.survival.push(alive);
        if n > 0 {
            self.pieces.push(pieces);
        }
    }
}

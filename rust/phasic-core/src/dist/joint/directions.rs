//! The chain in the time of both rewards together, and the directions in which its states lead.

use crate::solve::RewardTime;
use crate::{Trace, Weights};

/// Directions closer than this, as shares, are one: so far apart may quotients of proportional rewards be.
const SAME: f64 = 1e-13;

/// A share x of the second reward, and 1 − x, each right to its last digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    pub second: f64,
    pub first: f64,
}

impl Share {
    /// Of `(first, second)`, not both 0.
    pub fn of(first: f64, second: f64) -> Self {
        let sum = first + second;
        Self { second: second / sum, first: first / sum }
    }

    /// How far another one lies below, from the smaller numbers.
    pub fn above(self, other: Self) -> f64 {
        if self.second < 0.5 { self.second - other.second } else { other.first - self.first }
    }
}

/// A state in the uniformized chain.
#[derive(Debug)]
pub(super) struct State {
    /// Index of its direction.
    pub own: usize,
    /// Lowest and highest index of the directions of the states that it leads to, its own among them.
    pub low: usize,
    pub high: usize,
    /// Probability that a jump stays here.
    pub stay: f64,
    /// Probability that a jump absorbs.
    pub leak: f64,
    /// Other states with the probabilities of jumps to them.
    pub jumps: Vec<(usize, f64)>,
}

/// P = I + T/q for the chain T in the time `u` in which a state with rewards (r₁, r₂) takes r₁/m₁ + r₂/m₂ for a
/// unit of time, m the means: `u = y₁/m₁ + y₂/m₂` at the end. States without either are eliminated.
#[derive(Debug)]
pub(super) struct Directions {
    /// Rate q of the Poisson process of jumps.
    pub rate: f64,
    /// The distinct shares of the states, ascending.
    pub shares: Vec<Share>,
    pub states: Vec<State>,
    /// Whether some path keeps to each share from the start to the end.
    pub rays: Vec<bool>,
    /// Indices of states with the probability of starting there, where that is positive.
    pub initial: Vec<(usize, f64)>,
}

impl Directions {
    /// `rewards`: `(n_vertices,)` each, ≥ 0, with their means, > 0.
    pub fn new(trace: &Trace, weights: &Weights, rewards: [&[f64]; 2], means: [f64; 2]) -> Self {
        let scaled = |vertex: usize| (rewards[0][vertex] / means[0], rewards[1][vertex] / means[1]);
        let both: Vec<f64> = (0..trace.n_vertices()).map(scaled).map(|(a, b)| a + b).collect();
        let chain = RewardTime::new(trace, weights, &both);
        let own: Vec<Share> = chain
            .vertices
            .iter()
            .map(|&vertex| scaled(vertex as usize))
            .map(|(first, second)| Share::of(first, second))
            .collect();
        let (shares, index) = distinct(&own);
        let exit = |k: usize| chain.absorption[k] + chain.rates[k].iter().map(|r| r.1).sum::<f64>();
        let exits: Vec<f64> = (0..own.len()).map(exit).collect();
        let rate = exits.iter().copied().fold(0.0, f64::max);
        let states = exits.iter().enumerate().map(|(k, &exit)| State {
            own: index[k],
            low: index[k],
            high: index[k],
            stay: (rate - exit) / rate,
            leak: chain.absorption[k] / rate,
            jumps: chain.rates[k].iter().map(|&(to, r)| (to as usize, r / rate)).collect(),
        });
        let states = reach(states.collect());
        let initial = chain.initial.iter().copied().enumerate().filter(|&(_, p)| p > 0.0);
        let initial: Vec<(usize, f64)> = initial.collect();
        let rays = straight(&states, &initial, shares.len());
        Self { rate, shares, states, rays, initial }
    }

    /// Whether some path from the start leads on both sides of the piece between shares `piece` − 1 and `piece`.
    pub fn supports(&self, piece: usize) -> bool {
        let across = |state: &State| state.low < piece && piece <= state.high;
        self.initial.iter().any(|&(k, _)| across(&self.states[k]))
    }
}

/// The distinct ones in ascending order, and for each the index of its own.
fn distinct(all: &[Share]) -> (Vec<Share>, Vec<usize>) {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_unstable_by(|&a, &b| {
        let by_second = all[a].second.total_cmp(&all[b].second);
        by_second.then(all[b].first.total_cmp(&all[a].first))
    });
    let (mut shares, mut index): (Vec<Share>, _) = (Vec::new(), vec![0; all.len()]);
    for k in order {
        if shares.last().is_none_or(|&last| all[k].above(last) > SAME) {
            shares.push(all[k]);
        }
        index[k] = shares.len() - 1;
    }
    (shares, index)
}

/// Per share, whether a path from the start can keep to it.
fn straight(states: &[State], initial: &[(usize, f64)], shares: usize) -> Vec<bool> {
    let mut rays = vec![false; shares];
    let mut seen = vec![false; states.len()];
    let mut stack: Vec<usize> = initial.iter().map(|&(k, _)| k).collect();
    while let Some(k) = stack.pop() {
        if std::mem::replace(&mut seen[k], true) {
            continue;
        }
        let state = &states[k];
        rays[state.own] |= state.leak > 0.0;
        stack.extend(
            state.jumps.iter().map(|&(to, _)| to).filter(|&to| states[to].own == state.own),
        );
    }
    rays
}

/// Spreads lowest and highest directions back along the jumps until nothing changes.
fn reach(mut states: Vec<State>) -> Vec<State> {
    let mut parents = vec![Vec::new(); states.len()];
    for (k, state) in states.iter().enumerate() {
        state.jumps.iter().for_each(|&(to, _)| parents[to].push(k));
    }
    let mut stack: Vec<usize> = (0..states.len()).collect();
    while let Some(to) = stack.pop() {
        let (low, high) = (states[to].low, states[to].high);
        for &from in &parents[to] {
            let state = &mut states[from];
            if low < state.low || high > state.high {
                state.low = state.low.min(low);
                state.high = state.high.max(high);
                stack.push(from);
            }
        }
    }
    states
}

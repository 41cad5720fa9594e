//! The chain in reward time as lists of rates, at one θ.

use super::transform::eliminate;
use super::transform_chain::Chain;
use crate::{Trace, Weights};

/// The chain that [`super::reward_transform`] makes a graph of: vertices without reward are eliminated, rates out of
/// the others are divided by their reward.
#[derive(Debug)]
pub(crate) struct RewardTime {
    /// Vertices with reward that can be reached, in ascending order.
    pub vertices: Vec<u32>,
    /// Per one of these: the probability of starting there. What is missing to 1 collects nothing.
    pub initial: Vec<f64>,
    /// Per one of these: indices of others, with rates.
    pub rates: Vec<Vec<(u32, f64)>>,
    /// Per one of these: the rate of absorption.
    pub absorption: Vec<f64>,
}

impl RewardTime {
    /// `rewards`: `(n_vertices,)`, canonical, finite and ≥ 0, of a trace whose chain is surely absorbed.
    pub fn new(trace: &Trace, weights: &Weights, rewards: &[f64]) -> Self {
        const NONE: u32 = u32::MAX;
        let graph = trace.graph();
        let mut chain = Chain::new(graph, Some(weights), false);
        let eliminated = eliminate(&mut chain, trace, rewards);
        debug_assert!(eliminated, "constants branch the same at every θ");
        let stays =
            |&vertex: &u32| !chain.gone[vertex as usize] && !graph.is_absorbing(vertex as usize);
        let vertices: Vec<u32> = (1..trace.n_vertices() as u32).filter(stays).collect();
        let mut index = vec![NONE; trace.n_vertices()];
        for (k, &vertex) in vertices.iter().enumerate() {
            index[vertex as usize] = k as u32;
        }
        let n = vertices.len();
        let mut found = Self {
            vertices,
            initial: vec![0.0; n],
            rates: vec![Vec::new(); n],
            absorption: vec![0.0; n],
        };
        for (&child, row) in &chain.children[0] {
            if index[child as usize] != NONE {
                found.initial[index[child as usize] as usize] = row[0];
            }
        }
        for (k, &vertex) in found.vertices.iter().enumerate() {
            for (&child, row) in &chain.children[vertex as usize] {
                let rate = row[0] / rewards[vertex as usize];
                match index[child as usize] {
                    NONE => found.absorption[k] += rate,
                    other => found.rates[k].push((other, rate)),
                }
            }
        }
        found
    }
}

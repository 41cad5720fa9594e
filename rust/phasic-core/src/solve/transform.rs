//! The chain in reward time: a phase-type law for the accumulated reward.

use std::collections::{BTreeMap, BTreeSet};

use super::Moments;
use super::moments::not_negative;
use crate::{Error, GraphBuilder, Trace, VertexId, VertexKind};

/// The graph whose absorption time is the reward accumulated by the trace's chain at θ.
///
/// `rewards`: `(n_vertices,)`, canonical, ≥ 0. Vertices without reward take no reward time: they are
/// eliminated (the Schur complement of their block, subtraction-free), and a path through them
/// alone becomes an atom at zero, the defect. Rates out of the others are divided by their reward.
/// States stay; weights become constants. Source: Bladt & Nielsen 2017, theorem 3.1.33.
pub fn reward_transform(
    trace: &Trace,
    theta: &[f64],
    rewards: &[f64],
) -> Result<GraphBuilder, Error> {
    let (expected, given) = (trace.n_vertices(), rewards.len());
    if expected != given {
        return Err(Error::RewardLength { expected, given });
    }
    not_negative(rewards)?;
    // Errors if a class of states can be entered and never left.
    Moments::new(trace, theta)?;
    let weights = trace.graph().weights(theta)?;
    let mut chain = Chain::new(trace, &trace.graph().edge_weights(&weights));
    for &vertex in &trace.schedule().pivots {
        if rewards[vertex as usize] == 0.0 {
            chain.eliminate(vertex);
        }
    }
    chain.build(trace, rewards)
}

/// Outgoing weights and parents of every vertex that can be reached at this θ.
struct Chain {
    children: Vec<BTreeMap<u32, f64>>,
    parents: Vec<BTreeSet<u32>>,
    gone: Vec<bool>,
}

impl Chain {
    fn new(trace: &Trace, weights: &[f64]) -> Self {
        let (graph, n) = (trace.graph(), trace.n_vertices());
        let mut chain = Self {
            children: vec![BTreeMap::new(); n],
            parents: vec![BTreeSet::new(); n],
            gone: vec![true; n],
        };
        let mut stack = vec![0];
        chain.gone[0] = false;
        while let Some(source) = stack.pop() {
            for edge in graph.edges(source).filter(|&edge| weights[edge] > 0.0) {
                let target = graph.target(edge);
                if target != source {
                    chain.children[source].insert(target as u32, weights[edge]);
                    chain.parents[target].insert(source as u32);
                }
                if std::mem::replace(&mut chain.gone[target], false) {
                    stack.push(target);
                }
            }
        }
        chain
    }

    /// Leads every parent past the vertex: `w[u, z] += w[u, v] · w[v, z] / Σ w[v, ·]` for z ≠ u.
    fn eliminate(&mut self, vertex: u32) {
        let children = std::mem::take(&mut self.children[vertex as usize]);
        let parents = std::mem::take(&mut self.parents[vertex as usize]);
        let rate: f64 = children.values().sum();
        for &child in children.keys() {
            self.parents[child as usize].remove(&vertex);
        }
        for &parent in &parents {
            let Some(weight) = self.children[parent as usize].remove(&vertex) else { continue };
            for (&child, &rate_to) in children.iter().filter(|&(&child, _)| child != parent) {
                *self.children[parent as usize].entry(child).or_insert(0.0) +=
                    weight * (rate_to / rate);
                self.parents[child as usize].insert(parent);
            }
        }
        self.gone[vertex as usize] = true;
    }

    fn build(&self, trace: &Trace, rewards: &[f64]) -> Result<GraphBuilder, Error> {
        let graph = trace.graph();
        let mut builder = GraphBuilder::new(graph.state_length);
        let mut ids = vec![VertexId::START; trace.n_vertices()];
        for vertex in (1..trace.n_vertices()).filter(|&vertex| !self.gone[vertex]) {
            let (kind, state) = graph.vertex(vertex);
            ids[vertex] = builder.find_or_create(kind, state)?.0;
        }
        for (vertex, children) in self.children.iter().enumerate() {
            let starting = graph.kinds[vertex] == VertexKind::Starting;
            let reward = if starting { 1.0 } else { rewards[vertex] };
            for (&child, &weight) in children {
                let target = ids[child as usize];
                builder.add_edge(ids[vertex], target, weight / reward, &[])?;
            }
        }
        Ok(builder)
    }
}

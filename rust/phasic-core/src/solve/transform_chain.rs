//! Vertices led past one by one, with weights that may depend on θ.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Graph, Weights};

/// A weight: its value, or a base and one coefficient for each parameter.
pub(super) type Row = Vec<f64>;

/// Outgoing weights and parents of every vertex that can be reached over weights that are not zero.
pub(super) struct Chain {
    pub children: Vec<BTreeMap<u32, Row>>,
    parents: Vec<BTreeSet<u32>>,
    /// Not reached, or eliminated.
    pub gone: Vec<bool>,
    /// Whether a vertex can lead to itself: a step of a discrete chain, nothing in time.
    loops: bool,
}

impl Chain {
    /// The chain at one θ, or with the dependence of its weights on θ.
    pub fn new(graph: &Graph, weights: Option<&Weights>, loops: bool) -> Self {
        let row = |edge: usize| {
            let row = graph.rows[edge] as usize;
            match weights {
                Some(weights) => vec![weights.rows[row]],
                None => [&[graph.row_bases[row]], graph.coefficients(row)].concat(),
            }
        };
        let n = graph.n_vertices();
        let mut chain = Self {
            children: vec![BTreeMap::new(); n],
            parents: vec![BTreeSet::new(); n],
            gone: vec![true; n],
            loops,
        };
        let mut stack = vec![0];
        chain.gone[0] = false;
        while let Some(source) = stack.pop() {
            for edge in graph.edges(source) {
                let (target, row) = (graph.target(edge), row(edge));
                if row.iter().all(|&entry| entry == 0.0) {
                    continue;
                }
                if target != source || loops {
                    chain.children[source].insert(target as u32, row);
                    chain.parents[target].insert(source as u32);
                }
                if std::mem::replace(&mut chain.gone[target], false) {
                    stack.push(target);
                }
            }
        }
        chain
    }

    /// Where the vertex leads, as probabilities; none where they depend on θ, or it leads nowhere.
    ///
    /// They do not if the weights are multiples of each other: here, of one and the same parameter,
    /// or constants.
    fn branching(&self, vertex: u32) -> Option<Vec<(u32, f64)>> {
        let others =
            || self.children[vertex as usize].iter().filter(|&(&child, _)| child != vertex);
        let (_, first) = others().next()?;
        let entry = first.iter().position(|&entry| entry != 0.0)?;
        let alone = |row: &Row| {
            let zero = |(index, &value): (usize, &f64)| index == entry || value == 0.0;
            row[entry] > 0.0 && row.iter().enumerate().all(zero)
        };
        if !others().all(|(_, row)| alone(row)) {
            return None;
        }
        let rate: f64 = others().map(|(_, row)| row[entry]).sum();
        Some(others().map(|(&child, row)| (child, row[entry] / rate)).collect())
    }

    /// Leads every parent u past the vertex v: `w[u, z] += w[u, v] · w[v, z] / Σ w[v, ·]`, the loop
    /// of v left out. False, and nothing done, where the quotient depends on θ.
    pub fn eliminate(&mut self, vertex: u32) -> bool {
        let Some(branching) = self.branching(vertex) else { return false };
        let children = std::mem::take(&mut self.children[vertex as usize]);
        let parents = std::mem::take(&mut self.parents[vertex as usize]);
        for &child in children.keys() {
            self.parents[child as usize].remove(&vertex);
        }
        for &parent in &parents {
            let Some(weight) = self.children[parent as usize].remove(&vertex) else { continue };
            for &(child, probability) in &branching {
                if child == parent && !self.loops {
                    continue;
                }
                let sum = self.children[parent as usize]
                    .entry(child)
                    .or_insert_with(|| vec![0.0; weight.len()]);
                for (sum, entry) in sum.iter_mut().zip(&weight) {
                    *sum += entry * probability;
                }
                self.parents[child as usize].insert(parent);
            }
        }
        self.gone[vertex as usize] = true;
        true
    }
}

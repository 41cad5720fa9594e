//! The matrix M = diag(exit rates) − rates at one θ, in block order, from the frozen graph alone.

use super::double::{Double, ROUNDOFF};
use crate::eliminate::components::OUTSIDE;
use crate::eliminate::order::minimum_degree;
use crate::eliminate::pattern::Pattern;
use crate::eliminate::{ABSORBED, Cost};
use crate::{Error, Graph, Interrupt, Plan};

/// A component is eliminated exactly if that takes at most this many multiply-adds per edge.
const EXACT_PER_EDGE: f64 = 300.0;

/// Which system is meant: M x = b, values per state, or z M = c, times per state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Values,
    Times,
}

/// The states that are surely absorbed at this θ, by position: components in topological order.
pub(super) struct Chain {
    /// Vertex of each position.
    pub vertices: Vec<u32>,
    /// Position of each vertex, `ABSORBED` for the others.
    pub positions: Vec<u32>,
    /// Where each block starts, `(n_blocks + 1,)`.
    pub blocks: Vec<u32>,
    /// Per block: whether it is eliminated exactly.
    pub exact: Vec<bool>,
    out: Links,
    into: Links,
    /// Rate out of each position.
    totals: Vec<Double>,
    /// Rate of absorption from each position.
    pub absorption: Vec<f64>,
    /// Probability of starting in each position.
    pub initial: Vec<f64>,
    /// Vertices from which absorption is not certain: their values are infinite.
    pub trapped: Vec<bool>,
}

/// Rates between positions, by row; the links within a row's own block are contiguous.
#[derive(Default)]
struct Links {
    starts: Vec<u32>,
    inner: Vec<(u32, u32)>,
    others: Vec<u32>,
    rates: Vec<f64>,
}

impl Links {
    fn part(&self, start: u32, end: u32) -> impl Iterator<Item = (usize, f64)> {
        let range = start as usize..end as usize;
        self.others[range.clone()]
            .iter()
            .map(|&other| other as usize)
            .zip(self.rates[range].iter().copied())
    }

    fn of(&self, position: usize) -> impl Iterator<Item = (usize, f64)> {
        self.part(self.starts[position], self.starts[position + 1])
    }

    fn inner(&self, position: usize) -> impl Iterator<Item = (usize, f64)> {
        let (start, end) = self.inner[position];
        self.part(start, end)
    }

    fn outer(&self, position: usize) -> impl Iterator<Item = (usize, f64)> {
        let (start, end) = self.inner[position];
        self.part(self.starts[position], start).chain(self.part(end, self.starts[position + 1]))
    }
}

impl Chain {
    /// Errors: those of [`Graph::weights`], and a trap that can be entered from the start.
    pub fn new(plan: &Plan, theta: &[f64], interrupt: &Interrupt) -> Result<Self, Error> {
        let graph = plan.graph();
        let rates = graph.edge_weights(&graph.weights(theta)?);
        let trapped = trapped(graph, &rates, theta)?;
        let mut chain = Self {
            vertices: Vec::with_capacity(graph.n_vertices()),
            positions: vec![ABSORBED; graph.n_vertices()],
            blocks: vec![0],
            exact: Vec::new(),
            out: Links::default(),
            into: Links::default(),
            totals: Vec::new(),
            absorption: Vec::new(),
            initial: Vec::new(),
            trapped: Vec::new(),
        };
        let mut local = vec![OUTSIDE; graph.n_vertices()];
        let mut pattern = Pattern::default();
        let positive = |edge: usize| rates[edge] > 0.0;
        for block in plan.blocks() {
            interrupt.after(100 * (block.edges + block.members.len()))?;
            let whole = |&vertex: &u32| {
                let vertex = vertex as usize;
                !trapped[vertex] && graph.edges(vertex).all(positive)
            };
            let (edges, multiply_adds) = if block.members.iter().all(whole) {
                chain.vertices.extend(block.pivots());
                (block.edges, block.multiply_adds)
            } else {
                let kept = |vertex: &u32| !trapped[*vertex as usize];
                let members: Vec<u32> = block.members.iter().copied().filter(kept).collect();
                if members.is_empty() {
                    continue;
                }
                pattern.read(graph, &members, &mut local, positive);
                let order = minimum_degree(&pattern);
                chain.vertices.extend(order.iter().map(|&member| members[member as usize]));
                (pattern.n_edges(), Cost::of(&pattern, &order).multiply_adds)
            };
            chain.exact.push(multiply_adds <= EXACT_PER_EDGE * edges as f64);
            chain.blocks.push(chain.vertices.len() as u32);
        }
        chain.trapped = trapped;
        for (position, &vertex) in chain.vertices.iter().enumerate() {
            chain.positions[vertex as usize] = position as u32;
        }
        chain.link(graph, &rates);
        Ok(chain)
    }

    fn link(&mut self, graph: &Graph, rates: &[f64]) {
        let n = self.len();
        let mut pairs = Vec::new();
        self.absorption = vec![0.0; n];
        self.totals = vec![Double::default(); n];
        for position in 0..n {
            let vertex = self.vertices[position] as usize;
            for edge in graph.edges(vertex) {
                let (target, rate) = (graph.target(edge), rates[edge]);
                if target == vertex || rate == 0.0 {
                    continue;
                }
                self.totals[position].add(rate);
                match self.positions[target] {
                    ABSORBED => self.absorption[position] += rate,
                    other => pairs.push((position as u32, other, rate)),
                }
            }
            self.totals[position] = self.totals[position].normal();
        }
        self.initial = vec![0.0; n];
        for edge in graph.edges(0) {
            if let Some(sum) = self.initial.get_mut(self.positions[graph.target(edge)] as usize) {
                *sum += rates[edge];
            }
        }
        let mut block_of = vec![0; n];
        for (block, range) in self.blocks.windows(2).enumerate() {
            block_of[range[0] as usize..range[1] as usize].fill(block as u32);
        }
        pairs.sort_unstable_by_key(|&(source, target, _)| (source, target));
        self.out = links(n, &pairs, &block_of);
        pairs.iter_mut().for_each(|(source, target, _)| std::mem::swap(source, target));
        pairs.sort_unstable_by_key(|&(target, source, _)| (target, source));
        self.into = links(n, &pairs, &block_of);
    }

    pub fn len(&self) -> usize {
        self.vertices.len()
    }

    pub fn total(&self, position: usize) -> f64 {
        self.totals[position].hi
    }

    fn links(&self, way: Way) -> &Links {
        match way {
            Way::Values => &self.out,
            Way::Times => &self.into,
        }
    }

    /// The links of a position within its block.
    pub fn inner(&self, way: Way, position: usize) -> impl Iterator<Item = (usize, f64)> {
        self.links(way).inner(position)
    }

    /// The links of a position to other blocks, or from them.
    pub fn outer(&self, way: Way, position: usize) -> impl Iterator<Item = (usize, f64)> {
        self.links(way).outer(position)
    }

    /// Rate of leaving the block for another, or for absorption.
    pub fn exit(&self, position: usize) -> f64 {
        self.absorption[position] + self.out.outer(position).map(|(_, rate)| rate).sum::<f64>()
    }

    /// One Jacobi step, without subtraction: `(b + rates · y) / totals`.
    pub fn relax(&self, way: Way, b: &[f64], y: &[f64]) -> Vec<f64> {
        let links = self.links(way);
        let relaxed = |position: usize| {
            let inflow: f64 = links.of(position).map(|(other, rate)| rate * y[other]).sum();
            (b[position] + inflow) / self.total(position)
        };
        (0..self.len()).map(relaxed).collect()
    }

    /// Positions whose solution is positive for a right-hand side positive where `b` is: those that
    /// lead to it, or are led to from it.
    pub fn active(&self, way: Way, b: &[f64]) -> Vec<bool> {
        let against = match way {
            Way::Values => &self.into,
            Way::Times => &self.out,
        };
        let mut active: Vec<bool> = b.iter().map(|&value| value != 0.0).collect();
        let mut stack: Vec<usize> = (0..self.len()).filter(|&position| active[position]).collect();
        while let Some(position) = stack.pop() {
            for (other, _) in against.of(position) {
                if !std::mem::replace(&mut active[other], true) {
                    stack.push(other);
                }
            }
        }
        active
    }

    /// b − M x, summed in twice the working precision, and a bound on the error of each entry.
    ///
    /// A dot product of n terms so summed is off by at most u |result| + γₙ² Σ |terms| (Ogita, Rump
    /// & Oishi 2005, proposition 5.5); the bound has room for the rounded totals and for itself.
    pub fn residual(&self, way: Way, b: &[f64], x: &[Double]) -> (Vec<f64>, Vec<f64>) {
        let links = self.links(way);
        let mut bounds = Vec::with_capacity(self.len());
        let residual = |position: usize| {
            let mut sum = Double { hi: b[position], lo: 0.0 };
            let (total, own) = (self.totals[position], x[position]);
            sum.add_multiple(-total.hi, own);
            sum.add(-total.lo * own.hi);
            let mut size = b[position].abs() + total.hi * own.hi.abs();
            let mut terms = 6.0;
            for (other, rate) in links.of(position) {
                sum.add_multiple(rate, x[other]);
                size += rate * x[other].hi.abs();
                terms += 2.0;
            }
            let gamma = 2.0 * terms * ROUNDOFF;
            let value = sum.value();
            bounds.push(
                2.0 * ROUNDOFF * value.abs() + 2.0 * gamma * gamma * size + f64::MIN_POSITIVE,
            );
            value
        };
        ((0..self.len()).map(residual).collect(), bounds)
    }
}

fn links(n: usize, pairs: &[(u32, u32, f64)], block_of: &[u32]) -> Links {
    let mut links = Links { starts: vec![0], ..Links::default() };
    let mut next = 0;
    for row in 0..n {
        let start = next;
        let mut inner = (start as u32, start as u32);
        while next < pairs.len() && pairs[next].0 as usize == row {
            let (_, other, rate) = pairs[next];
            if block_of[other as usize] < block_of[row] {
                inner = (next as u32 + 1, next as u32 + 1);
            } else if block_of[other as usize] == block_of[row] {
                inner.1 = next as u32 + 1;
            }
            links.others.push(other);
            links.rates.push(rate);
            next += 1;
        }
        links.inner.push(inner);
        links.starts.push(next as u32);
    }
    links
}

/// Per vertex: whether it can enter, over edges of positive weight, a class that is never left.
///
/// Errors: [`Error::NeverAbsorbed`] if the starting vertex can.
pub(crate) fn trapped(graph: &Graph, rates: &[f64], theta: &[f64]) -> Result<Vec<bool>, Error> {
    let n = graph.n_vertices();
    if rates.iter().all(|&rate| rate > 0.0) {
        return Ok(vec![false; n]);
    }
    let mut sources = vec![0; graph.n_edges()];
    for vertex in 0..n {
        sources[graph.edges(vertex)].fill(vertex as u32);
    }
    let mut into: Vec<usize> = (0..graph.n_edges()).filter(|&e| rates[e] > 0.0).collect();
    into.sort_by_key(|&edge| graph.target(edge));
    let spread = |seeds: &[bool]| {
        let mut reaches = seeds.to_vec();
        let mut stack: Vec<usize> = (0..n).filter(|&vertex| reaches[vertex]).collect();
        while let Some(vertex) = stack.pop() {
            let first = into.partition_point(|&edge| graph.target(edge) < vertex);
            for &edge in into[first..].iter().take_while(|&&edge| graph.target(edge) == vertex) {
                let source = sources[edge] as usize;
                if !std::mem::replace(&mut reaches[source], true) {
                    stack.push(source);
                }
            }
        }
        reaches
    };
    let absorbing: Vec<bool> = (0..n).map(|vertex| graph.is_absorbing(vertex)).collect();
    // The starting vertex may keep all its mass: that is a defect, not a trap.
    let traps: Vec<bool> =
        spread(&absorbing).iter().enumerate().map(|(v, &reaches)| v != 0 && !reaches).collect();
    let trapped = spread(&traps);
    if trapped[0] {
        let state = closed_state(graph, rates, &traps);
        return Err(Error::NeverAbsorbed { state: graph.name(state), theta: theta.to_vec() });
    }
    Ok(trapped)
}

/// A trap that the starting vertex can enter.
fn closed_state(graph: &Graph, rates: &[f64], traps: &[bool]) -> usize {
    let mut seen = vec![false; graph.n_vertices()];
    let mut stack = vec![0];
    while let Some(vertex) = stack.pop() {
        if traps[vertex] {
            return vertex;
        }
        for edge in graph.edges(vertex).filter(|&edge| rates[edge] > 0.0) {
            let target = graph.target(edge);
            if !std::mem::replace(&mut seen[target], true) {
                stack.push(target);
            }
        }
    }
    0
}

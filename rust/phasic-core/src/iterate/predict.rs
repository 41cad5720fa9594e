//! What a factorization would cost, before any of its memory is taken.

use super::counts::Symmetric;
use crate::eliminate::components::{Components, components, is_transient};
use crate::eliminate::order::approximate;
use crate::{Error, Graph, Interrupt};

/// The predicted cost of one elimination: upper bounds, equal to the true cost where every edge
/// inside a component has its reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Entries of the factors beside the diagonal.
    pub entries: f64,
    /// Multiply-adds of one numeric elimination.
    pub multiply_adds: f64,
    /// Memory of trace and factor: 4 bytes of index and 8 of value per entry, 28 per vertex.
    pub bytes: f64,
}

/// How large a factorization may become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Multiply-adds of one numeric elimination.
    pub multiply_adds: f64,
    /// Bytes of trace and factor.
    pub bytes: usize,
}

impl Default for Limits {
    /// 1e11 multiply-adds, a minute or two on one core, and 8 GiB.
    fn default() -> Self {
        Self { multiply_adds: 1e11, bytes: 8 << 30 }
    }
}

impl Cost {
    /// Errors: [`Error::TooLargeToFactor`] if a limit is exceeded.
    pub fn check(&self, limits: &Limits) -> Result<(), Error> {
        if self.multiply_adds <= limits.multiply_adds && self.bytes <= limits.bytes as f64 {
            return Ok(());
        }
        Err(Error::TooLargeToFactor {
            multiply_adds: self.multiply_adds,
            bytes: self.bytes,
            limit_multiply_adds: limits.multiply_adds,
            limit_bytes: limits.bytes,
        })
    }

    /// From the sizes of the columns of a symmetric factor.
    fn of_columns(counts: &[u64]) -> Self {
        let entries = 2.0 * counts.iter().map(|&count| count as f64).sum::<f64>();
        let multiply_adds = counts.iter().map(|&count| (count as f64).powi(2)).sum();
        Self { entries, multiply_adds, bytes: 12.0 * entries + 28.0 * counts.len() as f64 }
    }

    fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.multiply_adds += other.multiply_adds;
        self.bytes += other.bytes;
    }
}

/// The cost of eliminating a graph, from its pattern and the order inside its components.
///
/// Cost: that of the order and O(edges · α) beside; memory: that of the graph.
///
/// Errors: [`Error::Interrupted`].
pub fn predict(graph: &Graph, interrupt: &Interrupt) -> Result<Cost, Error> {
    let Components { vertices, starts } = components(graph);
    let mut local = vec![OUTSIDE; graph.n_vertices()];
    let mut cost = Cost::default();
    for block in starts.windows(2) {
        let members = &vertices[block[0] as usize..block[1] as usize];
        let rows = pattern(graph, members, &mut local, |_| true);
        interrupt.after(100 * rows.iter().map(|row| row.len() + 1).sum::<usize>())?;
        cost.add(&ordered(&rows).1);
    }
    Ok(cost)
}

/// The order in which a component is eliminated, and what that costs.
pub(super) fn ordered(rows: &[Vec<u32>]) -> (Vec<u32>, Cost) {
    let edges = rows.iter().map(Vec::len).sum();
    let order = approximate(rows.len(), edges, rows.iter().map(Vec::as_slice));
    let cost = Cost::of_columns(&Symmetric::new(rows, &order).counts());
    (order, cost)
}

const OUTSIDE: u32 = u32::MAX;

/// The edges among the members of a component that `keep` keeps, as sorted local indices.
///
/// `local` is scratch: `OUTSIDE` everywhere, before and after.
pub(super) fn pattern(
    graph: &Graph,
    members: &[u32],
    local: &mut [u32],
    keep: impl Fn(usize) -> bool,
) -> Vec<Vec<u32>> {
    for (index, &vertex) in members.iter().enumerate() {
        debug_assert!(is_transient(graph, vertex as usize));
        local[vertex as usize] = index as u32;
    }
    let row = |(own, &vertex): (usize, &u32)| {
        let mut columns: Vec<u32> = graph
            .edges(vertex as usize)
            .filter(|&edge| keep(edge))
            .map(|edge| local[graph.target(edge)])
            .filter(|&column| column != OUTSIDE && column as usize != own)
            .collect();
        columns.sort_unstable();
        columns
    };
    let rows = members.iter().enumerate().map(row).collect();
    for &vertex in members {
        local[vertex as usize] = OUTSIDE;
    }
    rows
}

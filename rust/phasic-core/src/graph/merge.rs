//! Edges of one vertex after the other: sorted by target, duplicates summed.

use std::cmp::Ordering;

use super::rows::RowTable;
use super::{GraphBuilder, VertexId};

/// Canonical row of a builder's row that was not met yet, and of one that is zero for every θ.
const UNSEEN: u32 = u32::MAX;
const ZERO: u32 = u32::MAX - 1;

/// Targets, rows and distinct rows of the edges, as far as they are merged.
pub(super) struct Merge<'a> {
    builder: &'a GraphBuilder,
    canonical: &'a [u32],
    pub targets: Vec<u32>,
    pub rows: Vec<u32>,
    /// Distinct rows in order of first appearance.
    pub bases: Vec<f64>,
    pub coefficients: Vec<f64>,
    /// Canonical row of each row of the builder, which has each row once.
    seen: Vec<u32>,
    /// Sums that are no row of the builder, and the canonical row of each.
    sums: RowTable,
    seen_sums: Vec<u32>,
    /// Target and builder's row of the edges of the current vertex.
    edges: Vec<(u32, u32)>,
    sum: Vec<f64>,
}

impl<'a> Merge<'a> {
    pub fn new(builder: &'a GraphBuilder, canonical: &'a [u32]) -> Self {
        Self {
            builder,
            canonical,
            targets: Vec::with_capacity(builder.n_edges()),
            rows: Vec::with_capacity(builder.n_edges()),
            bases: Vec::new(),
            coefficients: Vec::new(),
            sums: RowTable::default(),
            seen_sums: Vec::new(),
            seen: vec![UNSEEN; builder.row_table().len()],
            edges: Vec::new(),
            sum: vec![0.0; 1 + builder.n_parameters()],
        }
    }

    /// Appends the edges of a vertex.
    ///
    /// Weights that are zero for every θ are left out. Duplicates are summed in order of their
    /// bits, so that the order of insertion cannot show.
    pub fn vertex(&mut self, vertex: VertexId) {
        let mut edges = std::mem::take(&mut self.edges);
        edges.clear();
        let pairs = self.builder.targets_and_rows(vertex);
        edges.extend(pairs.map(|(target, row)| (self.canonical[target as usize], row)));
        edges.sort_unstable();
        for same_target in edges.chunk_by_mut(|a, b| a.0 == b.0) {
            let (target, first) = same_target[0];
            let alone = same_target.len() == 1;
            let row = if alone { self.single(first) } else { self.summed(same_target) };
            if row != ZERO {
                self.targets.push(target);
                self.rows.push(row);
            }
        }
        self.edges = edges;
    }

    fn single(&mut self, row: u32) -> u32 {
        if self.seen[row as usize] == UNSEEN {
            self.sum.fill(0.0);
            add(&mut self.sum, self.builder.row_table(), row);
            let constant = self.builder.row_table().coefficients(row).is_empty();
            self.seen[row as usize] = match constant.then(|| self.found()).flatten() {
                Some(twin) if twin != row => self.single(twin),
                _ => self.append(),
            };
        }
        self.seen[row as usize]
    }

    fn summed(&mut self, edges: &mut [(u32, u32)]) -> u32 {
        let table = self.builder.row_table();
        edges.sort_unstable_by(|&(_, a), &(_, b)| compare(table, a, b));
        self.sum.fill(0.0);
        for &(_, row) in edges.iter() {
            add(&mut self.sum, table, row);
        }
        if let Some(row) = self.found() {
            return self.single(row);
        }
        let sum = self.sums.intern(self.sum[0], &self.sum[1..]) as usize;
        if sum == self.seen_sums.len() {
            let row = self.append();
            self.seen_sums.push(row);
        }
        self.seen_sums[sum]
    }

    /// The builder's row that stands for `sum`: of a constant and one with zero coefficients, the
    /// latter.
    fn found(&self) -> Option<u32> {
        let (table, coefficients) = (self.builder.row_table(), &self.sum[1..]);
        let constant = || coefficients.iter().all(|&value| value == 0.0);
        let found = table.find(self.sum[0], coefficients);
        found.or_else(|| constant().then(|| table.find(self.sum[0], &[])).flatten())
    }

    /// Appends `sum` as a new row, unless it is zero for every θ.
    fn append(&mut self) -> u32 {
        if self.sum.iter().all(|&value| value == 0.0) {
            return ZERO;
        }
        self.bases.push(self.sum[0]);
        self.coefficients.extend_from_slice(&self.sum[1..]);
        self.bases.len() as u32 - 1
    }
}

fn add(sum: &mut [f64], table: &RowTable, row: u32) {
    sum[0] += table.base(row);
    for (sum, coefficient) in sum[1..].iter_mut().zip(table.coefficients(row)) {
        *sum += coefficient;
    }
}

/// By the bits of base and coefficients; missing coefficients are zeros.
fn compare(table: &RowTable, a: u32, b: u32) -> Ordering {
    let bits = |row: u32| {
        let coefficients = table.coefficients(row).iter().map(|value| value.to_bits());
        coefficients.chain(std::iter::repeat(0))
    };
    let longest = table.coefficients(a).len().max(table.coefficients(b).len());
    let bases = table.base(a).to_bits().cmp(&table.base(b).to_bits());
    bases.then_with(|| bits(a).take(longest).cmp(bits(b).take(longest)))
}

//! What happens to the states of one epoch as the next one begins.

use crate::eliminate::ABSORBED;
use crate::graph::PROBABILITY_SLACK;
use crate::{Error, Trace};

/// A sparse matrix of probabilities from the vertices of one graph to those of another.
///
/// A split, a merger or a pulse happens at once: a state goes to one or several states of the next
/// graph. What goes to an absorbing vertex is absorbed at that very time.
#[derive(Clone, Debug)]
pub struct Map {
    n_to: usize,
    offsets: Vec<u32>,
    /// Positions in the next trace, or `ABSORBED`.
    targets: Vec<u32>,
    probabilities: Vec<f64>,
}

impl Map {
    /// `sources[k]` goes to `targets[k]` with probability `probabilities[k]`: canonical indices of
    /// vertices. Entries of absorbing sources are not used: what is absorbed stays so.
    ///
    /// Errors: a probability that is negative or not finite, a vertex that does not exist, a starting
    /// vertex, or a transient source whose probabilities do not sum to 1.
    pub fn new(
        from: &Trace,
        to: &Trace,
        sources: &[u32],
        targets: &[u32],
        probabilities: &[f64],
    ) -> Result<Self, Error> {
        for given in [targets.len(), probabilities.len()] {
            if given != sources.len() {
                return Err(Error::Length { name: "the map", expected: sources.len(), given });
            }
        }
        let (at_from, at_to) = (positions(from), positions(to));
        let mut offsets = vec![0_u32; from.n_transient() + 1];
        for (index, (&source, &target)) in sources.iter().zip(targets).enumerate() {
            let value = probabilities[index];
            if !(0.0..f64::INFINITY).contains(&value) {
                let (name, must) = ("the map's probabilities", "finite and not negative");
                return Err(Error::BadValue { name, index, value, must });
            }
            let (row, _) = (place(&at_from, source)?, place(&at_to, target)?);
            if source == 0 || target == 0 {
                return Err(Error::MapStart);
            }
            if row != ABSORBED {
                offsets[row as usize + 1] += 1;
            }
        }
        for position in 0..from.n_transient() {
            offsets[position + 1] += offsets[position];
        }
        let (n_to, entries) = (to.n_transient(), offsets[from.n_transient()] as usize);
        let (targets_at, probabilities_at) = (vec![ABSORBED; entries], vec![0.0; entries]);
        let mut free = offsets.clone();
        let mut map = Self { n_to, offsets, targets: targets_at, probabilities: probabilities_at };
        for (index, (&source, &target)) in sources.iter().zip(targets).enumerate() {
            let row = at_from[source as usize];
            if row != ABSORBED {
                let slot = free[row as usize] as usize;
                free[row as usize] += 1;
                map.targets[slot] = at_to[target as usize];
                map.probabilities[slot] = probabilities[index];
            }
        }
        for (position, &vertex) in from.schedule().pivots.iter().enumerate() {
            let sum: f64 = map.row(position).map(|(_, probability)| probability).sum();
            if (sum - 1.0).abs() > PROBABILITY_SLACK {
                return Err(Error::MapMass { state: from.graph().name(vertex as usize), sum });
            }
        }
        Ok(map)
    }

    /// v M, and the mass that it absorbs.
    pub(super) fn forward(&self, v: &[f64]) -> (Vec<f64>, f64) {
        let (mut mapped, mut absorbed) = (vec![0.0; self.n_to], 0.0);
        for (row, &mass) in v.iter().enumerate() {
            for (target, probability) in self.row(row) {
                match target {
                    ABSORBED => absorbed += mass * probability,
                    target => mapped[target as usize] += mass * probability,
                }
            }
        }
        (mapped, absorbed)
    }

    /// M y, where what is absorbed counts `absorbed`.
    pub(super) fn back(&self, y: &[f64], absorbed: f64) -> Vec<f64> {
        let value = |target| match target {
            ABSORBED => absorbed,
            target => y[target as usize],
        };
        (0..self.offsets.len() - 1)
            .map(|row| self.row(row).map(|(target, p)| p * value(target)).sum())
            .collect()
    }

    /// Rows: transient positions of the graph before.
    pub(super) fn n_from(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Columns: transient positions of the graph after.
    pub(super) fn n_to(&self) -> usize {
        self.n_to
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (u32, f64)> {
        let range = self.offsets[row] as usize..self.offsets[row + 1] as usize;
        let targets = self.targets[range.clone()].iter().copied();
        targets.zip(self.probabilities[range].iter().copied())
    }
}

fn positions(trace: &Trace) -> Vec<u32> {
    trace.schedule().positions(trace.n_vertices())
}

fn place(positions: &[u32], vertex: u32) -> Result<u32, Error> {
    let (index, length) = (vertex as usize, positions.len());
    positions.get(index).copied().ok_or(Error::NoSuchVertex { index, length })
}

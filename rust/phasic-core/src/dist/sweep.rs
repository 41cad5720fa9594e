//! The adjoint of the vector sequence: one sweep back for any sum of its numbers.

use super::chain::Chain;
use super::event::Sum;
use super::gap::gaps;
use super::scaled::{Scaled, power_of_two};
use super::sequence::Sequence;
use crate::eliminate::ABSORBED;
use crate::{Error, Interrupt, Trace};

/// Derivatives of a value in what the sequence gives: in `v[k] · s`, in `v[k] · 1` and in the defect.
///
/// Those of index k are multiplied by the power of two by which `v[k]` is stored scaled.
#[derive(Debug)]
pub(super) struct Coefficients {
    density: Vec<f64>,
    /// Empty if there are none.
    mass: Vec<f64>,
    /// In what is absorbed within k jumps, of either sign; not multiplied. Empty if there are none.
    absorbed: Vec<Scaled>,
    defect: f64,
}

impl Coefficients {
    /// None, for indices below `length`.
    pub fn new(length: usize) -> Self {
        let density = vec![0.0; length];
        Self { density, mass: Vec::new(), absorbed: Vec::new(), defect: 0.0 }
    }

    /// Adds `weight / size` times the derivative of a sum.
    pub fn add(
        &mut self,
        chain: &Chain,
        sequence: &Sequence,
        weight: f64,
        size: Scaled,
        sum: &Sum,
    ) {
        let share = |probability: Scaled, exponent: i32| {
            let shift = probability.exponent + exponent - size.exponent;
            weight * (probability.mantissa / size.mantissa) * power_of_two(shift)
        };
        match *sum {
            Sum::Density(time, mixture) => mixture.weights(chain.rate * time, |k, probability| {
                // No path to absorption has so few jumps: its derivative is zero as well.
                if sequence.density(k) > 0.0 {
                    self.density[k] += share(probability, sequence.exponents[k]);
                }
            }),
            Sum::Bend(time, mixture) => {
                mixture.slopes(chain.rate, time, |k, probability, [factor, _]| {
                    self.density[k] += factor * share(probability, sequence.exponents[k]);
                });
            }
            Sum::Mass(time, mixture) => {
                self.mass.resize(self.density.len(), 0.0);
                mixture.weights(chain.rate * time, |k, probability| {
                    self.mass[k] += share(probability, sequence.exponents[k]);
                });
            }
            Sum::Absorbed(time, mixture) => {
                self.absorbed.resize(self.density.len(), Scaled::default());
                mixture.weights(chain.rate * time, |k, probability| {
                    let mantissa = weight * (probability.mantissa / size.mantissa);
                    self.absorbed[k].add(mantissa, probability.exponent - size.exponent);
                });
            }
            Sum::Between { after, until, first, last } => {
                let gaps = gaps(chain.rate, after, until, first, last);
                for (k, gap) in (first..).zip(gaps).filter(|&(k, _)| sequence.density(k) > 0.0) {
                    self.density[k] += share(gap, sequence.exponents[k]) / chain.scale();
                }
            }
            // Beyond the largest double where the probability is below the smallest: kept finite, so
            // that parameters that leave the defect alone get no share of it.
            Sum::Defect => {
                let sum = self.defect + share(Scaled::new(1.0), 0);
                self.defect = sum.clamp(-f64::MAX, f64::MAX);
            }
        }
    }

    /// What is absorbed within j jumps is the sum of the densities before j, over q.
    pub fn finish(mut self, chain: &Chain, sequence: &Sequence) -> Self {
        let mut later = Scaled::default();
        for k in (0..self.absorbed.len()).rev() {
            if sequence.density(k) > 0.0 {
                let exponent = later.exponent + sequence.exponents[k];
                self.density[k] += Scaled { exponent, ..later }.value() / chain.scale();
            }
            let own = self.absorbed[k];
            later.add(own.mantissa, own.exponent);
        }
        self
    }
}

/// Sums over k that the sweep back collects.
pub(super) struct Sweep {
    /// Per pattern entry (i, j): `Σ v[k][i] · (y[k + 1][j] − y[k + 1][i])`.
    jumps: Vec<f64>,
    /// Per position i: `Σ c[k] · v[k][i] − v[k][i] · y[k + 1][i] / q`.
    absorption: Vec<f64>,
    /// Per position: `y[0]`.
    initial: Vec<f64>,
    defect: f64,
}

impl Sweep {
    pub fn back(
        chain: &Chain,
        sequence: &Sequence,
        coefficients: &Coefficients,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let n = chain.n();
        let mut sweep = Self {
            jumps: vec![0.0; chain.jumps.len()],
            absorption: vec![0.0; n],
            initial: vec![0.0; n],
            defect: coefficients.defect,
        };
        let length = coefficients.density.len();
        let mut end = length;
        while end > 0 {
            let start = (end - 1) / sequence.segment_length() * sequence.segment_length();
            let vectors = sequence.segment(start, end - 1);
            for k in (start..end).rev() {
                if k + 1 < length {
                    let shift = sequence.exponents[k] - sequence.exponents[k + 1];
                    if shift != 0 {
                        let factor = power_of_two(shift);
                        sweep.initial.iter_mut().for_each(|y| *y *= factor);
                    }
                }
                let density = coefficients.density[k];
                let mass = coefficients.mass.get(k).copied().unwrap_or(0.0);
                sweep.step(chain, &vectors[k - start], density, mass);
                interrupt.after(3 * (n + chain.jumps.len()))?;
            }
            end = start;
        }
        Ok(sweep)
    }

    /// From `y[k + 1]` to `y[k]`, by differences: what a jump changes, not what it keeps. On stiff chains
    /// most jumps change next to nothing.
    fn step(&mut self, chain: &Chain, v: &[f64], density: f64, mass: f64) {
        let q = chain.scale();
        let mut next = vec![0.0; v.len()];
        for position in 0..v.len() {
            let here = v[position];
            let own = self.initial[position];
            let mut change =
                density * chain.absorption[position] + mass - chain.leaks[position] * own;
            for entry in chain.pattern.range(position) {
                let gain = self.initial[chain.pattern.targets[entry] as usize] - own;
                change += chain.jumps[entry] * gain;
                self.jumps[entry] += here * gain;
            }
            self.absorption[position] += here * (density - own / q);
            next[position] = own + change;
        }
        self.initial = next;
    }

    /// A rate out of i raises one jump and lowers the probability of staying; an absorbing one
    /// raises the density of absorption too. What starts in a transient state does not start absorbed.
    pub fn edge_derivatives(&self, trace: &Trace, chain: &Chain) -> Vec<f64> {
        let layout = trace.layout();
        let mut edges = vec![0.0; trace.graph().n_edges()];
        let q = chain.scale();
        for position in 0..chain.n() {
            for entry in chain.pattern.range(position) {
                let edge = chain.pattern.edges[entry] as usize;
                edges[edge] = self.jumps[entry] / q;
            }
            for (edge, _) in layout.outer.of(position).filter(|&(_, t)| t == ABSORBED) {
                edges[edge] = self.absorption[position];
            }
        }
        for &(edge, target) in layout.start.iter().filter(|&&(_, t)| t != ABSORBED) {
            edges[edge as usize] = self.initial[target as usize] - self.defect;
        }
        edges
    }
}

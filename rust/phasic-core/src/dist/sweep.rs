//! The adjoint of the vector sequence: one sweep back for any sum of its numbers.

use super::chain::Chain;
use super::event::Sum;
use super::gap::gaps;
use super::mixture::Mixture;
use super::runs::Series;
use super::scaled::{Scaled, power_of_two};
use super::sequence::Sequence;
use crate::eliminate::ABSORBED;
use crate::{Error, Interrupt, Trace};

/// Derivatives of a value in what the sequence gives: in `v[k] · s`, in `v[k] · 1` and in the defect.
///
/// Those of index k are multiplied by the power of two by which `v[k]` is stored scaled.
#[derive(Debug)]
pub(super) struct Coefficients {
    density: Series,
    /// Empty if there are none.
    mass: Series,
    /// In what is absorbed within k jumps, of either sign; not multiplied. Empty if there are none.
    absorbed: Vec<Scaled>,
    defect: f64,
}

impl Coefficients {
    /// None, for indices below `length`.
    pub fn new(length: usize) -> Self {
        let (density, mass) = (Series::zeros(length), Series::zeros(0));
        Self { density, mass, absorbed: Vec::new(), defect: 0.0 }
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
        let share = |probability: Scaled, exponent: i64| {
            let shift = probability.exponent + exponent - size.exponent;
            weight * (probability.mantissa / size.mantissa) * power_of_two(shift)
        };
        match *sum {
            Sum::Density(time, mixture) => {
                mix(chain.rate * time, &mixture, sequence, &mut self.density, share);
            }
            Sum::Bend(time, mixture) => {
                mixture.slopes(chain.rate, time, |k, probability, [factor, _]| {
                    let share = factor * share(probability, sequence.exponents[k]);
                    add_finite(&mut self.density.numbers_mut()[k], share);
                });
            }
            Sum::Mass(time, mixture) => {
                if self.mass.len() == 0 {
                    self.mass = Series::zeros(self.density.len());
                }
                mix(chain.rate * time, &mixture, sequence, &mut self.mass, share);
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
                let sums = &mut self.density.numbers_mut()[first..];
                for ((sum, gap), exponent) in
                    sums.iter_mut().zip(gaps).zip(&sequence.exponents[first..])
                {
                    add_finite(sum, share(gap, *exponent) / chain.scale());
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
        let density = self.density.numbers_mut();
        for k in (0..self.absorbed.len()).rev() {
            let exponent = later.exponent + sequence.exponents[k];
            add_finite(&mut density[k], Scaled { exponent, ..later }.value() / chain.scale());
            let own = self.absorbed[k];
            later.add(own.mantissa, own.exponent);
        }
        self
    }
}

/// Adds shares of the probabilities of a mixture.
fn mix(
    mean: f64,
    mixture: &Mixture,
    sequence: &Sequence,
    sums: &mut Series,
    share: impl Fn(Scaled, i64) -> f64,
) {
    if mixture.plain {
        let factor = share(Scaled::new(1.0), sequence.exponents[mixture.first]);
        mixture.runs(mean, sequence.ratios(), |walk| sums.add(walk.k, factor, &walk.run));
    } else {
        let sums = sums.numbers_mut();
        mixture.weights(mean, |k, probability| {
            add_finite(&mut sums[k], share(probability, sequence.exponents[k]));
        });
    }
}

/// Leaves out what is beyond all doubles: jumps too few for any path to absorption, beside a density
/// below all doubles.
fn add_finite(sum: &mut f64, share: f64) {
    if share.is_finite() {
        *sum += share;
    }
}

/// Sums over k that the sweep back collects.
pub(super) struct Sweep {
    /// Per pattern entry (i, j), at its place: `Σ v[k][i] · (y[k + 1][j] − y[k + 1][i])`.
    jumps: Vec<f64>,
    /// Per edge of absorption, from i: `Σ c[k] · v[k][i] − v[k][i] · y[k + 1][i] / q`.
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
            jumps: vec![0.0; chain.jumps.len().max(chain.along.len())],
            absorption: vec![0.0; chain.pattern.doors.len()],
            initial: vec![0.0; n],
            defect: coefficients.defect,
        };
        let mut spare = vec![0.0; n];
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
                let density = coefficients.density.at(k);
                let mass = if coefficients.mass.len() == 0 { 0.0 } else { coefficients.mass.at(k) };
                let v = &vectors[(k - start) * n..][..n];
                sweep.step(chain, v, density, mass, &mut spare);
                interrupt.after(3 * (n + chain.jumps.len()))?;
            }
            end = start;
        }
        Ok(sweep)
    }

    /// From `y[k + 1]` to `y[k]`, by differences: what a jump changes, not what it keeps. On stiff chains
    /// most jumps change next to nothing.
    fn step(&mut self, chain: &Chain, v: &[f64], density: f64, mass: f64, before: &mut Vec<f64>) {
        let (n, y) = (v.len(), &self.initial);
        before.copy_from_slice(y);
        if mass != 0.0 {
            before.iter_mut().for_each(|value| *value += mass);
        }
        for position in chain.exits.iter().map(|&i| i as usize) {
            let (gain, loss) = (chain.absorption[position], chain.leaks[position]);
            before[position] += density * gain - loss * y[position];
        }
        if let Some(bands) = &chain.pattern.bands {
            bands.back(&chain.along, v, y, before, &mut self.jumps);
        } else {
            let (y, before, ends) = (&y[..n], &mut before[..n], &chain.pattern.offsets[1..=n]);
            let jumps = chain.pattern.targets.iter().zip(&chain.jumps);
            let mut entries = self.jumps.iter_mut().zip(jumps);
            let mut first = 0;
            for position in 0..n {
                let (here, own, end) = (v[position], y[position], ends[position]);
                let mut change = 0.0;
                for (sum, (&target, jump)) in entries.by_ref().take((end - first) as usize) {
                    let gain = y[target as usize] - own;
                    change += jump * gain;
                    *sum += here * gain;
                }
                first = end;
                before[position] += change;
            }
        }
        let step = 1.0 / chain.scale();
        for (sum, &(position, _)) in self.absorption.iter_mut().zip(&chain.pattern.doors) {
            let position = position as usize;
            *sum += v[position] * (density - y[position] * step);
        }
        std::mem::swap(&mut self.initial, before);
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
                edges[edge] = self.jumps[chain.pattern.place(entry)] / q;
            }
        }
        for (&(_, edge), sum) in chain.pattern.doors.iter().zip(&self.absorption) {
            edges[edge as usize] = *sum;
        }
        for &(edge, target) in layout.start.iter().filter(|&&(_, t)| t != ABSORBED) {
            edges[edge as usize] = self.initial[target as usize] - self.defect;
        }
        edges
    }
}

//! Log-likelihood of absorption times and its gradient by the adjoint of the vector sequence.

use super::chain::{Chain, ChainPattern};
use super::poisson;
use super::scaled::{Scaled, power_of_two};
use super::sequence::{Mixture, Quantity, Sequence};
use super::stiff;
use crate::eliminate::ABSORBED;
use crate::{Error, Interrupt, Trace};

/// Distinct observation times with their multiplicities.
#[derive(Debug)]
pub(super) struct Times {
    distinct: Vec<f64>,
    weights: Vec<f64>,
    pattern: ChainPattern,
}

impl Times {
    /// Errors: a time that is negative, NaN or infinite, unless its weight is 0.
    pub fn new(trace: &Trace, values: &[f64], weights: &[f64]) -> Result<Self, Error> {
        let mut pairs: Vec<(f64, f64)> = Vec::with_capacity(values.len());
        for (index, (&value, &weight)) in values.iter().zip(weights).enumerate() {
            if weight == 0.0 {
                continue;
            }
            if !(0.0..f64::INFINITY).contains(&value) {
                let (name, must) = ("data", "a finite time, at least 0");
                return Err(Error::BadValue { name, index, value, must });
            }
            pairs.push((value, weight));
        }
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        pairs.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        let (distinct, weights) = pairs.into_iter().unzip();
        Ok(Self { distinct, weights, pattern: ChainPattern::new(trace) })
    }

    pub fn value(
        &self,
        trace: &Trace,
        weights: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<f64, Error> {
        let chain = Chain::new(trace, &self.pattern, weights);
        let (gentle, stiff) = self.split(&chain);
        let law = (trace, &chain, weights);
        let (times, counts) = (stiff.times, stiff.weights);
        let rest = match stiff::log_density(law, times, counts, tolerance, false, interrupt)? {
            Some((value, _)) => return Ok(value + gentle.value(&chain, tolerance, interrupt)?),
            None => self.all(),
        };
        rest.value(&chain, tolerance, interrupt)
    }

    /// The value and its derivative in every edge weight.
    pub fn value_and_derivatives(
        &self,
        trace: &Trace,
        weights: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<(f64, Vec<f64>), Error> {
        let chain = Chain::new(trace, &self.pattern, weights);
        let (gentle, stiff) = self.split(&chain);
        let law = (trace, &chain, weights);
        let (times, counts) = (stiff.times, stiff.weights);
        let Some((value, mut edges)) =
            stiff::log_density(law, times, counts, tolerance, true, interrupt)?
        else {
            return self.all().value_and_derivatives(trace, &chain, tolerance, interrupt);
        };
        if gentle.times.is_empty() {
            return Ok((value, edges));
        }
        let (rest, shares) = gentle.value_and_derivatives(trace, &chain, tolerance, interrupt)?;
        edges.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        Ok((value + rest, edges))
    }

    /// Times of few jumps, and the others.
    fn split(&self, chain: &Chain) -> (Portion<'_>, Portion<'_>) {
        let few = self.distinct.partition_point(|&time| chain.rate * time <= stiff::FEW_JUMPS);
        let (early, late) = self.distinct.split_at(few);
        let (before, after) = self.weights.split_at(few);
        (Portion { times: early, weights: before }, Portion { times: late, weights: after })
    }

    fn all(&self) -> Portion<'_> {
        Portion { times: &self.distinct, weights: &self.weights }
    }
}

/// Some of the times, uniformized.
#[derive(Clone, Copy, Debug)]
struct Portion<'t> {
    times: &'t [f64],
    weights: &'t [f64],
}

impl Portion<'_> {
    fn value(&self, chain: &Chain, tolerance: f64, interrupt: &Interrupt) -> Result<f64, Error> {
        let mut sequence = Sequence::new(chain, false, interrupt.clone());
        Ok(self.sum(&self.mixtures(chain, &mut sequence, tolerance)?))
    }

    /// The value and its derivative in every edge weight.
    ///
    /// With `c[k] = Σᵢ wᵢ Pois(k; q tᵢ) / f(tᵢ)`, the sweep `y[k] = c[k] s + P y[k + 1]` gives
    /// `dL/dP = Σ v[k] y[k + 1]ᵀ`, `dL/ds = Σ c[k] v[k]` and `dL/dα = y[0]`. The rate q is a choice
    /// of method, not of the model: its derivative is zero.
    fn value_and_derivatives(
        &self,
        trace: &Trace,
        chain: &Chain,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<(f64, Vec<f64>), Error> {
        let mut sequence = Sequence::new(chain, true, interrupt.clone());
        let mixtures = self.mixtures(chain, &mut sequence, tolerance)?;
        let value = self.sum(&mixtures);
        if !value.is_finite() {
            return Ok((value, vec![f64::NAN; trace.graph().n_edges()]));
        }
        let coefficients = self.coefficients(chain, &sequence, &mixtures);
        let sweep = Sweep::back(chain, &sequence, &coefficients, interrupt)?;
        Ok((value, sweep.edge_derivatives(trace, chain)))
    }

    fn mixtures(
        &self,
        chain: &Chain,
        sequence: &mut Sequence,
        tolerance: f64,
    ) -> Result<Vec<Mixture>, Error> {
        let mut mix = |time| sequence.mixture(Quantity::Density, chain.rate * time, tolerance);
        self.times.iter().map(|&time| mix(time)).collect()
    }

    fn sum(&self, mixtures: &[Mixture]) -> f64 {
        self.weights.iter().zip(mixtures).map(|(weight, mixture)| weight * mixture.sum.ln()).sum()
    }

    /// `c[k]` times the power of two by which `v[k]` is stored scaled.
    fn coefficients(&self, chain: &Chain, sequence: &Sequence, mixtures: &[Mixture]) -> Vec<f64> {
        let length = mixtures.iter().map(|mixture| mixture.last + 1).max().unwrap_or(0);
        let mut coefficients = vec![0.0; length];
        for ((&time, &weight), mixture) in self.times.iter().zip(self.weights).zip(mixtures) {
            let mean = chain.rate * time;
            let density = mixture.sum;
            let mut add = |k: usize, probability: Scaled| {
                // No path to absorption has so few jumps: its derivative is zero as well.
                if sequence.density(k) == 0.0 {
                    return;
                }
                let shift = probability.exponent + sequence.exponents[k] - density.exponent;
                coefficients[k] +=
                    weight * (probability.mantissa / density.mantissa) * power_of_two(shift);
            };
            let mode = (mean.floor() as usize).clamp(mixture.first, mixture.last);
            let peak = Scaled::new(poisson::probability(mode as u64, mean));
            let mut probability = peak;
            add(mode, probability);
            for k in mode + 1..=mixture.last {
                probability = probability.times(mean / k as f64);
                add(k, probability);
            }
            probability = peak;
            for k in (mixture.first..mode).rev() {
                probability = probability.times((k + 1) as f64 / mean);
                add(k, probability);
            }
        }
        coefficients
    }
}

/// Sums over k that the sweep back collects.
struct Sweep {
    /// Per pattern entry (i, j): `Σ v[k][i] · (y[k + 1][j] − y[k + 1][i])`.
    jumps: Vec<f64>,
    /// Per position i: `Σ c[k] · v[k][i] − v[k][i] · y[k + 1][i] / q`.
    absorption: Vec<f64>,
    /// Per position: `y[0]`.
    initial: Vec<f64>,
}

impl Sweep {
    fn back(
        chain: &Chain,
        sequence: &Sequence,
        coefficients: &[f64],
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let n = chain.n();
        let mut sweep = Self {
            jumps: vec![0.0; chain.jumps.len()],
            absorption: vec![0.0; n],
            initial: vec![0.0; n],
        };
        let mut end = coefficients.len();
        while end > 0 {
            let start = (end - 1) / sequence.segment_length() * sequence.segment_length();
            let vectors = sequence.segment(start, end - 1);
            for k in (start..end).rev() {
                if k + 1 < coefficients.len() {
                    let shift = sequence.exponents[k] - sequence.exponents[k + 1];
                    if shift != 0 {
                        let factor = power_of_two(shift);
                        sweep.initial.iter_mut().for_each(|y| *y *= factor);
                    }
                }
                sweep.step(chain, &vectors[k - start], coefficients[k]);
                interrupt.after(3 * (n + chain.jumps.len()))?;
            }
            end = start;
        }
        Ok(sweep)
    }

    /// From `y[k + 1]` to `y[k]`, by differences: what a jump changes, not what it keeps. On stiff chains
    /// most jumps change next to nothing.
    fn step(&mut self, chain: &Chain, v: &[f64], coefficient: f64) {
        let q = chain.scale();
        let mut next = vec![0.0; v.len()];
        for position in 0..v.len() {
            let mass = v[position];
            let own = self.initial[position];
            let mut change = coefficient * chain.absorption[position] - chain.leaks[position] * own;
            for entry in chain.pattern.range(position) {
                let gain = self.initial[chain.pattern.targets[entry] as usize] - own;
                change += chain.jumps[entry] * gain;
                self.jumps[entry] += mass * gain;
            }
            self.absorption[position] += mass * (coefficient - own / q);
            next[position] = own + change;
        }
        self.initial = next;
    }

    /// A rate out of i raises one jump and lowers the probability of staying; an absorbing one
    /// raises the density of absorption too.
    fn edge_derivatives(&self, trace: &Trace, chain: &Chain) -> Vec<f64> {
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
            edges[edge as usize] = self.initial[target as usize];
        }
        edges
    }
}

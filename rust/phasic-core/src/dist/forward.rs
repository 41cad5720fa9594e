//! Derivatives of the vector sequence in each parameter, for sums at many times.

use super::absorption::Absorption;
use super::chain::Chain;
use super::event::{Sum, Term};
use super::gap::gaps;
use super::scaled::{Scaled, power_of_two};
use super::slopes::unit;
use crate::{Error, Trace};

/// Doubles that the derivatives of one pass may take.
const BUDGET: usize = 16 << 20;

/// Derivatives of terms in θ, row by row `(terms, n_parameters)`, each in the units of its term.
///
/// `v'[k + 1] = v'[k] P + v[k] P'`: one pass carries the derivative in several parameters, as many as
/// memory allows. `exponents`: those by which the sequence stores `v[k]`.
pub(super) fn forward(
    law: &Absorption,
    chain: &Chain,
    exponents: &[i32],
    terms: &[Term],
) -> Result<Vec<f64>, Error> {
    let parameters = law.trace().n_parameters();
    let length = terms.iter().map(Term::length).max().unwrap_or(0);
    let at_once = (BUDGET / (3 * length + 2 * chain.n()).max(1)).max(1);
    let mut rows = vec![0.0; terms.len() * parameters];
    for first in (0..parameters).step_by(at_once) {
        let chosen = first..parameters.min(first + at_once);
        let mut tangents: Vec<Tangent> =
            chosen.clone().map(|parameter| Tangent::new(law.trace(), chain, parameter)).collect();
        run(law, chain, &exponents[..length], &mut tangents)?;
        for (parameter, tangent) in chosen.zip(&mut tangents) {
            tangent.accumulate(chain, exponents);
            for (index, term) in terms.iter().enumerate() {
                let derivative = |(sign, sum): &(f64, Sum)| {
                    sign * tangent.derivative(chain, exponents, sum, unit(term.size))
                };
                rows[index * parameters + parameter] = term.parts().map(derivative).sum();
            }
        }
    }
    Ok(rows)
}

/// Records the derivatives of every vector's density and mass.
fn run(
    law: &Absorption,
    chain: &Chain,
    exponents: &[i32],
    tangents: &mut [Tangent],
) -> Result<(), Error> {
    let interrupt = law.interrupt();
    let mut v = chain.initial.clone();
    let mut next = vec![0.0; v.len()];
    for k in 0..exponents.len() {
        tangents.iter_mut().for_each(|tangent| tangent.record(chain, &v));
        let Some(exponent) = exponents.get(k + 1) else { break };
        let factor = power_of_two(exponents[k] - exponent);
        tangents.iter_mut().for_each(|tangent| tangent.jump(chain, &v, factor));
        chain.jump(&v, &mut next);
        next.iter_mut().for_each(|value| *value *= factor);
        std::mem::swap(&mut v, &mut next);
        interrupt.after((1 + 2 * tangents.len()) * (chain.n() + chain.jumps.len()))?;
    }
    Ok(())
}

/// The derivative of the chain and of its sequence in one parameter.
struct Tangent {
    /// Of `P` per pattern entry, of the rate of absorption and the initial probability per position.
    jumps: Vec<f64>,
    absorption: Vec<f64>,
    defect: f64,
    v: Vec<f64>,
    spare: Vec<f64>,
    density: Vec<f64>,
    mass: Vec<f64>,
    /// Of what is absorbed within k jumps.
    absorbed: Vec<f64>,
}

impl Tangent {
    fn new(trace: &Trace, chain: &Chain, parameter: usize) -> Self {
        let mut direction = vec![0.0; trace.n_parameters()];
        direction[parameter] = 1.0;
        let rows = trace.graph().push_forward(&direction);
        let slope = |&edge: &u32| rows[trace.graph().rows[edge as usize] as usize];
        let initial = trace.initial(&rows);
        Self {
            jumps: chain.pattern.edges.iter().map(|edge| slope(edge) / chain.scale()).collect(),
            absorption: trace.absorption(&rows),
            defect: -initial.iter().sum::<f64>(),
            spare: vec![0.0; initial.len()],
            v: initial,
            density: Vec::new(),
            mass: Vec::new(),
            absorbed: Vec::new(),
        }
    }

    fn record(&mut self, chain: &Chain, v: &[f64]) {
        let dot = crate::solve::dot;
        self.density.push(dot(&self.v, &chain.absorption) + dot(v, &self.absorption));
        self.mass.push(self.v.iter().sum());
    }

    fn jump(&mut self, chain: &Chain, v: &[f64], factor: f64) {
        self.spare.fill(0.0);
        for (position, (&mass, &slope)) in v.iter().zip(&self.v).enumerate() {
            if mass == 0.0 && slope == 0.0 {
                continue;
            }
            let leak = self.absorption[position] / chain.scale();
            let mut left = slope * chain.leaks[position] + mass * leak;
            for entry in chain.pattern.range(position) {
                let moved = slope * chain.jumps[entry] + mass * self.jumps[entry];
                self.spare[chain.pattern.targets[entry] as usize] += moved;
                left += moved;
            }
            self.spare[position] += slope - left;
        }
        self.spare.iter_mut().for_each(|value| *value *= factor);
        std::mem::swap(&mut self.v, &mut self.spare);
    }

    fn accumulate(&mut self, chain: &Chain, exponents: &[i32]) {
        let mut sum = 0.0;
        for (density, &exponent) in self.density.iter().zip(exponents) {
            self.absorbed.push(sum);
            sum += density * power_of_two(exponent) / chain.scale();
        }
    }

    /// Of a sum, in a unit.
    fn derivative(&self, chain: &Chain, exponents: &[i32], sum: &Sum, unit: Scaled) -> f64 {
        let scaled = |weight: Scaled, exponent: i32| {
            weight.mantissa * power_of_two(weight.exponent + exponent - unit.exponent)
        };
        let mut total = 0.0;
        match *sum {
            Sum::Density(time, mixture) => mixture.weights(chain.rate * time, |k, weight| {
                total += scaled(weight, exponents[k]) * self.density[k];
            }),
            Sum::Mass(time, mixture) => mixture.weights(chain.rate * time, |k, weight| {
                total += scaled(weight, exponents[k]) * self.mass[k];
            }),
            Sum::Absorbed(time, mixture) => mixture.weights(chain.rate * time, |k, weight| {
                total += scaled(weight, 0) * self.absorbed[k];
            }),
            Sum::Between { after, until, first, last } => {
                let weights = gaps(chain.rate, after, until, first, last);
                for (k, weight) in (first..).zip(weights) {
                    total += scaled(weight, exponents[k]) * self.density[k] / chain.scale();
                }
            }
            Sum::Defect => total = scaled(Scaled::new(1.0), 0) * self.defect,
        }
        total
    }
}

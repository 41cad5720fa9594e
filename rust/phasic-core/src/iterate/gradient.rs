//! Derivatives of an expectation in θ, by the adjoint of two solves.

use super::answers::{Bounded, Iterative};
use super::certify::{Certified, Goal};
use super::chain::Way;
use super::double::Double;
use crate::Error;
use crate::eliminate::ABSORBED;

/// Relative room for the rounding of products and sums of twice the working precision.
const SUM_ROUNDING: f64 = 1e-24;

/// An expectation and its derivative in θ, each with a bound on its error.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundedGradient {
    /// The expectation.
    pub expectation: Bounded<f64>,
    /// Its derivative, `(n_parameters,)`.
    pub gradient: Vec<f64>,
    /// Bounds on the absolute errors of the derivative, `(n_parameters,)`.
    pub error: Vec<f64>,
    /// ε Σ w zᵢ (xᵢ + xⱼ) / E: about the relative error with which the same formula in working
    /// precision would lose the derivative. This one is computed in twice that precision.
    pub indicator: f64,
}

impl Iterative<'_> {
    /// The expectation and dE/dw = zᵢ (xⱼ − xᵢ) for every rate w from i to j, taken back to θ.
    ///
    /// The differences cancel, so x and z are solved to more digits than the tolerance says, as far
    /// as that can be certified. The bounds on the derivative hold in any case. Cost: two solves.
    ///
    /// Errors: [`Error::NotCertified`] if x or z does not meet the tolerance itself.
    pub fn expectation_gradient(
        &mut self,
        rewards: Option<&[f64]>,
    ) -> Result<BoundedGradient, Error> {
        let started = self.solver.iterations;
        let mut parts = self.values(rewards, &Goal::Entries)?;
        let mut times = self.times()?;
        let cancellation = self.cancellation(&parts, &times);
        let tolerance = self.tolerance / (8.0 * cancellation.max(1.0));
        let given = self.rewards(rewards)?;
        for (sign, part) in &mut parts {
            let b: Vec<f64> = given.iter().map(|reward| (*sign * reward).max(0.0)).collect();
            self.sharpen(Way::Values, &b, part, tolerance)?;
        }
        let initial = self.solver.chain.initial.clone();
        self.sharpen(Way::Times, &initial, &mut times, tolerance)?;
        let (mut value, mut error) = (Double::default(), 0.0);
        for (sign, part) in &parts {
            for (position, &probability) in initial.iter().enumerate() {
                value.add_multiple(sign * probability, part.x[position]);
                error += probability * part.error(position);
            }
        }
        let value = value.value();
        let expectation = self.bounded(value, self.rounded_up(error, value), started);
        let (gradient, error) = self.pull_back(&parts, &times);
        Ok(BoundedGradient { expectation, gradient, error, indicator: f64::EPSILON * cancellation })
    }

    /// Replaces a solution by one of a smaller tolerance, if that can be certified.
    fn sharpen(
        &mut self,
        way: Way,
        b: &[f64],
        solution: &mut Certified,
        tolerance: f64,
    ) -> Result<(), Error> {
        match self.solver.solve(way, b, &Goal::Entries, tolerance, Some(&solution.x)) {
            Ok(sharper) => *solution = sharper,
            Err(Error::NotCertified { .. }) => {}
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Σ w zᵢ (|xᵢ| + |xⱼ|) over Σ α |x|.
    fn cancellation(&self, parts: &[(f64, Certified)], times: &Certified) -> f64 {
        let chain = &self.solver.chain;
        let size = |p: usize| parts.iter().map(|(_, part)| part.x[p].hi.abs()).sum::<f64>();
        let mut sum = 0.0;
        for position in 0..chain.len() {
            let links =
                chain.inner(Way::Values, position).chain(chain.outer(Way::Values, position));
            let other: f64 = links.map(|(other, rate)| rate * size(other)).sum();
            sum += times.x[position].hi * (chain.total(position) * size(position) + other);
        }
        let mean: f64 = (0..chain.len()).map(|p| chain.initial[p] * size(p)).sum();
        if sum == 0.0 { 0.0 } else { sum / mean }
    }

    /// The derivative in θ and bounds on its errors, summed in twice the working precision.
    fn pull_back(&self, parts: &[(f64, Certified)], times: &Certified) -> (Vec<f64>, Vec<f64>) {
        let (graph, chain) = (&self.graph, &self.solver.chain);
        let value = |position: u32| {
            let mut sum = Double::default();
            let mut error = 0.0;
            if position != ABSORBED {
                for (sign, part) in parts {
                    sum.add_multiple(*sign, part.x[position as usize]);
                    error += part.error(position as usize);
                }
            }
            (sum.normal(), error)
        };
        let mut rows = vec![(Double::default(), 0.0); graph.row_bases.len()];
        let mut add = |edge: usize, derivative: Double, error: f64| {
            let (sum, bound) = &mut rows[graph.rows[edge] as usize];
            sum.add(derivative.hi);
            sum.lo += derivative.lo;
            *bound += error;
        };
        for edge in graph.edges(0) {
            let (x, error) = value(chain.positions[graph.target(edge)]);
            add(edge, x, error);
        }
        for (position, &vertex) in chain.vertices.iter().enumerate() {
            let (z, z_error) = (times.x[position], times.error(position));
            if z.hi == 0.0 {
                continue;
            }
            let (own, own_error) = value(position as u32);
            for edge in graph.edges(vertex as usize) {
                let target = graph.target(edge);
                if target == vertex as usize {
                    continue;
                }
                let (x, error) = value(chain.positions[target]);
                let difference = x.minus(own);
                let spread = own_error + error + SUM_ROUNDING * (own.hi.abs() + x.hi.abs());
                let bound = z_error * (difference.hi.abs() + spread) + z.hi * spread;
                add(edge, z.times(difference), bound);
            }
        }
        let p = graph.n_parameters();
        let mut theta = vec![(Double::default(), 0.0); p];
        for (row, (sum, bound)) in rows.iter().enumerate() {
            let coefficients = &graph.row_coefficients[row * p..(row + 1) * p];
            for ((total, error), coefficient) in theta.iter_mut().zip(coefficients) {
                total.add_multiple(*coefficient, sum.normal());
                *error += coefficient.abs() * bound;
            }
        }
        let round = |(sum, error): &(Double, f64)| self.rounded_up(*error, sum.value());
        (theta.iter().map(|(sum, _)| sum.value()).collect(), theta.iter().map(round).collect())
    }
}

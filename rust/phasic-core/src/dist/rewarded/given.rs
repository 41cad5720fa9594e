//! Means of rewards given the value of another.
//!
//! `E[Y₂ | Y₁ = y]` is the density at y of the measure `E[Y₂; Y₁ ∈ dy]` over that of Y₁. The measure is positive, and its
//! transform is `−∂/∂s` at s = 0 of that of `(Y₁, Y₂)`: with `V = (zR₁ − S)⁻¹` it is `α V R₂ V s`, one more solve for each
//! node of the contour. Both densities have an error relative to themselves, and so has their quotient.

use rayon::prelude::*;

use super::{Column, Rewarded, inside};
use crate::dist::absorption::check_times;
use crate::dist::contour::{Inversion, Saddle, Spectrum, Transform, invert, node_cost, spectrum};
use crate::dist::sequence::Quantity;
use crate::solve::{
    Complex, ComplexLanes, Evaluation, NODES, Scalar, not_negative, product, rewards_at_positions,
};
use crate::{Error, Interrupt};

/// Means given a value.
#[derive(Clone, Debug)]
pub struct Given {
    /// For each reward in turn, at each point.
    pub values: Vec<f64>,
    /// Estimates of their relative errors.
    pub errors: Vec<f64>,
}

impl Rewarded<'_> {
    /// E of each of `rewards` given that the reward `given` is each of the points, > 0 and finite.
    ///
    /// All rewards: `(n_vertices,)`, ≥ 0. Rewards are spread over the threads of Rayon's pool. Errors:
    /// [`Error::NoContour`] at a point where no contour meets the tolerance.
    pub fn given(
        &self,
        given: &[f64],
        rewards: &[&[f64]],
        points: &[f64],
        tolerance: f64,
    ) -> Result<Given, Error> {
        check_times(points)?;
        let (name, must) = ("y", "positive and finite");
        if let Some(index) = points.iter().position(|&y| !(y > 0.0 && y.is_finite())) {
            return Err(Error::BadValue { name, index, value: points[index], must });
        }
        let column = self.column(given, true)?;
        if column.surely_zero() {
            return Err(Error::SurelyZero);
        }
        let order = inside(points);
        let sorted: Vec<f64> = order.iter().map(|&i| points[i]).collect();
        let refused = |k: usize| {
            let index = order[k];
            Error::NoContour { name, index, value: points[index] }
        };
        let spectrum = spectrum(self.trace, &self.weights.rows, &column.at);
        if !spectrum.leaves_room() && !points.is_empty() {
            return Err(refused(0));
        }
        let density = column.invert(Quantity::Density, &sorted, tolerance, &self.interrupt)?;
        let density = logs(density, points.len()).map_err(refused)?;
        let mut found = Given { values: vec![], errors: vec![] };
        for some in rewards.chunks(rayon::current_num_threads()) {
            let rows: Result<Vec<Vec<(f64, f64)>>, Error> = some
                .par_iter()
                .map(|each| {
                    not_negative(each)?;
                    let second = rewards_at_positions(self.trace, Some(each))?;
                    let part = Part { column: &column, second };
                    part.logs(&spectrum, &sorted, tolerance)?.map_err(refused)
                })
                .collect();
            for row in rows? {
                let start = found.values.len();
                found.values.resize(start + points.len(), 0.0);
                found.errors.resize(start + points.len(), 0.0);
                for ((&i, above), below) in order.iter().zip(row).zip(&density) {
                    found.values[start + i] = (above.0 - below.0).exp();
                    found.errors[start + i] = above.1 + below.1;
                }
            }
            self.interrupt.after(some.len() * 40 * node_cost(self.trace) as usize)?;
        }
        Ok(found)
    }
}

/// Logarithms and errors at each point, or the first point that has none.
fn logs(inversion: Option<Inversion>, n: usize) -> Result<Vec<(f64, f64)>, usize> {
    let estimates = inversion.map_or_else(|| vec![None; n], |found| found.estimates);
    let each = estimates.into_iter().enumerate();
    each.map(|(k, estimate)| estimate.map(|e| (e.log, e.error)).ok_or(k)).collect()
}

/// The measure `E[Y₂; Y₁ ∈ dy]`.
struct Part<'c> {
    column: &'c Column<'c>,
    /// Y₂, per position.
    second: Vec<f64>,
}

impl Part<'_> {
    /// Logarithms of the density at sorted points, with relative errors; −∞ and 0 where there is none.
    #[allow(clippy::type_complexity)]
    fn logs(
        &self,
        spectrum: &Spectrum,
        points: &[f64],
        tolerance: f64,
    ) -> Result<Result<Vec<(f64, f64)>, usize>, Error> {
        // Sums of positive terms: zero only where no path collects both.
        let [value, first, _] = self.expansion(0.0).unwrap_or([f64::NAN; 3]);
        if value == 0.0 || first == 0.0 {
            return Ok(Ok(vec![(f64::NEG_INFINITY, 0.0); points.len()]));
        }
        let work = node_cost(self.column.trace) as usize;
        let inversion = invert(self, spectrum, points, tolerance, work, &Interrupt::never())?;
        Ok(logs(Some(inversion), points.len()))
    }

    /// The transform at a real s, minus its derivative, and half of its second one.
    fn expansion(&self, s: f64) -> Option<[f64; 3]> {
        let killing: Vec<f64> = self.column.at.iter().map(|reward| s * reward).collect();
        let (trace, weights) = (self.column.trace, &self.column.weights.rows);
        let at: Evaluation<f64> = Evaluation::new(trace, weights.clone(), &killing);
        if at.factor.pivots.iter().any(|&pivot| pivot <= 0.0) {
            return None;
        }
        let solve = |b: Vec<f64>| at.factor.solve(b).values;
        let rewards = &self.column.at;
        let mut x = solve(trace.absorption(weights));
        let mut y = solve(product(&self.second, &x));
        let mut found = [at.start(&y), 0.0, 0.0];
        for result in &mut found[1..] {
            x = solve(product(rewards, &x));
            let mut b = product(rewards, &y);
            b.iter_mut().zip(product(&self.second, &x)).for_each(|(sum, more)| *sum += more);
            y = solve(b);
            *result = at.start(&y);
        }
        Some(found)
    }
}

impl Transform for Part<'_> {
    fn saddle(&self, s: f64) -> Option<Saddle> {
        let [value, first, second] = self.expansion(s)?;
        let slope = first / value;
        let curvature = 2.0 * second / value - slope * slope;
        let plain = value > 0.0 && value.is_finite() && slope > 0.0 && curvature.is_finite();
        plain.then_some(Saddle { slope, curvature: curvature.max(0.0) })
    }

    fn values(&self, points: &[Complex]) -> Vec<Complex> {
        let (trace, weights) = (self.column.trace, &self.column.weights.rows);
        let rewards: Vec<ComplexLanes> =
            self.second.iter().map(|&reward| ComplexLanes::constant(reward)).collect();
        let few = |points: &[Complex]| {
            let z = ComplexLanes::of(|k| points[k.min(points.len() - 1)]);
            let rows = weights.iter().map(|&row| ComplexLanes::constant(row)).collect();
            let killing: Vec<ComplexLanes> =
                self.column.at.iter().map(|&reward| z * ComplexLanes::constant(reward)).collect();
            let at = Evaluation::new(trace, rows, &killing);
            let x = at.factor.solve(trace.absorption(&at.factor.weights)).values;
            let value = at.start(&at.factor.solve(product(&rewards, &x)).values);
            (0..points.len()).map(|k| value.lane(k)).collect::<Vec<_>>()
        };
        points.chunks(NODES).flat_map(few).collect()
    }
}

//! Means of rewards given the value of another: `E[Y₂ | Y₁ = y] = −∂/∂s ln f(y; s)` at s = 0, where f is the density
//! of Y₁ with every path weighted by `exp(−s Y₂)`.
//!
//! Weighting kills each state at the rate `s r₂`, so that the derivative of the transform in the killing of every
//! state, which one sweep back gives at each node, holds the mean of every reward.

use super::{Rewarded, inside};
use crate::Error;
use crate::dist::absorption::check_times;
use crate::dist::sequence::Quantity;
use crate::solve::{Complex, rewards_at_positions};

/// Means given a value.
#[derive(Clone, Debug)]
pub struct Given {
    /// For each reward in turn, at each point.
    pub values: Vec<f64>,
    /// Estimates of their relative errors.
    pub errors: Vec<f64>,
}

/// Relative error of a term, in units of the sum of all terms' sizes.
const ROUNDING: f64 = 2e-15;

impl Rewarded<'_> {
    /// E of each of `rewards` given that the reward `given` is each of the points, > 0 and finite.
    ///
    /// All rewards: `(n_vertices,)`; `given` ≥ 0. Errors: [`Error::NoContour`] at a point where the law of `given` has
    /// no contour that meets the tolerance.
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
        let rows: Result<Vec<Vec<f64>>, Error> =
            rewards.iter().map(|each| rewards_at_positions(self.trace, Some(each))).collect();
        let rows = rows?;
        let order = inside(points);
        let sorted: Vec<f64> = order.iter().map(|&i| points[i]).collect();
        let density = Quantity::Density;
        let inversion = column.invert(density, &sorted, tolerance, &self.interrupt)?;
        let refused = |index: usize| Error::NoContour { name, index, value: points[index] };
        let Some(inversion) = inversion else {
            return order.first().map_or_else(
                || Ok(Given { values: vec![], errors: vec![] }),
                |&i| Err(refused(i)),
            );
        };
        if let Some(k) = inversion.estimates.iter().position(Option::is_none) {
            return Err(refused(order[k]));
        }
        let n = rows.len() * points.len();
        let mut found = Given { values: vec![0.0; n], errors: vec![0.0; n] };
        for window in &inversion.windows {
            let nodes = column.nodes(density, window, &self.interrupt)?;
            for (row, rewards) in rows.iter().enumerate() {
                // −∂F/∂s, and the sum of its parts' sizes.
                let slopes: Vec<_> = nodes
                    .iter()
                    .map(|node| {
                        let mut sum = Complex { re: 0.0, im: 0.0 };
                        for (&reward, &killing) in rewards.iter().zip(&node.killing) {
                            sum += Complex { re: -reward * killing.re, im: -reward * killing.im };
                        }
                        sum
                    })
                    .collect();
                for &k in &window.times {
                    let Some(estimate) = inversion.estimates[k] else { continue };
                    let (mut all, mut even, mut sizes, mut last) = (0.0, 0.0, 0.0, 0.0);
                    for (j, (node, &slope)) in nodes.iter().zip(&slopes).enumerate() {
                        let term = node.factor(sorted[k], estimate.log) * slope;
                        all += term.im;
                        if j % 2 == 0 {
                            even += 2.0 * term.im;
                        }
                        last = term.re.hypot(term.im);
                        sizes += last;
                    }
                    let place = row * points.len() + order[k];
                    found.values[place] = all;
                    let coarse = if all == even { 0.0 } else { ((all - even) / all).abs() };
                    let step = if coarse < 0.1 { 10.0 * coarse * coarse } else { 1.0 };
                    let cut = if sizes == 0.0 {
                        0.0
                    } else {
                        (10.0 * last + ROUNDING * sizes) / all.abs()
                    };
                    found.errors[place] = estimate.error + step + cut;
                }
            }
        }
        Ok(found)
    }
}

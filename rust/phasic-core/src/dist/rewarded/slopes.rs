//! Derivatives of a reward's curves in θ and in the point.

use super::{Column, Rewarded, inside};
use crate::dist::Absorption;
use crate::dist::absorption::check_times;
use crate::dist::sequence::Quantity;
use crate::{Error, Jet, Trace, Wanted, reward_transform_for_any_theta};

/// Of the tolerance: that of a contour that serves derivatives too.
const FINER: f64 = 1e-2;

impl Rewarded<'_> {
    /// A curve of one reward, or its logarithm, at each point with its derivatives.
    ///
    /// The contour is a choice of method: the derivative of a value is the same sum over its nodes, each with the
    /// derivative of the transform, from one sweep back that serves all points. Errors: [`Error::NoContour`]
    /// at points where no contour answers and the chain in reward time does not keep its parameters.
    pub fn slopes(
        &self,
        quantity: Quantity,
        logarithm: bool,
        rewards: &[f64],
        points: &[f64],
        tolerance: f64,
    ) -> Result<Jet, Error> {
        check_times(points)?;
        let column = self.column(rewards, self.threads)?;
        let mut rows: Vec<Option<Slope>> = vec![None; points.len()];
        let limit = |value, slope| Slope {
            value,
            theta: vec![slope; self.trace.n_parameters()],
            time: slope,
        };
        let (value, slope) = match (quantity, logarithm) {
            (Quantity::Absorbed, false) => (1.0, 0.0),
            (Quantity::Absorbed, true) | (_, false) => (0.0, 0.0),
            (_, true) => (f64::NEG_INFINITY, f64::NAN),
        };
        for (row, point) in rows.iter_mut().zip(points) {
            if point.is_infinite() || column.surely_zero() {
                *row = Some(limit(value, slope));
            }
        }
        // Nodes for the value alone leave the derivatives in θ, of twice as many poles, some hundred times
        // its error: they come closer, where there is room for them.
        for tolerance in [FINER * tolerance, tolerance] {
            self.on_contours(&column, (quantity, logarithm), points, tolerance, &mut rows)?;
        }
        let missing: Vec<usize> = (0..points.len()).filter(|&i| rows[i].is_none()).collect();
        if let Some(&index) = missing.first() {
            let Some(builder) = reward_transform_for_any_theta(self.trace, rewards)? else {
                return Err(Error::NoContour { name: "y", index, value: points[index] });
            };
            let trace = Trace::record(&builder.freeze()?)?;
            let theta = &self.weights.theta[..trace.n_parameters()];
            let law = Absorption::until(&trace, theta, self.interrupt.clone())?;
            let left: Vec<f64> = missing.iter().map(|&i| points[i]).collect();
            let found = law.jet(quantity, logarithm, &left, tolerance, Wanted::First)?;
            let n = trace.n_parameters();
            for (k, &i) in missing.iter().enumerate() {
                let first = &found.first[k * (n + 1)..][..=n];
                let mut theta = first[..n].to_vec();
                theta.resize(self.trace.n_parameters(), 0.0);
                rows[i] = Some(Slope { value: found.values[k], theta, time: first[n] });
            }
        }
        let mut jet = Jet::default();
        for row in rows.into_iter().flatten() {
            jet.values.push(row.value);
            jet.first.extend(row.theta);
            jet.first.push(row.time);
        }
        Ok(jet)
    }

    fn on_contours(
        &self,
        column: &Column,
        (quantity, logarithm): (Quantity, bool),
        points: &[f64],
        tolerance: f64,
        rows: &mut [Option<Slope>],
    ) -> Result<(), Error> {
        let order: Vec<usize> = inside(points).into_iter().filter(|&i| rows[i].is_none()).collect();
        let sorted: Vec<f64> = order.iter().map(|&i| points[i]).collect();
        let Some(inversion) = column.invert(quantity, &sorted, tolerance, &self.interrupt)? else {
            return Ok(());
        };
        let parameters = self.trace.n_parameters();
        let (defect, in_defect) = match quantity {
            Quantity::Absorbed => (self.weights.defect, self.trace.defect_slopes()),
            _ => (0.0, vec![0.0; parameters]),
        };
        for window in &inversion.windows {
            let nodes = column.nodes(quantity, window, &self.interrupt)?;
            for &k in &window.times {
                let Some(estimate) = inversion.estimates[k] else { continue };
                let (point, log) = (sorted[k], estimate.log);
                // Derivatives of the logarithm of what the contour gives.
                let (mut time, mut theta) = (0.0, vec![0.0; parameters]);
                for node in &nodes {
                    let factor = node.factor(point, log);
                    time += (factor * node.z * node.value).im;
                    for (sum, &derivative) in theta.iter_mut().zip(&node.theta) {
                        *sum += (factor * derivative).im;
                    }
                }
                let size = log.exp();
                let (value, unit, share) = match (quantity, logarithm) {
                    (Quantity::Absorbed, true) => {
                        ((size + defect).ln(), size / (size + defect), 1.0 / (size + defect))
                    }
                    (_, true) => (log, 1.0, 0.0),
                    (_, false) => (size + defect, size, 1.0),
                };
                theta.iter_mut().for_each(|sum| *sum *= unit);
                theta.iter_mut().zip(&in_defect).for_each(|(sum, slope)| *sum += share * slope);
                rows[order[k]] = Some(Slope { value, theta, time: time * unit });
            }
        }
        Ok(())
    }
}

/// One point.
#[derive(Clone, Debug)]
struct Slope {
    value: f64,
    theta: Vec<f64>,
    time: f64,
}

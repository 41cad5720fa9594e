//! Distribution functions and their derivatives on contours: times that are dear to uniformize.

use super::absorption::Absorption;
use super::chain::Chain;
use super::contour::{Output, Ray, Shifted, rays, spectrum};
use super::sequence::Quantity;
use super::slopes::Slope;
use super::stiff::{FEW_JUMPS, is_worth_a_contour, leaves_room};
use crate::Error;
use crate::eliminate::ABSORBED;

/// A function of time, or its logarithm, with derivatives at each time, sorted and finite; None where
/// uniformization is cheaper, or a contour may not be used or misses the tolerance.
///
/// Where the function is near 1, from the one that is 1 minus it.
pub(super) fn stiff_slopes(
    law: &Absorption,
    chain: &Chain,
    (curve, logarithm): (Quantity, bool),
    times: &[f64],
    tolerance: f64,
) -> Result<Vec<Option<Slope>>, Error> {
    let mut slopes = vec![None; times.len()];
    let gentle = times.partition_point(|time| chain.rate * time <= FEW_JUMPS);
    let stiff = &times[gentle..];
    if !is_worth_a_contour(law.trace, chain, stiff) {
        return Ok(slopes);
    }
    let rewards = vec![1.0; chain.n()];
    let spectrum = spectrum(law.trace, &law.weights.rows, &rewards);
    if !leaves_room(&spectrum) {
        return Ok(slopes);
    }
    let along = |output, times: &[f64]| {
        let (trace, weights) = (law.trace, law.weights.rows.as_slice());
        let shifted = Shifted { trace, weights, rewards: &rewards, output, threads: true };
        rays(&shifted, &law.weights.theta, &spectrum, times, tolerance, &law.interrupt)
    };
    let atom = Atom::new(law);
    if curve == Quantity::Density {
        for (slope, ray) in slopes[gentle..].iter_mut().zip(along(Output::Density, stiff)?) {
            *slope = ray.map(|ray| atom.slope(&ray, 1.0, false, logarithm));
        }
        return Ok(slopes);
    }
    let survival = along(Output::Survival, stiff)?;
    let half = 0.5_f64.ln();
    let early: Vec<usize> =
        (0..stiff.len()).filter(|&i| survival[i].as_ref().is_some_and(|r| r.log > half)).collect();
    let early_times: Vec<f64> = early.iter().map(|&i| stiff[i]).collect();
    let sign = |small| if small == curve { 1.0 } else { -1.0 };
    for (slope, ray) in slopes[gentle..].iter_mut().zip(survival) {
        let ray = ray.filter(|ray| ray.log <= half);
        *slope = ray.map(|ray| atom.slope(&ray, sign(Quantity::Survival), false, logarithm));
    }
    for (i, ray) in early.into_iter().zip(along(Output::Absorbed, &early_times)?) {
        let slope = ray.map(|ray| atom.slope(&ray, sign(Quantity::Absorbed), true, logarithm));
        slopes[gentle + i] = slope;
    }
    Ok(slopes)
}

/// The probability of starting absorbed, and its derivative in the parameters.
struct Atom {
    size: f64,
    theta: Vec<f64>,
}

impl Atom {
    fn new(law: &Absorption) -> Self {
        let mut edges = vec![0.0; law.trace.graph().n_edges()];
        for &(edge, _) in law.trace.layout().start.iter().filter(|&&(_, to)| to != ABSORBED) {
            edges[edge as usize] = -1.0;
        }
        Self { size: law.weights.defect, theta: law.trace.graph().pull_back(&edges) }
    }

    /// What the ray is of (with the atom, if so), where `sign` is 1; 1 minus that where it is −1.
    fn slope(&self, ray: &Ray, sign: f64, with_atom: bool, logarithm: bool) -> Slope {
        let small = ray.log.exp() + if with_atom { self.size } else { 0.0 };
        let ln = match (sign > 0.0, with_atom && self.size > 0.0) {
            (true, false) => ray.log,
            (true, true) => small.ln(),
            (false, _) => (-small).ln_1p(),
        };
        let value = if sign > 0.0 { small } else { 1.0 - small };
        // Derivatives of the logarithm, then of what is asked for.
        let (share, unit) = (sign * (ray.log - ln).exp(), if logarithm { 1.0 } else { value });
        let atom = if with_atom { sign / value } else { 0.0 };
        let each = ray.theta.iter().zip(&self.theta);
        let from_atom = |slope: f64| if slope == 0.0 { 0.0 } else { atom * slope };
        Slope {
            value: if logarithm { ln } else { value },
            theta: each.map(|(slope, start)| unit * (share * slope + from_atom(*start))).collect(),
            time: unit * share * ray.time,
        }
    }
}

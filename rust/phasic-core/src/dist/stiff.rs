//! Log-likelihoods on contours: times that are dear to uniformize.

use std::f64::consts::FRAC_PI_2;

use super::chain::Chain;
use super::contour::{Curve, Output, Spectrum, node_cost, spectrum};
use super::curvature::Curvature;
use crate::{Error, Interrupt, Trace};

/// Jumps on average below which a time is never worth a contour.
pub(super) const FEW_JUMPS: f64 = 200.0;
/// The least angle that the spectrum must leave to a contour.
const ROOM: f64 = 0.15;
/// Nodes that serve a window of times, and windows for each decade of times.
const NODES: f64 = 40.0;
const WINDOWS: f64 = 1.5;
/// Cost of a term of the sum for a time: of a Poisson probability, and of a node.
const PROBABILITY: f64 = 2.0;
const EXPONENTIAL: f64 = 25.0;

/// Whether a contour for `times`, sorted and positive, is predicted to cost less than the jumps up
/// to the last of them.
pub(super) fn is_worth_a_contour(trace: &Trace, chain: &Chain, times: &[f64]) -> bool {
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return false };
    let (mean, m) = (chain.rate * last, times.len() as f64);
    let jumps = mean * (chain.n() + chain.jumps.len()) as f64;
    let windows = 1.0 + WINDOWS * (last / first).log10();
    let uniformized = jumps + m * PROBABILITY * 18.0 * mean.sqrt();
    uniformized > windows * NODES * node_cost(trace) + m * NODES * EXPONENTIAL
}

/// Whether the spectrum leaves room for a contour.
pub(super) fn leaves_room(spectrum: &Spectrum) -> bool {
    spectrum.half_angle <= FRAC_PI_2 - ROOM
}

/// Exact times for a contour, with their multiplicities.
#[derive(Debug)]
pub(super) struct Stiff {
    times: Vec<f64>,
    multiplicities: Vec<f64>,
}

impl Stiff {
    /// Of positive times in ascending order.
    pub fn new(times: impl Iterator<Item = (f64, f64)>) -> Self {
        let (times, multiplicities) = times.unzip();
        Self { times, multiplicities }
    }

    /// `Σ multiplicities · ln f(times)`, and its derivative in every edge weight if that is `wanted`.
    /// None where contours cost more, may not be used, or miss the tolerance. `weights`: per row.
    pub fn log_density(
        &self,
        law: (&Trace, &Chain, &[f64]),
        tolerance: f64,
        wanted: bool,
        interrupt: &Interrupt,
    ) -> Result<Option<(f64, Vec<f64>)>, Error> {
        self.on_contour(law, i32::from(wanted), tolerance, interrupt, |curve| {
            let each = self.multiplicities.iter().zip(curve.logs());
            let value = each.fold(0.0, |sum, (weight, log)| sum + weight * log);
            let mut edges = vec![0.0; if wanted { law.0.graph().n_edges() } else { 0 }];
            if wanted {
                curve.add_derivatives(&self.multiplicities, &mut edges, interrupt)?;
            }
            Ok((value, edges))
        })
    }

    /// As [`Self::log_density`], with first and second derivatives in θ.
    pub fn curvature(
        &self,
        law: (&Trace, &Chain, &[f64]),
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Curvature>, Error> {
        self.on_contour(law, 2, tolerance, interrupt, |curve| {
            let p = law.0.n_parameters();
            let v = p + 1;
            let bends = curve.bends(true, interrupt)?;
            let mut curvature = Curvature::of(0.0, p, 0.0);
            for (i, (&weight, &log)) in self.multiplicities.iter().zip(curve.logs()).enumerate() {
                // In θ alone: time is the last variable.
                let rows = bends.second[i * v * v..].chunks_exact(v).take(p);
                let second: Vec<f64> = rows.flat_map(|row| &row[..p]).copied().collect();
                curvature.add(weight, log, &bends.first[i * v..][..p], &second);
            }
            Ok(curvature)
        })
    }

    fn on_contour<T>(
        &self,
        (trace, chain, weights): (&Trace, &Chain, &[f64]),
        derivatives: i32,
        tolerance: f64,
        interrupt: &Interrupt,
        compute: impl FnOnce(&Curve<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if !is_worth_a_contour(trace, chain, &self.times) {
            return Ok(None);
        }
        let rewards = vec![1.0; chain.n()];
        let spectrum = spectrum(trace, weights, &rewards);
        if !leaves_room(&spectrum) {
            return Ok(None);
        }
        let law = (trace, weights, rewards.as_slice());
        let (output, times) = ((Output::Density, derivatives), &self.times);
        let curve = Curve::smooth(law, output, &spectrum, times, tolerance, interrupt)?;
        curve.map(|curve| compute(&curve)).transpose()
    }
}

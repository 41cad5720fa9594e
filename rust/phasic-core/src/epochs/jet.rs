//! Numbers of a chain whose θ changes at fixed times, as functions of every θ and of the starts.

use std::sync::Arc;

use super::arcs::Arcs;
use super::law::Point;
use super::moments::Collected;
use super::schedule::{Epoch, Epochs};
use super::taps::{Seed, Source, Span, Tap};
use crate::dist::{Curve, Scaled, Sequence, slope_in_time};
use crate::{Error, Interrupt, Jet, Trace, Wanted};

/// Of the tolerance: later jumps weigh more in a derivative than in the value.
const SHARE: f64 = 0.001;
/// What doubles can give.
const LEAST: f64 = 1e-14;

impl Epochs {
    /// One trace in every epoch. `variables`: θ of each epoch, then the starts, `(e (p + 1),)`.
    ///
    /// Errors: those of [`Self::new`], variables that are not a whole number of epochs.
    pub fn of_one_trace(
        trace: &Arc<Trace>,
        variables: &[f64],
        tolerance: f64,
        wanted: Wanted,
    ) -> Result<Self, Error> {
        let width = trace.n_parameters() + 1;
        if !variables.len().is_multiple_of(width) {
            let (expected, given) = (variables.len() / width * width, variables.len());
            return Err(Error::Length { name: "thetas and starts", expected, given });
        }
        let n = variables.len() / width;
        let (thetas, starts) = variables.split_at(n * trace.n_parameters());
        let epoch = |(index, &start): (usize, &f64)| Epoch {
            start,
            trace: Arc::clone(trace),
            theta: thetas[index * trace.n_parameters()..][..trace.n_parameters()].to_vec(),
            map: None,
        };
        let fine = (SHARE * tolerance).max(LEAST).min(tolerance);
        let tolerance = if wanted == Wanted::Values { tolerance } else { fine };
        Self::new(starts.iter().enumerate().map(epoch).collect(), tolerance)
    }

    /// A curve, or its logarithm, at each time, with first derivatives in every θ, in the starts, and in
    /// the time: a sweep back for each time. Limits at infinity.
    pub fn curve_jet(
        &self,
        curve: Curve,
        logarithm: bool,
        times: &[f64],
        wanted: Wanted,
    ) -> Result<Jet, Error> {
        let interrupt = Interrupt::never();
        let values = if logarithm {
            self.log_curve(curve, times, &interrupt)?
        } else {
            self.curve(curve, times, &interrupt)?
        };
        if wanted == Wanted::Values {
            return Ok(Jet { values, ..Jet::default() });
        }
        let mut first = Vec::new();
        for (&time, &value) in times.iter().zip(&values) {
            if time.is_infinite() || value == f64::NEG_INFINITY {
                let slope = if value == f64::NEG_INFINITY { f64::NAN } else { 0.0 };
                first.extend(std::iter::repeat_n(slope, self.n_variables() + 1));
                continue;
            }
            let points = self.points(curve, &[time], &interrupt)?;
            let size = points[0].value;
            let seed = if logarithm {
                Seed { value: size.mantissa.recip(), exponent: -size.exponent }
            } else {
                Seed::new(1.0)
            };
            let found = self.points_back(curve, &points, &[seed], value, &interrupt)?;
            first.extend(found.thetas.iter().flatten().chain(&found.starts));
            let slope = self.slope(curve, &points[0], &interrupt)?;
            first.push(if logarithm { slope.over(size) } else { slope.value() });
        }
        Ok(Jet { values, first, ..Jet::default() })
    }

    /// `Σ weights · log density`, one number, with first derivatives by one sweep back.
    pub fn log_likelihood_jet(
        &self,
        times: &[f64],
        weights: &[f64],
        wanted: Wanted,
    ) -> Result<Jet, Error> {
        let interrupt = Interrupt::never();
        if wanted == Wanted::Values {
            let logs = self.log_curve(Curve::Density, times, &interrupt)?;
            let used = logs.iter().zip(weights).filter(|&(_, &weight)| weight != 0.0);
            let values = vec![used.map(|(log, weight)| weight * log).sum()];
            return Ok(Jet { values, ..Jet::default() });
        }
        let found = self.log_likelihood_gradient(times, weights, &interrupt)?;
        let first = found.thetas.iter().flatten().chain(&found.starts).copied().collect();
        Ok(Jet { values: vec![found.value], first, ..Jet::default() })
    }

    /// `E[Y]` to `E[Yᵏ]` until absorption, with first derivatives: a sweep back for each. Rewards per vertex,
    /// of all epochs or epoch by epoch; empty for ones.
    pub fn moments_jet(&self, power: usize, rewards: &[f64], wanted: Wanted) -> Result<Jet, Error> {
        let interrupt = Interrupt::never();
        let rows: Vec<&[f64]> = match rewards.len() / self.trace(0).n_vertices() {
            0 => Vec::new(),
            1 => vec![rewards; self.len()],
            _ => rewards.chunks(self.trace(0).n_vertices()).collect(),
        };
        let rewards = (!rows.is_empty()).then_some(rows.as_slice());
        let collected = Collected::Until(f64::INFINITY);
        let values = self.moments(power, rewards, collected, &interrupt)?;
        let mut first = Vec::new();
        if wanted != Wanted::Values {
            for k in 1..=power {
                let mut seeds = vec![0.0; k];
                seeds[k - 1] = 1.0;
                let found = self.moments_gradient(&seeds, rewards, collected, &interrupt)?;
                first.extend(found.thetas.iter().flatten().chain(&found.starts));
            }
        }
        Ok(Jet { values, first, ..Jet::default() })
    }

    /// As [`Self::slope`], on contours; None where none is certified.
    fn slope_on_arcs(
        &self,
        curve: Curve,
        point: &Point,
        interrupt: &Interrupt,
    ) -> Result<Option<Scaled>, Error> {
        let leg = &self.base(interrupt)?.legs[point.epoch];
        let stage = self.stage(point.epoch, &[]);
        let Some(arcs) = Arcs::new(&stage, &leg.start) else { return Ok(None) };
        let source = Source::Absorption { level: 0 };
        if curve != Curve::Density {
            let density =
                arcs.values((&source, Span::Moment), &[point.time], self.tolerance, interrupt)?;
            let sign = if curve == Curve::Absorbed { 1.0 } else { -1.0 };
            return Ok(density[0].map(|at| Scaled { mantissa: sign * at.mantissa, ..at }));
        }
        // In units of the density, which may be no double.
        let unit = point.value;
        let seed = Seed { value: unit.mantissa.recip(), exponent: -unit.exponent };
        let times = vec![(point.time, seed, point.last)];
        let tap = Tap { source, span: Span::Moment, times };
        let swept = arcs.back(&[tap], (false, leg.duration), self.tolerance, interrupt)?;
        let scaled = |slope: f64| Scaled { mantissa: slope * unit.mantissa, ..unit };
        Ok(swept.map(|swept| scaled(swept.slope)))
    }

    fn n_variables(&self) -> usize {
        (0..self.len()).map(|epoch| self.trace(epoch).n_parameters() + 1).sum()
    }

    /// The derivative of a curve in the time.
    fn slope(&self, curve: Curve, point: &Point, interrupt: &Interrupt) -> Result<Scaled, Error> {
        let leg = &self.base(interrupt)?.legs[point.epoch];
        let mut stage = self.stage(point.epoch, &[]);
        if stage.is_stiff(&leg.start, point.time)
            && let Some(slope) = self.slope_on_arcs(curve, point, interrupt)?
        {
            return Ok(slope);
        }
        stage.chain.initial.clone_from(&leg.start.values);
        let mut sequence = Sequence::new(&stage.chain, false, interrupt.clone());
        let mixture =
            sequence.mixture(Curve::Density, stage.chain.rate * point.time, self.tolerance)?;
        let mut slope = match curve {
            Curve::Density => slope_in_time(&stage.chain, &mut sequence, point.time, &mixture)?,
            Curve::Absorbed => mixture.sum,
            Curve::Survival => Scaled { mantissa: -mixture.sum.mantissa, ..mixture.sum },
        };
        slope.exponent += leg.start.exponent;
        Ok(slope)
    }
}

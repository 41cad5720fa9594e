//! Distribution functions at many times, with their derivatives in θ and in time.

use super::absorption::{Absorption, check_times};
use super::chain::Chain;
use super::event::{Ends, Sum, Term, density, event};
use super::forward::forward;
use super::rows::Row;
use super::scaled::{Scaled, power_of_two};
use super::sequence::{Mixture, Quantity, Sequence};
use super::stiff_slopes::stiff_slopes;
use super::sweep::{Coefficients, Sweep};
use crate::Error;

/// Of the tolerance: later jumps weigh more in a derivative than in the value.
const SHARE: f64 = 0.25;

/// Values of a function of time, with derivatives.
#[derive(Clone, Debug)]
pub struct Slopes {
    /// At each time, `(m,)`.
    pub values: Vec<f64>,
    /// In the parameters, row by row, `(m, n_parameters)`.
    pub theta: Vec<f64>,
    /// In time, `(m,)`.
    pub time: Vec<f64>,
}

/// A function of time at one time, with its derivatives.
#[derive(Clone, Debug)]
pub(super) struct Slope {
    pub value: f64,
    /// In the parameters, `(n_parameters,)`.
    pub theta: Vec<f64>,
    pub time: f64,
}

impl Absorption<'_> {
    /// A function of time, or its logarithm, at each time with its derivatives.
    ///
    /// On stiff chains by contours, by the rule of [`Self::pdf`]: all times of a window share one sweep back
    /// per node. Errors are then estimated: relative to the derivative, or to the value over `|θᵢ|` (over t
    /// for the derivative in time) where that is larger.
    ///
    /// Else all times share one sequence of vectors. With fewer parameters than times, the derivative of
    /// the whole sequence in each parameter serves all times; else each time has a sweep back.
    /// Derivatives in θ are right to about the tolerance of themselves. That of the density in time is the sum
    /// `Σ (k − q t) / t · Pois(k; q t) v[k] s`, whose terms cancel near the mode: right to the tolerance of
    /// `√(q / t)` times the density. Where the function is 0 its logarithm has the derivatives NaN; at
    /// infinity derivatives are 0, those of a logarithm that is −∞ NaN.
    pub fn slopes(
        &self,
        curve: Quantity,
        logarithm: bool,
        times: &[f64],
        tolerance: f64,
    ) -> Result<Slopes, Error> {
        check_times(times)?;
        if times.contains(&f64::INFINITY) {
            // Only a chain that is surely absorbed has these limits.
            self.moments()?;
        }
        let mut finite: Vec<f64> = times.iter().copied().filter(|time| time.is_finite()).collect();
        finite.iter_mut().for_each(|time| *time += 0.0);
        finite.sort_unstable_by(f64::total_cmp);
        finite.dedup();
        let chain = self.chain();
        let parameters = self.trace().n_parameters();
        let what = (curve, logarithm);
        let mut found = stiff_slopes(self, &chain, what, &finite, SHARE * tolerance)?;
        let mut missing = finite.clone();
        let mut given = found.iter();
        missing.retain(|_| given.next().is_some_and(Option::is_none));
        let mut rest = self.uniformized(&chain, what, &missing, tolerance)?.into_iter();
        for slope in found.iter_mut().filter(|slope| slope.is_none()) {
            *slope = rest.next();
        }
        let mut slopes = Slopes { values: vec![], theta: vec![], time: vec![] };
        for time in times {
            let place = finite.binary_search_by(|each| each.total_cmp(&(time + 0.0)));
            let at = place.ok().and_then(|index| found[index].as_ref());
            if let Some(at) = at {
                slopes.values.push(at.value);
                slopes.theta.extend(&at.theta);
                slopes.time.push(at.time);
            } else {
                let (value, slope) = at_infinity(curve, logarithm);
                slopes.values.push(value);
                slopes.theta.extend(std::iter::repeat_n(slope, parameters));
                slopes.time.push(slope);
            }
        }
        Ok(slopes)
    }

    /// As [`Self::slopes`] for distinct finite times in ascending order, by uniformization.
    fn uniformized(
        &self,
        chain: &Chain,
        (curve, logarithm): (Quantity, bool),
        times: &[f64],
        tolerance: f64,
    ) -> Result<Vec<Slope>, Error> {
        if times.is_empty() {
            return Ok(Vec::new());
        }
        let parameters = self.trace().n_parameters();
        let sweeps = parameters > times.len();
        let mut sequence = Sequence::new(chain, sweeps, self.interrupt());
        let found = Points::new(self, curve, chain, &mut sequence, times, SHARE * tolerance)?;
        // Per point: the derivatives, in the units of the point.
        // A sweep leaves out jumps of no density, whose derivative may not be 0 where the whole is.
        let vanish = found.terms.iter().any(|term| term.size.mantissa == 0.0);
        let theta = if sweeps && !vanish {
            found.terms.iter().try_fold(Vec::new(), |mut rows, term| {
                rows.extend(self.sweep(chain, &sequence, term)?);
                Ok(rows)
            })?
        } else {
            forward(self, chain, &sequence.exponents, &found.terms)?
        };
        let slope = |index: usize| {
            let Term { ln, size, .. } = found.terms[index];
            // The unit of the point, 2^exponent, as a share of what is asked for.
            let unit = if logarithm { 1.0 / size.mantissa } else { power_of_two(size.exponent) };
            let row = &theta[index * parameters..(index + 1) * parameters];
            let scaled = |slope: &f64| {
                if logarithm && ln == f64::NEG_INFINITY { f64::NAN } else { slope * unit }
            };
            Slope {
                value: if logarithm { ln } else { size.value() },
                theta: row.iter().map(scaled).collect(),
                time: scaled(&found.in_time[index]),
            }
        };
        Ok((0..times.len()).map(slope).collect())
    }

    /// The derivative of a term in θ by one sweep back, in the units of its size.
    fn sweep(&self, chain: &Chain, sequence: &Sequence, term: &Term) -> Result<Vec<f64>, Error> {
        let mut coefficients = Coefficients::new(term.length());
        for (sign, sum) in term.parts() {
            coefficients.add(chain, sequence, *sign, unit(term.size), sum);
        }
        let coefficients = coefficients.finish(chain, sequence);
        let sweep = Sweep::back(chain, sequence, &coefficients, &self.interrupt())?;
        Ok(self.trace().graph().pull_back(&sweep.edge_derivatives(self.trace(), chain)))
    }
}

/// 2^exponent of a number.
pub(super) fn unit(size: Scaled) -> Scaled {
    Scaled { mantissa: 1.0, exponent: size.exponent }
}

/// Value and derivatives at infinity.
fn at_infinity(curve: Quantity, logarithm: bool) -> (f64, f64) {
    match (curve, logarithm) {
        (Quantity::Absorbed, false) => (1.0, 0.0),
        (Quantity::Absorbed, true) | (_, false) => (0.0, 0.0),
        (_, true) => (f64::NEG_INFINITY, f64::NAN),
    }
}

/// Terms at finite times, and their derivatives in time.
struct Points {
    terms: Vec<Term>,
    in_time: Vec<f64>,
}

impl Points {
    fn new(
        law: &Absorption,
        curve: Quantity,
        chain: &Chain,
        sequence: &mut Sequence,
        times: &[f64],
        tolerance: f64,
    ) -> Result<Self, Error> {
        let ends = match curve {
            Quantity::Density => Ends::new(chain, sequence, &[], tolerance)?,
            Quantity::Absorbed | Quantity::Survival => {
                Ends::new(chain, sequence, times, tolerance)?
            }
        };
        let mut points = Self { terms: Vec::new(), in_time: Vec::new() };
        for &time in times {
            let (lower, upper) = match curve {
                Quantity::Absorbed => (f64::NEG_INFINITY, time),
                Quantity::Density | Quantity::Survival => (time, f64::INFINITY),
            };
            let row = Row { lower, upper, weight: 1.0 };
            let mut term = match curve {
                Quantity::Density => density(chain, sequence, time, tolerance)?,
                Quantity::Absorbed | Quantity::Survival => {
                    event(chain, sequence, &ends, &row, law.defect(), tolerance)?
                }
            };
            if term.size.mantissa == 0.0 {
                term = vanishing(curve, chain, sequence, time)?;
            }
            // Terms that cancel want more of them.
            let fine = (0.01 * tolerance).max(f64::EPSILON);
            let mixture = sequence.mixture(Quantity::Density, chain.rate * time, fine)?;
            points.in_time.push(match curve {
                Quantity::Density => bend(chain, sequence, time, &mixture, unit(term.size))?,
                Quantity::Absorbed => mixture.sum.over(unit(term.size)),
                Quantity::Survival => -mixture.sum.over(unit(term.size)),
            });
            points.terms.push(term);
        }
        Ok(points)
    }
}

/// The term of a function that is 0, with all jumps that its derivatives need: those of the
/// value need none.
fn vanishing(
    curve: Quantity,
    chain: &Chain,
    sequence: &mut Sequence,
    time: f64,
) -> Result<Term, Error> {
    let mean = chain.rate * time;
    let last = (mean + 10.0 * mean.sqrt()).ceil() as usize + 40;
    sequence.extend(last)?;
    let all = Mixture { sum: Scaled::default(), first: 0, last };
    let (ln, size) = (f64::NEG_INFINITY, Scaled::default());
    Ok(match curve {
        Quantity::Density => Term::new(ln, size, [(1.0, Sum::Density(time, all))]),
        Quantity::Absorbed => {
            Term::new(ln, size, [(1.0, Sum::Absorbed(time, all)), (1.0, Sum::Defect)])
        }
        Quantity::Survival => Term::new(ln, size, [(1.0, Sum::Mass(time, all))]),
    })
}

/// The derivative of the density in time, in a unit.
fn bend(
    chain: &Chain,
    sequence: &mut Sequence,
    time: f64,
    mixture: &Mixture,
    unit: Scaled,
) -> Result<f64, Error> {
    if time == 0.0 {
        sequence.extend(1)?;
        let at = |k| Scaled { mantissa: sequence.density(k), exponent: sequence.exponents[k] };
        return Ok(chain.rate * (at(1).over(unit) - at(0).over(unit)));
    }
    let mean = chain.rate * time;
    let mut sum = 0.0;
    mixture.weights(mean, |k, probability| {
        let term = probability.times(sequence.density(k));
        let scaled = Scaled { exponent: term.exponent + sequence.exponents[k], ..term };
        sum += (k as f64 - mean) * scaled.over(unit);
    });
    Ok(sum / time)
}

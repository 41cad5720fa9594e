//! Distribution functions at many times, with their derivatives in θ and in time.

mod contour;

use crate::dist::absorption::{Absorption, check_times};
use crate::dist::chain::Chain;
use crate::dist::event::{Ends, Sum, Term, density, event};
use crate::dist::forward::{first, second};
use crate::dist::mixture::Mixture;
use crate::dist::rows::Row;
use crate::dist::scaled::{Scaled, power_of_two};
use crate::dist::sequence::{Quantity, Sequence};
use crate::dist::stiff::FEW_JUMPS;
use crate::dist::sweep::{Coefficients, Sweep};
use crate::{Error, Jet, Wanted};

/// Of the tolerance: later jumps weigh more in a derivative than in the value.
const SHARE: f64 = 0.25;

/// A function at one time: its size, and the derivatives in the units of that, 2^exponent.
struct Point {
    ln: f64,
    size: Scaled,
    /// In θ, then in time: `(v,)`.
    first: Vec<f64>,
    /// `(v, v)`; empty unless wanted.
    second: Vec<f64>,
}

impl Absorption<'_> {
    /// A function of time, or its logarithm, at each time with its derivatives: the variables are θ and
    /// the time, and the values those of `times`. Rewards have no part in it.
    ///
    /// All times share one sequence of vectors, or a contour where that is cheaper. With fewer
    /// parameters than times, the derivative of the whole sequence in each parameter serves all times; else
    /// each time has a sweep back. Derivatives in θ are right to about the tolerance of themselves. That of
    /// the density in time is the sum `Σ (k − q t) / t · Pois(k; q t) v[k] s`, whose terms cancel near the
    /// mode: right to the tolerance of `√(q / t)` times the density. On a contour all are right to the
    /// tolerance of the sizes of their terms. Where the function is 0 its logarithm has the
    /// derivatives NaN; at infinity derivatives are 0, those of a logarithm that is −∞ NaN.
    pub fn jet(
        &self,
        curve: Quantity,
        logarithm: bool,
        times: &[f64],
        tolerance: f64,
        wanted: Wanted,
    ) -> Result<Jet, Error> {
        check_times(times)?;
        if times.contains(&f64::INFINITY) {
            // Only a chain that is surely absorbed has these limits.
            self.moments()?;
        }
        let mut finite: Vec<f64> = times.iter().copied().filter(|time| time.is_finite()).collect();
        finite.iter_mut().for_each(|time| *time += 0.0);
        finite.sort_unstable_by(f64::total_cmp);
        finite.dedup();
        let few = finite.partition_point(|time| self.chain().rate * time <= FEW_JUMPS);
        let (gentle, stiff) = finite.split_at(few);
        let points = match self.on_contour(curve, stiff, tolerance, wanted)? {
            Some(stiff) => {
                let mut points = self.uniformized(curve, gentle, tolerance, wanted)?;
                points.extend(stiff);
                points
            }
            None => self.uniformized(curve, &finite, tolerance, wanted)?,
        };
        let v = self.trace().n_parameters() + 1;
        let mut jet = Jet::default();
        for time in times {
            let place = finite.binary_search_by(|each| each.total_cmp(&(time + 0.0)));
            if let Ok(index) = place {
                points[index].write(logarithm, wanted, &mut jet);
                continue;
            }
            let (value, slope) = at_infinity(curve, logarithm);
            let (slopes, bends) = match wanted {
                Wanted::Values => (0, 0),
                Wanted::First | Wanted::FirstAndRewards => (v, 0),
                Wanted::Second => (v, v * v),
            };
            jet.values.push(value);
            jet.first.extend(std::iter::repeat_n(slope, slopes));
            jet.second.extend(std::iter::repeat_n(slope, bends));
        }
        Ok(jet)
    }

    fn uniformized(
        &self,
        curve: Quantity,
        times: &[f64],
        tolerance: f64,
        wanted: Wanted,
    ) -> Result<Vec<Point>, Error> {
        let chain = self.chain();
        let parameters = self.trace().n_parameters();
        let sweeps = parameters > times.len();
        let mut sequence = Sequence::new(&chain, sweeps, self.interrupt());
        let share = if wanted == Wanted::Second { SHARE.powi(4) } else { SHARE };
        let tolerance = (share * tolerance).max(f64::EPSILON);
        let found = Terms::new(self, curve, &chain, &mut sequence, times, tolerance)?;
        if wanted == Wanted::Values {
            let point = |term: &Term| Point {
                ln: term.ln,
                size: term.size,
                first: Vec::new(),
                second: Vec::new(),
            };
            return Ok(found.values.iter().map(point).collect());
        }
        let law = (self.trace(), &chain, &self.interrupt());
        // A sweep leaves out jumps of no density, whose derivative may not be 0 where the whole is.
        let vanish = found.values.iter().any(|term| term.size.mantissa == 0.0);
        let theta = if sweeps && !vanish {
            found.values.iter().try_fold(Vec::new(), |mut rows, term| {
                rows.extend(self.sweep(&chain, &sequence, term)?);
                Ok::<_, Error>(rows)
            })?
        } else {
            first(law, &sequence.exponents, &found.values)?
        };
        let bends = match wanted {
            Wanted::Second => {
                let in_theta = second(law, &sequence.exponents, &found.values)?;
                let in_both = first(law, &sequence.exponents, &found.moving)?;
                Some((in_theta, in_both))
            }
            _ => None,
        };
        let v = parameters + 1;
        let point = |(index, term): (usize, &Term)| {
            let mut first = theta[index * parameters..][..parameters].to_vec();
            first.push(found.in_time[index]);
            let second = bends.as_ref().map_or_else(Vec::new, |(in_theta, in_both)| {
                let in_theta = &in_theta[index * parameters.pow(2)..];
                let in_both = &in_both[index * parameters..];
                let entry = |at: usize| match (at / v, at % v) {
                    (a, b) if a < parameters && b < parameters => in_theta[a * parameters + b],
                    (a, b) if a + b < 2 * parameters => in_both[a.min(b)],
                    _ => found.twice_in_time[index],
                };
                (0..v * v).map(entry).collect()
            });
            Point { ln: term.ln, size: term.size, first, second }
        };
        Ok(found.values.iter().enumerate().map(point).collect())
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

impl Point {
    fn write(&self, logarithm: bool, wanted: Wanted, jet: &mut Jet) {
        jet.values.push(if logarithm { self.ln } else { self.size.value() });
        if wanted == Wanted::Values {
            return;
        }
        if !logarithm {
            // In two steps: a derivative may be large where the unit underflows.
            let half = self.size.exponent / 2;
            let units = [power_of_two(half), power_of_two(self.size.exponent - half)];
            let plain = |number: &f64| number * units[0] * units[1];
            jet.first.extend(self.first.iter().map(plain));
            jet.second.extend(self.second.iter().map(plain));
            return;
        }
        let over = |number: &f64| match self.ln {
            f64::NEG_INFINITY => f64::NAN,
            _ => number / self.size.mantissa,
        };
        let slopes: Vec<f64> = self.first.iter().map(over).collect();
        let v = slopes.len();
        let bend = |(at, bend): (usize, &f64)| over(bend) - slopes[at / v] * slopes[at % v];
        jet.second.extend(self.second.iter().enumerate().map(bend));
        jet.first.extend(slopes);
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

/// Terms at finite times, their derivatives in time, and the terms whose derivatives in θ are mixed
/// ones.
struct Terms {
    values: Vec<Term>,
    in_time: Vec<f64>,
    twice_in_time: Vec<f64>,
    moving: Vec<Term>,
}

impl Terms {
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
        let mut found = Self {
            values: Vec::new(),
            in_time: Vec::new(),
            twice_in_time: Vec::new(),
            moving: Vec::new(),
        };
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
            let unit = unit(term.size);
            let bends = bends(chain, sequence, time, &mixture, unit)?;
            let sign = if curve == Quantity::Survival { -1.0 } else { 1.0 };
            let (slope, bend, sum) = match curve {
                Quantity::Density => (bends[0], bends[1], Sum::Bend(time, mixture)),
                _ => (mixture.sum.over(unit), bends[0], Sum::Density(time, mixture)),
            };
            found.in_time.push(sign * slope);
            found.twice_in_time.push(sign * bend);
            found.moving.push(Term::new(term.ln, term.size, [(sign, sum)]));
            found.values.push(term);
        }
        Ok(found)
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
    let all = Mixture { sum: Scaled::default(), first: 0, last, plain: false };
    let (ln, size) = (f64::NEG_INFINITY, Scaled::default());
    Ok(match curve {
        Quantity::Density => Term::new(ln, size, [(1.0, Sum::Density(time, all))]),
        Quantity::Absorbed => {
            Term::new(ln, size, [(1.0, Sum::Absorbed(time, all)), (1.0, Sum::Defect)])
        }
        Quantity::Survival => Term::new(ln, size, [(1.0, Sum::Mass(time, all))]),
    })
}

/// The derivative of a density in time, from the mixture that gives its value.
pub(crate) fn slope_in_time(
    chain: &Chain,
    sequence: &mut Sequence,
    time: f64,
    mixture: &Mixture,
) -> Result<Scaled, Error> {
    let unit = unit(mixture.sum);
    let [slope, _] = bends(chain, sequence, time, mixture, unit)?;
    Ok(Scaled { mantissa: slope, exponent: unit.exponent })
}

/// The first two derivatives of the density in time, in a unit.
fn bends(
    chain: &Chain,
    sequence: &mut Sequence,
    time: f64,
    mixture: &Mixture,
    unit: Scaled,
) -> Result<[f64; 2], Error> {
    sequence.extend(2)?;
    let mut sums = [0.0; 2];
    mixture.slopes(chain.rate, time, |k, probability, factors| {
        let term = probability.times(sequence.density(k));
        let share = Scaled { exponent: term.exponent + sequence.exponents[k], ..term }.over(unit);
        for (sum, factor) in sums.iter_mut().zip(factors) {
            *sum += factor * share;
        }
    });
    Ok(sums)
}

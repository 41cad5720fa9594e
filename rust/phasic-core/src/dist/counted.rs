//! Log-likelihood of counts and of events in counts, and its gradient by the adjoint of each solve.

use std::ops::RangeInclusive;

use super::counts::{Counts, Total};
use super::curvature::Curvature;
use super::discrete::{probability, whole_rewards};
use super::rows::Row;
use super::scaled::{Scaled, power_of_two};
use crate::solve::Scalar;
use crate::{Dual, Error, Interrupt, Trace, Weights};

/// What was seen of one count.
#[derive(Clone, Debug)]
enum Seen {
    /// It is one of these.
    Among(RangeInclusive<usize>),
    /// It is more than this.
    Above(usize),
}

impl Seen {
    /// The counts whose probabilities in a table make up its own; None for the other table.
    fn counts(&self, total: Total) -> Option<RangeInclusive<usize>> {
        match (self, total) {
            (Self::Among(counts), Total::Exactly) => Some(counts.clone()),
            (Self::Above(count), Total::Above) => Some(*count..=*count),
            _ => None,
        }
    }
}

/// Distinct observations of whole rewards, with their weights.
#[derive(Debug)]
pub(super) struct Counted {
    seen: Vec<(Seen, f64)>,
    rewards: Vec<usize>,
    /// The largest count whose probability is needed, and the largest that may be exceeded.
    largest: [Option<usize>; 2],
}

/// Tables of probabilities at one θ, as far as they are needed.
struct Tables<'a> {
    exactly: Option<Counts<'a>>,
    above: Option<Counts<'a>>,
    initial: Vec<f64>,
    defect: f64,
}

/// Errors: a finite bound that is no whole number, unless its weight is 0.
pub(super) fn check_whole(bounds: &[f64], weights: &[f64]) -> Result<(), Error> {
    let bad = |(&bound, &weight): (&f64, &f64)| {
        weight != 0.0 && bound.is_finite() && (bound.fract() != 0.0 || bound > 4e9)
    };
    match bounds.iter().zip(weights).position(bad) {
        None => Ok(()),
        Some(index) => {
            let (name, must) = ("data", "a whole number from 0 to 4e9");
            Err(Error::BadValue { name, index, value: bounds[index], must })
        }
    }
}

impl Counted {
    /// `rows`: of whole bounds. Errors: rewards that are no whole numbers.
    pub fn new(trace: &Trace, rows: &[Row], rewards: &[f64]) -> Result<Self, Error> {
        let mut largest = [None; 2];
        let mut seen = Vec::with_capacity(rows.len());
        for row in rows {
            let (lower, upper) = (row.lower as usize, row.upper as usize);
            let first = if row.is_exact() || row.lower < 0.0 { lower } else { lower + 1 };
            let (kind, event) = match row.upper {
                f64::INFINITY => (1, Seen::Above(lower)),
                _ => (0, Seen::Among(first..=upper)),
            };
            largest[kind] = largest[kind].max(Some(if kind == 1 { lower } else { upper }));
            seen.push((event, row.weight));
        }
        Ok(Self { seen, rewards: whole_rewards(trace, rewards)?, largest })
    }

    pub fn value(
        &self,
        trace: &Trace,
        weights: &Weights,
        interrupt: &Interrupt,
    ) -> Result<f64, Error> {
        Ok(self.sum(&self.tables(trace, weights, interrupt)?))
    }

    /// The value and its derivative in every edge weight.
    pub fn value_and_derivatives(
        &self,
        trace: &Trace,
        weights: &Weights,
        interrupt: &Interrupt,
    ) -> Result<(f64, Vec<f64>), Error> {
        let tables = self.tables(trace, weights, interrupt)?;
        let value = self.sum(&tables);
        let mut edges = vec![0.0; trace.graph().n_edges()];
        if !value.is_finite() {
            return Ok((value, vec![f64::NAN; edges.len()]));
        }
        for table in [&tables.exactly, &tables.above].into_iter().flatten() {
            let shares = self.shares(&tables, table);
            let derivatives = table.derivatives(&shares, &tables.initial);
            edges.iter_mut().zip(derivatives).for_each(|(sum, share)| *sum += share);
        }
        Ok((value, edges))
    }

    /// The value with its first and second derivatives in θ: the sweeps back run on dual numbers, once
    /// for each parameter.
    pub fn curvature(
        &self,
        trace: &Trace,
        weights: &Weights,
        interrupt: &Interrupt,
    ) -> Result<Curvature, Error> {
        let (graph, p) = (trace.graph(), trace.n_parameters());
        let tables = self.tables(trace, weights, interrupt)?;
        let value = self.sum(&tables);
        if !value.is_finite() {
            return Ok(Curvature::of(value, p, f64::NAN));
        }
        let mut curvature = Curvature::of(value, p, 0.0);
        for parameter in 0..p {
            let mut direction = vec![0.0; p];
            direction[parameter] = 1.0;
            let dual = |(&value, slope): (&f64, f64)| Dual { value, slope };
            let rows: Vec<Dual> =
                weights.rows.iter().zip(graph.push_forward(&direction)).map(dual).collect();
            let table = |total, largest: Option<usize>| {
                let at = (weights, rows.as_slice());
                let of = |k| Counts::new(total, trace, at, &self.rewards, k, interrupt);
                largest.map(of).transpose()
            };
            let duals =
                [table(Total::Exactly, self.largest[0])?, table(Total::Above, self.largest[1])?];
            let initial = trace.initial(&rows);
            let mut edges = vec![Dual::ZERO; graph.n_edges()];
            for table in duals.iter().flatten() {
                let shares = self.dual_shares(&tables, table, &initial);
                let derivatives = table.derivatives(&shares, &initial);
                edges.iter_mut().zip(derivatives).for_each(|(sum, share)| *sum += share);
            }
            let along = graph.pull_back(&edges);
            for (other, dual) in along.iter().enumerate() {
                curvature.gradient[other] = dual.value;
                // Each pair is found twice, up to rounding.
                curvature.hessian[parameter * p + other] += 0.5 * dual.slope;
                curvature.hessian[other * p + parameter] += 0.5 * dual.slope;
            }
        }
        Ok(curvature)
    }

    /// As [`Self::shares`], with their slopes: those of 1 / p are −p′ / p².
    fn dual_shares(
        &self,
        tables: &Tables,
        table: &Counts<'_, Dual>,
        initial: &[Dual],
    ) -> Vec<Dual> {
        let mut shares = vec![Dual::ZERO; table.exponents.len()];
        for (seen, weight) in &self.seen {
            let Some(counts) = seen.counts(table.total()) else { continue };
            let p = tables.probability(seen);
            let slope: f64 = counts
                .clone()
                .map(|count| {
                    let (slope, exponent) = table.slope(count, initial);
                    slope * power_of_two(exponent - p.exponent)
                })
                .sum();
            for count in counts {
                let value = weight / p.mantissa * power_of_two(table.exponents[count] - p.exponent);
                shares[count] += Dual { value, slope: -value * (slope / p.mantissa) };
            }
        }
        shares
    }

    fn tables<'a>(
        &'a self,
        trace: &'a Trace,
        weights: &'a Weights,
        interrupt: &Interrupt,
    ) -> Result<Tables<'a>, Error> {
        let table = |total, largest: Option<usize>| {
            let at = (weights, weights.rows.as_slice());
            let of = |k| Counts::new(total, trace, at, &self.rewards, k, interrupt);
            largest.map(of).transpose()
        };
        Ok(Tables {
            exactly: table(Total::Exactly, self.largest[0])?,
            above: table(Total::Above, self.largest[1])?,
            initial: trace.initial(&weights.rows),
            defect: weights.defect,
        })
    }

    fn sum(&self, tables: &Tables) -> f64 {
        let term = |(seen, weight): &(Seen, f64)| weight * tables.probability(seen).ln();
        // An empty sum of doubles is −0 in Rust.
        self.seen.iter().map(term).fold(0.0, |sum, term| sum + term)
    }

    /// Derivative of the value in each probability of a table, times the power of two by which its
    /// vector is stored scaled.
    fn shares(&self, tables: &Tables, table: &Counts) -> Vec<f64> {
        let mut shares = vec![0.0; table.exponents.len()];
        for (seen, weight) in &self.seen {
            let Some(counts) = seen.counts(table.total()) else { continue };
            let p = tables.probability(seen);
            for count in counts {
                let shift = table.exponents[count] - p.exponent;
                shares[count] += weight / p.mantissa * power_of_two(shift);
            }
        }
        shares
    }
}

impl Tables<'_> {
    fn probability(&self, seen: &Seen) -> Scaled {
        let one = |table: &Option<Counts>, k| {
            let table = table.as_ref().expect("tables reach as far as the data");
            probability(table, &self.initial, self.defect, k)
        };
        match seen {
            Seen::Above(count) => one(&self.above, *count),
            Seen::Among(counts) => {
                let mut sum = Scaled::default();
                for each in counts.clone().map(|count| one(&self.exactly, count)) {
                    sum.add(each.mantissa, each.exponent);
                }
                sum.normal()
            }
        }
    }
}

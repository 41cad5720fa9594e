//! Probabilities of counts with their derivatives in θ.

use std::ops::RangeInclusive;

use super::counts::{Counts, Total};
use super::discrete::{Discrete, probability, whole_counts};
use super::scaled::{Scaled, power_of_two};
use crate::Error;
use crate::solve::Dual;

/// Which probability of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountCurve {
    /// Of exactly the count.
    Mass,
    /// The natural logarithm of that.
    LogMass,
    /// Of at most the count.
    Below,
    /// Of more than the count.
    Above,
}

/// A sum over a table, `sign · Σ p[k] / unit`.
struct Sum {
    total: Total,
    counts: RangeInclusive<usize>,
    sign: f64,
    unit: Scaled,
}

const ONE: Scaled = Scaled { mantissa: 1.0, exponent: 0 };

impl Discrete<'_> {
    /// A probability of each count, `(m,)`, and its derivatives in the parameters, row by row `(m,
    /// n_parameters)`; NaN for a logarithm that is −∞.
    ///
    /// With at most as many parameters as counts, the table of probabilities runs once for each
    /// parameter on dual numbers; else each count has a sweep back through the table. Derivatives of
    /// what is at most a count are those of what is more, where that is the smaller.
    pub fn slopes(&self, curve: CountCurve, counts: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let values = match curve {
            CountCurve::Mass => self.pmf(counts)?,
            CountCurve::LogMass => self.log_pmf(counts)?,
            CountCurve::Below => self.cdf(counts)?,
            CountCurve::Above => self.sf(counts)?,
        };
        let whole = whole_counts(counts)?;
        let Some(&largest) = whole.iter().max() else { return Ok((values, Vec::new())) };
        let exactly = match curve {
            CountCurve::Above => None,
            _ => Some(self.table(Total::Exactly, largest)?),
        };
        let above = match curve {
            CountCurve::Mass | CountCurve::LogMass => None,
            _ => Some(self.table(Total::Above, largest)?),
        };
        let tables = [exactly, above];
        let initial = self.trace.initial(&self.weights.rows);
        let scaled = |table: &Option<Counts>, k| {
            let table = table.as_ref().expect("the curve has this table");
            probability(table, &initial, self.weights.defect, k).normal()
        };
        let sum = |&k: &usize| {
            let (total, counts, sign, unit) = match curve {
                CountCurve::Mass => (Total::Exactly, k..=k, 1.0, ONE),
                CountCurve::LogMass => (Total::Exactly, k..=k, 1.0, scaled(&tables[0], k)),
                CountCurve::Below if scaled(&tables[1], k).value() > 0.5 => {
                    (Total::Exactly, 0..=k, 1.0, ONE)
                }
                CountCurve::Below => (Total::Above, k..=k, -1.0, ONE),
                CountCurve::Above => (Total::Above, k..=k, 1.0, ONE),
            };
            Sum { total, counts, sign, unit }
        };
        let sums: Vec<Sum> = whole.iter().map(sum).collect();
        let slopes = if self.trace.n_parameters() <= sums.len() {
            self.forward(&sums)?
        } else {
            self.back(&tables, &initial, &sums)?
        };
        Ok((values, slopes))
    }

    /// One sweep back for each sum.
    fn back(
        &self,
        tables: &[Option<Counts>; 2],
        initial: &[f64],
        sums: &[Sum],
    ) -> Result<Vec<f64>, Error> {
        let mut slopes = Vec::with_capacity(sums.len() * self.trace.n_parameters());
        for sum in sums {
            let work = 3 * (self.trace.n_transient() + self.trace.n_entries());
            self.interrupt.after(work * (1 + sum.counts.end()))?;
            let own = |table: &&Counts| table.total() == sum.total;
            let table = tables.iter().flatten().find(own).expect("sums are over these tables");
            if sum.unit.mantissa == 0.0 {
                slopes.extend(std::iter::repeat_n(f64::NAN, self.trace.n_parameters()));
                continue;
            }
            let mut shares = vec![0.0; sum.counts.end() + 1];
            for k in sum.counts.clone() {
                shares[k] = sum.share(table.exponents[k]);
            }
            slopes.extend(self.trace.graph().pull_back(&table.derivatives(&shares, initial)));
        }
        Ok(slopes)
    }

    /// The tables on dual numbers, for one parameter after the other.
    fn forward(&self, sums: &[Sum]) -> Result<Vec<f64>, Error> {
        let (graph, parameters) = (self.trace.graph(), self.trace.n_parameters());
        let mut slopes = vec![0.0; sums.len() * parameters];
        for parameter in 0..parameters {
            let mut direction = vec![0.0; parameters];
            direction[parameter] = 1.0;
            let moved = graph.push_forward(&direction);
            let dual = |(&value, slope): (&f64, f64)| Dual { value, slope };
            let rows: Vec<Dual> = self.weights.rows.iter().zip(moved).map(dual).collect();
            for total in [Total::Exactly, Total::Above] {
                let own = || sums.iter().enumerate().filter(|(_, sum)| sum.total == total);
                let Some(largest) = own().map(|(_, sum)| *sum.counts.end()).max() else { continue };
                let numbers = self.numbers(total, &rows, largest)?;
                for (index, sum) in own() {
                    let terms = sum.counts.clone().map(|k| {
                        let (slope, exponent) = numbers[k];
                        sum.share(exponent) * slope
                    });
                    let slope = &mut slopes[index * parameters + parameter];
                    *slope = if sum.unit.mantissa == 0.0 { f64::NAN } else { terms.sum() };
                }
            }
        }
        Ok(slopes)
    }

    /// The slope of each probability of a table, and the exponent of its units.
    fn numbers(
        &self,
        total: Total,
        rows: &[Dual],
        largest: usize,
    ) -> Result<Vec<(f64, i64)>, Error> {
        let at = (&self.weights, rows);
        let table = Counts::new(total, self.trace, at, &self.rewards, largest, &self.interrupt)?;
        let initial: Vec<Dual> = self.trace.initial(rows);
        Ok((0..=largest).map(|k| table.slope(k, &initial)).collect())
    }
}

impl Sum {
    /// The derivative in a number that is stored in units of 2^exponent.
    fn share(&self, exponent: i64) -> f64 {
        self.sign / self.unit.mantissa * power_of_two(exponent - self.unit.exponent)
    }
}

//! Jets of what follows from one factorization: each number has a sweep back, and for second
//! derivatives a sweep on dual numbers for every parameter.

use super::{Jet, Wanted};
use crate::solve::{Evaluation, Gradient, Moments, Quantity};
use crate::{Clock, Dual, Error, Trace};

/// Empty rewards stand for ones.
fn some(rewards: &[f64]) -> Option<&[f64]> {
    (!rewards.is_empty()).then_some(rewards)
}

/// A factorization, and what is wanted of it.
pub(super) struct Law<'a> {
    at: Moments<'a>,
    trace: &'a Trace,
    theta: &'a [f64],
    wanted: Wanted,
}

impl<'a> Law<'a> {
    pub fn new(trace: &'a Trace, theta: &'a [f64], wanted: Wanted) -> Result<Self, Error> {
        Ok(Self { at: Moments::alone(trace, theta)?, trace, theta, wanted })
    }

    pub fn moments(&self, clock: Clock, power: usize, rewards: &[f64]) -> Result<Jet, Error> {
        let rewards = some(rewards);
        if self.wanted == Wanted::Values {
            let values = match clock {
                Clock::Time => self.at.moments(power, rewards)?,
                Clock::Steps => self.at.discrete(power, rewards)?,
            };
            return Ok(Jet { values, ..Jet::default() });
        }
        let seeds = |order: usize| -> Vec<f64> {
            (0..=order).map(|k| if k == order { 1.0 } else { 0.0 }).collect()
        };
        let seeds: Vec<Vec<f64>> = (0..power).map(seeds).collect();
        self.each(seeds.iter().map(|seeds| Quantity::Moments { clock, seeds, rewards }))
    }

    pub fn covariance(&self, clock: Clock, rewards: &[f64]) -> Result<Jet, Error> {
        let (first, second) = match self.rows(rewards)?.as_slice() {
            [] => (None, None),
            &[first, second] => (Some(first), Some(second)),
            rows => {
                let (name, given) = ("rewards of a covariance", rows.len());
                return Err(Error::Length { name, expected: 2, given });
            }
        };
        self.each([Quantity::Covariance { clock, first, second }].into_iter())
    }

    fn rows<'r>(&self, rewards: &'r [f64]) -> Result<Vec<&'r [f64]>, Error> {
        let n = self.trace.n_vertices();
        if !rewards.len().is_multiple_of(n) {
            let (expected, given) = (n, rewards.len());
            return Err(Error::Length { name: "rewards", expected, given });
        }
        Ok(rewards.chunks_exact(n).collect())
    }

    fn each<'q>(
        &self,
        quantities: impl ExactSizeIterator<Item = Quantity<'q>>,
    ) -> Result<Jet, Error> {
        let mut jet = Jet::with_capacity(quantities.len(), self.theta.len(), self.wanted);
        for quantity in quantities {
            let Gradient { value, theta, rewards, .. } = self.at.gradient(&quantity)?;
            jet.values.push(value);
            match self.wanted {
                Wanted::Values => {}
                Wanted::First => jet.first.extend(theta),
                Wanted::FirstAndRewards => {
                    jet.first.extend(theta);
                    rewards.iter().for_each(|each| jet.rewards.extend(each));
                }
                Wanted::Second => {
                    jet.first.extend(theta);
                    for parameter in 0..self.theta.len() {
                        let along = self.at.hessian_product(&quantity, &self.unit(parameter))?;
                        jet.second.extend(along.theta.iter().map(|dual| dual.slope));
                    }
                }
            }
        }
        Ok(jet)
    }

    /// Many expectations are sums over expected times, whose derivatives are as many as parameters.
    pub fn expectations(&self, rewards: &[f64]) -> Result<Jet, Error> {
        let rows = self.rows(rewards)?;
        if self.wanted == Wanted::Values {
            return Ok(Jet { values: self.at.expectations(&rows)?, ..Jet::default() });
        }
        if self.wanted != Wanted::First || rows.len() <= self.theta.len() {
            let (clock, seeds) = (Clock::Time, [1.0]);
            let mut quantities = Vec::new();
            for row in rows.iter().copied() {
                quantities.push(Quantity::Moments { clock, seeds: &seeds, rewards: Some(row) });
            }
            let mut jet = self.each(quantities.into_iter())?;
            jet.rewards = spread(&jet.rewards, rows.len());
            return Ok(jet);
        }
        let values = self.at.expectations(&rows)?;
        let mut first = vec![0.0; rows.len() * self.theta.len()];
        for parameter in 0..self.theta.len() {
            let slopes = self.times_along(parameter)?;
            for (row, rewards) in rows.iter().enumerate() {
                let terms = slopes.iter().zip(*rewards).map(|(slope, reward)| slope * reward);
                first[row * self.theta.len() + parameter] = terms.sum();
            }
        }
        Ok(Jet { values, first, ..Jet::default() })
    }

    /// The derivative of the expected time in each vertex, in a parameter.
    fn times_along(&self, parameter: usize) -> Result<Vec<f64>, Error> {
        let rows = self.at.along(&self.unit(parameter))?;
        let at: Evaluation<'_, Dual> = Evaluation::new(self.trace, rows, &[]);
        let times = at.factor.solve_rows(at.initial.clone());
        let slopes: Vec<f64> = times.iter().map(|time| time.slope).collect();
        Ok(self.trace.at_vertices(&slopes))
    }

    fn unit(&self, parameter: usize) -> Vec<f64> {
        let mut unit = vec![0.0; self.theta.len()];
        unit[parameter] = 1.0;
        unit
    }

    /// With s as the last variable. Second derivatives in s are moments under killing.
    pub fn laplace(&self, points: &[f64], rewards: &[f64]) -> Result<Jet, Error> {
        let rewards = some(rewards);
        let p = self.theta.len();
        let v = p + 1;
        let mut jet = Jet::with_capacity(points.len(), v, self.wanted);
        for &s in points {
            if self.wanted == Wanted::Values {
                jet.values.push(self.at.laplace(s, rewards)?);
                continue;
            }
            let (gradient, in_s) = self.at.laplace_gradient(s, rewards)?;
            jet.values.push(gradient.value);
            jet.first.extend(&gradient.theta);
            jet.first.push(in_s);
            match self.wanted {
                Wanted::FirstAndRewards => jet.rewards.extend(&gradient.rewards[0]),
                Wanted::Second => {
                    for variable in 0..v {
                        let mut direction = vec![0.0; v];
                        direction[variable] = 1.0;
                        let (direction, speed) = (&direction[..p], direction[p]);
                        let (along, in_s) =
                            self.at.laplace_hessian_product(s, rewards, direction, speed)?;
                        jet.second.extend(along.theta.iter().map(|dual| dual.slope));
                        jet.second.push(in_s.slope);
                    }
                }
                Wanted::Values | Wanted::First => {}
            }
        }
        Ok(jet)
    }
}

/// Each value of k depends on its own rewards only, of k: `(k, n)` as `(k, k n)`.
fn spread(rows: &[f64], k: usize) -> Vec<f64> {
    if rows.is_empty() {
        return Vec::new();
    }
    let n = rows.len() / k;
    let mut all = vec![0.0; k * k * n];
    for (index, row) in rows.chunks_exact(n).enumerate() {
        all[(index * k + index) * n..][..n].copy_from_slice(row);
    }
    all
}

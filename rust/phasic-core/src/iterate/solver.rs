//! Solutions of M x = b and z M = c with certified bounds on their errors.

use super::blocks::Solver;
use super::certify::{Certified, Comparison, Goal, own_comparison, ratio};
use super::chain::Way;
use super::double::Double;
use crate::Error;

/// Part of the residual that a Krylov solve of one block may leave.
const INNER_GOAL: f64 = 1e-4;
/// Corrections of one solution.
const OUTER_MOST: usize = 60;
/// Part of the right-hand side within which the comparison vector solves its system.
const COMPARISON_GOAL: f64 = 0.5;
/// Entries are at first resolved down to this part of the largest, …
const FIRST_FLOOR: f64 = 1e-3;
/// … then further each time that the scaled residual is below `LOWER_FROM`, …
const LOWER: f64 = 1e-3;
const LOWER_FROM: f64 = 1e-2;
/// … and after this wherever they are.
const LAST_FLOOR: f64 = 1e-60;
/// Scaled residual below which it is worth looking for a comparison vector.
const COMPARE_FROM: f64 = 1e-3;
/// Scaled residual below which only rounding is left.
const SMALLEST: f64 = 1e-28;

impl Solver<'_> {
    /// Solves for a right-hand side ≥ 0 to a relative error of at most `tolerance`.
    ///
    /// Errors: [`Error::NotCertified`] with the bound that was reached.
    pub fn solve(
        &mut self,
        way: Way,
        b: &[f64],
        goal: &Goal,
        tolerance: f64,
        start: Option<&[Double]>,
    ) -> Result<Certified, Error> {
        let n = self.chain.len();
        let active = self.chain.active(way, b);
        let mut at = Certified::none(n);
        if !active.contains(&true) {
            return Ok(at);
        }
        let mut residual = b.to_vec();
        // Entries far below the largest are resolved one range after the other.
        let exact = self.chain.exact.iter().all(|&exact| exact);
        let mut floor = if exact || start.is_some() { 0.0 } else { FIRST_FLOOR };
        let mut scale = self.first_scale(way, b, floor, &active);
        if let Some(start) = start {
            at.x = start.to_vec();
            scale = self.scale_of(way, b, &at.x, floor, &active);
            residual = self.chain.residual(way, b, start).0;
        }
        let mut comparison: Option<Comparison> = None;
        let (mut reached, mut last) = (f64::INFINITY, f64::INFINITY);
        let started = self.iterations;
        for _ in 0..OUTER_MOST {
            let step = self.correction(way, &residual, &scale, INNER_GOAL)?;
            for (x, step) in at.x.iter_mut().zip(&step) {
                x.add(*step);
                *x = x.normal();
            }
            let (remaining, slack) = self.chain.residual(way, b, &at.x);
            residual = remaining;
            if floor > 0.0 && self.size(&residual, &scale) < LOWER_FROM {
                (floor, last) = (self.lower(way, b, &at.x, floor, &active), f64::INFINITY);
            }
            scale = self.scale_of(way, b, &at.x, floor, &active);
            let progress = self.size(&residual, &scale);
            let stalled = progress.is_nan() || progress >= 0.5 * last;
            let mut bound = f64::INFINITY;
            if let Some((v, ratio)) = own_comparison(&at.x, b, &residual, &slack, &active) {
                (at.v, at.ratio) = (v, ratio);
                bound = at.relative(goal);
            }
            let mut compared = false;
            if bound > tolerance && progress < COMPARE_FROM && (floor == 0.0 || goal.is_sum()) {
                if comparison.as_ref().is_none_or(|old| old.stale(floor, progress, stalled)) {
                    comparison = self.comparison(way, &scale, &active)?;
                    comparison.iter_mut().for_each(|new| new.built = (floor, progress));
                    compared = true;
                }
                if let Some(Comparison { v, image, .. }) = &comparison {
                    let own = (std::mem::replace(&mut at.v, v.clone()), at.ratio);
                    at.ratio = ratio(&residual, &slack, image);
                    let other = at.relative(goal);
                    if other < bound {
                        bound = other;
                    } else {
                        (at.v, at.ratio) = own;
                    }
                }
            }
            reached = reached.min(bound);
            if bound <= tolerance {
                return Ok(at);
            }
            if stalled && !compared && (progress < SMALLEST || !self.strengthen()?) {
                break;
            }
            last = progress;
        }
        let iterations = self.iterations - started;
        Err(Error::NotCertified { reached, tolerance, iterations })
    }

    /// The next floor, 0 where it makes no difference.
    fn lower(&self, way: Way, b: &[f64], x: &[Double], floor: f64, active: &[bool]) -> f64 {
        let next = floor * LOWER;
        let scale = self.scale_of(way, b, x, 0.0, active);
        let largest = scale.iter().copied().fold(0.0, f64::max);
        let clear = scale.iter().all(|&size| size == 0.0 || size > next * largest);
        if clear || next < LAST_FLOOR { 0.0 } else { next }
    }

    fn scale_of(&self, way: Way, b: &[f64], x: &[Double], floor: f64, active: &[bool]) -> Vec<f64> {
        let values: Vec<f64> = x.iter().map(|x| x.hi.max(0.0)).collect();
        self.scale(way, b, &values, floor, active)
    }

    /// v > 0 on the active positions with M v ≥ c > 0 there: about M v = totals · scale, so that
    /// vᵢ/xᵢ is a mean number of jumps. Gives v and a lower bound of M v; nothing if M v cannot be
    /// shown to be positive.
    fn comparison(
        &mut self,
        way: Way,
        scale: &[f64],
        active: &[bool],
    ) -> Result<Option<Comparison>, Error> {
        let n = self.chain.len();
        let wanted: Vec<f64> =
            (0..n).map(|position| self.chain.total(position) * scale[position]).collect();
        let mut v = vec![Double::default(); n];
        let mut residual = wanted.clone();
        let mut last = f64::INFINITY;
        for _ in 0..OUTER_MOST {
            let step = self.correction(way, &residual, scale, 1e-2)?;
            // One working number per entry: its bound must not depend on the low parts.
            v.iter_mut().zip(&step).for_each(|(v, step)| v.hi += step);
            let (remaining, slack) = self.chain.residual(way, &wanted, &v);
            residual = remaining;
            let progress = self.size(&residual, scale);
            if progress <= COMPARISON_GOAL {
                // M v = wanted − residual, to a relative accuracy of a few roundings.
                let image = |position: usize| {
                    if !active[position] {
                        return f64::INFINITY;
                    }
                    let size = wanted[position] + residual[position].abs();
                    let image = wanted[position] - residual[position];
                    image - slack[position] - 4.0 * f64::EPSILON * size
                };
                let image = (0..n).map(image).collect();
                let v = v.iter().map(|v| v.hi).collect();
                return Ok(Some(Comparison { v, image, built: (0.0, 0.0) }));
            }
            if (progress.is_nan() || progress >= 0.9 * last) && !self.strengthen()? {
                return Ok(None);
            }
            last = progress;
        }
        Ok(None)
    }

    /// The largest entry of a residual, in units of total rate times scale.
    fn size(&self, residual: &[f64], scale: &[f64]) -> f64 {
        let sizes = (0..residual.len()).filter(|&position| scale[position] > 0.0).map(|position| {
            residual[position].abs() / (self.chain.total(position) * scale[position])
        });
        sizes.fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a })
    }

    /// A first guess of the size of each entry: one preconditioned sweep and two relaxations.
    fn first_scale(&self, way: Way, b: &[f64], floor: f64, active: &[bool]) -> Vec<f64> {
        let mut values = vec![0.0; b.len()];
        for block in self.blocks(way) {
            let range = self.chain.blocks[block] as usize..self.chain.blocks[block + 1] as usize;
            let mut part = self.right_hand_side(way, b, &values, range.clone());
            self.factors[block].solve(way, &mut part);
            values[range].copy_from_slice(&part);
        }
        for _ in 0..2 {
            values = self.chain.relax(way, b, &values);
        }
        self.scale(way, b, &values, floor, active)
    }

    /// The sizes of the entries of an approximate solution, positive wherever it may be.
    fn scale(&self, way: Way, b: &[f64], values: &[f64], floor: f64, active: &[bool]) -> Vec<f64> {
        let relaxed = self.chain.relax(way, b, values);
        let largest = relaxed.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
        let floor = (floor * largest).max(f64::MIN_POSITIVE);
        let bounded = |(value, &active): (f64, &bool)| {
            if active { if value.is_finite() { value.max(floor) } else { largest } } else { 0.0 }
        };
        relaxed.into_iter().zip(active).map(bounded).collect()
    }
}

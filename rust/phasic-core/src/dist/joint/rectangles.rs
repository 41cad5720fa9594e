//! Probabilities of rectangles: integrals over the share of the second reward.

use std::f64::consts::E;

use rayon::prelude::*;

use super::directions::{Directions, Share};
use super::gauss::{Node, rule};
use super::splines::Splines;
use super::{Found, Point, Quantity, profile, rounding, weights};
use crate::solve::dot;
use crate::{Error, Interrupt};

/// Times that the nodes are doubled for a point that misses the tolerance.
const DOUBLINGS: usize = 3;

/// A node in a piece: its direction, its weight, and the numbers of [`profile`] there.
struct Sample {
    share: Share,
    weight: f64,
    profile: Vec<f64>,
}

/// Samples of a stretch of a piece by two rules, the second with twice the nodes.
type Samples = [Vec<Sample>; 2];

/// Whether the probability is positive.
pub(super) fn is_positive(directions: &Directions, quantity: Quantity, point: &Point) -> bool {
    let ray = |wanted: &dyn Fn(&Share) -> bool| {
        directions.shares.iter().zip(&directions.rays).any(|(share, &ray)| ray && wanted(share))
    };
    if quantity == Quantity::Survival {
        let piece = (1..directions.shares.len()).any(|piece| directions.supports(piece));
        return piece || ray(&|share| share.first > 0.0 && share.second > 0.0);
    }
    match (point.first > 0.0, point.second > 0.0) {
        (true, true) => !directions.initial.is_empty(),
        (false, true) => ray(&|share| share.first == 0.0),
        (true, false) => ray(&|share| share.second == 0.0),
        (false, false) => false,
    }
}

/// P(Y₁ ≤ y₁, Y₂ ≤ y₂) without the atom at the origin, or P(Y₁ > y₁, Y₂ > y₂).
pub(super) fn values(
    splines: &Splines,
    quantity: Quantity,
    points: &[Point],
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<Vec<Found>, Error> {
    let mut found = vec![Found::NOTHING; points.len()];
    let mut pending: Vec<usize> = (0..points.len()).collect();
    for doubling in 0..=DOUBLINGS {
        let pieces = Pieces::new(splines, doubling, interrupt)?;
        for some in pending.chunks(2 * rayon::current_num_threads()) {
            let values: Vec<Found> = some
                .par_iter()
                .map(|&i| pieces.value(quantity, &points[i]))
                .collect();
            some.iter().zip(values).for_each(|(&i, value)| found[i] = value);
            interrupt.after(some.len() * pieces.work())?;
        }
        pending.retain(|&i| found[i].error > tolerance);
        if pending.is_empty() {
            break;
        }
    }
    Ok(found)
}

struct Pieces<'s, 'd> {
    splines: &'s Splines<'d>,
    doubling: usize,
    /// Per piece that has a density, its index and its samples.
    whole: Vec<(usize, Samples)>,
}

impl<'s, 'd> Pieces<'s, 'd> {
    fn new(
        splines: &'s Splines<'d>,
        doubling: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let mut pieces = Self { splines, doubling, whole: Vec::new() };
        let supported: Vec<usize> = (1..splines.directions.shares.len())
            .filter(|&piece| splines.directions.supports(piece))
            .collect();
        for some in supported.chunks(2 * rayon::current_num_threads()) {
            let sampled = |&piece: &usize| (piece, pieces.samples(piece, (0.0, 1.0), (1.0, 0.0)));
            let samples: Vec<(usize, Samples)> = some.par_iter().map(sampled).collect();
            interrupt.after(some.len() * pieces.work())?;
            pieces.whole.extend(samples);
        }
        Ok(pieces)
    }

    /// A measure of the work at one stretch.
    fn work(&self) -> usize {
        let n = self.splines.n();
        4 * n * n * (20 << self.doubling)
    }

    /// Nodes for a stretch of this length in x: the polynomials of degree n are as wide as 1/√n.
    fn nodes(&self, length: f64) -> usize {
        let n = self.splines.n() as f64;
        (6.0 + E * length * n.sqrt()).ceil() as usize * (1 << self.doubling)
    }

    /// Samples from ξ = `from` to `to`, each with 1 − ξ.
    fn samples(&self, piece: usize, from: (f64, f64), to: (f64, f64)) -> Samples {
        let shares = &self.splines.directions.shares;
        let (below, above) = (shares[piece - 1], shares[piece]);
        let length = to.0 - from.0;
        let n = self.nodes(length * above.above(below));
        let sample = |node: &Node| {
            let up = from.0 * node.rest + to.0 * node.at;
            let down = from.1 * node.rest + to.1 * node.at;
            let share = Share {
                second: below.second * down + above.second * up,
                first: below.first * down + above.first * up,
            };
            let mut profile = profile(self.splines, piece, (up, down));
            (1_u32..).zip(&mut profile).for_each(|(n, value)| *value *= f64::from(n));
            Sample { share, weight: node.weight * length, profile }
        };
        [n, 2 * n].map(|n| rule(n).iter().map(sample).collect())
    }

    fn value(&self, quantity: Quantity, point: &Point) -> Found {
        let directions = self.splines.directions;
        let (n, mean) = (self.splines.n(), directions.rate * point.time());
        let mut scratch = Vec::new();
        let mut sum = [0.0; 2];
        for (piece, samples) in &self.whole {
            let (below, above) = (directions.shares[piece - 1], directions.shares[*piece]);
            let (up, down) = (point.share.above(below), above.above(point.share));
            if up > 0.0 && down > 0.0 {
                // The corner lies in this piece, and the time has a kink there.
                let cut = (up / (up + down), down / (up + down));
                for (from, to) in [((0.0, 1.0), cut), (cut, (1.0, 0.0))] {
                    let samples = self.samples(*piece, from, to);
                    add(&mut sum, &samples, quantity, point, directions.rate, &mut scratch);
                }
            } else {
                add(&mut sum, samples, quantity, point, directions.rate, &mut scratch);
            }
        }
        for (share, ray) in directions.shares.iter().enumerate().filter(|r| directions.rays[r.0]) {
            poisson(quantity, directions.rate * leaves(quantity, point, *ray), n + 1, &mut scratch);
            let mass: f64 =
                self.splines.rays.iter().zip(&scratch).map(|(rays, w)| rays[share] * w).sum();
            sum.iter_mut().for_each(|each| *each += mass);
        }
        let [coarse, fine] = sum;
        let beyond = if quantity == Quantity::Absorbed { weights::beyond(mean, n) } else { 1.0 };
        let off = if fine > 0.0 { ((fine - coarse) / fine).abs() } else { 0.0 };
        // Twice the nodes double the digits.
        let rule = if off < 0.1 { 10.0 * off * off } else { 1.0 };
        let error = rule + rounding(self.splines, mean, fine);
        Found { value: fine, missing: self.splines.survival[n] * beyond, error }
    }
}

/// Adds the integral over a stretch by either rule.
fn add(
    sum: &mut [f64; 2],
    samples: &Samples,
    quantity: Quantity,
    point: &Point,
    rate: f64,
    scratch: &mut Vec<f64>,
) {
    for (sum, samples) in sum.iter_mut().zip(samples) {
        for sample in samples {
            let mean = rate * leaves(quantity, point, sample.share);
            if quantity == Quantity::Absorbed && mean == 0.0 {
                continue;
            }
            poisson(quantity, mean, sample.profile.len() + 1, scratch);
            *sum += sample.weight * dot(&sample.profile, &scratch[1..]);
        }
    }
}

/// The time at which a direction leaves the rectangle up to a point, or enters that beyond it.
fn leaves(quantity: Quantity, point: &Point, share: Share) -> f64 {
    let ratio = |y: f64, r: f64| if r == 0.0 { f64::INFINITY } else { y / r };
    let (first, second) = (ratio(point.first, share.first), ratio(point.second, share.second));
    if quantity == Quantity::Absorbed { first.min(second) } else { first.max(second) }
}

/// The probability that the next jump, which absorbs, comes before that time, or after, per number of jumps before.
fn poisson(quantity: Quantity, mean: f64, length: usize, found: &mut Vec<f64>) {
    if quantity == Quantity::Absorbed {
        weights::more(mean, length, found);
    } else {
        weights::at_most(mean, length, found);
    }
}

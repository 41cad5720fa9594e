//! Probabilities of rectangles: integrals over the share of the second reward.
//!
//! A direction leaves a rectangle through the side of one of the rewards, at a time inverse to its share of that reward:
//! on either side of the corner's direction the integral is over the logarithm of that share, in which Poisson
//! probabilities vary on one scale from the axis on.

use rayon::prelude::*;

use super::directions::{Directions, Share};
use super::gauss::{Node, rule};
use super::splines::Splines;
use super::{Found, Point, Quantity, profile, rounding, weights};
use crate::solve::dot;
use crate::{Error, Interrupt};

/// Nodes for each unit of the logarithm and each root of the number of jumps; at least so many.
const NODES: (f64, f64) = (1.5, 8.0);
/// Times that the nodes are doubled for a point that misses the tolerance.
const DOUBLINGS: usize = 3;

/// A node in a piece: its direction, its weight, and n times the numbers of [`profile`] there.
struct Sample {
    share: Share,
    weight: f64,
    profile: Vec<f64>,
}

/// Samples of a stretch of a piece by two rules, the second with twice the nodes.
type Samples = [Vec<Sample>; 2];

/// The reward through whose side a direction leaves a rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    First,
    Second,
}

impl Side {
    fn of(self, share: Share) -> f64 {
        match self {
            Self::First => share.first,
            Self::Second => share.second,
        }
    }

    /// That of the directions below, or above, a corner.
    fn at(quantity: Quantity, below: bool) -> Self {
        if below == (quantity == Quantity::Absorbed) { Self::First } else { Self::Second }
    }
}

/// A direction in a piece, with ξ and 1 − ξ.
#[derive(Clone, Copy, Debug)]
struct End {
    share: Share,
    up: f64,
    down: f64,
}

impl End {
    /// How much larger ξ is at another direction above this one, right to its last digits next to either border.
    fn to(self, other: Self) -> f64 {
        if self.down < 0.5 { self.down - other.down } else { other.up - self.up }
    }

    /// The direction with this share on a side.
    fn cut((below, above): (Share, Share), side: Side, size: f64) -> Self {
        let h = above.above(below);
        let other = 1.0 - size;
        let share = match side {
            Side::First => Share { first: size, second: other },
            Side::Second => Share { first: other, second: size },
        };
        let (up, down) = match side {
            Side::First => (below.first - size, size - above.first),
            Side::Second => (size - below.second, above.second - size),
        };
        Self { share, up: up / h, down: down / h }
    }
}

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
            let values: Vec<Found> =
                some.par_iter().map(|&i| pieces.value(quantity, &points[i])).collect();
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
    /// Per piece that has a density its index, and its samples for either side if they serve many points.
    whole: Vec<(usize, [Option<Samples>; 2])>,
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
            let sampled = |&piece: &usize| {
                let (from, to) = pieces.ends(piece);
                let shared = |side: Side| {
                    let inside = side.of(from.share) > 0.0 && side.of(to.share) > 0.0;
                    inside.then(|| pieces.samples(piece, side, from, to))
                };
                (piece, [Side::First, Side::Second].map(shared))
            };
            let samples: Vec<_> = some.par_iter().map(sampled).collect();
            interrupt.after(some.len() * pieces.work())?;
            pieces.whole.extend(samples);
        }
        Ok(pieces)
    }

    /// A measure of the work at one stretch.
    fn work(&self) -> usize {
        let n = self.splines.n();
        4 * n * n * (30 << self.doubling)
    }

    fn borders(&self, piece: usize) -> (Share, Share) {
        let shares = &self.splines.directions.shares;
        (shares[piece - 1], shares[piece])
    }

    fn ends(&self, piece: usize) -> (End, End) {
        let (below, above) = self.borders(piece);
        (End { share: below, up: 0.0, down: 1.0 }, End { share: above, up: 1.0, down: 0.0 })
    }

    /// Samples from one direction to another above it; on the side, neither share is 0.
    fn samples(&self, piece: usize, side: Side, from: End, to: End) -> Samples {
        let (below, above) = self.borders(piece);
        let h = above.above(below);
        let (start, end) = (side.of(from.share), side.of(to.share));
        let length = logarithm(start, end, h * from.to(to));
        let n = NODES.1 + NODES.0 * length.abs() * (self.splines.n() as f64).sqrt();
        let n = n.ceil() as usize * (1 << self.doubling);
        let sample = |node: &Node| {
            let up = from.up + (start * (node.at * length).exp_m1()).abs() / h;
            let down = to.down + (end * (-node.rest * length).exp_m1()).abs() / h;
            let size = start * (node.at * length).exp();
            let share = Share {
                first: if side == Side::First {
                    size
                } else {
                    below.first * down + above.first * up
                },
                second: if side == Side::Second {
                    size
                } else {
                    below.second * down + above.second * up
                },
            };
            let mut profile = profile(self.splines, piece, (up, down));
            (1_u32..).zip(&mut profile).for_each(|(n, value)| *value *= f64::from(n));
            Sample { share, weight: node.weight * size * length.abs() / h, profile }
        };
        [n, 2 * n].map(|n| rule(n).iter().map(sample).collect())
    }

    fn value(&self, quantity: Quantity, point: &Point) -> Found {
        let directions = self.splines.directions;
        let (n, mean) = (self.splines.n(), directions.rate * point.time());
        let mut sum =
            Sum { quantity, point, rate: directions.rate, sums: [0.0; 2], scratch: vec![] };
        for (piece, samples) in &self.whole {
            let (below, above) = self.borders(*piece);
            let (up, down) = (point.share.above(below), above.above(point.share));
            let (from, to) = self.ends(*piece);
            if up > 0.0 && down > 0.0 {
                // The corner lies in this piece, and the time has a kink there.
                let corner =
                    End { share: point.share, up: up / (up + down), down: down / (up + down) };
                self.add(&mut sum, *piece, Side::at(quantity, true), from, corner);
                self.add(&mut sum, *piece, Side::at(quantity, false), corner, to);
                continue;
            }
            let side = Side::at(quantity, down <= 0.0);
            match &samples[usize::from(side == Side::Second)] {
                Some(samples) => sum.add(samples),
                None => self.add(&mut sum, *piece, side, from, to),
            }
        }
        for (share, ray) in directions.shares.iter().enumerate().filter(|r| directions.rays[r.0]) {
            let mut weights = Vec::new();
            poisson(quantity, directions.rate * leaves(quantity, point, *ray), n + 1, &mut weights);
            let rays = self.splines.rays.iter();
            let mass: f64 = rays.zip(&weights).map(|(rays, weight)| rays[share] * weight).sum();
            sum.sums.iter_mut().for_each(|each| *each += mass);
        }
        let [coarse, fine] = sum.sums;
        let beyond = if quantity == Quantity::Absorbed { weights::beyond(mean, n) } else { 1.0 };
        let off = if fine > 0.0 { ((fine - coarse) / fine).abs() } else { 0.0 };
        // Twice the nodes double the digits.
        let rule = if off < 0.1 { 10.0 * off * off } else { 1.0 };
        let error = rule + rounding(self.splines, mean, fine);
        Found { value: fine, missing: self.splines.survival[n] * beyond, error }
    }

    /// Adds a stretch of a piece that serves one point, without the part next to an axis that has no weight.
    fn add(&self, sum: &mut Sum, piece: usize, side: Side, mut from: End, mut to: End) {
        const DIGITS: f64 = 45.0;
        let n = self.splines.n() as f64;
        let own = match side {
            Side::First => sum.point.first,
            Side::Second => sum.point.second,
        };
        let ends = (side.of(from.share), side.of(to.share));
        let (least, most) = (ends.0.min(ends.1), ends.0.max(ends.1));
        let (mut small, mut large) = (least, most);
        if sum.quantity == Quantity::Absorbed {
            if own == 0.0 {
                return;
            }
            // Once the mean number of jumps is below 1, it bounds the integrand over the logarithm.
            let mean = sum.rate * own / small;
            large = large.min(small * (mean.ln_1p() + DIGITS).exp());
        } else {
            // P(N ≤ n) is nothing, beside that at the corner, where the mean is so large.
            let most = 2.0 * sum.rate * sum.point.time() + 6.0 * n + 200.0;
            small = small.max(sum.rate * own / most).max(f64::MIN_POSITIVE);
        }
        if small >= large {
            return;
        }
        let rises = side == Side::Second;
        let borders = self.borders(piece);
        if small > least {
            *(if rises { &mut from } else { &mut to }) = End::cut(borders, side, small);
        }
        if large < most {
            *(if rises { &mut to } else { &mut from }) = End::cut(borders, side, large);
        }
        sum.add(&self.samples(piece, side, from, to));
    }
}

/// The integral for one point by either rule.
struct Sum<'p> {
    quantity: Quantity,
    point: &'p Point,
    rate: f64,
    sums: [f64; 2],
    scratch: Vec<f64>,
}

impl Sum<'_> {
    fn add(&mut self, samples: &Samples) {
        for (sum, samples) in self.sums.iter_mut().zip(samples) {
            for sample in samples {
                let mean = self.rate * leaves(self.quantity, self.point, sample.share);
                poisson(self.quantity, mean, sample.profile.len() + 1, &mut self.scratch);
                *sum += sample.weight * dot(&sample.profile, &self.scratch[1..]);
            }
        }
    }
}

/// `ln(end / start)`, where `distance` is that of the two.
fn logarithm(start: f64, end: f64, distance: f64) -> f64 {
    if distance > 0.5 * start {
        return (end / start).ln();
    }
    (if end > start { distance / start } else { -distance / start }).ln_1p()
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

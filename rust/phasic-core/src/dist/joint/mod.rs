//! The joint law of two accumulated rewards, by uniformization in both at once.
//!
//! In the time `u = Y₁/m₁ + Y₂/m₂` the chain is a chain again, and the share `x = Y₂/(m₂ u)` of the second reward is a
//! mean of the shares of the states it visits. Given the number of jumps, u is a gamma variable and x has a density in
//! piecewise polynomials ([`splines`]): all terms of all sums are positive. What is left out is bounded.
//!
//! Densities are sums; probabilities of rectangles integrate over x ([`rectangles`]), where each jump has the
//! Poisson probability of coming before, or after, the time at which direction x leaves the rectangle.

mod density;
mod directions;
mod gauss;
mod rectangles;
mod splines;
mod weights;

use super::sequence::Quantity;
use crate::solve::not_negative;
use crate::{Error, Interrupt, Moments, Trace};
use directions::{Directions, Share};
use splines::Splines;

/// Multiply-adds of all jumps, and numbers kept, beyond which a law is refused.
const MOST_WORK: f64 = 1e11;
const MOST_KEPT: usize = 120_000_000;
/// Share of the tolerance that the first cut may take, from a guess at the value.
const CAUTION: f64 = 1e-2;

/// Added to every number of the recursion: what lies below 1e-280 is not told from 0.
const FLOOR: f64 = 1e-290;

/// Values with estimates of their relative errors.
#[derive(Clone, Debug, Default)]
pub struct JointValues {
    /// One for each point.
    pub values: Vec<f64>,
    /// Of the values, relative.
    pub errors: Vec<f64>,
}

/// The joint law of two accumulated rewards of a trace's chain at one θ.
#[derive(Debug)]
pub struct Joint {
    directions: Directions,
    means: [f64; 2],
    /// Probability that both stay zero.
    atom: f64,
}

/// A point in units of the means.
#[derive(Clone, Copy, Debug)]
struct Point {
    first: f64,
    second: f64,
    share: Share,
}

impl Point {
    fn new(first: f64, second: f64) -> Self {
        // At the origin in the direction of the means.
        let none = first + second == 0.0;
        let share = if none { Share::of(1.0, 1.0) } else { Share::of(first, second) };
        Self { first, second, share }
    }

    fn time(&self) -> f64 {
        self.first + self.second
    }
}

/// A value, what may be missing from it, and its relative error from other causes.
#[derive(Clone, Copy, Debug)]
struct Found {
    value: f64,
    missing: f64,
    error: f64,
}

impl Found {
    const NOTHING: Self = Self { value: 0.0, missing: 0.0, error: 0.0 };

    /// How much of the value may be missing.
    fn cut(&self) -> f64 {
        if self.missing < FLOOR { 0.0 } else { self.missing / self.value }
    }
}

impl Joint {
    /// `rewards`: `(n_vertices,)` each, ≥ 0, neither of them surely zero.
    ///
    /// Errors: those of [`Moments::new`]; [`Error::SurelyZero`].
    pub fn until(trace: &Trace, theta: &[f64], rewards: [&[f64]; 2]) -> Result<Self, Error> {
        rewards.into_iter().try_for_each(not_negative)?;
        let moments = Moments::new(trace, theta)?;
        let expected = moments.expectations(&rewards)?;
        let means = [expected[0], expected[1]];
        if means.contains(&0.0) {
            return Err(Error::SurelyZero);
        }
        let weights = trace.graph().weights(theta)?;
        let either: Vec<f64> = rewards[0].iter().zip(rewards[1]).map(|(a, b)| a + b).collect();
        let atom = moments.atoms(&[&either])?[0];
        Ok(Self { directions: Directions::new(trace, &weights, rewards, means), means, atom })
    }

    /// The density, the probability of at most, or that of more than each point `(y₁, y₂)`, ≥ 0 and finite, in any
    /// order: with a relative error of `tolerance` or, told with each value, a larger one.
    ///
    /// The density is that of the part that has one, the atom at the origin and the masses on rays left out; where it
    /// jumps, on the side of the larger second reward. Cost: the square of the jumps, q times the largest u,
    /// times the pieces of all states and their edges. Errors: [`Error::TooManySteps`].
    pub fn values(
        &self,
        quantity: Quantity,
        points: &[(f64, f64)],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<JointValues, Error> {
        let scaled = |&(first, second): &(f64, f64)| {
            Point::new(first / self.means[0], second / self.means[1])
        };
        let points: Vec<Point> = points.iter().map(scaled).collect();
        let mut splines = Splines::new(&self.directions, true);
        let mut found = vec![Found::NOTHING; points.len()];
        let density = quantity == Quantity::Density;
        let some = |point: &Point| match quantity {
            Quantity::Density => density::piece(&self.directions, point).is_some(),
            _ => rectangles::is_positive(&self.directions, quantity, point),
        };
        let mut pending: Vec<usize> = (0..points.len()).filter(|&i| some(&points[i])).collect();
        let mut target = 0;
        while !pending.is_empty() {
            let left: Vec<Point> = pending.iter().map(|&i| points[i]).collect();
            self.check(quantity, &splines, &left)?;
            let mut work = 0.0;
            while splines.n() < target
                || left.iter().any(|point| !self.is_ready(quantity, &splines, point, tolerance))
            {
                let (next, kept) = splines.cost();
                work += next as f64;
                if work > MOST_WORK || kept > MOST_KEPT {
                    return Err(self.refused(&left, splines.n()));
                }
                splines.jump();
                interrupt.after(next)?;
            }
            let some = if density {
                density::values(&splines, &left, interrupt)?
            } else {
                rectangles::values(&splines, quantity, &left, tolerance, interrupt)?
            };
            for (&i, value) in pending.iter().zip(some) {
                found[i] = value;
            }
            pending.retain(|&i| found[i].cut() > 0.1 * tolerance);
            target = splines.n() + splines.n() / 4 + 8;
        }
        let scale = if density { 1.0 / (self.means[0] * self.means[1]) } else { 1.0 };
        let atom = if quantity == Quantity::Absorbed { self.atom } else { 0.0 };
        let mut values = JointValues::default();
        for each in found {
            values.values.push(scale * each.value + atom);
            values.errors.push(each.cut() + each.error);
        }
        Ok(values)
    }

    /// Whether the jumps so far are guessed to be enough.
    fn is_ready(
        &self,
        quantity: Quantity,
        splines: &Splines,
        point: &Point,
        tolerance: f64,
    ) -> bool {
        let (mean, n) = (self.directions.rate * point.time(), splines.n());
        let alive = splines.survival[n];
        let then = || splines.survival[(mean as usize).min(n)];
        let missing = match quantity {
            Quantity::Density => alive * weights::beyond(mean, n) / then(),
            Quantity::Absorbed => alive * weights::beyond(mean, n),
            Quantity::Survival => alive / then(),
        };
        // Nothing may be alive: then all is known.
        alive < FLOOR || missing <= CAUTION * tolerance
    }

    /// Errors at once where the jumps up to the last point are too many; distribution functions may need fewer.
    fn check(&self, quantity: Quantity, splines: &Splines, points: &[Point]) -> Result<(), Error> {
        let unit = splines.cost().0 as f64 / (splines.n() + 1) as f64;
        let most = (2.0 * MOST_WORK / unit.max(1.0)).sqrt();
        let mean = points.iter().map(|p| self.directions.rate * p.time()).fold(0.0, f64::max);
        if quantity == Quantity::Absorbed || mean <= most {
            return Ok(());
        }
        Err(self.refused(points, most as usize))
    }

    fn refused(&self, points: &[Point], limit: usize) -> Error {
        let mean = points.iter().map(|p| self.directions.rate * p.time()).fold(0.0, f64::max);
        Error::TooManySteps {
            what: "the joint law of two rewards",
            steps: mean + 9.0 * mean.sqrt(),
            limit: limit as f64,
        }
    }
}

/// Relative error of a sum over so many jumps, from rounding and from [`FLOOR`]; of a sum that is 0, infinite.
fn rounding(splines: &Splines, mean: f64, sum: f64) -> f64 {
    let n = splines.n() as f64;
    f64::EPSILON * (100.0 + 4.0 * mean.min(n)) + n * n * FLOOR / sum
}

/// n times the density of a share given n jumps, times the width of its piece, for n from 1 on: `Σₖ` of the module
/// [`splines`] without its factor. `inside`: ξ and 1 − ξ.
fn profile(splines: &Splines, piece: usize, inside: (f64, f64)) -> Vec<f64> {
    let mut binomial = Vec::new();
    let each = splines.pieces.iter().enumerate().map(|(before, pieces)| {
        super::binomial::probabilities(before, inside.0, inside.1, &mut binomial);
        let c = &pieces[(piece - 1) * (before + 1)..][..=before];
        crate::solve::dot(c, &binomial)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GraphBuilder, VertexId, VertexKind};

    /// States 0 to n − 1 with their rates to others, absorbed at n; from state 0.
    fn trace(n: i32, edges: &[(usize, usize, f64)]) -> Trace {
        let mut graph = GraphBuilder::new(1);
        let mut vertex =
            |state: i32| graph.find_or_create(VertexKind::Ordinary, &[state]).expect("one entry").0;
        let vertices: Vec<VertexId> = (0..=n).map(&mut vertex).collect();
        graph.add_edge(VertexId::START, vertices[0], 1.0, &[]).expect("a probability");
        for &(from, to, rate) in edges {
            graph.add_edge(vertices[from], vertices[to], rate, &[]).expect("a rate");
        }
        Trace::record(&graph.freeze().expect("absorbed at n")).expect("a small chain")
    }

    /// Rewards per state as rewards per vertex.
    fn per_vertex(trace: &Trace, rewards: &[f64]) -> Vec<f64> {
        let reward = |vertex: usize| {
            let (kind, state) = trace.graph().vertex(vertex);
            let state = if kind == VertexKind::Ordinary { state[0] as usize } else { usize::MAX };
            rewards.get(state).copied().unwrap_or(0.0)
        };
        (0..trace.n_vertices()).map(reward).collect()
    }

    fn values(
        trace: &Trace,
        rewards: [&[f64]; 2],
        quantity: Quantity,
        point: (f64, f64),
    ) -> (f64, f64) {
        let rewards = rewards.map(|each| per_vertex(trace, each));
        let law = Joint::until(trace, &[], [&rewards[0], &rewards[1]]).expect("absorbed");
        let found = law.values(quantity, &[point], 1e-12, &Interrupt::never());
        let found = found.expect("a small chain");
        (found.values[0], found.errors[0])
    }

    fn check(found: (f64, f64), expected: f64) {
        let error = (found.0 / expected - 1.0).abs();
        assert!(error <= found.1 && found.1 < 1e-11, "{found:?} {expected} {error:e}");
    }

    /// Y₁ = 3 T₃ + T₂ and Y₂ = T₂: singletons and doubletons of a coalescent of three.
    #[test]
    fn a_state_with_both_rewards() {
        let trace = trace(2, &[(0, 1, 3.0), (1, 2, 1.0)]);
        let rewards: [&[f64]; 2] = [&[3.0, 1.0], &[0.0, 1.0]];
        for (x, y) in [(2.0, 0.5), (1.01, 1.0), (40.0, 0.25), (300.0, 299.0)] {
            check(values(&trace, rewards, Quantity::Density, (x, y)), (-x).exp());
            let absorbed = -(-y).exp_m1() - (-x).exp() * y;
            check(values(&trace, rewards, Quantity::Absorbed, (x, y)), absorbed);
            let survival = (-x).exp() * (1.0 + x - y);
            check(values(&trace, rewards, Quantity::Survival, (x, y)), survival);
        }
        assert_eq!(values(&trace, rewards, Quantity::Density, (1.0, 1.1)), (0.0, 0.0));
    }

    /// Corners next to the axes, where directions are many orders apart.
    #[test]
    fn independent_rewards_in_all_corners() {
        let trace = trace(2, &[(0, 1, 3.0), (1, 2, 5.0)]);
        let rewards: [&[f64]; 2] = [&[1.0, 0.0], &[0.0, 2.0]];
        for (x, y) in [(0.3, 0.4), (4.0, 1e-3), (1e-12, 20.0), (1e-5, 1e-9), (60.0, 60.0)] {
            let (first, second) = (-3.0 * x, -2.5 * y);
            check(values(&trace, rewards, Quantity::Density, (x, y)), 7.5 * (first + second).exp());
            let absorbed = first.exp_m1() * second.exp_m1();
            check(values(&trace, rewards, Quantity::Absorbed, (x, y)), absorbed);
            check(values(&trace, rewards, Quantity::Survival, (x, y)), (first + second).exp());
        }
    }

    #[test]
    fn long_work_can_be_stopped() {
        let trace = trace(2, &[(0, 1, 3e3), (1, 0, 5e3), (1, 2, 1.0)]);
        let rewards = [&[1.0, 0.0], &[0.0, 2.0]].map(|each| per_vertex(&trace, each));
        let law = Joint::until(&trace, &[], [&rewards[0], &rewards[1]]).expect("absorbed");
        let stop = || true;
        let found = law.values(Quantity::Density, &[(5.0, 5.0)], 1e-10, &Interrupt::when(&stop));
        assert_eq!(found.map(|found| found.values), Err(Error::Interrupted));
    }
}

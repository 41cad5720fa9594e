//! The joint density: a Poisson mixture of piecewise polynomials.

use rayon::prelude::*;

use super::directions::{Directions, Share};
use super::splines::Splines;
use super::{Found, Point, profile, rounding, weights};
use crate::solve::dot;
use crate::{Error, Interrupt};

/// The piece that a point lies in, where there is a density: from its lower share on, the last one with its upper.
pub(super) fn piece(directions: &Directions, point: &Point) -> Option<usize> {
    let shares = &directions.shares;
    let reached = |share: &Share| {
        let (x, y) = (point.share, *share);
        if x.second < 0.5 { y.second <= x.second } else { y.first >= x.first }
    };
    let below = shares.partition_point(reached);
    let last = below == shares.len() && shares.last() == Some(&point.share);
    let piece = if last { below - 1 } else { below };
    let inside = piece > 0 && piece < shares.len() && point.time().is_finite();
    (inside && directions.supports(piece)).then_some(piece)
}

/// `q²/h Σ Pois(n − 1; q u) Σₖ …` at points that lie in a piece.
pub(super) fn values(
    splines: &Splines,
    points: &[Point],
    interrupt: &Interrupt,
) -> Result<Vec<Found>, Error> {
    let n = splines.n();
    let mut found = Vec::with_capacity(points.len());
    for some in points.chunks(8 * rayon::current_num_threads()) {
        found.par_extend(some.par_iter().map(|point| value(splines, point)));
        interrupt.after(4 * n * n * some.len())?;
    }
    Ok(found)
}

fn value(splines: &Splines, point: &Point) -> Found {
    let directions = splines.directions;
    let Some(piece) = piece(directions, point) else { return Found::NOTHING };
    let (below, above) = (directions.shares[piece - 1], directions.shares[piece]);
    let (up, down) = (point.share.above(below), above.above(point.share).max(0.0));
    let h = up + down;
    let (n, mean) = (splines.n(), directions.rate * point.time());
    let mut poisson = Vec::new();
    weights::exactly(mean, n, &mut poisson);
    let sum = dot(&poisson, &profile(splines, piece, (up / h, down / h)));
    let factor = directions.rate.powi(2) / h;
    // No number c is larger than the probability that n jumps do not absorb.
    let missing = factor * splines.survival[n] * weights::beyond(mean, n);
    Found { value: factor * sum, missing, error: rounding(splines, mean, sum) }
}

//! The logarithm of one observation's probability, from sums of positive terms.

use super::chain::Chain;
use super::gap::gaps;
use super::mixture::Mixture;
use super::rows::Row;
use super::scaled::Scaled;
use super::sequence::{Quantity, Sequence};
use crate::Error;

/// A sum over the vector sequence, or the defect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sum {
    /// Density at a time.
    Density(f64, Mixture),
    /// Derivative of the density in time.
    Bend(f64, Mixture),
    /// Survival function at a time.
    Mass(f64, Mixture),
    /// Probability of absorption by a time, the defect apart.
    Absorbed(f64, Mixture),
    /// Probability of absorption between two times, from jumps first to last.
    Between { after: f64, until: f64, first: usize, last: usize },
    /// Probability of starting absorbed.
    Defect,
}

/// ln of a density or probability; its derivative is that of `Σ sign · sum`, over `size`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub ln: f64,
    pub size: Scaled,
    parts: [Option<(f64, Sum)>; 3],
}

impl Term {
    pub fn new<const N: usize>(ln: f64, size: Scaled, given: [(f64, Sum); N]) -> Self {
        let mut parts = [None; 3];
        for (slot, part) in parts.iter_mut().zip(given) {
            *slot = Some(part);
        }
        Self { ln, size, parts }
    }

    /// Signs and sums.
    pub fn parts(&self) -> impl Iterator<Item = &(f64, Sum)> {
        self.parts.iter().flatten()
    }

    /// One more than the last index that its derivative needs.
    pub fn length(&self) -> usize {
        let end = |&(_, sum): &(f64, Sum)| match sum {
            Sum::Density(_, mixture) | Sum::Mass(_, mixture) | Sum::Absorbed(_, mixture) => {
                mixture.last + 1
            }
            // At time 0 there are three, whatever the mixture.
            Sum::Bend(_, mixture) => mixture.last.max(2) + 1,
            Sum::Between { last, .. } => last + 1,
            Sum::Defect => 0,
        };
        self.parts().map(end).max().unwrap_or(0)
    }
}

/// Survival function and absorbed probability at each of some times, in ascending order.
#[derive(Debug)]
pub(super) struct Ends<'t> {
    times: &'t [f64],
    survival: Vec<Mixture>,
    absorbed: Vec<Mixture>,
}

impl<'t> Ends<'t> {
    pub fn new(
        chain: &Chain,
        sequence: &mut Sequence,
        times: &'t [f64],
        tolerance: f64,
    ) -> Result<Self, Error> {
        let mut all = |quantity| -> Result<Vec<Mixture>, Error> {
            let mut one = |&time: &f64| sequence.mixture(quantity, chain.rate * time, tolerance);
            times.iter().map(&mut one).collect()
        };
        Ok(Self { times, survival: all(Quantity::Survival)?, absorbed: all(Quantity::Absorbed)? })
    }

    fn at(&self, time: f64) -> (Mixture, Mixture) {
        let place = self.times.binary_search_by(|each| each.total_cmp(&time));
        let index = place.expect("the ends of all rows were collected");
        (self.survival[index], self.absorbed[index])
    }
}

/// ln of the density at the value of an exact row.
pub(super) fn density(
    chain: &Chain,
    sequence: &mut Sequence,
    time: f64,
    tolerance: f64,
) -> Result<Term, Error> {
    let mixture = sequence.mixture(Quantity::Density, chain.rate * time, tolerance)?;
    Ok(Term::new(mixture.sum.ln(), mixture.sum, [(1.0, Sum::Density(time, mixture))]))
}

/// ln P(lower < T ≤ upper).
///
/// From what lies outside where that is at most one half, since the logarithm is then about as
/// small; else from the difference of two numbers of which one is at most half of the other; and for times
/// so close that there are none, from the probabilities that a jump falls between them.
pub(super) fn event(
    chain: &Chain,
    sequence: &mut Sequence,
    ends: &Ends,
    row: &Row,
    defect: f64,
    tolerance: f64,
) -> Result<Term, Error> {
    let (after, until) = (row.lower, row.upper);
    let below = after.is_finite().then(|| ends.at(after));
    let above = until.is_finite().then(|| ends.at(until));
    let mut outside = Scaled::default();
    if let Some((_, absorbed)) = below {
        outside.add(absorbed.sum.mantissa, absorbed.sum.exponent);
        outside.add(defect, 0);
    }
    if let Some((survival, _)) = above {
        outside.add(survival.sum.mantissa, survival.sum.exponent);
    }
    let outside = outside.value();
    let mass = |time, (survival, _): (Mixture, Mixture)| Sum::Mass(time, survival);
    let absorbed = |time, (_, absorbed): (Mixture, Mixture)| Sum::Absorbed(time, absorbed);
    if outside <= 0.5 {
        let (ln, size) = ((-outside).ln_1p(), Scaled::new(1.0 - outside));
        return Ok(match (below, above) {
            (Some(a), Some(b)) => {
                let parts = [absorbed(after, a), Sum::Defect, mass(until, b)];
                Term::new(ln, size, parts.map(|sum| (-1.0, sum)))
            }
            (Some(a), None) => {
                Term::new(ln, size, [(-1.0, absorbed(after, a)), (-1.0, Sum::Defect)])
            }
            (None, Some(b)) => Term::new(ln, size, [(-1.0, mass(until, b))]),
            (None, None) => Term::new(ln, size, []),
        });
    }
    let (a, b) = match (below, above) {
        (Some(a), None) => return Ok(Term::new(a.0.sum.ln(), a.0.sum, [(1.0, mass(after, a))])),
        (None, b) => {
            let b = b.expect("an event without bounds has nothing outside");
            let mut size = b.1.sum;
            size.add(defect, 0);
            return Ok(Term::new(size.ln(), size, [(1.0, absorbed(until, b)), (1.0, Sum::Defect)]));
        }
        (Some(a), Some(b)) => (a, b),
    };
    if b.1.sum.mantissa == 0.0 {
        return Ok(Term::new(f64::NEG_INFINITY, b.1.sum, []));
    }
    if b.0.sum.over(a.0.sum) <= 0.5 {
        let size = a.0.sum.minus(b.0.sum);
        return Ok(Term::new(size.ln(), size, [(1.0, mass(after, a)), (-1.0, mass(until, b))]));
    }
    if a.1.sum.over(b.1.sum) <= 0.5 {
        let size = b.1.sum.minus(a.1.sum);
        let parts = [(1.0, absorbed(until, b)), (-1.0, absorbed(after, a))];
        return Ok(Term::new(size.ln(), size, parts));
    }
    let first = sequence.mixture(Quantity::Density, chain.rate * after, tolerance)?.first;
    let last = sequence.mixture(Quantity::Density, chain.rate * until, tolerance)?.last;
    let mut size = Scaled::default();
    for (k, gap) in (first..).zip(gaps(chain.rate, after, until, first, last)) {
        let product = gap.times(sequence.density(k) / chain.scale());
        size.add(product.mantissa, product.exponent + sequence.exponents[k]);
    }
    let size = size.normal();
    Ok(Term::new(size.ln(), size, [(1.0, Sum::Between { after, until, first, last })]))
}

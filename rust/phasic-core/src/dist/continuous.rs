//! Log-likelihood of absorption times and of events in time, and its gradient by the adjoint.

use super::chain::{Chain, ChainPattern};
use super::event::{Ends, Term, density, event};
use super::rows::Row;
use super::sequence::Sequence;
use super::stiff::{At, Stiff};
use super::sweep::{Coefficients, Sweep};
use crate::{Error, Interrupt, Trace, Weights};

/// A probability may be the difference of two numbers, the smaller of them half the larger.
const SHARE: f64 = 0.25;

/// Distinct observations.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) rows: Vec<Row>,
    pub(super) pattern: ChainPattern,
}

impl Times {
    pub fn new(trace: &Trace, rows: Vec<Row>) -> Self {
        Self { rows, pattern: ChainPattern::new(trace) }
    }

    pub fn value(
        &self,
        trace: &Trace,
        weights: &Weights,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<f64, Error> {
        let chain = Chain::new(trace, &self.pattern, &weights.rows);
        let (stiff, gentle) = self.split(&chain);
        let at = At { trace, chain: &chain, weights: &weights.rows, defect: weights.defect };
        let (value, rows) = match stiff.log_probability(at, tolerance, false, interrupt)? {
            Some((value, _)) => (value, gentle.as_slice()),
            None => (0.0, self.rows.as_slice()),
        };
        let mut sequence = Sequence::new(&chain, false, interrupt.clone());
        let terms = terms(rows, &chain, &mut sequence, weights.defect, tolerance)?;
        Ok(value + sum(rows, &terms))
    }

    /// The value and its derivative in every edge weight.
    pub fn value_and_derivatives(
        &self,
        trace: &Trace,
        weights: &Weights,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<(f64, Vec<f64>), Error> {
        let chain = Chain::new(trace, &self.pattern, &weights.rows);
        let (stiff, gentle) = self.split(&chain);
        let at = At { trace, chain: &chain, weights: &weights.rows, defect: weights.defect };
        let others =
            |rows: &[Row]| uniformized(rows, trace, &chain, weights.defect, tolerance, interrupt);
        let Some((value, mut edges)) = stiff.log_probability(at, tolerance, true, interrupt)?
        else {
            return others(&self.rows);
        };
        if gentle.is_empty() {
            return Ok((value, edges));
        }
        let (rest, shares) = others(&gentle)?;
        edges.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        Ok((value + rest, edges))
    }

    /// Rows of many jumps, and the others.
    pub(super) fn split(&self, chain: &Chain) -> (Stiff, Vec<Row>) {
        let (stiff, gentle) = self.rows.iter().partition(|row| Stiff::takes(row, chain.rate));
        (Stiff::new(stiff), gentle)
    }
}

/// A density is `Σ Pois(k; q t) v[k] s`, a survival function the same with 1 in place of s. With
/// `c[k]` and `d[k]` the derivatives of the value in `v[k] s` and `v[k] 1`, the sweep `y[k] =
/// c[k] s + d[k] 1 + P y[k + 1]` gives `dL/dP = Σ v[k] y[k + 1]ᵀ`, `dL/ds = Σ c[k] v[k]` and `dL/dα =
/// y[0]`. The rate q is a choice of method, not of the model: its derivative is zero.
fn uniformized(
    rows: &[Row],
    trace: &Trace,
    chain: &Chain,
    defect: f64,
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<(f64, Vec<f64>), Error> {
    let mut sequence = Sequence::new(chain, true, interrupt.clone());
    let terms = terms(rows, chain, &mut sequence, defect, tolerance)?;
    let value = sum(rows, &terms);
    if !value.is_finite() {
        return Ok((value, vec![f64::NAN; trace.graph().n_edges()]));
    }
    let length = terms.iter().map(Term::length).max().unwrap_or(0);
    let mut coefficients = Coefficients::new(length);
    for (row, term) in rows.iter().zip(&terms) {
        for (sign, sum) in term.parts() {
            coefficients.add(chain, &sequence, row.weight * sign, term.size, sum);
        }
    }
    let coefficients = coefficients.finish(chain, &sequence);
    let sweep = Sweep::back(chain, &sequence, &coefficients, interrupt)?;
    Ok((value, sweep.edge_derivatives(trace, chain)))
}

/// Distinct finite bounds of events, in ascending order.
fn bounds(rows: &[Row]) -> Vec<f64> {
    let events = rows.iter().filter(|row| !row.is_exact());
    let mut bounds: Vec<f64> = events.flat_map(|row| [row.lower, row.upper]).collect();
    bounds.retain(|bound| bound.is_finite());
    bounds.sort_unstable_by(f64::total_cmp);
    bounds.dedup();
    bounds
}

pub(super) fn sum(rows: &[Row], terms: &[Term]) -> f64 {
    let each = rows.iter().zip(terms).map(|(row, term)| row.weight * term.ln);
    // An empty sum of doubles is −0 in Rust.
    each.fold(0.0, |sum, term| sum + term)
}

pub(super) fn terms(
    rows: &[Row],
    chain: &Chain,
    sequence: &mut Sequence,
    defect: f64,
    tolerance: f64,
) -> Result<Vec<Term>, Error> {
    let bounds = bounds(rows);
    let ends = Ends::new(chain, sequence, &bounds, SHARE * tolerance)?;
    let mut term = |row: &Row| {
        if row.is_exact() {
            density(chain, sequence, row.lower, tolerance)
        } else {
            event(chain, sequence, &ends, row, defect, SHARE * tolerance)
        }
    };
    rows.iter().map(&mut term).collect()
}

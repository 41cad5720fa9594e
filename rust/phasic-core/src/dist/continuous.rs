//! Log-likelihood of absorption times and of events in time, and its gradient by the adjoint.

use super::chain::{Chain, ChainPattern};
use super::compact::{Compact, Levels};
use super::event::{Ends, Term, density, event};
use super::rows::Row;
use super::sequence::Sequence;
use super::stiff::{At, Stiff};
use super::sweep::{Coefficients, Sweep};
use crate::{Error, Interrupt, Trace, Weights};

/// A probability may be the difference of two numbers, the smaller of them half the larger.
const SHARE: f64 = 0.25;
/// What doubles give: of coefficients of logarithms, and of the densities they come from.
const RESOLUTION: f64 = 1e-13;
const LEAST: f64 = 1e-14;

/// Distinct observations.
#[derive(Debug)]
pub(super) struct Times {
    rows: Vec<Row>,
    /// Fewer rows that may stand for them.
    levels: Levels,
    pattern: ChainPattern,
}

/// What is asked for: observations to a tolerance.
#[derive(Clone, Copy)]
pub(super) struct Asked<'r> {
    pub rows: &'r [Row],
    pub tolerance: f64,
}

impl Times {
    pub fn new(trace: &Trace, rows: Vec<Row>) -> Self {
        Self { levels: Levels::default(), rows, pattern: ChainPattern::new(trace) }
    }

    pub fn value(
        &self,
        trace: &Trace,
        weights: &Weights,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<f64, Error> {
        self.resolved(trace, weights, (0, tolerance), |at, asked, logs| {
            let (stiff, gentle) = split(asked.rows, at.chain);
            let found = stiff.log_probability(at, asked.tolerance, false, interrupt)?;
            let (value, rows, late) = match found {
                Some(found) => (found.value, gentle.as_slice(), found.logs),
                None => (0.0, asked.rows, Vec::new()),
            };
            let mut sequence = Sequence::new(at.chain, false, interrupt.clone());
            let terms = terms(rows, at.chain, &mut sequence, at.defect, asked.tolerance)?;
            logs.extend(exact_logs(rows, &terms).chain(late));
            Ok(value + sum(rows, &terms))
        })
    }

    /// The value and its derivative in every edge weight.
    pub fn value_and_derivatives(
        &self,
        trace: &Trace,
        weights: &Weights,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<(f64, Vec<f64>), Error> {
        self.resolved(trace, weights, (1, tolerance), |at, asked, logs| {
            let (stiff, gentle) = split(asked.rows, at.chain);
            let Some(found) = stiff.log_probability(at, asked.tolerance, true, interrupt)? else {
                return uniformized(asked, at, logs, interrupt);
            };
            let (mut value, mut edges) = (found.value, found.edges);
            if !gentle.is_empty() {
                let asked = Asked { rows: &gentle, ..asked };
                let (rest, shares) = uniformized(asked, at, logs, interrupt)?;
                value += rest;
                edges.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
            }
            logs.extend(found.logs);
            Ok((value, edges))
        })
    }

    /// What is computed from the fewest rows that resolve the data when differentiated so many times.
    ///
    /// `compute` hands back the logarithms of the densities at the exact times, in their order.
    pub(super) fn resolved<T>(
        &self,
        trace: &Trace,
        weights: &Weights,
        (derivatives, tolerance): (i32, f64),
        compute: impl Fn(At<'_>, Asked<'_>, &mut Vec<f64>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Coefficients of derivatives fall as fast, but start higher.
        let resolution = (0.1_f64.powi(1 + derivatives) * tolerance).max(RESOLUTION);
        let finer = (0.1 * resolution).max(LEAST).min(tolerance);
        let chain = Chain::new(trace, &self.pattern, &weights.rows);
        let at = At { trace, chain: &chain, weights: &weights.rows, defect: weights.defect };
        let fine = |compact: &&Compact| compact.is_fine(chain.n(), chain.rate);
        for compact in self.levels.of(&self.rows).filter(fine) {
            let mut logs = Vec::new();
            let asked = Asked { rows: &compact.rows, tolerance: finer };
            let found = compute(at, asked, &mut logs)?;
            if compact.is_resolved(&logs, resolution) {
                return Ok(found);
            }
        }
        compute(at, Asked { rows: &self.rows, tolerance }, &mut Vec::new())
    }
}

/// Rows of many jumps, and the others.
pub(super) fn split(rows: &[Row], chain: &Chain) -> (Stiff, Vec<Row>) {
    let (stiff, gentle) = rows.iter().partition(|row| Stiff::takes(row, chain.rate));
    (Stiff::new(stiff), gentle)
}

/// The logarithms of the densities of exact rows.
pub(super) fn exact_logs(rows: &[Row], terms: &[Term]) -> impl Iterator<Item = f64> {
    rows.iter().zip(terms).filter(|(row, _)| row.is_exact()).map(|(_, term)| term.ln)
}

/// A density is `Σ Pois(k; q t) v[k] s`, a survival function the same with 1 in place of s. With
/// `c[k]` and `d[k]` the derivatives of the value in `v[k] s` and `v[k] 1`, the sweep `y[k] =
/// c[k] s + d[k] 1 + P y[k + 1]` gives `dL/dP = Σ v[k] y[k + 1]ᵀ`, `dL/ds = Σ c[k] v[k]` and `dL/dα =
/// y[0]`. The rate q is a choice of method, not of the model: its derivative is zero.
fn uniformized(
    asked: Asked<'_>,
    At { trace, chain, defect, .. }: At<'_>,
    logs: &mut Vec<f64>,
    interrupt: &Interrupt,
) -> Result<(f64, Vec<f64>), Error> {
    let rows = asked.rows;
    let mut sequence = Sequence::new(chain, true, interrupt.clone());
    let terms = terms(rows, chain, &mut sequence, defect, asked.tolerance)?;
    logs.extend(exact_logs(rows, &terms));
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
    let last = rows.iter().filter(|row| row.is_exact()).map(|row| row.lower);
    sequence.reserve(chain.rate * last.chain(bounds.last().copied()).fold(0.0, f64::max));
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

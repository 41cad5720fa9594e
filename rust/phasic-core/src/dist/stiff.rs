//! Log-likelihoods on contours: times that are dear to uniformize.

use std::f64::consts::FRAC_PI_2;

use super::chain::Chain;
use super::contour::{Curve, Output, Spectrum, finer, node_cost, spectrum};
use super::rows::Row;
use crate::eliminate::ABSORBED;
use crate::{Error, Interrupt, Trace};

/// Jumps on average below which a time is never worth a contour.
pub(super) const FEW_JUMPS: f64 = 200.0;
/// The least angle that the spectrum must leave to a contour.
const ROOM: f64 = 0.15;
/// Nodes that serve a window of times, and windows for each decade of times.
const NODES: f64 = 40.0;
const WINDOWS: f64 = 1.5;
/// Cost of a term of the sum for a time: of a Poisson probability, and of a node.
const PROBABILITY: f64 = 2.0;
const EXPONENTIAL: f64 = 25.0;

/// Whether a contour for `times`, sorted and positive, is predicted to cost less than the jumps up
/// to the last of them.
pub(super) fn is_worth_a_contour(trace: &Trace, chain: &Chain, times: &[f64]) -> bool {
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return false };
    let (mean, m) = (chain.rate * last, times.len() as f64);
    let jumps = mean * (chain.n() + chain.jumps.len()) as f64;
    let windows = 1.0 + WINDOWS * (last / first).log10();
    let uniformized = jumps + m * PROBABILITY * 18.0 * mean.sqrt();
    uniformized > windows * NODES * node_cost(trace) + m * NODES * EXPONENTIAL
}

/// Whether the spectrum leaves room for a contour.
pub(super) fn leaves_room(spectrum: &Spectrum) -> bool {
    spectrum.half_angle <= FRAC_PI_2 - ROOM
}

/// Observations for contours: exact times, and events of which a bound lies beyond many jumps.
#[derive(Debug)]
pub(super) struct Stiff {
    rows: Vec<Row>,
}

/// A chain at one θ.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub trace: &'a Trace,
    pub chain: &'a Chain<'a>,
    /// Per row of weights.
    pub weights: &'a [f64],
    /// Probability of starting absorbed.
    pub defect: f64,
}

impl Stiff {
    /// Whether a row takes many jumps.
    pub fn takes(row: &Row, rate: f64) -> bool {
        last_bound(row) * rate > FEW_JUMPS
    }

    pub fn new(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    /// `Σ weight · ln(density or probability)`, and its derivative in every edge weight if that is
    /// `wanted`. None where contours cost more, may not be used, or miss the tolerance.
    pub fn log_probability(
        &self,
        at: At<'_>,
        tolerance: f64,
        wanted: bool,
        interrupt: &Interrupt,
    ) -> Result<Option<(f64, Vec<f64>)>, Error> {
        let mut times: Vec<f64> = self.rows.iter().map(last_bound).collect();
        times.sort_unstable_by(f64::total_cmp);
        if !is_worth_a_contour(at.trace, at.chain, &times) {
            return Ok(None);
        }
        let rewards = vec![1.0; at.chain.n()];
        let spectrum = spectrum(at.trace, at.weights, &rewards);
        if !leaves_room(&spectrum) {
            return Ok(None);
        }
        let curve = |output, points: Vec<(f64, f64)>, tolerance| {
            let law = (at.trace, at.weights, rewards.as_slice());
            let points: (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
            let fine = if wanted { finer(tolerance) } else { tolerance };
            let first = Curve::new(law, output, &spectrum, points.clone(), fine, interrupt)?;
            if first.is_some() || fine == tolerance {
                return Ok(first);
            }
            Curve::new(law, output, &spectrum, points, tolerance, interrupt)
        };
        let (exact, events): (Vec<Row>, Vec<Row>) = self.rows.iter().partition(|r| r.is_exact());
        let bounds = events.iter().flat_map(|row| [row.lower, row.upper]);
        let mut bounds: Vec<f64> = bounds.filter(|&end| end > 0.0 && end.is_finite()).collect();
        bounds.sort_unstable_by(f64::total_cmp);
        bounds.dedup();
        // An event may be the difference of two numbers, the smaller of them half the larger.
        let share = 0.25 * tolerance;
        let ends = || bounds.iter().map(|&end| (end, 0.0)).collect();
        let Some(survival) = curve(Output::Survival, ends(), share)? else { return Ok(None) };
        let Some(absorbed) = curve(Output::Absorbed, ends(), share)? else { return Ok(None) };
        let found = Found {
            bounds: &bounds,
            survival: survival.logs(),
            absorbed: absorbed.logs(),
            defect: at.defect,
        };
        let terms: Vec<(f64, Event)> =
            events.iter().map(|row| (row.weight, found.event(row))).collect();

        // Densities: exact rows, and events too short for a difference.
        let mut points: Vec<(f64, f64, f64)> =
            exact.iter().map(|row| (row.lower, 0.0, row.weight)).collect();
        for (row, (weight, event)) in events.iter().zip(&terms) {
            if matches!(event, Event::Between) {
                let width = row.upper - row.lower;
                points.push((row.lower + 0.5 * width, width, *weight));
            }
        }
        points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let places = points.iter().map(|&(time, width, _)| (time, width)).collect();
        let Some(density) = curve(Output::Density, places, tolerance)? else { return Ok(None) };
        let each = points.iter().zip(density.logs()).map(|(point, log)| point.2 * log);
        let mut value = each.fold(0.0, |sum, term| sum + term);
        let mut seeds = Seeds::new(bounds.len());
        for (weight, event) in &terms {
            if let Event::Sum { ln, parts } = event {
                value += weight * ln;
                for &(share, part) in parts {
                    seeds.add(weight * share, part);
                }
            }
        }
        let mut edges = vec![0.0; if wanted { at.trace.graph().n_edges() } else { 0 }];
        if wanted {
            let seconds: Vec<f64> = points.iter().map(|point| point.2).collect();
            density.add_derivatives(&seconds, &mut edges, interrupt)?;
            survival.add_derivatives(&seeds.survival, &mut edges, interrupt)?;
            absorbed.add_derivatives(&seeds.absorbed, &mut edges, interrupt)?;
            for &(edge, _) in at.trace.layout().start.iter().filter(|&&(_, to)| to != ABSORBED) {
                edges[edge as usize] -= seeds.defect;
            }
        }
        Ok(Some((value, edges)))
    }
}

/// The larger finite bound of a row, or 0.
fn last_bound(row: &Row) -> f64 {
    let bounds = [row.lower, row.upper].into_iter().filter(|bound| bound.is_finite());
    bounds.fold(0.0, f64::max)
}

/// A number whose logarithm was found, by its index among the bounds.
#[derive(Clone, Copy, Debug)]
enum Part {
    Survival(usize),
    Absorbed(usize),
    Defect,
}

/// The probability of an event.
#[derive(Debug)]
enum Event {
    /// Its logarithm, and the derivative of that in the logarithm of each part (in the defect itself).
    Sum { ln: f64, parts: Vec<(f64, Part)> },
    /// The integral of the density.
    Between,
}

/// Derivatives in the logarithms of all parts.
struct Seeds {
    survival: Vec<f64>,
    absorbed: Vec<f64>,
    defect: f64,
}

impl Seeds {
    fn new(n: usize) -> Self {
        Self { survival: vec![0.0; n], absorbed: vec![0.0; n], defect: 0.0 }
    }

    fn add(&mut self, seed: f64, part: Part) {
        match part {
            Part::Survival(index) => self.survival[index] += seed,
            Part::Absorbed(index) => self.absorbed[index] += seed,
            Part::Defect => self.defect += seed,
        }
    }
}

/// Logarithms at the positive bounds of events.
struct Found<'f> {
    bounds: &'f [f64],
    survival: &'f [f64],
    absorbed: &'f [f64],
    defect: f64,
}

impl Found<'_> {
    fn index(&self, bound: f64) -> Option<usize> {
        self.bounds.binary_search_by(|each| each.total_cmp(&bound)).ok()
    }

    fn ln(&self, part: Part) -> f64 {
        match part {
            Part::Survival(index) => self.survival[index],
            Part::Absorbed(index) => self.absorbed[index],
            Part::Defect => self.defect.ln(),
        }
    }

    /// The sum of some parts with signs, its logarithm `ln`.
    fn sum<const N: usize>(&self, ln: f64, parts: [Option<(f64, Part)>; N]) -> Event {
        let share = |(sign, part): (f64, Part)| {
            let size = if matches!(part, Part::Defect) { 0.0 } else { self.ln(part) };
            (sign * (size - ln).exp(), part)
        };
        Event::Sum { ln, parts: parts.into_iter().flatten().map(share).collect() }
    }

    /// ln P(lower < T ≤ upper), as [`super::event::event`] has it: from what lies outside where that is
    /// small, else from one tail, or a difference of two numbers that are not close.
    fn event(&self, row: &Row) -> Event {
        // A lower bound of 0 leaves out the atom alone; one of −∞ nothing.
        let (low, high) = (self.index(row.lower), self.index(row.upper));
        let with_atom = row.lower == f64::NEG_INFINITY;
        let below = low.map(|i| (-1.0, Part::Absorbed(i)));
        let above = high.map(|i| (-1.0, Part::Survival(i)));
        let atom = (!with_atom && self.defect > 0.0).then_some((-1.0, Part::Defect));
        let outside: f64 =
            [below, above, atom].into_iter().flatten().map(|(_, part)| self.ln(part).exp()).sum();
        if outside <= 0.5 {
            return self.sum((-outside).ln_1p(), [below, above, atom]);
        }
        let minus = |larger: Part, smaller: Part| {
            let (larger_ln, smaller_ln) = (self.ln(larger), self.ln(smaller));
            let ln = larger_ln + (-(smaller_ln - larger_ln).exp()).ln_1p();
            let close = smaller_ln - larger_ln > 0.5_f64.ln();
            (!close).then(|| self.sum(ln, [Some((1.0, larger)), Some((-1.0, smaller))]))
        };
        match (low, high) {
            (Some(i), None) => {
                let part = Part::Survival(i);
                self.sum(self.ln(part), [Some((1.0, part))])
            }
            (Some(i), Some(j)) => minus(Part::Survival(i), Part::Survival(j))
                .or_else(|| minus(Part::Absorbed(j), Part::Absorbed(i)))
                .unwrap_or(Event::Between),
            (None, Some(j)) => {
                let part = Part::Absorbed(j);
                let mut ln = self.ln(part);
                if with_atom && self.defect > 0.0 {
                    ln = (ln.exp() + self.defect).ln();
                    return self.sum(ln, [Some((1.0, part)), Some((1.0, Part::Defect))]);
                }
                self.sum(ln, [Some((1.0, part))])
            }
            // No bound to differ from: all that is outside is the atom.
            (None, None) => self.sum((-self.defect).ln_1p(), [atom]),
        }
    }
}

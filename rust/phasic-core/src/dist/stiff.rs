//! Log-likelihoods on contours: times that are dear to uniformize.

use super::chain::Chain;
use super::contour::{Curve, Output, node_cost, spectrum};
use super::curvature::Curvature;
use super::parts::{Event, Found, Part, Seeds};
use super::rows::Row;
use crate::eliminate::ABSORBED;
use crate::{Error, Interrupt, Trace};

/// Jumps on average below which a time is never worth a contour.
pub(crate) const FEW_JUMPS: f64 = 200.0;
/// Nodes that serve a window of times, and windows for each decade of times.
const NODES: f64 = 40.0;
const WINDOWS: f64 = 1.5;
/// Cost of a term of the sum for a time: of a Poisson probability, and of a node.
const PROBABILITY: f64 = 2.0;
const EXPONENTIAL: f64 = 25.0;

/// Whether a contour for `times`, sorted and positive, is predicted to cost less than the jumps up
/// to the last of them.
pub(crate) fn is_worth_a_contour(trace: &Trace, chain: &Chain, times: &[f64]) -> bool {
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return false };
    let (mean, m) = (chain.rate * last, times.len() as f64);
    let jumps = mean * (chain.n() + chain.jumps.len()) as f64;
    let windows = 1.0 + WINDOWS * (last / first).log10();
    let uniformized = jumps + m * PROBABILITY * 18.0 * mean.sqrt();
    uniformized > windows * NODES * node_cost(trace) + m * NODES * EXPONENTIAL
}

/// Observations for contours: exact times, and events of which a bound lies beyond many jumps.
#[derive(Debug)]
pub(super) struct Stiff {
    rows: Vec<Row>,
}

/// `Σ weight · ln(density or probability)`.
pub(super) struct Probability {
    pub value: f64,
    /// Its derivative in every edge weight, if that is wanted.
    pub edges: Vec<f64>,
    /// Logarithms of the densities at exact times, in ascending order of these.
    pub logs: Vec<f64>,
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
    ) -> Result<Option<Probability>, Error> {
        self.on_contours(at, i32::from(wanted), tolerance, interrupt, |curves| {
            let value = curves.value();
            let n_edges = if wanted { at.trace.graph().n_edges() } else { 0 };
            let mut edges = vec![0.0; n_edges];
            if wanted {
                curves.add_derivatives(at, &mut edges, interrupt)?;
            }
            Ok(Probability { value, edges, logs: curves.exact_logs() })
        })
    }

    /// As [`Self::log_probability`], with first and second derivatives in θ, and the logarithms.
    pub fn curvature(
        &self,
        at: At<'_>,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<(Curvature, Vec<f64>)>, Error> {
        self.on_contours(at, 2, tolerance, interrupt, |curves| {
            Ok((curves.curvature(at, interrupt)?, curves.exact_logs()))
        })
    }

    /// What is computed from curves that will be differentiated so many times.
    fn on_contours<T>(
        &self,
        at: At<'_>,
        derivatives: i32,
        tolerance: f64,
        interrupt: &Interrupt,
        compute: impl FnOnce(&Curves<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let mut times: Vec<f64> = self.rows.iter().map(last_bound).collect();
        times.sort_unstable_by(f64::total_cmp);
        if !is_worth_a_contour(at.trace, at.chain, &times) {
            return Ok(None);
        }
        let rewards = vec![1.0; at.chain.n()];
        let spectrum = spectrum(at.trace, at.weights, &rewards);
        if !spectrum.leaves_room() {
            return Ok(None);
        }
        let curve = |output, points: Vec<(f64, f64)>, tolerance| {
            let law = (at.trace, at.weights, rewards.as_slice());
            let points = points.into_iter().unzip();
            Curve::smooth(law, (output, derivatives), &spectrum, &points, tolerance, interrupt)
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
        let events: Vec<(Row, Event)> =
            events.into_iter().map(|row| (row, found.event(&row))).collect();
        // Densities: exact rows, and events too short for a difference.
        let mut points: Vec<(f64, f64, f64)> =
            exact.iter().map(|row| (row.lower, 0.0, row.weight)).collect();
        for (row, _) in events.iter().filter(|(_, event)| matches!(event, Event::Between)) {
            let width = row.upper - row.lower;
            points.push((row.lower + 0.5 * width, width, row.weight));
        }
        points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let places = points.iter().map(|&(time, width, _)| (time, width)).collect();
        let Some(density) = curve(Output::Density, places, tolerance)? else { return Ok(None) };
        let weights = points.iter().map(|point| point.2).collect();
        let exact = points.iter().map(|point| point.1 == 0.0).collect();
        compute(&Curves { density, weights, exact, survival, absorbed, events }).map(Some)
    }
}

/// First and second derivatives in θ, over the value.
type Bend = (Vec<f64>, Vec<f64>);

/// All that the observations are made of.
struct Curves<'a> {
    /// At exact times and in short intervals, each with its weight.
    density: Curve<'a>,
    weights: Vec<f64>,
    exact: Vec<bool>,
    /// At the bounds of events.
    survival: Curve<'a>,
    absorbed: Curve<'a>,
    events: Vec<(Row, Event)>,
}

impl Curves<'_> {
    fn value(&self) -> f64 {
        let each = self.weights.iter().zip(self.density.logs()).map(|(weight, log)| weight * log);
        let densities = each.fold(0.0, |sum, term| sum + term);
        self.sums().fold(densities, |sum, (weight, ln, _)| sum + weight * ln)
    }

    /// Logarithms of the densities at exact times, in ascending order of these.
    fn exact_logs(&self) -> Vec<f64> {
        let each = self.density.logs().iter().zip(&self.exact);
        each.filter(|&(_, &exact)| exact).map(|(&log, _)| log).collect()
    }

    /// Weight, logarithm and parts of the events that are sums.
    fn sums(&self) -> impl Iterator<Item = (f64, f64, &[(f64, Part)])> {
        self.events.iter().filter_map(|(row, event)| match event {
            Event::Sum { ln, parts } => Some((row.weight, *ln, parts.as_slice())),
            Event::Between => None,
        })
    }

    fn add_derivatives(
        &self,
        at: At<'_>,
        edges: &mut [f64],
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let mut seeds = Seeds::new(self.survival.logs().len());
        for (weight, _, parts) in self.sums() {
            parts.iter().for_each(|&(share, part)| seeds.add(weight * share, part));
        }
        self.density.add_derivatives(&self.weights, edges, interrupt)?;
        self.survival.add_derivatives(&seeds.survival, edges, interrupt)?;
        self.absorbed.add_derivatives(&seeds.absorbed, edges, interrupt)?;
        for &(edge, _) in at.trace.layout().start.iter().filter(|&&(_, to)| to != ABSORBED) {
            edges[edge as usize] -= seeds.defect;
        }
        Ok(())
    }

    fn curvature(&self, at: At<'_>, interrupt: &Interrupt) -> Result<Curvature, Error> {
        let p = at.trace.n_parameters();
        let bends = |curve: &Curve<'_>| -> Result<Vec<Bend>, Error> {
            let (all, v) = (curve.bends(true, interrupt)?, p + 1);
            let of = |i: usize| {
                // In θ alone: time is the last variable.
                let rows = all.second[i * v * v..].chunks_exact(v).take(p);
                let second = rows.flat_map(|row| &row[..p]).copied().collect();
                (all.first[i * v..][..p].to_vec(), second)
            };
            Ok((0..curve.logs().len()).map(of).collect())
        };
        let mut curvature = Curvature::of(0.0, p, 0.0);
        let each = self.weights.iter().zip(self.density.logs());
        for ((&weight, &log), (first, second)) in each.zip(bends(&self.density)?) {
            curvature.add(weight, log, &first, &second);
        }
        let (survival, absorbed) = (bends(&self.survival)?, bends(&self.absorbed)?);
        let defect = (at.trace.defect_slopes(), vec![0.0; p * p]);
        for (weight, ln, parts) in self.sums() {
            let (mut first, mut second) = (vec![0.0; p], vec![0.0; p * p]);
            for &(share, part) in parts {
                let (slopes, bends) = match part {
                    Part::Survival(i) => &survival[i],
                    Part::Absorbed(i) => &absorbed[i],
                    Part::Defect => &defect,
                };
                let add = |sums: &mut [f64], terms: &[f64]| {
                    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += share * term);
                };
                add(&mut first, slopes);
                add(&mut second, bends);
            }
            curvature.add(weight, ln, &first, &second);
        }
        Ok(curvature)
    }
}

/// The larger finite bound of a row, or 0.
fn last_bound(row: &Row) -> f64 {
    let bounds = [row.lower, row.upper].into_iter().filter(|bound| bound.is_finite());
    bounds.fold(0.0, f64::max)
}

//! Row vectors after a time, every entry with an error estimate of its own.
//!
//! `x e^{A t}` and `∫₀ᵗ x e^{A u} du` have the transforms `x (z − A)⁻¹` and that over z: one elimination
//! and one solve per node give all entries. Each entry is the inverse of a transform of its own, and a
//! contour through the saddle point of one serves all entries whose saddle is near; the others have
//! further contours.

use std::ops::Range;

use super::hyperbola::Hyperbola;
use super::inverse::{EXPECTED, error, weight};
use super::laplace::node_cost;
use super::spectrum::{Spectrum, spectra};
use crate::dist::Scaled;
use crate::dist::stiff::FEW_JUMPS;
use crate::eliminate::ABSORBED;
use crate::solve::{Complex, ComplexLanes, Factor, NODES, Scalar};
use crate::{Error, Interrupt, Trace};

/// What the rounding of a contour allows: finer tolerances count as this one.
pub(crate) const FINEST: f64 = 1e-12;
/// Contours that are led by single entries.
const MOST_LEADERS: usize = 16;
/// Of the tolerance: the error of an entry that no contour resolves, relative to its whole vector.
const NEGLIGIBLE: f64 = 1e-3;
/// Nodes that a contour may have, and how often their distance is halved.
const MOST_NODES: usize = 500;
const HALVINGS: usize = 3;
/// The largest logarithm of which a [`Scaled`] holds the exponential.
const DEEPEST: f64 = 5e8;
/// Powers of two, over the time, that a contour may pass from the spectrum at its tip.
const DISTANCES: Range<i32> = -6..14;

/// Row vectors level by level, and what moves them: `a[j]′ = a[j] S + a[j − 1] R`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow<'a> {
    pub trace: &'a Trace,
    /// Per row of weights.
    pub weights: &'a [f64],
    /// R: per position, at least 0; empty where there is one level.
    pub rewards: &'a [f64],
    /// At time 0, level by level, at least 0.
    pub start: &'a [f64],
}

/// Where a flow has come to after a time.
#[derive(Debug)]
pub(crate) struct Moved {
    /// `x e^{A t}`, level by level.
    pub end: Vec<Scaled>,
    /// `∫₀ᵗ x e^{A u} du`, level by level.
    pub spent: Vec<Scaled>,
    /// Nodes at which the transform was evaluated.
    #[cfg(test)]
    pub nodes: usize,
}

impl Flow<'_> {
    /// After a time > 0: every entry to a relative error of `tolerance`, by estimate, or to an error of
    /// a thousandth of `tolerance` relative to its whole vector, where no contour resolves it. Of
    /// the latter one that is below its error is 0. None where even that is out of reach.
    ///
    /// Cost: some 40 nodes where one contour serves, which does not depend on the rates.
    pub fn after(
        &self,
        time: f64,
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Moved>, Error> {
        let spectra = self.spectra();
        let whole = fold(&spectra);
        if !whole.leaves_room() {
            return Ok(None);
        }
        let angle = whole.half_angle;
        let (m, tolerance) = (self.start.len(), tolerance.max(FINEST));
        if self.start.iter().all(|&mass| mass == 0.0) {
            let nothing = || vec![Scaled::default(); m];
            return Ok(Some(Moved {
                end: nothing(),
                spent: nothing(),
                #[cfg(test)]
                nodes: 0,
            }));
        }
        let mut inversion = Inversion {
            flow: self,
            spectra: spectra.iter().map(|each| Spectrum { half_angle: angle, ..*each }).collect(),
            time,
            tolerance,
            entries: vec![Entry::default(); 2 * m],
            nodes: 0,
        };
        let n = spectra.len();
        // The time spent first: a contour to the right of 0 serves both.
        for first in (0..m).step_by(n.max(1)).flat_map(|level| [m + level, level]) {
            inversion.contour(first..first + n, interrupt)?;
        }
        for _ in 0..MOST_LEADERS {
            let Some(leader) = inversion.leader() else { break };
            inversion.entries[leader].led = true;
            inversion.contour(leader..leader + 1, interrupt)?;
        }
        Ok(inversion.finish())
    }

    /// The spectrum of all that can be reached.
    pub fn spectrum(&self) -> Spectrum {
        let whole = fold(&self.spectra());
        if whole.decay.is_finite() { whole } else { Spectrum { decay: 0.0, ..whole } }
    }

    /// Per position, the spectrum of all that leads there from where there is mass.
    fn spectra(&self) -> Vec<Spectrum> {
        let n = self.trace.n_transient();
        let own = spectra(self.trace, self.weights, &vec![1.0; n]);
        let mut all = vec![Spectrum { decay: f64::INFINITY, half_angle: 0.0 }; n];
        let mut reached: Vec<bool> =
            (0..n).map(|i| self.start[i..].iter().step_by(n).any(|&mass| mass > 0.0)).collect();
        let layout = self.trace.layout();
        for (block, own) in self.trace.schedule().blocks.windows(2).zip(own) {
            let block = block[0] as usize..block[1] as usize;
            if !reached[block.clone()].contains(&true) {
                continue;
            }
            let whole = all[block.clone()].iter().copied().fold(own, Spectrum::with);
            for position in block {
                all[position] = whole;
                for (row, target) in layout.outer.weighted(position) {
                    if target != ABSORBED && self.weights[row] > 0.0 {
                        let target = target as usize;
                        reached[target] = true;
                        all[target] = all[target].with(whole);
                    }
                }
            }
        }
        all
    }

    /// `x (z − A)⁻¹`.
    fn rows<T: Scalar>(&self, z: T) -> Vec<T> {
        let n = self.trace.n_transient();
        let weights = self.weights.iter().map(|&weight| T::constant(weight)).collect();
        let factor = Factor::new(self.trace, weights, &vec![z; n]);
        let mut rows: Vec<T> = Vec::with_capacity(self.start.len());
        for (level, start) in self.start.chunks(n.max(1)).enumerate() {
            let mut row: Vec<T> = start.iter().map(|&mass| T::constant(mass)).collect();
            if level > 0 {
                let below = &rows[(level - 1) * n..];
                for ((sum, &value), &reward) in row.iter_mut().zip(below).zip(self.rewards) {
                    sum.add_product(value, T::constant(reward));
                }
            }
            rows.extend(factor.solve_rows(row));
        }
        rows
    }

    /// Whether contours are predicted to cost less than `mean` jumps of so many multiply-adds.
    pub fn is_worth_a_contour(&self, mean: f64, jump: usize) -> bool {
        const NODES: f64 = 120.0;
        mean > FEW_JUMPS && mean * jump as f64 > NODES * self.node_cost()
    }

    /// Cost of a node, in units of [`node_cost`].
    pub fn node_cost(&self) -> f64 {
        let levels = self.start.len() / self.trace.n_transient().max(1);
        node_cost(self.trace) * (0.5 + 0.5 * levels as f64)
    }
}

fn fold(spectra: &[Spectrum]) -> Spectrum {
    let nothing = Spectrum { decay: f64::INFINITY, half_angle: 0.0 };
    spectra.iter().copied().fold(nothing, Spectrum::with)
}

/// What is known of an entry: `value · exp(log)`, with an estimate of its absolute error.
#[derive(Clone, Copy, Debug)]
struct Entry {
    value: f64,
    error: f64,
    log: f64,
    /// Whether the error is small beside the value.
    resolved: bool,
    /// Whether it has led a contour.
    led: bool,
}

impl Default for Entry {
    fn default() -> Self {
        Self { value: 0.0, error: f64::INFINITY, log: 0.0, resolved: false, led: false }
    }
}

impl Entry {
    fn scaled(&self, number: f64) -> Scaled {
        Scaled::from_ln(self.log).times(number)
    }
}

/// All entries of the end, then all of the time spent.
struct Inversion<'a, 'f> {
    flow: &'f Flow<'a>,
    spectra: Vec<Spectrum>,
    time: f64,
    tolerance: f64,
    entries: Vec<Entry>,
    nodes: usize,
}

impl Inversion<'_, '_> {
    fn is_spent(&self, index: usize) -> bool {
        index >= self.flow.start.len()
    }

    /// What holds the singularities of an entry's transform; that of the time spent has a pole at 0.
    fn spectrum(&self, index: usize) -> Spectrum {
        let own = self.spectra[index % self.spectra.len()];
        if self.is_spent(index) { Spectrum { decay: own.decay.min(0.0), ..own } } else { own }
    }

    /// The entry of the largest error that has led no contour.
    fn leader(&self) -> Option<usize> {
        let open = (0..self.entries.len())
            .filter(|&index| !self.entries[index].resolved && !self.entries[index].led);
        let size = |&index: &usize| self.entries[index].log + self.entries[index].error.ln();
        open.max_by(|a, b| size(a).total_cmp(&size(b)))
    }

    /// A contour through the saddle point of the sum of the entries in a range that are not resolved.
    fn contour(&mut self, range: Range<usize>, interrupt: &Interrupt) -> Result<(), Error> {
        let open: Vec<usize> = range.filter(|&index| !self.entries[index].resolved).collect();
        let spectrum = open.iter().map(|&index| self.spectrum(index)).reduce(Spectrum::with);
        let Some(spectrum) = spectrum.filter(|spectrum| spectrum.decay.is_finite()) else {
            // Nothing ever comes there.
            let nothing = Entry { error: 0.0, resolved: true, ..Entry::default() };
            open.into_iter().for_each(|index| self.entries[index] = nothing);
            return Ok(());
        };
        interrupt.after(10 * self.flow.node_cost() as usize)?;
        let Some((anchor, curvature)) = self.saddle(&open, &spectrum) else { return Ok(()) };
        if (anchor * self.time).abs() > DEEPEST {
            return Ok(());
        }
        let hyperbola = Hyperbola::through(anchor, &spectrum);
        let expected = EXPECTED * self.tolerance;
        let step = hyperbola.step(curvature, expected.sqrt());
        let Some(count) = self.count(&hyperbola, step) else { return Ok(()) };
        let pole = anchor > 0.0 && spectrum.decay <= 0.0;
        let mut sums = Sums::new(self.entries.len(), pole, expected);
        self.add(&mut sums, &hyperbola, step, (0..count).collect(), interrupt)?;
        for halving in 0..=HALVINGS {
            let done = open.iter().all(|&index| sums.error(index) <= self.tolerance)
                || sums.error_of(&open) <= self.tolerance;
            if done || halving == HALVINGS || (2 * count) << halving > MOST_NODES {
                break;
            }
            sums.halve();
            let between = (0..count << halving).map(|k| 2 * k + 1).collect();
            let step = step / f64::from(2_u32 << halving);
            self.add(&mut sums, &hyperbola, step, between, interrupt)?;
        }
        self.take(&sums, &spectrum, anchor * self.time);
        Ok(())
    }

    /// About where `exp(s t) F(s)` is least, F the sum of the transforms of some entries, and (ln F)″
    /// there: by steps of factors of two in the distance from the spectrum.
    fn saddle(&mut self, open: &[usize], spectrum: &Spectrum) -> Option<(f64, f64)> {
        let m = self.flow.start.len();
        let log_at = |distance: f64| {
            let s = distance - spectrum.decay;
            let rows = self.flow.rows(s);
            let sum: f64 = open.iter().map(|&index| rows[index % m]).sum();
            let pole = if self.is_spent(open[0]) { s } else { 1.0 };
            s * self.time + (sum / pole).ln()
        };
        let at = |power: i32| log_at(f64::from(power).exp2() / self.time);
        let (mut power, mut here, mut above) = (0, at(0), at(1));
        let mut below;
        if above < here {
            loop {
                (power, below, here) = (power + 1, here, above);
                above = at(power + 1);
                if above.is_nan() || above >= here || power >= DISTANCES.end {
                    break;
                }
            }
        } else {
            loop {
                below = at(power - 1);
                if below.is_nan() || below >= here || power <= DISTANCES.start {
                    break;
                }
                (power, above, here) = (power - 1, here, below);
            }
        }
        let bend = above + below - 2.0 * here;
        if !(here.is_finite() && bend > 0.0 && bend.is_finite()) {
            return None;
        }
        // The least point of the parabola through the three, in the logarithm of the distance.
        let shift = (0.5 * (below - above) / bend).clamp(-0.5, 0.5);
        let distance = (f64::from(power) + shift).exp2() / self.time;
        let bend = bend / std::f64::consts::LN_2.powi(2);
        Some((distance - spectrum.decay, bend / (distance * distance)))
    }

    /// Nodes until `|exp(z t) z′|` is negligible.
    fn count(&self, hyperbola: &Hyperbola, step: f64) -> Option<usize> {
        let size = |k: usize| {
            let (z, slope) = (hyperbola.point(k as f64 * step), hyperbola.slope(k as f64 * step));
            ((z.re - hyperbola.anchor) * self.time).exp() * slope.re.hypot(slope.im)
        };
        let negligible = 1e-4 * self.tolerance * size(0);
        (1..=MOST_NODES).find(|&k| size(k) <= negligible)
    }

    /// Adds the terms of some nodes at this distance from each other.
    fn add(
        &mut self,
        sums: &mut Sums,
        hyperbola: &Hyperbola,
        step: f64,
        nodes: Vec<usize>,
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let last = nodes.last().copied();
        for nodes in nodes.chunks(NODES) {
            interrupt.after(nodes.len() * self.flow.node_cost() as usize)?;
            let point = |k: usize| hyperbola.point(nodes[k.min(nodes.len() - 1)] as f64 * step);
            let rows = self.flow.rows(ComplexLanes::of(point));
            for (lane, &k) in nodes.iter().enumerate() {
                let z = point(lane);
                let size = ((z.re - hyperbola.anchor) * self.time).exp();
                let (sin, cos) = (z.im * self.time).sin_cos();
                let factor =
                    weight(hyperbola, step, k) * Complex { re: size * cos, im: size * sin };
                let (coarse, ends) = (k.is_multiple_of(2), Some(k) == last);
                sums.add(0, &rows, lane, factor, coarse, ends);
                if sums.pole {
                    sums.add(rows.len(), &rows, lane, factor.ratio(z), coarse, ends);
                }
            }
        }
        self.nodes += nodes.len();
        Ok(())
    }

    /// Takes over what a contour has resolved, or has come nearer to than others.
    fn take(&mut self, sums: &Sums, spectrum: &Spectrum, log: f64) {
        for index in 0..self.entries.len() {
            let (entry, own) = (self.entries[index], self.spectrum(index));
            let served = own.decay >= spectrum.decay && (sums.pole || !self.is_spent(index));
            if entry.resolved || !served {
                continue;
            }
            let (value, relative) = (sums.all[index], sums.error(index));
            let resolved = relative <= self.tolerance;
            let error = if resolved { relative * value } else { sums.absolute(index) };
            if resolved || log + error.ln() < entry.log + entry.error.ln() {
                self.entries[index] = Entry { value, error, log, resolved, ..entry };
            }
        }
    }

    /// None where an error is not negligible.
    fn finish(self) -> Option<Moved> {
        let n = self.spectra.len();
        let mut numbers: Vec<Scaled> = Vec::with_capacity(self.entries.len());
        for vector in self.entries.chunks(n.max(1)) {
            let mut whole = Scaled::default();
            for entry in vector.iter().filter(|entry| entry.resolved) {
                let part = entry.scaled(entry.value);
                whole.add(part.mantissa, part.exponent);
            }
            for entry in vector {
                if entry.resolved {
                    numbers.push(entry.scaled(entry.value));
                    continue;
                }
                let error = entry.scaled(entry.error);
                if error.mantissa.is_nan()
                    || error.mantissa > 0.0
                        && (whole.mantissa == 0.0
                            || error.over(whole) > NEGLIGIBLE * self.tolerance)
                {
                    return None;
                }
                let value = if entry.value > entry.error { entry.value } else { 0.0 };
                numbers.push(entry.scaled(value));
            }
        }
        let spent = numbers.split_off(self.flow.start.len());
        Some(Moved {
            end: numbers,
            spent,
            #[cfg(test)]
            nodes: self.nodes,
        })
    }
}

/// Per entry the sum over all nodes, twice that over every other one, the sizes of all terms and of the last.
struct Sums {
    /// Whether the contour passes 0 on its right: only then it serves the time spent.
    pole: bool,
    /// The error that the distance of the nodes was chosen for.
    expected: f64,
    all: Vec<f64>,
    even: Vec<f64>,
    sizes: Vec<f64>,
    last: Vec<f64>,
}

impl Sums {
    fn new(entries: usize, pole: bool, expected: f64) -> Self {
        let zeros = || vec![0.0; entries];
        Self { pole, expected, all: zeros(), even: zeros(), sizes: zeros(), last: zeros() }
    }

    fn add(
        &mut self,
        first: usize,
        rows: &[ComplexLanes],
        lane: usize,
        factor: Complex,
        coarse: bool,
        ends: bool,
    ) {
        for (index, row) in (first..).zip(rows) {
            let term = factor * row.lane(lane);
            self.all[index] += term.im;
            let size = term.re.abs() + term.im.abs();
            self.sizes[index] += size;
            if coarse {
                self.even[index] += 2.0 * term.im;
            }
            if ends {
                self.last[index] = size;
            }
        }
    }

    /// Makes room for as many nodes in between.
    fn halve(&mut self) {
        self.expected *= self.expected;
        self.even.copy_from_slice(&self.all);
        self.all.iter_mut().chain(&mut self.sizes).for_each(|sum| *sum *= 0.5);
    }

    /// Relative; 0 for an entry without any term.
    fn error(&self, index: usize) -> f64 {
        if self.sizes[index] == 0.0 {
            return 0.0;
        }
        self.judge(self.all[index], self.even[index], self.sizes[index], self.last[index])
    }

    /// Relative, of the sum of some entries.
    fn error_of(&self, open: &[usize]) -> f64 {
        let sum = |terms: &[f64]| open.iter().map(|&index| terms[index]).sum();
        self.judge(sum(&self.all), sum(&self.even), sum(&self.sizes), sum(&self.last))
    }

    fn judge(&self, all: f64, even: f64, sizes: f64, last: f64) -> f64 {
        error(all, even, sizes, last, self.expected)
    }

    /// Absolute, where the relative one is not small.
    fn absolute(&self, index: usize) -> f64 {
        let scale = self.sizes[index];
        let coarse = (self.all[index] - self.even[index]).abs() / scale;
        scale * (10.0 * (coarse * coarse).max(self.expected) + super::inverse::ROUNDING)
            + 10.0 * self.last[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GraphBuilder, VertexId, VertexKind};

    /// k lineages in the first of two demes, and how many there are in all, down to one.
    fn demes(lineages: i32) -> Trace {
        let mut graph = GraphBuilder::new(2);
        let mut vertex = |here: i32, there: i32| {
            let state = if here + there == 1 { [1, 0] } else { [here, there] };
            graph.find_or_create(VertexKind::Ordinary, &state).expect("two entries").0
        };
        let mut edges: Vec<(VertexId, VertexId, [f64; 2])> = Vec::new();
        for all in 2..=lineages {
            for here in 0..=all {
                let (from, there) = (vertex(here, all - here), all - here);
                for (to, pairs) in [((here - 1, there), here), ((here, there - 1), there)] {
                    if pairs > 1 {
                        let rate = f64::from(pairs * (pairs - 1)) / 2.0;
                        edges.push((from, vertex(to.0, to.1), [rate, 0.0]));
                    }
                }
                for (to, moving) in [((here - 1, there + 1), here), ((here + 1, there - 1), there)]
                {
                    if moving > 0 {
                        edges.push((from, vertex(to.0, to.1), [0.0, f64::from(moving)]));
                    }
                }
            }
        }
        let first = vertex(lineages, 0);
        graph.add_edge(VertexId::START, first, 1.0, &[]).expect("a probability");
        for (from, to, rate) in edges {
            graph.add_edge(from, to, 0.0, &rate).expect("a rate");
        }
        Trace::record(&graph.freeze().expect("absorbed at one lineage")).expect("a small chain")
    }

    fn moved(trace: &Trace, migration: f64, time: f64) -> Moved {
        let weights = trace.graph().weights(&[1.0, migration]).expect("positive rates").rows;
        let start = trace.initial(&weights);
        let flow = Flow { trace, weights: &weights, rewards: &[], start: &start };
        let moved = flow.after(time, 1e-10, &Interrupt::never()).expect("nobody interrupts it");
        moved.expect("a real spectrum")
    }

    #[test]
    fn the_number_of_nodes_does_not_grow_with_the_rates() {
        let trace = demes(6);
        let slow = moved(&trace, 1e2, 0.5).nodes;
        for migration in [1e4, 1e6, 1e8, 1e10] {
            let fast = moved(&trace, migration, 0.5).nodes;
            assert!(2 * fast <= 3 * slow, "{fast} nodes at {migration}, {slow} at 100");
        }
    }

    #[test]
    fn the_demes_mix_and_nothing_is_lost() {
        // With the demes mixed, each of n lineages is in either with probability 1/2: n = 2.
        let trace = demes(2);
        let moved = moved(&trace, 1e9, 1.0);
        let total: f64 = moved.end.iter().copied().map(Scaled::value).sum();
        // Pairs meet at half the rate; corrections are of relative size 1e-9.
        assert!((total / (-0.5_f64).exp() - 1.0).abs() < 1e-8, "{total}");
        let spent: f64 = moved.spent.iter().copied().map(Scaled::value).sum();
        let expected = 2.0 * -(-0.5_f64).exp_m1();
        assert!((spent / expected - 1.0).abs() < 1e-8, "{spent}");
    }
}

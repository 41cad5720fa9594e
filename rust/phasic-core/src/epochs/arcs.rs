//! A stiff epoch on contours: values of taps, and the sweep back, whose cost does not depend on the rates.

use super::columns::Columns;
use super::levels::Levels;
use super::stage::Stage;
use super::taps::{Seed, Source, Span, Tap};
use crate::dist::{
    FINEST, Inversion, Saddle, Scaled, Spectrum, Transform, Window, exponential, invert,
};
use crate::eliminate::ABSORBED;
use crate::solve::{Complex, ComplexLanes, Lanes, NODES, Scalar, dot};
use crate::{Error, Interrupt};

/// Of the tolerance: derivatives come nearer to the singularities than values do.
const FINER: f64 = 1e-2;
/// The finest that is tried.
const LEAST: f64 = 1e-13;

/// An epoch from some vectors on.
#[derive(Clone, Copy)]
pub(super) struct Arcs<'s, 'a> {
    stage: &'s Stage<'a>,
    start: &'s Levels,
    spectrum: Spectrum,
}

/// Derivatives of a number in what an epoch is made of.
pub(super) struct Swept {
    /// In the row vectors at the start of the epoch, level by level, times 2^(their exponent).
    pub start: Vec<f64>,
    /// In the weights of edges, those out of the starting vertex left out.
    pub edges: Vec<f64>,
    /// In the time, of all taps.
    pub slope: f64,
    /// In the duration: of what ends with the epoch.
    pub leaving: f64,
}

impl<'s, 'a> Arcs<'s, 'a> {
    /// None where the spectrum leaves no room.
    pub fn new(stage: &'s Stage<'a>, start: &'s Levels) -> Option<Self> {
        let spectrum = stage.flow_of(start).spectrum();
        spectrum.leaves_room().then_some(Self { stage, start, spectrum })
    }

    /// What a tap of a source ≥ 0 takes at each time, sorted and positive, without its seeds; None
    /// where no contour meets the tolerance.
    pub fn values(
        &self,
        (source, span): (&Source, Span),
        times: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Vec<Option<Scaled>>, Error> {
        let law = self.law(self.vector(source), span);
        let Some(first) = times.first() else { return Ok(Vec::new()) };
        if law.at(first.recip()) == 0.0 {
            // Nothing that counts is ever reached.
            return Ok(vec![Some(Scaled::default()); times.len()]);
        }
        let inversion = law.invert(times, tolerance.max(FINEST), interrupt)?;
        let value = |log: f64| {
            let Scaled { mantissa, exponent } = Scaled::from_ln(log);
            Scaled { mantissa, exponent: exponent + self.start.exponent }
        };
        let each = inversion.estimates.into_iter();
        Ok(each.map(|estimate| estimate.map(|estimate| value(estimate.log))).collect())
    }

    /// The sweep back through all taps; the last of them ends with the epoch where it is `followed`,
    /// and so do those that count up to its `duration`. None where no contour meets the tolerance.
    ///
    /// A number is a sum over nodes, and the contour a choice of method: each derivative is the same sum
    /// with the derivative of the transform. That in the time has one more factor z.
    pub fn back(
        &self,
        taps: &[Tap],
        (followed, duration): (bool, f64),
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Swept>, Error> {
        let mut swept = Swept {
            start: vec![0.0; self.start.values.len()],
            edges: vec![0.0; self.stage.trace.graph().n_edges()],
            slope: 0.0,
            leaving: 0.0,
        };
        for (index, tap) in taps.iter().enumerate() {
            let ends = |time: f64| match tap.span {
                Span::UpTo => time >= duration,
                Span::Moment => followed && index + 1 == taps.len(),
            };
            let mut times: Vec<(f64, Seed)> = Vec::new();
            for &(time, seed, _) in tap.times.iter().filter(|&&(_, seed, _)| seed.value != 0.0) {
                if time > 0.0 {
                    times.push((time, seed));
                } else {
                    self.at_once(tap, seed, &mut swept);
                }
            }
            times.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let vector = self.vector(&tap.source);
            if times.is_empty() || vector.iter().all(|&value| value == 0.0) {
                continue;
            }
            // Windows are chosen for the sizes of the entries: a sum of both signs has no saddle point.
            let sizes = vector.iter().map(|value| value.abs()).collect();
            let places: Vec<f64> = times.iter().map(|&(time, _)| time).collect();
            let law = self.law(sizes, tap.span);
            let Some(windows) = law.windows(&places, tolerance, interrupt)? else {
                return Ok(None);
            };
            for window in &windows {
                let seeds: Vec<(f64, Seed, bool)> = window
                    .times
                    .iter()
                    .map(|&i| (times[i].0, times[i].1, ends(times[i].0)))
                    .collect();
                self.sweep((tap, &vector), window, &seeds, &mut swept, interrupt)?;
            }
        }
        Ok(Some(swept))
    }

    /// A tap at time 0.
    fn at_once(&self, tap: &Tap, seed: Seed, swept: &mut Swept) {
        let vector = self.vector(&tap.source);
        let seed = super::levels::shifted(seed.value, seed.exponent + self.start.exponent);
        if tap.span == Span::UpTo {
            swept.slope += seed * dot(&self.start.values, &vector);
            return;
        }
        for (sum, value) in swept.start.iter_mut().zip(&vector) {
            *sum += seed * value;
        }
        let plain = Levels { exponent: 0, ..self.start.clone() };
        swept.slope += seed * self.stage.flow(&plain, &vector);
        if let Source::Absorption { level } = tap.source {
            let outer = &self.stage.trace.layout().outer;
            for (position, mass) in self.start.level(level).iter().enumerate() {
                for (edge, _) in outer.of(position).filter(|&(_, target)| target == ABSORBED) {
                    swept.edges[edge] += seed * mass;
                }
            }
        }
    }

    /// Adds the terms of one window.
    fn sweep(
        &self,
        (tap, vector): (&Tap, &[f64]),
        window: &Window,
        seeds: &[(f64, Seed, bool)],
        swept: &mut Swept,
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let zero = Complex { re: 0.0, im: 0.0 };
        let mut edges = vec![ComplexLanes::ZERO; swept.edges.len()];
        for (points, weights) in window.points.chunks(NODES).zip(window.weights.chunks(NODES)) {
            interrupt
                .after(3 * points.len() * self.stage.flow_of(self.start).node_cost() as usize)?;
            // What a node adds: with all seeds, and with those that end with the epoch.
            let kernels = |k: usize| {
                let (Some(&z), Some(&weight)) = (points.get(k), weights.get(k)) else {
                    return [zero; 2];
                };
                let mut sums = [zero; 2];
                for &(time, seed, ends) in seeds {
                    let power = (seed.exponent + self.start.exponent) as f64;
                    let term = exponential(z, time, -power * std::f64::consts::LN_2);
                    let term = term * Complex::constant(seed.value);
                    sums[0] += term;
                    if ends {
                        sums[1] += term;
                    }
                }
                sums.map(|sum| weight * if tap.span == Span::UpTo { sum.ratio(z) } else { sum })
            };
            let kernels: [[Complex; 2]; NODES] = std::array::from_fn(kernels);
            let (all, ending) =
                (ComplexLanes::of(|k| kernels[k][0]), ComplexLanes::of(|k| kernels[k][1]));
            let z = lanes(points);
            let factor = self.stage.factor(z);
            let sources: Vec<ComplexLanes> =
                vector.iter().map(|&value| all * ComplexLanes::constant(value)).collect();
            let columns = Columns::new(&factor, &self.stage.rewards, &sources);
            for (sum, value) in swept.start.iter_mut().zip(columns.values()) {
                *sum += value.imaginary();
            }
            let (terms, in_sources) = columns.back(&self.start.values);
            for (sum, term) in edges.iter_mut().zip(terms) {
                *sum += term;
            }
            columns.add_absorption(tap, &in_sources, all, &mut edges);
            // The transform itself, for the derivatives in the time.
            let mut total = ComplexLanes::ZERO;
            for (row, source) in in_sources.iter().flatten().zip(vector) {
                total.add_product(*row, ComplexLanes::constant(*source));
            }
            swept.slope += (z * all * total).imaginary();
            swept.leaving += (z * ending * total).imaginary();
        }
        for (sum, term) in swept.edges.iter_mut().zip(edges) {
            *sum += term.imaginary();
        }
        Ok(())
    }

    fn vector(&self, source: &Source) -> Vec<f64> {
        source.vector(&self.stage.chain.absorption, self.start.count)
    }

    /// The transform of what a source ≥ 0 takes. That of an integral has a pole at 0 besides.
    fn law(&self, vector: Vec<f64>, span: Span) -> Taken<'s, 'a> {
        let pole = span == Span::UpTo;
        let decay = if pole { self.spectrum.decay.min(0.0) } else { self.spectrum.decay };
        let spectrum = Spectrum { decay, ..self.spectrum };
        Taken { stage: self.stage, start: self.start, vector, pole, spectrum }
    }
}

/// `F(z) = Σ x[j] · g[j]`, or that over z.
struct Taken<'s, 'a> {
    stage: &'s Stage<'a>,
    start: &'s Levels,
    vector: Vec<f64>,
    pole: bool,
    spectrum: Spectrum,
}

impl Taken<'_, '_> {
    fn invert(
        &self,
        times: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Inversion, Error> {
        let work = self.stage.flow_of(self.start).node_cost() as usize;
        invert(self, &self.spectrum, times, tolerance, work, interrupt)
    }

    /// Windows for derivatives: of a finer tolerance than that of values where that can be had.
    fn windows(
        &self,
        times: &[f64],
        tolerance: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Vec<Window>>, Error> {
        for tolerance in [(FINER * tolerance).max(LEAST), tolerance.max(FINEST)] {
            let found = self.invert(times, tolerance, interrupt)?;
            if found.estimates.iter().all(Option::is_some) {
                return Ok(Some(found.windows));
            }
        }
        Ok(None)
    }

    fn at<T: Scalar>(&self, z: T) -> T {
        let factor = self.stage.factor(z);
        let sources: Vec<T> = self.vector.iter().map(|&value| T::constant(value)).collect();
        let total = Columns::new(&factor, &self.stage.rewards, &sources).total(self.start);
        if self.pole { total.ratio(z) } else { total }
    }
}

impl Transform for Taken<'_, '_> {
    /// From three points close to each other: it is where the contour passes, and no result.
    fn saddle(&self, s: f64) -> Option<Saddle> {
        const CLOSE: f64 = 1e-3;
        let distance = s + self.spectrum.decay;
        if distance <= 0.0 {
            return None;
        }
        let h = CLOSE * distance;
        let Lanes([below, here, above]) = self.at(Lanes([s - h, s, s + h]));
        let (below, here, above) = (below.ln(), here.ln(), above.ln());
        let slope = (below - above) / (2.0 * h);
        let curvature = (below + above - 2.0 * here) / (h * h);
        let plain = here.is_finite() && slope > 0.0 && curvature.is_finite();
        plain.then_some(Saddle { slope, curvature: curvature.max(0.0) })
    }

    fn values(&self, points: &[Complex]) -> Vec<Complex> {
        let few = |points: &[Complex]| {
            let value = self.at(lanes(points));
            (0..points.len()).map(|k| value.lane(k)).collect::<Vec<_>>()
        };
        points.chunks(NODES).flat_map(few).collect()
    }
}

fn lanes(points: &[Complex]) -> ComplexLanes {
    ComplexLanes::of(|k| points[k.min(points.len() - 1)])
}

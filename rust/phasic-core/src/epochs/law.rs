//! Density, distribution function and survival, and where the chain is at a time.

use super::arcs::Arcs;
use super::arrivals::Arrivals;
use super::levels::{Levels, shifted};
use super::schedule::Epochs;
use super::stage::Stage;
use super::taps::{Source, Span};
use crate::dist::{Curve, FEW_JUMPS, Scaled, Sequence, is_worth_a_contour};
use crate::{Error, Interrupt};

/// The value of a curve at a time, and what a sweep back needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub epoch: usize,
    /// Since the start of the epoch.
    pub time: f64,
    pub value: Scaled,
    /// The last jump that was needed.
    pub last: usize,
}

impl Epochs {
    /// A curve at each time; at infinity 0, 1 and 0.
    pub fn curve(
        &self,
        curve: Curve,
        times: &[f64],
        interrupt: &Interrupt,
    ) -> Result<Vec<f64>, Error> {
        self.points_or_limits(curve, times, interrupt, Scaled::value)
    }

    /// The natural logarithm of a curve at each time; −∞ where it is 0.
    pub fn log_curve(
        &self,
        curve: Curve,
        times: &[f64],
        interrupt: &Interrupt,
    ) -> Result<Vec<f64>, Error> {
        self.points_or_limits(curve, times, interrupt, Scaled::ln)
    }

    fn points_or_limits(
        &self,
        curve: Curve,
        times: &[f64],
        interrupt: &Interrupt,
        number: impl Fn(Scaled) -> f64,
    ) -> Result<Vec<f64>, Error> {
        check_times(times)?;
        let finite: Vec<f64> = times.iter().copied().filter(|time| time.is_finite()).collect();
        let mut points = self.points(curve, &finite, interrupt)?.into_iter();
        let mut limit = Scaled::default();
        if finite.len() < times.len() {
            // Only a chain that is surely absorbed has these limits.
            self.residence(f64::INFINITY, interrupt)?;
            limit.mantissa = if curve == Curve::Absorbed { 1.0 } else { 0.0 };
        }
        let value = |time: &f64| match time {
            &f64::INFINITY => limit,
            _ => points.next().expect("there is a point for each finite time").value,
        };
        Ok(times.iter().map(value).map(number).collect())
    }

    /// A curve at finite times, in their order. One sequence of jumps serves all times of an epoch.
    pub(super) fn points(
        &self,
        curve: Curve,
        times: &[f64],
        interrupt: &Interrupt,
    ) -> Result<Vec<Point>, Error> {
        let base = self.base(interrupt)?;
        let mut points: Vec<Point> = times.iter().map(|&time| self.locate(time)).collect();
        let mut before = self.defect();
        for (epoch, leg) in base.legs.iter().enumerate() {
            before += leg.absorbed[0];
            let mut inside = points.iter_mut().filter(|point| point.epoch == epoch).peekable();
            if inside.peek().is_some() {
                let mut inside: Vec<&mut Point> = inside.collect();
                let mut stage = self.stage(epoch, &[]);
                let found = self.on_contours(&stage, &leg.start, curve, &inside, interrupt)?;
                stage.chain.initial.clone_from(&leg.start.values);
                let mut sequence = Sequence::new(&stage.chain, false, interrupt.clone());
                for (point, found) in inside.iter_mut().zip(found) {
                    let mean = stage.rate * point.time;
                    if let Some(value) = found {
                        (point.value, point.last) = (value, Arrivals::enough(mean));
                    } else {
                        let mixture = sequence.mixture(curve, mean, self.tolerance)?;
                        point.last = mixture.last;
                        point.value = Scaled {
                            exponent: mixture.sum.exponent + leg.start.exponent,
                            ..mixture.sum
                        };
                    }
                    if curve == Curve::Absorbed {
                        point.value = Scaled::new((before + point.value.value()).min(1.0));
                    }
                }
            }
            let absorption = self.trace(epoch).absorption(&self.weights[epoch].rows);
            before += leg.spent.dot(0, &absorption);
        }
        Ok(points)
    }

    /// The values of points of one epoch, where contours are predicted to be cheaper and certified.
    fn on_contours(
        &self,
        stage: &Stage,
        start: &Levels,
        curve: Curve,
        points: &[&mut Point],
        interrupt: &Interrupt,
    ) -> Result<Vec<Option<Scaled>>, Error> {
        let mut values = vec![None; points.len()];
        let mut stiff: Vec<usize> =
            (0..points.len()).filter(|&i| stage.rate * points[i].time > FEW_JUMPS).collect();
        stiff.sort_unstable_by(|&a, &b| points[a].time.total_cmp(&points[b].time));
        let times: Vec<f64> = stiff.iter().map(|&i| points[i].time).collect();
        if !is_worth_a_contour(stage.trace, &stage.chain, &times) {
            return Ok(values);
        }
        let Some(arcs) = Arcs::new(stage, start) else { return Ok(values) };
        let (source, span) = match curve {
            Curve::Density => (Source::Absorption { level: 0 }, Span::Moment),
            Curve::Survival => (Source::Given(vec![1.0; start.n]), Span::Moment),
            Curve::Absorbed => (Source::Absorption { level: 0 }, Span::UpTo),
        };
        let found = arcs.values((&source, span), &times, self.tolerance, interrupt)?;
        for (&index, value) in stiff.iter().zip(found) {
            values[index] = value;
        }
        Ok(values)
    }

    fn locate(&self, time: f64) -> Point {
        let epoch = self.epoch_of(time);
        let time = time - self.list[epoch].start;
        Point { epoch, time, value: Scaled::default(), last: 0 }
    }

    /// Probability of each vertex of the graph of the epoch that a finite time lies in,
    /// `(n_vertices,)`, and that epoch; absorbing vertices have 0.
    pub fn occupancy(&self, time: f64, interrupt: &Interrupt) -> Result<(usize, Vec<f64>), Error> {
        check_finite(time)?;
        let epoch = self.epoch_of(time);
        let leg = &self.base(interrupt)?.legs[epoch];
        let duration = time - self.list[epoch].start;
        let stage = self.stage(epoch, &[]);
        let end =
            super::passage::pass(&stage, &leg.start, duration, self.tolerance, interrupt)?.end;
        Ok((epoch, self.vertices(epoch, &end)))
    }

    fn vertices(&self, epoch: usize, levels: &Levels) -> Vec<f64> {
        let plain = self.trace(epoch).at_vertices(levels.level(0));
        plain.into_iter().map(|value| shifted(value, levels.exponent)).collect()
    }

    /// Per epoch that begins up to a time, the expected time spent in each vertex of its graph up to
    /// then, `(n_vertices,)`. The time may be infinite.
    pub fn residence(&self, time: f64, interrupt: &Interrupt) -> Result<Vec<Vec<f64>>, Error> {
        check_times(&[time])?;
        let run = self.run(time, 1, &[], interrupt)?;
        let spent = run.legs.iter().map(|leg| &leg.spent).enumerate();
        Ok(spent.map(|(epoch, spent)| self.vertices(epoch, spent)).collect())
    }
}

pub(super) fn check_times(times: &[f64]) -> Result<(), Error> {
    match times.iter().position(|time| time.is_nan() || *time < 0.0) {
        None => Ok(()),
        Some(index) => {
            let must = "a time, at least 0";
            Err(Error::BadValue { name: "time", index, value: times[index], must })
        }
    }
}

pub(super) fn check_finite(time: f64) -> Result<(), Error> {
    check_times(&[time])?;
    if time.is_finite() {
        return Ok(());
    }
    Err(Error::BadValue { name: "time", index: 0, value: time, must: "finite" })
}

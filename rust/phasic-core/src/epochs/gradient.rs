//! Derivatives in every θ and in the starts of the epochs: the list of epochs, last one first.

use super::arcs::{Arcs, Swept};
use super::back::Sweep;
use super::infinite::Rest;
use super::law::{Point, check_finite};
use super::levels::{Levels, shifted};
use super::moments::Collected;
use super::run::{Leg, Run};
use super::schedule::Epochs;
use super::stage::Stage;
use super::taps::{Seed, Source, Span, Tap};
use super::trail::Trail;
use crate::dist::{Curve, check_weights};
use crate::eliminate::ABSORBED;
use crate::solve::dot;
use crate::{Error, Interrupt};

/// A number with its derivatives.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochGradient {
    /// The number.
    pub value: f64,
    /// Per epoch: in its θ, `(n_parameters,)`.
    pub thetas: Vec<Vec<f64>>,
    /// Per epoch: in its start; 0 for the first, which is fixed.
    pub starts: Vec<f64>,
}

/// What a number takes from each epoch.
struct Goal {
    taps: Vec<Vec<Tap>>,
    /// Per epoch and level: what a unit of mass counts that the map at its start absorbs.
    absorbed: Vec<Vec<f64>>,
    /// What a unit of the defect counts.
    defect: f64,
}

impl Epochs {
    /// `Σ seeds[i] · curve(times[i])` and its derivatives; finite times.
    pub fn curve_gradient(
        &self,
        curve: Curve,
        times: &[f64],
        seeds: &[f64],
        interrupt: &Interrupt,
    ) -> Result<EpochGradient, Error> {
        check_pairs(times, seeds)?;
        let points = self.points(curve, times, interrupt)?;
        let value = points.iter().zip(seeds).map(|(point, seed)| seed * point.value.value()).sum();
        let seeds: Vec<Seed> = seeds.iter().copied().map(Seed::new).collect();
        self.points_back(curve, &points, &seeds, value, interrupt)
    }

    /// `Σ weights[i] · log density(times[i])` and its derivatives; finite times.
    pub fn log_likelihood_gradient(
        &self,
        times: &[f64],
        weights: &[f64],
        interrupt: &Interrupt,
    ) -> Result<EpochGradient, Error> {
        times.iter().try_for_each(|&time| check_finite(time))?;
        check_weights(times.len(), weights)?;
        let mut points = self.points(Curve::Density, times, interrupt)?;
        let mut weights = weights.to_vec();
        let mut used = weights.iter().map(|&weight| weight != 0.0);
        points.retain(|_| used.next().expect("there is a weight for each time"));
        weights.retain(|&weight| weight != 0.0);
        let value: f64 = points.iter().zip(&weights).map(|(point, w)| w * point.value.ln()).sum();
        if !value.is_finite() {
            let thetas = self.list.iter().map(|epoch| vec![f64::NAN; epoch.theta.len()]).collect();
            return Ok(EpochGradient { value, thetas, starts: vec![f64::NAN; self.len()] });
        }
        let seed = |(point, weight): (&Point, &f64)| Seed {
            value: weight / point.value.mantissa,
            exponent: -point.value.exponent,
        };
        let seeds: Vec<Seed> = points.iter().zip(&weights).map(seed).collect();
        self.points_back(Curve::Density, &points, &seeds, value, interrupt)
    }

    /// `Σ seeds[k − 1] · E[Yᵏ]` and its derivatives, arguments as for [`Epochs::moments`].
    pub fn moments_gradient(
        &self,
        seeds: &[f64],
        rewards: Option<&[&[f64]]>,
        collected: Collected,
        interrupt: &Interrupt,
    ) -> Result<EpochGradient, Error> {
        let (rewards, levels) = self.checked(seeds.len(), rewards, collected)?;
        let coupled = if levels > 1 { &rewards[..] } else { &[] };
        let run = self.run(collected.horizon(), levels, coupled, interrupt)?;
        let mut factorial = 1.0;
        let mut scaled = seeds.to_vec();
        for (index, seed) in scaled.iter_mut().enumerate() {
            factorial *= (index + 1) as f64;
            *seed *= factorial;
        }
        let mut goal = Goal::new(&run, levels);
        let mut value = 0.0;
        for (epoch, leg) in run.legs.iter().enumerate() {
            let over = |seed: f64| vec![(leg.duration, Seed::new(seed), leg.last)];
            match collected {
                Collected::Until(_) => {
                    let source: Vec<f64> = scaled
                        .iter()
                        .flat_map(|seed| rewards[epoch].iter().map(move |reward| seed * reward))
                        .collect();
                    value += (0..levels)
                        .map(|level| {
                            leg.spent.dot(level, &source[level * leg.start.n..][..leg.start.n])
                        })
                        .sum::<f64>();
                    let (source, span) = (Source::Given(source), Span::UpTo);
                    goal.taps[epoch].push(Tap { source, span, times: over(1.0) });
                }
                Collected::AbsorbedBy(_) => {
                    let absorption = self.trace(epoch).absorption(&self.weights[epoch].rows);
                    for (index, &seed) in scaled.iter().enumerate() {
                        let level = index + 1;
                        value += seed * (leg.spent.dot(level, &absorption) + leg.absorbed[level]);
                        let (source, span) = (Source::Absorption { level }, Span::UpTo);
                        goal.taps[epoch].push(Tap { source, span, times: over(seed) });
                        goal.absorbed[epoch][level] = seed;
                    }
                }
            }
        }
        self.back(&run, coupled, goal, value, interrupt)
    }

    /// `Σ seeds[v] · P(the chain is in vertex v at a finite time)` and its derivatives; seeds per
    /// vertex of the epoch that the time lies in.
    pub fn occupancy_gradient(
        &self,
        time: f64,
        seeds: &[f64],
        interrupt: &Interrupt,
    ) -> Result<EpochGradient, Error> {
        check_finite(time)?;
        let epoch = self.epoch_of(time);
        let seeds = crate::solve::rewards_at_positions(self.trace(epoch), Some(seeds))?;
        let run = self.run(time, 1, &[], interrupt)?;
        let (leg, mut goal) = (&run.legs[epoch], Goal::new(&run, 1));
        let value = leg.end.as_ref().map_or(0.0, |end| end.dot(0, &seeds));
        let times = vec![(leg.duration, Seed::new(1.0), leg.last)];
        goal.taps[epoch].push(Tap { source: Source::Given(seeds), span: Span::Moment, times });
        self.back(&run, &[], goal, value, interrupt)
    }

    /// The derivative in time of `Σ seeds[v] · P(the chain is in vertex v at a finite time)`: what flows in
    /// less what flows out. Arguments as for [`Self::occupancy_gradient`].
    pub fn occupancy_slope(
        &self,
        time: f64,
        seeds: &[f64],
        interrupt: &Interrupt,
    ) -> Result<f64, Error> {
        check_finite(time)?;
        let epoch = self.epoch_of(time);
        let seeds = crate::solve::rewards_at_positions(self.trace(epoch), Some(seeds))?;
        let run = self.run(time, 1, &[], interrupt)?;
        let (leg, stage) = (&run.legs[epoch], self.stage(epoch, &[]));
        let times = vec![(leg.duration, Seed::new(1.0), leg.last)];
        if stage.is_stiff(&leg.start, leg.duration)
            && let Some(arcs) = Arcs::new(&stage, &leg.start)
        {
            let (source, span) = (Source::Given(seeds.clone()), Span::Moment);
            let taps = [Tap { source, span, times }];
            let found = arcs.back(&taps, (false, leg.duration), self.tolerance, interrupt)?;
            if let Some(swept) = found {
                return Ok(swept.slope);
            }
        }
        let flow = |end: &Levels| shifted(stage.flow(end, &seeds), end.exponent);
        Ok(leg.end.as_ref().map_or(0.0, flow))
    }

    pub(super) fn points_back(
        &self,
        curve: Curve,
        points: &[Point],
        seeds: &[Seed],
        value: f64,
        interrupt: &Interrupt,
    ) -> Result<EpochGradient, Error> {
        let base = self.base(interrupt)?;
        let last = points.iter().map(|point| point.epoch).max().unwrap_or(0);
        let run = Run { legs: base.legs[..=last].to_vec() };
        let mut goal = Goal::new(&run, 1);
        let mut later = 0.0;
        for (epoch, leg) in run.legs.iter().enumerate().rev() {
            let inside = points.iter().zip(seeds).filter(|(point, _)| point.epoch == epoch);
            let mut times: Vec<_> =
                inside.map(|(point, &seed)| (point.time, seed, point.last)).collect();
            let (source, span) = match curve {
                Curve::Density => (Source::Absorption { level: 0 }, Span::Moment),
                Curve::Survival => (Source::Given(vec![1.0; leg.start.n]), Span::Moment),
                Curve::Absorbed => (Source::Absorption { level: 0 }, Span::UpTo),
            };
            if curve == Curve::Absorbed {
                let here: f64 = times.iter().map(|(_, seed, _)| seed.value).sum();
                times.push((leg.duration, Seed::new(later), leg.last));
                later += here;
                goal.absorbed[epoch][0] = later;
                goal.defect = later;
            }
            goal.taps[epoch].push(Tap { source, span, times });
        }
        self.back(&run, &[], goal, value, interrupt)
    }

    fn back(
        &self,
        run: &Run,
        rewards: &[Vec<f64>],
        goal: Goal,
        value: f64,
        interrupt: &Interrupt,
    ) -> Result<EpochGradient, Error> {
        let mut thetas: Vec<Vec<f64>> =
            self.list.iter().map(|epoch| vec![0.0; epoch.theta.len()]).collect();
        let mut starts = vec![0.0; self.len()];
        // The derivative in the vectors at the end of an epoch, times 2^(their exponent).
        let mut ahead: Option<Vec<f64>> = None;
        let Goal { taps, absorbed, defect } = goal;
        for (epoch, (leg, mut taps)) in run.legs.iter().zip(taps).enumerate().rev() {
            let rewards = rewards.get(epoch).map_or(&[][..], Vec::as_slice);
            let (start, mut edges) = if let Some(end) = &leg.end {
                let stage = self.stage(epoch, rewards);
                let followed = ahead.is_some();
                if let Some(ahead) = ahead.take() {
                    let seed = Seed { value: 1.0, exponent: -end.exponent };
                    let (source, span) = (Source::Given(ahead), Span::Moment);
                    taps.push(Tap { source, span, times: vec![(leg.duration, seed, leg.last)] });
                }
                let swept = self.sweep(&stage, leg, &taps, followed, interrupt)?;
                if followed {
                    starts[epoch + 1] += swept.leaving;
                }
                starts[epoch] -= swept.slope;
                (swept.start, swept.edges)
            } else {
                // Nothing changes when an epoch without end begins later, from the same vectors.
                Rest::new(self, epoch, &leg.start)?.back(&leg.start, rewards, &taps)
            };
            if epoch == 0 {
                self.initial_back(&start, defect, &mut edges);
            } else {
                ahead = Some(self.before(epoch, &start, &leg.start, &absorbed[epoch]));
            }
            thetas[epoch] = self.trace(epoch).graph().pull_back(&edges);
        }
        starts[0] = 0.0;
        Ok(EpochGradient { value, thetas, starts })
    }

    /// The sweep back through an epoch with an end, by contours where that is predicted to be cheaper and
    /// certified. The last tap ends with the epoch where it is `followed` by another one.
    fn sweep(
        &self,
        stage: &Stage,
        leg: &Leg,
        taps: &[Tap],
        followed: bool,
        interrupt: &Interrupt,
    ) -> Result<Swept, Error> {
        let times = taps.iter().flat_map(|tap| &tap.times);
        let (longest, last) =
            times.fold((0.0_f64, 0), |most, &(time, _, last)| (most.0.max(time), most.1.max(last)));
        if stage.is_stiff(&leg.start, longest)
            && let Some(arcs) = Arcs::new(stage, &leg.start)
            && let Some(swept) =
                arcs.back(taps, (followed, leg.duration), self.tolerance, interrupt)?
        {
            return Ok(swept);
        }
        stage.chain.check_steps(stage.rate * longest)?;
        let trail = Trail::new(stage, &leg.start, last, interrupt)?;
        let sweep = Sweep::back(stage, &trail, leg.start.count, taps, interrupt)?;
        let slope = stage.flow(&leg.start, &sweep.start) + running(stage, &leg.start, taps, 0.0);
        let leaving = leg.end.as_ref().map_or(0.0, |end| {
            let ahead = taps.last().filter(|_| followed).map_or(0.0, |tap| {
                stage.flow(end, &tap.vector(&stage.chain.absorption, end.count))
            });
            ahead + running(stage, end, taps, leg.duration)
        });
        let edges = sweep.edges(stage);
        Ok(Swept { start: sweep.start, edges, slope, leaving })
    }

    /// Back through the map of an epoch.
    fn before(&self, epoch: usize, start: &[f64], like: &Levels, absorbed: &[f64]) -> Vec<f64> {
        let Some(map) = &self.list[epoch].map else { return start.to_vec() };
        let level = |(level, &counts): (usize, &f64)| {
            map.back(&start[level * like.n..][..like.n], shifted(counts, like.exponent))
        };
        absorbed.iter().enumerate().flat_map(level).collect()
    }

    /// Initial probabilities, and the defect, which is what they leave of 1.
    fn initial_back(&self, start: &[f64], defect: f64, edges: &mut [f64]) {
        let starts = &self.trace(0).layout().start;
        for &(edge, target) in starts.iter().filter(|&&(_, target)| target != ABSORBED) {
            edges[edge as usize] += start[target as usize] - defect;
        }
    }
}

impl Goal {
    fn new(run: &Run, levels: usize) -> Self {
        let n = run.legs.len();
        Self { taps: vec![Vec::new(); n], absorbed: vec![vec![0.0; levels]; n], defect: 0.0 }
    }
}

/// What taps collect per unit of time at x, of those that count from a time on.
fn running(stage: &Stage, x: &Levels, taps: &[Tap], from: f64) -> f64 {
    let collect = |tap: &Tap| {
        let vector = tap.vector(&stage.chain.absorption, x.count);
        tap.seeds_from(from, x.exponent) * dot(&x.values, &vector)
    };
    taps.iter().filter(|tap| tap.span == Span::UpTo).map(collect).sum()
}

fn check_pairs(times: &[f64], seeds: &[f64]) -> Result<(), Error> {
    times.iter().try_for_each(|&time| check_finite(time))?;
    if times.len() == seeds.len() {
        return Ok(());
    }
    Err(Error::Length { name: "seeds", expected: times.len(), given: seeds.len() })
}

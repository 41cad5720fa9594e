//! The law of the absorption time at one θ.

use super::answers::{Answer, Engine, Way};
use super::chain::{Chain, ChainPattern};
use super::contour::{Flow, Moved};
use super::poisson;
use super::scaled::Scaled;
use super::sequence::Quantity;
use crate::{Error, Interrupt, Moments, Trace, Weights};

/// Numbers of a law at finite times.
pub(super) type Ask<'a> = dyn FnMut(Quantity, &[f64]) -> Result<Vec<Scaled>, Error> + 'a;

/// Density, distribution function and occupancy of a trace at one θ.
///
/// By uniformization (Jensen 1953; Reibman & Trivedi 1988), whose truncation error is at most the
/// tolerance, relative to each value; many times share one sequence of matrix–vector products. Where
/// the chain is stiff, by inverse Laplace transforms on contours, whose estimated error is.
pub struct Absorption<'a> {
    pub(super) trace: &'a Trace,
    pub(super) interrupt: Interrupt<'a>,
    pub(super) weights: Weights,
    pub(super) pattern: ChainPattern,
}

impl<'a> Absorption<'a> {
    /// Evaluates the trace's edges at θ. Errors: those of [`crate::Graph::weights`].
    pub fn new(trace: &'a Trace, theta: &[f64]) -> Result<Self, Error> {
        Self::until(trace, theta, Interrupt::never())
    }

    /// As [`Self::new`], but every method stops with [`Error::Interrupted`] when asked to.
    pub fn until(trace: &'a Trace, theta: &[f64], interrupt: Interrupt<'a>) -> Result<Self, Error> {
        let weights = trace.graph().weights(theta)?;
        Ok(Self { trace, interrupt, weights, pattern: ChainPattern::new(trace) })
    }

    /// Density at each time, without the atom at zero; 0 at infinity.
    pub fn pdf(&self, times: &[f64], tolerance: f64) -> Result<Vec<f64>, Error> {
        self.mix(Quantity::Density, times, tolerance, 0.0)
    }

    /// Probability of being absorbed at each time, the atom at zero included; 1 at infinity.
    pub fn cdf(&self, times: &[f64], tolerance: f64) -> Result<Vec<f64>, Error> {
        let defect = self.weights.defect;
        let mut values = self.mix(Quantity::Absorbed, times, tolerance, 1.0 - defect)?;
        values.iter_mut().for_each(|value| *value = (*value + defect).min(1.0));
        Ok(values)
    }

    /// Probability of not being absorbed at each time, relative accuracy in the tail.
    pub fn sf(&self, times: &[f64], tolerance: f64) -> Result<Vec<f64>, Error> {
        self.mix(Quantity::Survival, times, tolerance, 0.0)
    }

    /// Probability of being in each vertex at a time, `(n_vertices,)`; absorbing ones included only
    /// through what is missing from 1.
    pub fn occupancy(&self, time: f64, tolerance: f64) -> Result<Vec<f64>, Error> {
        if let Some(moved) = self.moved(time, tolerance)? {
            return Ok(self.vertices(&moved.end));
        }
        self.spread(time, tolerance, |weights, _| weights.to_vec())
    }

    /// Expected time spent in each transient vertex up to a time, `(n_vertices,)`. Where the chain is
    /// stiff, on contours, as [`Self::occupancy`] is.
    ///
    /// `∫₀ᵗ α e^{Su} du = (1/q) Σ P(N > k) v[k]` for N Poisson with mean q·t.
    pub fn accumulated(&self, time: f64, tolerance: f64) -> Result<Vec<f64>, Error> {
        if let Some(moved) = self.moved(time, tolerance)? {
            return Ok(self.vertices(&moved.spent));
        }
        self.spread(time, tolerance, |weights, rate| {
            let mut tail = 0.0;
            let mut tails = vec![0.0; weights.len()];
            for (k, weight) in weights.iter().enumerate().rev() {
                tails[k] = if rate > 0.0 { tail / rate } else { time };
                tail += weight;
            }
            tails
        })
    }

    /// Each value with its relative error and how it was computed; the atom at zero counts as
    /// absorbed. Errors: as for [`Self::pdf`].
    pub fn answers(
        &self,
        quantity: Quantity,
        times: &[f64],
        tolerance: f64,
    ) -> Result<Vec<Answer>, Error> {
        check_times(times)?;
        if times.contains(&f64::INFINITY) {
            self.moments()?;
        }
        let (atom, limit) = match quantity {
            Quantity::Absorbed => (self.weights.defect, 1.0),
            Quantity::Density | Quantity::Survival => (0.0, 0.0),
        };
        let chain = Chain::new(self.trace, &self.pattern, &self.weights.rows);
        let finite: Vec<f64> = times.iter().copied().filter(|time| time.is_finite()).collect();
        let mut answers =
            Engine::new(self, &chain, tolerance).answers(quantity, &finite)?.into_iter();
        let mut answer = |&time: &f64| {
            if time.is_infinite() {
                return Answer { value: Scaled::new(limit), error: 0.0, way: Way::Limit };
            }
            let mut answer = answers.next().expect("an answer for each finite time");
            answer.value.add(atom, 0);
            answer
        };
        Ok(times.iter().map(&mut answer).collect())
    }

    fn mix(
        &self,
        quantity: Quantity,
        times: &[f64],
        tolerance: f64,
        at_infinity: f64,
    ) -> Result<Vec<f64>, Error> {
        self.at(times, at_infinity, tolerance, |ask, times| {
            Ok(ask(quantity, times)?.into_iter().map(Scaled::value).collect())
        })
    }

    /// What `compute` makes of the finite times, and `at_infinity` where a time is infinite.
    pub(super) fn at(
        &self,
        times: &[f64],
        at_infinity: f64,
        tolerance: f64,
        compute: impl FnOnce(&mut Ask<'_>, &[f64]) -> Result<Vec<f64>, Error>,
    ) -> Result<Vec<f64>, Error> {
        check_times(times)?;
        if times.contains(&f64::INFINITY) {
            // Only a chain that is surely absorbed has these limits.
            self.moments()?;
        }
        let finite: Vec<f64> = times.iter().copied().filter(|time| time.is_finite()).collect();
        let mut values = self.answering(tolerance, |ask| compute(ask, &finite))?.into_iter();
        let mut value = |&time: &f64| match time {
            f64::INFINITY => at_infinity,
            _ => values.next().expect("a value for each finite time"),
        };
        Ok(times.iter().map(&mut value).collect())
    }

    /// Runs a computation that asks for numbers, again and again; all its questions share work.
    pub(super) fn answering<T>(
        &self,
        tolerance: f64,
        compute: impl FnOnce(&mut Ask<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let chain = self.chain();
        let mut engine = Engine::new(self, &chain, tolerance);
        compute(&mut |quantity, times| {
            Ok(engine.answers(quantity, times)?.into_iter().map(|answer| answer.value).collect())
        })
    }

    /// The uniformized chain.
    pub(super) fn chain(&self) -> Chain<'_> {
        Chain::new(self.trace, &self.pattern, &self.weights.rows)
    }

    /// Asks the caller whether to go on.
    pub(super) fn interrupt(&self) -> Interrupt<'a> {
        self.interrupt.clone()
    }

    /// The trace whose law this is.
    pub(super) fn trace(&self) -> &'a Trace {
        self.trace
    }

    /// Probability of starting absorbed.
    pub(super) fn defect(&self) -> f64 {
        self.weights.defect
    }

    /// Moments at the same θ. Errors: the chain may never be absorbed.
    pub(super) fn moments(&self) -> Result<Moments<'a>, Error> {
        Moments::alone(self.trace, &self.weights.theta)
    }

    /// Probabilities of each number of jumps by a time.
    pub(super) fn jump_probabilities(&self, time: f64, tolerance: f64) -> Result<Vec<f64>, Error> {
        let chain = self.chain();
        chain.check_steps(chain.rate * time)?;
        Ok(probabilities(chain.rate * time, tolerance))
    }

    /// Probabilities at a time and times spent up to it on contours; None where jumps are cheaper, or
    /// no contour is certified.
    fn moved(&self, time: f64, tolerance: f64) -> Result<Option<Moved>, Error> {
        let (chain, weights) = (self.chain(), &self.weights.rows);
        let flow = Flow { trace: self.trace, weights, rewards: &[], start: &chain.initial };
        let (mean, jump) = (chain.rate * time, 2 * chain.n() + chain.jumps.len());
        if !(mean.is_finite() && flow.is_worth_a_contour(mean, jump)) {
            return Ok(None);
        }
        flow.after(time, tolerance, &self.interrupt)
    }

    fn vertices(&self, positions: &[Scaled]) -> Vec<f64> {
        let plain: Vec<f64> = positions.iter().copied().map(Scaled::value).collect();
        self.trace.at_vertices(&plain)
    }

    /// Σ over jumps k of `coefficients(Poisson probabilities, q)[k] · v[k]`.
    fn spread(
        &self,
        time: f64,
        tolerance: f64,
        coefficients: impl Fn(&[f64], f64) -> Vec<f64>,
    ) -> Result<Vec<f64>, Error> {
        check_times(&[time])?;
        if time.is_infinite() {
            let (name, must) = ("time", "finite");
            return Err(Error::BadValue { name, index: 0, value: time, must });
        }
        let chain = self.chain();
        let mean = chain.rate * time;
        chain.check_steps(mean)?;
        let coefficients = coefficients(&probabilities(mean, tolerance), chain.rate);
        let mut v = chain.initial.clone();
        let mut next = vec![0.0; v.len()];
        let mut sum = vec![0.0; v.len()];
        for coefficient in coefficients {
            for (total, value) in sum.iter_mut().zip(&v) {
                *total += coefficient * value;
            }
            chain.jump(&v, &mut next);
            self.interrupt.after(2 * chain.n() + chain.jumps.len())?;
            std::mem::swap(&mut v, &mut next);
        }
        Ok(self.trace.at_vertices(&sum))
    }
}

/// Poisson probabilities from 0 to where the tail is below the tolerance.
fn probabilities(mean: f64, tolerance: f64) -> Vec<f64> {
    let mode = mean.floor() as usize;
    let mut weights = vec![0.0; mode + 1];
    weights[mode] = poisson::probability(mode as u64, mean);
    for k in (0..mode).rev() {
        weights[k] = weights[k + 1] * (k + 1) as f64 / mean;
    }
    let mut weight = weights[mode];
    for k in mode + 1.. {
        weight *= mean / k as f64;
        weights.push(weight);
        if weight / (1.0 - mean / (k + 1) as f64) < tolerance * 1e-6 {
            break;
        }
    }
    weights
}

/// Errors: a time that is negative or NaN.
pub(super) fn check_times(times: &[f64]) -> Result<(), Error> {
    match times.iter().position(|time| time.is_nan() || *time < 0.0) {
        None => Ok(()),
        Some(index) => {
            let must = "a time, at least 0";
            Err(Error::BadValue { name: "time", index, value: times[index], must })
        }
    }
}

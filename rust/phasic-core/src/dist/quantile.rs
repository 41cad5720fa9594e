//! Quantiles: times at which a distribution or survival function takes given values.

use super::absorption::{Absorption, Ask};
use super::discrete::check_probabilities;
use super::sequence::Quantity;
use crate::Error;

/// Which probability is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Of being absorbed by the time, the atom at zero included.
    Lower,
    /// Of not being absorbed by the time.
    Upper,
}

/// The most a time may grow in one step while no upper bound is known: later times cost more.
const GROWTH: f64 = 2.0;
/// The least by which a Newton step in ln t may go down where the function is nearly flat.
const DROP: f64 = 7.0;
/// More than bisection takes from any start.
const ROUNDS: usize = 400;

impl Absorption<'_> {
    /// The smallest time with each probability, relative error at most the tolerance.
    ///
    /// 0 where the atom at zero is enough, ∞ for a survival of 0. Newton's method on the logarithm of
    /// the smaller of distribution and survival function, safeguarded by bisection; every round asks for
    /// all times at once. Where the density nearly vanishes, a time is as uncertain as the probability
    /// over the density. Errors: a probability outside [0, 1], and those of [`Self::cdf`] at infinity.
    pub fn quantile(
        &self,
        probabilities: &[f64],
        tail: Tail,
        tolerance: f64,
    ) -> Result<Vec<f64>, Error> {
        check_probabilities(probabilities)?;
        let mean = self.moments()?.expectation(None)?;
        let alive = 1.0 - self.defect();
        let search = |&p: &f64| match tail {
            Tail::Lower => Search::new(p - self.defect(), 1.0 - p, mean / alive),
            Tail::Upper => Search::new(alive - p, p, mean / alive),
        };
        let mut searches: Vec<Search> = probabilities.iter().map(search).collect();
        // Errors of the functions turn into errors of the time: an eighth leaves room for the step.
        let goal = tolerance / 8.0;
        self.answering(goal.max(f64::EPSILON), |ask| {
            for _ in 0..ROUNDS {
                let mut open: Vec<&mut Search> = searches.iter_mut().filter(|s| !s.done).collect();
                if open.is_empty() {
                    break;
                }
                round(&mut open, ask, goal)?;
            }
            Ok(())
        })?;
        Ok(searches.into_iter().map(|search| search.time).collect())
    }
}

/// One evaluation and one step of every open search.
fn round(open: &mut [&mut Search], ask: &mut Ask<'_>, goal: f64) -> Result<(), Error> {
    let times: Vec<f64> = open.iter().map(|search| search.time).collect();
    let densities = ask(Quantity::Density, &times)?;
    for quantity in [Quantity::Absorbed, Quantity::Survival] {
        let chosen: Vec<usize> = (0..open.len()).filter(|&i| open[i].of == quantity).collect();
        let at: Vec<f64> = chosen.iter().map(|&index| times[index]).collect();
        for (index, value) in chosen.into_iter().zip(ask(quantity, &at)?) {
            let excess = value.ln() - open[index].target.ln();
            open[index].step(excess, densities[index].over(value), goal);
        }
    }
    Ok(())
}

/// The search for one quantile: a time between bounds at which a function is known to lie on
/// different sides of its target.
#[derive(Debug)]
struct Search {
    of: Quantity,
    target: f64,
    time: f64,
    low: f64,
    high: f64,
    /// |excess| of the last step.
    last: f64,
    done: bool,
}

impl Search {
    /// `absorbed`, `survival`: the targets, the atom apart. `guess`: a time to start from.
    fn new(absorbed: f64, survival: f64, guess: f64) -> Self {
        let (of, target) = if absorbed <= survival {
            (Quantity::Absorbed, absorbed)
        } else {
            (Quantity::Survival, survival)
        };
        let time = match (absorbed > 0.0, survival > 0.0) {
            (false, _) => 0.0,
            (true, false) => f64::INFINITY,
            (true, true) => guess,
        };
        let done = time != guess;
        Self { of, target, time, low: 0.0, high: f64::INFINITY, last: f64::INFINITY, done }
    }

    /// `excess`: ln of value over target; `slope`: density over value.
    fn step(&mut self, excess: f64, slope: f64, goal: f64) {
        let rising = self.of == Quantity::Absorbed;
        if (excess < 0.0) == rising {
            self.low = self.low.max(self.time);
        } else {
            self.high = self.high.min(self.time);
        }
        // The left tail is nearly a power of t, the right one nearly exponential.
        let next = if rising {
            let change = -excess / (slope * self.time);
            self.time * change.max(-excess.abs().max(DROP)).exp()
        } else {
            self.time + excess / slope
        };
        let settled = (next - self.time).abs() <= goal * self.time && excess.abs() <= goal;
        if settled || self.high - self.low <= goal * self.low || self.time < f64::MIN_POSITIVE {
            self.done = true;
            self.time = if settled { next } else { self.time };
            return;
        }
        let slow = excess.abs() > 0.5 * self.last && self.high.is_finite() && self.low > 0.0;
        self.last = excess.abs();
        let next = next.min(GROWTH * self.time);
        let inside = next > self.low && next < self.high;
        self.time = if inside && !slow { next } else { self.middle() };
    }

    fn middle(&self) -> f64 {
        match (self.low > 0.0, self.high.is_finite()) {
            (_, false) => GROWTH * self.time,
            (false, true) => self.high / 16.0,
            (true, true) if self.high > 4.0 * self.low => (self.low * self.high).sqrt(),
            (true, true) => self.low + 0.5 * (self.high - self.low),
        }
    }
}

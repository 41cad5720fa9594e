//! From the start of an epoch to its end: the one place that decides how a vector is propagated.

use super::arrivals::Arrivals;
use super::levels::Levels;
use super::stage::Stage;
use crate::dist::{ChainPattern, Scaled};
use crate::{Error, Interrupt, Trace};

/// Entries this far below the mass of their vector are not looked at.
const FLOOR: f64 = 1e-280;
/// Left out altogether if this far below what is there.
const NEGLIGIBLE: f64 = 1e-200;
/// Jumps between two looks at whether enough is done.
const LOOK: usize = 4;

/// What becomes of row vectors over a duration.
pub(super) struct Passage {
    /// `x e^{A D}`.
    pub end: Levels,
    /// `∫₀ᴰ x e^{A u} du`.
    pub spent: Levels,
    /// The last jump that was needed.
    pub last: usize,
}

/// Probabilities of the transient vertices after a duration, and the time spent in them.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// `(n_vertices,)`, to be multiplied by 2^exponent.
    pub end: Vec<f64>,
    /// `(n_vertices,)`, without a factor.
    pub spent: Vec<f64>,
    /// Power of two of `end`.
    pub exponent: i64,
    /// Density of absorption at the end.
    pub density: f64,
    /// Probability of absorption in between.
    pub absorbed: f64,
}

/// `x e^{S D}` and `∫₀ᴰ x e^{S u} du` for probabilities x per vertex, times 2^exponent, at θ.
///
/// To `tolerance` relative to every entry: by a bound where the jumps are few, else by estimate on
/// contours, for which tolerances below 1e-12 count as that.
///
/// Errors: those of [`crate::Graph::weights`], a vector of the wrong length, and
/// [`Error::TooManySteps`] where there are too many jumps and no contour is certified.
pub fn propagate(
    trace: &Trace,
    theta: &[f64],
    initial: (&[f64], i64),
    duration: f64,
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<Passed, Error> {
    let (expected, given) = (trace.n_vertices(), initial.0.len());
    if expected != given {
        return Err(Error::Length { name: "the initial distribution", expected, given });
    }
    if !(0.0..f64::INFINITY).contains(&duration) {
        let must = "finite and not negative";
        return Err(Error::BadValue { name: "duration", index: 0, value: duration, must });
    }
    let weights = trace.graph().weights(theta)?;
    let pattern = ChainPattern::new(trace);
    let stage = Stage::new(trace, &pattern, &weights.rows, &[], duration);
    let mut start = Levels::new(&trace.at_positions(initial.0), 1);
    start.exponent = initial.1;
    let Passage { end, spent, .. } = pass(&stage, &start, duration, tolerance, interrupt)?;
    Ok(Passed {
        end: trace.at_vertices(end.level(0)),
        spent: trace.at_vertices(&spent.plain(0)),
        exponent: end.exponent,
        density: end.dot(0, &stage.chain.absorption),
        absorbed: spent.dot(0, &stage.chain.absorption),
    })
}

/// By contours where that is predicted to be cheaper and certified, else by uniformization.
pub(super) fn pass(
    stage: &Stage,
    start: &Levels,
    duration: f64,
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<Passage, Error> {
    if stage.is_stiff(start, duration)
        && let Some(moved) = stage.flow_of(start).after(duration, tolerance, interrupt)?
    {
        let levels = |numbers: &[Scaled]| {
            let mut levels = Levels::of_scaled(start.n, numbers);
            levels.exponent += start.exponent;
            levels
        };
        let last = Arrivals::enough(stage.rate * duration);
        return Ok(Passage { end: levels(&moved.end), spent: levels(&moved.spent), last });
    }
    uniformized(stage, start, duration, tolerance, interrupt)
}

/// By uniformization (Jensen 1953): `Σ P(N = k) x[k]` and `(1/q) Σ P(N > k) x[k]` for N Poisson with
/// mean q·D and `x[k] = x (I + A/q)ᵏ`.
///
/// All terms are positive. The sum ends when a bound on what is left out is below `tolerance` in
/// every entry, relative to that entry: with c the largest ratio of an entry of `x[k + 1]` to that
/// of `x[k]`, every later vector is at most `cᵐ` times `x[k + 1]` (Collatz 1942, for matrices
/// without negative entries), and Poisson probabilities fall faster than any power.
fn uniformized(
    stage: &Stage,
    start: &Levels,
    duration: f64,
    tolerance: f64,
    interrupt: &Interrupt,
) -> Result<Passage, Error> {
    let mean = stage.rate * duration;
    stage.chain.check_steps(mean)?;
    let (mut end, mut spent) = (Levels::empty(start), Levels::empty(start));
    let mut arrivals = Arrivals::new(mean);
    let (mut x, mut next) = (start.values.clone(), vec![0.0; start.values.len()]);
    let mut exponent = start.exponent;
    loop {
        end.add(arrivals.probability(), exponent, &x);
        spent.add(arrivals.beyond(), exponent, &x);
        arrivals.advance();
        let lift = stage.advance(&x, &mut next);
        interrupt.after(stage.work(start.count))?;
        let k = arrivals.jumps();
        if k as f64 >= mean && (k.is_multiple_of(LOOK) || mean == 0.0) {
            let rest = Rest { x: &x, next: &next, lift, growth: stage.growth(), tolerance };
            let (weight, ratio) = (arrivals.probability(), mean / (k + 1) as f64);
            let moved = Scaled { exponent: weight.exponent + exponent - lift, ..weight };
            let weight = arrivals.beyond();
            let lingered = Scaled { exponent: weight.exponent + exponent - lift, ..weight };
            if rest.is_small(moved, ratio, &end) && rest.is_small(lingered, ratio, &spent) {
                break;
            }
        }
        std::mem::swap(&mut x, &mut next);
        exponent -= lift;
    }
    spent.values.iter_mut().for_each(|value| *value /= stage.rate);
    spent.settle();
    end.settle();
    Ok(Passage { end, spent, last: arrivals.jumps() - 1 })
}

/// What is left out after a jump from x to next.
struct Rest<'a> {
    x: &'a [f64],
    next: &'a [f64],
    lift: i64,
    growth: f64,
    tolerance: f64,
}

impl Rest<'_> {
    /// Whether `Σ weight · ratioᵐ · (the vector m jumps after next)` is small beside the sum.
    fn is_small(&self, weight: Scaled, ratio: f64, sum: &Levels) -> bool {
        if weight.mantissa == 0.0 {
            return true;
        }
        let shift = weight.exponent - sum.exponent;
        let weight = Scaled { mantissa: weight.mantissa, exponent: shift }.value();
        let (total, there): (f64, f64) = (self.next.iter().sum(), sum.values.iter().sum());
        if total == 0.0 {
            return true;
        }
        let slow = ratio * self.growth;
        if slow < 1.0 && weight * total <= NEGLIGIBLE * (1.0 - slow) * there {
            return true;
        }
        let unlift = crate::dist::power_of_two(-self.lift);
        let mut fastest = 0.0_f64;
        for (&before, &after) in self.x.iter().zip(self.next) {
            if after > FLOOR {
                fastest = fastest.max(after * unlift / before);
            }
        }
        let slow = ratio * fastest;
        if slow >= 1.0 || slow.is_nan() {
            return false;
        }
        let weight = weight / (1.0 - slow);
        let small =
            |(&after, &sum): (&f64, &f64)| after <= FLOOR || weight * after <= self.tolerance * sum;
        self.next.iter().zip(&sum.values).all(small)
    }
}

//! First and second derivatives of the vector sequence in the parameters, for sums at many times.

use super::chain::Chain;
use super::event::{Sum, Term};
use super::gap::gaps;
use super::jets::unit;
use super::scaled::{Scaled, power_of_two};
use crate::{Error, Interrupt, Trace};

/// Doubles that the derivatives of one pass may take.
const BUDGET: usize = 16 << 20;

/// First derivatives of terms in θ, row by row `(terms, n_parameters)`, each in the units of its
/// term.
///
/// `v'[k + 1] = v'[k] P + v[k] P'`: one pass carries the derivative in several parameters, as many as
/// memory allows. `exponents`: those by which the sequence stores `v[k]`.
pub(super) fn first(
    (trace, chain, interrupt): (&Trace, &Chain, &Interrupt<'_>),
    exponents: &[i64],
    terms: &[Term],
) -> Result<Vec<f64>, Error> {
    let parameters = trace.n_parameters();
    let directions: Vec<usize> = (0..parameters).collect();
    let mut rows = vec![0.0; terms.len() * parameters];
    let length = terms.iter().map(Term::length).max().unwrap_or(0);
    for chosen in directions.chunks(at_once(chain, length)) {
        let directions: Vec<Direction> =
            chosen.iter().map(|&each| Direction::new(trace, chain, each)).collect();
        let mut slopes: Vec<Slope> = directions.iter().map(Direction::start).collect();
        run(chain, &exponents[..length], interrupt, |v, step| {
            for (direction, slope) in directions.iter().zip(&mut slopes) {
                slope.record(chain, direction, v);
                if let Some(factor) = step {
                    slope.jump(chain, factor, |next| direction.add(chain, v, next));
                }
            }
        })?;
        for (&parameter, mut slope) in chosen.iter().zip(slopes) {
            slope.accumulate(chain, exponents);
            for (index, term) in terms.iter().enumerate() {
                rows[index * parameters + parameter] = slope.of(chain, exponents, term);
            }
        }
    }
    Ok(rows)
}

/// Second derivatives of terms in θ, `(terms, n_parameters, n_parameters)`, in the units of terms.
///
/// `v''[k + 1] = v'' P + v'ₐ P'ᵦ + v'ᵦ P'ₐ`: weights are linear in θ. Cost: a jump for each pair of
/// parameters.
pub(super) fn second(
    (trace, chain, interrupt): (&Trace, &Chain, &Interrupt<'_>),
    exponents: &[i64],
    terms: &[Term],
) -> Result<Vec<f64>, Error> {
    let parameters = trace.n_parameters();
    let pairs: Vec<(usize, usize)> =
        (0..parameters).flat_map(|a| (0..=a).map(move |b| (a, b))).collect();
    let mut rows = vec![0.0; terms.len() * parameters * parameters];
    let length = terms.iter().map(Term::length).max().unwrap_or(0);
    let directions: Vec<Direction> =
        (0..parameters).map(|each| Direction::new(trace, chain, each)).collect();
    for chosen in pairs.chunks(at_once(chain, length)) {
        let mut first: Vec<Slope> = directions.iter().map(Direction::start).collect();
        let mut bends: Vec<Slope> = chosen.iter().map(|_| Slope::zero(chain.n())).collect();
        run(chain, &exponents[..length], interrupt, |v, step| {
            for (bend, &(a, b)) in bends.iter_mut().zip(chosen) {
                bend.record_second(chain, [&directions[a], &directions[b]], [&first[a], &first[b]]);
                if let Some(factor) = step {
                    bend.jump(chain, factor, |next| {
                        directions[b].add(chain, &first[a].v, next);
                        directions[a].add(chain, &first[b].v, next);
                    });
                }
            }
            if let Some(factor) = step {
                for (direction, slope) in directions.iter().zip(&mut first) {
                    slope.jump(chain, factor, |next| direction.add(chain, v, next));
                }
            }
        })?;
        for (&(a, b), mut bend) in chosen.iter().zip(bends) {
            bend.accumulate(chain, exponents);
            for (index, term) in terms.iter().enumerate() {
                let value = bend.of(chain, exponents, term);
                let row = &mut rows[index * parameters * parameters..][..parameters * parameters];
                row[a * parameters + b] = value;
                row[b * parameters + a] = value;
            }
        }
    }
    Ok(rows)
}

/// `Σ coefficients[k] · v[k]` differentiated in each parameter: hands over `(parameter, derivative)`.
pub(super) fn mixed(
    (trace, chain, interrupt): (&Trace, &Chain, &Interrupt<'_>),
    coefficients: &[f64],
    mut take: impl FnMut(usize, &[f64]),
) -> Result<(), Error> {
    let directions: Vec<Direction> =
        (0..trace.n_parameters()).map(|each| Direction::new(trace, chain, each)).collect();
    let mut slopes: Vec<Slope> = directions.iter().map(Direction::start).collect();
    let mut sums = vec![vec![0.0; chain.n()]; slopes.len()];
    let mut left = coefficients.iter();
    run(chain, &vec![0; coefficients.len()], interrupt, |v, step| {
        let coefficient = left.next().copied().unwrap_or(0.0);
        for ((direction, slope), sum) in directions.iter().zip(&mut slopes).zip(&mut sums) {
            sum.iter_mut().zip(&slope.v).for_each(|(sum, value)| *sum += coefficient * value);
            if let Some(factor) = step {
                slope.jump(chain, factor, |next| direction.add(chain, v, next));
            }
        }
    })?;
    sums.iter().enumerate().for_each(|(parameter, sum)| take(parameter, sum));
    Ok(())
}

fn at_once(chain: &Chain, length: usize) -> usize {
    (BUDGET / (3 * length + 2 * chain.n()).max(1)).max(1)
}

/// Hands over every `v[k]`, and the factor of the jump that follows it, of which the last has none.
fn run(
    chain: &Chain,
    exponents: &[i64],
    interrupt: &Interrupt<'_>,
    mut take: impl FnMut(&[f64], Option<f64>),
) -> Result<(), Error> {
    let mut v = chain.initial.clone();
    let mut next = vec![0.0; v.len()];
    for k in 0..exponents.len() {
        let factor = exponents.get(k + 1).map(|exponent| power_of_two(exponents[k] - exponent));
        take(&v, factor);
        let Some(factor) = factor else { break };
        chain.jump(&v, &mut next);
        next.iter_mut().for_each(|value| *value *= factor);
        std::mem::swap(&mut v, &mut next);
        interrupt.after(4 * (chain.n() + chain.jumps.len()))?;
    }
    Ok(())
}

/// The derivative of the chain in one parameter.
struct Direction {
    /// Of `P` per pattern entry, of its leaks and the rate of absorption per position.
    jumps: Vec<f64>,
    leaks: Vec<f64>,
    absorption: Vec<f64>,
    initial: Vec<f64>,
}

impl Direction {
    fn new(trace: &Trace, chain: &Chain, parameter: usize) -> Self {
        let mut direction = vec![0.0; trace.n_parameters()];
        direction[parameter] = 1.0;
        let rows = trace.graph().push_forward(&direction);
        let slope = |&edge: &u32| rows[trace.graph().rows[edge as usize] as usize];
        let absorption = trace.absorption(&rows);
        Self {
            jumps: chain.pattern.edges.iter().map(|edge| slope(edge) / chain.scale()).collect(),
            leaks: absorption.iter().map(|rate| rate / chain.scale()).collect(),
            absorption,
            initial: trace.initial(&rows),
        }
    }

    /// The derivative of the initial vector.
    fn start(&self) -> Slope {
        let defect = -self.initial.iter().sum::<f64>();
        Slope { v: self.initial.clone(), defect, ..Slope::zero(self.initial.len()) }
    }

    /// `next += v P'`.
    fn add(&self, chain: &Chain, v: &[f64], next: &mut [f64]) {
        for (position, &mass) in v.iter().enumerate() {
            if mass == 0.0 {
                continue;
            }
            let mut left = mass * self.leaks[position];
            for entry in chain.pattern.range(position) {
                let moved = mass * self.jumps[entry];
                next[chain.pattern.targets[entry] as usize] += moved;
                left += moved;
            }
            next[position] -= left;
        }
    }
}

/// A derivative of the sequence: of the vector at hand, and of what was recorded of all before.
struct Slope {
    v: Vec<f64>,
    spare: Vec<f64>,
    density: Vec<f64>,
    mass: Vec<f64>,
    /// Of what is absorbed within k jumps.
    absorbed: Vec<f64>,
    defect: f64,
}

impl Slope {
    fn zero(n: usize) -> Self {
        let (density, mass, absorbed) = (Vec::new(), Vec::new(), Vec::new());
        Self { v: vec![0.0; n], spare: vec![0.0; n], density, mass, absorbed, defect: 0.0 }
    }

    fn record(&mut self, chain: &Chain, direction: &Direction, v: &[f64]) {
        let dot = crate::solve::dot;
        self.density.push(dot(&self.v, &chain.absorption) + dot(v, &direction.absorption));
        self.mass.push(self.v.iter().sum());
    }

    fn record_second(&mut self, chain: &Chain, directions: [&Direction; 2], first: [&Self; 2]) {
        let dot = crate::solve::dot;
        let [a, b] = directions;
        let crossed = dot(&first[0].v, &b.absorption) + dot(&first[1].v, &a.absorption);
        self.density.push(dot(&self.v, &chain.absorption) + crossed);
        self.mass.push(self.v.iter().sum());
    }

    /// One jump, `v P` and what is added to it, times `factor`.
    fn jump(&mut self, chain: &Chain, factor: f64, add: impl FnOnce(&mut [f64])) {
        chain.jump(&self.v, &mut self.spare);
        add(&mut self.spare);
        self.spare.iter_mut().for_each(|value| *value *= factor);
        std::mem::swap(&mut self.v, &mut self.spare);
    }

    fn accumulate(&mut self, chain: &Chain, exponents: &[i64]) {
        let mut sum = 0.0;
        for (density, &exponent) in self.density.iter().zip(exponents) {
            self.absorbed.push(sum);
            sum += density * power_of_two(exponent) / chain.scale();
        }
    }

    /// Of a term, in its units.
    fn of(&self, chain: &Chain, exponents: &[i64], term: &Term) -> f64 {
        let each = |(sign, sum): &(f64, Sum)| {
            sign * self.derivative(chain, exponents, sum, unit(term.size))
        };
        // An empty sum of doubles is −0 in Rust.
        term.parts().map(each).fold(0.0, |sum, part| sum + part)
    }

    fn derivative(&self, chain: &Chain, exponents: &[i64], sum: &Sum, unit: Scaled) -> f64 {
        let scaled = |weight: Scaled, exponent: i64| {
            weight.mantissa * power_of_two(weight.exponent + exponent - unit.exponent)
        };
        let mut total = 0.0;
        match *sum {
            Sum::Density(time, mixture) => mixture.weights(chain.rate * time, |k, weight| {
                total += scaled(weight, exponents[k]) * self.density[k];
            }),
            Sum::Bend(time, mixture) => {
                mixture.slopes(chain.rate, time, |k, weight, [factor, _]| {
                    total += scaled(weight, exponents[k]) * factor * self.density[k];
                });
            }

            Sum::Mass(time, mixture) => mixture.weights(chain.rate * time, |k, weight| {
                total += scaled(weight, exponents[k]) * self.mass[k];
            }),
            Sum::Absorbed(time, mixture) => mixture.weights(chain.rate * time, |k, weight| {
                total += scaled(weight, 0) * self.absorbed[k];
            }),
            Sum::Between { after, until, first, last } => {
                let weights = gaps(chain.rate, after, until, first, last);
                for (k, weight) in (first..).zip(weights) {
                    total += scaled(weight, exponents[k]) * self.density[k] / chain.scale();
                }
            }
            Sum::Defect => total = scaled(Scaled::new(1.0), 0) * self.defect,
        }
        total
    }
}

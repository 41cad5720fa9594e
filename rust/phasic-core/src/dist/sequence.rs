//! What the uniformized chain does jump by jump: one sequence, shared by all times.

use super::chain::Chain;
use super::poisson;
use super::scaled::{Scaled, power_of_two};
use crate::{Error, Interrupt};

/// Doubles that kept vectors may take in all.
const KEEP_BUDGET: usize = 4 << 20;
/// Mass below which a vector is scaled up, by a power of two that keeps every digit.
const LOW_MASS: f64 = 6.223_015_277_861_142e-61; // 2^-200
const LIFT: i32 = 200;

/// Which number of the sequence is mixed over Poisson probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// `v[k] · s`: gives the density.
    Density,
    /// `v[k] · 1`: gives the survival function.
    Survival,
    /// Absorbed within k jumps: gives the distribution function, its atom apart.
    Absorbed,
}

/// `v[k] = α Pᵏ`, scaled by powers of two; per k its density, mass and absorbed probability.
pub(crate) struct Sequence<'c, 'p> {
    chain: &'c Chain<'p>,
    current: Vec<f64>,
    spare: Vec<f64>,
    density: Vec<f64>,
    mass: Vec<f64>,
    absorbed: Vec<f64>,
    /// `v[k]` is the stored vector times 2^exponent.
    pub exponents: Vec<i32>,
    largest_absorption: f64,
    kept: Option<Kept>,
    interrupt: Interrupt<'c>,
}

/// Vectors kept for a sweep back: every `stride`-th.
#[derive(Debug)]
struct Kept {
    stride: usize,
    most: usize,
    vectors: Vec<Vec<f64>>,
}

/// A mixture `Σ Pois(k; mean) · c[k]` and the range of k that it needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixture {
    pub sum: Scaled,
    pub first: usize,
    pub last: usize,
}

impl Mixture {
    /// Hands over the Poisson probabilities that were mixed.
    pub fn weights(&self, mean: f64, mut take: impl FnMut(usize, Scaled)) {
        let mode = (mean.floor() as usize).clamp(self.first, self.last);
        let peak = Scaled::new(poisson::probability(mode as u64, mean));
        take(mode, peak);
        let mut probability = peak;
        for k in mode + 1..=self.last {
            probability = probability.times(mean / k as f64);
            take(k, probability);
        }
        probability = peak;
        for k in (self.first..mode).rev() {
            probability = probability.times((k + 1) as f64 / mean);
            take(k, probability);
        }
    }
}

impl Mixture {
    /// Hands over Poisson probabilities and the factors that make them their first and second
    /// derivatives in time.
    pub fn slopes(&self, rate: f64, time: f64, mut take: impl FnMut(usize, Scaled, [f64; 2])) {
        let one = Scaled::new(1.0);
        if time == 0.0 {
            take(0, one, [-rate, rate * rate]);
            take(1, one, [rate, -2.0 * rate * rate]);
            take(2, one, [0.0, rate * rate]);
            return;
        }
        let mean = rate * time;
        self.weights(mean, |k, probability| {
            let (k_real, off) = (k as f64, k as f64 - mean);
            take(k, probability, [off / time, (off * off - k_real) / (time * time)]);
        });
    }
}

impl<'c, 'p> Sequence<'c, 'p> {
    /// `keep`: remember enough vectors for [`Self::segment`].
    pub fn new(chain: &'c Chain<'p>, keep: bool, interrupt: Interrupt<'c>) -> Self {
        let n = chain.n();
        let kept = keep.then(|| Kept {
            stride: 1,
            most: (KEEP_BUDGET / n.max(1)).max(64),
            vectors: vec![chain.initial.clone()],
        });
        let mut sequence = Self {
            chain,
            current: chain.initial.clone(),
            spare: vec![0.0; n],
            density: Vec::new(),
            mass: Vec::new(),
            absorbed: vec![0.0],
            exponents: vec![0],
            largest_absorption: chain.absorption.iter().copied().fold(0.0, f64::max),
            kept,
            interrupt,
        };
        sequence.record(chain.initial.iter().sum());
        sequence
    }

    /// Extends the sequence to index k.
    pub fn extend(&mut self, k: usize) -> Result<(), Error> {
        while self.density.len() <= k {
            self.interrupt.after(self.chain.n() + self.chain.jumps.len())?;
            let exponent = self.exponents[self.density.len() - 1];
            let (mass, lift) = advance(self.chain, &self.current, &mut self.spare);
            std::mem::swap(&mut self.current, &mut self.spare);
            self.exponents.push(exponent - lift);
            let absorbed = self.density[self.density.len() - 1] * power_of_two(exponent);
            let before = self.absorbed[self.absorbed.len() - 1];
            self.absorbed.push(before + absorbed / self.chain.scale());
            self.record(mass);
            if let Some(kept) = &mut self.kept {
                kept.offer(self.density.len() - 1, &self.current);
            }
        }
        Ok(())
    }

    fn record(&mut self, mass: f64) {
        self.density.push(crate::solve::dot(&self.current, &self.chain.absorption));
        self.mass.push(mass);
    }

    /// `v[k] · s` as stored, to be scaled by the exponent.
    pub fn density(&self, k: usize) -> f64 {
        self.density[k]
    }

    fn term(&self, quantity: Quantity, k: usize) -> (f64, i32) {
        match quantity {
            Quantity::Density => (self.density[k], self.exponents[k]),
            Quantity::Survival => (self.mass[k], self.exponents[k]),
            Quantity::Absorbed => (self.absorbed[k], 0),
        }
    }

    /// An upper bound on all terms after k.
    fn bound(&self, quantity: Quantity, k: usize) -> Scaled {
        let (factor, mass) = match quantity {
            Quantity::Density => (self.largest_absorption, self.mass[k]),
            Quantity::Survival => (1.0, self.mass[k]),
            Quantity::Absorbed => return Scaled::new(1.0),
        };
        Scaled { mantissa: factor * mass, exponent: self.exponents[k] }
    }

    /// `Σ Pois(k; mean) c[k]` with relative truncation error at most `tolerance`.
    ///
    /// Starts at the mode, where the Poisson probability is computed, and goes both ways by ratios
    /// until a bound on what is left out (the tail of the distribution times a bound on the terms)
    /// is below half the tolerance. All terms are non-negative, so the result is right in the
    /// tails too.
    pub fn mixture(
        &mut self,
        quantity: Quantity,
        mean: f64,
        tolerance: f64,
    ) -> Result<Mixture, Error> {
        self.chain.check_steps(mean)?;
        if mean == 0.0 {
            let (mantissa, exponent) = self.term(quantity, 0);
            return Ok(Mixture { sum: Scaled { mantissa, exponent }, first: 0, last: 0 });
        }
        let mode = mean.floor() as usize;
        let peak = Scaled::new(poisson::probability(mode as u64, mean));
        let mut sum = Scaled::default();
        let (mut k, mut weight) = (mode, peak);
        loop {
            self.extend(k)?;
            let (term, exponent) = self.term(quantity, k);
            sum.add(weight.mantissa * term, weight.exponent + exponent);
            let next = weight.times(mean / (k + 1) as f64);
            let rest = next.times(1.0 / (1.0 - mean / (k + 2) as f64));
            if negligible(rest, self.bound(quantity, k), sum, tolerance)
                || (sum.mantissa == 0.0 && k >= mode + self.chain.n())
            {
                break;
            }
            (k, weight) = (k + 1, next);
        }
        let last = k;
        (k, weight) = (mode, peak);
        let everything = match quantity {
            Quantity::Density => self.largest_absorption,
            Quantity::Survival | Quantity::Absorbed => 1.0,
        };
        while k > 0 {
            weight = weight.times(k as f64 / mean);
            let rest = weight.times(1.0 / (1.0 - (k - 1) as f64 / mean).max(1.0 / mean));
            if negligible(rest, Scaled::new(everything), sum, tolerance) {
                break;
            }
            k -= 1;
            let (term, exponent) = self.term(quantity, k);
            sum.add(weight.mantissa * term, weight.exponent + exponent);
        }
        Ok(Mixture { sum: sum.normal(), first: k, last })
    }

    /// The stored vectors `v[first..=last]`; needs `keep`.
    pub fn segment(&self, first: usize, last: usize) -> Vec<Vec<f64>> {
        let kept = self.kept.as_ref().expect("the sequence was made with keep");
        let start = first / kept.stride;
        let mut vectors = Vec::with_capacity(last - first + 1);
        let mut v = kept.vectors[start].clone();
        for k in start * kept.stride..=last {
            if k % kept.stride == 0 {
                v.clone_from(&kept.vectors[k / kept.stride]);
            }
            if k >= first {
                vectors.push(v.clone());
            }
            if k < last && (k + 1) % kept.stride != 0 {
                let mut next = vec![0.0; v.len()];
                advance(self.chain, &v, &mut next);
                v = next;
            }
        }
        vectors
    }

    /// A good length for segments: the distance between kept vectors, or a block of them.
    pub fn segment_length(&self) -> usize {
        self.kept.as_ref().map_or(1, |kept| kept.stride.max(64))
    }
}

/// One jump, scaled up if little mass is left. Returns the stored mass and the power of two.
fn advance(chain: &Chain, v: &[f64], next: &mut [f64]) -> (f64, i32) {
    let mass = chain.jump(v, next);
    if mass >= LOW_MASS || mass == 0.0 {
        return (mass, 0);
    }
    let factor = power_of_two(LIFT);
    next.iter_mut().for_each(|value| *value *= factor);
    (mass * factor, LIFT)
}

/// Whether `rest · bound ≤ tolerance/2 · sum`.
fn negligible(rest: Scaled, bound: Scaled, sum: Scaled, tolerance: f64) -> bool {
    if rest.mantissa < 0.0 || rest.mantissa.is_infinite() {
        return false;
    }
    let left_out = rest.mantissa * bound.mantissa;
    if left_out == 0.0 && bound.mantissa == 0.0 {
        return true;
    }
    let shift = rest.exponent + bound.exponent - sum.exponent;
    left_out * power_of_two(shift) <= 0.5 * tolerance * sum.mantissa && sum.mantissa > 0.0
}

impl Kept {
    fn offer(&mut self, k: usize, v: &[f64]) {
        if !k.is_multiple_of(self.stride) {
            return;
        }
        if self.vectors.len() >= self.most {
            let mut index = 0;
            self.vectors.retain(|_| {
                index += 1;
                (index - 1) % 2 == 0
            });
            self.stride *= 2;
            if !k.is_multiple_of(self.stride) {
                return;
            }
        }
        self.vectors.push(v.to_vec());
    }
}

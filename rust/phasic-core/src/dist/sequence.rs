//! What the uniformized chain does jump by jump: one sequence, shared by all times.

use std::borrow::Cow;

use super::chain::Chain;
use super::runs::{Ratios, Series};
use super::scaled::power_of_two;
use crate::{Error, Interrupt};

/// Doubles that kept vectors may take in all.
const KEEP_BUDGET: usize = 4 << 20;
/// Mass below which a vector is scaled up, by a power of two that keeps every digit.
const LOW_MASS: f64 = 6.223_015_277_861_142e-61; // 2^-200
const LIFT: i64 = 200;

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
    density: Series,
    mass: Series,
    absorbed: Series,
    ratios: Ratios,
    /// `v[k]` is the stored vector times 2^exponent.
    pub exponents: Vec<i64>,
    largest_absorption: f64,
    kept: Option<Kept>,
    interrupt: Interrupt<'c>,
}

/// Vectors kept for a sweep back: every `stride`-th.
#[derive(Debug)]
struct Kept {
    stride: usize,
    /// Numbers that may be kept.
    most: usize,
    /// One vector after the other.
    vectors: Vec<f64>,
}

impl<'c, 'p> Sequence<'c, 'p> {
    /// `keep`: remember enough vectors for [`Self::segment`].
    pub fn new(chain: &'c Chain<'p>, keep: bool, interrupt: Interrupt<'c>) -> Self {
        let n = chain.n();
        let kept = keep.then(|| Kept {
            stride: 1,
            most: KEEP_BUDGET.max(64 * n),
            vectors: chain.initial.clone(),
        });
        let mut sequence = Self {
            chain,
            current: chain.initial.clone(),
            spare: vec![0.0; n],
            density: Series::zeros(0),
            mass: Series::zeros(0),
            absorbed: Series::zeros(1),
            ratios: Ratios::new(),
            exponents: vec![0],
            largest_absorption: chain.absorption.iter().copied().fold(0.0, f64::max),
            kept,
            interrupt,
        };
        sequence.density.push(chain.density(&chain.initial));
        sequence.mass.push(chain.initial.iter().sum());
        sequence
    }

    /// Makes room for times of so many jumps on average.
    pub fn reserve(&mut self, mean: f64) {
        let more = ((mean + 9.0 * mean.sqrt()) as usize).min(KEEP_BUDGET) + 16;
        for series in [&mut self.density, &mut self.mass, &mut self.absorbed] {
            series.reserve(more);
        }
        self.exponents.reserve(more);
        self.ratios.reserve(more);
        if let Some(kept) = &mut self.kept {
            kept.vectors.reserve((more * self.chain.n()).min(kept.most));
        }
    }

    /// Extends the sequence to index k.
    pub fn extend(&mut self, k: usize) -> Result<(), Error> {
        if k < self.density.len() {
            return Ok(());
        }
        let chain = self.chain;
        let mut exponent = self.exponents[self.exponents.len() - 1];
        let mut absorbed = self.absorbed.last();
        let mut density = self.density.last();
        for index in self.density.len()..=k {
            self.interrupt.after(chain.n() + chain.jumps.len())?;
            absorbed += density * power_of_two(exponent) / chain.scale();
            let (mass, lift) = advance(chain, &self.current, &mut self.spare);
            std::mem::swap(&mut self.current, &mut self.spare);
            exponent -= lift;
            density = chain.density(&self.current);
            self.exponents.push(exponent);
            self.absorbed.push(absorbed);
            self.density.push(density);
            self.mass.push(mass);
            if let Some(kept) = &mut self.kept {
                kept.offer(index, &self.current);
            }
        }
        self.ratios.extend(k);
        Ok(())
    }

    /// `v[k] · s` as stored, to be scaled by the exponent.
    pub fn density(&self, k: usize) -> f64 {
        self.density.at(k)
    }

    pub(super) fn chain(&self) -> &Chain<'_> {
        self.chain
    }

    /// A number as stored, and its exponent.
    pub(super) fn term(&self, quantity: Quantity, k: usize) -> (f64, i64) {
        match quantity {
            Quantity::Density => (self.density.at(k), self.exponents[k]),
            Quantity::Survival => (self.mass.at(k), self.exponents[k]),
            Quantity::Absorbed => (self.absorbed.at(k), 0),
        }
    }

    /// All numbers as stored.
    pub(super) fn numbers(&self, quantity: Quantity) -> &Series {
        match quantity {
            Quantity::Density => &self.density,
            Quantity::Survival => &self.mass,
            Quantity::Absorbed => &self.absorbed,
        }
    }

    /// An upper bound on all numbers.
    pub(super) fn most(&self, quantity: Quantity) -> f64 {
        match quantity {
            Quantity::Density => self.largest_absorption,
            Quantity::Survival | Quantity::Absorbed => 1.0,
        }
    }

    /// An upper bound on all numbers after k, as stored with the exponent of k.
    pub(super) fn bound(&self, quantity: Quantity, k: usize) -> f64 {
        match quantity {
            Quantity::Density => self.largest_absorption * self.mass.at(k),
            Quantity::Survival => self.mass.at(k),
            Quantity::Absorbed => 1.0,
        }
    }

    /// What leads from Poisson probability to probability, up to the last k at least.
    pub(super) fn ratios(&self) -> &Ratios {
        &self.ratios
    }

    /// The stored vectors `v[first..=last]`, one after the other; needs `keep`.
    pub fn segment(&self, first: usize, last: usize) -> Cow<'_, [f64]> {
        let kept = self.kept.as_ref().expect("the sequence was made with keep");
        let n = self.chain.n();
        if kept.stride == 1 {
            return Cow::Borrowed(&kept.vectors[first * n..(last + 1) * n]);
        }
        let start = first / kept.stride;
        let mut vectors = Vec::with_capacity((last - first + 1) * n);
        let mut v = vec![0.0; n];
        let mut next = vec![0.0; n];
        for k in start * kept.stride..=last {
            if k % kept.stride == 0 {
                v.copy_from_slice(&kept.vectors[k / kept.stride * n..][..n]);
            }
            if k >= first {
                vectors.extend_from_slice(&v);
            }
            if k < last && (k + 1) % kept.stride != 0 {
                advance(self.chain, &v, &mut next);
                std::mem::swap(&mut v, &mut next);
            }
        }
        Cow::Owned(vectors)
    }

    /// A good length for segments: the distance between kept vectors, or a block of them.
    pub fn segment_length(&self) -> usize {
        self.kept.as_ref().map_or(1, |kept| kept.stride.max(64))
    }
}

/// One jump, scaled up if little mass is left. Returns the stored mass and the power of two.
fn advance(chain: &Chain, v: &[f64], next: &mut [f64]) -> (f64, i64) {
    let mass = chain.jump(v, next);
    if mass >= LOW_MASS || mass == 0.0 {
        return (mass, 0);
    }
    let factor = power_of_two(LIFT);
    next.iter_mut().for_each(|value| *value *= factor);
    (mass * factor, LIFT)
}

impl Kept {
    fn offer(&mut self, k: usize, v: &[f64]) {
        if !k.is_multiple_of(self.stride) {
            return;
        }
        if self.vectors.len() + v.len() > self.most {
            // Every other one is kept.
            let n = v.len();
            let left = (self.vectors.len() / n).div_ceil(2);
            (1..left).for_each(|i| self.vectors.copy_within(2 * i * n..(2 * i + 1) * n, i * n));
            self.vectors.truncate(left * n);
            self.stride *= 2;
            if !k.is_multiple_of(self.stride) {
                return;
            }
        }
        self.vectors.extend_from_slice(v);
    }
}

//! The vectors of an epoch's sequence of jumps, for a sweep back over them.

use super::levels::Levels;
use super::stage::Stage;
use crate::{Error, Interrupt};

/// Doubles that kept vectors may take in all.
const BUDGET: usize = 16 << 20;

/// `x[k] = x (I + A/q)ᵏ`, every `stride`-th of them; the others are computed again when asked for.
pub(super) struct Trail<'s, 'c> {
    stage: &'s Stage<'c>,
    stride: usize,
    kept: Vec<Vec<f64>>,
    /// `x[k]` is the stored vector times 2^exponent.
    pub exponents: Vec<i64>,
}

impl<'s, 'c> Trail<'s, 'c> {
    /// From `start` to index `last`.
    pub fn new(
        stage: &'s Stage<'c>,
        start: &Levels,
        last: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        Self::within(BUDGET, stage, start, last, interrupt)
    }

    /// Every vector if all fit into a budget of doubles, else the square root of their number.
    pub(super) fn within(
        budget: usize,
        stage: &'s Stage<'c>,
        start: &Levels,
        last: usize,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let whole = (last + 1) * start.values.len() <= budget;
        let stride = if whole { 1 } else { ((last + 1) as f64).sqrt().ceil() as usize };
        let mut trail = Self { stage, stride, kept: Vec::new(), exponents: vec![start.exponent] };
        let (mut x, mut next) = (start.values.clone(), vec![0.0; start.values.len()]);
        for k in 0..=last {
            if k.is_multiple_of(stride) {
                trail.kept.push(x.clone());
            }
            if k < last {
                let lift = stage.advance(&x, &mut next);
                interrupt.after(stage.work(start.count))?;
                trail.exponents.push(trail.exponents[k] - lift);
                std::mem::swap(&mut x, &mut next);
            }
        }
        Ok(trail)
    }

    /// The runs of indices that [`Self::segment`] gives, the last one first.
    pub fn segments(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (length, stride) = (self.exponents.len(), self.stride);
        let from = (0..length).step_by(stride).rev();
        from.map(move |start| start..(start + stride).min(length))
    }

    /// The stored vectors of one of [`Self::segments`].
    pub fn segment(&self, range: std::ops::Range<usize>) -> Vec<Vec<f64>> {
        let mut vectors = vec![self.kept[range.start / self.stride].clone()];
        for index in 1..range.len() {
            let mut next = vec![0.0; vectors[0].len()];
            self.stage.advance(&vectors[index - 1], &mut next);
            vectors.push(next);
        }
        vectors
    }
}

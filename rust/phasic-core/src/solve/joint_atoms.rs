//! Which rewards stay zero; the joint Laplace transform.

use super::reverse::{Evaluation, constants};
use super::{Complex, Factor, Moments, Solution, not_negative};
use crate::Error;
use crate::eliminate::ABSORBED;

/// Rewards whose atoms can be asked for together: it takes two to this power eliminations.
const MOST_REWARDS: usize = 12;

impl Moments<'_> {
    /// E of exp(−Σ zᵢ Yᵢ) for Re zᵢ ≥ 0 and rewards ≥ 0, `(n_vertices,)` each. Cost: one complex
    /// elimination.
    pub fn joint_laplace(&self, z: &[Complex], rewards: &[&[f64]]) -> Result<Complex, Error> {
        if z.len() != rewards.len() {
            let (expected, given) = (rewards.len(), z.len());
            return Err(Error::Length { name: "s", expected, given });
        }
        let mut killing = vec![Complex { re: 0.0, im: 0.0 }; self.at.initial.len()];
        for (index, (z, rewards)) in z.iter().zip(rewards).enumerate() {
            if !((0.0..f64::INFINITY).contains(&z.re) && z.im.is_finite()) {
                let value = if z.im.is_finite() { z.re } else { z.im };
                let must = "finite, with a real part of at least 0";
                return Err(Error::BadValue { name: "s", index, value, must });
            }
            not_negative(rewards)?;
            for (sum, reward) in killing.iter_mut().zip(self.rewards(Some(rewards))?) {
                *sum += Complex { re: z.re * reward, im: z.im * reward };
            }
        }
        let rows: Vec<Complex> = constants(&self.weights.rows);
        let shifted = Evaluation::new(self.trace(), rows, &killing);
        let values = shifted.factor.solve(self.trace().absorption(&shifted.factor.weights)).values;
        let mut sum = shifted.start(&values);
        sum.re += self.weights.defect;
        Ok(sum)
    }

    /// The probability that exactly the rewards of a subset become positive, for every subset of the
    /// m rewards: 2ᵐ numbers, the last reward changing fastest, the first number for none of them.
    ///
    /// `rewards`: `(n_vertices,)` each, ≥ 0, 1 to 12 of them. Nothing is subtracted. Let `g[B]` be the
    /// probability of collecting exactly the rewards in B from each state on. A state whose own
    /// rewards are R takes `g[B]` from the next state if R ⊆ B, and `g[C]` for every smaller C with
    /// C ∪ R = B; those with R ⊄ B are held. Cost: 2ᵐ eliminations.
    pub fn atoms(&self, rewards: &[&[f64]]) -> Result<Vec<f64>, Error> {
        if rewards.is_empty() || rewards.len() > MOST_REWARDS {
            let (value, must) = (rewards.len() as f64, "between 1 and 12");
            return Err(Error::BadValue { name: "number of rewards", index: 0, value, must });
        }
        let mut own = vec![0_usize; self.at.initial.len()];
        for each in rewards {
            let positive = self.positive(each)?;
            own.iter_mut().zip(positive).for_each(|(set, one)| *set = *set << 1 | usize::from(one));
        }
        let mut found: Vec<Vec<f64>> = Vec::with_capacity(1 << rewards.len());
        for wanted in 0..1 << rewards.len() {
            let held: Vec<bool> = own.iter().map(|set| set & !wanted != 0).collect();
            let factor = self.holding(held);
            let mut source = self.absorbed_where(|position| own[position] == wanted);
            for (position, &set) in own.iter().enumerate().filter(|(p, _)| !factor.holds(*p)) {
                let smaller = (0..wanted).filter(|before| before | set == wanted);
                source[position] +=
                    smaller.map(|before| self.led(position, &found[before])).sum::<f64>();
            }
            found.push(factor.solve(source).values);
        }
        let mut probabilities: Vec<f64> = found.iter().map(|g| self.at.start(g)).collect();
        probabilities[0] += self.weights.defect;
        Ok(probabilities)
    }

    /// Where a reward is positive, per position.
    pub(super) fn positive(&self, rewards: &[f64]) -> Result<Vec<bool>, Error> {
        not_negative(rewards)?;
        Ok(self.rewards(Some(rewards))?.into_iter().map(|reward| reward > 0.0).collect())
    }

    /// M without the edges out of held positions, whose solutions are their right-hand sides.
    pub(super) fn holding(&self, held: Vec<bool>) -> Factor<'_, f64> {
        let killing: Vec<f64> = held.iter().map(|&held| f64::from(u8::from(held))).collect();
        Factor::holding(self.trace(), self.weights.rows.clone(), &killing, held)
    }

    /// Probability of being absorbed without having entered a held position.
    pub(super) fn nothing(&self, factor: &Factor<f64>) -> Solution<f64> {
        factor.solve(self.absorbed_where(|position| !factor.holds(position)))
    }

    /// Rate of absorption from the positions that count.
    fn absorbed_where(&self, counts: impl Fn(usize) -> bool) -> Vec<f64> {
        let rates = self.trace().absorption(&self.weights.rows).into_iter().enumerate();
        rates.map(|(position, rate)| if counts(position) { rate } else { 0.0 }).collect()
    }

    /// Σ weight · value over the transient positions that a position leads to.
    fn led(&self, position: usize, values: &[f64]) -> f64 {
        let layout = self.trace().layout();
        let edges = layout.inner.weighted(position).chain(layout.outer.weighted(position));
        let inside = edges.filter(|&(_, target)| target != ABSORBED);
        inside.map(|(row, target)| self.weights.rows[row] * values[target as usize]).sum()
    }
}

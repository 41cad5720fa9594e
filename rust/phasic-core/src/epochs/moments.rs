//! Moments of what is collected over the epochs.

use super::law::check_times;
use super::schedule::Epochs;
use crate::solve::{not_negative, rewards_at_positions};
use crate::{Error, Interrupt};

/// Which reward counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Collected {
    /// All that is collected until absorption or a time, which may be infinite.
    Until(f64),
    /// What paths collect that are absorbed by a time; others count 0.
    AbsorbedBy(f64),
}

impl Collected {
    pub(super) fn horizon(self) -> f64 {
        match self {
            Self::Until(time) | Self::AbsorbedBy(time) => time,
        }
    }

    /// Levels that moments up to an order need.
    pub(super) fn levels(self, power: usize) -> usize {
        match self {
            Self::Until(_) => power,
            Self::AbsorbedBy(_) => power + 1,
        }
    }
}

impl Epochs {
    /// E of the powers 1 to `power` of a reward, `rewards[e]` per vertex of epoch e, at least 0
    /// unless only the expectation is asked for; None: every unit of time counts 1.
    ///
    /// `a[j] = E[Yʲ/j!; X = i]` obeys `a[j]′ = a[j] S + a[j − 1] R`, so all levels go from epoch to
    /// epoch together, and `E[Yᵏ] = k! ∫ a[k − 1] r du`.
    pub fn moments(
        &self,
        power: usize,
        rewards: Option<&[&[f64]]>,
        collected: Collected,
        interrupt: &Interrupt,
    ) -> Result<Vec<f64>, Error> {
        let (rewards, levels) = self.checked(power, rewards, collected)?;
        let coupled = if levels > 1 { &rewards[..] } else { &[] };
        let run = self.run(collected.horizon(), levels, coupled, interrupt)?;
        let mut moments = vec![0.0; power];
        for (epoch, leg) in run.legs.iter().enumerate() {
            let absorption = self.trace(epoch).absorption(&self.weights[epoch].rows);
            for (index, moment) in moments.iter_mut().enumerate() {
                *moment += match collected {
                    Collected::Until(_) => leg.spent.dot(index, &rewards[epoch]),
                    Collected::AbsorbedBy(_) => {
                        leg.spent.dot(index + 1, &absorption) + leg.absorbed[index + 1]
                    }
                };
            }
        }
        let mut factorial = 1.0;
        for (index, moment) in moments.iter_mut().enumerate() {
            factorial *= (index + 1) as f64;
            *moment *= factorial;
        }
        Ok(moments)
    }

    /// Rewards per epoch and position, and the number of levels, for moments up to an order.
    pub(super) fn checked(
        &self,
        power: usize,
        rewards: Option<&[&[f64]]>,
        collected: Collected,
    ) -> Result<(Vec<Vec<f64>>, usize), Error> {
        check_times(&[collected.horizon()])?;
        let levels = collected.levels(power);
        if levels > 1 {
            rewards.unwrap_or_default().iter().try_for_each(|rewards| not_negative(rewards))?;
        }
        Ok((self.positions(rewards)?, levels))
    }

    fn positions(&self, rewards: Option<&[&[f64]]>) -> Result<Vec<Vec<f64>>, Error> {
        if let Some(given) = rewards.map(<[_]>::len).filter(|&given| given != self.len()) {
            let name = "rewards (one vector per epoch)";
            return Err(Error::Length { name, expected: self.len(), given });
        }
        let of = |epoch: usize| {
            rewards_at_positions(self.trace(epoch), rewards.map(|rewards| rewards[epoch]))
        };
        (0..self.len()).map(of).collect()
    }
}

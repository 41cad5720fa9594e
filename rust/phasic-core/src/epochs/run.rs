//! From epoch to epoch: vectors at starts and ends, and what was spent in between.

use super::infinite::Rest;
use super::levels::Levels;
use super::passage::pass;
use super::schedule::Epochs;
use crate::{Error, Interrupt};

/// One epoch of a run.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    /// At the start, after the map.
    pub start: Levels,
    /// Per level: what the map at the start has absorbed.
    pub absorbed: Vec<f64>,
    /// `∫ x du` over the epoch.
    pub spent: Levels,
    /// At the end, before the map of the next epoch; None in an epoch without end.
    pub end: Option<Levels>,
    pub duration: f64,
    /// The last jump that was needed.
    pub last: usize,
}

/// All epochs that begin up to a horizon.
#[derive(Debug)]
pub(super) struct Run {
    pub legs: Vec<Leg>,
}

impl Epochs {
    /// Runs `levels` levels up to a horizon; rewards per epoch and position, or none for one level.
    pub(super) fn run(
        &self,
        horizon: f64,
        levels: usize,
        rewards: &[Vec<f64>],
        interrupt: &Interrupt,
    ) -> Result<Run, Error> {
        let last = self.epoch_of(horizon);
        let mut legs = match levels {
            // What all numbers of one level share.
            1 => self.base(interrupt)?.legs[..=last].to_vec(),
            _ => self.legs(last, levels, rewards, interrupt)?,
        };
        let Leg { start, absorbed, .. } = legs.pop().expect("there is an epoch at every time");
        legs.push(self.leg(
            last,
            (start, absorbed),
            rewards_of(rewards, last),
            horizon,
            interrupt,
        )?);
        Ok(Run { legs })
    }

    /// The epochs up to one of them, of which nothing but the start is wanted.
    pub(super) fn legs(
        &self,
        last: usize,
        levels: usize,
        rewards: &[Vec<f64>],
        interrupt: &Interrupt,
    ) -> Result<Vec<Leg>, Error> {
        let initial = self.trace(0).initial(&self.weights[0].rows);
        let (mut start, mut absorbed) = (Levels::new(&initial, levels), vec![0.0; levels]);
        let mut legs: Vec<Leg> = Vec::with_capacity(self.len());
        let horizon = self.list[last].start;
        for epoch in 0..=last {
            if let Some(before) = legs.last() {
                (start, absorbed) = self.enter(epoch, before);
            }
            let from = (start.clone(), absorbed.clone());
            legs.push(self.leg(epoch, from, rewards_of(rewards, epoch), horizon, interrupt)?);
        }
        Ok(legs)
    }

    pub(super) fn leg(
        &self,
        epoch: usize,
        (start, absorbed): (Levels, Vec<f64>),
        rewards: &[f64],
        horizon: f64,
        interrupt: &Interrupt,
    ) -> Result<Leg, Error> {
        let duration = self.duration(epoch, horizon);
        if duration.is_infinite() {
            let spent = Rest::new(self, epoch, &start)?.spend(&start, rewards);
            return Ok(Leg { start, absorbed, spent, end: None, duration, last: 0 });
        }
        let stage = self.stage(epoch, rewards);
        let passage = pass(&stage, &start, duration, self.tolerance, interrupt)?;
        let (spent, end, last) = (passage.spent, Some(passage.end), passage.last);
        Ok(Leg { start, absorbed, spent, end, duration, last })
    }

    /// Through the map of an epoch. The power of two stays.
    fn enter(&self, epoch: usize, before: &Leg) -> (Levels, Vec<f64>) {
        let end = before.end.as_ref().expect("only the last epoch has no end");
        let Some(map) = &self.list[epoch].map else {
            return (end.clone(), vec![0.0; end.count]);
        };
        let (count, exponent) = (end.count, end.exponent);
        let mut start = Levels { n: map.n_to(), count, values: Vec::new(), exponent };
        let mut absorbed = Vec::with_capacity(end.count);
        for level in 0..end.count {
            let (mapped, lost) = map.forward(end.level(level));
            start.values.extend(mapped);
            absorbed.push(super::levels::shifted(lost, end.exponent));
        }
        (start, absorbed)
    }
}

fn rewards_of(rewards: &[Vec<f64>], epoch: usize) -> &[f64] {
    rewards.get(epoch).map_or(&[][..], Vec::as_slice)
}

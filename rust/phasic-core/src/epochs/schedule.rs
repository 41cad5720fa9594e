//! The list of epochs, checked, with what every computation shares.

use std::sync::{Arc, OnceLock};

use super::map::Map;
use super::run::Run;
use super::stage::Stage;
use crate::dist::ChainPattern;
use crate::{Error, Interrupt, Trace, Weights};

/// From `start` on, the chain is this trace at this θ.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// When the epoch begins; it lasts until the next one does, the last one for ever.
    pub start: f64,
    /// The graph and its recorded elimination.
    pub trace: Arc<Trace>,
    /// θ, `(n_parameters,)`.
    pub theta: Vec<f64>,
    /// What happens to the states of the epoch before; None: they stay, in the same graph.
    pub map: Option<Arc<Map>>,
}

/// A chain whose rates change at fixed times; see the module's head.
///
/// The initial distribution is that of the first epoch's graph. Relative truncation error at most
/// the tolerance in every entry of every vector; rounding adds about 1e-16 per jump. Stiff epochs go by
/// contours, whose estimated error is (see [`propagate`](super::propagate)).
#[derive(Debug)]
pub struct Epochs {
    pub(super) list: Vec<Epoch>,
    pub(super) weights: Vec<Weights>,
    pub(super) tolerance: f64,
    patterns: Vec<Arc<ChainPattern>>,
    base: OnceLock<Run>,
}

impl Epochs {
    /// Checks the epochs and evaluates their edges.
    ///
    /// Errors: no epoch at all, a first start that is not 0, starts that are not finite or do not
    /// increase, another graph without a map to it, and those of [`crate::Graph::weights`].
    pub fn new(epochs: Vec<Epoch>, tolerance: f64) -> Result<Self, Error> {
        check(&epochs)?;
        let mut weights = Vec::with_capacity(epochs.len());
        let mut patterns: Vec<Arc<ChainPattern>> = Vec::with_capacity(epochs.len());
        for (index, epoch) in epochs.iter().enumerate() {
            weights.push(epoch.trace.graph().weights(&epoch.theta)?);
            let same = epochs[..index].iter().position(|one| one.trace.key() == epoch.trace.key());
            let pattern = same.map_or_else(
                || Arc::new(ChainPattern::new(&epoch.trace)),
                |one| Arc::clone(&patterns[one]),
            );
            patterns.push(pattern);
        }
        let tolerance = tolerance / epochs.len() as f64;
        Ok(Self { list: epochs, weights, tolerance, patterns, base: OnceLock::new() })
    }

    /// How many epochs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Never: there is at least one epoch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The trace of an epoch.
    #[must_use]
    pub fn trace(&self, epoch: usize) -> &Trace {
        &self.list[epoch].trace
    }

    /// The probability that the chain starts absorbed.
    #[must_use]
    pub fn defect(&self) -> f64 {
        self.weights[0].defect
    }

    /// The epoch that a time ≥ 0 lies in: from its start on.
    #[must_use]
    pub fn epoch_of(&self, time: f64) -> usize {
        self.list.partition_point(|epoch| epoch.start <= time) - 1
    }

    /// How long an epoch lasts at most up to a time.
    pub(super) fn duration(&self, epoch: usize, horizon: f64) -> f64 {
        let end = self.list.get(epoch + 1).map_or(f64::INFINITY, |next| next.start);
        end.min(horizon) - self.list[epoch].start
    }

    /// `rewards`: per position, or empty.
    pub(super) fn stage(&self, epoch: usize, rewards: &[f64]) -> Stage<'_> {
        let duration = self.duration(epoch, f64::INFINITY);
        let weights = &self.weights[epoch].rows;
        Stage::new(self.trace(epoch), &self.patterns[epoch], weights, rewards, duration)
    }

    /// Probabilities at the starts of all epochs and the times spent in all but the last one,
    /// computed once.
    pub(super) fn base(&self, interrupt: &Interrupt) -> Result<&Run, Error> {
        if let Some(run) = self.base.get() {
            return Ok(run);
        }
        let run = Run { legs: self.legs(self.len() - 1, 1, &[], interrupt)? };
        Ok(self.base.get_or_init(|| run))
    }
}

fn check(epochs: &[Epoch]) -> Result<(), Error> {
    let Some(first) = epochs.first() else { return Err(Error::NoEpochs) };
    for (index, epoch) in epochs.iter().enumerate() {
        let start = epoch.start;
        if !(0.0..f64::INFINITY).contains(&start) {
            let (name, must) = ("the start of epochs", "a finite time, at least 0");
            return Err(Error::BadValue { name, index, value: start, must });
        }
        if index > 0 && start <= epochs[index - 1].start {
            let before = epochs[index - 1].start;
            return Err(Error::EpochOrder { index, start, before });
        }
        check_map(epochs, index)?;
    }
    if first.start == 0.0 { Ok(()) } else { Err(Error::FirstEpoch { start: first.start }) }
}

fn check_map(epochs: &[Epoch], index: usize) -> Result<(), Error> {
    let trace = &epochs[index].trace;
    match (&epochs[index].map, index) {
        (None, 0) => Ok(()),
        (Some(_), 0) => Err(Error::FirstMap),
        (None, _) if epochs[index - 1].trace.key() == trace.key() => Ok(()),
        (None, _) => Err(Error::NoMap { index }),
        (Some(map), _) => {
            let expected = epochs[index - 1].trace.n_transient();
            let sizes = [(expected, map.n_from()), (trace.n_transient(), map.n_to())];
            match sizes.into_iter().find(|(expected, given)| expected != given) {
                None => Ok(()),
                Some((expected, given)) => {
                    Err(Error::Length { name: "the map into an epoch", expected, given })
                }
            }
        }
    }
}

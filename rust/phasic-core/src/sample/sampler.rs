//! `Sampler`: a chain at one θ, ready to be walked.

use rayon::prelude::*;

use super::chain::Chain;
use super::paths::{Paths, Trail};
use super::records::{Places, Sums, Totals};
use super::source::{Key, Source};
use super::threads::{Stop, listening};
use super::walk::{Record, walk};
use crate::graph::PROBABILITY_SLACK;
use crate::{Clock, Error, Graph, Interrupt, Weights, iterate};

/// Walks that share a stream of random numbers. Part of what a key means: with another number it
/// would give other samples.
pub(super) const STREAM: usize = 128;

/// Streams that a thread walks side by side. Changes nothing but the speed.
const ABREAST: usize = 8;

/// Draws from the law of a chain at one θ. Vertices are in canonical order.
///
/// A walk costs a few nanoseconds for each vertex on its way, however long it stays there; more if
/// the graph is larger than the processor's caches.
#[derive(Debug)]
pub struct Sampler {
    chain: Chain,
    clock: Clock,
    n_vertices: usize,
}

impl Sampler {
    /// Cost and memory: linear in the edges.
    ///
    /// Errors: those of [`Graph::weights`], a class of vertices that can be entered but never left,
    /// and weights in discrete time that sum to more than 1 where the graph is not normalized.
    pub fn new(graph: &Graph, theta: &[f64], clock: Clock) -> Result<Self, Error> {
        let weights = graph.weights(theta)?;
        iterate::trapped(graph, &graph.edge_weights(&weights), theta)?;
        let chain = match clock {
            Clock::Time => Chain::new(graph, &weights, |_, rate| Ok(1.0 / rate))?,
            Clock::Steps => Chain::new(graph, &weights, |vertex, away| {
                let leave = leaving(graph, &weights, vertex, away)?;
                Ok(-1.0 / (-leave).ln_1p())
            })?,
        };
        Ok(Self { chain, clock, n_vertices: graph.n_vertices() })
    }

    /// Times, or numbers of steps, until absorption: one for each entry of `out`.
    pub fn times(&self, key: &Key, out: &mut [f64], interrupt: &Interrupt) -> Result<(), Error> {
        self.fill(key, out, 1, interrupt, |_, rows| Totals { rows: rows.iter_mut() })
    }

    /// Rewards collected until absorption, `(n, k)` row by row: every stay adds its length times
    /// the rewards of the vertex.
    ///
    /// `rewards`: `(n_vertices, k)` row by row, finite.
    pub fn rewards(
        &self,
        key: &Key,
        rewards: &[f64],
        out: &mut [f64],
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        let (expected, given) = (self.n_vertices, rewards.len());
        if given == 0 || !given.is_multiple_of(expected) {
            return Err(Error::RewardLength { expected, given });
        }
        if let Some(index) = rewards.iter().position(|reward| !reward.is_finite()) {
            return Err(Error::BadReward { index, value: rewards[index], must: "finite" });
        }
        let k = given / expected;
        self.fill(key, out, k, interrupt, |_, rows| Sums::new(rewards, rows, k))
    }

    /// The vertex where each of many independent walks is at its time, or after its number of
    /// steps: entry i at `times[i % times.len()]`. Absorbed walks are at the absorbing vertex; those
    /// that never start, at vertex 0.
    pub fn vertices(
        &self,
        key: &Key,
        times: &[f64],
        out: &mut [u32],
        interrupt: &Interrupt,
    ) -> Result<(), Error> {
        if times.is_empty() && !out.is_empty() {
            return Err(Error::Length { name: "time", expected: out.len(), given: 0 });
        }
        if let Some(index) = times.iter().position(|time| !(0.0..=f64::INFINITY).contains(time)) {
            let (name, must) = ("time", "at least 0");
            return Err(Error::BadValue { name, index, value: times[index], must });
        }
        self.fill(key, out, 1, interrupt, |first, rows| {
            let index = first % times.len();
            Places { times, index, rows: rows.iter_mut() }
        })
    }

    /// `n` whole paths.
    pub fn paths(&self, key: &Key, n: usize, interrupt: &Interrupt) -> Result<Paths, Error> {
        let trails = listening(interrupt, |stop| {
            let group = STREAM * ABREAST;
            let groups = (0..n.div_ceil(group)).into_par_iter().map(|index| {
                let first = index * group;
                let trails = (first..n.min(first + group)).step_by(STREAM).map(|first| {
                    (Source::new(key, first / STREAM), Trail::new(STREAM.min(n - first)))
                });
                self.walk(trails, stop)
            });
            groups.collect::<Result<Vec<_>, Error>>()
        });
        Ok(Paths::joined(trails?.into_iter().flatten().collect()))
    }

    /// Fills rows of `out`; `record` is told the first row of a stream and gets its rows.
    fn fill<'a, T: Send, R: Record>(
        &self,
        key: &Key,
        out: &'a mut [T],
        width: usize,
        interrupt: &Interrupt,
        record: impl Fn(usize, &'a mut [T]) -> R + Sync,
    ) -> Result<(), Error> {
        listening(interrupt, |stop| {
            out.par_chunks_mut(STREAM * ABREAST * width).enumerate().try_for_each(
                |(group, rows)| {
                    let streams =
                        rows.chunks_mut(STREAM * width).enumerate().map(|(lane, rows)| {
                            let stream = group * ABREAST + lane;
                            (Source::new(key, stream), record(stream * STREAM, rows))
                        });
                    self.walk(streams, stop).map(drop)
                },
            )
        })
    }

    fn walk<R: Record>(
        &self,
        streams: impl Iterator<Item = (Source, R)>,
        stop: &Stop,
    ) -> Result<Vec<R>, Error> {
        match self.clock {
            Clock::Time => walk::<R, false>(&self.chain, streams, stop),
            Clock::Steps => walk::<R, true>(&self.chain, streams, stop),
        }
    }
}

/// The probability of leaving a vertex in a step, `away` being the weight of what leads elsewhere.
fn leaving(graph: &Graph, weights: &Weights, vertex: usize, away: f64) -> Result<f64, Error> {
    let edges = graph.edges(vertex);
    let sum: f64 = graph.rows[edges].iter().map(|&row| weights.rows[row as usize]).sum();
    if graph.normalized() {
        return Ok(away / sum);
    }
    if sum > 1.0 + PROBABILITY_SLACK {
        return Err(Error::ExitProbability { state: graph.name(vertex), sum });
    }
    Ok(away.min(1.0))
}

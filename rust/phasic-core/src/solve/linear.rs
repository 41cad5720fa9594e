//! Numbers that one solve gives, with their derivatives.

use super::parts::{Linear, Parts, per_vertex};
use super::reverse::{Evaluation, constants, product};
use super::{Moments, Scalar};
use crate::eliminate::ABSORBED;
use crate::{Error, Trace};

impl Moments<'_> {
    /// `Σ seeds · waiting`, the one at the starting vertex being α · x.
    pub(super) fn waiting_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        seeds: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<Parts<T>, Error> {
        let at_positions = self.seeds(seeds)?;
        let rewards = constants(&self.rewards(rewards)?);
        let mut linear = Linear::new(at, &at_positions, seeds[0], rewards);
        let in_rewards = std::mem::take(&mut linear.source);
        Ok(linear.parts(vec![in_rewards]))
    }

    /// `Σ seeds · residence` is the expectation of the reward `seeds · rewards`.
    pub(super) fn residence_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        seeds: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<Parts<T>, Error> {
        let seeds: Vec<T> = constants(&self.seeds(seeds)?);
        let rewards: Vec<T> = constants(&self.rewards(rewards)?);
        let linear = Linear::new(at, &[], 1.0, product(&seeds, &rewards));
        let in_rewards = product(&seeds, &linear.source);
        Ok(linear.parts(vec![in_rewards]))
    }

    /// `Σ seeds · visits`: every entry of a vertex, by the start or by an edge, counts its seed.
    pub(super) fn visits_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        seeds: &[f64],
    ) -> Result<Parts<T>, Error> {
        self.seeds(seeds)?;
        let mut parts = arrivals(at, &[], 1.0, seeds);
        self.enter(at, &mut parts, 1.0, seeds);
        parts.value += T::constant(seeds[0]);
        Ok(parts)
    }

    /// `Σ seeds · probabilities` of ending in a vertex: one entry of it counts 1.
    pub(super) fn absorption_back<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        seeds: &[f64],
        vertex: usize,
    ) -> Result<Parts<T>, Error> {
        self.check_absorbing(vertex)?;
        let at_positions = self.seeds(seeds)?;
        let mut counts = vec![0.0; seeds.len()];
        counts[vertex] = 1.0;
        let mut parts = arrivals(at, &at_positions, seeds[0], &counts);
        self.enter(at, &mut parts, seeds[0], &counts);
        parts.value += T::constant(seeds[vertex]);
        Ok(parts)
    }

    /// The defect is 1 minus the probabilities of starting in transient states.
    pub(super) fn defect_back<T: Scalar>(&self, rows: &[T]) -> Parts<T> {
        let graph = self.trace().graph();
        let mut value = T::constant(self.weights.defect);
        let mut initial = vec![T::ZERO; self.trace().n_vertices()];
        for &vertex in &self.trace().schedule().pivots {
            initial[vertex as usize] = T::constant(-1.0);
        }
        for &(edge, _) in self.trace().layout().start.iter().filter(|&&(_, t)| t != ABSORBED) {
            let row = graph.rows[edge as usize] as usize;
            // The value is known: this is zero, and the slope of the probability.
            value -= rows[row] - T::constant(self.weights.rows[row]);
        }
        Parts { value, edges: vec![T::ZERO; graph.n_edges()], initial, rewards: Vec::new() }
    }

    /// E of exp(−s · reward) and its derivative in s: absorption of a chain killed at rate s · reward.
    pub(super) fn laplace_back<T: Scalar>(
        &self,
        rows: &[T],
        s: T,
        rewards: Option<&[f64]>,
    ) -> Result<(Parts<T>, T), Error> {
        let rewards: Vec<T> = constants(&self.rewards(rewards)?);
        let killing: Vec<T> = rewards.iter().map(|&reward| reward * s).collect();
        let at = Evaluation::new(self.trace(), rows.to_vec(), &killing);
        let counts = absorbing(self.trace());
        let linear = linear_arrivals(&at, &[], 1.0, &counts);
        let mut in_s = T::ZERO;
        for (&share, &reward) in linear.killing.iter().zip(&rewards) {
            in_s += share * reward;
        }
        let in_rewards = linear.killing.iter().map(|&share| share * s).collect();
        let mut parts = linear.parts(vec![in_rewards]);
        let defect = self.defect_back(rows);
        parts.value = defect.value + parts.value;
        for (sum, &share) in parts.initial.iter_mut().zip(&defect.initial) {
            *sum += share;
        }
        Ok((parts, in_s))
    }

    /// Adds what the starting vertex enters at once: `start · Σ probability · counts`.
    fn enter<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        parts: &mut Parts<T>,
        start: f64,
        counts: &[f64],
    ) {
        let graph = self.trace().graph();
        let mut entered = T::ZERO;
        for edge in graph.edges(0) {
            let count = T::constant(start * counts[graph.target(edge)]);
            entered += at.factor.weights[graph.rows[edge] as usize] * count;
        }
        parts.value = entered + parts.value;
        for (sum, count) in parts.initial.iter_mut().zip(counts).skip(1) {
            *sum += T::constant(start * count);
        }
    }

    /// Seeds per position, checked.
    fn seeds(&self, seeds: &[f64]) -> Result<Vec<f64>, Error> {
        let (expected, given) = (self.trace().n_vertices(), seeds.len());
        if expected != given {
            return Err(Error::Length { name: "seeds", expected, given });
        }
        if let Some(index) = seeds.iter().position(|seed| !seed.is_finite()) {
            let (value, must) = (seeds[index], "finite");
            return Err(Error::BadValue { name: "seeds", index, value, must });
        }
        Ok(self.trace().at_positions(seeds))
    }
}

/// The expected number of edges taken, each counting what its target does: from every position
/// with weights `seeds`, and from the start. `counts`: per vertex.
fn arrivals<T: Scalar>(
    at: &Evaluation<'_, T>,
    seeds: &[f64],
    start: f64,
    counts: &[f64],
) -> Parts<T> {
    linear_arrivals(at, seeds, start, counts).parts(Vec::new())
}

fn linear_arrivals<T: Scalar>(
    at: &Evaluation<'_, T>,
    seeds: &[f64],
    start: f64,
    counts: &[f64],
) -> Linear<T> {
    let trace = at.trace();
    let graph = trace.graph();
    // Self-loops take no part in continuous time.
    let moves = |vertex: usize| graph.edges(vertex).filter(move |&e| graph.target(e) != vertex);
    let rate = |&vertex: &u32| {
        let mut sum = T::ZERO;
        for edge in moves(vertex as usize) {
            let count = T::constant(counts[graph.target(edge)]);
            sum += at.factor.weights[graph.rows[edge] as usize] * count;
        }
        sum
    };
    let rates = trace.schedule().pivots.iter().map(rate).collect();
    let mut linear = Linear::new(at, seeds, start, rates);
    for (&vertex, &share) in trace.schedule().pivots.iter().zip(&linear.source) {
        for edge in moves(vertex as usize) {
            linear.edges[edge] += share * T::constant(counts[graph.target(edge)]);
        }
    }
    linear
}

/// 1 at absorbing vertices.
fn absorbing(trace: &Trace) -> Vec<f64> {
    let transient = per_vertex(trace, &vec![1.0; trace.n_transient()]);
    transient
        .iter()
        .enumerate()
        .map(|(vertex, &t)| if vertex == 0 { 0.0 } else { 1.0 - t })
        .collect()
}

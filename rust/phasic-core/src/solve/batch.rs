//! Many θ at once: eight side by side in one elimination, and chunks of eight over threads.

use rayon::prelude::*;

use super::moments::{check_absorbed, rewards_at_positions};
use super::reverse::{Evaluation, constants};
use super::{Factor, Lanes, Scalar};
use crate::{Error, Trace};

/// θ that one elimination carries side by side: a cache line of doubles.
const WIDTH: usize = 8;
type Row = Lanes<WIDTH>;

/// A trace evaluated at many θ.
///
/// Each θ gives the same bits as alone, at any number of threads. Uses Rayon's global pool; inside
/// an XLA handler XLA's own pool does this work instead.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    trace: &'a Trace,
    thetas: &'a [f64],
}

impl<'a> Batch<'a> {
    /// `thetas`: `(k, n_parameters)` row by row.
    ///
    /// Errors: a length that is not a multiple of the number of parameters.
    pub fn new(trace: &'a Trace, thetas: &'a [f64]) -> Result<Self, Error> {
        let p = trace.n_parameters();
        if p == 0 || !thetas.len().is_multiple_of(p) {
            return Err(Error::ThetaLength { expected: p, given: thetas.len() });
        }
        Ok(Self { trace, thetas })
    }

    /// The expectation of a reward at every θ, `(k,)`. Errors: as for [`super::Moments`], for the
    /// first θ that has one.
    pub fn expectations(&self, rewards: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        let rewards: Vec<Row> = constants(&rewards_at_positions(self.trace, rewards)?);
        let values = |chunk: &[f64]| {
            let at = self.evaluate(chunk)?;
            let value = at.start(&at.powers(1, &rewards)[0].values);
            Ok(value.0[..chunk.len() / self.trace.n_parameters()].to_vec())
        };
        Ok(self.chunks(values)?.concat())
    }

    /// The expectation of a reward at every θ, `(k,)`, and its gradients, `(k, n_parameters)` row
    /// by row.
    pub fn expectation_gradients(
        &self,
        rewards: Option<&[f64]>,
    ) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let rewards: Vec<Row> = constants(&rewards_at_positions(self.trace, rewards)?);
        let parts = self.chunks(|chunk| {
            let at = self.evaluate(chunk)?;
            let solutions = at.powers(1, &rewards);
            let value = at.start(&solutions[0].values);
            let theta = at.powers_to_theta(&solutions, &[Row::constant(1.0)], &rewards);
            let k = chunk.len() / theta.len();
            let gradients = (0..k).flat_map(|lane| theta.iter().map(move |row| row.0[lane]));
            Ok((value.0[..k].to_vec(), gradients.collect::<Vec<f64>>()))
        })?;
        let (values, gradients): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Ok((values.concat(), gradients.concat()))
    }

    /// One elimination for up to eight θ; spare lanes repeat the first.
    fn evaluate(&self, chunk: &[f64]) -> Result<Evaluation<'a, Row>, Error> {
        let graph = self.trace.graph();
        let mut rows = vec![Row::ZERO; graph.row_bases.len()];
        let thetas: Vec<&[f64]> = chunk.chunks_exact(self.trace.n_parameters()).collect();
        for lane in 0..WIDTH {
            let weights = graph.weights(thetas[if lane < thetas.len() { lane } else { 0 }])?;
            for (row, weight) in rows.iter_mut().zip(weights.rows) {
                row.0[lane] = weight;
            }
        }
        let at = Evaluation::new(self.trace, rows, &[]);
        if at.factor.dead().next().is_some() {
            for theta in thetas {
                let weights = graph.weights(theta)?;
                let alone = Factor::new(self.trace, weights.rows.clone(), &[]);
                check_absorbed(self.trace, &alone, &weights)?;
            }
        }
        Ok(at)
    }

    fn chunks<R: Send>(
        &self,
        compute: impl Fn(&[f64]) -> Result<R, Error> + Send + Sync,
    ) -> Result<Vec<R>, Error> {
        self.thetas.par_chunks(WIDTH * self.trace.n_parameters()).map(compute).collect()
    }
}

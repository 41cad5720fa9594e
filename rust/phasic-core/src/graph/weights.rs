//! Edge weights at one θ, and the way back from edge derivatives to dθ.

use super::Graph;
use crate::error::Error;
use crate::solve::Scalar;

/// How far above 1 a sum of probabilities may be: room for probabilities given to ten digits.
pub(crate) const PROBABILITY_SLACK: f64 = 1e-9;

/// Weights at one θ.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Of each distinct row of weights; [`Graph::edge_weights`] spreads them over the edges.
    pub rows: Vec<f64>,
    /// θ, `(n_parameters,)`.
    pub theta: Vec<f64>,
    /// Probability that the chain starts absorbed: 1 minus the initial probabilities, plus those
    /// of edges from the starting vertex to absorbing ones.
    pub defect: f64,
}

impl Graph {
    /// Evaluates `base + coefficients · θ` for every distinct row of weights and checks the result.
    ///
    /// Errors: θ of the wrong length or not finite, a weight that is negative or not finite, initial
    /// probabilities that sum to more than 1.
    pub fn weights(&self, theta: &[f64]) -> Result<Weights, Error> {
        if theta.len() != self.n_parameters {
            let (expected, given) = (self.n_parameters, theta.len());
            return Err(Error::ThetaLength { expected, given });
        }
        if let Some(index) = theta.iter().position(|value| !value.is_finite()) {
            return Err(Error::BadTheta { index, value: theta[index] });
        }
        let rows: Vec<f64> = (0..self.row_bases.len())
            .map(|row| {
                let products = self.coefficients(row).iter().zip(theta).map(|(c, t)| c * t);
                self.row_bases[row] + products.sum::<f64>()
            })
            .collect();
        if let Some(row) = rows.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
            return Err(self.bad_weight(row, rows[row]));
        }
        let defect = self.defect(&rows)?;
        Ok(Weights { rows, theta: theta.to_vec(), defect })
    }

    /// The weight of each edge, `(n_edges,)`.
    #[must_use]
    pub fn edge_weights(&self, weights: &Weights) -> Vec<f64> {
        self.rows.iter().map(|&row| weights.rows[row as usize]).collect()
    }

    /// The change of each row of weights as θ moves along a direction.
    pub(crate) fn push_forward(&self, direction: &[f64]) -> Vec<f64> {
        let slope = |row| self.coefficients(row).iter().zip(direction).map(|(c, d)| c * d).sum();
        (0..self.row_bases.len()).map(slope).collect()
    }

    /// Σ over edges of `derivative · ∂weight/∂θ`, `(n_parameters,)`; the rows are summed first.
    #[must_use]
    pub fn pull_back<T: Scalar>(&self, edge_derivatives: &[T]) -> Vec<T> {
        let mut rows = vec![T::ZERO; self.row_bases.len()];
        for (&row, &derivative) in self.rows.iter().zip(edge_derivatives) {
            rows[row as usize] += derivative;
        }
        self.rows_to_theta(&rows)
    }

    /// Σ over rows of weights of `derivative · ∂row/∂θ`, `(n_parameters,)`.
    pub(crate) fn rows_to_theta<T: Scalar>(&self, rows: &[T]) -> Vec<T> {
        let mut theta = vec![T::ZERO; self.n_parameters];
        for (row, &derivative) in rows.iter().enumerate() {
            for (sum, &coefficient) in theta.iter_mut().zip(self.coefficients(row)) {
                *sum += derivative * T::constant(coefficient);
            }
        }
        theta
    }

    pub(crate) fn coefficients(&self, row: usize) -> &[f64] {
        &self.row_coefficients[row * self.n_parameters..(row + 1) * self.n_parameters]
    }

    fn defect(&self, rows: &[f64]) -> Result<f64, Error> {
        let weight = |edge: usize| rows[self.rows[edge] as usize];
        let start: Vec<f64> = self.edges(0).map(weight).collect();
        let sum: f64 = start.iter().sum();
        if sum > 1.0 + PROBABILITY_SLACK {
            let largest = (0..start.len()).max_by(|&a, &b| start[a].total_cmp(&start[b]));
            let edge = largest.expect("a positive sum has a term");
            let to = self.name(self.target(edge));
            return Err(Error::InitialProbability { sum, to, value: start[edge] });
        }
        let absorbed: f64 =
            self.edges(0).filter(|&edge| self.is_absorbing(self.target(edge))).map(weight).sum();
        // A sum of n rounded terms is off by up to n ulp: less than that is not missing.
        let rounding = 4.0 * f64::EPSILON * start.len() as f64;
        let missing = 1.0 - sum;
        Ok(absorbed + if missing <= rounding { 0.0 } else { missing })
    }

    fn bad_weight(&self, row: usize, value: f64) -> Error {
        let edge = self.rows.iter().position(|&r| r as usize == row).expect("rows are in use");
        let source = (0..self.n_vertices())
            .find(|&vertex| self.edges(vertex).contains(&edge))
            .expect("every edge has a source");
        let (from, to) = (self.name(source), self.name(self.target(edge)));
        Error::BadWeight { from, to, what: "the weight", value }
    }
}

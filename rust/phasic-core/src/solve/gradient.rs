//! Derivatives of everything that follows from one factorization, each by one sweep back.

use super::parts::Parts;
use super::reverse::{Evaluation, constants};
use super::{Clock, Complex, Dual, Moments, Quantity, Scalar};
use crate::Error;

/// A number with its derivatives. The cost is that of two to four values, whatever the number of
/// parameters, edges and rewards.
///
/// Where the number is a sum of non-negative terms, as all but covariances are, the error of the
/// derivative in a weight w is some roundings of number / w, however stiff the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient<T = f64> {
    /// The number.
    pub value: T,
    /// In θ, `(n_parameters,)`.
    pub theta: Vec<T>,
    /// In the weight of each edge of the canonical graph, `(n_edges,)`; those out of the starting
    /// vertex are the initial probabilities.
    pub edges: Vec<T>,
    /// In the probability of starting in each vertex, `(n_vertices,)`.
    pub initial: Vec<T>,
    /// In each vector of rewards, `(n_vertices,)` each.
    pub rewards: Vec<Vec<T>>,
}

impl Moments<'_> {
    /// A number and its derivatives.
    ///
    /// Errors: seeds or rewards that are not finite or of the wrong length, and those of the function
    /// that gives the number alone.
    pub fn gradient(&self, quantity: &Quantity<'_>) -> Result<Gradient, Error> {
        Ok(self.parts(&self.at, quantity)?.gradient(self.trace()))
    }

    /// A number and its derivatives, each with its slope as θ moves along a direction,
    /// `(n_parameters,)`: the slopes of `theta` are the Hessian times the direction.
    ///
    /// Forward over reverse: the sweep back runs on dual numbers.
    pub fn hessian_product(
        &self,
        quantity: &Quantity<'_>,
        direction: &[f64],
    ) -> Result<Gradient<Dual>, Error> {
        let at = Evaluation::new(self.trace(), self.along(direction)?, &[]);
        Ok(self.parts(&at, quantity)?.gradient(self.trace()))
    }

    /// The weight of each row, with its slope as θ moves along a direction.
    pub(crate) fn along(&self, direction: &[f64]) -> Result<Vec<Dual>, Error> {
        let graph = self.trace().graph();
        if direction.len() != graph.n_parameters() {
            let (expected, given) = (graph.n_parameters(), direction.len());
            return Err(Error::Length { name: "direction", expected, given });
        }
        let slopes = graph.push_forward(direction);
        let dual = |(&value, slope): (&f64, f64)| Dual { value, slope };
        Ok(self.weights.rows.iter().zip(slopes).map(dual).collect())
    }

    /// The expectation of a reward.
    pub fn expectation_gradient(&self, rewards: Option<&[f64]>) -> Result<Gradient, Error> {
        self.moments_gradient(&[1.0], rewards)
    }

    /// `Σ seeds[k − 1] · E[Yᵏ]` of the reward Y collected per unit of time.
    pub fn moments_gradient(
        &self,
        seeds: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<Gradient, Error> {
        self.gradient(&Quantity::Moments { clock: Clock::Time, seeds, rewards })
    }

    /// `Σ seeds[k − 1] · E[Yᵏ]` of the reward Y collected per step of the discrete chain.
    ///
    /// Weights act on the probability of staying too, which is what they leave of 1.
    pub fn discrete_gradient(
        &self,
        seeds: &[f64],
        rewards: Option<&[f64]>,
    ) -> Result<Gradient, Error> {
        self.gradient(&Quantity::Moments { clock: Clock::Steps, seeds, rewards })
    }

    /// E of exp(−s · reward), and its derivative in s.
    pub fn laplace_gradient(
        &self,
        s: f64,
        rewards: Option<&[f64]>,
    ) -> Result<(Gradient, f64), Error> {
        self.killing(s, rewards)?;
        let (parts, in_s) = self.laplace_back(&self.weights.rows, s, rewards)?;
        Ok((parts.gradient(self.trace()), in_s))
    }

    /// As [`Self::laplace_gradient`], each derivative with its slope as θ moves along a direction and s
    /// at a speed.
    pub(crate) fn laplace_hessian_product(
        &self,
        s: f64,
        rewards: Option<&[f64]>,
        direction: &[f64],
        speed: f64,
    ) -> Result<(Gradient<Dual>, Dual), Error> {
        self.killing(s, rewards)?;
        let rows = self.along(direction)?;
        let (parts, in_s) = self.laplace_back(&rows, Dual { value: s, slope: speed }, rewards)?;
        Ok((parts.gradient(self.trace()), in_s))
    }

    /// E of exp(−z · reward) for Re z ≥ 0, and its derivative in z. The transform is analytic in all
    /// that it depends on: each derivative is one complex number.
    pub fn laplace_gradient_at(
        &self,
        z: Complex,
        rewards: Option<&[f64]>,
    ) -> Result<(Gradient<Complex>, Complex), Error> {
        self.complex_killing(z, rewards)?;
        let rows: Vec<Complex> = constants(&self.weights.rows);
        let (parts, in_z) = self.laplace_back(&rows, z, rewards)?;
        Ok((parts.gradient(self.trace()), in_z))
    }

    fn parts<T: Scalar>(
        &self,
        at: &Evaluation<'_, T>,
        quantity: &Quantity<'_>,
    ) -> Result<Parts<T>, Error> {
        match *quantity {
            Quantity::Moments { clock: Clock::Time, seeds, rewards } => {
                self.moments_back(at, seeds, rewards)
            }
            Quantity::Moments { clock: Clock::Steps, seeds, rewards } => {
                self.discrete_back(at, seeds, rewards)
            }
            Quantity::JointMoments { clock, orders, rewards, seeds } => {
                self.joint_back(at, clock, (orders, rewards), seeds)
            }
            Quantity::Covariance { clock, first, second } => {
                self.covariance_back(at, clock, first, second)
            }
            Quantity::Waiting { seeds, rewards } => self.waiting_back(at, seeds, rewards),
            Quantity::Residence { seeds, rewards } => self.residence_back(at, seeds, rewards),
            Quantity::Visits { seeds } => self.visits_back(at, seeds),
            Quantity::Absorption { seeds, vertex } => self.absorption_back(at, seeds, vertex),
            Quantity::Defect => Ok(self.defect_back(&at.factor.weights)),
            Quantity::Laplace { s, rewards } => {
                self.killing(s, rewards)?;
                Ok(self.laplace_back(&at.factor.weights, T::constant(s), rewards)?.0)
            }
        }
    }
}

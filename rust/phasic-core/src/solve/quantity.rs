//! The numbers of a chain that have derivatives.

/// What a reward is collected per.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Unit of time.
    Time,
    /// Step of the discrete chain: its weights are probabilities, or become so when normalized.
    Steps,
}

/// A number that follows from a chain's weights, initial distribution and rewards.
///
/// Rewards and seeds per vertex are `(n_vertices,)` in canonical order. `None` stands for a reward
/// of 1, and Y for the accumulated reward.
#[derive(Clone, Copy, Debug)]
pub enum Quantity<'q> {
    /// `Σ seeds[k − 1] · E[Yᵏ]`: any combination of raw moments.
    Moments {
        /// Per unit of time or per step.
        clock: Clock,
        /// One per moment.
        seeds: &'q [f64],
        /// Of each vertex.
        rewards: Option<&'q [f64]>,
    },
    /// `Σ seeds[k] · E[Y₁^k₁ ⋯ Yₘ^kₘ]` over all orders k up to the largest, the last order counting
    /// fastest: any combination of joint moments. Cost: one solve for each of them.
    JointMoments {
        /// Per unit of time or per step.
        clock: Clock,
        /// The largest order of each reward.
        orders: &'q [u32],
        /// Of each vertex, one vector for each order.
        rewards: &'q [&'q [f64]],
        /// One per moment.
        seeds: &'q [f64],
    },
    /// The covariance of two accumulated rewards.
    Covariance {
        /// Per unit of time or per step.
        clock: Clock,
        /// The first reward.
        first: Option<&'q [f64]>,
        /// The second reward.
        second: Option<&'q [f64]>,
    },
    /// `Σ seeds[v] · waiting[v]` over the expected rewards from each vertex.
    Waiting {
        /// One per vertex.
        seeds: &'q [f64],
        /// Of each vertex.
        rewards: Option<&'q [f64]>,
    },
    /// `Σ seeds[v] · residence[v]` over the expected rewards in each vertex.
    Residence {
        /// One per vertex.
        seeds: &'q [f64],
        /// Of each vertex.
        rewards: Option<&'q [f64]>,
    },
    /// `Σ seeds[v] · visits[v]` over the expected numbers of visits to each vertex; at absorbing
    /// vertices these are the probabilities of ending there.
    Visits {
        /// One per vertex.
        seeds: &'q [f64],
    },
    /// `Σ seeds[v] · p[v]` over the probabilities of ending in an absorbing vertex from each vertex.
    Absorption {
        /// One per vertex.
        seeds: &'q [f64],
        /// The absorbing vertex.
        vertex: usize,
    },
    /// The probability that the chain starts absorbed.
    Defect,
    /// E of exp(−s · Y), for s ≥ 0 and rewards ≥ 0.
    Laplace {
        /// The argument of the transform.
        s: f64,
        /// Of each vertex.
        rewards: Option<&'q [f64]>,
    },
}

//! Everything that a caller can cause, with the values that say where.

use std::fmt;

/// A state as it appears in a message: `(2, 0)`, or `the starting vertex`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateName(String);

impl StateName {
    pub(crate) fn new(kind: crate::VertexKind, state: &[i32]) -> Self {
        use crate::VertexKind::{Auxiliary, Ordinary, Starting};
        let cells: Vec<String> = state.iter().map(i32::to_string).collect();
        let tuple = format!("({})", cells.join(", "));
        Self(match kind {
            Starting => "the starting vertex".into(),
            Ordinary => format!("state {tuple}"),
            Auxiliary => format!("the auxiliary vertex of state {tuple}"),
        })
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What went wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A state has another number of entries than the graph's states.
    #[error("a state of this graph has {expected} entries, but {given} were given")]
    StateLength {
        /// Entries of every state of the graph.
        expected: usize,
        /// Entries given.
        given: usize,
    },
    /// A vertex index beyond the graph.
    #[error("vertex {index} does not exist: the graph has {length} vertices")]
    NoSuchVertex {
        /// The index given.
        index: usize,
        /// The number of vertices.
        length: usize,
    },
    /// A weight, base rate or coefficient that is not finite, or a constant weight below zero.
    #[error("the edge from {from} to {to} has {what} {value}: it must be finite and not negative")]
    BadWeight {
        /// Source of the edge.
        from: StateName,
        /// Target of the edge.
        to: StateName,
        /// Which number: a rate, a base rate, a coefficient.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// Edges carry coefficient vectors of different lengths.
    #[error(
        "the edge from {from} to {to} has {given} coefficients, but earlier edges have {expected}: \
         give one per parameter on every parameterized edge (or none on a constant one)"
    )]
    CoefficientLength {
        /// Source of the edge.
        from: StateName,
        /// Target of the edge.
        to: StateName,
        /// Coefficients of the edges before.
        expected: usize,
        /// Coefficients of this edge.
        given: usize,
    },
    /// An edge is asked for that is not there.
    #[error("edge {position} out of {from} does not exist: there are {length}")]
    NoSuchEdge {
        /// Source of the edges.
        from: StateName,
        /// The position asked for.
        position: usize,
        /// How many there are.
        length: usize,
    },
    /// An edge into the starting vertex.
    #[error("the edge from {from} leads to the starting vertex, which cannot be entered")]
    IntoStart {
        /// Source of the edge.
        from: StateName,
    },
    /// The initial probabilities sum to more than one.
    #[error(
        "the initial probabilities sum to {sum}: they must not exceed 1 \
         (the largest is {value}, to {to})"
    )]
    InitialProbability {
        /// Their sum.
        sum: f64,
        /// Target of the largest.
        to: StateName,
        /// The largest.
        value: f64,
    },
    /// The transition probabilities of a discrete chain sum to more than one.
    #[error(
        "the weights out of {state} sum to {sum}: as probabilities of a discrete chain they must not \
         exceed 1 (call normalize() to use the jump chain)"
    )]
    ExitProbability {
        /// The vertex.
        state: StateName,
        /// The sum of its weights.
        sum: f64,
    },
    /// No absorbing vertex can be reached from a vertex.
    #[error("no absorbing vertex can be reached from {state}: add an edge that leads out")]
    NoWayOut {
        /// One such vertex.
        state: StateName,
    },
    /// All transitions out of a vertex have the constant rate 0.
    #[error(
        "all transitions out of {state} have the rate 0, so that it is never left: give it a positive rate, or \
         no transitions if it is absorbing"
    )]
    HeldForEver {
        /// The vertex.
        state: StateName,
    },
    /// At these parameters the chain enters a class of states that it never leaves.
    #[error(
        "at theta = {theta:?} the chain can enter {state} and never leave it: \
         absorption is not certain, so the answer is infinite"
    )]
    NeverAbsorbed {
        /// A vertex of the closed class.
        state: StateName,
        /// The parameters.
        theta: Vec<f64>,
    },
    /// The parameter vector has the wrong length.
    #[error("theta has {given} entries, but the model has {expected} parameters")]
    ThetaLength {
        /// Parameters of the model.
        expected: usize,
        /// Entries given.
        given: usize,
    },
    /// A parameter is not a finite number.
    #[error("theta[{index}] is {value}: parameters must be finite")]
    BadTheta {
        /// Its index.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// The reward vector has the wrong length.
    #[error("rewards has {given} entries, but the graph has {expected} vertices")]
    RewardLength {
        /// Vertices of the graph.
        expected: usize,
        /// Entries given.
        given: usize,
    },
    /// A reward that the function cannot use.
    #[error("rewards[{index}] is {value}: it must be {must}")]
    BadReward {
        /// Its index.
        index: usize,
        /// Its value.
        value: f64,
        /// What the function needs.
        must: &'static str,
    },
    /// An argument or observation outside its domain.
    #[error("{name}[{index}] is {value}: it must be {must}")]
    BadValue {
        /// Name of the argument.
        name: &'static str,
        /// First bad index.
        index: usize,
        /// The value there.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// Two arrays that belong together have different lengths.
    #[error("{name} has {given} entries, but {expected} were expected")]
    Length {
        /// Name of the argument.
        name: &'static str,
        /// Entries expected.
        expected: usize,
        /// Entries given.
        given: usize,
    },
    /// The answer would take more steps than is sensible.
    #[error(
        "{what} needs {steps:.3e} jumps of the chain, above the limit of {limit:.0e}: it is too large or too stiff \
         for its law there; moments and samples need no such walk"
    )]
    TooManySteps {
        /// The quantity asked for.
        what: &'static str,
        /// Steps it would take.
        steps: f64,
        /// The limit.
        limit: f64,
    },
    /// A count so large that the table of all smaller ones does not fit.
    #[error(
        "the count {count:.0} is above {limit:.0}, the largest for which the probabilities of all \
         smaller counts fit in memory"
    )]
    CountTooLarge {
        /// The count asked for.
        count: f64,
        /// The largest that fits.
        limit: f64,
    },
    /// An empty list of epochs.
    #[error("epochs is empty: give at least one, (0.0, theta)")]
    NoEpochs,
    /// A first epoch that does not begin at time 0.
    #[error("epochs[0] starts at {start}: the first epoch must start at 0")]
    FirstEpoch {
        /// Its start.
        start: f64,
    },
    /// Starts that do not increase.
    #[error(
        "epochs[{index}] starts at {start}, but epochs[{}] at {before}: give them in order, each \
         start once",
        index - 1
    )]
    EpochOrder {
        /// The epoch.
        index: usize,
        /// Its start.
        start: f64,
        /// The start of the one before.
        before: f64,
    },
    /// A map into the first epoch.
    #[error("epochs[0] has a map: the first epoch begins with its graph's initial distribution")]
    FirstMap,
    /// Another graph, and no way to it.
    #[error("epochs[{index}] has another graph than the one before: give it a map")]
    NoMap {
        /// The epoch.
        index: usize,
    },
    /// A map from or to the starting vertex.
    #[error("a map between epochs must not name the starting vertex: map states to states")]
    MapStart,
    /// A map that loses or creates probability.
    #[error("the map gives {state} probabilities that sum to {sum}: they must sum to 1")]
    MapMass {
        /// The vertex that is mapped.
        state: StateName,
        /// The sum.
        sum: f64,
    },
    /// A condition that has probability zero.
    #[error(
        "the reward that was to stay zero is surely positive: there is nothing to condition on"
    )]
    SurelyPositive,
    /// A law of the positive values of a reward that has none.
    #[error("the reward that is given is surely zero: it has no density")]
    SurelyZero,
    /// A point that no contour answers, where nothing else does.
    #[error(
        "{name}[{index}] is {value}: no contour is known to avoid the spectrum of this reward and to reach the \
         accuracy asked for; allow a larger rtol, or ask the graph that reward_transform gives"
    )]
    NoContour {
        /// Name of the argument.
        name: &'static str,
        /// Its index.
        index: usize,
        /// The value there.
        value: f64,
    },
    /// A table of counts with more cells than fit.
    #[error(
        "the table of counts has more than {limit} cells, the most for which the probabilities of all \
         smaller counts fit in memory"
    )]
    TableTooLarge {
        /// The most cells that fit.
        limit: usize,
    },
    /// The graph has more vertices, edges or fill than 32-bit indices can name.
    #[error("the graph has {count} {what}, more than the {limit} that can be indexed")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// One state more than the caller allowed.
    #[error(
        "the state space is larger than max_states = {limit}: {limit} states were built, and the \
         next one is {state}. Pass a larger max_states= if the model is meant to be so large, or \
         check that every path of the callback ends in an absorbing state"
    )]
    MaxStates {
        /// The limit.
        limit: usize,
        /// The state beyond it.
        state: StateName,
    },
    /// The elimination would be larger than the limits allow.
    #[error(
        "too large to factor: the elimination is predicted to take {multiply_adds:.2e} multiply-adds \
         and {bytes:.2e} bytes, and the limits are {limit_multiply_adds:.2e} and {limit_bytes:.2e}: \
         raise the limits, or use the iterative solver"
    )]
    TooLargeToFactor {
        /// Predicted multiply-adds of one elimination.
        multiply_adds: f64,
        /// Predicted bytes of trace and factor.
        bytes: f64,
        /// The limit on multiply-adds.
        limit_multiply_adds: f64,
        /// The limit on bytes.
        limit_bytes: usize,
    },
    /// An iterative solution whose error could not be shown to be small enough.
    #[error(
        "the iterative solution is certified to a relative error of {reached:.1e} only, after \
         {iterations} iterations, and {tolerance:.1e} was asked for: the chain is too stiff, or its \
         absorption too rare, for the iterative solver; eliminate it instead, or allow a larger error"
    )]
    NotCertified {
        /// The relative error that was certified, infinite if none was.
        reached: f64,
        /// The relative error asked for.
        tolerance: f64,
        /// Krylov iterations, summed over the components.
        iterations: usize,
    },
    /// The caller's check asked to stop; see [`crate::Interrupt`].
    #[error("interrupted")]
    Interrupted,
    /// Bytes that are not a trace of this format.
    #[error("not a valid trace: {reason}")]
    TraceFormat {
        /// What is wrong with them.
        reason: String,
    },
}

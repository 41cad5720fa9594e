//! Phase-type distributions: the law of the time until a Markov chain is absorbed.
//!
//! The flow is one way. A [`GraphBuilder`] collects vertices and edges; [`GraphBuilder::freeze`]
//! puts them into a canonical order and gives a [`Graph`]; [`Trace::record`] eliminates the graph
//! symbolically, once; everything numeric is a replay of that trace for some parameter vector θ.
#![forbid(unsafe_code)]

mod digest;
mod dist;
mod eliminate;
mod epochs;
mod error;
mod graph;
mod interrupt;
mod iterate;
mod jet;
mod sample;
mod section;
mod solve;
mod trace;

pub use digest::digest;
pub use dist::{
    Absorption, Answer, CountCurve, Curve, Discrete, Given, Joint, JointValues, Law, LogLikelihood,
    Marked, MarkedGradient, Rewarded, Tail, Way,
};
#[doc(hidden)]
pub use eliminate::Order;
pub use eliminate::{Cost, Limits, Plan};
pub use epochs::{Collected, Epoch, EpochGradient, Epochs, Map, Passed, propagate};
pub use error::{Error, StateName};
pub use graph::{
    EdgeView, Frozen, Graph, GraphBuilder, MoveError, Moves, VertexId, VertexKind, Weights,
};
pub use interrupt::Interrupt;
pub use iterate::{Bounded, BoundedGradient, Iterative, Method, Options};
pub use jet::{Jet, Numbers, Wanted};
pub use sample::{Key, Paths, Sampler};
pub use solve::{
    Batch, Clock, Complex, Dual, Gradient, Lanes, Moments, Quantity, Scalar, reward_transform,
    reward_transform_discrete, reward_transform_discrete_for_any_theta,
    reward_transform_for_any_theta,
};
pub use trace::{Trace, TraceKey};

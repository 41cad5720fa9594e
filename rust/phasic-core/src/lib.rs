//! Phase-type distributions: the law of the time until a Markov chain is absorbed.
//!
//! The flow is one way. A [`GraphBuilder`] collects vertices and edges; [`GraphBuilder::freeze`]
//! puts them into a canonical order and gives a [`Graph`]; [`Trace::record`] eliminates the graph
//! symbolically, once; everything numeric is a replay of that trace for some parameter vector θ.
#![forbid(unsafe_code)]

mod dist;
mod eliminate;
mod error;
mod graph;
mod interrupt;
mod iterate;
mod section;
mod solve;
mod trace;

pub use dist::{Absorption, Curve, Discrete, Law, LogLikelihood, Slopes, Tail};
#[doc(hidden)]
pub use eliminate::Order;
pub use error::{Error, StateName};
pub use graph::{
    EdgeView, Frozen, Graph, GraphBuilder, MoveError, Moves, VertexId, VertexKind, Weights,
};
pub use interrupt::Interrupt;
pub use iterate::{Bounded, BoundedGradient, Cost, Iterative, Limits, Method, Options, predict};
pub use solve::{Batch, Complex, Dual, Gradient, Lanes, Moments, Scalar, reward_transform};
pub use trace::{Trace, TraceKey};
